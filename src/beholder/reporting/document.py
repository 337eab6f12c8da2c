"""A report of tables and figures: its content as values, written as one HTML page and as Markdown.

What a paper prints (*published*) and what this program found (*measured here*) never mix: each column of a table and
each picture says which it is. Where something could not be measured, a sentence stands in its place.

The page is one file without scripts that needs no network; its content security policy admits inline pictures and its
one style sheet only. All text is escaped; in paragraphs and notes, what stands between backticks is set as code. The
same content gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from beholder.metrics import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Source = Literal["", "published", "measured"]


@dataclass(frozen=True)
class Spread:
    """One quantity over several seeds.

    Attributes:
        mean: over the seeds.
        low, high: smallest and largest.
        n: seeds.
    """

    mean: float
    low: float
    high: float
    n: int


Cell = str | float | int | None | Estimate | Spread


@dataclass(frozen=True)
class Column:
    """One column of a table: its title, and whether its numbers are a paper's, ours, or neither."""

    title: str
    source: Source = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        number: as the paper names it, for example ``Table 5``; empty for what the paper does not have.
        title: what it shows.
        columns: C, those of one source best side by side.
        rows: C cells each. None is shown as a dash, a float that is not a number as ``undefined``.
        note: a remark below it.
        digits: decimals of floats, intervals and spreads; whole numbers (int) have none.

    Raises:
        ValueError: a row has not one cell a column.
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
        number, title, note: as of a :class:`Table`.
        image: a chart (matplotlib, kept as PNG) or a sheet of photographs (Pillow, kept as JPEG).
        alt: what is to be seen, for those who do not see it; one sentence.
        source: whose numbers it shows.

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
            raise ValueError(f"{self.number or self.title}: a picture needs a text for those who do not see it")


@dataclass(frozen=True)
class Missing:
    """A table or figure that could not be made: number and title as of a :class:`Table`, and one sentence why."""

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
    """A chapter."""

    title: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Document:
    """A whole report: its title, paragraphs that say what came of it, and its chapters."""

    title: str
    summary: Sequence[str]
    parts: Sequence[Section]


def spread(values: Sequence[float] | np.ndarray) -> Spread:
    """Mean, smallest and largest over seeds; NaN where any value is.

    >>> spread([0.5, 0.75, 0.25])
    Spread(mean=0.5, low=0.25, high=0.75, n=3)
    """
    found = np.asarray(values, float)
    return Spread(float(found.mean()), float(found.min()), float(found.max()), len(found))


def without_photographs(document: Document) -> Document:
    """The same with a sentence in place of each sheet of photographs, for data that may not be shown to others."""

    def shown(part: Part) -> Part:
        if isinstance(part, Picture) and isinstance(part.image, Image.Image):
            return Missing(part.number, part.title, "Left out: the photographs are not ours to show.")
        return part

    sections = [Section(section.title, [shown(part) for part in section.parts]) for section in document.parts]
    return Document(document.title, document.summary, sections)
