"""Where in a photograph a score comes from: a signed heat map at a stated scale.

The map is made by occlusion: each cell of a grid is hidden in turn, and what the score loses is what the cell adds. It
is hidden twice, blurred and covered with the mean colour, and the two losses are averaged: a blur leaves colours, a
cover makes edges, and their mean is more faithful than either. This works with any model file, and takes two inferences
per cell. `Scores.evidence` is the fast map that a model computes along with its scores; what it points at matters far
less (`docs/model-card.md`), so that no page shows it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image, ImageFilter

from beholder.scoring import heatmap
from beholder.scoring.scores import Scores, same_content
from beholder.scoring.words import sentences
from beholder.tasks import Task

BLUR = 11  # radius of the blur that hides a cell: this part of the mean side


def occlude(score: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray, grid: int = 8, batch: int = 8) -> np.ndarray:
    """The points that each task loses when a cell is hidden: the mean of blurring it and of covering it.

    Args:
        score: function from (B, height, width, 3) uint8 to (B, T) scores.
        pixels: (height, width, 3) uint8, in the input size of the model.
        grid: cells per side.
        batch: pictures per call of ``score``.

    Returns:
        (T, grid, grid), in the units of ``score``.
    """
    height, width = pixels.shape[:2]
    fills = blur(pixels), np.broadcast_to(pixels.mean(axis=(0, 1)).astype(np.uint8), pixels.shape)
    rows, columns = (np.linspace(0, side, grid + 1).round().astype(int) for side in (height, width))
    whole = score(pixels[None])[0]
    losses = []
    count = len(fills) * grid * grid
    for start in range(0, count, batch):
        hidden = []
        for number in range(start, min(start + batch, count)):
            fill, cell = divmod(number, grid * grid)
            row, column = divmod(cell, grid)
            place = np.s_[rows[row] : rows[row + 1], columns[column] : columns[column + 1]]
            picture = pixels.copy()
            picture[place] = fills[fill][place]
            hidden.append(picture)
        losses.append(whole - score(np.stack(hidden)))
    each = np.concatenate(losses).reshape(len(fills), grid, grid, len(whole))
    return each.mean(axis=0).transpose(2, 0, 1)


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
        name: of the photograph, for the title; empty if it has none.

    >>> import beholder
    >>> explanation = beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2)
    >>> explanation.evidence.shape, explanation.scores.overall.round(1)
    ((2, 2), array([4.5], dtype=float32))
    """

    SIDE: ClassVar[int] = 900  # longest side of the drawn photograph, pixels

    scores: Scores
    index: int
    pixels: np.ndarray
    evidence: np.ndarray
    name: str = ""

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

    def _repr_png_(self) -> bytes:
        """The picture that a notebook shows: the sheet of :meth:`draw` as PNG."""
        picture = io.BytesIO()
        self.draw().save(picture, "PNG")
        return picture.getvalue()

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
        4.5
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

    def overlay(self, size: tuple[int, int] | None = None) -> Image.Image:
        """The photograph, dark and grey, under the heat map with its contour lines: an RGB image.

        Args:
            size: width and height in pixels; by default those of ``pixels``, with sides of at most ``SIDE``.

        >>> import beholder
        >>> beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2).overlay().size
        (640, 427)
        """
        picture = Image.fromarray(self.pixels)
        if size is None:
            picture.thumbnail((self.SIDE, self.SIDE), Image.Resampling.LANCZOS)
        else:
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        return heatmap.overlay(picture, self.evidence, self.scale)

    def words(self) -> list[str]:
        """What the scores say of the photograph, in sentences.

        >>> import beholder
        >>> beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2).words()[1]
        'No clear fault in light, focus or colour.'
        """
        return sentences(self.scores)

    def draw(self) -> Image.Image:
        """A sheet, an RGB image: the photograph, its heat map with its scale, words, bars of all scores and edits.

        >>> import beholder
        >>> beholder.load("fast").explain("examples/photos/rocket.jpg", grid=2).draw().mode
        'RGB'
        """
        from beholder.scoring.sheet import draw_sheet  # draws explanations, and is needed for nothing else

        return draw_sheet(self.scores, self.index, self.pixels, self.evidence, self.name)
