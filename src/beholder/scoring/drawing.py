"""What the sheets of `beholder explain` and others are drawn with: colours, a pen, the font that Pillow brings."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

INK, DIM, FAINT, PAPER = (30, 30, 34), (110, 110, 118), (205, 205, 212), (255, 255, 255)
WARNING = (170, 95, 0)
_INSTEAD = {"σ": "sigma", "‰": "/1000", "−": "-", "×": "x ", "\N{EN DASH}": "-", "\N{EM DASH}": "-"}
_EXTRA = "°·…±"  # letters beside ASCII that it has


def drawable(text: str) -> str:
    """A text in letters that Pillow's own font has: accents are left off, and ? stands for what it lacks.

    >>> drawable("σ 21 of 255"), drawable("2‰ of the long side"), drawable("×0.82"), drawable("−1.3 EV")
    ('sigma 21 of 255', '2/1000 of the long side', 'x 0.82', '-1.3 EV')
    >>> drawable("Été 中.jpg")
    'Ete ?.jpg'
    """
    for letter, instead in _INSTEAD.items():
        text = text.replace(letter, instead)
    plain = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" or letter in _EXTRA else "?" for letter in plain)


def draw_on(sheet: Image.Image) -> ImageDraw.ImageDraw:
    """A pen for a picture. Fonts and drawing are loaded here: scoring does without them."""
    from PIL import ImageDraw

    return ImageDraw.Draw(sheet)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of a height in pixels. It lacks most letters: :func:`drawable` writes them in another way."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def fitted(text: str, size: int, width: float) -> str:
    """A text that is at most so many pixels wide, its end kept: the beginning of a longer one becomes an ellipsis.

    >>> fitted("a.jpg", 20, 200), fitted("x" * 100 + ".jpg", 20, 100)
    ('a.jpg', '…xxxxx.jpg')
    """
    letters = font(size)
    start = 0
    while start < len(text) and letters.getlength(f"…{text[start:]}" if start else text) > width:
        start += max(1, (len(text) - start) // 20)
    return f"…{text[start:]}" if start else text


def wrapped(texts: Sequence[str], size: int, width: float) -> list[str]:
    """Texts as lines of at most so many pixels, each text on lines of its own.

    >>> wrapped(["one two three", "four"], 20, 80)
    ['one two', 'three', 'four']
    """
    letters = font(size)
    lines = []
    for text in texts:
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and letters.getlength(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines
