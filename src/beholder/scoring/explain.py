"""Where in a photograph a score comes from: a signed heat map at a stated scale, and all scores as bars.

The map is made by occlusion: each cell of a grid is blurred in turn, and what the score loses is what the cell adds.
This works with any model file and is the most faithful of the maps that were compared (`docs/how-it-works.md`). It
takes one inference per cell (64 in 3 seconds on two cores). `Scores.evidence` is the fast map that a model computes
along with its scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from PIL import Image, ImageFilter

from beholder.scoring import heatmap
from beholder.scoring.drawing import FAINT, INK, PAPER, WARNING, draw_on, drawable, font
from beholder.scoring.scores import Scores, same_content
from beholder.tasks import EDIT, RATING, Task

if TYPE_CHECKING:
    from PIL import ImageDraw

BLUR = 11  # radius of the blur that hides a cell: this part of the mean side; it leaves colours, but no detail


def occlude(score: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray, grid: int = 8, batch: int = 8) -> np.ndarray:
    """The points that each task loses when a cell is hidden.

    Args:
        score: function from (B, height, width, 3) uint8 to (B, T) scores.
        pixels: (height, width, 3) uint8, in the input size of the model.
        grid: cells per side.
        batch: pictures per call of ``score``.

    Returns:
        (T, grid, grid), in the units of ``score``.
    """
    height, width = pixels.shape[:2]
    blurred = blur(pixels)
    rows, columns = (np.linspace(0, side, grid + 1).round().astype(int) for side in (height, width))
    whole = score(pixels[None])[0]
    losses = []
    for start in range(0, grid * grid, batch):
        hidden = []
        for cell in range(start, min(start + batch, grid * grid)):
            row, column = divmod(cell, grid)
            place = np.s_[rows[row] : rows[row + 1], columns[column] : columns[column + 1]]
            picture = pixels.copy()
            picture[place] = blurred[place]
            hidden.append(picture)
        losses.append(whole - score(np.stack(hidden)))
    return np.concatenate(losses).T.reshape(len(whole), grid, grid)


def blur(pixels: np.ndarray) -> np.ndarray:
    """(height, width, 3) uint8 -> the same, blurred as in a hidden cell."""
    height, width = pixels.shape[:2]
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur((height + width) / 2 / BLUR)))


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Where in a photograph the score for one task comes from.

    Attributes:
        scores: of the photograph, all tasks; length one.
        index: of the task in ``scores.tasks``.
        pixels: (H, W, 3) uint8, the photograph, perhaps reduced.
        evidence: (rows, columns) points of the score that each cell adds (positive) or takes (negative).

    >>> import beholder
    >>> explanation = beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2)
    >>> explanation.evidence.shape, explanation.scores.overall.round(1)
    ((2, 2), array([4.6], dtype=float32))
    """

    SIDE: ClassVar[int] = 900  # longest side of the drawn photograph, pixels

    scores: Scores
    index: int
    pixels: np.ndarray
    evidence: np.ndarray

    def __eq__(self, other: object) -> bool:
        return same_content(self, other) if isinstance(other, Explanation) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as for any array

    def __repr__(self) -> str:
        rows, columns = self.evidence.shape
        least, most = self.evidence.min(), self.evidence.max()
        return (
            f"Explanation({self.task.name} {self.score:.3g} by {self.scores.model}: "
            f"{columns} x {rows} cells from {least:+.2g} to {most:+.2g} points)"
        )

    @property
    def task(self) -> Task:
        """The task that is explained.

        >>> import beholder
        >>> beholder.load("fast").explain("examples/photos/rocket.jpg", "quality", grid=2).task.name
        'quality'
        """
        return self.scores.tasks[self.index]

    @property
    def score(self) -> float:
        """The score for the task, native units.

        >>> import beholder
        >>> round(beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2).score, 1)
        4.6
        """
        return float(self.scores.values[0, self.index])

    @property
    def scale(self) -> float:
        """Points of the score for one cell at full colour: the largest in this map, rounded up to one figure.

        >>> import beholder
        >>> explanation = beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2)
        >>> bool(abs(explanation.evidence).max() <= explanation.scale)
        True
        """
        return heatmap.scale_end(float(np.abs(self.evidence).max()))

    def overlay(self) -> Image.Image:
        """The photograph under the heat map, an RGB image with sides of at most ``SIDE``.

        >>> import beholder
        >>> beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2).overlay().size
        (640, 427)
        """
        picture = Image.fromarray(self.pixels)
        picture.thumbnail((self.SIDE, self.SIDE), Image.Resampling.LANCZOS)
        return heatmap.overlay(picture, self.evidence, self.scale)

    def draw(self) -> Image.Image:
        """A sheet, an RGB image: photograph, heat map with its scale, bars of all scores with their intervals.

        >>> import beholder
        >>> beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2).draw().mode
        'RGB'
        """
        overlay = self.overlay()
        width, height = overlay.size
        picture = Image.fromarray(self.pixels).resize(overlay.size, Image.Resampling.LANCZOS)
        gap, bars = 24, 38 * len(self.scores.tasks) + 60
        beside = width < height  # upright or small photographs stand beside their map, others above it
        pictures = (2 * width + gap, height) if beside or width <= 640 else (width, 2 * height + gap)
        sheet = Image.new("RGB", (max(pictures[0], 640) + 2 * gap, pictures[1] + bars + 150), PAPER)
        pen = draw_on(sheet)
        shown = f"{self.score:.2f}" if self.task.kind == RATING else drawable(self.task.amount(self.score))
        title = f"{self.task.name} {shown}   ({self.task.low:g} to {self.task.high:g})"
        pen.text((gap, 16), title, INK, font(26))
        if self.scores.unlike is not None and self.scores.unlike[0]:
            pen.text((sheet.width - gap, 24), "unlike what was rated: its scores say little", WARNING, font(15), "ra")
        sheet.paste(picture, (gap, 60))
        second = (gap + width + gap, 60) if pictures[1] == height else (gap, 60 + height + gap)
        sheet.paste(overlay, second)
        below = 60 + pictures[1] + 14
        self._legend(sheet, gap, below)
        self._bars(pen, gap, below + 72, sheet.width - 2 * gap)
        return sheet

    def _legend(self, sheet: Image.Image, left: int, top: int) -> None:
        pen = draw_on(sheet)
        span = 260
        sheet.paste(heatmap.scale_bar(span, 15), (left, top))
        small = font(14)
        for place, text, anchor in (
            (0, f"-{self.scale:g}", "la"),
            (span / 2, "0", "ma"),
            (span, f"+{self.scale:g}", "ra"),
        ):
            pen.text((left + place, top + 18), text, INK, small, anchor=anchor)
        rows, columns = self.evidence.shape
        is_rating = self.task.kind == RATING
        lines = (
            f"{'points' if is_rating else 'amount'} of {self.task.name} that a cell adds (orange) or takes (blue):",
            f"what the {'score' if is_rating else 'amount'} loses when one of {columns} x {rows} cells is blurred away",
        )
        for line, text in enumerate(lines):
            pen.text((left + span + 20, top - 2 + 20 * line), text, INK, small)

    def _bars(self, pen: ImageDraw.ImageDraw, left: int, top: int, width: int) -> None:
        small = font(15)
        texts = [self._beside_bar(index) for index in range(len(self.scores.tasks))]
        number = max(150, *(round(small.getlength(text)) + 14 for text in texts))
        label = max(110, *(round(small.getlength(task.name)) + 14 for task in self.scores.tasks))
        span = width - label - number
        for index, task in enumerate(self.scores.tasks):
            y = top + 38 * index
            low, value, high = (
                float(task.to_unit(row[0, index])) for row in (self.scores.low, self.scores.values, self.scores.high)
            )
            pen.text((left, y), task.name, INK, small)
            pen.rounded_rectangle((left + label, y + 2, left + label + span, y + 18), 5, FAINT)
            chosen = heatmap.RAISES if index == self.index else (110, 110, 120)
            # On a scale with negative values bars start at zero, and those of edits at no change.
            zero = min(max(float(task.to_unit(0 if task.neutral is None else task.neutral)), 0), 1)
            ends = sorted((left + label + zero * span, left + label + value * span))
            ends[0] = min(ends[0], left + label + span - 5)
            pen.rounded_rectangle((ends[0], y + 2, max(ends[1], ends[0] + 5), y + 18), 5, chosen)
            pen.line((left + label + low * span, y + 10, left + label + high * span, y + 10), INK, 2)
            if 0 < zero < 1:
                pen.line((left + label + zero * span, y - 1, left + label + zero * span, y + 21), INK)
            for end in (low, high):
                pen.line((left + label + end * span, y + 6, left + label + end * span, y + 14), INK, 2)
            pen.text((left + label + span + 12, y), texts[index], INK, small)
        note = "line: 90% interval for the mean rating; p: percentile among the rated photographs"
        if any(task.kind == EDIT for task in self.scores.tasks):
            note += "; bars of edits begin at no change"
        pen.text((left + label, top + 38 * len(self.scores.tasks) - 12), note, (110, 110, 118), font(13))

    def _beside_bar(self, index: int) -> str:
        task, value = self.scores.tasks[index], float(self.scores.values[0, index])
        if task.kind == RATING:
            return f"{value:.2f}   p{int(self.scores.percentiles[0, index])}"
        return drawable(task.amount(value))
