"""A unit of work, the rows in it, and what can be wrong with it as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from beholder.errors import BeholderError
from beholder.photos.listing.find import Unreadable
from beholder.photos.sources import Source


class Kind(StrEnum):
    """What the input of a unit is."""

    TAR = "tar"
    PARQUET = "parquet"
    FOLDER = "folder"


@dataclass(frozen=True)
class Unit:
    """What is scored as a whole and has one output: a file, a range of a big Parquet file, or files of a folder.

    Attributes:
        name: unique in a run; stands for ``{unit}`` in the name of the output. May have slashes.
        index: place in the sorted list of all units, from 0.
        kind: of its input.
        path: of the file or the folder: a local path as it was given, or a URL such as ``s3://bucket/00000.tar``.
        row_groups: (first, end) of a Parquet file; None for all.
        files: names below ``path`` for a folder, sorted.
    """

    name: str
    index: int
    kind: Kind
    path: str
    row_groups: tuple[int, int] | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceRow:
    """One row of the input.

    Attributes:
        path: how the picture is called in its unit: the member of a tar, the path in a table, or ``row 17``.
        source: the picture, for :func:`beholder.score_photos`; or why there is none.
        carried: values of ``--carry``, by their name in the output.
    """

    path: str
    source: Source | Unreadable
    carried: Mapping[str, Any] = field(default_factory=dict)


class UnitError(BeholderError):
    """A unit cannot be read to its end: nothing of it counts, and other units go on."""
