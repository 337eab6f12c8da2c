"""Pictures that are no photographs, made by a script: what a model must know that it does not know.

Documents, screenshots, charts, drawings, codes, noise, checkerboards, single colours and gradients. Each is different,
and the same again for the same seed. They are for testing: a model that learned to tell these would know this script.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from beholder.photos.read import Pixels

TEXT = """
light frame lens focus grain paper river stone window train letter garden colour market signal bridge number cloud
report total sum mean open file edit view save share help name date size price order item page table chart figure
"""
Chance = np.random.Generator
Colour = tuple[int, int, int]


def make_pictures(each: int = 10, seed: int = 0) -> dict[str, list[Pixels]]:
    """Pictures of each kind.

    Args:
        each: number of pictures of a kind.
        seed: of all that is drawn by chance.

    Returns:
        Name of a kind -> ``each`` pictures, (H, W, 3) uint8, sides of 240 to 1,000 pixels.

    >>> made = make_pictures(1)
    >>> sorted(made)[:3], made["noise"][0].dtype
    (['chart', 'checkerboard', 'code'], dtype('uint8'))
    """
    return {
        name: [draw(np.random.default_rng([seed, number, place])) for number in range(each)]
        for place, (name, draw) in enumerate(KINDS.items())
    }


def _size(chance: Chance) -> tuple[int, int]:
    """Width and height."""
    width, height = (int(side) for side in chance.integers(240, 1000, 2))
    return width, height


def _colour(chance: Chance, low: int = 0, high: int = 256) -> Colour:
    red, green, blue = (int(value) for value in chance.integers(low, high, 3))
    return red, green, blue


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _text(chance: Chance, words: int) -> str:
    return " ".join(chance.choice(TEXT.split(), words))


def _document(chance: Chance) -> Pixels:
    width, height = sorted(_size(chance))
    paper = int(chance.integers(235, 256))
    image = Image.new("RGB", (width, height), (paper, paper, int(chance.integers(paper - 15, paper + 1))))
    draw = ImageDraw.Draw(image)
    size = int(chance.integers(9, 18))
    margin, down = width // 12, height // 14
    draw.text((margin, down), _text(chance, 3).title(), (20, 20, 20), _font(2 * size))
    down += 4 * size
    while down < height - margin:
        if chance.random() < 0.1:
            down += size  # a new paragraph
        line = _text(chance, 40)
        font = _font(size)
        while line and font.getlength(line) > width - 2 * margin:
            line = line.rpartition(" ")[0]
        draw.text((margin, down), line, (40, 40, 40), font)
        down += round(1.4 * size)
    return np.array(image)


def _screenshot(chance: Chance) -> Pixels:
    width, height = sorted(_size(chance), reverse=True)
    dark = bool(chance.integers(2))
    back, ink = ((32, 33, 36), (220, 220, 220)) if dark else ((250, 250, 250), (30, 30, 30))
    accent = _colour(chance, 40, 220)
    image = Image.new("RGB", (width, height), back)
    draw = ImageDraw.Draw(image)
    bar, side = max(24, height // 14), width // 5
    draw.rectangle((0, 0, width, bar), accent)
    for place, colour in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
        draw.ellipse((8 + 18 * place, bar // 2 - 6, 20 + 18 * place, bar // 2 + 6), colour)
    draw.text((80, bar // 2 - 8), _text(chance, 2).title(), (255, 255, 255), _font(14))
    draw.rectangle((0, bar, side, height), tuple(max(0, value - 12) for value in back))
    for down in range(bar + 12, height, 28):
        draw.text((12, down), _text(chance, 1), ink, _font(13))
        draw.text((side + 16, down), _text(chance, int(chance.integers(2, 9))), ink, _font(13))
        if chance.random() < 0.2:
            draw.rounded_rectangle((width - 110, down - 4, width - 20, down + 18), 5, accent)
    return np.array(image)


def _chart(chance: Chance) -> Pixels:
    width, height = _size(chance)
    image = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    left, right, top, bottom = width // 8, width - width // 12, height // 8, height - height // 8
    draw.text((left, top // 3), _text(chance, 3), (0, 0, 0), _font(max(10, height // 25)))
    kind = int(chance.integers(4))
    if kind == 0:
        ends = np.concatenate([[0], np.cumsum(chance.dirichlet(np.ones(int(chance.integers(3, 8))))) * 360])
        radius = min(right - left, bottom - top) // 2
        middle = (left + right) // 2, (top + bottom) // 2
        box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
        for start, end in pairwise(ends):
            draw.pieslice(box, float(start), float(end), _colour(chance, 30, 230), (255, 255, 255))
        return np.array(image)
    for down in np.linspace(top, bottom, 6):
        draw.line((left, down, right, down), (220, 220, 220))
        draw.text((left // 4, down - 6), str(int(chance.integers(1000))), (90, 90, 90), _font(11))
    draw.line((left, top, left, bottom, right, bottom), (0, 0, 0), 2)
    count = int(chance.integers(5, 14))
    places = np.linspace(left, right, count + 2)[1:-1]
    for _ in range(1 if kind == 1 else int(chance.integers(1, 4))):
        colour, values = _colour(chance, 20, 220), chance.uniform(top, bottom, count)
        if kind == 1:
            half = (right - left) / count / 3
            for place, value in zip(places, values, strict=True):
                draw.rectangle((place - half, value, place + half, bottom), colour)
        elif kind == 2:
            draw.line([(float(place), float(value)) for place, value in zip(places, values, strict=True)], colour, 3)
        else:
            for across, down in zip(chance.uniform(left, right, 60), chance.uniform(top, bottom, 60), strict=True):
                draw.ellipse((across - 4, down - 4, across + 4, down + 4), colour)
    return np.array(image)


def _drawing(chance: Chance) -> Pixels:
    """Flat colours with outlines, as children and clip art have them."""
    width, height = _size(chance)
    image = Image.new("RGB", (width, height), _colour(chance, 150))
    draw = ImageDraw.Draw(image)
    if chance.integers(2):
        draw.rectangle((0, height * 2 // 3, width, height), _colour(chance))
    outline = (0, 0, 0) if chance.integers(2) else None
    for _ in range(int(chance.integers(4, 16))):
        across, down = chance.uniform(0, width), chance.uniform(0, height)
        half = chance.uniform(0.04, 0.2) * min(width, height)
        box = (across - half, down - half, across + half, down + half)
        shape, colour = int(chance.integers(4)), _colour(chance)
        if shape == 0:
            draw.ellipse(box, colour, outline, 3)
        elif shape == 1:
            draw.rectangle(box, colour, outline, 3)
        elif shape == 2:
            draw.regular_polygon((across, down, half), int(chance.integers(3, 8)), 0, colour, outline)
        else:
            draw.line(chance.uniform(0, 1, 8) * half * 4 + np.tile([across, down], 4), colour, 5)
    return np.array(image)


def _code(chance: Chance) -> Pixels:
    """Black and white squares with three marks in the corners, as a QR code; a bar code now and then."""
    if chance.random() < 0.25:
        bars = np.repeat(chance.integers(0, 2, 90), chance.integers(2, 7)) * 255
        return _grey(np.broadcast_to(bars, (int(len(bars) * chance.uniform(0.4, 0.8)), len(bars))))
    count = int(chance.choice([21, 25, 29, 33, 37]))
    modules = chance.integers(0, 2, (count, count))
    mark = np.ones((7, 7), int)
    mark[1:6, 1:6] = 0
    mark[2:5, 2:5] = 1
    for rows, columns in ((slice(0, 7), slice(0, 7)), (slice(0, 7), slice(-7, None)), (slice(-7, None), slice(0, 7))):
        modules[rows, columns] = mark
    return _grey(np.kron(np.pad(1 - modules, 4, constant_values=1), np.ones((12, 12), int)) * 255)


def _noise(chance: Chance) -> Pixels:
    width, height = _size(chance)
    cell, grey = int(chance.choice([1, 1, 2, 4, 16])), bool(chance.integers(2))
    shape = (height // cell, width // cell, 1 if grey else 3)
    if chance.integers(2):
        values = chance.integers(0, 256, shape)
    else:
        values = chance.normal(chance.uniform(60, 200), chance.uniform(10, 60), shape).clip(0, 255)
    cells = np.broadcast_to(values, (*shape[:2], 3)).astype(np.uint8)
    return np.repeat(np.repeat(cells, cell, axis=0), cell, axis=1)


def _checkerboard(chance: Chance) -> Pixels:
    width, height = _size(chance)
    cell = int(chance.integers(4, 100))
    down, across = np.indices((height, width)) // cell
    both = np.array([_colour(chance), _colour(chance)] if chance.integers(2) else [(0, 0, 0), (255, 255, 255)])
    return both[(down + across) % 2].astype(np.uint8)


def _single_colour(chance: Chance) -> Pixels:
    width, height = _size(chance)
    colour = _colour(chance) if chance.integers(3) else (int(chance.integers(256)),) * 3
    return np.full((height, width, 3), colour, np.uint8)


def _gradient(chance: Chance) -> Pixels:
    width, height = _size(chance)
    down, across = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = chance.uniform(0, 2 * np.pi)
    along = np.hypot(down, across) if chance.integers(2) else np.cos(angle) * across + np.sin(angle) * down
    share = ((along - along.min()) / np.ptp(along))[..., None]
    return np.rint(share * _colour(chance) + (1 - share) * _colour(chance)).astype(np.uint8)


def _grey(values: np.ndarray) -> Pixels:
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


KINDS: dict[str, Callable[[Chance], Pixels]] = {
    "document": _document,
    "screenshot": _screenshot,
    "chart": _chart,
    "drawing": _drawing,
    "code": _code,
    "noise": _noise,
    "checkerboard": _checkerboard,
    "single colour": _single_colour,
    "gradient": _gradient,
}
