"""Pairs of photographs that are ranked (Kong et al. 2016): within a rater by votes, across raters by mean ratings."""

from dataclasses import dataclass

import numpy as np

from beholder.data.long_form import one_a_rater
from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError


@dataclass(frozen=True)
class Pairs:
    """All pairs of E entries, from which some are drawn: each entry with those of its group that are above it.

    Attributes:
        photo: (E,) row of the photograph of each entry, sorted by group and then by value.
        start, end: (E,) the entries above each one.
    """

    photo: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def __len__(self) -> int:
        return int((self.end - self.start).sum())

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """(count, 2) rows of photographs, the higher first; every pair is as likely as every other one."""
        until = np.cumsum(self.end - self.start)
        drawn = rng.integers(0, until[-1], count)
        lower = np.searchsorted(until, drawn, side="right")
        higher = self.end[lower] - (until[lower] - drawn)
        return np.stack([self.photo[higher], self.photo[lower]], axis=1)


def pairs_of(photo: np.ndarray, group: np.ndarray, value: np.ndarray, gap: float = 0) -> Pairs:
    """Pairs of entries of a group whose values differ by at least ``gap``, and in any case differ.

    Args:
        photo: (E,) row of the photograph.
        group: (E,) whole numbers, in which pairs are made.
        value: (E,) votes or ratings.
        gap: in the units of ``value``.

    >>> found = pairs_of(np.array([7, 8, 9]), np.zeros(3, int), np.array([1, 4, 4]))
    >>> len(found), sorted(set(map(tuple, found.draw(np.random.default_rng(0), 20).tolist())))
    (2, [(8, 7), (9, 7)])
    """
    order = np.lexsort((value, group))
    photo, group, value = photo[order], group[order], value[order]
    end = np.searchsorted(group, group, side="right")
    start = np.empty(len(photo), dtype=int)
    for first in np.unique(np.searchsorted(group, group)):
        inside = slice(first, end[first])
        least = np.maximum(value[inside] + gap, np.nextafter(value[inside], np.inf))
        start[inside] = first + np.searchsorted(value[inside], least)
    return Pairs(photo, start, end)


def pairs_within(photos: RatedPhotos, rows: np.ndarray) -> Pairs:
    """Pairs that one rater voted for differently, among photographs of ``rows``.

    Raises:
        BeholderError: no single votes, one rater, or no such pair.
    """
    if photos.votes is None:
        raise BeholderError(
            f"{photos.name}: no single votes with their raters, which pairs within a rater need; give a table with one "
            "row a rater and photograph, by several raters, and a column `rater`, or rank across raters (--rank across)"
        )
    votes = photos.votes
    photo, label, values = one_a_rater(votes.photo, votes.rater, votes.value[:, None], len(photos))
    raters, group = np.unique(label, return_inverse=True)
    if len(raters) < 2:
        raise BeholderError(
            f"{photos.name}: all votes are by one rater, {raters[0]}; pairs within a rater need at least two raters, "
            "--rank across takes the mean ratings"
        )
    inside = np.isin(photo, rows)
    found = pairs_of(photo[inside], group[inside], values[inside, 0])
    if not len(found):
        raise BeholderError(
            f"{photos.name}: no rater voted differently for two photographs of the train part; pairs within a rater "
            "need raters who rated several photographs"
        )
    return found


def pairs_across(photos: RatedPhotos, rows: np.ndarray, gap: float) -> Pairs:
    """Pairs among photographs of ``rows`` whose mean ratings differ by ``gap`` of the scale. Raises BeholderError."""
    task = photos.tasks[0]
    rated = rows[np.isfinite(photos.ratings[rows, 0])]
    unit = task.to_unit(photos.ratings[rated, 0])
    found = pairs_of(rated, np.zeros(len(rated), dtype=int), unit, gap)
    if not len(found):
        raise BeholderError(
            f"{photos.name}: no two photographs of the train part differ by {gap:g} of the scale of {task.name}; give "
            "a smaller --gap"
        )
    return found
