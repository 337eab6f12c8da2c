"""What the sheets of `beholder explain` and others are drawn with: colours, a pen, the font that Pillow brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

INK, FAINT, PAPER, WARNING = (30, 30, 34), (205, 205, 212), (255, 255, 255), (170, 95, 0)


def drawable(text: str) -> str:
    """A text without the letters that Pillow's own font lacks.

    >>> drawable("σ 21 of 255"), drawable("2‰ of the long side"), drawable("×0.82"), drawable("−1.3 EV")
    ('sigma 21 of 255', '2/1000 of the long side', 'x 0.82', '-1.3 EV')
    """
    for letter, instead in (("σ", "sigma"), ("‰", "/1000"), ("−", "-"), ("×", "x ")):
        text = text.replace(letter, instead)
    return text


def draw_on(sheet: Image.Image) -> ImageDraw.ImageDraw:
    """A pen for a picture. Fonts and drawing are loaded here: scoring does without them."""
    from PIL import ImageDraw

    return ImageDraw.Draw(sheet)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of a height in pixels. It lacks some letters: :func:`drawable` writes them in another way."""
    from PIL import ImageFont

    return ImageFont.load_default(size)
