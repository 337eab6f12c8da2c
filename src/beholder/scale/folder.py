"""Photographs of a folder, here or in a store; values to carry are in files beside them, as img2dataset writes them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from beholder.errors import BeholderError
from beholder.scale import store
from beholder.scale.carry import Carry, sample_values, text_suffixes
from beholder.scale.unit import SourceRow, Unit
from beholder.text import printable


def read_folder(
    unit: Unit, carry: Sequence[Carry], sizes: Mapping[str, store.Stat], retries: store.Retries
) -> Iterator[SourceRow]:
    """The rows of a folder unit: one a file. Each is read where it is decoded; what fails is an error of its row.

    Args:
        unit: of files.
        carry: values from ``NAME.json``, ``NAME.txt`` and the like beside ``NAME.jpg``.
        sizes: of objects in a store, as far as they are known.
        retries: of each object in a store.

    Raises:
        BeholderError: values are to be carried from a folder in a store.
    """
    check_carry(unit.path, carry)
    for name in unit.files:
        path = store.join(unit.path, name)
        if store.is_remote(unit.path):
            known = sizes.get(name)
            photo = store.StoredPhoto(path, retries, known.size if known else None)
            yield SourceRow(name, {"bytes": photo, "path": name})
        else:
            yield SourceRow(name, store.local_path(path), sample_values(_texts(path, carry), carry))


@lru_cache(maxsize=16)
def listing(path: str, recursive: bool) -> Mapping[str, store.Stat]:
    """The photographs of a folder by their names below it, in order. The units of a large folder share one look."""
    return dict(store.list_folder(path, recursive))


def check_carry(path: str, carry: Sequence[Carry]) -> None:
    """Check that values can be carried from a folder: not from one in a store, where each would be a request."""
    if carry and store.is_remote(path):
        raise BeholderError(
            f"{printable(path)}: --carry takes values from tar files, tables and local folders, not from a folder in a "
            "store; leave it out"
        )


def _texts(path: str, carry: Sequence[Carry]) -> dict[str, bytes]:
    stem, found = os.path.splitext(path)[0], {}
    for suffix in text_suffixes(carry):
        try:
            content = store.read_small(f"{stem}.{suffix}")
        except BeholderError:  # a folder, or without permission: as if it were not there
            continue
        if content is not None:
            found[suffix] = content
    return found
