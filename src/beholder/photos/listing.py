"""List photographs: from files, folders, glob patterns or a list on standard input.

A file given by name is always listed, readable or not, so that it has a row in the output. In a folder only files with
the suffix of a photograph are listed; hidden files are left out, and links to folders are not followed. The order is
that of the arguments, and by name within a folder. A folder or pattern without photographs is listed as `Unreadable`
with the reason, so that one folder without permission does not end a run over a thousand.
"""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from beholder.files import path_key
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.text import printable

_NUMBER = re.compile("0*([0-9]+)")


@dataclass(frozen=True)
class Unreadable:
    """A folder or pattern without photographs, or a folder that cannot be listed.

    Attributes:
        path: as given.
        error: the reason, one line that begins with the path.
    """

    path: str
    error: str


def find(names: Iterable[str], *, recursive: bool = False, lines: Iterable[str] = ()) -> Iterator[str | Unreadable]:
    """Find photographs, each once.

    Args:
        names: files, folders, glob patterns, or ``-`` for ``lines``.
        recursive: search folders inside folders, too.
        lines: files and folders, one per line, for example standard input; patterns in them are not expanded.

    Yields:
        A path, spelled as it was given first, or an `Unreadable`.

    >>> [os.path.basename(path) for path in find(["examples/photos/ro*.jpg"])]
    ['rocket.jpg']
    """
    names = list(names)
    found = _find_all(names, recursive, lines)
    if len(names) == 1 and os.path.isdir(names[0]):  # no path can come twice, so none needs to be kept in memory
        return found
    return _without_repeats(found)


def _without_repeats(found: Iterable[str | Unreadable]) -> Iterator[str | Unreadable]:
    seen: set[str] = set()
    for item in found:
        key = path_key(item.path if isinstance(item, Unreadable) else item)
        if key not in seen:
            seen.add(key)
            yield item


def _find_all(names: Iterable[str], recursive: bool, lines: Iterable[str]) -> Iterator[str | Unreadable]:
    for name in names:
        if name == "-":
            for line in lines:
                if path := line.rstrip("\r\n"):
                    yield from _list_place(path, recursive)
        elif os.path.lexists(name) or not glob.has_magic(name):
            yield from _list_place(name, recursive)
        else:
            matches = sorted(glob.glob(name, recursive=True), key=natural_key)
            if not matches:
                yield _unreadable(name, "no file matches this pattern")
            for match in matches:
                yield from _list_place(match, recursive)


def _list_place(name: str, recursive: bool) -> Iterator[str | Unreadable]:
    """The file itself, whether it exists or not; or the photographs in a folder."""
    if not os.path.isdir(name):
        yield name
        return
    empty = True
    for item in _walk(name, recursive):
        empty = False
        yield item
    if empty:
        deeper = "" if recursive else "; --recursive looks into the folders inside it"
        yield _unreadable(name, f"no photographs in this folder{deeper}")


def _walk(folder: str, recursive: bool) -> Iterator[str | Unreadable]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(
                (entry for entry in scan if _is_listed(entry, recursive)), key=lambda e: natural_key(e.name)
            )
    except OSError as error:
        yield _unreadable(folder, f"cannot list this folder ({error.strerror})")
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, recursive)
        else:
            yield entry.path


def _is_listed(entry: os.DirEntry[str], recursive: bool) -> bool:
    if entry.name.startswith("."):
        return False
    if entry.is_dir(follow_symlinks=False):
        return recursive
    return os.path.splitext(entry.name)[1].lower() in PHOTO_SUFFIXES


def _unreadable(path: str, why: str) -> Unreadable:
    return Unreadable(path, f"{printable(path)}: {why}")


def natural_key(name: str) -> str:
    """Sort key that orders IMG_9 before IMG_10: each number is preceded by its count of digits.

    >>> sorted(["IMG_10", "IMG_9"], key=natural_key)
    ['IMG_9', 'IMG_10']
    """
    return _NUMBER.sub(lambda number: f"{len(number[1]):03}{number[1]}", name) + "\0" + name
