"""Divide frames into groups of which each member is like one of them, the medoid.

Nothing is chained: two frames that are both like a third, but not like each other, are of one group only if that third
is its medoid. Cosines are computed block by block, and memory does not grow with the square of the number of frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

BLOCK = 1024  # rows of a product of embeddings
MAX_TABLE = 2048  # frames of which all cosines are kept at once

Array: TypeAlias = npt.NDArray[np.float32]
Indices: TypeAlias = npt.NDArray[np.int64]
Linked: TypeAlias = Callable[[Indices, Indices], Array]  # rows, columns -> cosines of what is linked, 0 elsewhere


class Cosines:
    """Cosines between rows of a matrix, computed block by block in single precision.

    Args:
        embeddings: (N, D).
        order: rows in the order in which they are spoken of.
    """

    def __init__(self, embeddings: npt.NDArray[np.floating], order: Indices) -> None:
        self._rows, self._order = embeddings, order
        self._scale = np.zeros(len(order), np.float32)
        for start in range(0, len(order), BLOCK):
            lengths = np.linalg.norm(self._read(np.arange(start, min(start + BLOCK, len(order)))), axis=1)
            usable = np.isfinite(lengths) & (lengths > 0)
            self._scale[start : start + BLOCK] = np.where(usable, 1 / np.where(usable, lengths, 1), 0)

    def _read(self, places: Indices) -> Array:
        return np.asarray(self._rows[self._order[places]], np.float32)

    def unit(self, places: npt.ArrayLike) -> Array:
        """Rows of unit length; zeros where a row has none."""
        chosen = np.asarray(places, int)
        scale = self._scale[chosen, None]
        return np.where(scale > 0, self._read(chosen), 0) * scale

    def of(self, some: npt.ArrayLike, others: npt.ArrayLike) -> Array:
        """(len(some), len(others)) cosines."""
        found: Array = self.unit(some) @ self.unit(others).T
        return found


@dataclass(frozen=True)
class Links:
    """Which frames are alike enough: of one run by `like`, of different ones by `same`, if it is given."""

    cosines: Cosines
    runs: Indices
    like: float
    same: float | None = None

    def of(self, some: Indices, others: Indices) -> Array:
        """(len(some), len(others)) cosines of what is linked, and 0 elsewhere."""
        return self.between(some, self.cosines.unit(some), others)

    def between(self, some: Indices, rows: Array, others: Indices) -> Array:
        """The same, where the rows of the first are at hand."""
        found = rows @ self.cosines.unit(others).T
        linked = (found >= self.like) & (self.runs[some][:, None] == self.runs[others])
        if self.same is not None:
            linked |= found >= self.same
        return np.where(linked, found, 0)

    def among(self, places: Indices) -> Linked:
        """The same for some frames by their place in a list: of a short one, all cosines are computed once."""
        if len(places) > MAX_TABLE:
            return lambda rows, columns: self.of(places[rows], places[columns])
        table = self.of(places, places)
        return lambda rows, columns: table[np.ix_(rows, columns)]

    def meet(self, some: Indices, others: Indices) -> bool:
        """Whether any of two rising lists can be linked."""
        return self.same is not None or bool(
            self.runs[some[0]] <= self.runs[others[-1]] and self.runs[others[0]] <= self.runs[some[-1]]
        )


def group(places: Indices, links: Links) -> Iterator[tuple[list[int], int]]:
    """Divide rising places into groups whose members are all linked to one of them, the medoid, and most like it.

    Yields:
        Members, rising, and the medoid among them.
    """
    for together in _connected(places, links):
        if len(together) == 1:
            yield [int(together[0])], int(together[0])
            continue
        medoid_of = _medoids(len(together), links.among(together))
        for medoid in np.unique(medoid_of):
            yield together[medoid_of == medoid].tolist(), int(together[medoid])


def _connected(places: Indices, links: Links) -> Iterator[Indices]:
    """Parts between which there is no link, in the order of their first places."""
    part = np.arange(len(places))
    blocks = [slice(start, min(start + BLOCK, len(places))) for start in range(0, len(places), BLOCK)]
    for number, rows in enumerate(blocks):
        unit = links.cosines.unit(places[rows])
        for columns in blocks[number:]:
            if not links.meet(places[rows], places[columns]):
                continue
            linked = links.between(places[rows], unit, places[columns]) > 0
            for row in np.flatnonzero(linked.sum(axis=1) > (rows == columns)):
                here, parts = part[rows][row], part[columns][linked[row]]
                if (parts != here).any():
                    part[np.isin(part, [here, *np.unique(parts)])] = min(here, parts.min())
    order = np.argsort(part, kind="stable")
    starts = np.flatnonzero(np.diff(part[order], prepend=-1))
    yield from (places[each] for each in np.split(order, starts[1:]) if len(each))


def _medoids(count: int, linked: Linked) -> Indices:
    """(count,) the medoid of each frame.

    The frame with the most likeness to others is the first medoid and takes what is linked to it; so on with those that
    are left. Then each frame goes to the medoid that it is most like.

    Args:
        count: number of frames.
        linked: what is linked.
    """
    every = np.arange(count)
    blocks = [every[start : start + BLOCK] for start in range(0, count, BLOCK)]
    likeness = np.concatenate([sum(linked(rows, columns).sum(axis=1) for columns in blocks) for rows in blocks])
    medoid_of, chosen = np.full(count, -1), []
    while (left := medoid_of < 0).any():
        medoid = int(np.argmax(np.where(left, likeness.round(4), -1)))
        gone = left & (linked(every[[medoid]], every)[0] > 0)
        gone[medoid] = True
        medoid_of[gone] = medoid
        chosen.append(medoid)
        left &= ~gone
        for start in range(0, count, BLOCK):
            rest, taken = every[left][start : start + BLOCK], every[gone]
            for part in range(0, len(taken) if len(rest) else 0, BLOCK):
                likeness[rest] -= linked(rest, taken[part : part + BLOCK]).sum(axis=1)
    medoids = np.sort(np.array(chosen))
    for rows in blocks:
        cosines = linked(rows, medoids)
        nearer = cosines.max(axis=1) > 0
        medoid_of[rows[nearer]] = medoids[cosines.argmax(axis=1)[nearer]]
    medoid_of[medoids] = medoids
    return medoid_of
