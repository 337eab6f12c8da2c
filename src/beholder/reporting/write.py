"""Write a document: an HTML page, and beside it a Markdown file with its pictures."""

import io
import re
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from beholder.errors import BeholderError
from beholder.files import check_writable, explained, replacing
from beholder.output.html_page import is_page
from beholder.reporting.cells import Chapter, EncodedPicture
from beholder.reporting.document import Document, Part, Picture, Text
from beholder.reporting.html import html_page
from beholder.reporting.markdown import GENERATOR, markdown_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHART_DPI = 200  # two pixels of a chart for one of the page


def write_document(document: Document, path: Path) -> list[Path]:
    """Write ``NAME.html``, ``NAME.md`` and the pictures of the latter in ``NAME-figures/``; files there are replaced.

    Returns:
        The files: the page, the Markdown file, and the pictures in the order of the document.

    Raises:
        BeholderError: ``path`` does not end in .html or cannot be written.
    """
    check_document_path(path)
    text_path, folder = _companions(path)
    what = "the report"
    with replacing(path, what) as page, replacing(text_path, what) as text:  # fails before the work
        chapters = _chapters(document)
        named = {name: part for chapter in chapters for name, part in chapter.parts.items()}
        pictures = {name: _encode(part.image) for name, part in named.items() if isinstance(part, Picture)}
        files = [folder / f"{name}.{picture.suffix}" for name, picture in pictures.items()]
        if files:
            with explained(folder, what):
                folder.mkdir(exist_ok=True)
        for file, picture in zip(files, pictures.values(), strict=True):
            with replacing(file, what) as partial, explained(file, what):
                partial.write_bytes(picture.data)
        for partial, content in (
            (text, markdown_page(document, chapters, pictures, folder.name)),
            (page, html_page(document, chapters, pictures)),
        ):
            with explained(path, what):
                partial.write_bytes(content.encode("utf-8", "backslashreplace"))
    return [path, text_path, *files]


def check_document_path(path: Path, inputs: Iterable[str | None] = ()) -> None:
    """Check the path of a report before long work.

    Args:
        path: of the page.
        inputs: files that are read.

    Raises:
        BeholderError: ``path`` does not end in .html, or cannot be written; or there is a page, a Markdown file or a
            folder of figures of that name that is not from a report.
    """
    if path.suffix != ".html":
        raise BeholderError(f"cannot write the report to {path}: the name has to end in .html")
    text_path, folder = _companions(path)
    check_writable(path, "the report", is_page, inputs)
    check_writable(text_path, "the report", _is_markdown, inputs)
    if not text_path.exists() and folder.is_dir() and any(folder.iterdir()):
        raise BeholderError(
            f"{folder}: is there already, and {text_path.name}, to which figures in it would belong, is not; "
            "choose another name, or remove it first"
        )


def _companions(path: Path) -> tuple[Path, Path]:
    """The Markdown file beside a page, and the folder of its figures."""
    return path.with_suffix(".md"), path.with_name(f"{path.stem}-figures")


def _is_markdown(path: Path) -> bool:
    """Whether a file is the Markdown of a report."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 100))
        return file.read().rstrip().endswith(GENERATOR.encode())


def _encode(image: "Figure | Image.Image") -> EncodedPicture:
    buffer = io.BytesIO()
    if isinstance(image, Image.Image):
        image.convert("RGB").save(buffer, "JPEG", quality=90, subsampling=0, optimize=True)
        return EncodedPicture(buffer.getvalue(), "jpg", *image.size)
    # Without the version of matplotlib, so that the same content gives the same bytes.
    style: dict[str, Any] = {"dpi": CHART_DPI, "facecolor": "white", "bbox_inches": "tight", "pad_inches": 0.1}
    image.savefig(buffer, format="png", metadata={"Software": None}, **style)
    with Image.open(buffer) as saved:
        size = saved.size
    return EncodedPicture(buffer.getvalue(), "png", *size)


def _chapters(document: Document) -> list[Chapter]:
    """Give each part a unique name, from its number or title."""
    taken = {f"section-{index}" for index in range(1, len(document.sections) + 1)}
    chapters = []
    for section in document.sections:
        named: dict[str, Part] = {}
        for part in section.parts:
            wanted = _slug(part.title if isinstance(part, Text) else part.number or part.title)
            name = next(name for name in chain([wanted], (f"{wanted}-{n}" for n in count(2))) if name not in taken)
            taken.add(name)
            named[name] = part
        chapters.append(Chapter(section.title, named))
    return chapters


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].rstrip("-") or "part"
