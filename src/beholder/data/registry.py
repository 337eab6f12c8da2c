"""Rated photographs by name: a published data set, or a CSV file."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import numpy as np

from beholder.data import csv_ratings
from beholder.data.data_set import DataSet
from beholder.data.leaks import check_leaks
from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import NAMES
from beholder.data.statistics import StatisticsTable, photo_statistics
from beholder.errors import BeholderError
from beholder.splits import TEST_SHARE, USUAL_SHARES, VALIDATION_SHARE, Shares, holdout_split

ROOT_VARIABLE = "BEHOLDER_DATA"  # environment variable


def data_set(name: str) -> DataSet:
    """The record of a published data set.

    Raises:
        BeholderError: no data set has this name.
    """
    if name not in NAMES:
        raise BeholderError(f"no data set is called {name!r}; there are {', '.join(NAMES)}, and your own file.csv")
    record: DataSet = import_module(f"beholder.data.sets.{name}").DATA_SET
    return record


def load_data(
    name: str,
    root: str | Path | None = None,
    *,
    drop_leaks: bool = False,
    drop_missing: bool = False,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> RatedPhotos:
    """A data set by name, or ratings in a CSV file; no picture is in two of its splits.

    Args:
        name: of a data set (:data:`beholder.data.sets.NAMES`), or the path of a file that ends in .csv (see
            :func:`beholder.data.csv_ratings.load`).
        root: for a data set as of :func:`data_folder`; for a CSV file the folder that its paths are relative to, its
            own folder by default.
        drop_leaks: leave out photographs that are in a second split too, instead of refusing.
        drop_missing: leave out photographs whose files are missing, for data sets that allow it (AVA).
        ranges: for a CSV file: task -> lowest and highest value of its rating scale.

    Raises:
        BeholderError: unknown data set, files that are missing or not as published, or a leak between splits.
    """
    if is_csv(name):
        if drop_missing:
            raise BeholderError(f"{name}: photographs of a CSV file must not be missing; remove their rows")
        photos = csv_ratings.load(Path(name), None if root is None else Path(root), ranges)
        return check_leaks(photos, drop=drop_leaks)
    found = data_set(name)
    if ranges:
        raise BeholderError(f"{name} has its own rating scales; ranges are for a CSV file")
    if drop_missing and not found.drops_missing:
        allowed = ", ".join(each for each in NAMES if data_set(each).drops_missing)
        raise BeholderError(f"{name} must be complete; photographs may be missing only from {allowed}")
    options = {}
    if found.drops_leaks:
        options["drop_leaks"] = drop_leaks
    if found.drops_missing:
        options["drop_missing"] = drop_missing
    return check_leaks(found.load(data_folder(name, root), **options), drop=drop_leaks)


def data_statistics(name: str, root: str | Path | None = None, *, drop_leaks: bool = False) -> list[StatisticsTable]:
    """Statistics of a data set or a CSV file; photographs are read only where its labels alone are not enough.

    Args:
        name: as of :func:`load_data`.
        root: as of :func:`load_data`.
        drop_leaks: as of :func:`load_data`, where photographs are read.

    Raises:
        BeholderError: as :func:`load_data`.
    """
    label_statistics = None if is_csv(name) else data_set(name).statistics
    if label_statistics is not None:
        return label_statistics(data_folder(name, root))
    return photo_statistics(load_data(name, root, drop_leaks=drop_leaks))


def split_of(photos: RatedPhotos, seed: int = 0, shares: Shares = USUAL_SHARES) -> RatedPhotos:
    """The same photographs with a train, a validation and a test part; published parts stay as they are.

    Without a split, a fifth is for testing and a tenth for validation, and groups are kept whole. If only train and
    test are published, a tenth of all photographs is moved from train to validation. A split that a data set draws
    itself (EVA; AVA without its test list) stays as it is with seed 0 and no shares, and is drawn again, in its own
    shares, otherwise; where it has no validation part, that is drawn as for a published one.

    Args:
        seed: of the parts that are drawn.
        shares: of the parts; a validation share of 0 leaves that part out.

    Raises:
        BeholderError: a part would be empty, or shares are given for a split that is published.
    """
    if photos.split_origin == "published":
        if shares.are_given:
            raise BeholderError(f"{photos.name}: its split is published, so its shares cannot be set; leave them out")
        return _with_validation(photos, seed)
    if photos.splits is not None and not seed and not shares.are_given:
        return photos if "validation" in photos.drawn else _with_validation(photos, seed)
    usual = (TEST_SHARE, VALIDATION_SHARE)
    if photos.splits is not None:
        test, validation = (photos.splits.count(part) / len(photos) for part in ("test", "validation"))
        usual = (test, validation or VALIDATION_SHARE)
    test, validation = (own if given is None else given for given, own in zip(shares, usual, strict=True))
    return photos.with_splits(holdout_split(len(photos), test, validation, seed, photos.groups).tolist())


def _with_validation(photos: RatedPhotos, seed: int) -> RatedPhotos:
    """The same split; where it has no validation part, a tenth of all photographs from the training part."""
    parts = np.array(photos.splits, dtype="U10")
    train = np.flatnonzero(parts == "train")
    if "validation" in parts or not len(train):
        return photos
    groups = None if photos.groups is None else [photos.groups[row] for row in train]
    parts[train] = holdout_split(len(train), 0, VALIDATION_SHARE * len(photos) / len(train), seed, groups)
    return photos.with_splits(parts.tolist(), (*photos.drawn, "validation"))


def is_csv(name: str) -> bool:
    """Whether this names a CSV file, or as spreadsheets call it a text, rather than a data set."""
    return name.lower().endswith((".csv", ".tsv", ".txt"))


def data_folder(name: str, root: str | Path | None = None) -> Path:
    """The folder of a data set: ``root/name``, or ``root`` itself if that holds the data set.

    Args:
        name: of the data set.
        root: as of :func:`data_root`.

    Raises:
        BeholderError: unknown data set, or no root is given.
    """
    landmarks = data_set(name).landmarks
    root = data_root(root)
    if not (root / name).exists() and any((root / landmark).exists() for landmark in landmarks):
        return root
    return root / name


def data_root(root: str | Path | None = None) -> Path:
    """The folder with one folder a data set: ``root``, or else the environment variable BEHOLDER_DATA.

    Raises:
        BeholderError: neither is given.
    """
    found = os.environ.get(ROOT_VARIABLE) if root is None else root
    if not found:
        raise BeholderError(
            "no folder of data sets is given; name the folder that holds them with --root FOLDER "
            f"or in the environment variable {ROOT_VARIABLE}"
        )
    return Path(found)


def root_beside(name: str, root: Path | None, first: str) -> Path | None:
    """The root of a second data set: that of the first, unless one of the two is a CSV file with paths of its own.

    Args:
        name: of the second data set, or a CSV file.
        root: of the first one.
        first: name of the first one, or a CSV file.
    """
    return None if is_csv(name) or is_csv(first) else root
