"""Kernel ridge regression and ridge regression: the heads of the default model.

A prediction is a weighted sum of similarities to known photographs (its *support*), exp(-d) with d the squared distance
of features. Features are scaled so that d is 1 for a typical pair
(:func:`beholder.training.projection.fit_projection`). The weights have a closed form, so a fit takes seconds, is the
same each time, and all folds can be fitted anew.

This is the posterior mean of a Gaussian process (Rasmussen & Williams 2006, eq. 2.23; with a support that is smaller
than the data eq. 8.14, the subset of regressors). ``noise`` is the variance of the error of a target in units of the
variance of the targets: larger for photographs that say less. Supports are rounded as a model file stores them.

With the product of features in place of the similarity this is ridge regression: a plane, which says more of
photographs that are far from all known ones.
"""

import numpy as np
import torch
from torch import Tensor

from beholder.models.kernel_head import ROWS, KernelHead, LinearHead, on_grid, similarities

JITTER = 1e-4  # added to the diagonal of the support's similarities, which keeps them invertible

Related = tuple[np.ndarray, float]  # (N,) booleans, a correlation


def fit(
    features: Tensor, targets: np.ndarray, noise: np.ndarray | float, *, related: Related | None = None
) -> KernelHead:
    """Fit to photographs that are all kept as support.

    Args:
        features: (N, D).
        targets: (N, K), no NaN.
        noise: (N,), or the same for all.
        related: (N,) booleans, the rows whose targets are of a related quantity, and its correlation with the one that
            is predicted (intrinsic coregionalization, Goovaerts 1997). Their targets must be on the same scale.

    >>> head = fit(torch.tensor([[0.0], [3.0]]), np.array([[1.0], [5.0]]), 0.0)
    >>> head(torch.tensor([[0.0], [3.0], [99.0]])).round(2).tolist()
    [[1.0], [5.0], [3.0]]
    """
    support = on_grid(features)
    weight, bias = solve(similarities(support, support), targets, noise, related)
    return KernelHead(support, weight, bias)


def fit_linear(
    features: Tensor, targets: np.ndarray, noise: np.ndarray | float, *, related: Related | None = None
) -> LinearHead:
    """Fit a plane; arguments as of :func:`fit`. The variance of what is predicted at x is the sum of its squares.

    >>> x = torch.tensor([[-1.0], [0.0], [1.0]])
    >>> fit_linear(x, 3 + 2 * x.numpy(), 1e-6)(torch.tensor([[2.0]])).round(2).tolist()
    [[7.0]]
    """
    weight, bias = solve(features @ features.T, targets, noise, related)
    return LinearHead(features.T @ weight, bias)


def solve(
    covariance: Tensor, targets: np.ndarray, noise: np.ndarray | float, related: Related | None = None
) -> tuple[Tensor, Tensor]:
    """(N, K) weights of N photographs with a given (N, N) covariance, and (K,) what is predicted without them.

    >>> solve(torch.eye(2), np.array([[1.0], [5.0]]), 0.0)
    (tensor([[-2.],
            [ 2.]]), tensor([3.]))
    """
    covariance = covariance.clone()
    centre = np.average(targets if related is None else targets[~related[0]], axis=0)
    scale = targets.std(axis=0) + 1e-9
    share = torch.ones(len(covariance))
    if related is not None:
        rows, correlation = torch.from_numpy(related[0]), related[1]
        covariance *= torch.where(rows[:, None] == rows, 1.0, correlation)
        share = torch.where(rows, correlation, 1.0)
    covariance.diagonal().add_(_noise(noise, len(covariance)))
    solved = torch.linalg.solve(covariance, _float((targets - centre) / scale)) * share[:, None]
    return solved * _float(scale), _float(centre)


def fit_reduced(support: Tensor, features: Tensor, targets: np.ndarray, noise: np.ndarray | float) -> KernelHead:
    """Fit to N photographs with a support of M others, or some of them: memory and time grow with N M.

    Args:
        support: (M, D).
        features: (N, D).
        targets: (N, K), no NaN.
        noise: (N,), or the same for all.

    >>> x = torch.linspace(0, 3, 31)[:, None]
    >>> head = fit_reduced(x[::5], x, x.numpy(), 0.01)
    >>> [round(float(value), 1) for value in head(torch.tensor([[0.0], [1.5], [3.0]]))[:, 0]]
    [0.0, 1.5, 3.0]
    """
    support = on_grid(support)
    precision = 1 / _noise(noise, len(features)).double()
    weights = precision / precision.sum()
    known = torch.from_numpy(np.asarray(targets, dtype=float))
    centre = weights @ known
    scale = (weights @ (known - centre) ** 2).sqrt() + 1e-9
    centred = (known - centre) / scale
    gram = similarities(support, support).double()
    gram.diagonal().add_(JITTER)
    right = torch.zeros(len(support), known.shape[1], dtype=torch.float64)
    for start in range(0, len(features), ROWS):
        rows = slice(start, start + ROWS)
        near = similarities(features[rows], support).double()  # in single precision the sum is not positive definite
        weighted = near * precision[rows, None]
        gram += near.T @ weighted
        right += weighted.T @ centred[rows]
    solved = torch.cholesky_solve(right, torch.linalg.cholesky(gram))
    return KernelHead(support, (solved * scale).float(), centre.float())


def _noise(noise: np.ndarray | float, count: int) -> Tensor:
    return _float(np.broadcast_to(noise, count).copy())


def _float(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
