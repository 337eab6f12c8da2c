"""Photographs from what people name: files, folders, globs, a list on standard input.

Files named one by one are always taken, readable or not, so that each has its row. In folders only names that look
like photographs count. The order is that of the arguments, and by name within a folder.
"""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from beholder.errors import BeholderError
from beholder.photo import SUFFIXES


def find(names: Iterable[str], recursive: bool = False, lines: Iterable[str] = ()) -> Iterator[str]:
    """Paths of photographs, each once.

    Args:
        names: files, folders, glob patterns, or ``-`` for ``lines``.
        recursive: go into the folders inside a folder.
        lines: names, one a line, for instance standard input.

    Raises:
        BeholderError: a folder that cannot be listed or holds no photograph, a pattern that matches nothing.
    """
    names = list(names)
    found = _each(names, recursive, lines)
    if len(names) == 1 and names != ["-"]:  # nothing can be named twice, and millions of paths need not be remembered
        return found
    return _once(found)


def _once(paths: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in paths:
        if path not in seen:
            seen.add(path)
            yield path


def _each(names: Iterable[str], recursive: bool, lines: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name == "-":
            yield from _each((line.rstrip("\r\n") for line in lines if line.strip()), recursive, ())
        elif Path(name).is_dir():
            yield from _in_folder(name, recursive)
        elif Path(name).exists() or not glob.has_magic(name):
            yield name
        else:
            matches = sorted(glob.glob(name, recursive=True), key=natural)
            if not matches:
                raise BeholderError(f"{name}: no file matches this pattern")
            yield from _each((match for match in matches if match != "-"), recursive, ())


def _in_folder(folder: str, recursive: bool) -> Iterator[str]:
    empty = True
    for path in _walk(folder, recursive):
        empty = False
        yield path
    if empty:
        deeper = "" if recursive else "; --recursive looks into the folders inside it"
        raise BeholderError(f"{folder}: no photographs in this folder{deeper}")


def _walk(folder: str, recursive: bool) -> Iterator[str]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: natural(entry.name))
    except OSError as error:
        raise BeholderError(f"{folder}: cannot list this folder ({error.strerror})") from None
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if recursive:
                yield from _walk(entry.path, recursive)
        elif os.path.splitext(entry.name)[1].lower() in SUFFIXES and not entry.name.startswith("."):
            yield entry.path


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key by which IMG_9 comes before IMG_10.

    >>> sorted(["IMG_10", "IMG_9"], key=natural)
    ['IMG_9', 'IMG_10']
    """
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", name)]
