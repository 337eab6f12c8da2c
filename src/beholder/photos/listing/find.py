"""List photographs: from files, folders, glob patterns or a list of names.

A file given by name is always listed, readable or not, so that it has a row in the output. In a folder only files with
the suffix of a photograph are listed; hidden files and folders that programs made for themselves are left out, and
links to folders are not followed. The order is that of the arguments, and by name within a folder. A folder or pattern
without photographs is listed as `Unreadable` with the reason, so that one folder without permission does not end a run
over a thousand. Memory does not grow with the number of folders, and little with that of files (`large_lists`).
"""

import errno
import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from beholder.files import path_key
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.photos.listing import passed_over as kinds
from beholder.photos.listing.large_lists import Seen, sort_names
from beholder.photos.listing.name_lists import existing
from beholder.photos.listing.patterns import Exclusion, fits
from beholder.text import printable


@dataclass(frozen=True)
class Unreadable:
    """A folder or pattern without photographs, or a folder that cannot be listed.

    Attributes:
        path: as given.
        error: the reason, one line that begins with the path.
    """

    path: str
    error: str


@dataclass(frozen=True)
class _Search:
    """How folders are searched, and the counts of what was passed over."""

    recursive: bool
    excluded: Exclusion
    passed_over: Counter[str] = field(default_factory=Counter)


def find(
    names: Iterable[str],
    *,
    recursive: bool = False,
    lines: Iterable[str] = (),
    exclude: Iterable[str] = (),
    passed_over: Counter[str] | None = None,
) -> Iterator[str | Unreadable]:
    """Find photographs, each once.

    Args:
        names: files, folders, glob patterns, or ``-`` for ``lines``.
        recursive: search folders inside folders, too, but for those that programs made for themselves (``@eaDir``).
        lines: names of files and folders, for example a `beholder.photos.listing.name_lists.NameList`; patterns in
            them are not expanded.
        exclude: patterns of what is left out, see `beholder.photos.listing.patterns.Exclusion`.
        passed_over: counts, by kind, what was passed over and may be missed.

    Yields:
        A path, spelled as it was given first, or an `Unreadable`. If there is no file of that name, but one by another
        reading (`beholder.photos.listing.name_lists.existing`), the path is spelled as the disk has it.

    >>> [os.path.basename(path) for path in find(["examples/photos/ro*.jpg"])]
    ['rocket.jpg']
    """
    names = list(names)
    search = _Search(recursive, Exclusion(exclude), Counter() if passed_over is None else passed_over)
    found = _find_all(names, search, lines)
    if len(names) == 1 and os.path.isdir(names[0]):  # no path can come twice, so none needs to be kept in memory
        return found
    return _without_repeats(found)


def _without_repeats(found: Iterable[str | Unreadable]) -> Iterator[str | Unreadable]:
    seen = Seen()
    for item in found:
        if seen.add(path_key(item.path if isinstance(item, Unreadable) else item)):
            yield item


def _find_all(names: Iterable[str], search: _Search, lines: Iterable[str]) -> Iterator[str | Unreadable]:
    for name in names:
        if name == "-":
            for line in lines:
                found = existing(line)
                if found or line.strip():
                    yield from _list_place(found or line.rstrip("\r\n"), search)
        elif (found := existing(name)) or not glob.has_magic(name):
            yield from _list_place(found or name, search)
        else:
            yield from _matches(name, search)


def _matches(pattern: str, search: _Search) -> Iterator[str | Unreadable]:
    """What a glob pattern stands for, without what is in folders that programs made, unless the pattern names them."""
    before, empty = search.passed_over.copy(), True
    parts = pattern.split(os.sep)
    for match in _search_deep(parts, search) if "**" in parts else sort_names(glob.iglob(pattern)):
        empty = False
        if isinstance(match, Unreadable):
            yield match
            continue
        spelled = match.split(os.sep)
        pairs = (pair for pair in zip(["", *spelled], spelled, strict=False) if pair[1] not in parts)
        if kind := next(filter(None, (kinds.machine_folder(*pair) for pair in pairs)), None):
            search.passed_over[kind] += 1
        else:
            yield from _list_place(match, search)
    if empty:
        yield _unreadable(pattern, "no file matches this pattern", search.passed_over - before)


def _search_deep(parts: list[str], search: _Search) -> Iterator[str | Unreadable]:
    """Photographs by a pattern with ``**``, as a recursive search finds them: `glob` would go round linked folders."""
    start = parts.index("**")
    pairs = zip(parts[start:], ["", *parts[start:]], strict=False)
    wanted = [part for part, before in pairs if part and not part == before == "**"]
    top = os.sep.join(parts[:start]) + os.sep if start else ""
    for folder in sort_names(glob.iglob(top)) if glob.has_magic(top) else [top]:
        for item in _walk(folder or os.curdir, replace(search, recursive=True)):
            if isinstance(item, Unreadable):
                yield item
            else:
                path = item if folder else item.removeprefix(os.path.join(os.curdir, ""))
                if fits(path[len(folder) :].split(os.sep), wanted, recursive=search.recursive):
                    yield path


def _list_place(name: str, search: _Search) -> Iterator[str | Unreadable]:
    """The file itself, whether it exists or not; or the photographs in a folder."""
    if search.excluded.path(name):
        search.passed_over[kinds.EXCLUDED] += 1
        return
    if not os.path.isdir(name):
        yield name
        return
    before, empty = search.passed_over.copy(), True
    for item in _walk(name, search):
        empty = False
        yield item
    if empty:
        deeper = "" if search.recursive else "; --recursive looks into the folders inside it"
        yield _unreadable(name, f"no photographs in this folder{deeper}", search.passed_over - before)


def _walk(top: str, search: _Search) -> Iterator[str | Unreadable]:
    """The photographs in a folder and, if the search is recursive, in those inside it, however deep they are."""
    opened: list[
        tuple[str, Iterator[str], tuple[int, int]]
    ] = []  # path with its slash, names to come, device and inode

    def enter(folder: str) -> Iterator[Unreadable]:
        try:
            info = os.stat(folder)
            identity = (info.st_dev, info.st_ino)
            if any(identity == other for _, _, other in opened):  # a folder that is mounted inside itself
                search.passed_over[kinds.LOOPS] += 1
                return
            with os.scandir(folder) as scan:
                listed = sort_names(filter(None, (_listed_name(folder, entry, search) for entry in scan)))
            opened.append((os.path.join(folder, ""), listed, identity))
        except OSError as error:
            deep = error.errno == errno.ENAMETOOLONG
            advice = "; its path is longer than the system takes: start in a folder further down" if deep else ""
            yield _unreadable(folder, f"cannot list this folder ({error.strerror}){advice}")

    yield from enter(top)
    while opened:
        folder, names, _ = opened[-1]
        name = next(names, None)
        if name is None:
            opened.pop()
        elif name.endswith("/"):
            yield from enter(folder + name[:-1])
        else:
            yield folder + name


def _listed_name(folder: str, entry: os.DirEntry[str], search: _Search) -> str:
    """The name of a photograph, or of a folder with a slash after it; empty for what is not listed."""
    name, passed = entry.name, search.passed_over
    suffix = os.path.splitext(name)[1].lower()
    if name.startswith("."):
        if suffix == ".icloud":
            passed[kinds.IN_CLOUD] += 1
        elif suffix in PHOTO_SUFFIXES and not name.startswith("._"):
            passed[kinds.HIDDEN] += 1
        return ""
    is_folder = entry.is_dir(follow_symlinks=False)
    if is_folder and not search.recursive:
        return ""
    if not is_folder and suffix not in PHOTO_SUFFIXES:
        if kind := kinds.unread(suffix):
            passed[kind] += 1
        elif search.recursive and entry.is_symlink() and os.path.isdir(os.path.join(folder, name)):
            passed[kinds.LINKS] += 1
        return ""
    if search.excluded and search.excluded.entry(os.path.join(folder, name)):
        passed[kinds.EXCLUDED] += 1
        return ""
    if is_folder and (kind := kinds.machine_folder(folder, name)):
        passed[kind] += 1
        return ""
    return f"{name}/" if is_folder else name


def _unreadable(path: str, why: str, passed_over: Counter[str] | None = None) -> Unreadable:
    also = kinds.summary(passed_over) if passed_over else ""
    return Unreadable(path, f"{printable(path)}: {why}" + (f"; {also}" if also else ""))
