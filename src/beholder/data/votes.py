"""Single votes, and histograms of votes."""

from dataclasses import dataclass

import numpy as np

from beholder.errors import BeholderError
from beholder.text import first_few


@dataclass(frozen=True)
class Votes:
    """V single ratings of the first task of a data set.

    Attributes:
        photo: (V,) whole numbers, index of the photograph in ``files``.
        rater: (V,) anonymous label of the rater, whole numbers or text.
        value: (V,) rating in native units.

    Raises:
        BeholderError: the three lengths disagree.
    """

    photo: np.ndarray
    rater: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        shapes = {self.photo.shape, self.rater.shape, self.value.shape}
        if shapes != {(len(self.value),)}:
            raise BeholderError(
                f"votes: {self.photo.shape} photographs, {self.rater.shape} raters and {self.value.shape} values; "
                "a vote is one of each"
            )

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True)
class Histogram:
    """How many votes each of N photographs got at each of M rating values; see :mod:`beholder.data.vote_distributions`.

    Attributes:
        values: (M,) rating values in native units, rising.
        counts: (N, M) whole numbers of votes, at least one vote a photograph.

    Raises:
        BeholderError: shapes that disagree, values that do not rise, counts that are negative or not whole, a
            photograph without votes.
    """

    values: np.ndarray
    counts: np.ndarray

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or len(self.values) < 2 or self.counts.shape[1:] != self.values.shape:
            raise BeholderError(
                f"histogram: counts of shape {self.counts.shape} for rating values of shape {self.values.shape}; "
                "there are two values at least, and a column of counts for each"
            )
        if not (np.isfinite(self.values).all() and (np.diff(self.values) > 0).all()):
            raise BeholderError(f"histogram: the rating values {first_few(self.values)} do not rise; sort them")
        wrong = (self.counts < 0) | (self.counts != np.floor(self.counts))  # NaN is no whole number either
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise BeholderError(
                f"histogram: photograph {row + 1} has {self.counts[row, column]:g} votes for "
                f"{self.values[column]:g}; numbers of votes are whole and 0 or more"
            )
        empty = np.flatnonzero(self.counts.sum(axis=1) == 0)
        if len(empty):
            raise BeholderError(f"histogram: photograph {empty[0] + 1} has no votes; leave it out")

    def __len__(self) -> int:
        return len(self.counts)


def sums_per_photo(photo: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """(count, K) sums of ``values``, (V, K), over the rows of each photograph; ``photo`` is its index, (V,)."""
    return np.stack([np.bincount(photo, column, count) for column in values.T], axis=1)


def mean_sd_n(photo: np.ndarray, values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, standard deviations (with N - 1) and numbers of votes of each photograph, (count, K) each.

    A mean of no votes and a deviation of fewer than two are NaN.

    Args:
        photo: (V,) index of the photograph.
        values: (V, K) votes, NaN where one is missing.
        count: photographs.
    """
    known = ~np.isnan(values)
    n = sums_per_photo(photo, known, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums_per_photo(photo, np.where(known, values, 0), count) / n
        difference = np.where(known, values - mean[photo], 0)
        sd = np.sqrt(sums_per_photo(photo, difference**2, count) / np.where(n > 1, n - 1, np.nan))
    return mean, sd, n
