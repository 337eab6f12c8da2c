"""A report of tables and figures: its content as values, written as one HTML page and as Markdown.

What a paper prints (*published*) and what this program found (*measured here*) never mix: each column of a table and
each picture says which it is. Where something could not be measured, a sentence stands in its place.

The page is one file without scripts that needs no network; its content security policy admits inline pictures and its
one style sheet only. All text is escaped; in paragraphs and notes, what stands between backticks is set as code. The
same content gives the same bytes.
"""

import base64
import hashlib
import html
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import chain, count, groupby
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import numpy as np
from PIL import Image

from beholder import files
from beholder.errors import BeholderError
from beholder.evaluation.metrics import Measured
from beholder.files import explained, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Source = Literal["", "published", "measured"]

DPI = 200  # of figures; two pixels to one of the page
NONE, MINUS = "\u2013", "\u2212"
_LABELS = {"published": "published", "measured": "measured here"}
_KEY = {"published": "as the paper prints it", "measured": "computed by this program from the data named below"}


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


Cell = str | float | int | None | Measured | Spread


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


def write(document: Document, path: Path) -> list[Path]:
    """Write ``NAME.html``, and beside it ``NAME.md`` with its pictures in ``NAME-figures/``; files there are replaced.

    Returns:
        The files: the page, the Markdown, the pictures in the order of the document.

    Raises:
        BeholderError: ``path`` does not end in .html or cannot be written.
    """
    check(path)
    text_path, folder = path.with_suffix(".md"), path.with_name(f"{path.stem}-figures")
    what = "the report"
    with replacing(path, what) as page, replacing(text_path, what) as text:  # refused before the work
        chapters = _chapters(document)
        named = {name: part for _, parts in chapters for name, part in parts.items()}
        pictures = {name: _encoded(part.image) for name, part in named.items() if isinstance(part, Picture)}
        files = [folder / f"{name}.{picture.suffix}" for name, picture in pictures.items()]
        if files:
            with explained(folder, what):
                folder.mkdir(exist_ok=True)
        for file, picture in zip(files, pictures.values(), strict=True):
            with replacing(file, what) as partial, explained(file, what):
                partial.write_bytes(picture.data)
        for partial, lines in (
            (text, _markdown(document, chapters, pictures, folder.name)),
            (page, _page(document, chapters, pictures)),
        ):
            with explained(path, what):
                partial.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
    return [path, text_path, *files]


def without_photographs(document: Document) -> Document:
    """The same with a sentence in place of each sheet of photographs, for data that may not be shown to others."""

    def shown(part: Part) -> Part:
        if isinstance(part, Picture) and isinstance(part.image, Image.Image):
            return Missing(part.number, part.title, "Left out: the photographs are not ours to show.")
        return part

    sections = [Section(section.title, [shown(part) for part in section.parts]) for section in document.parts]
    return Document(document.title, document.summary, sections)


def check(path: Path) -> None:
    """Whether a report can be called so and be put there, for a look before long work.

    Raises:
        BeholderError: ``path`` does not end in .html, or cannot be written.
    """
    if path.suffix != ".html":
        raise BeholderError(f"cannot write the report to {path}: the name has to end in .html")
    files.check(path, "the report")


@dataclass(frozen=True)
class _Encoded:
    """A picture's bytes, the end of its file name, its size in pixels, and whether it is a chart."""

    data: bytes
    suffix: Literal["png", "jpg"]
    width: int
    height: int

    @property
    def chart(self) -> bool:
        return self.suffix == "png"


def _encoded(image: "Figure | Image.Image") -> _Encoded:
    buffer = io.BytesIO()
    if isinstance(image, Image.Image):
        image.convert("RGB").save(buffer, "JPEG", quality=90, subsampling=0, optimize=True)
        return _Encoded(buffer.getvalue(), "jpg", *image.size)
    # The version of matplotlib, which it would add, is no content.
    kept: dict[str, Any] = {"dpi": DPI, "facecolor": "white", "bbox_inches": "tight", "pad_inches": 0.1}
    image.savefig(buffer, format="png", metadata={"Software": None}, **kept)
    with Image.open(buffer) as saved:
        size = saved.size
    return _Encoded(buffer.getvalue(), "png", *size)


Chapter = tuple[str, dict[str, Part]]


def _chapters(document: Document) -> list[Chapter]:
    """Titles of the sections, and each part under a name of its own: its anchor in the page and its picture's file."""
    taken = {f"section-{index}" for index in range(1, len(document.parts) + 1)}
    chapters = []
    for section in document.parts:
        named: dict[str, Part] = {}
        for part in section.parts:
            wanted = _slug(part.title if isinstance(part, Text) else part.number or part.title)
            name = next(name for name in chain([wanted], (f"{wanted}-{n}" for n in count(2))) if name not in taken)
            taken.add(name)
            named[name] = part
        chapters.append((section.title, named))
    return chapters


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].rstrip("-") or "part"


def _shown(cell: Cell, digits: int) -> tuple[str, str]:
    """A cell's value, and what stands beside it: its interval or its range over seeds."""
    if cell is None:
        return NONE, ""
    if isinstance(cell, str):
        return cell, ""
    if isinstance(cell, Measured):
        return _number(cell.value, digits), f"{_number(cell.low, digits)} to {_number(cell.high, digits)}"
    if isinstance(cell, Spread):
        if cell.n == 1:
            return _number(cell.mean, digits), "1 seed"
        return _number(
            cell.mean, digits
        ), f"{_number(cell.low, digits)} to {_number(cell.high, digits)}, {cell.n} seeds"
    return _number(cell, digits), ""


def _number(value: float, digits: int) -> str:
    """
    >>> _number(1234567, 3), _number(0.12345, 2), _number(float("nan"), 3)
    ('1,234,567', '0.12', 'undefined')
    """
    if isinstance(value, Integral):
        text = f"{int(value):,}"
    elif math.isnan(value):
        return "undefined"
    else:
        text = f"{float(value):,.{digits}f}".replace("inf", "infinite")
    return text.replace("-", MINUS)


def _numeric(table: Table) -> list[bool]:
    """Which columns hold numbers, and are set flush right."""
    columns = [[row[index] for row in table.rows] for index in range(len(table.columns))]
    return [any(isinstance(cell, Real | Measured | Spread) for cell in column) for column in columns]


def _remarks(table: Table) -> list[str]:
    """The note, and what the numbers beside values are."""
    cells = [cell for row in table.rows for cell in row]
    found = [table.note] if table.note else []
    if any(isinstance(cell, Measured) for cell in cells):
        found.append("With a value: its 95% bootstrap interval over the photographs.")
    if any(isinstance(cell, Spread) for cell in cells):
        found.append("With a mean over seeds: the smallest and the largest of them.")
    return found


def _sources(document: Document) -> list[str]:
    """The sources that occur, in the order of their key."""
    parts = [part for section in document.parts for part in section.parts]
    found = {part.source for part in parts if isinstance(part, Picture)}
    found |= {column.source for part in parts if isinstance(part, Table) for column in part.columns}
    return [source for source in _KEY if source in found]


# ---- HTML ------------------------------------------------------------------------------------------------------------


def _page(document: Document, chapters: list[Chapter], pictures: dict[str, _Encoded]) -> Iterator[str]:
    style = resources.files("beholder").joinpath("assets/document.css").read_text(encoding="utf-8")
    admitted = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{admitted}'; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">'
    yield f"<title>{_text(document.title)}</title>\n<style>{style}</style>\n</head>\n<body>"
    yield f'<header>\n<div class="masthead"><h1>{_text(document.title)}</h1>{_facts(document)}</div>'
    if document.summary:
        yield '<div class="summary">' + "".join(f"<p>{_prose(words)}</p>" for words in document.summary) + "</div>"
    key = [f"<span>{_badge(source)} {_KEY[source]}</span>" for source in _sources(document)]
    if key:
        yield f'<p class="key">{"".join(key)}</p>'
    yield '</header>\n<div class="beside">'
    yield '<nav class="contents" aria-label="Contents">\n<h2>Contents</h2>\n<ol>'
    for index, (title, parts) in enumerate(chapters, start=1):
        entries = "".join(f'<li><a href="#{name}">{_entry(part)}</a></li>' for name, part in parts.items())
        inner = f"<ol>{entries}</ol>" if entries else ""
        yield f'<li><a href="#section-{index}">{_text(title)}</a>{inner}</li>'
    yield "</ol>\n</nav>\n<main>"
    for index, (title, parts) in enumerate(chapters, start=1):
        yield f'<section id="section-{index}">\n<h2>{_text(title)}</h2>'
        for name, part in parts.items():
            yield from _part(name, part, pictures)
        yield "</section>"
    yield "</main>\n</div>\n</body>\n</html>"


def _facts(document: Document) -> str:
    parts = [part for section in document.parts for part in section.parts]
    words = {Table: ("table", "tables"), Picture: ("figure", "figures"), Missing: ("missing", "missing")}
    counts = [(sum(isinstance(part, kind) for part in parts), *both) for kind, both in words.items()]
    items = [f"<li><b>{many}</b>{one if many == 1 else more}</li>" for many, one, more in counts if many]
    return f'<ul class="facts">{"".join(items)}</ul>' if items else ""


def _entry(part: Part) -> str:
    number = "" if isinstance(part, Text) else part.number
    title = f"<span>{_text(part.title)}</span>"
    return f"<b>{_text(number)}</b> {title}" if number else title


def _part(name: str, part: Part, pictures: dict[str, _Encoded]) -> Iterator[str]:
    number = "" if isinstance(part, Text) else part.number
    heading = f"<b>{_text(number)}</b> {_text(part.title)}" if number else _text(part.title)
    kind = {Table: "table", Picture: "figure", Missing: "missing", Text: "words"}[type(part)]
    if isinstance(part, Picture) and part.source:
        heading += f" {_badge(part.source)}"
    elif isinstance(part, Missing):
        heading += ' <span class="badge absent">not here</span>'
    yield f'<article class="part {kind}" id="{name}">\n<h3>{heading}</h3>'
    if isinstance(part, Table):
        yield from _table(part, f"{number} {part.title}".strip())
        yield from (f'<p class="note">{_prose(remark)}</p>' for remark in _remarks(part))
    elif isinstance(part, Picture):
        yield _image(pictures[name], part.alt)
        if part.note:
            yield f'<p class="note">{_prose(part.note)}</p>'
    elif isinstance(part, Missing):
        yield f"<p>{_prose(part.why)}</p>"
    else:
        yield from (f"<p>{_prose(words)}</p>" for words in part.paragraphs)
    yield "</article>"


def _image(picture: _Encoded, alt: str) -> str:
    classes = ("chart" if picture.chart else "sheet") + (
        "" if picture.width <= 1200 else " wide" if picture.width <= 1700 else " widest"
    )
    data = f"data:image/{'png' if picture.chart else 'jpeg'};base64,{base64.b64encode(picture.data).decode()}"
    size = f'width="{picture.width // 2}" height="{picture.height // 2}"'
    return f'<div class="picture scroll"><img class="{classes}" {size} alt="{_text(alt)}" src="{data}"></div>'


def _table(table: Table, label: str) -> Iterator[str]:
    numeric = _numeric(table)
    classes = [
        " ".join([column.source] * bool(column.source) + ["number"] * number)
        for column, number in zip(table.columns, numeric, strict=True)
    ]
    # The box takes the focus, so that the keys scroll it where the table is wider than the page.
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(label)}">\n<table>\n<thead>'
    if any(column.source for column in table.columns):
        yield f"<tr>{''.join(_bands(table))}</tr>"
    cells = zip(table.columns, classes, strict=True)
    yield "<tr>" + "".join(f'<th scope="col"{_class(of)}>{_text(column.title)}</th>' for column, of in cells) + "</tr>"
    yield "</thead>\n<tbody>"
    for row in table.rows:
        line = []
        for index, (cell, of) in enumerate(zip(row, classes, strict=True)):
            value, beside = _shown(cell, table.digits)
            told = f' title="{_told(cell)}"' if isinstance(cell, Measured) else ""
            content = _text(value) + (f" <small>{_text(beside)}</small>" if beside else "")
            if index == 0 and isinstance(cell, str) and not table.columns[0].source:
                line.append(f'<th scope="row"{_class(of)}>{content}</th>')
            else:
                line.append(f"<td{_class(of + ' none' * (cell is None))}{told}>{content}</td>")
        yield f"<tr>{''.join(line)}</tr>"
    yield "</tbody>\n</table>\n</div>"


def _bands(table: Table) -> Iterator[str]:
    """One head over neighbouring columns of one source."""
    for source, group in groupby(table.columns, key=lambda column: column.source):
        span = len(list(group))
        if source:
            yield f'<th scope="colgroup" colspan="{span}" class="band {source}">{_LABELS[source]}</th>'
        else:
            yield f'<td colspan="{span}" class="band"></td>'


def _told(cell: Measured) -> str:
    return _text(f"{cell.metric} of {cell.task}, {cell.data}, {cell.split}, {cell.n:,} photographs")


def _class(names: str) -> str:
    return f' class="{names.strip()}"' if names.strip() else ""


def _badge(source: str) -> str:
    return f'<span class="badge {source}">{_LABELS[source]}</span>'


def _text(text: str) -> str:
    return html.escape(" ".join(text.split()))


def _prose(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))


# ---- Markdown --------------------------------------------------------------------------------------------------------


def _markdown(document: Document, chapters: list[Chapter], pictures: dict[str, _Encoded], folder: str) -> Iterator[str]:
    yield f"# {_plain(document.title)}"
    for words in document.summary:
        yield f"\n{_marked(words)}"
    for title, parts in chapters:
        yield f"\n## {_plain(title)}"
        for name, part in parts.items():
            number = "" if isinstance(part, Text) else part.number
            source = f" ({_LABELS[part.source]})" if isinstance(part, Picture) and part.source else ""
            yield f"\n### {_plain(f'{number}. {part.title}' if number else part.title)}{source}\n"
            if isinstance(part, Table):
                yield from _rows(part)
                yield from (f"\n{_marked(remark)}" for remark in _remarks(part))
            elif isinstance(part, Picture):
                yield f"![{_plain(part.alt)}]({quote(f'{folder}/{name}.{pictures[name].suffix}')})"
                if part.note:
                    yield f"\n{_marked(part.note)}"
            elif isinstance(part, Missing):
                yield f"> Not here: {_marked(part.why)}"
            else:
                yield "\n\n".join(_marked(words) for words in part.paragraphs)


def _rows(table: Table) -> Iterator[str]:
    titles = [_headed(column) for column in table.columns]
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join('---:' if number else '---' for number in _numeric(table))} |"
    for row in table.rows:
        cells = []
        for cell in row:
            value, beside = _shown(cell, table.digits)
            cells.append(_plain(f"{value} ({beside})" if beside else value))
        yield f"| {' | '.join(cells)} |"


def _headed(column: Column) -> str:
    """``SRCC (AADB)`` of a paper -> ``SRCC (published, AADB)``."""
    if not column.source:
        return _plain(column.title)
    label, title = _LABELS[column.source], " ".join(column.title.split())
    if match := re.fullmatch(r"(.+) \(([^()]+)\)", title):
        return _plain(f"{match[1]} ({label}, {match[2]})")
    return _plain(f"{title} ({label})" if title else label)


def _plain(text: str) -> str:
    """One line of text that Markdown, HTML in it and a cell of a table take as it is."""
    return _escaped(" ".join(text.split()))


def _marked(text: str) -> str:
    """The same for a paragraph, in which what stands between backticks stays code."""
    pieces = re.split(r"(`[^`]+`)", " ".join(text.split()))
    line = "".join(piece if index % 2 else _escaped(piece) for index, piece in enumerate(pieces))
    return re.sub(r"^(\d+(?=[.)])|(?=[#+-]))", r"\1\\", line)  # no heading and no list


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|~&])", r"\\\1", text)
