"""Data sets by name."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from beholder.data import csv_ratings
from beholder.data.rated_photos import RatedPhotos, check_leaks
from beholder.data.sets import aadb, ava, biq2021, eva, oasis, psychoflickr, tid2013
from beholder.errors import BeholderError
from beholder.splits import holdout

LOADERS: dict[str, Callable[..., RatedPhotos]] = {
    "oasis": oasis.load,
    "biq2021": biq2021.load,
    "aadb": aadb.load,
    "eva": eva.load,
    "ava": ava.load,
    "psychoflickr": psychoflickr.load,
    "tid2013": tid2013.load,
}
# What the folder of a data set is known by: one of these.
LANDMARKS = {
    "oasis": ("labels.csv",),
    "biq2021": ("labels.csv",),
    "aadb": ("imgListFiles_label", "imgListTrainRegression.csv"),
    "eva": (eva.VOTES,),
    "ava": (ava.VOTES,),
    "psychoflickr": (psychoflickr.USERS,),
    "tid2013": (tid2013.SCORES,),
}


def load_data(
    name: str,
    root: str | Path | None = None,
    *,
    drop_leaks: bool = False,
    drop_missing: bool = False,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> RatedPhotos:
    """A data set by name, or people's own ratings in a CSV file; no picture is in two of its splits.

    Args:
        name: of ``LOADERS``, or the path of a file that ends in .csv (see :func:`beholder.data.csv_ratings.load`).
        root: for a name the folder with one folder a data set, or that of the data set itself, ``default_root()``
            without one; for a CSV file the folder that its paths are relative to, its own without one.
        drop_leaks: leave photographs out that are in a second split too, instead of refusing.
        drop_missing: for AVA, which few have whole: leave photographs out whose files are not there.
        ranges: for a CSV file: task -> lowest and highest value of its rating scale.

    Raises:
        BeholderError: no such data set, its files are missing or not as published, or a leak between its splits.
    """
    if drop_missing and name != "ava":
        raise BeholderError(f"{name} is to be whole; only of ava photographs that are missing may be left out")
    if is_csv(name):
        photos = csv_ratings.load(Path(name), None if root is None else Path(root), ranges)
    elif ranges:
        raise BeholderError(f"{name} has its own rating scales; ranges are for a CSV file")
    else:
        place = data_folder(name, root)
        # AADB's leaks are told by name, before any photograph is read.
        options = {"aadb": {"drop_leaks": drop_leaks}, "ava": {"drop_missing": drop_missing}}
        photos = LOADERS[name](place, **options.get(name, {}))
    return check_leaks(photos, drop_leaks)


def split_of(photos: RatedPhotos, seed: int = 0) -> RatedPhotos:
    """The same photographs with a train, a validation and a test part; parts that are published stay as they are.

    Where there are none, a fifth is for test and a tenth for validation, groups kept whole; where only a train and a
    test part are given, a tenth of all photographs, from the train part, is for validation.

    Args:
        seed: of what is drawn.

    Raises:
        BeholderError: a part would be empty.
    """
    if photos.splits is None:
        return photos.with_splits(holdout(len(photos), seed=seed, groups=photos.groups).tolist())
    parts = np.array(photos.splits)
    train = np.flatnonzero(parts == "train")
    if "validation" not in parts and len(train):
        groups = None if photos.groups is None else [photos.groups[row] for row in train]
        parts = parts.astype("U10")
        parts[train] = holdout(len(train), 0, 0.1 * len(photos) / len(train), seed, groups)
    return photos.with_splits(parts.tolist())


def is_csv(name: str) -> bool:
    """Whether this is people's own file rather than the name of a data set."""
    return name.lower().endswith(".csv")


def data_folder(name: str, root: str | Path | None = None) -> Path:
    """Where a data set lies: ``root/name``, or ``root`` itself where only that looks like it.

    Raises:
        BeholderError: no such data set.
    """
    if name not in LOADERS:
        raise BeholderError(f"no data set is called {name!r}; there are {', '.join(LOADERS)}, and your own file.csv")
    root = default_root() if root is None else Path(root)
    if not (root / name).exists() and any((root / landmark).exists() for landmark in LANDMARKS[name]):
        return root
    return root / name


def root_beside(name: str, root: Path | None, first: str) -> Path | None:
    """Where a data set is looked for beside a first one: by the same root, but for CSV files, whose root is their own.

    Args:
        name: of the data set, or a CSV file.
        root: of the first one.
        first: its name, or a CSV file.
    """
    return None if is_csv(name) or is_csv(first) else root


def default_root() -> Path:
    """The folder with one folder a data set: BEHOLDER_DATA, else ``../shared/data``."""
    return Path(os.environ.get("BEHOLDER_DATA") or Path("..") / "shared" / "data")
