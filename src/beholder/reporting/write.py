"""Write a document: a page, a Markdown file, and its figures beside it."""

import io
import re
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from beholder.errors import BeholderError
from beholder.files import check_writable, explained, replacing
from beholder.reporting.cells import Chapter, Encoded
from beholder.reporting.document import Document, Part, Picture, Text
from beholder.reporting.html import html_page
from beholder.reporting.markdown import markdown_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 200  # of figures; two pixels to one of the page


def write_document(document: Document, path: Path) -> list[Path]:
    """Write ``NAME.html``, and beside it ``NAME.md`` with its pictures in ``NAME-figures/``; files there are replaced.

    Returns:
        The files: the page, the Markdown, the pictures in the order of the document.

    Raises:
        BeholderError: ``path`` does not end in .html or cannot be written.
    """
    check_document_path(path)
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
            (text, markdown_page(document, chapters, pictures, folder.name)),
            (page, html_page(document, chapters, pictures)),
        ):
            with explained(path, what):
                partial.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
    return [path, text_path, *files]


def check_document_path(path: Path) -> None:
    """Whether a report can be called so and be put there, for a look before long work.

    Raises:
        BeholderError: ``path`` does not end in .html, or cannot be written.
    """
    if path.suffix != ".html":
        raise BeholderError(f"cannot write the report to {path}: the name has to end in .html")
    check_writable(path, "the report")


def _encoded(image: "Figure | Image.Image") -> Encoded:
    buffer = io.BytesIO()
    if isinstance(image, Image.Image):
        image.convert("RGB").save(buffer, "JPEG", quality=90, subsampling=0, optimize=True)
        return Encoded(buffer.getvalue(), "jpg", *image.size)
    # The version of matplotlib, which it would add, is no content.
    kept: dict[str, Any] = {"dpi": DPI, "facecolor": "white", "bbox_inches": "tight", "pad_inches": 0.1}
    image.savefig(buffer, format="png", metadata={"Software": None}, **kept)
    with Image.open(buffer) as saved:
        size = saved.size
    return Encoded(buffer.getvalue(), "png", *size)


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
