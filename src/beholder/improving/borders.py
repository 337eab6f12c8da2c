"""Where a border was put around a photograph: seams along whole rows and columns, dull margins, repeated edges."""

from itertools import product

import numpy as np
from PIL import Image

from beholder.photos.edits import LUMA
from beholder.photos.read import Pixels

SIDE = 320  # pixels of the long side at which borders are looked for
MAX_SHARE = 0.4  # of a side that one border takes at most
SEAMS = 3  # places that are thought of for each side
NO_BORDER = 0.7  # how clear a border must be to be likelier than none
_COLUMNS = 40  # that rows are compared at
_NEAR = 6  # rows on each side that a seam must stand out from
_LARGEST_STEP = 12.0  # of 255: what is above counts no more, so that a seam is a step along most of the row
_PLAIN = 4.0  # of 255: rows that differ by less are alike anyway
_MIRRORED, _MOVED = 0.3, 0.1  # of the usual difference of rows: what is below may be a copy

Box = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the width and height


def inner_frames(pixels: Pixels, count: int = 12) -> list[tuple[float, Box]]:
    """Frames that would leave a border out, the likeliest first.

    Args:
        pixels: (H, W, 3) uint8.
        count: frames at most.

    Returns:
        How clear the border is, above zero where it is likelier than none, and the frame.

    >>> picture = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    >>> clear, frame = inner_frames(np.pad(picture, ((20, 20), (0, 0), (0, 0))))[0]
    >>> [round(side, 1) for side in frame]
    [0.0, 0.2, 1.0, 0.8]
    """
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    grey = np.asarray(image).astype(np.float32) @ LUMA
    height, width = grey.shape
    if min(height, width) < 3 * _NEAR:
        return []
    found = []
    sides = _ends(grey), _ends(grey[::-1]), _ends(grey.T), _ends(grey.T[::-1])
    for (top, a), (bottom, b), (left, c), (right, d) in product(*sides):
        if top + bottom + left + right and (height - top - bottom) * (width - left - right) * 2 >= height * width:
            clear = sum(each - NO_BORDER for each in (a, b, c, d))
            found.append((clear, (left / width, top / height, 1 - right / width, 1 - bottom / height)))
    found.sort(key=lambda each: -each[0])
    return found[:count]


def _ends(grey: np.ndarray) -> list[tuple[int, float]]:
    """Rows at which a border at the top of (H, W) may end, and how clear each is; row 0, no border, is one of them."""
    smooth = _box3(grey)
    along = np.abs(np.diff(smooth, axis=1)).mean(axis=1)
    change = np.abs(np.diff(smooth, axis=0)).mean(axis=1)  # from row to row
    step = np.zeros(len(grey))  # between the three rows before a row and the three from it on
    step[2:-1] = np.minimum(np.abs(smooth[3:] - smooth[:-3]), _LARGEST_STEP).mean(axis=1)
    unlike = _differences(grey)
    moved = _moved(unlike)
    reach = int(MAX_SHARE * len(grey))
    found = np.zeros(reach)
    for row in range(2, reach):
        near = np.concatenate([step[max(0, row - 2 - _NEAR) : row - 2], step[row + 3 : row + 3 + _NEAR]])
        usual = float(np.median(near)) if len(near) else 0.0
        dull = _less(along[: row - 1], along[row + 1 : row + reach]) + _less(change[: row - 1], change[row + 1 :])
        clear = (step[row] - usual) / (1 + usual) * (0.5 + dull)
        found[row] = clear + 3 * max(_repeated(unlike, moved, row), _streaks(along, change, row))
    best = [(0, NO_BORDER)]
    for row in np.argsort(-found, kind="stable"):
        if len(best) <= SEAMS and found[row] > 0.3 and all(abs(row - other) > 2 for other, _ in best):
            best.append((int(row), float(found[row])))
    return best


def _streaks(along: np.ndarray, change: np.ndarray, row: int) -> float:
    """How well the rows above one are the same row again and again, 0 to 1: much changes along them, nothing across."""
    detail, across = float(along[:row].mean()), float(change[: row - 1].mean())
    if detail < 1 or change[row : row + 3].mean() < 4 * across + 0.2:  # plain, or it goes on below
        return 0.0
    return max(0.0, 1 - 10 * across / detail)


def _repeated(unlike: np.ndarray, moved: np.ndarray, row: int) -> float:
    """How well the rows above one repeat others: as a mirror image, or as the rows at the other end; 0 to 1."""
    above = np.arange(row)
    usual = float(unlike[above, above[::-1]].mean())  # of rows that are as far apart, but no copies
    if usual < _PLAIN:
        return 0.0
    mirrored = [unlike[above, start - above].mean() for start in (2 * row - 1, 2 * row) if start < len(unlike)]
    differences = min(mirrored, default=usual) / _MIRRORED, moved[row] / _MOVED
    return max(0.0, 1 - float(min(differences)) / usual)


def _moved(unlike: np.ndarray) -> np.ndarray:
    """The least mean difference of the first r rows, for each r, to as many rows of the other half."""
    count = len(unlike)
    sums = np.full((count - count // 2, count + 1), np.inf)
    for place, lag in enumerate(range(count // 2, count)):
        same = np.diagonal(unlike, lag)
        sums[place, 1 : len(same) + 1] = np.cumsum(same)
    found: np.ndarray = sums.min(axis=0) / np.maximum(np.arange(count + 1), 1)
    return found


def _differences(grey: np.ndarray) -> np.ndarray:
    """(H, H) mean differences of the rows of (H, W)."""
    step = max(1, grey.shape[1] // _COLUMNS)
    rows = grey[:, : grey.shape[1] // step * step].reshape(len(grey), -1, step).mean(axis=2)
    return np.stack([np.abs(rows - row).mean(axis=1) for row in rows])


def _less(border: np.ndarray, inside: np.ndarray) -> float:
    """How much less there is in a border than inside, 0 to 1."""
    return max(0.0, 1 - float(border.mean() / (inside.mean() + 1e-3)))


def _box3(grey: np.ndarray) -> np.ndarray:
    """Means of 3 x 3 pixels: noise hides no seam."""
    padded = np.pad(grey, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    mean: np.ndarray = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    return mean
