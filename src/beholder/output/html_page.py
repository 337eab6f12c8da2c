"""What the HTML pages of photographs share: a template with one style and one script, and inert blocks of data.

A page opens from disk and needs no network. Names of files and reasons are not trusted: they are JSON without ``<`` in
``<script>`` blocks that no browser runs, and the page's own script inserts them as text only. The content security
policy of a page allows exactly its one script and its one style sheet, by SHA-256, and pictures inside the page or in
files.
"""

import base64
import hashlib
import json
import math
import os
import re
from collections.abc import Iterable
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Any

from beholder.files import explained, file_head, replacing
from beholder.tasks import RATING, Task
from beholder.text import valid_utf8

GENERATOR = b'<meta name="generator" content="beholder">'  # near the start of every page that beholder writes
_DATA_PLACE = "<!-- data -->"


def is_page(path: Path) -> bool:
    """Whether a file is a page that this program wrote."""
    return GENERATOR in file_head(path, 4096)


def template(name: str) -> tuple[str, str]:
    """The parts of a page before and after its data.

    Args:
        name: of a file in ``assets``. A line ``{{other.css}}`` stands for that file, so that pages can share a style;
            ``{{style hash}}`` and ``{{script hash}}`` stand for the sources that the policy allows.

    >>> head, tail = template("report.html")
    >>> "{{" in head + tail, tail.rstrip().endswith("</html>")
    (False, True)
    """
    text = re.sub(r"^\{\{(\w+\.\w+)\}\}\n", lambda found: _asset(found[1]), _asset(name), flags=re.MULTILINE)
    for tag in ("style", "script"):
        text = text.replace(f"{{{{{tag} hash}}}}", _hash_of(text, tag))
    head, tail = text.split(_DATA_PLACE)
    return head, tail


def write_pieces(path: str | os.PathLike[str], pieces: Iterable[str], what: str) -> None:
    """Write a page piece by piece to a new file that replaces ``path`` when it is complete.

    Args:
        path: the HTML file.
        pieces: consumed once; none is kept in memory.
        what: is written, for messages.

    Raises:
        BeholderError: the file cannot be written; the message says what to do. An error that ``pieces`` raises is not
            changed. In both cases an older page stays, and no other file is left.
    """
    with replacing(path, what) as partial:
        with explained(path, what):
            file = partial.open("wb")
        with closing(file):
            for piece in pieces:
                with explained(path, what):
                    file.write(piece.encode())
            with explained(path, what):
                file.flush()


def block(kind: str, value: Any) -> str:
    """An inert data block. Without ``<`` no text can close it or open a comment inside it; the rest is ASCII.

    >>> block("name", ["</script>"])
    '<script type="application/json" class="name">["\\\\u003c/script>"]</script>\\n'
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" class="{kind}">{text}</script>\n'


def failure_block(path: str, reason: str) -> str:
    """The block of a photograph that could not be read or scored."""
    return block("failure", [valid_utf8(path), valid_utf8(reason)])


def described(task: Task) -> dict[str, Any]:
    """What a page needs to know of a task."""
    about: dict[str, Any] = {
        "name": task.name,
        "low": float(task.low),
        "high": float(task.high),
        "description": valid_utf8(task.description),
    }
    if task.kind != RATING:
        about |= {"kind": task.kind, "form": valid_utf8(task.form), "unit": valid_utf8(task.unit)}
        about |= {"decimals": task.decimals, "neutral": number(task.neutral)}
    return about


def number(value: Any) -> float | None:
    """Six significant digits, more than any rating has; None if absent or not finite (JSON has no NaN).

    >>> number(2 / 3), number(float("nan")), number(None)
    (0.666667, None, None)
    """
    return float(f"{float(value):.6g}") if value is not None and math.isfinite(value) else None


def base64_text(data: bytes) -> str:
    """Bytes as base64.

    >>> base64_text(b"JPEG")
    'SlBFRw=='
    """
    return base64.b64encode(data).decode("ascii")


def _asset(name: str) -> str:
    return resources.files("beholder").joinpath("assets", name).read_text(encoding="utf-8")


def _hash_of(text: str, tag: str) -> str:
    """The source expression of the content security policy that allows the page's one ``<tag>`` element only."""
    (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
    return f"sha256-{base64_text(hashlib.sha256(content.encode()).digest())}"
