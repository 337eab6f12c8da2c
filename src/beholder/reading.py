"""Files that a user names, found and read without trust: what is not a file of a sensible size is refused, unread.

Everything that a user can name is read by these functions: photographs, ratings, lists, tastes, settings. A pipe or a
device (`/dev/zero`) would block a program or never end. So a file is opened without waiting, and what was opened, not
what the name stood for a moment ago, is asked what it is and how large it is.
"""

import codecs
import contextlib
import io
import json
import math
import os
import stat
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from beholder.errors import BeholderError
from beholder.text import one_line, printable

MAX_TABLE_BYTES = (
    100_000_000  # of a table or a list; AVA's 255,530 rows are 15 MB. Parsed, it takes up to 30 times that
)
MAX_JSON_BYTES = 20_000_000  # of a taste, settings or results
# Windows has neither of the first two, others not the third. A terminal that is opened must not become ours.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
_BOMS = (  # the longest first: the mark of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_regular(
    path: str | os.PathLike[str],
    what: str,
    limit: int,
    *,
    advice: str = "",
    error: type[BeholderError] = BeholderError,
) -> io.BufferedReader:
    """Open a regular file to read its bytes; anything else is refused at once, without reading or waiting.

    Args:
        path: of the file.
        what: what it should be, for the message: "a table of ratings".
        limit: largest number of bytes that is accepted.
        advice: what to do otherwise, for the message.
        error: type of the error.

    Raises:
        BeholderError: or ``error``: there is no such file, it may not be read, is a folder, pipe, device or socket, or
            is larger than ``limit``. One line that begins with the path.

    >>> open_regular("/dev/zero", "a table of ratings", 1000, advice="save it as a file")
    Traceback (most recent call last):
    beholder.errors.BeholderError: /dev/zero: is a device, not a table of ratings; save it as a file
    """

    def refusal(why: str) -> BeholderError:
        return error(f"{printable(os.fsdecode(path))}: {why}" + (f"; {advice}" if advice else ""))

    def refuse_kind(mode: int) -> None:
        if not stat.S_ISREG(mode):
            raise refusal(f"is {_KINDS.get(stat.S_IFMT(mode), 'not a file')}, not {what}")

    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise refusal("no such file") from None
    except (OSError, ValueError) as problem:  # ValueError: a name with a NUL in it
        with contextlib.suppress(OSError, ValueError):
            refuse_kind(os.stat(path).st_mode)  # a socket cannot be opened
        if isinstance(problem, PermissionError):
            raise refusal("no permission to read it") from None
        raise refusal(f"cannot be read: {getattr(problem, 'strerror', None) or one_line(problem)}") from problem
    try:
        info = os.fstat(descriptor)
        refuse_kind(info.st_mode)
        if info.st_size > limit:
            raise refusal(f"has {info.st_size:,} bytes, more than the {limit:,} that are read of {what}")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(
    path: str | os.PathLike[str],
    what: str,
    limit: int,
    *,
    advice: str = "",
    error: type[BeholderError] = BeholderError,
) -> bytes:
    """The content of a regular file. Arguments and errors are those of :func:`open_regular`."""
    with open_regular(path, what, limit, advice=advice, error=error) as file:
        try:
            return file.read(os.fstat(file.fileno()).st_size)  # not to its end: another program may be adding to it
        except (OSError, MemoryError) as problem:
            why = getattr(problem, "strerror", None) or "there is not enough memory for it"
            raise error(f"{printable(os.fsdecode(path))}: cannot be read: {why}") from problem


def encoding_of(content: bytes) -> str:
    """The encoding that the mark at the beginning of a text names, as Windows programs write it; otherwise UTF-8.

    >>> encoding_of("image,rating".encode("utf-16")), encoding_of(b"image,rating")
    ('utf-16', 'utf-8')
    """
    return next((encoding for bom, encoding in _BOMS if content.startswith(bom)), "utf-8")


def read_text(path: str | os.PathLike[str], what: str, limit: int = MAX_TABLE_BYTES, *, advice: str = "") -> str:
    """A text file in UTF-8, or in UTF-16 or UTF-32 with their mark at its beginning; line breaks stay as they are.

    Args:
        path: of the file.
        what: as of :func:`open_regular`.
        limit: as of :func:`open_regular`.
        advice: as of :func:`open_regular`.

    Raises:
        BeholderError: as :func:`open_regular`; the file is in another encoding, or is not text.
    """
    content = read_bytes(path, what, limit, advice=advice)
    encoding, label = encoding_of(content), printable(os.fsdecode(path))
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as problem:
        name = encoding.upper().removesuffix("-SIG")
        line = content[: problem.start].count(b"\n") + 1
        raise BeholderError(f"{label}: is not {name} text (line {line}); save it as text in UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BeholderError(f"{label}: line {line} holds a zero byte, so it is not text; save it as text in UTF-8")
    return text


def parse_json(text: str | bytes) -> Any:
    """A JSON document as the standard has it: without NaN and infinity, which Python's own reader accepts.

    Raises:
        ValueError: it is not JSON, a number is not finite or has thousands of digits, or it is nested too deeply.

    >>> parse_json('{"srcc": NaN}')
    Traceback (most recent call last):
    ValueError: NaN is not a number of JSON
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json_object(
    path: str | os.PathLike[str], what: str, limit: int = MAX_JSON_BYTES, *, advice: str = ""
) -> Mapping[str, Any]:
    """The JSON object in a file; see :func:`parse_json`.

    Args:
        path: of the file.
        what: as of :func:`open_regular`.
        limit: as of :func:`open_regular`.
        advice: as of :func:`open_regular`.

    Raises:
        BeholderError: as :func:`open_regular`; it is not a JSON object.
    """
    content = read_bytes(path, what, limit, advice=advice)
    try:
        found = parse_json(content)
        why = "" if isinstance(found, dict) else "it holds no JSON object"
    except ValueError as problem:  # UnicodeDecodeError is one
        why = one_line(problem)
    if why:
        ending = f"; {advice}" if advice else ""
        raise BeholderError(f"{printable(os.fsdecode(path))}: is not {what} ({why}), or cut short{ending}")
    document: Mapping[str, Any] = found
    return document


def find_spelling(path: str) -> str:
    """The name of a file as its folder spells it, if only its letters are composed in another way.

    An accented letter is one character for most programs, and two for others (a letter and its accent: names from
    macOS). Both look alike, but they are different names on most disks.

    Args:
        path: of a file or folder.

    Returns:
        ``path`` if it is there. Otherwise the one path that has the same letters; ``path`` if there is none, or more
        than one.
    """
    if path.isascii() or "\0" in path or os.path.lexists(path):
        return path
    parent, name = os.path.split(path)
    if not name or parent == path:
        return path
    folder = find_spelling(parent)
    try:
        named = _spellings(folder or os.curdir, os.stat(folder or os.curdir).st_mtime_ns)
    except (OSError, ValueError):
        return path
    exact = os.path.join(folder, name)
    if os.path.lexists(exact):
        return exact
    found = named.get(unicodedata.normalize("NFC", name), ())
    return os.path.join(folder, found[0]) if len(found) == 1 else path


@lru_cache(maxsize=4)
def _spellings(folder: str, changed: int) -> dict[str, list[str]]:
    """Composed name -> names in a folder that are spelled so, where they can be spelled in several ways.

    Args:
        folder: to list.
        changed: when it was changed last, so that a listing is used again only while it is true.
    """
    found: dict[str, list[str]] = {}
    for name in os.listdir(folder):
        if not name.isascii():
            found.setdefault(unicodedata.normalize("NFC", name), []).append(name)
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large for a number")
    return number
