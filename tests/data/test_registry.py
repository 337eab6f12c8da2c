"""Every data set by its record and by name: small folders in the published layouts, and the real data."""

import hashlib
import os
import pkgutil
import random
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from beholder.data import sets
from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.data.registry import data_root, data_set, data_statistics, load_data, split_of
from beholder.data.sets import NAMES
from beholder.errors import BeholderError
from beholder.splits import Shares
from helpers.damage import damaged
from helpers.factories import REPOSITORY
from helpers.layouts import LAYOUTS, edit, refused, split_photos

SPLIT_ORIGINS = {"eva": "drawn", **dict.fromkeys(("aadb", "ava", "para", "tad66k", "koniq10k"), "published")}
KNOWN_VOTERS = ("oasis", "composition", "eva", "para")
COUNTED_VOTES = ("oasis", "appeal", "eva", "ava", "para", "koniq10k", "own votes")
# Tables without which the photographs load: they are for statistics only.
ONLY_STATISTICS = ("image_content_category.csv", "PARA-UserInfo.csv", "beach.csv", "snow.csv")
TABLES = (".csv", ".txt", ".jpgl", ".xlsx")
# Files, tasks, the first photograph's first rating.
EXPECTED = {
    "oasis": (2, ["beauty", "valence", "arousal"], 4.86),
    "biq2021": (2, ["quality"], 0.8471),
    "appeal": (2, ["appeal"], 2.88),
    "composition": (2, ["simplicity"], 0.4),
    "aadb": (5, None, None),
    "eva": (12, ["score", "light_and_color", "composition_and_depth", "quality", "semantics"], 4.0),
    "ava": (12, ["score"], 2.0),
    "psychoflickr": (
        5,
        ["openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"],
        0.5,
    ),
    "tid2013": (4, ["quality"], 5.5),
    "msc": (12, ["aesthetics"], 1.0),
    "para": (
        12,
        [
            *("aesthetics", "quality", "composition", "color", "depth_of_field", "content", "light"),
            *("content_preference", "willingness_to_share"),
        ],
        1.5,
    ),
    "tad66k": (12, ["score"], 1.5),
    "koniq10k": (12, ["quality", "quality_zscore"], 5 / 3),
    "spaq": (12, ["quality", "brightness", "colorfulness", "contrast", "noisiness", "sharpness"], 0.0),
    "own": (12, ["beauty", "light"], 1.0),
    "own votes": (12, ["score"], 2 / 3),
}


def test_each_module_of_sets_is_listed() -> None:
    assert sorted(NAMES) == sorted(module.name for module in pkgutil.iter_modules(sets.__path__))


def test_each_data_set_is_in_the_table_of_the_docs() -> None:
    guide = (REPOSITORY / "docs" / "training.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"| `{name}` | `{name}/" not in guide] == []


@pytest.mark.parametrize("name", NAMES)
def test_records(name: str, tmp_path: Path) -> None:
    record = data_set(name)
    assert record.name == name and record.description and "\n" not in record.description
    assert LAYOUTS[name](tmp_path) == name
    assert any((tmp_path / name / landmark).exists() for landmark in record.landmarks)
    photos = record.load(tmp_path / name, **({"drop_leaks": True} if record.drops_leaks else {}))
    assert photos.name == name and len(photos) == EXPECTED[name][0] and {task.name for task in photos.tasks}
    photos.paths[0].unlink()
    if record.drops_missing:
        assert len(load_data(name, tmp_path, drop_missing=True)) == len(photos) - 1
    else:
        refused(f"{name} must be complete", load_data, name, tmp_path, drop_missing=True)
    if record.statistics is not None:
        tables = record.statistics(tmp_path / name)
        assert tables and [table.records() for table in tables] == [
            table.records() for table in data_statistics(name, tmp_path)
        ]
    else:
        refused(r"1 of \d+ photographs are not in", data_statistics, name, tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_loads(layout: str, tmp_path: Path) -> None:
    name = LAYOUTS[layout](tmp_path)
    photos = load_data(name, tmp_path, drop_leaks=layout == "aadb")
    count, tasks, first = EXPECTED[layout]
    assert len(photos) == count and len(set(photos.digests)) == count
    assert photos.digests[0] == hashlib.sha256(photos.paths[0].read_bytes()).hexdigest()
    assert tasks is None or [task.name for task in photos.tasks] == tasks
    assert first is None or photos.ratings[0, 0] == first
    assert np.isfinite(photos.ratings).all() or layout == "composition"  # not all were marked
    assert photos.split_origin == SPLIT_ORIGINS.get(layout, "none")
    assert (photos.votes is not None) == (layout in KNOWN_VOTERS)
    assert (photos.histogram is not None) == (layout in COUNTED_VOTES)


@pytest.mark.parametrize("layout", NAMES)
def test_root_may_be_the_data_set(layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = LAYOUTS[layout](tmp_path)
    own_folder = (tmp_path / name).rename(tmp_path / "elsewhere")
    photos = load_data(name, own_folder, drop_leaks=True)
    assert photos.root.is_relative_to(own_folder) and len(photos) == EXPECTED[layout][0]
    refused("no such file", load_data, name, tmp_path)
    own_folder.rename(tmp_path / name)
    monkeypatch.setenv("BEHOLDER_DATA", str(tmp_path))
    assert load_data(name, drop_leaks=True).files == photos.files


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_root_the_message_says_how_to_name_it(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        monkeypatch.delenv("BEHOLDER_DATA", raising=False)
    else:
        monkeypatch.setenv("BEHOLDER_DATA", value)
    refused(r"--root FOLDER or in the environment variable BEHOLDER_DATA", load_data, "oasis")
    assert data_root("here") == Path("here")
    monkeypatch.setenv("BEHOLDER_DATA", "there")
    assert data_root() == Path("there") and data_root("here") == Path("here")


@pytest.mark.parametrize("name", ["oasis", "biq2021"])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: edit(path, "_mean", "_median"), "no column"),
        (lambda path: edit(path, "6.1,1.0" if "oasis" in str(path) else "0.2874", "9.9"), "outside its scale"),
        (lambda path: edit(path, "6.1,1.0" if "oasis" in str(path) else "0.2874", "many"), "not a number"),
        (lambda path: next((path.parent / "images").iterdir()).unlink(), "1 of 2 photographs are not in"),
        (lambda path: path.write_text(path.read_text() + path.read_text().splitlines()[-1]), "listed more than once"),
        (lambda path: path.write_bytes(b"\xff" + path.read_bytes()), "is not UTF-8"),
    ],
)
def test_bad_labels_are_one_line(name: str, spoil: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    LAYOUTS[name](tmp_path)
    spoil(tmp_path / name / "labels.csv")
    refused(message, load_data, name, tmp_path)


def test_unknown_data_set(tmp_path: Path) -> None:
    refused("tid2013, msc, para, tad66k, koniq10k, spaq, and your own file.csv", load_data, "imagenet", tmp_path)
    refused("its own rating scales", load_data, "oasis", tmp_path, ranges={"beauty": (0, 1)})


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count", "start"), [("oasis", 649, "3edc294b"), ("biq2021", 5000, "fcaa1e37")])
def test_real_data(name: str, count: int, start: str, data_root: Path) -> None:
    photos = load_data(name, data_root)
    assert len(photos) == count and np.isfinite(photos.ratings).all()
    assert photos.content_hash.startswith(start)


@pytest.mark.parametrize("name", LAYOUTS)
def test_damaged_labels_are_read_or_refused(name: str, tmp_path: Path) -> None:
    """Whatever is wrong in a table or a list ends in one line, or does no harm."""
    given = LAYOUTS[name](tmp_path)
    tables = sorted(path for path in tmp_path.rglob("*") if path.suffix in TABLES)
    chance = random.Random(0)
    for path in tables:
        content = path.read_bytes()
        for _ in range(120 // len(tables)):
            path.write_bytes(damaged(content, chance))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    load_data(given, tmp_path)
            except BeholderError as error:
                assert len(str(error)) < 3000
        path.write_bytes(content)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_labels_that_are_no_file_are_refused(name: str, kind: str, tmp_path: Path) -> None:
    given = LAYOUTS[name](tmp_path)
    for path in sorted(path for path in tmp_path.rglob("*") if path.suffix in TABLES):
        content = path.read_bytes()
        path.unlink()
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            path.symlink_to("/dev/zero")
        else:
            path.mkdir()
        if path.name not in ONLY_STATISTICS:
            with pytest.raises(BeholderError, match=f"{path.name}: is a {kind}, not a (table|list|workbook)"):
                load_data(given, tmp_path)
        path.rmdir() if kind == "folder" else path.unlink()
        path.write_bytes(content)


# Parts


def count(photos: RatedPhotos) -> dict[str, int]:
    return {part: (photos.splits or ()).count(part) for part in ("train", "validation", "test")}


@pytest.mark.parametrize(
    ("parts", "seed", "shares", "expected", "words"),
    [
        (None, 0, Shares(), (7, 1, 2), "split drawn with a seed"),
        (None, 0, Shares(0.3, 0), (7, 0, 3), "split drawn with a seed"),
        ("drawn", 0, Shares(), (5, 3, 2), "split drawn with a seed"),
        ("drawn", 3, Shares(), (5, 3, 2), "split drawn with a seed"),
        ("drawn", 0, Shares(validation=0), (8, 0, 2), "split drawn with a seed"),
        ("whole", 0, Shares(), (5, 3, 2), "published split"),
        (
            "train and test",
            0,
            Shares(),
            (7, 1, 2),
            "published split, its validation part drawn from its training part",
        ),
    ],
)
def test_parts_that_are_not_published_are_drawn(
    parts: str | None, seed: int, shares: Shares, expected: tuple[int, ...], words: str, tmp_path: Path
) -> None:
    """A split that was drawn is drawn again in its own shares, and a published one stays."""
    given = [*["train"] * 5, *["train" if parts == "train and test" else "validation"] * 3, *["test"] * 2]
    photos = split_photos(tmp_path, list(range(10)), given)
    photos = replace(photos, splits=None) if parts is None else photos
    photos = replace(photos, drawn=SPLITS) if parts == "drawn" else photos
    found = split_of(photos, seed, shares)
    assert tuple(count(found).values()) == expected and found.split_words == words
    same = parts == "whole" or (parts == "drawn" and not seed and not shares.are_given)
    assert (found.splits == photos.splits) == same
    if parts == "train and test":
        assert [part == "test" for part in found.splits or ()] == [part == "test" for part in given]


def test_shares_of_a_published_split_are_refused(tmp_path: Path) -> None:
    photos = split_photos(tmp_path, [0, 1], ["train", "test"])
    refused("toy: its split is published, so its shares cannot be set", split_of, photos, 0, Shares(0.5))
