"""Agreement between predictions and ratings, with bootstrap intervals over photographs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.extras import require


def as_shares(values: np.ndarray) -> np.ndarray:
    """(n, M) what a regression on shares gives -> what shares are: 0 or more, a row's sum 1.

    >>> as_shares(np.array([[-0.1, 0.5, 0.5]]))
    array([[0. , 0.5, 0.5]])
    """
    positive = values.clip(min=0)
    return np.asarray(positive / positive.sum(axis=1, keepdims=True))


def means(shares: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N,) means of distributions, counted or predicted.

    Args:
        shares: (N, M), each row sums to 1.
        values: (M,) in native units, as the means are.

    >>> means(np.array([[0.5, 0.5, 0]]), np.array([1, 2, 3]))
    array([1.5])
    """
    return np.asarray(shares @ values)


def deviations(shares: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N,) standard deviations of distributions, counted or predicted, as wide as they are: over N, not N - 1.

    Args:
        shares: (N, M), each row sums to 1.
        values: (M,) in native units, as the deviations are.

    >>> deviations(np.array([[0.5, 0, 0.5]]), np.array([1, 2, 3]))
    array([1.])
    """
    away = values - means(shares, values)[:, None]
    return np.sqrt((shares * away**2).sum(axis=1))


Metric = Callable[[np.ndarray, np.ndarray], float]


def plcc(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Pearson's linear correlation, -1 to 1; NaN where either side is constant.

    >>> round(plcc(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])), 6)
    1.0
    """
    a, b = truth - truth.mean(), predicted - predicted.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 1e-12 * max(len(a), 1) else float("nan")


def srcc(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Spearman's rank correlation, -1 to 1, ties given their mean rank; NaN where either side is constant.

    >>> round(srcc(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])), 6)
    1.0
    """
    return plcc(ranks(truth), ranks(predicted))


def krcc(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Kendall's rank correlation tau-b, -1 to 1; NaN where either side is constant.

    >>> krcc(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0]))
    1.0
    """
    return float(require("scipy.stats", "train", "Kendall's correlation").kendalltau(truth, predicted)[0])


def mae(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Mean absolute error, in the units of the ratings."""
    return float(np.mean(np.abs(truth - predicted)))


def accuracy(truth: np.ndarray, predicted: np.ndarray, threshold: float) -> float:
    """Share of photographs that both sides put on the same side of a threshold; exactly on it counts as above.

    >>> accuracy(np.array([0.2, 0.5, 0.9]), np.array([0.3, 0.4, 0.8]), threshold=0.5)
    0.6666666666666666
    """
    return float(np.mean((truth >= threshold) == (predicted >= threshold)))


def rmse(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Root mean squared error, in the units of the ratings."""
    return float(np.sqrt(np.mean((truth - predicted) ** 2)))


def ranks(values: np.ndarray) -> np.ndarray:
    """1-based ranks, ties given their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


SMALLEST_P = 1e-300  # stands for everything below it


def p_value(correlation: float, n: int) -> float:
    """Two-sided p-value of a rank correlation of n photographs, by Student's t with n - 2 degrees of freedom.

    NaN for a correlation that is NaN, or of fewer than three photographs.

    >>> round(p_value(0.5, 20), 5)
    0.02477
    """
    if n < 3:
        return float("nan")
    t = abs(correlation) * np.sqrt((n - 2) / max(1 - correlation**2, 1e-300))
    found = 2 * float(require("scipy.stats", "train", "a p-value").t.sf(t, n - 2))
    return found if np.isnan(found) else max(found, SMALLEST_P)


def p_text(p: float) -> str:
    """A p-value to read: two figures, never 0.

    >>> p_text(1e-300), p_text(0.0123)
    ('< 1e-300', '0.012')
    """
    return "undefined" if np.isnan(p) else f"< {SMALLEST_P:g}" if p <= SMALLEST_P else f"{p:.2g}"


METRICS: dict[str, Metric] = {"srcc": srcc, "plcc": plcc, "krcc": krcc, "rmse": rmse, "mae": mae}


@dataclass(frozen=True)
class Estimate:
    """One honest number: what, on which data and split, over how many photographs, and how far chance reaches.

    Attributes:
        metric: name in ``METRICS``, or ``coverage90``.
        task: what was predicted.
        data: data set.
        split: how training and test photographs were kept apart, with the seed.
        n: photographs.
        value: the metric over all of them.
        low, high: 95% bootstrap interval over photographs.
    """

    metric: str
    task: str
    data: str
    split: str
    n: int
    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def resampled(
    statistic: Callable[[np.ndarray], float], count: int, *, resamples: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """A statistic of photographs and its 95% percentile interval over resampled ones: (value, low, high).

    Args:
        statistic: rows (R,) of photographs, some of them more than once -> its value.
        count: photographs there are.

    Raises:
        BeholderError: fewer than two photographs.
    """
    if count < 2:
        raise BeholderError(f"an interval needs at least 2 photographs, not {count}")
    rng = np.random.default_rng(seed)
    values = np.array([statistic(draw) for draw in rng.integers(0, count, size=(resamples, count))])
    whole = statistic(np.arange(count))
    if np.isnan(values).all():
        return whole, float("nan"), float("nan")
    low, high = np.nanquantile(values, [0.025, 0.975])
    return whole, float(low), float(high)


def bootstrap(
    metric: Metric, truth: np.ndarray, predicted: np.ndarray, *, resamples: int = 2000, seed: int = 0
) -> tuple[float, float, float]:
    """A metric and its 95% percentile interval over resampled photographs: (value, low, high).

    Raises:
        BeholderError: the two do not pair up, or fewer than two photographs.
    """
    truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    if truth.shape != predicted.shape or truth.ndim != 1 or len(truth) < 2:
        raise BeholderError(
            f"need two rows of equal length, at least 2; got shapes {truth.shape} and {predicted.shape}"
        )
    return resampled(lambda rows: metric(truth[rows], predicted[rows]), len(truth), resamples=resamples, seed=seed)


def paired_bootstrap(
    metric: Metric,
    truth: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """How much a metric differs between two predictions of the same photographs: (first - second, low, high).

    Both are measured on the same resampled photographs, so what they share cancels out; a 95% interval without zero
    tells them apart. Raises as :func:`bootstrap`.
    """
    truth, first, second = (np.asarray(values, dtype=float) for values in (truth, first, second))
    if not truth.shape == first.shape == second.shape or truth.ndim != 1:
        raise BeholderError(
            f"need three rows of equal length; got shapes {truth.shape}, {first.shape} and {second.shape}"
        )
    return resampled(
        lambda rows: metric(truth[rows], first[rows]) - metric(truth[rows], second[rows]),
        len(truth),
        resamples=resamples,
        seed=seed,
    )


def measure(metric: str, truth: np.ndarray, predicted: np.ndarray, *, task: str, data: str, split: str) -> Estimate:
    """A named metric with its interval and where it comes from. Raises as :func:`bootstrap`."""
    value, low, high = bootstrap(METRICS[metric], truth, predicted)
    return Estimate(metric, task, data, split, len(truth), value, low, high)


def rounded(value: float) -> float:
    """Six figures: what a file says is not finer than what is known, nor than how machines differ in rounding."""
    return float(f"{value:.6g}")
