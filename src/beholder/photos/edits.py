"""Edits of a photograph by a known amount, in units that a photographer knows.

Pixels have 8 or 16 bits a channel, and keep them.

They are the truth that light, colour and focus are learned from and tested with: ratings of these are not at hand, but
a picture that was made one stop darker is one stop too dark (Sheng et al. 2020 learn aesthetics in this way). Light is
edited in linear light, as a camera records it. Lengths are given as ‰ of the long side, so that they mean the same for
a photograph of any size, and noise as it would look at a long side of 1,000 pixels.
"""

import functools
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from beholder.photos.encodings import srgb_to_linear
from beholder.photos.read import Pixels

DAYLIGHT = 6504.0  # kelvin, of the white of sRGB
REFERENCE_SIDE = 1000  # pixels of the long side at which noise has its stated strength
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear sRGB (Rec. 709)
XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
SHARPENING_RADIUS = 1.5  # ‰ of the long side
_BAND_VALUES = 2**22  # that are held as fractions at a time


@functools.cache
def _light_of_values(dtype: np.dtype) -> np.ndarray:
    """The linear light of each value of uint8 or uint16."""
    white = np.iinfo(dtype).max
    return srgb_to_linear(np.arange(white + 1) / white).astype(np.float32)


def to_linear(pixels: Pixels) -> np.ndarray:
    """sRGB (..., 3) of 8 or 16 bits -> linear light float32, 0 to 1."""
    return _light_of_values(pixels.dtype)[pixels]


def from_linear(light: np.ndarray, dtype: npt.DTypeLike = np.uint8) -> Pixels:
    """Linear light (..., 3) -> sRGB uint8 or uint16; what is beyond 0 to 1 is clipped."""
    clipped = np.clip(light, 0, 1)
    coded = np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** np.float32(1 / 2.4) - 0.055)
    return _coded(coded * np.iinfo(dtype).max, dtype)


def expose(pixels: Pixels, stops: float) -> Pixels:
    """Multiply the light by 2 to the power of ``stops``; what becomes too bright is clipped.

    >>> int(expose(np.full((1, 1, 3), 128, np.uint8), -1)[0, 0, 0])
    92
    """
    return from_linear(_light_of_values(pixels.dtype) * np.float32(2.0**stops), pixels.dtype)[pixels]


def change_contrast(pixels: Pixels, factor: float) -> Pixels:
    """Multiply the distance of each value from the picture's mean luma."""
    middle = float((pixels.astype(np.float32) @ LUMA).mean())
    values = np.arange(np.iinfo(pixels.dtype).max + 1, dtype=np.float32)
    return _coded(middle + np.float32(factor) * (values - middle), pixels.dtype)[pixels]


def change_saturation(pixels: Pixels, factor: float) -> Pixels:
    """Multiply the distance of each colour from the grey of the same luma; 0 is black and white."""
    changed = np.empty_like(pixels)
    rows = max(1, _BAND_VALUES // max(1, pixels[0].size))
    for top in range(0, len(pixels), rows):
        values = pixels[top : top + rows].astype(np.float32)
        grey = (values @ LUMA)[..., None]
        changed[top : top + rows] = _coded(grey + np.float32(factor) * (values - grey), pixels.dtype)
    return changed


def cast_colour(pixels: Pixels, mired: float) -> Pixels:
    """Light the scene by a warmer (positive) or cooler light: ``mired`` from daylight along the Planckian locus."""
    gain = _black_body(1e6 / (1e6 / DAYLIGHT + mired)) / _black_body(DAYLIGHT)
    return _multiply(pixels, gain)


def tint(pixels: Pixels, stops: float) -> Pixels:
    """Multiply green by 2 to the power of ``stops``, luma kept: greener, or towards magenta where negative."""
    return _multiply(pixels, np.array([1, 2.0**stops, 1]))


def blur(pixels: Pixels, radius: float) -> Pixels:
    """Gaussian blur with a standard deviation of ``radius`` ‰ of the long side."""
    sigma = radius / 1000 * max(pixels.shape[:2])
    return np.array(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma))) if sigma > 0 else pixels


def sharpen(pixels: Pixels, amount: float, radius: float = SHARPENING_RADIUS) -> Pixels:
    """Add to each value its distance from the blurred picture, ``amount`` times (unsharp masking).

    Args:
        pixels: (H, W, 3).
        amount: 0 changes nothing, 1 doubles the finest contrasts.
        radius: of the Gaussian blur, in ‰ of the long side.

    >>> edge = np.repeat(np.array([[[100] * 3, [120] * 3]], np.uint8), 4, axis=1)
    >>> sharpen(edge, 1, 200)[0, :, 0].tolist()
    [100, 99, 97, 92, 128, 123, 121, 120]
    """
    sigma = radius / 1000 * max(pixels.shape[:2])
    coarse = max(1, int(sigma / 2))  # a wide blur is made at a smaller size
    changed = np.empty_like(pixels)
    for band in range(pixels.shape[-1]):
        values = pixels[..., band].astype(np.float32)
        image = Image.fromarray(values)
        small = np.asarray(image.reduce(coarse)) if coarse > 1 else values
        blurred = Image.fromarray(_gaussian(small, sigma / coarse)).resize(image.size, Image.Resampling.BICUBIC)
        changed[..., band] = _coded(values + np.float32(amount) * (values - np.asarray(blurred)), pixels.dtype)
    return changed


def _gaussian(values: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (H, W) float32; Pillow blurs whole numbers of 8 bits only."""
    reach = math.ceil(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2).astype(np.float32)
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if axis == each else (0, 0) for each in (0, 1)], mode="edge")
        length = values.shape[axis]
        values = np.zeros_like(values)
        for place, weight in enumerate(weights / weights.sum()):
            values += weight * (padded[place : place + length] if axis == 0 else padded[:, place : place + length])
    return values


def blur_by_motion(pixels: Pixels, length: float, angle: float) -> Pixels:
    """Mean along a line of ``length`` ‰ of the long side, at ``angle`` degrees from the horizontal."""
    height, width = pixels.shape[:2]
    pixels_long = length / 1000 * max(height, width)
    if pixels_long < 0.5:
        return pixels
    margin = math.ceil(pixels_long / 2) + 1
    framed = Image.fromarray(np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="edge"))
    total = np.zeros(pixels.shape, np.float32)
    places = np.linspace(-0.5, 0.5, math.ceil(pixels_long) + 1) * pixels_long
    for place in places:
        across, down = margin + place * math.cos(math.radians(angle)), margin + place * math.sin(math.radians(angle))
        moved = framed.transform(
            (width, height), Image.Transform.AFFINE, (1, 0, across, 0, 1, down), Image.Resampling.BILINEAR
        )
        total += np.asarray(moved, np.float32)
    return _coded(total / len(places))


def add_noise(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Pixels:
    """Add Gaussian noise of standard deviation ``sigma`` (of 255) as seen at a long side of 1,000 pixels."""
    strength = sigma * max(pixels.shape[:2]) / REFERENCE_SIDE
    return _coded(pixels + rng.standard_normal(pixels.shape, np.float32) * np.float32(strength))


def compress(pixels: Pixels, quality: float) -> Pixels:
    """Encode as JPEG of a ``quality`` from 1 to 100 with halved colour resolution, and decode."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=max(1, round(quality)), subsampling="4:2:0")
    return np.array(Image.open(buffer).convert("RGB"))


def tilt(pixels: Pixels, degrees: float, cropped_for: float | None = None) -> Pixels:
    """Rotate (positive: clockwise) and crop to what is filled, the aspect ratio kept.

    Args:
        pixels: (H, W, 3) uint8.
        degrees: -45 to 45.
        cropped_for: crop as for this angle; by default as for ``degrees``. So the same crop can be had without tilt.

    >>> tilt(np.zeros((80, 100, 3), np.uint8), 5).shape
    (72, 90, 3)
    """
    height, width = pixels.shape[:2]
    share = kept_share(width, height, degrees if cropped_for is None else cropped_for)
    cut = max(1, int(width * share)), max(1, int(height * share))
    left, top = (width - cut[0]) // 2, (height - cut[1]) // 2
    frame = (left, top, left + cut[0], top + cut[1])

    def turned(band: np.ndarray) -> np.ndarray:
        image = Image.fromarray(band)
        if degrees:
            image = image.rotate(-degrees, Image.Resampling.BICUBIC)
        return np.array(image.crop(frame))

    if pixels.dtype == np.uint8:
        return turned(pixels)
    bands = (turned(pixels[..., band].astype(np.float32)) for band in range(3))  # Pillow turns no colours of 16 bits
    return np.stack([_coded(band, pixels.dtype) for band in bands], axis=-1)


def kept_share(width: int, height: int, degrees: float) -> float:
    """The share of each side that stays inside a picture when it is turned.

    >>> round(kept_share(300, 200, 5), 3)
    0.887
    """
    angle = math.radians(abs(degrees))
    return 1 / (math.cos(angle) + max(width / height, height / width) * math.sin(angle))


def vignette(pixels: Pixels, stops: float) -> Pixels:
    """Darken towards the corners, by ``stops`` there and with the square of the distance from the middle."""
    height, width = pixels.shape[:2]
    down, across = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    distance = (down**2 + across**2) / 2  # 1 in the corners
    return from_linear(to_linear(pixels) * (2.0 ** (-stops * distance)).astype(np.float32)[..., None])


@dataclass(frozen=True)
class Edit:
    """One kind of edit.

    Attributes:
        name: as of the task that predicts its amount.
        unit: of the amount.
        low, high: the ends of the scale of amounts.
        neutral: the amount that changes nothing.
        description: what the amount says, in one sentence.
        apply: pixels (H, W, 3) uint8, amount, random generator -> edited pixels.
    """

    name: str
    unit: str
    low: float
    high: float
    neutral: float
    description: str
    apply: Callable[[Pixels, float, np.random.Generator], Pixels]


EDITS = {  # in the order in which a camera, and then a program, would make them
    each.name: each
    for each in (
        Edit(
            "tilt",
            "°",
            -15,
            15,
            0,
            "How far the horizon leans: degrees clockwise",
            lambda pixels, amount, rng: tilt(pixels, amount),
        ),
        Edit(
            "exposure",
            "EV",
            -3,
            3,
            0,
            "Exposure against what it should be: stops too bright, too dark where negative",
            lambda pixels, amount, rng: expose(pixels, amount),
        ),
        Edit(
            "vignette",
            "stops",
            0,
            4,
            0,
            "How much darker the corners were made: stops",
            lambda pixels, amount, rng: vignette(pixels, amount),
        ),
        Edit(
            "sharpness",
            "‰ of the long side",
            0,
            8,
            0,
            "Blur: its radius in ‰ of the long side; 0 is sharp",
            lambda pixels, amount, rng: blur(pixels, amount),
        ),
        Edit(
            "motion",
            "‰ of the long side",
            0,
            40,
            0,
            "Motion blur: its length in ‰ of the long side",
            lambda pixels, amount, rng: blur_by_motion(pixels, amount, float(rng.uniform(0, 180))),
        ),
        Edit(
            "colour_cast",
            "mired",
            -110,
            110,
            0,
            "Colour cast: mired towards warm light, towards cool light where negative",
            lambda pixels, amount, rng: cast_colour(pixels, amount),
        ),
        Edit(
            "noise",
            "σ of 255",
            0,
            60,
            0,
            "Noise: its standard deviation (of 255) at a long side of 1,000 pixels",
            add_noise,
        ),
        Edit(
            "contrast",
            "×",
            0,
            3,
            1,
            "Contrast against what it should be: a factor, below 1 too flat",
            lambda pixels, amount, rng: change_contrast(pixels, amount),
        ),
        Edit(
            "saturation",
            "×",
            0,
            5,
            1,
            "Saturation against what it should be: a factor, below 1 too pale",
            lambda pixels, amount, rng: change_saturation(pixels, amount),
        ),
        Edit(
            "compression",
            "JPEG quality",
            0,
            100,
            100,
            "The JPEG quality that it was stored with; 100 has no visible loss",
            lambda pixels, amount, rng: compress(pixels, amount) if amount < 100 else pixels,
        ),
    )
}


def edit(pixels: Pixels, amounts: Mapping[str, float], rng: np.random.Generator | None = None) -> Pixels:
    """Edit a photograph in several ways, in the order of :data:`EDITS`.

    Args:
        pixels: (H, W, 3) uint8.
        amounts: name of an edit -> its amount.
        rng: of noise and of the direction of motion; the same each time by default.

    Returns:
        (H, W, 3) uint8; smaller where the picture was tilted.

    Raises:
        KeyError: there is no edit of that name.

    >>> bright = edit(np.full((4, 4, 3), 100, np.uint8), {"exposure": 1, "saturation": 0})
    >>> int(bright[0, 0, 0])
    138
    """
    chance = rng or np.random.default_rng(0)
    for name in amounts:
        EDITS[name]  # told before any work is done
    for name, each in EDITS.items():
        if name in amounts:
            pixels = each.apply(pixels, amounts[name], chance)
    return pixels


def _coded(values: np.ndarray, dtype: npt.DTypeLike = np.uint8) -> Pixels:
    coded: Pixels = np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)
    return coded


def _multiply(pixels: Pixels, gain: np.ndarray) -> Pixels:
    """Multiply the light of each channel by its gain, with the luma of white kept."""
    light = _light_of_values(pixels.dtype)[:, None]
    table = from_linear(light * (gain / (gain @ LUMA)).astype(np.float32), pixels.dtype)
    return np.stack([table[pixels[..., channel], channel] for channel in range(3)], axis=-1)


def _black_body(kelvin: float) -> np.ndarray:
    """Linear sRGB of a black body of 1,667 to 25,000 K (Kang et al. 2002, the cubic approximation)."""
    t = 1000 / kelvin
    if kelvin < 4000:
        x = -0.2661239 * t**3 - 0.2343589 * t**2 + 0.8776956 * t + 0.179910
    else:
        x = -3.0258469 * t**3 + 2.1070379 * t**2 + 0.2226347 * t + 0.240390
    if kelvin < 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif kelvin < 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    rgb: np.ndarray = XYZ_TO_RGB @ np.array([x / y, 1, (1 - x - y) / y])
    return np.maximum(rgb, 1e-3)
