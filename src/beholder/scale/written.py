"""Tables that are there already, here or in a store: whether they are whole, and whether beholder wrote them."""

from __future__ import annotations

import hashlib
import posixpath
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.output.formats import FORMATS
from beholder.output.line_format import MAX_ROW_BYTES, is_header
from beholder.scale import store

_PART = 1 << 20  # bytes that are hashed at a time


@dataclass(frozen=True)
class FileId:
    """A file that was written."""

    size: int
    sha256: str


def is_whole(path: str, written: FileId, *, deep: bool = False) -> bool:
    """Whether a file is there with the size, and if ``deep`` with the content, that it was written with."""
    if not store.exists(path) or store.stat(path).size != written.size:
        return False
    if not deep:
        return True
    with open_written(path) as file:
        return sha256_of(file) == written.sha256


def open_written(path: str) -> BinaryIO:
    """A file that was written, to read anywhere in it."""
    return store.open_input(path, store.Retries())


def sha256_of(file: BinaryIO) -> str:
    """Of the rest of an open file, hexadecimal."""
    found = hashlib.sha256()
    while part := file.read(_PART):
        found.update(part)
    return found.hexdigest()


def id_of(path: Path) -> FileId:
    """Of a local file."""
    with path.open("rb") as file:
        return FileId(path.stat().st_size, sha256_of(file))


def is_table(path: str) -> bool:
    """Whether a file that is there is empty, or a table of scores of whatever model."""
    suffix = posixpath.splitext(path)[1].lower()
    if not store.stat(path).size:
        return True
    if not store.is_remote(path):
        return FORMATS[suffix].is_ours(Path(store.local_path(path)))
    with open_written(path) as file:
        if suffix == ".parquet":
            parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
            try:
                return is_header(parquet.read_schema(file).names)
            except (BeholderError, OSError, ValueError):  # ArrowInvalid is a ValueError
                return False
        with tempfile.TemporaryDirectory() as folder:
            head = Path(folder, f"head{suffix}")
            head.write_bytes(file.read(MAX_ROW_BYTES))
            return FORMATS[suffix].is_ours(head)
