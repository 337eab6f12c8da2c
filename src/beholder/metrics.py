"""Metrics of agreement between ratings and predictions, with bootstrap intervals over photographs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from beholder.errors import BeholderError
from beholder.extras import require

Metric = Callable[[np.ndarray, np.ndarray], float]


# Correlations


def plcc(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Pearson's linear correlation of two arrays (N,), -1 to 1; NaN where either side is constant.

    >>> round(plcc(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])), 6)
    1.0
    """
    a, b = truth - truth.mean(), predicted - predicted.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 1e-12 * max(len(a), 1) else float("nan")


def srcc(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays (N,), -1 to 1; NaN where either side is constant.

    Equal values share the mean of their ranks.

    >>> round(srcc(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])), 6)
    1.0
    """
    return plcc(ranks(truth), ranks(predicted))


def krcc(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Kendall's rank correlation tau-b of two arrays (N,), -1 to 1; NaN where either side is constant.

    Raises:
        BeholderError: SciPy is not installed.

    >>> krcc(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0]))
    1.0
    """
    return float(require("scipy.stats", "train", "Kendall's correlation").kendalltau(truth, predicted)[0])


def ranks(values: np.ndarray) -> np.ndarray:
    """(N,) values -> (N,) ranks from 1; equal values share the mean of their ranks.

    >>> ranks(np.array([0.5, 0.1, 0.5]))
    array([2.5, 1. , 2.5])
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def srcc_matrix(columns: np.ndarray) -> np.ndarray:
    """(K, K) Spearman correlations between K columns, each over the rows that have both values.

    Args:
        columns: (N, K), NaN for a missing value.

    >>> srcc_matrix(np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [4.0, np.nan]]))
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    known = ~np.isnan(columns)
    count = columns.shape[1]
    matrix = np.full((count, count), np.nan)
    for first, second in np.ndindex(count, count):
        both = known[:, first] & known[:, second]
        if both.any():
            matrix[first, second] = srcc(columns[both, first], columns[both, second])
    return matrix


SMALLEST_P = 1e-300  # smaller p-values are reported as this one


def p_value(correlation: float, n: int) -> float:
    """Two-sided p-value of a rank correlation over n photographs, by Student's t with n - 2 degrees of freedom.

    NaN where the correlation is NaN or n is below 3.

    Raises:
        BeholderError: SciPy is not installed.

    >>> round(p_value(0.5, 20), 5)
    0.02477
    """
    if n < 3:
        return float("nan")
    t = abs(correlation) * np.sqrt((n - 2) / max(1 - correlation**2, 1e-300))
    found = 2 * float(require("scipy.stats", "train", "a p-value").t.sf(t, n - 2))
    return found if np.isnan(found) else max(found, SMALLEST_P)


def p_text(p: float) -> str:
    """A p-value as text: two significant figures, never 0.

    >>> p_text(1e-300), p_text(0.0123)
    ('< 1e-300', '0.012')
    """
    return "undefined" if np.isnan(p) else f"< {SMALLEST_P:g}" if p <= SMALLEST_P else f"{p:.2g}"


# Errors


def mae(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Mean absolute error of two arrays (N,), in the units of the ratings.

    >>> mae(np.array([1.0, 2.0]), np.array([1.0, 5.0]))
    1.5
    """
    return float(np.mean(np.abs(truth - predicted)))


def rmse(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Root mean squared error of two arrays (N,), in the units of the ratings.

    >>> rmse(np.array([1.0, 2.0]), np.array([4.0, 6.0]))
    3.5355339059327378
    """
    return float(np.sqrt(np.mean((truth - predicted) ** 2)))


def accuracy(truth: np.ndarray, predicted: np.ndarray, threshold: float) -> float:
    """Share of photographs, 0 to 1, that both arrays (N,) put on the same side of a threshold.

    A value equal to the threshold counts as above it.

    >>> accuracy(np.array([0.2, 0.5, 0.9]), np.array([0.3, 0.4, 0.8]), threshold=0.5)
    0.6666666666666666
    """
    return float(np.mean((truth >= threshold) == (predicted >= threshold)))


# Telling two groups apart


def auroc(higher: np.ndarray, lower: np.ndarray) -> float:
    """Probability that one of (N,) values is above one of (M,) others: the area under the ROC curve, 0 to 1.

    Equal values count half. NaN where either side is empty.

    >>> auroc(np.array([3.0, 2.0]), np.array([1.0, 2.0]))
    0.875
    """
    if not len(higher) or not len(lower):
        return float("nan")
    both = ranks(np.concatenate([higher, lower]))
    count = len(higher)
    return float((both[:count].sum() - count * (count + 1) / 2) / (count * len(lower)))


# Groupings


def b_cubed(truth: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """B-cubed precision and recall of a grouping (Bagga & Baldwin 1998), each 0 to 1.

    Precision is the mean, over items, of the share of an item's found group that is of its true group; recall the mean
    share of its true group that is in its found group.

    Args:
        truth: (N,) true group of each item, any labels.
        found: (N,) group that was found for it.

    >>> b_cubed(np.array([1, 1, 2, 2]), np.array([1, 1, 1, 3]))
    (0.6666666666666666, 0.75)
    """
    _, one, one_counts = np.unique(truth, return_inverse=True, return_counts=True)
    _, other, other_counts = np.unique(found, return_inverse=True, return_counts=True)
    _, both, both_counts = np.unique(one * len(other_counts) + other, return_inverse=True, return_counts=True)
    shared = both_counts[both]
    return float((shared / other_counts[other]).mean()), float((shared / one_counts[one]).mean())


# Distributions of ratings: the share of people who gave each of M values


def as_shares(values: np.ndarray) -> np.ndarray:
    """Make the output of a regression a distribution: negative values become 0, and each row sums to 1.

    Args:
        values: (N, M), each row with at least one positive value.

    >>> as_shares(np.array([[-0.1, 0.5, 0.5]]))
    array([[0. , 0.5, 0.5]])
    """
    positive = values.clip(min=0)
    return np.asarray(positive / positive.sum(axis=1, keepdims=True))


def means(shares: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N,) means of distributions.

    Args:
        shares: (N, M), each row sums to 1.
        values: (M,) the values of the scale, in the same units as the means.

    >>> means(np.array([[0.5, 0.5, 0]]), np.array([1, 2, 3]))
    array([1.5])
    """
    return np.asarray(shares @ values)


def deviations(shares: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N,) standard deviations of distributions, with divisor N, not N - 1.

    Args:
        shares: (N, M), each row sums to 1.
        values: (M,) the values of the scale, in the same units as the deviations.

    >>> deviations(np.array([[0.5, 0, 0.5]]), np.array([1, 2, 3]))
    array([1.])
    """
    away = values - means(shares, values)[:, None]
    return np.sqrt((shares * away**2).sum(axis=1))


def emd(truth: np.ndarray, predicted: np.ndarray, exponent: float = 1) -> np.ndarray:
    """(N,) earth mover's distances between distributions over M ordered values (Talebi & Milanfar 2018, eq. 1).

    (1 / M sum_k |CDF_k - CDF'_k|^r)^(1 / r), in shares of votes, 0 to 1; it does not depend on the units of the scale.

    Args:
        truth: (N, M), each row sums to 1.
        predicted: the same.
        exponent: r above.

    >>> emd(np.array([[1.0, 0, 0, 0]]), np.array([[0, 0, 1.0, 0]]))
    array([0.5])
    """
    apart = np.abs(truth.cumsum(axis=1) - predicted.cumsum(axis=1))
    if exponent == 1:
        return np.asarray(apart.mean(axis=1))
    return np.asarray((apart**exponent).mean(axis=1) ** (1 / exponent))


# Values with their intervals


METRICS: dict[str, Metric] = {"srcc": srcc, "plcc": plcc, "krcc": krcc, "rmse": rmse, "mae": mae}


RESAMPLES = 2000  # samples of photographs that an interval is made of


class Interval(NamedTuple):
    """A value with its 95% bootstrap interval, all in the units of the value.

    >>> print(Interval(0.7123, 0.6894, 0.7341))
    0.712 (0.689 to 0.734)
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Estimate:
    """A metric with its interval, and where it was measured.

    Attributes:
        metric: name in ``METRICS``, or ``coverage90``.
        task: what was predicted.
        data: data set.
        split: how training and test photographs were kept apart, with the seed.
        n: number of photographs.
        value: the metric over all of them.
        low: lower end of the 95% bootstrap interval over photographs.
        high: its upper end.
    """

    metric: str
    task: str
    data: str
    split: str
    n: int
    value: float
    low: float
    high: float

    @property
    def interval(self) -> Interval:
        """The value and the ends of its interval."""
        return Interval(self.value, self.low, self.high)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return str(self.interval)


def resampled(
    statistic: Callable[[np.ndarray], float], count: int, *, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """A statistic over photographs with its 95% percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    Args:
        statistic: takes the row numbers (count,) of a sample, in which a row can occur more than once.
        count: number of photographs.
        resamples: number of samples, drawn with replacement.
        seed: seed of the samples.

    Returns:
        The statistic over all photographs, and its interval; NaN where no sample has a value.

    Raises:
        BeholderError: fewer than two photographs.
    """
    if count < 2:
        raise BeholderError(f"an interval needs at least 2 photographs, not {count}")
    rng = np.random.default_rng(seed)
    values = np.array([statistic(draw) for draw in rng.integers(0, count, size=(resamples, count))])
    whole = statistic(np.arange(count))
    if np.isnan(values).all():
        return Interval(whole, float("nan"), float("nan"))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Interval(whole, float(low), float(high))


def bootstrap(
    metric: Metric, truth: np.ndarray, predicted: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """A metric of two arrays (N,) with its 95% bootstrap interval over photographs, as :func:`resampled`.

    Raises:
        BeholderError: shapes that differ, or fewer than two photographs.
    """
    truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    if truth.shape != predicted.shape or truth.ndim != 1 or len(truth) < 2:
        raise BeholderError(
            f"need two rows of equal length, at least 2; got shapes {truth.shape} and {predicted.shape}"
        )
    return resampled(lambda rows: metric(truth[rows], predicted[rows]), len(truth), resamples=resamples, seed=seed)


def bootstrap_mean(values: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """The mean of (N,) values, one for each photograph, with its interval, as :func:`resampled`."""
    return resampled(lambda rows: float(values[rows].mean()), len(values), resamples=resamples, seed=seed)


def paired_bootstrap(
    metric: Metric,
    truth: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The difference of a metric between two predictions (N,) of the same photographs: first - second, as an interval.

    Both are measured on the same samples of photographs, so that the variation they share cancels out. An interval
    without zero shows a difference. Raises as :func:`bootstrap`.
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
    """The named metric of two arrays (N,), with its interval and where it was measured.

    Raises as :func:`bootstrap`.
    """
    return Estimate(metric, task, data, split, len(truth), *bootstrap(METRICS[metric], truth, predicted))


def rounded(value: float) -> float:
    """Six significant figures, for files: rounding errors, which differ between machines, stay below that.

    >>> rounded(0.123456789)
    0.123457
    """
    return float(f"{value:.6g}")
