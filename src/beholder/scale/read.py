"""The rows of a unit, and what its input was: for a tar file, a Parquet table or a folder, here or in a store."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from beholder.scale import store, tables
from beholder.scale.carry import Carry
from beholder.scale.folder import check_carry, listing, read_folder
from beholder.scale.store import Retries
from beholder.scale.tar import HashedFile, read_tar
from beholder.scale.unit import Kind, SourceRow, Unit, UnitError
from beholder.text import one_line, printable

_CHUNK = 2**20
_hashes: dict[tuple[str, int, str], str] = {}  # of files that this process has read: (path, size, tag) -> sha256


@dataclass(frozen=True)
class InputId:
    """What the input of a unit was.

    Attributes:
        path: as it was given.
        size: bytes: of the file, or of all files of a folder unit.
        tag: of the store, such as an ETag; of a local file when it was changed; empty for a folder.
        sha256: hexadecimal: of a local file's content, empty until it is known; of the list of names, sizes and tags of
            a folder unit.
    """

    path: str
    size: int
    tag: str
    sha256: str = ""


def read_rows(
    unit: Unit, *, column: str | None = None, carry: Sequence[Carry] = (), retries: Retries | None = None
) -> Iterator[SourceRow]:
    """The rows of a unit, in order, in flat memory. Each row of the input is one, whatever is wrong with it.

    Args:
        unit: of any kind.
        column: of a table's pictures, ``image`` by default.
        carry: values that go through.
        retries: of the store; counts tries after the first.

    Raises:
        UnitError: it cannot be read to its end.
        BeholderError: the whole run is asked wrongly, such as for a column that is not there.
    """
    retries = retries or Retries()
    if unit.kind is Kind.FOLDER:
        yield from read_folder(unit, carry, _listed(unit) if store.is_remote(unit.path) else {}, retries)
        return
    with _opened(unit, retries) as file:
        if unit.kind is Kind.PARQUET:
            yield from tables.read_table(file, unit.path, column, carry, unit.row_groups, retries)
        else:
            before = _key(unit, retries)
            hashed = HashedFile(file)
            yield from read_tar(io.BufferedReader(hashed, _CHUNK), unit.path, carry)
            if hashed.size == before[1]:
                _hashes[before] = hashed.sha256()
        if isinstance(file, store.RemoteFile):
            file.check_unchanged()


def carried_types(
    unit: Unit, column: str | None, carry: Sequence[Carry], retries: Retries | None = None
) -> dict[str, Any]:
    """The Arrow type of each value that goes through, by its name in the output; None for text.

    Raises:
        UnitError: the table cannot be read.
        BeholderError: it has no such column.
    """
    if unit.kind is not Kind.PARQUET:
        if unit.kind is Kind.FOLDER:
            check_carry(unit.path, carry)
        return dict.fromkeys((each.as_name for each in carry), None)
    with _opened(unit, retries or Retries()) as file:
        return tables.column_types(file, unit.path, column, carry)


def input_id(unit: Unit, retries: Retries | None = None) -> InputId:
    """What the input of a unit is now, without reading it.

    Raises:
        UnitError: it is not there.
    """
    if unit.kind is Kind.FOLDER:
        found = _listed(unit)
        named = [(name, found.get(name, store.Stat(0, ""))) for name in unit.files]
        lines = "".join(f"{name}\0{stat.size}\0{stat.tag}\n" for name, stat in named)
        sha256 = hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
        return InputId(unit.path, sum(stat.size for _, stat in named), "", sha256)
    key = _key(unit, retries)
    return InputId(*key, _hashes.get(key, ""))


def input_sha256(unit: Unit, retries: Retries | None = None) -> str:
    """The sha256 of a unit's input. A file is read for it, once in a process; an object that has a tag is not.

    Returns:
        Hexadecimal; empty for an object that has a tag and was not read.

    Raises:
        UnitError: it cannot be read.
    """
    known = input_id(unit, retries)
    if known.sha256 or (known.tag and store.is_remote(unit.path)):
        return known.sha256
    with _opened(unit, retries or Retries()) as file:
        hashed = HashedFile(file)
        buffer = bytearray(_CHUNK)
        while hashed.readinto(buffer):
            pass
    _hashes[known.path, known.size, known.tag] = hashed.sha256()
    return hashed.sha256()


def _key(unit: Unit, retries: Retries | None) -> tuple[str, int, str]:
    with _as_unit_error(unit):
        found = store.stat(unit.path, retries)
    return unit.path, found.size, found.tag


def _listed(unit: Unit) -> Mapping[str, store.Stat]:
    """Size and tag of the files of a folder unit, as far as they are there."""
    with _as_unit_error(unit):
        if store.is_remote(unit.path):
            return listing(unit.path, any("/" in name for name in unit.files))
        found = {}
        for name in unit.files:
            path = store.join(unit.path, name)
            if store.exists(path):
                found[name] = store.stat(path)
        return found


@contextmanager
def _opened(unit: Unit, retries: Retries) -> Iterator[BinaryIO]:
    with _as_unit_error(unit), store.open_input(unit.path, retries) as file:
        yield file


@contextmanager
def _as_unit_error(unit: Unit) -> Iterator[None]:
    """What the store or the disk does not give is missing for this unit alone."""
    try:
        yield
    except store.StoreError as error:
        raise UnitError(str(error)) from error
    except OSError as error:
        raise UnitError(f"{printable(unit.path)}: cannot be read: {error.strerror or one_line(error)}") from error
