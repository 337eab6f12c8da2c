"""Photographs from what people name: files, folders, globs, a list on standard input.

Files named one by one are always taken, readable or not, so that each has its row. In folders only names that look
like photographs count, hidden ones do not, and links to other folders are not followed. The order is that of the
arguments, and by name within a folder. A place that gives nothing is listed as `Unreadable`, with the reason: one
folder without permission does not end a run over a thousand.
"""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from beholder.files import path_key
from beholder.photos.formats import SUFFIXES
from beholder.text import printable

_NUMBER = re.compile("0*([0-9]+)")


@dataclass(frozen=True)
class Unreadable:
    """A folder or a pattern that gives no photograph.

    Attributes:
        path: as given.
        error: why, in one line that begins with the path.
    """

    path: str
    error: str


def find(names: Iterable[str], recursive: bool = False, lines: Iterable[str] = ()) -> Iterator[str | Unreadable]:
    """Paths of photographs, each once.

    Args:
        names: files, folders, glob patterns, or ``-`` for ``lines``.
        recursive: go into the folders inside a folder.
        lines: files and folders, one a line, for instance standard input; nothing in them is a pattern.

    Yields:
        A path as it was named first, or an `Unreadable` for a folder that cannot be listed or holds no photograph, and
        for a pattern that matches nothing.
    """
    names = list(names)
    found = _each(names, recursive, lines)
    if len(names) == 1 and os.path.isdir(names[0]):  # names nothing twice: millions of paths need not be remembered
        return found
    return _once(found)


def _once(found: Iterable[str | Unreadable]) -> Iterator[str | Unreadable]:
    seen: set[str] = set()
    for item in found:
        key = path_key(item.path if isinstance(item, Unreadable) else item)
        if key not in seen:
            seen.add(key)
            yield item


def _each(names: Iterable[str], recursive: bool, lines: Iterable[str]) -> Iterator[str | Unreadable]:
    for name in names:
        if name == "-":
            for line in lines:
                if path := line.rstrip("\r\n"):
                    yield from _place(path, recursive)
        elif os.path.lexists(name) or not glob.has_magic(name):
            yield from _place(name, recursive)
        else:
            matches = sorted(glob.glob(name, recursive=True), key=natural)
            if not matches:
                yield _nothing(name, "no file matches this pattern")
            for match in matches:
                yield from _place(match, recursive)


def _place(name: str, recursive: bool) -> Iterator[str | Unreadable]:
    """A file is itself, whether it is there or not; a folder is what is in it."""
    if not os.path.isdir(name):
        yield name
        return
    empty = True
    for item in _walk(name, recursive):
        empty = False
        yield item
    if empty:
        deeper = "" if recursive else "; --recursive looks into the folders inside it"
        yield _nothing(name, f"no photographs in this folder{deeper}")


def _walk(folder: str, recursive: bool) -> Iterator[str | Unreadable]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted((entry for entry in scan if _counts(entry, recursive)), key=lambda e: natural(e.name))
    except OSError as error:
        yield _nothing(folder, f"cannot list this folder ({error.strerror})")
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, recursive)
        else:
            yield entry.path


def _counts(entry: os.DirEntry[str], recursive: bool) -> bool:
    if entry.name.startswith("."):
        return False
    if entry.is_dir(follow_symlinks=False):
        return recursive
    return os.path.splitext(entry.name)[1].lower() in SUFFIXES


def _nothing(path: str, why: str) -> Unreadable:
    return Unreadable(path, f"{printable(path)}: {why}")


def natural(name: str) -> str:
    """Sort key by which IMG_9 comes before IMG_10: numbers led by how many digits they have.

    >>> sorted(["IMG_10", "IMG_9"], key=natural)
    ['IMG_9', 'IMG_10']
    """
    return _NUMBER.sub(lambda number: f"{len(number[1]):03}{number[1]}", name) + "\0" + name
