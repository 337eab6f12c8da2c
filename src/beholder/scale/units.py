"""What is scored as a whole: tar files, Parquet tables or ranges of them, folders; each with a name of its own."""

from __future__ import annotations

import os
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, takewhile

from beholder.errors import BeholderError
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.scale import folder, names, store, tables
from beholder.scale.unit import Kind, Unit, UnitError
from beholder.text import cut, printable

FOLDER_ROWS = 10_000  # photographs of a folder in one unit
RANGE_BYTES = 2**30  # of a Parquet file in one unit
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
PARQUET_SUFFIXES = (".parquet", ".parq", ".pq")
_ASKED_AT_ONCE = 16  # requests to a store


def is_unit_name(path: str) -> bool:
    """Whether a path names tar files, Parquet tables or something in a store, rather than local photographs.

    >>> [is_unit_name(each) for each in ("a.tar", "{00..09}.tgz", "t.{tar,parquet}", "s3://photos", "photos/*.jpg")]
    [True, True, True, True, False]
    """
    if store.is_remote(path):
        return True
    path = store.local_path(path)
    if os.path.isdir(path):
        return False
    return any(_kind(each) is not None for each in islice(names.expand_braces(path), 100))


def list_units(given: Sequence[str], *, recursive: bool = False) -> list[Unit]:
    """The units of a run, sorted by path, each with a unique name: the path below the common folder.

    Tar files and tables are taken as they are named, be they there or not: reading those that are not fails, for
    themselves alone. A Parquet file of more than `RANGE_BYTES` becomes ranges of its row groups, a folder becomes parts
    of at most `FOLDER_ROWS` photographs.

    Args:
        given: files, folders, patterns, names with braces; local or URLs.
        recursive: look into folders inside folders, too.

    Raises:
        BeholderError: a pattern matches nothing, a folder is not there or has no photographs, or a store refuses.

    >>> [(unit.name, len(unit.files)) for unit in list_units(["examples/photos", "shards/{0..1}.tar"])]
    [('examples/photos', 8), ('shards/0', 0), ('shards/1', 0)]
    """
    folder.listing.cache_clear()
    paths: dict[str, Kind] = {}
    loose: defaultdict[str, set[str]] = defaultdict(set)  # photographs that are named themselves, by their folders
    for given_name, path in ((name, found) for name in given for found in names.expand(name)):
        kind, spelled = _kind(path), _spelled(path)
        is_photo = os.path.splitext(_without_question(path))[1].lower() in PHOTO_SUFFIXES
        if path.endswith("/") or (not store.is_remote(path) and os.path.isdir(spelled)):
            paths[spelled] = Kind.FOLDER
        elif kind is not None:
            paths[spelled] = kind
        elif is_photo:
            parent, _, name = spelled.rpartition("/")
            loose[parent or ("/" if path.startswith("/") else os.curdir)].add(name)
        elif names.has_pattern(given_name):
            continue  # shards/* also finds what is beside shards
        elif os.path.isfile(spelled):
            raise BeholderError(
                f"{printable(cut(path, 200))}: is neither a tar file, a Parquet table nor a photograph by its name; "
                "give those by name, or folders"
            )
        else:
            paths[spelled] = Kind.FOLDER
    if not (paths or loose):
        raise BeholderError(
            f"{printable(cut(', '.join(given), 200))}: finds no tar files, tables, photographs or folders"
        )
    sources = sorted([_Source(path, kind) for path, kind in paths.items()]
                     + [_Source(path, Kind.FOLDER, tuple(sorted(files))) for path, files in loose.items()])  # fmt: skip
    splits = _splits([each.path for each in sources if each.kind is Kind.PARQUET])
    parts = [part for each in sources for part in _parts(each, splits.get(each.path), recursive)]
    return [
        Unit(name, index, part.kind, part.path, part.row_groups, part.files)
        for index, (name, part) in enumerate(zip(_names(parts), parts, strict=True))
    ]


@dataclass(frozen=True, order=True)
class _Source:
    """What is given."""

    path: str
    kind: Kind
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Part:
    """A unit that has no name yet; ``number`` is that of its first row group, or of a part of a folder."""

    path: str
    kind: Kind
    row_groups: tuple[int, int] | None = None
    files: tuple[str, ...] = ()
    number: int | None = None


def _kind(path: str) -> Kind | None:
    """By its suffix; None for what is neither."""
    lower = _without_question(path).lower()
    if lower.endswith(TAR_SUFFIXES):
        return Kind.TAR
    return Kind.PARQUET if lower.endswith(PARQUET_SUFFIXES) else None


def _without_question(path: str) -> str:
    """The address of a web server without what is asked of it, which may be a secret."""
    return path.partition("?")[0] if path.startswith(("http://", "https://")) else path


def _spelled(path: str) -> str:
    """One spelling for each file, close to what was given."""
    if store.is_remote(path):
        return path if path.endswith("://") else path.rstrip("/")
    return os.path.normpath(store.local_path(path))


def _splits(paths: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Ranges of row groups of the Parquet files that are large; what cannot be looked at is left to its reading."""

    def look(path: str) -> list[tuple[int, int]]:
        with suppress(store.StoreError, UnitError, OSError):
            if store.stat(path).size > RANGE_BYTES:
                with store.open_input(path, store.Retries()) as file:
                    return tables.ranges(file, path, RANGE_BYTES)
        return []

    if not any(map(store.is_remote, paths)):
        return {path: look(path) for path in paths}
    with ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        return dict(zip(paths, pool.map(look, paths), strict=True))


def _parts(source: _Source, ranges: list[tuple[int, int]] | None, recursive: bool) -> Iterable[_Part]:
    if source.kind is not Kind.FOLDER:
        if not ranges or len(ranges) == 1:
            return [_Part(source.path, source.kind)]
        return [_Part(source.path, source.kind, each, number=each[0]) for each in ranges]
    files = source.files or tuple(folder.listing(source.path, recursive))
    if not files:
        raise _no_photographs(source.path, recursive)
    if len(files) <= FOLDER_ROWS:
        return [_Part(source.path, source.kind, files=files)]
    starts = range(0, len(files), FOLDER_ROWS)
    return [
        _Part(source.path, source.kind, files=files[start : start + FOLDER_ROWS], number=number)
        for number, start in enumerate(starts)
    ]


def _no_photographs(path: str, recursive: bool) -> BeholderError:
    deeper = "" if recursive else "; --recursive looks into the folders inside it"
    for suffix in (*TAR_SUFFIXES, *PARQUET_SUFFIXES):
        with suppress(BeholderError):
            if store.list_glob(store.join(path, f"*{suffix}")):
                deeper = f", but {suffix} files: name them as '{printable(store.join(path, f'*{suffix}'))}'"
                break
    return BeholderError(f"{printable(cut(path, 200))}: no photographs in this folder{deeper}")


def _names(parts: Sequence[_Part]) -> list[str]:
    """A unique name for each: its path below the common folder, without the suffix unless two would be the same."""
    steps = [_steps(part.path) for part in parts]
    common = sum(
        1 for _ in takewhile(lambda each: len(set(each)) == 1, zip(*(each[:-1] for each in steps), strict=False))
    )
    below = [each[common:] for each in steps]
    short = [_name(each, part, with_suffix=False) for each, part in zip(below, parts, strict=True)]
    counts = Counter(short)
    full = [
        _name(each, part, with_suffix=True) if counts[name] > 1 else name
        for each, part, name in zip(below, parts, short, strict=True)
    ]
    taken: set[str] = set()
    for index, name in enumerate(full):
        unique, again = name, 2
        while unique in taken:
            unique, again = f"{name}~{again}", again + 1
        taken.add(unique)
        full[index] = unique
    return full


def _steps(path: str) -> list[str]:
    """The folders on the way and the name, without what would lead out of a folder."""
    if store.is_remote(path):
        protocol, _, rest = _without_question(path).partition("://")
        return [protocol.replace("::", "-"), *(each for each in rest.split("/") if each not in ("", ".", ".."))]
    return os.path.abspath(path).split(os.sep)


def _name(below: Sequence[str], part: _Part, *, with_suffix: bool) -> str:
    name = posixpath.join(*[each for each in below if each] or ["root"])
    suffix = "" if part.kind is Kind.FOLDER else next(
        each for each in (*TAR_SUFFIXES[1:], *TAR_SUFFIXES[:1], *PARQUET_SUFFIXES) if name.lower().endswith(each)
    )  # fmt: skip
    stem = name if with_suffix or not suffix else name[: -len(suffix)] or name
    return stem if part.number is None else f"{stem}-{part.number:05}"
