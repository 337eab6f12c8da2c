"""Ridge regression on frozen features: the heads of the embedded models, and the linear probe as a baseline.

Features are standardised with the training rows. The penalty is relative to the mean squared length of a standardised
feature row, so that one grid of penalties serves features of any width:
minimise |y - Zw|^2 + penalty * D * |w|^2, with Z (N, D).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from beholder.splits import folds_of

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class LinearHead:
    """``features @ weight.T + bias``: weight (K, D), bias (K,), in the units of the targets."""

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        return features @ self.weight.T + self.bias


def fit_path(
    features: np.ndarray,
    targets: np.ndarray,
    penalties: Sequence[float] = PENALTIES,
    counts: np.ndarray | None = None,
) -> list[LinearHead]:
    """One head for each penalty, all from the same Gram matrix (the smaller of the two possible).

    Args:
        features: (N, D).
        targets: (N, K), no NaN.
        penalties: positive.
        counts: (N,) weight of each row; 1 by default.
    """
    features = np.asarray(features, dtype=np.float64)
    mean = np.average(features, axis=0, weights=counts)
    scale = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=counts)) + 1e-6
    z = (features - mean) / scale
    centre = np.average(targets, axis=0, weights=counts)
    y = targets - centre
    if counts is not None:
        root = np.sqrt(counts)[:, None]
        z, y = z * root, y * root
    rows, width = z.shape
    dual = rows <= width
    gram, right = (z @ z.T, y) if dual else (z.T @ z, z.T @ y)
    diagonal = np.einsum("ii->i", gram)
    fits = []
    added = 0.0
    for penalty in penalties:
        diagonal += penalty * width - added
        added = penalty * width
        solved = np.linalg.solve(gram, right)
        coefficients = (z.T @ solved if dual else solved).T / scale  # (K, D)
        fits.append(LinearHead(coefficients, centre - coefficients @ mean))
    return fits


def choose_penalties(
    views: Sequence[np.ndarray], targets: np.ndarray, groups: Sequence[str] | None = None, folds: int = 4, seed: int = 0
) -> np.ndarray:
    """The penalty with the least squared error for each target, (K,), by cross-validation on the given rows.

    Args:
        views: features of the same photographs, (N, D) for each view. All views train; the first is tested.
        targets: (N, K).
        groups: group of each row; a group is never split between folds.
    """
    fold_of = folds_of(len(targets), groups, folds, seed)
    error = np.zeros((len(PENALTIES), targets.shape[1]))
    for fold in range(folds):
        train, test = fold_of != fold, fold_of == fold
        for index, fit in enumerate(fit_path(*_stack(views, targets, train))):
            error[index] += ((fit(views[0][test]) - targets[test]) ** 2).sum(axis=0)
    return np.array(PENALTIES)[error.argmin(axis=0)]


def fit(views: Sequence[np.ndarray], targets: np.ndarray, groups: Sequence[str] | None = None) -> LinearHead:
    """A head fitted to all rows, each target with the penalty that cross-validation on these rows chooses."""
    chosen = choose_penalties(views, targets, groups)
    path = fit_path(*_stack(views, targets, np.ones(len(targets), dtype=bool)), penalties=tuple(np.unique(chosen)))
    pick = np.searchsorted(np.unique(chosen), chosen)
    weight = np.stack([path[index].weight[task] for task, index in enumerate(pick)])
    bias = np.array([path[index].bias[task] for task, index in enumerate(pick)])
    return LinearHead(weight, bias)


# (N,) booleans, the rows to learn from, and the groups of all N rows (for the choice of penalties) or None -> a head
Learner = Callable[[np.ndarray, Sequence[str] | None], LinearHead]


def learner(views: Sequence[np.ndarray], targets: np.ndarray) -> Learner:
    """:func:`fit` on some of the rows."""

    def learn(rows: np.ndarray, groups: Sequence[str] | None = None) -> LinearHead:
        inside = None if groups is None else [group for group, keep in zip(groups, rows, strict=True) if keep]
        return fit([view[rows] for view in views], targets[rows], inside)

    return learn


def predict_held_out(
    features: np.ndarray, learn: Learner, fold_of: np.ndarray, groups: Sequence[str] | None = None
) -> np.ndarray:
    """(N, K) predictions, each by a head that was fitted without the photograph's fold."""
    parts = {fold: learn(fold_of != fold, groups)(features[fold_of == fold]) for fold in np.unique(fold_of)}
    predicted = np.empty((len(fold_of), next(iter(parts.values())).shape[1]))
    for fold, part in parts.items():
        predicted[fold_of == fold] = part
    return predicted


def out_of_fold(
    views: Sequence[np.ndarray], targets: np.ndarray, fold_of: np.ndarray, groups: Sequence[str] | None = None
) -> np.ndarray:
    """(N, K) predictions, each by a head whose fit and penalty did not use the photograph's fold."""
    return predict_held_out(views[0], learner(views, targets), fold_of, groups)


def predict_test(views: Sequence[np.ndarray], ratings: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(N, K) predictions of a linear head for the photographs that are tested; NaN for the others.

    Tasks that have the same rated photographs are solved together, each with a penalty of its own.

    Args:
        views: features of the same photographs, (N, D) for each view.
        ratings: (N, K), NaN where a photograph was not rated; each task learns from its rated photographs.
        test: (N,) booleans.
    """
    predicted = np.full(ratings.shape, np.nan)
    learned = np.isfinite(ratings) & ~test[:, None]
    for rows in np.unique(learned, axis=1).T:
        tasks = (learned == rows[:, None]).all(axis=0)
        head = fit([view[rows] for view in views], ratings[np.ix_(rows, tasks)])
        predicted[np.ix_(test, tasks)] = head(views[0][test])
    return predicted


def _stack(views: Sequence[np.ndarray], targets: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([view[rows] for view in views]), np.concatenate([targets[rows]] * len(views))
