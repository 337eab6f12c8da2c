"""Sheets of photographs as one image: galleries with captions, and heat maps over photographs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from beholder.extras import require
from beholder.photos.read import read_photo
from beholder.scoring import heatmap
from beholder.scoring.drawing import INK, PAPER
from beholder.scoring.heatmap import LOWERS, RAISES

Photograph = str | os.PathLike[str] | Image.Image | np.ndarray

SHEET_WIDTH = 1400  # pixels at most; shown at half of that
GAP = 24  # pixels between photographs
LINE_HEIGHT = 31  # of text, pixels
MAT_COLOUR, MUTED_COLOUR, SCORE_COLOUR = (236, 236, 234), (99, 102, 108), (11, 122, 112)


class Bar(NamedTuple):
    """A number on its scale."""

    label: str
    value: float
    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a value is between the ends of the scale, 0 to 1; values beyond are at the ends."""
        return min(max((value - self.low) / (self.high - self.low), 0), 1)


def gallery(photographs: Sequence[Photograph], captions: Sequence[str], columns: int = 5) -> Image.Image:
    """Thumbnails with captions, row by row (Soydaner & Wagemans 2023, Figures 6, 7, 11 and 12).

    Args:
        photographs: paths, Pillow images or (H, W, 3) uint8.
        captions: one for each photograph; line breaks are kept, long lines are wrapped.
        columns: thumbnails in a row.

    Raises:
        PhotoError: a photograph cannot be read.
        ValueError: no photographs, or not one caption for each.
    """
    if not photographs or len(photographs) != len(captions) or columns < 1:
        raise ValueError("gallery: need photographs, one caption each and at least one column")
    columns = min(columns, len(photographs))
    gap, font = GAP, _font(24)
    wide = min((SHEET_WIDTH - gap * (columns + 1)) // columns, 560)
    tall = wide * 3 // 4
    texts = [_wrapped(caption, font, wide) for caption in captions]
    rows = [texts[start : start + columns] for start in range(0, len(texts), columns)]
    heights = [tall + 14 + LINE_HEIGHT * max(len(text) for text in row) + gap for row in rows]
    sheet = Image.new("RGB", (columns * (wide + gap) + gap, gap + sum(heights)), PAPER)
    pen = ImageDraw.Draw(sheet)
    for index, (photograph, text) in enumerate(zip(photographs, texts, strict=True)):
        row, column = divmod(index, columns)
        left, top = gap + column * (wide + gap), gap + sum(heights[:row])
        pen.rectangle((left, top, left + wide - 1, top + tall - 1), MAT_COLOUR)
        picture = _fitted(photograph, wide, tall)
        sheet.paste(picture, (left + (wide - picture.width) // 2, top + (tall - picture.height) // 2))
        _write_lines(pen, (left, top + tall + 10), text, font)
    return sheet


def profiles(
    photographs: Sequence[Photograph], bars: Sequence[Sequence[Bar]], captions: Sequence[str], columns: int = 2
) -> Image.Image:
    """Photographs, each with its numbers as horizontal bars below it (Li et al. 2019, Figure 5).

    A bar starts at 0 where its scale has both signs, and at the low end otherwise.

    Args:
        photographs: as of :func:`gallery`.
        bars: for each photograph its bars, from the top.
        captions: one line for each photograph, above its bars.
        columns: photographs in a row.

    Raises:
        PhotoError: a photograph cannot be read.
        ValueError: no photographs, or numbers of bars and captions that do not fit.
    """
    if not photographs or not len(photographs) == len(bars) == len(captions) or columns < 1:
        raise ValueError("profiles: need photographs, bars and a caption for each, and at least one column")
    columns = min(columns, len(photographs))
    gap, font = GAP, _font(22)
    wide = min((SHEET_WIDTH - gap * (columns + 1)) // columns, 660)
    tall = wide * 5 // 8
    label, number = wide * 38 // 100, 84  # widths of the text beside a bar
    height = tall + 14 + LINE_HEIGHT * (1 + max(map(len, bars))) + gap
    rows = -(-len(photographs) // columns)
    sheet = Image.new("RGB", (columns * (wide + gap) + gap, gap + rows * height), PAPER)
    pen = ImageDraw.Draw(sheet)
    for index, (photograph, lines, caption) in enumerate(zip(photographs, bars, captions, strict=True)):
        row, column = divmod(index, columns)
        left, top = gap + column * (wide + gap), gap + row * height
        pen.rectangle((left, top, left + wide - 1, top + tall - 1), MAT_COLOUR)
        picture = _fitted(photograph, wide, tall)
        sheet.paste(picture, (left + (wide - picture.width) // 2, top + (tall - picture.height) // 2))
        top += tall + 10
        _write_lines(pen, (left, top), _wrapped(caption, font, wide)[:1], font)
        start, end = left + label, left + wide - number
        for bar in lines:
            top += LINE_HEIGHT
            _write_lines(pen, (left, top), _wrapped(bar.label, font, label - 12)[:1], font)
            zero, tip = (start + (end - start) * bar.place(value) for value in (max(bar.low, 0), bar.value))
            middle = top + LINE_HEIGHT // 2
            pen.line((start, middle, end, middle), MUTED_COLOUR)
            colour = LOWERS if bar.value < 0 else RAISES if bar.low < 0 else SCORE_COLOUR
            pen.rectangle((min(zero, tip), middle - 9, max(zero, tip), middle + 9), colour)
            pen.line((zero, middle - 12, zero, middle + 12), INK)
            sign = "+" if bar.low < 0 else ""
            text = f"{bar.value:{sign}.2f}".replace("-", "\u2212")
            pen.text((left + wide, top), text, INK, font, anchor="ra")
    return sheet


def heat_maps(
    photographs: Sequence[Photograph],
    maps: Sequence[Sequence[np.ndarray]],
    column_titles: Sequence[str],
    captions: Sequence[str],
    unit: str = "points of score",
) -> Image.Image:
    """Photographs, each beside its maps of what raises (orange) and lowers (blue) its score.

    As Soydaner & Wagemans (2023), Figures 8 and 13. Each column has one scale, whose end is the largest value in the
    column rounded up to one significant figure; a bar below the column shows it.

    Args:
        photographs: R paths, Pillow images or (H, W, 3) uint8.
        maps: R x C signed maps of any (H, W) in points of the score; values that are not finite are drawn as zero.
        column_titles: C titles, without that of the column of photographs.
        captions: R captions, one below each row.
        unit: unit of the maps.

    Raises:
        PhotoError: a photograph cannot be read.
        ValueError: no photographs or titles, or numbers of maps and captions that do not fit.
    """
    count = len(column_titles)
    if not photographs or not len(photographs) == len(maps) == len(captions):
        raise ValueError("heat_maps: need photographs, and for each its maps and a caption")
    if not count or any(len(row) != count for row in maps):
        raise ValueError("heat_maps: need column titles, and for each photograph one map for each column")
    gap, font, small = GAP, _font(24), _font(22)
    wide = min((SHEET_WIDTH - gap * (count + 2)) // (count + 1), 520)
    values = [[np.nan_to_num(np.asarray(cells, np.float32), posinf=0, neginf=0) for cells in row] for row in maps]
    scales = [heatmap.scale_end(max(float(np.abs(row[column]).max()) for row in values)) for column in range(count)]
    pictures = [_fitted(photograph, wide, wide * 5 // 4) for photograph in photographs]
    titles = [_wrapped(title, font, wide) for title in ("photograph", *column_titles)]
    total = (count + 1) * (wide + gap) + gap
    texts = [_wrapped(caption, font, total - 2 * gap) for caption in captions]
    head = gap + LINE_HEIGHT * max(len(title) for title in titles) + 8
    heights = [
        picture.height + 12 + LINE_HEIGHT * len(text) + gap for picture, text in zip(pictures, texts, strict=True)
    ]
    foot = 100
    sheet = Image.new("RGB", (total, head + sum(heights) + foot), PAPER)
    pen = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        _write_lines(pen, (gap + column * (wide + gap), gap), title, font)
    top = head
    for picture, row, text, height in zip(pictures, values, texts, heights, strict=True):
        drawn = [picture, *(heatmap.overlay(picture, cells, scale) for cells, scale in zip(row, scales, strict=True))]
        for column, image in enumerate(drawn):
            sheet.paste(image, (gap + column * (wide + gap), top))
        _write_lines(pen, (gap, top + picture.height + 8), text, font)
        top += height
    for column, scale in enumerate(scales, start=1):
        left = gap + column * (wide + gap)
        sheet.paste(heatmap.scale_bar(wide, 22, scale), (left, top))
        for x, label, anchor in (
            (0, f"\u2212{scale:g}", "la"), (wide / 2, "0", "ma"), (wide, f"+{scale:g}", "ra"),
        ):  # fmt: skip
            pen.text((left + x, top + 28), label, INK, small, anchor=anchor)
        pen.text((left + wide / 2, top + 58), unit, MUTED_COLOUR, small, anchor="ma")
    return sheet


def beside(photograph: Photograph, chart: Image.Image) -> Image.Image:
    """A photograph at the left of a chart, as high (Song et al. 2023, Figure 8).

    Raises:
        PhotoError: the photograph cannot be read.
    """
    picture = _fitted(photograph, SHEET_WIDTH - 3 * GAP - chart.width, chart.height)
    sheet = Image.new("RGB", (picture.width + chart.width + 3 * GAP, chart.height + 2 * GAP), PAPER)
    sheet.paste(picture, (GAP, GAP + (chart.height - picture.height) // 2))
    sheet.paste(chart, (picture.width + 2 * GAP, GAP))
    return sheet


def _write_lines(
    pen: ImageDraw.ImageDraw, left_top: tuple[int, int], lines: Sequence[str], font: ImageFont.FreeTypeFont
) -> None:
    left, top = left_top
    for index, line in enumerate(lines):
        pen.text((left, top + index * LINE_HEIGHT), line, INK, font)


def _fitted(photograph: Photograph, wide: int, tall: int) -> Image.Image:
    """The photograph in RGB and upright, as large as fits into ``wide`` x ``tall`` pixels with its aspect ratio."""
    picture = Image.fromarray(read_photo(photograph).pixels)
    scale = min(wide / picture.width, tall / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and has Greek letters."""
    folder = Path(require("matplotlib", "train", "figures").get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / "DejaVuSans.ttf"), size)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, wide: float) -> list[str]:
    """Lines of at most ``wide`` pixels. A longer word is cut and ends with an ellipsis."""
    lines = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if font.getlength(longer) <= wide:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            while font.getlength(line) > wide and len(line) > 2:
                line = line.rstrip("…")[:-1] + "…"
        lines.append(line)
    return lines
