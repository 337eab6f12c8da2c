"""The content of a report of tables and figures, which is written as one HTML page and as Markdown.

Numbers that a paper prints (*published*) and numbers that this program computed (*measured here*) are kept apart: each
column of a table and each picture has one source. Where something could not be measured, a sentence says why.

The page is one file without scripts and needs no network; its content security policy allows only inline pictures and
its one style sheet. All text is escaped; in paragraphs and notes, text between backticks is code. The same content
gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from beholder.metrics import Estimate, Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Source = Literal["", "published", "measured"]


@dataclass(frozen=True)
class Spread:
    """One quantity over several seeds.

    Attributes:
        mean: mean over the seeds.
        low, high: smallest and largest value.
        n: number of seeds.
    """

    mean: float
    low: float
    high: float
    n: int


Cell = str | float | int | None | Interval | Estimate | Spread


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, and whether its numbers are published, measured here, or neither."""

    title: str
    source: Source = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        number: its name in the paper, for example ``Table 5``; empty where the paper has no such table.
        title: what it shows.
        columns: C columns; put those of one source side by side.
        rows: C cells each. None is shown as a dash, NaN as ``undefined``.
        note: a remark below the table.
        digits: decimals of floats, intervals and spreads; an int has none.

    Raises:
        ValueError: a row does not have one cell for each column.
    """

    number: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    digits: int = 3

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"{self.number or self.title}: {len(row)} cells for {len(self.columns)} columns: {row}"
                )


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure.

    Attributes:
        number, title, note: as in :class:`Table`.
        image: a chart (matplotlib, saved as PNG) or a sheet of photographs (Pillow, saved as JPEG).
        alt: one sentence that describes the picture to people who cannot see it.
        source: where its numbers come from.

    Raises:
        ValueError: ``alt`` is empty.
    """

    number: str
    title: str
    image: "Figure | Image.Image"
    alt: str
    note: str = ""
    source: Source = "measured"

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError(f"{self.number or self.title}: a picture needs a text for people who cannot see it")


@dataclass(frozen=True)
class Missing:
    """A table or figure that could not be made: number and title as in :class:`Table`, and one sentence why."""

    number: str
    title: str
    why: str


@dataclass(frozen=True)
class Text:
    """Paragraphs under a title."""

    title: str
    paragraphs: Sequence[str]


Part = Table | Picture | Missing | Text


@dataclass(frozen=True)
class Section:
    """A titled group of parts."""

    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Document:
    """A whole report: its title, paragraphs that summarize the results, and its sections."""

    title: str
    summary: Sequence[str]
    sections: Sequence[Section]


def spread(values: Sequence[float] | np.ndarray) -> Spread:
    """Mean, smallest and largest value over seeds; all NaN where any value is NaN.

    >>> spread([0.5, 0.75, 0.25])
    Spread(mean=0.5, low=0.25, high=0.75, n=3)
    """
    found = np.asarray(values, float)
    return Spread(float(found.mean()), float(found.min()), float(found.max()), len(found))


def without_photographs(document: Document) -> Document:
    """Replace each sheet of photographs by a sentence, for photographs that may not be shown to others."""

    def replaced(part: Part) -> Part:
        if isinstance(part, Picture) and isinstance(part.image, Image.Image):
            return Missing(part.number, part.title, "Left out: we may not show these photographs.")
        return part

    sections = [Section(section.title, [replaced(part) for part in section.parts]) for section in document.sections]
    return Document(document.title, document.summary, sections)
