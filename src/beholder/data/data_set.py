"""The record that describes a published data set; each module of :mod:`beholder.data.sets` ends with one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsTable


@dataclass(frozen=True)
class DataSet:
    """A published data set.

    Attributes:
        name: in commands, and of its folder.
        description: what it holds and who published it, one line.
        landmarks: files or folders, relative to its folder; one of them is enough to recognise the folder.
        load: its folder -> photographs and ratings; with ``drop_leaks`` and ``drop_missing`` where the next two say so.
        drops_leaks: ``load`` takes the keyword ``drop_leaks``, because the published lists name the photographs that
            are in two parts. Leaks by content are found for every data set, without its help.
        drops_missing: ``load`` takes the keyword ``drop_missing``, because few copies have all photographs.
        statistics: its folder -> statistics of the labels, without reading photographs. None: they are computed from
            the loaded photographs by :func:`beholder.data.statistics.photo_statistics`.
    """

    name: str
    description: str
    landmarks: tuple[str, ...]
    load: Callable[..., RatedPhotos]
    drops_leaks: bool = False
    drops_missing: bool = False
    statistics: Callable[[Path], list[StatisticsTable]] | None = None
