"""The sheet of `beholder explain`: the photograph, its map, what the numbers say, and all numbers, in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from beholder.scoring import heatmap
from beholder.scoring.drawing import DIM, FAINT, INK, PAPER, WARNING, draw_on, drawable, fitted, font, wrapped
from beholder.scoring.scores import Scores, is_unlike
from beholder.scoring.words import sentences
from beholder.tasks import DETAIL_KINDS, EDIT, RATING, Task, of_kind

if TYPE_CHECKING:
    from PIL import ImageDraw

WIDTH, MARGIN, GAP = 1280, 36, 24  # pixels of what is drawn, around it, and between two things
MOST_TALL = 760  # pixels of a photograph
LEAST_LONG, LARGER = 320, 2  # a small one is enlarged to this long side, or so many times
PANORAMA = 2.2  # width by height, from which the map stands below the photograph
ROW = 30  # pixels from one bar to the next


def draw_sheet(scores: Scores, index: int, pixels: np.ndarray, evidence: np.ndarray, name: str = "") -> Image.Image:
    """Photograph, map with its scale, words, and bars of all scores and edits: an RGB image 1,352 pixels wide.

    Args:
        scores: of length one.
        index: of the task that the map is of.
        pixels: (H, W, 3) uint8, the photograph.
        evidence: (rows, columns) points of the score that each cell adds or takes.
        name: of the photograph, any text.
    """
    task, scale = scores.tasks[index], heatmap.scale_end(float(np.abs(evidence).max()))
    picture = Image.fromarray(pixels)
    beside = picture.width < PANORAMA * picture.height
    size = _size(picture, (WIDTH - GAP) // 2 if beside else WIDTH)
    texts = wrapped([drawable(text) for text in sentences(scores)], 19, WIDTH)
    top = MARGIN + 72
    legend = top + size[1] * (1 if beside else 2) + (0 if beside else GAP) + 14
    words = legend + 66
    bars = words + 27 * len(texts) + GAP
    rows = max(len(_ratings(scores)), len(of_kind(scores.tasks, EDIT)))
    sheet = Image.new("RGB", (WIDTH + 2 * MARGIN, bars + ROW * rows + 24 + MARGIN), PAPER)
    pen = draw_on(sheet)
    pen.text((MARGIN, MARGIN - 6), fitted(drawable(name or "a photograph"), 28, WIDTH), INK, font(28))
    pen.text((MARGIN, MARGIN + 36), fitted(_about(scores, index), 16, WIDTH), DIM, font(16))
    large = picture.resize(size, Image.Resampling.LANCZOS)
    sheet.paste(large, (MARGIN, top))
    second = (MARGIN + size[0] + GAP, top) if beside else (MARGIN, top + size[1] + GAP)
    sheet.paste(heatmap.overlay(large, evidence, scale), second)
    _draw_legend(sheet, task, evidence.shape, scale, legend)
    unlike = is_unlike(scores)
    for line, text in enumerate(texts):
        pen.text((MARGIN, words + 27 * line), text, WARNING if unlike and line == 0 else INK, font(19))
    _draw_bars(pen, scores, index, bars)
    return sheet


def _size(picture: Image.Image, width: int) -> tuple[int, int]:
    """As large as fits; small ones only as far as needed to see something."""
    most = max(LARGER, LEAST_LONG / max(picture.size))
    share = min(width / picture.width, MOST_TALL / picture.height, most)
    return max(1, round(picture.width * share)), max(1, round(picture.height * share))


def _about(scores: Scores, index: int) -> str:
    (width, height), task, score = scores.sizes[0], scores.tasks[index], float(scores.values[0, index])
    value = f"{score:.2f} of {task.low:g} to {task.high:g}" if task.kind == RATING else task.amount(score)
    return drawable(f"{width} x {height} pixels · {scores.model} · map of {task.words}: {value}")


def _draw_legend(sheet: Image.Image, task: Task, cells: tuple[int, ...], scale: float, top: int) -> None:
    pen, small, span = draw_on(sheet), font(14), 420
    step = heatmap.contour_step(scale)
    sheet.paste(heatmap.scale_bar(span, 18, scale), (MARGIN, top))
    lines = [step * number for number in range(1, 99) if step * number < scale - step / 1.5]  # told by a number
    for value in (*(-line for line in lines), 0, *lines, -scale, scale):
        place = MARGIN + span * (value / scale + 1) / 2
        pen.text((place, top + 22), f"{value:+g}" if value else "0", INK, small, "la" if value == -scale else "ma")
    rows, columns = cells
    what, score = ("points", "score") if task.kind == RATING else ("amount", "amount")
    texts = (
        f"The map: {what} of {task.words} that a cell adds (orange) or takes (blue), lines every {step:g}.",
        f"That is what the {score} loses when one of {columns} x {rows} cells is hidden.",
    )
    for line, text in enumerate(texts):
        pen.text((MARGIN + span + 32, top - 2 + 21 * line), text, INK, font(15))


def _ratings(scores: Scores) -> tuple[Task, ...]:
    """Ratings, then disagreement and familiarity: the left column."""
    return of_kind(scores.tasks, RATING, *DETAIL_KINDS[1:])


def _draw_bars(pen: ImageDraw.ImageDraw, scores: Scores, chosen: int, top: int) -> None:
    edits = of_kind(scores.tasks, EDIT)
    column = (WIDTH - 2 * GAP) // 2 if edits else WIDTH
    _draw_column(pen, scores, chosen, _ratings(scores), (MARGIN, top), column)
    _draw_column(pen, scores, chosen, edits, (MARGIN + column + 2 * GAP, top), column)
    rows = max(len(_ratings(scores)), len(edits))
    note = "line: 90% interval; p: percentile among the rated photographs"
    if edits:
        note += ". Predicted edits begin at no change; dark: clear, an unedited picture lies outside the interval"
    pen.text((MARGIN, top + ROW * rows + 8), note, DIM, font(14))


def _draw_column(
    pen: ImageDraw.ImageDraw, scores: Scores, chosen: int, tasks: Sequence[Task], place: tuple[int, int], width: int
) -> None:
    small = font(15)
    texts = [_beside_bar(scores, task) for task in tasks]
    label = 14 + max((round(small.getlength(task.words)) for task in tasks), default=0)
    number = 14 + max((round(small.getlength(text)) for text in texts), default=0)
    left, span = place[0] + label, width - label - number
    for row, (task, text) in enumerate(zip(tasks, texts, strict=True)):
        index, y = scores.tasks.index(task), place[1] + ROW * row
        low, value, high = (float(task.to_unit(each[0, index])) for each in (scores.low, scores.values, scores.high))
        plain = task.kind == EDIT and not _is_clear(scores, task)
        ink = DIM if plain else INK
        pen.text((place[0], y), task.words, ink, small)
        pen.rounded_rectangle((left, y + 2, left + span, y + 16), 5, FAINT)
        colour = heatmap.RAISES if index == chosen else (165, 165, 172) if plain else DIM
        # On a scale with negative values bars start at zero, and those of edits at no change.
        zero = min(max(float(task.to_unit(0 if task.neutral is None else task.neutral)), 0), 1)
        ends = sorted((left + zero * span, left + value * span))
        ends[0] = min(ends[0], left + span - 5)
        pen.rounded_rectangle((ends[0], y + 2, max(ends[1], ends[0] + 5), y + 16), 5, colour)
        if 0 < zero < 1:
            pen.line((left + zero * span, y - 1, left + zero * span, y + 19), ink)
        if task.kind in (RATING, EDIT):
            pen.line((left + low * span, y + 9, left + high * span, y + 9), ink, 2)
            for end in (low, high):
                pen.line((left + end * span, y + 5, left + end * span, y + 13), ink, 2)
        pen.text((left + span + 12, y), text, ink, small)


def _is_clear(scores: Scores, task: Task) -> bool:
    index = scores.tasks.index(task)
    return task.is_clear(float(scores.low[0, index]), float(scores.high[0, index]))


def _beside_bar(scores: Scores, task: Task) -> str:
    index = scores.tasks.index(task)
    value, low, high = (float(each[0, index]) for each in (scores.values, scores.low, scores.high))
    if task.kind == RATING:
        return f"{value:.2f}  p{int(scores.percentiles[0, index])}"
    amount = task.amount(value)
    return drawable(f"{amount} ({task.number(low)} to {task.number(high)})" if task.kind == EDIT else amount)
