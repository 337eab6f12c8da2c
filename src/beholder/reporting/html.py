"""A document -> one HTML page."""

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from importlib import resources
from itertools import groupby

from beholder.metrics import Estimate
from beholder.reporting.cells import KEY, LABELS, Chapter, Encoded, is_numeric, remarks, shown_cell, sources
from beholder.reporting.document import Document, Missing, Part, Picture, Table, Text


def html_page(document: Document, chapters: list[Chapter], pictures: dict[str, Encoded]) -> Iterator[str]:
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
    key = [f"<span>{_badge(source)} {KEY[source]}</span>" for source in sources(document)]
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


def _part(name: str, part: Part, pictures: dict[str, Encoded]) -> Iterator[str]:
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
        yield from (f'<p class="note">{_prose(remark)}</p>' for remark in remarks(part))
    elif isinstance(part, Picture):
        yield _image(pictures[name], part.alt)
        if part.note:
            yield f'<p class="note">{_prose(part.note)}</p>'
    elif isinstance(part, Missing):
        yield f"<p>{_prose(part.why)}</p>"
    else:
        yield from (f"<p>{_prose(words)}</p>" for words in part.paragraphs)
    yield "</article>"


def _image(picture: Encoded, alt: str) -> str:
    classes = ("chart" if picture.chart else "sheet") + (
        "" if picture.width <= 1200 else " wide" if picture.width <= 1700 else " widest"
    )
    data = f"data:image/{'png' if picture.chart else 'jpeg'};base64,{base64.b64encode(picture.data).decode()}"
    size = f'width="{picture.width // 2}" height="{picture.height // 2}"'
    return f'<div class="picture scroll"><img class="{classes}" {size} alt="{_text(alt)}" src="{data}"></div>'


def _table(table: Table, label: str) -> Iterator[str]:
    numeric = is_numeric(table)
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
            value, beside = shown_cell(cell, table.digits)
            told = f' title="{_told(cell)}"' if isinstance(cell, Estimate) else ""
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
            yield f'<th scope="colgroup" colspan="{span}" class="band {source}">{LABELS[source]}</th>'
        else:
            yield f'<td colspan="{span}" class="band"></td>'


def _told(cell: Estimate) -> str:
    return _text(f"{cell.metric} of {cell.task}, {cell.data}, {cell.split}, {cell.n:,} photographs")


def _class(names: str) -> str:
    return f' class="{names.strip()}"' if names.strip() else ""


def _badge(source: str) -> str:
    return f'<span class="badge {source}">{LABELS[source]}</span>'


def _text(text: str) -> str:
    return html.escape(" ".join(text.split()))


def _prose(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))
