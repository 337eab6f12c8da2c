"""Bayesian ridge regression that starts from a known score, averaged over its hyperparameters (MacKay 1992).

A rating is ``slope * start + features @ weights + constant + noise``. How far ratings may go from the start, how noisy
they are and how steep the start is are not chosen but averaged over, each combination by the probability that it gives
to the ratings. Among them is "nothing but the start", an infinite penalty on the weights: few or noisy ratings leave
the start as it is. The result is one linear function.
"""

from dataclasses import dataclass

import numpy as np

MIN_SHARE = 1e-10  # of the largest variance; directions of the features with less are rounding errors
PSEUDO_COUNT = 10  # rows; for shrinking the variance of a dimension to the mean of all dimensions


@dataclass(frozen=True)
class Grid:
    """Hyperparameters that are averaged over, in every combination; in units of the targets.

    Attributes:
        scales: factors of the standard deviation of what follows the features; 0 is nothing but the start.
        noises: standard deviations of what neither start nor features explain.
        slopes: of the target on the start.
        nothing: probability a priori of the scale 0; None if each scale is as probable.
    """

    scales: tuple[float, ...]
    noises: tuple[float, ...]
    slopes: tuple[float, ...]
    nothing: float | None = None

    def log_prior(self, scale: np.ndarray) -> np.ndarray:
        """Logarithm of the probability of scales a priori, but for a constant.

        >>> np.exp(Grid((0.0, 0.5, 1.0), (1.0,), (1.0,), nothing=0.8).log_prior(np.array([0.0, 0.5]))).round(2)
        array([0.8, 0.1])
        """
        if self.nothing is None:
            return np.zeros(len(scale))
        some = (1 - self.nothing) / (len(self.scales) - 1)
        return np.log(np.where(scale == 0, self.nothing, some))


@dataclass(frozen=True)
class Average:
    """``starts @ slopes + features @ weights``, but for a constant.

    Attributes:
        slopes: (S,) of the starts.
        weights: (F,) of the features.
        scale: mean of the scales; 0 where nothing but the start is sure.
    """

    slopes: np.ndarray
    weights: np.ndarray
    scale: float


class Rows:
    """Features of known rows, (N, F), decomposed once for all targets.

    A feature's standard deviation a priori is what it is multiplied by. The smaller one of the two Gram matrices is
    decomposed, so time grows with the square of the larger and the cube of the smaller of N and F.

    >>> x = np.array([[-1.0], [0.0], [1.0], [2.0]])
    >>> grid = Grid(scales=(0.0, 1.0), noises=(0.1, 1.0), slopes=(0.0,))
    >>> found = Rows(x).average(np.zeros((4, 1)), np.array([-1.0, 0.1, 0.9, 2.0]), grid)
    >>> found.weights.round(1), round(found.scale, 1)
    (array([1.]), 1.0)
    """

    def __init__(self, features: np.ndarray) -> None:
        self.rows = features - features.mean(axis=0)
        count, width = self.rows.shape
        if count <= width:
            self.values, self.vectors = np.linalg.eigh(self.rows @ self.rows.T)
            return
        values, right = np.linalg.eigh(self.rows.T @ self.rows)
        kept = values > MIN_SHARE * max(values[-1], 0) if width else np.zeros(0, bool)
        self.values = values[kept]
        self.vectors = self.rows @ right[:, kept] / np.sqrt(self.values)

    def average(self, starts: np.ndarray, targets: np.ndarray, grid: Grid) -> Average:
        """Fit one target.

        The constant is integrated out: with N - 1 dimensions left, only differences between targets count.

        Args:
            starts: (N, S) known scores, one of which the target is expected to follow; a priori each is as probable.
            targets: (N,) in units of their standard deviation.
            grid: what is averaged over.
        """
        scale, noise, slope = (
            each.reshape(-1, 1) for each in np.meshgrid(grid.scales, grid.noises, grid.slopes, indexing="ij")
        )
        centred = targets - targets.mean()
        residuals, log_probabilities = [], []
        variance = scale**2 * np.maximum(self.values, 0) + noise**2
        prior = grid.log_prior(scale[:, 0])
        rest = len(targets) - len(self.values)  # dimensions that no feature reaches
        for start in (starts - starts.mean(axis=0)).T:
            # One row for each combination: residuals of its slope, and its variances, along the eigenvectors.
            left = centred - slope * start
            along = left @ self.vectors
            log_probability = -0.5 * (along**2 / variance + np.log(variance)).sum(axis=1) + np.log(noise[:, 0]) + prior
            if rest:
                beyond = np.maximum((left**2).sum(axis=1) - (along**2).sum(axis=1), 0)
                log_probability -= 0.5 * (beyond / noise[:, 0] ** 2) + rest * np.log(noise[:, 0])
            residuals.append(along)
            log_probabilities.append(log_probability)
        shares = np.exp(np.stack(log_probabilities) - np.max(log_probabilities))[:, :, None]  # (S, combinations, 1)
        shares /= shares.sum()
        solved = self.vectors @ (shares * scale**2 * np.stack(residuals) / variance).sum(axis=(0, 1))
        return Average((shares * slope).sum(axis=(1, 2)), self.rows.T @ solved, float((shares * scale).sum()))


def spreads(features: np.ndarray) -> np.ndarray:
    """(D,) divisors of the dimensions of (N, D) features, so that their mean squared distance from their mean is 1.

    Few rows say little about a single dimension: its variance is shrunk to the mean of all dimensions. Infinite where
    all rows are the same.

    >>> spreads(np.array([[-1.0, 2.0], [1.0, 2.0]])).round(2)
    array([1.  , 0.85])
    """
    deviation = features - features.mean(axis=0, dtype=np.float64)
    variance = (deviation**2).mean(axis=0)
    variance = (len(features) * variance + PSEUDO_COUNT * variance.mean()) / (len(features) + PSEUDO_COUNT)
    if not variance.any():
        return np.full(len(variance), np.inf)
    return np.sqrt(variance * ((deviation**2) / variance).sum(axis=1).mean())
