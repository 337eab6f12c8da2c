"""What can be measured in a photograph at full resolution: sharpness, motion blur, clipped light, noise.

The model looks at 224 pixels and cannot see focus. Here the whole picture is measured in tiles, on its luma:

- **Sharpness** is the energy of the differences between neighbouring pixels, relative to that between means of 4 x 4
  pixels, as a root. Contrast and exposure divide out; blur lowers the first much more than the second. What noise adds
  to both is taken off. Differences across the borders of JPEG blocks are left out. It compares frames of one scene: two
  different scenes have different edges.
- **Motion** is how much less sharp one direction is than the one across it. An edge that the scene has in one
  direction only divides out as well.
- **Noise** is the standard deviation of pixels in the quietest tiles, from differences that straight edges cancel in.
- **Clipped** is where all three channels are at an end, so that no detail is left.

A 12-megapixel photograph takes 0.17 s to decode and measure on one core.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from beholder.photos.edits import to_linear
from beholder.photos.read import Pixels

TILES = 24  # along the long side, at least half as many
MIN_TILE = 16  # pixels
COARSE = 4  # pixels of a side of what is averaged for the coarse differences
BLOCK = 8  # pixels of a side of a JPEG block
QUIET = 0.1  # quantile of the tiles' noise that is taken
QUIET_BIAS = 1.1  # the quietest tenth has a little less than the mean
SHARPEST = 0.95  # quantile of the tiles' sharpness that is called the best
MIN_EDGES = 12.0  # squared grey levels of coarse differences, from which a tile has an edge to measure
WHITE, BLACK = 250, 5  # of 255, in all three channels
SAMPLED = 600  # pixels of the long side that clipped light is counted on, at least
ANGLES = (0, 45, 90, 135)  # degrees of the differences, clockwise from the horizontal as the picture is seen


@dataclass(frozen=True)
class Measures:
    """What was measured in one photograph; NaN where it cannot be told.

    Attributes:
        sharpness_subject: of the edges where the subject is; 100 is an ideal edge, fine texture has more.
        sharpness_best: of the sharpest tiles, on the same scale.
        motion: how much less sharp the least sharp direction is than the one across it, 0 (equal) to 1.
        motion_angle: of that direction, degrees clockwise from the horizontal: 0, 45, 90 or 135.
        directions: differences of neighbouring pixels in each of :data:`ANGLES` where the subject is, in grey levels.
            They tell how two frames of one scene differ, since what the scene has of edges divides out.
        clipped_high, clipped_low: share of the picture that is pure white or pure black, in percent.
        noise: standard deviation of the pixels, of 255.
        brightness: of the mean light, in stops below white.
        sharpest: (left, top, right, bottom) in pixels, of the sharpest tile where the subject is.
        size: (width, height) in pixels of what was measured.
    """

    sharpness_subject: float
    sharpness_best: float
    motion: float
    motion_angle: int
    directions: tuple[float, ...]
    clipped_high: float
    clipped_low: float
    noise: float
    brightness: float
    sharpest: tuple[int, int, int, int]
    size: tuple[int, int]


def measure(pixels: Pixels, subject: np.ndarray | None = None) -> Measures:
    """Measure a photograph.

    Args:
        pixels: (H, W, 3) uint8 sRGB at full resolution, upright.
        subject: (rows, columns) weights of 0 or more, a coarse map of where the subject is; None weighs all alike.

    >>> from beholder.photos.edits import blur
    >>> from beholder.photos.read import read_photo
    >>> pixels = read_photo("examples/photos/rocket.jpg").pixels
    >>> measure(pixels).sharpness_best > 1.5 * measure(blur(pixels, 3)).sharpness_best
    True
    """
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    tile = tile_size(max(grey.shape))
    fine, coarse, quiet, level = _energies(grey, tile)
    noise = _noise(quiet, level)
    fine = np.maximum(fine - 2 * noise**2, 0)
    coarse = np.maximum(coarse - 2 * noise**2 / COARSE**2, 0)
    weights = _resized(subject, (level.shape[0], level.shape[1]))
    edges = coarse.sum(axis=2)
    clear = edges >= MIN_EDGES + 8 * noise**2 / COARSE**2
    sharpness = np.where(clear, _root_ratio(fine.sum(axis=2), edges), np.nan)
    total = (weights * clear)[..., None]
    energy = (total * fine).sum(axis=(0, 1))
    motion, angle = _motion(_root_ratio(energy, (total * coarse).sum(axis=(0, 1))))
    high, low, brightness = _light(pixels)
    best, place = _best(sharpness, weights)
    return Measures(
        sharpness_subject=float(_root_ratio((total * fine).sum(), (total * coarse).sum())),
        sharpness_best=best,
        motion=motion,
        motion_angle=angle,
        directions=tuple(np.sqrt(energy).tolist()),
        clipped_high=high,
        clipped_low=low,
        noise=noise,
        brightness=brightness,
        sharpest=(place[1] * tile, place[0] * tile, (place[1] + 1) * tile, (place[0] + 1) * tile),
        size=(pixels.shape[1], pixels.shape[0]),
    )


def tile_size(long_side: int) -> int:
    """Pixels of a tile's side, a power of two.

    >>> tile_size(4000), tile_size(500)
    (128, 16)
    """
    size = MIN_TILE
    while size * 2 * TILES <= long_side:
        size *= 2
    return size


def _energies(grey: np.ndarray, tile: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean squared differences of each tile.

    Returns:
        (rows, columns, 4) between neighbouring pixels, one for each of :data:`ANGLES`; the same between means of 4 x 4
        pixels, both in squared grey levels; (rows, columns) variance of the noise; (rows, columns) mean grey level.
    """
    height, width = grey.shape
    rows, columns = max(1, height // tile), max(1, width // tile)
    if height < tile or width < tile:
        grey = np.pad(grey, ((0, max(0, tile - height)), (0, max(0, tile - width))), mode="edge")
    fine, coarse = np.zeros((rows, columns, 4), np.float32), np.zeros((rows, columns, 4), np.float32)
    quiet, level = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    wide = columns * tile
    for row in range(rows):  # a strip of tiles at a time stays in the processor's cache
        strip = grey[row * tile : (row + 1) * tile, :wide].astype(np.float32)
        # The pixel below or to the right is missing at the end of a strip, as it is at the end of a JPEG block.
        across, down = np.diff(strip, axis=1), np.diff(strip, axis=0)
        falling = across[:-1] + down[:, 1:]
        rising = across[1:] - down[:, 1:]  # from bottom left to top right
        mixed = across[1:] - across[:-1]
        for place, found in enumerate((across[:-1], falling, down[:, :-1], rising)):
            fine[row, :, place] = _tile_means(found, tile, BLOCK)
        quiet[row] = _tile_means(mixed, tile, BLOCK) / 4
        small = _sum([strip[place::COARSE] for place in range(COARSE)])
        small = _sum([small[:, place::COARSE] for place in range(COARSE)]) / COARSE**2
        level[row] = small.mean(axis=0).reshape(columns, -1).mean(axis=1)
        across, down = np.diff(small, axis=1), np.diff(small, axis=0)
        falling, rising = across[:-1] + down[:, 1:], across[1:] - down[:, 1:]
        for place, found in enumerate((across[:-1], falling, down[:, :-1], rising)):
            coarse[row, :, place] = _tile_means(found, tile // COARSE)
    return fine, coarse, quiet, level


def _sum(parts: list[np.ndarray]) -> np.ndarray:
    """The sum of equal arrays, faster than that over an axis."""
    total: np.ndarray = parts[0] + parts[1]
    for part in parts[2:]:
        total += part
    return total


def _tile_means(found: np.ndarray, tile: int, block: int | None = None) -> np.ndarray:
    """(tile - 1, w - 1) differences of a strip -> mean squares of its tiles, without those across blocks."""
    sums = np.einsum("ij,ij->j", found, found)  # not as a product of matrices: that would start threads of its own
    rows = len(found)
    if block is not None:
        borders = found[block - 1 :: block]
        sums -= np.einsum("ij,ij->j", borders, borders)
        sums[block - 1 :: block] = 0
        rows -= len(borders)
    wide = -(-(len(sums) + 1) // tile) * tile
    counted = np.zeros(wide, np.float32)
    counted[: len(sums)] = rows
    if block is not None:
        counted[block - 1 :: block] = 0
    sums = np.concatenate([sums, np.zeros(wide - len(sums), sums.dtype)])
    return sums.reshape(-1, tile).sum(axis=1) / np.maximum(counted.reshape(-1, tile).sum(axis=1), 1)


def _noise(quiet: np.ndarray, level: np.ndarray) -> float:
    """Standard deviation of the noise, of 255; tiles that are clipped have none and do not count."""
    counted = quiet[(level > BLACK) & (level < WHITE)]
    return float(QUIET_BIAS * np.sqrt(np.quantile(counted, QUIET))) if counted.size else 0.0


def _root_ratio(fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Sharpness: an ideal edge, one difference in a row, fine or coarse, has 100."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = 100 * np.sqrt(COARSE * fine / coarse)
    return np.where(np.asarray(coarse) > 0, found, np.nan)


def _motion(sharp: np.ndarray) -> tuple[float, int]:
    """How much less sharp one direction is than the one across it, and which; NaN where there is no edge."""
    if not np.isfinite(sharp).all() or not sharp.max() > 0:
        return float("nan"), 0
    lost = 1 - sharp / np.maximum(np.roll(sharp, 2), 1e-9)
    place = int(lost.argmax())
    return float(max(lost[place], 0.0)), ANGLES[place]


def _best(sharpness: np.ndarray, weights: np.ndarray) -> tuple[float, tuple[int, int]]:
    """The high quantile of the tiles' sharpness, and (row, column) of the tile that is sharpest for its weight."""
    known = np.isfinite(sharpness)
    if not known.any():
        row, column = divmod(int(weights.argmax()), weights.shape[1])
        return float("nan"), (row, column)
    row, column = divmod(int(np.where(known, weights * sharpness, -1.0).argmax()), weights.shape[1])
    return float(np.quantile(sharpness[known], SHARPEST)), (row, column)


def _light(pixels: Pixels) -> tuple[float, float, float]:
    """Percent of pure white, percent of pure black, and stops of the mean light below white."""
    step = max(1, max(pixels.shape[:2]) // SAMPLED)
    some = pixels[::step, ::step]
    high, low = (some.min(axis=2) >= WHITE).mean(), (some.max(axis=2) <= BLACK).mean()
    light = float(to_linear(some).mean())
    return 100 * float(high), 100 * float(low), float(np.log2(max(light, 2.0**-16)))


def _resized(subject: np.ndarray | None, shape: tuple[int, int]) -> np.ndarray:
    """A map of weights -> (rows, columns) of the tiles, summing to 1."""
    if subject is None or not np.isfinite(subject).all() or not subject.sum() > 0:
        return np.full(shape, 1 / np.prod(shape), np.float32)
    image = Image.fromarray(np.asarray(subject, np.float32)).resize(shape[::-1], Image.Resampling.BILINEAR)
    weights = np.maximum(np.asarray(image), 0)
    return weights / max(float(weights.sum()), 1e-12)
