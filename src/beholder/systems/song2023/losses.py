"""Losses between distributions over M ordered values: (B, M) each, rows that sum to 1 -> one number."""

from collections.abc import Callable

from torch import Tensor

MIN_PROBABILITY = 1e-8  # stands for a probability of 0 inside a logarithm, and keeps the slope of a root finite


def emd(predicted: Tensor, target: Tensor, exponent: float = 2) -> Tensor:
    """Earth mover's distance between cumulative distributions, a mean over photographs (Talebi & Milanfar 2018, eq. 1).

    (1 / M sum_k |CDF_k - CDF'_k|^r)^(1 / r); 2 for training, as its slope is simpler, and 1 for reporting.

    >>> import torch
    >>> round(float(emd(torch.tensor([[1.0, 0, 0]]), torch.tensor([[0, 0, 1.0]]), 1)), 6)
    0.666667
    """
    apart = (predicted.cumsum(dim=1) - target.cumsum(dim=1)).abs()
    if exponent == 1:
        return apart.mean()
    return ((apart**exponent).mean(dim=1) + MIN_PROBABILITY**exponent).pow(1 / exponent).mean()


def l1(predicted: Tensor, target: Tensor) -> Tensor:
    """Sum of absolute differences: a weak constraint, which knows of no distribution."""
    return (predicted - target).abs().sum(dim=1).mean()


def kl(predicted: Tensor, target: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the prediction from the target, in nats."""
    return (
        (target * (target.clamp(min=MIN_PROBABILITY).log() - predicted.clamp(min=MIN_PROBABILITY).log()))
        .sum(dim=1)
        .mean()
    )


def js(predicted: Tensor, target: Tensor) -> Tensor:
    """Jensen-Shannon divergence, in nats, 0 to log 2."""
    middle = (predicted + target) / 2
    return (kl(middle, target) + kl(middle, predicted)) / 2


ACTIVATION_LOSS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"l1": l1, "kl": kl, "js": js}
