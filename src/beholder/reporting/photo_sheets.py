"""Sheets of photographs: galleries with captions, and heat maps over photographs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from beholder.extras import require
from beholder.photos.read import read_photo
from beholder.reporting.charts import Photograph
from beholder.scoring import heatmap
from beholder.scoring.explain import INK, PAPER

SHEET = 1400  # width of a sheet of photographs, pixels; shown at half of that


def gallery(photographs: Sequence[Photograph], captions: Sequence[str], columns: int = 5) -> Image.Image:
    """Thumbnails with a caption below each, row by row (ibid., Figures 6, 7, 11 and 12).

    Args:
        photographs: paths, Pillow images or (H, W, 3) uint8.
        captions: one each; a line break is kept, a long line is wrapped.
        columns: thumbnails a row.

    Raises:
        PhotoError: one cannot be read.
        ValueError: there are none, or not one caption each.
    """
    if not photographs or len(photographs) != len(captions) or columns < 1:
        raise ValueError("gallery: need photographs, one caption each and at least one column")
    columns = min(columns, len(photographs))
    gap, font = 24, _font(24)
    wide = min((SHEET - gap * (columns + 1)) // columns, 560)
    tall = wide * 3 // 4
    texts = [_wrapped(caption, font, wide) for caption in captions]
    line = 31
    rows = [texts[start : start + columns] for start in range(0, len(texts), columns)]
    heights = [tall + 14 + line * max(len(text) for text in row) + gap for row in rows]
    sheet = Image.new("RGB", (columns * (wide + gap) + gap, gap + sum(heights)), PAPER)
    pen = ImageDraw.Draw(sheet)
    for index, (given, text) in enumerate(zip(photographs, texts, strict=True)):
        row, column = divmod(index, columns)
        left, top = gap + column * (wide + gap), gap + sum(heights[:row])
        pen.rectangle((left, top, left + wide - 1, top + tall - 1), _MAT)
        picture = _fitted(given, wide, tall)
        sheet.paste(picture, (left + (wide - picture.width) // 2, top + (tall - picture.height) // 2))
        for number, words in enumerate(text):
            pen.text((left, top + tall + 10 + number * line), words, INK, font)
    return sheet


def maps(
    photographs: Sequence[Photograph],
    maps: Sequence[Sequence[np.ndarray]],
    column_titles: Sequence[str],
    captions: Sequence[str],
    unit: str = "points of score",
) -> Image.Image:
    """Each photograph, and beside it what raises (orange) and lowers (blue) its score (ibid., Figures 8 and 13).

    Args:
        photographs: R paths, Pillow images or (H, W, 3) uint8.
        maps: R x C signed maps of any (H, W), points of score; what is not finite is drawn as zero, transparent.
        column_titles: C, without the photograph's own column.
        captions: R, one below each row.
        unit: of the maps.

    Each column has one scale, the largest value in it rounded up to one figure, given by the bar below it.
    """
    count = len(column_titles)
    if not photographs or not len(photographs) == len(maps) == len(captions):
        raise ValueError("maps: need photographs, and for each its maps and a caption")
    if not count or any(len(row) != count for row in maps):
        raise ValueError("maps: need column titles, and for each photograph one map a column")
    gap, font, small = 24, _font(24), _font(22)
    line = 31
    wide = min((SHEET - gap * (count + 2)) // (count + 1), 520)
    values = [[np.nan_to_num(np.asarray(cells, np.float32), posinf=0, neginf=0) for cells in row] for row in maps]
    scales = [heatmap.scale_end(max(float(np.abs(row[column]).max()) for row in values)) for column in range(count)]
    pictures = [_fitted(given, wide, wide * 5 // 4) for given in photographs]
    titles = [_wrapped(title, font, wide) for title in ("photograph", *column_titles)]
    total = (count + 1) * (wide + gap) + gap
    texts = [_wrapped(caption, font, total - 2 * gap) for caption in captions]
    head = gap + line * max(len(title) for title in titles) + 8
    heights = [picture.height + 12 + line * len(text) + gap for picture, text in zip(pictures, texts, strict=True)]
    foot = 100
    sheet = Image.new("RGB", (total, head + sum(heights) + foot), PAPER)
    pen = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        for number, words in enumerate(title):
            pen.text((gap + column * (wide + gap), gap + number * line), words, INK, font)
    top = head
    for picture, row, text, height in zip(pictures, values, texts, heights, strict=True):
        drawn = [picture, *(heatmap.overlay(picture, cells, scale) for cells, scale in zip(row, scales, strict=True))]
        for column, image in enumerate(drawn):
            sheet.paste(image, (gap + column * (wide + gap), top))
        for number, words in enumerate(text):
            pen.text((gap, top + picture.height + 8 + number * line), words, INK, font)
        top += height
    for column, scale in enumerate(scales, start=1):
        left = gap + column * (wide + gap)
        sheet.paste(heatmap.scale_bar(wide, 22), (left, top))
        for place, words, anchor in (
            (0, f"\u2212{scale:g}", "la"), (wide / 2, "0", "ma"), (wide, f"+{scale:g}", "ra"),
        ):  # fmt: skip
            pen.text((left + place, top + 28), words, INK, small, anchor=anchor)
        pen.text((left + wide / 2, top + 58), unit, _FADED, small, anchor="ma")
    return sheet


_MAT, _FADED = (236, 236, 234), (99, 102, 108)


def _fitted(given: Photograph, wide: int, tall: int) -> Image.Image:
    """RGB, upright, aspect kept, as large as fits into ``wide`` x ``tall``."""
    picture = Image.fromarray(read_photo(given).pixels)
    portion = min(wide / picture.width, tall / picture.height)
    size = (max(1, round(picture.width * portion)), max(1, round(picture.height * portion)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has Greek and comes with matplotlib."""
    folder = Path(require("matplotlib", "train", "figures").get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / "DejaVuSans.ttf"), size)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, wide: float) -> list[str]:
    """Lines no wider than ``wide`` pixels. A word that is wider is cut, with an ellipsis."""
    lines = []
    for given in text.splitlines():
        line = ""
        for word in given.split():
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
