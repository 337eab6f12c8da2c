"""Text from file names, model files and other programs, made safe to print and to write.

`printable` and `harmless` for a terminal, `one_line` for an error of another library inside a message, `cut` for a
user's text in one, `valid_utf8` for a table or a file. HTML is escaped by its template.
`printable` for a terminal, `one_line` for an error of another library inside a message, `valid_utf8` for a table or a
file, `json_text` for JSON. HTML is escaped by its template.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

MAX_EXAMPLES = 3  # names that a message gives of many
MAX_QUOTED = 60  # characters of a user's text in a message
MAX_LINE = 5000  # characters of any message; a path has 4,096 at most
MAX_ERROR = 200  # characters of another library's error in a message


def printable(text: str) -> str:
    r"""One line for a terminal: line breaks, control characters and undecodable bytes as Python escapes.

    >>> print(printable("two\nlines\x1b[31m.jpg"))
    two\nlines\x1b[31m.jpg
    """
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def harmless(text: str) -> str:
    r"""Text of any number of lines for a terminal: as :func:`printable`, but line breaks and tabs stay.

    >>> harmless("two\nlines\x1b[31m")
    'two\nlines\\x1b[31m'
    """
    if text.isprintable() or text.translate(_BREAKS).isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


_BREAKS = str.maketrans("", "", "\n\t")


def one_line(error: BaseException | str) -> str:
    r"""The message of another library's error on one line of at most `MAX_ERROR` characters, or the error's type.

    >>> one_line(ValueError("two\nlines\x1b[31m")), one_line(ValueError())
    ('two lines\\x1b[31m', 'ValueError')
    """
    return printable(" ".join(str(error).split()))[:MAX_ERROR] or type(error).__name__


def valid_utf8(text: str) -> str:
    r"""Bytes of a file name that are not UTF-8 as escapes, so that any reader of UTF-8 can read a table.

    >>> print(valid_utf8(b"caf\xe9.jpg".decode(errors="surrogateescape")))
    caf\udce9.jpg
    """
    return text.encode("utf-8", "backslashreplace").decode()


def cut(text: str, length: int = MAX_QUOTED) -> str:
    """The beginning of a long text, to be quoted in a message.

    >>> cut("x" * 1_000_000, 5)
    'xxxxx...'
    """
    return text if len(text) <= length else f"{text[:length]}..."


def size_text(size: int) -> str:
    """A number of bytes as people read it, in decimal units.

    >>> size_text(1_360_000_000), size_text(2_658_432), size_text(512)
    ('1.36 GB', '2.66 MB', '512 bytes')
    """
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def json_text(document: Any, *, indent: int | None = None) -> str:
    """A document as JSON that every reader takes: numbers that are not finite become null.

    >>> json_text({"srcc": float("nan"), "n": 3})
    '{"srcc": null, "n": 3}'
    """
    try:
        return json.dumps(document, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(document), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def first_few(values: Iterable[object]) -> str:
    """The first `MAX_EXAMPLES` values for a message, and an ellipsis for the others.

    >>> first_few([1.0, 2.5, 3.0, 4.0])
    '1, 2.5, 3, ...'
    """
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    return ", ".join([*texts[:MAX_EXAMPLES], "..."] if len(texts) > MAX_EXAMPLES else texts)
