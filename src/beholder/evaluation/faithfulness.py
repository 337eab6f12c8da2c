"""The deletion test: does a map show what the score depends on (Samek et al. 2017; Petsiuk et al. 2018)?

The photograph is scored again with some cells hidden, in the order of their values in the map. If the map is right,
hiding the cells with the highest values lowers the score, hiding those with the lowest values raises it, and hiding
those with the largest absolute values changes the score more than hiding as many random cells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np

from beholder.errors import BeholderError
from beholder.metrics import bootstrap_mean
from beholder.scoring.explain import blur

Score = Callable[[np.ndarray], np.ndarray]  # (B, H, W, 3) uint8 -> (B,)
Fill = Literal["blur", "mean", "grey"]
# Which cells are hidden first: those with the highest, the lowest, or the largest absolute value, or random ones.
CellOrder = Literal["raising", "lowering", "important", "random"]
CELL_ORDERS: tuple[CellOrder, ...] = get_args(CellOrder)


@dataclass(frozen=True)
class Curve:
    """The mean over photographs at each of S shares of hidden cells, with its 95% bootstrap interval.

    Attributes:
        mean, low, high: (S,) in the units of the score.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Deletion:
    """Changes of the scores of N photographs at S shares of hidden cells.

    Attributes:
        shares: (S,) shares of the cells that were hidden, 0 to 1.
        changes: for each order of the cells, (D, N, S): score with hidden cells minus score of the whole photograph.
            D is the number of draws for random cells, otherwise 1.
    """

    shares: np.ndarray
    changes: dict[CellOrder, np.ndarray]

    def change(self, kind: CellOrder) -> Curve:
        """The signed change of the score."""
        return _curve(self.changes[kind].mean(axis=0))

    def movement(self, kind: CellOrder) -> Curve:
        """The absolute change of the score."""
        return _curve(self._moved(kind))

    def margin(self, kind: CellOrder = "important") -> Curve:
        """The absolute change minus that of random cells, paired by photograph.

        A map passes the test where ``low`` is above 0. For important cells this is a strict test, because cells of
        both signs partly cancel out.
        """
        return _curve(self._moved(kind) - self._moved("random"))

    def _moved(self, kind: CellOrder) -> np.ndarray:
        # Absolute values before the mean over draws: otherwise draws cancel out, and random cells seem harmless.
        return np.abs(self.changes[kind]).mean(axis=0)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """One result from the results of several sets of photographs, with equal shares and orders."""
        changes = {kind: np.concatenate([part.changes[kind] for part in parts], 1) for kind in parts[0].changes}
        return cls(parts[0].shares, changes)


def deletion_test(
    score: Score,
    pixels: np.ndarray,
    maps: np.ndarray,
    shares: Sequence[float],
    *,
    seed: int | np.random.Generator = 0,
    draws: int = 5,
    fill: Fill = "blur",
    kinds: Sequence[CellOrder] = CELL_ORDERS,
    batch: int = 16,
) -> Deletion:
    """Hide cells in each order and score again: ``1 + len(shares) * (len(kinds) - 1 + draws)`` images a photograph.

    Compare maps with equal cells only (`coarsen`): many small scattered cells hide more than a few large ones.

    Args:
        score: (B, H, W, 3) uint8 -> (B,).
        pixels: (N, H, W, 3) uint8, as the score function takes them.
        maps: (N, rows, columns) what each cell adds to the score according to the map; equal cells are in random order.
        shares: shares of the cells to hide, above 0, at most 1; at least one cell is hidden.
        seed: seed of the random orders, or a generator to continue from one call to the next.
        draws: random orders for each photograph; their results are averaged.
        fill: what replaces a hidden cell: the blurred photograph, its mean colour, or middle grey. The maps of
            `beholder.scoring.explain` were made by blurring and by the mean colour: grey is new to them.
        kinds: orders of the cells.
        batch: images scored at a time.

    Returns:
        The changes of the scores, in the units of the score.

    Raises:
        BeholderError: shapes that do not fit, a map with values that are not finite, shares out of range, or fewer
            than one draw.
    """
    _check(pixels, maps, shares, draws)
    rng = np.random.default_rng(seed)
    cells = maps[0].size
    counts = [max(1, round(share * cells)) for share in shares]
    parts: dict[CellOrder, list[np.ndarray]] = {kind: [] for kind in kinds}
    for picture, evidence in zip(pixels, maps, strict=True):
        orders = _orders(evidence, [rng.permutation(cells) for _ in range(draws)])
        hidden = [order[:count] for kind in kinds for order in orders[kind] for count in counts]
        masks = np.zeros((1 + len(hidden), cells), dtype=bool)  # nothing hidden, then the rest
        for mask, chosen in zip(masks[1:], hidden, strict=True):
            mask[chosen] = True
        scores = _scores(score, picture, masks.reshape(-1, *evidence.shape), fill, batch)
        changes = (scores[1:] - scores[0]).reshape(-1, len(counts))  # a row for each order
        for kind in kinds:
            parts[kind].append(changes[: len(orders[kind])])
            changes = changes[len(orders[kind]) :]
    return Deletion(np.asarray(shares, dtype=float), {kind: np.stack(rows, axis=1) for kind, rows in parts.items()})


def coarsen(maps: np.ndarray, grid: int) -> np.ndarray:
    """Maps (..., rows, columns) summed to (..., grid, grid).

    Raises:
        BeholderError: the rows or columns are not a multiple of the grid.

    >>> coarsen(np.ones((4, 6)), 2)
    array([[6., 6.],
           [6., 6.]])
    """
    *others, rows, columns = maps.shape
    if rows % grid or columns % grid:
        raise BeholderError(f"maps of {rows} x {columns} cells cannot be summed to {grid} x {grid}")
    return maps.reshape(*others, grid, rows // grid, grid, columns // grid).sum((-3, -1))


def _orders(evidence: np.ndarray, permutations: list[np.ndarray]) -> dict[CellOrder, list[np.ndarray]]:
    """The numbers of the cells in the order in which they are hidden, for each kind of order."""
    order = permutations[0]  # equal cells keep this random order
    values = evidence.ravel()[order]
    return {
        "raising": [order[np.argsort(-values, kind="stable")]],
        "lowering": [order[np.argsort(values, kind="stable")]],
        "important": [order[np.argsort(-np.abs(values), kind="stable")]],
        "random": permutations,
    }


def _scores(score: Score, picture: np.ndarray, masks: np.ndarray, fill: Fill, batch: int) -> np.ndarray:
    """(M,) scores of one photograph (H, W, 3) with the cells of each mask (M, rows, columns) replaced."""
    height, width = picture.shape[:2]
    replacement = _replacement(picture, fill)
    row, column = (_cell_of(side, count) for side, count in zip((height, width), masks.shape[1:], strict=True))
    parts = []
    for start in range(0, len(masks), batch):
        places = masks[start : start + batch][:, row][:, :, column]
        found = np.asarray(score(np.where(places[..., None], replacement, picture)), dtype=float)
        if found.shape != places.shape[:1]:
            raise BeholderError(f"the score gave shape {found.shape} for {len(places)} pictures, not one number each")
        parts.append(found)
    return np.concatenate(parts)


def _replacement(picture: np.ndarray, fill: Fill) -> np.ndarray:
    """Pixels, or one colour, that a hidden cell gets."""
    if fill == "blur":
        return blur(picture)
    return picture.mean(axis=(0, 1)).astype(np.uint8) if fill == "mean" else np.full(3, 128, np.uint8)


def _cell_of(side: int, count: int) -> np.ndarray:
    """(side,) the cell of each pixel, out of ``count``, with the edges of `beholder.scoring.explain.occlude`."""
    edges = np.linspace(0, side, count + 1).round().astype(int)
    return np.repeat(np.arange(count), np.diff(edges))


def _curve(values: np.ndarray) -> Curve:
    """From (N, S) values, a row for each photograph."""
    mean, low, high = np.array([bootstrap_mean(column) for column in values.T]).T
    return Curve(mean, low, high)


def _check(pixels: np.ndarray, maps: np.ndarray, shares: Sequence[float], draws: int) -> None:
    if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.dtype != np.uint8:
        raise BeholderError(f"photographs must be (N, H, W, 3) uint8, got {pixels.shape} {pixels.dtype}")
    if maps.ndim != 3 or len(maps) != len(pixels) or not len(maps):
        raise BeholderError(
            f"need one map (rows, columns) for each photograph, got maps {maps.shape} for photographs {pixels.shape}"
        )
    if not all(1 <= cells <= side for cells, side in zip(maps.shape[1:], pixels.shape[1:3], strict=True)):
        raise BeholderError(f"maps of {maps.shape[1:]} cells do not fit on photographs of {pixels.shape[1:3]} pixels")
    if not np.isfinite(maps).all():
        raise BeholderError("a map has values that are not finite")
    if not len(shares) or not all(0 < share <= 1 for share in shares):
        raise BeholderError(f"shares of cells must be above 0 and at most 1, got {list(shares)}")
    if draws < 1:
        raise BeholderError(f"at least one random draw is needed, got {draws}")
