"""Rated photographs: one schema (:mod:`rated`), one small file for each data set."""

from collections.abc import Callable
from pathlib import Path

from beholder.data import aadb, biq2021, oasis
from beholder.data.rated import RatedPhotos
from beholder.errors import BeholderError

LOADERS: dict[str, Callable[[Path], RatedPhotos]] = {
    "oasis": oasis.load,
    "biq2021": biq2021.load,
    "aadb": aadb.load,
}


def load(name: str, root: str | Path) -> RatedPhotos:
    """A data set by name, from the folder ``root`` that holds one folder a data set.

    Raises:
        BeholderError: no such data set, or its files are missing or not as published.
    """
    if name not in LOADERS:
        raise BeholderError(f"no data set is called {name!r}; there are {', '.join(LOADERS)}")
    return LOADERS[name](Path(root) / name)
