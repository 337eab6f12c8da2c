"""The deletion test: whether a map points at what the score depends on (Samek et al. 2017; Petsiuk et al. 2018).

Cells are hidden in the order in which a map ranks them, and the score is asked again. If the map is right, hiding what
it says raises the score lowers it, hiding what it says lowers the score raises it, and hiding what it says matters
moves the score further than hiding as many cells at random.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np

from beholder.errors import BeholderError
from beholder.metrics import bootstrap
from beholder.scoring.explain import blur

Score = Callable[[np.ndarray], np.ndarray]  # (B, H, W, 3) uint8 -> (B,)
Fill = Literal["blur", "mean"]
# Which cells go first: of the highest value, of the lowest, of the largest without its sign, or any.
Kind = Literal["raising", "lowering", "important", "random"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Curve:
    """Mean over photographs at each of S shares of hidden cells, with its 95% bootstrap interval.

    Attributes:
        mean, low, high: (S,) in the units of the score.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Deletion:
    """What hiding cells did to the scores of N photographs, at S shares of hidden cells.

    Attributes:
        shares: (S,) of the cells that were hidden, 0 to 1.
        changes: by kind, (D, N, S) score with the cells hidden minus score of the whole photograph. D is 1, but for
            random cells the number of draws.
    """

    shares: np.ndarray
    changes: dict[Kind, np.ndarray]

    def change(self, kind: Kind) -> Curve:
        """Of the score, with its sign."""
        return _curve(self.changes[kind].mean(axis=0))

    def movement(self, kind: Kind) -> Curve:
        """How far the score moved, whichever way."""
        return _curve(self._moved(kind))

    def margin(self, kind: Kind = "important") -> Curve:
        """How much further these cells move the score than random ones, paired by photograph.

        A map passes where ``low`` is above 0. Important cells of both signs undo each other in part, so this asks much.
        """
        return _curve(self._moved(kind) - self._moved("random"))

    def _moved(self, kind: Kind) -> np.ndarray:
        # Without its sign before draws are averaged, else draws would cancel out and random cells seem harmless.
        return np.abs(self.changes[kind]).mean(axis=0)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """One result from those of several lots of photographs, measured alike."""
        changes = {kind: np.concatenate([part.changes[kind] for part in parts], 1) for kind in parts[0].changes}
        return cls(parts[0].shares, changes)


def deletion(
    score: Score,
    pixels: np.ndarray,
    maps: np.ndarray,
    shares: Sequence[float],
    *,
    seed: int | np.random.Generator = 0,
    draws: int = 5,
    fill: Fill = "blur",
    kinds: Sequence[Kind] = KINDS,
    batch: int = 16,
) -> Deletion:
    """Hides cells by rank, and scores again: ``1 + shares * (kinds - 1 + draws)`` pictures a photograph.

    Maps to be compared should have the same cells (`coarsen`): scattered small cells hide more than few large ones.

    Args:
        score: (B, H, W, 3) uint8 -> (B,).
        pixels: (N, H, W, 3) uint8, as the score takes them.
        maps: (N, rows, columns) what each cell is said to add to the score; equal cells are ranked at random.
        shares: of the cells, above 0, 1 at most; at least one cell is hidden.
        seed: of the random cells; or a generator, to go on from lot to lot.
        draws: random orders for each photograph, averaged.
        fill: what takes a cell's place, the photograph blurred, or its mean colour. Maps that were made by blurring
            (`beholder.scoring.explain`) should be asked with the other.
        kinds: which cells to hide.
        batch: pictures scored at a time.

    Raises:
        BeholderError: shapes that do not fit, a map with numbers that are not finite, or shares out of range.
    """
    _check(pixels, maps, shares, draws)
    rng = np.random.default_rng(seed)
    cells = maps[0].size
    counts = [max(1, round(share * cells)) for share in shares]
    parts: dict[Kind, list[np.ndarray]] = {kind: [] for kind in kinds}
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
        BeholderError: the grid does not divide rows and columns.
    """
    *others, rows, columns = maps.shape
    if rows % grid or columns % grid:
        raise BeholderError(f"maps of {rows} x {columns} cells cannot be summed to {grid} x {grid}")
    return maps.reshape(*others, grid, rows // grid, grid, columns // grid).sum((-3, -1))


def _orders(evidence: np.ndarray, permutations: list[np.ndarray]) -> dict[Kind, list[np.ndarray]]:
    """Cells in the order in which they are to be hidden, by kind."""
    order = permutations[0]  # equal cells stay in this order, not in that of their places
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
    instead = blur(picture) if fill == "blur" else picture.mean(axis=(0, 1)).astype(np.uint8)
    row, column = (_cell_of(side, count) for side, count in zip((height, width), masks.shape[1:], strict=True))
    parts = []
    for start in range(0, len(masks), batch):
        places = masks[start : start + batch][:, row][:, :, column]
        found = np.asarray(score(np.where(places[..., None], instead, picture)), dtype=float)
        if found.shape != places.shape[:1]:
            raise BeholderError(f"the score gave shape {found.shape} for {len(places)} pictures, not one number each")
        parts.append(found)
    return np.concatenate(parts)


def _cell_of(side: int, count: int) -> np.ndarray:
    """(side,) which of ``count`` cells each pixel is in, cut as `beholder.scoring.explain.occlude` cuts them."""
    edges = np.linspace(0, side, count + 1).round().astype(int)
    return np.repeat(np.arange(count), np.diff(edges))


def _curve(values: np.ndarray) -> Curve:
    """From (N, S), a row for each photograph."""
    columns = [bootstrap(lambda truth, _: float(truth.mean()), column, column) for column in values.T]
    mean, low, high = np.array(columns).T
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
        raise BeholderError("a map holds numbers that are not finite")
    if not len(shares) or not all(0 < share <= 1 for share in shares):
        raise BeholderError(f"shares of cells must be above 0 and at most 1, got {list(shares)}")
    if draws < 1:
        raise BeholderError(f"at least one random draw is needed, got {draws}")
