"""Edits of a photograph by a known amount, in units that a photographer knows.

They are the truth that light, colour and focus are learned from and tested with: ratings of these are not at hand, but
a picture that was made one stop darker is one stop too dark (Sheng et al. 2020 learn aesthetics in this way). Light is
edited in linear light, as a camera records it. Lengths are given as ‰ of the long side, so that they mean the same for
a photograph of any size, and noise as it would look at a long side of 1,000 pixels.
"""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from beholder.photos.encodings import srgb_to_linear
from beholder.photos.read import Pixels

DAYLIGHT = 6504.0  # kelvin, of the white of sRGB
REFERENCE_SIDE = 1000  # pixels of the long side at which noise has its stated strength
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear sRGB (Rec. 709)
XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
_LINEAR = srgb_to_linear(np.arange(256) / 255).astype(np.float32)


def to_linear(pixels: Pixels) -> np.ndarray:
    """sRGB uint8 (..., 3) -> linear light float32, 0 to 1."""
    return _LINEAR[pixels]


def from_linear(light: np.ndarray) -> Pixels:
    """Linear light (..., 3) -> sRGB uint8; what is beyond 0 to 1 is clipped."""
    clipped = np.clip(light, 0, 1)
    coded = np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** np.float32(1 / 2.4) - 0.055)
    return _coded(coded * 255)


def expose(pixels: Pixels, stops: float) -> Pixels:
    """Multiply the light by 2 to the power of ``stops``; what becomes too bright is clipped.

    >>> int(expose(np.full((1, 1, 3), 128, np.uint8), -1)[0, 0, 0])
    92
    """
    return from_linear(_LINEAR * np.float32(2.0**stops))[pixels]


def change_contrast(pixels: Pixels, factor: float) -> Pixels:
    """Multiply the distance of each value from the picture's mean luma."""
    values = pixels.astype(np.float32)
    middle = float((values @ LUMA).mean())
    return _coded(middle + np.float32(factor) * (values - middle))


def change_saturation(pixels: Pixels, factor: float) -> Pixels:
    """Multiply the distance of each colour from the grey of the same luma; 0 is black and white."""
    values = pixels.astype(np.float32)
    grey = (values @ LUMA)[..., None]
    return _coded(grey + np.float32(factor) * (values - grey))


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
    angle = math.radians(abs(degrees if cropped_for is None else cropped_for))
    share = 1 / (math.cos(angle) + max(width / height, height / width) * math.sin(angle))
    cut = max(1, int(width * share)), max(1, int(height * share))
    image = Image.fromarray(pixels)
    if degrees:
        image = image.rotate(-degrees, Image.Resampling.BICUBIC)
    left, top = (width - cut[0]) // 2, (height - cut[1]) // 2
    return np.array(image.crop((left, top, left + cut[0], top + cut[1])))


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


def _coded(values: np.ndarray) -> Pixels:
    coded: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return coded


def _multiply(pixels: Pixels, gain: np.ndarray) -> Pixels:
    """Multiply the light of each channel by its gain, with the luma of white kept."""
    table = from_linear(_LINEAR[:, None] * (gain / (gain @ LUMA)).astype(np.float32))
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
