"""Text that other programs or files give, made safe to print and to write."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

SHOWN = 3  # examples in a message


def listed(names: Iterable[object]) -> str:
    """Names for a message, those beyond a few left out."""
    shown = [f"{name:g}" if isinstance(name, float) else str(name) for name in names]
    return ", ".join([*shown[:SHOWN], "..."] if len(shown) > SHOWN else shown)


def one_line(error: BaseException | str) -> str:
    r"""What somebody else's error says, for the middle of a line of ours: no breaks, no control characters, not long.

    >>> one_line(ValueError("two\nlines\x1b[31m"))
    'two lines\\x1b[31m'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)[:200]


def one_spelling(path: str) -> str:
    """Absolute, without ``.`` and ``//``: by it a file is known, however it was named.

    ``..`` stays, as where that leads depends on links.

    >>> one_spelling("./photos//a.jpg") == one_spelling("photos/a.jpg") != one_spelling("b/../photos/a.jpg")
    True
    """
    return os.fspath(Path(path).absolute())


def printable(name: str) -> str:
    r"""A file name on one line: control characters and undecodable bytes as escapes.

    >>> print(printable("two\nlines.jpg"))
    two\nlines.jpg
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in name
    )


def shown_name(text: str) -> str:
    """One line, whatever a file name holds: line breaks, control characters and undecodable bytes as Python escapes."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def utf8(text: str) -> str:
    """Bytes of a file name that are no UTF-8 as escapes: a table must be readable by all that read UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
