"""Distributions of votes: how many people gave a photograph each value of the rating scale."""

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.votes import Histogram, Votes
from beholder.errors import BeholderError
from beholder.metrics import deviations

ROUNDING_TOLERANCE = 0.0501  # native units: ratings given beside the votes may be rounded to one digit


def histogram_of(votes: Votes, count: int, values: np.ndarray) -> Histogram | None:
    """Votes counted for each photograph and value; None if a photograph has no vote, as it has no distribution.

    Args:
        votes: V single ratings.
        count: photographs, N, that ``votes.photo`` points into.
        values: (M,) rating levels, rising.

    Raises:
        BeholderError: a vote that is not one of the values.

    >>> votes = Votes(np.array([0, 0, 1]), np.array(["a", "b", "a"]), np.array([1, 3, 3]))
    >>> histogram_of(votes, 2, np.arange(1, 4)).counts
    array([[1, 0, 1],
           [0, 0, 1]])
    """
    columns = np.searchsorted(values, votes.value).clip(0, len(values) - 1)
    other = np.flatnonzero(values[columns] != votes.value)
    if len(other):
        raise BeholderError(
            f"votes: {votes.value[other[0]]:g} by {votes.rater[other[0]]} is not on the scale of {len(values)} values "
            f"from {values[0]:g} to {values[-1]:g} ({len(other)} such votes)"
        )
    counts = np.bincount(votes.photo * len(values) + columns, minlength=count * len(values))
    counts = counts.reshape(count, len(values))
    return Histogram(values, counts) if counts.any(axis=1).all() else None


def numbers_of_votes(histogram: Histogram) -> np.ndarray:
    """(N,) votes a photograph."""
    return histogram.counts.sum(axis=1)


def distribution(histogram: Histogram) -> np.ndarray:
    """(N, M) share of each value among a photograph's votes; each row sums to 1."""
    return histogram.counts / numbers_of_votes(histogram)[:, None]


def summary(histogram: Histogram) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, standard deviations (with N - 1) and numbers of votes of each photograph, (N,) each.

    They are the ``ratings``, ``sd`` and ``n`` of `RatedPhotos`. The deviation of a single vote is NaN.
    """
    n = numbers_of_votes(histogram).astype(float)
    mean = histogram.counts @ histogram.values / n  # sums of whole numbers: only the division rounds
    sample = np.sqrt(n / np.where(n > 1, n - 1, np.nan))
    return mean, deviations(distribution(histogram), histogram.values) * sample, n


def check_means(photos: RatedPhotos, tolerance: float = ROUNDING_TOLERANCE) -> None:
    """Check that the ratings of the first task are the means of its votes, if the votes are known.

    Args:
        photos: with or without a histogram.
        tolerance: largest difference allowed, in native units.

    Raises:
        BeholderError: names the first photograph whose rating and votes disagree.
    """
    if photos.histogram is None:
        return
    found, ratings = summary(photos.histogram)[0], photos.ratings[:, 0]
    wrong = np.flatnonzero(np.abs(found - ratings) > tolerance)
    if len(wrong):
        row = wrong[0]
        raise BeholderError(
            f"{photos.name}: {photos.tasks[0].name} of {photos.files[row]} is {ratings[row]:g}, "
            f"the mean of its votes {found[row]:.3f}; votes are those of the first task ({len(wrong)} such photographs)"
        )
