"""Loaders on small folders in exactly the published layouts, and on the real data where it is there."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from beholder import data
from beholder.data.rated import RatedPhotos
from beholder.errors import BeholderError
from beholder.tasks import Task

LAYOUTS = {
    "oasis": (
        "image,theme,category,source,beauty_mean,beauty_sd,beauty_n,valence_mean,valence_sd,valence_n,arousal_mean,arousal_sd,arousal_n",
        [
            "images/Acorns 1.jpg,Acorns,Object,Pixabay,4.86,1.4,140,4.6,0.9,102,2.3,1.6,101",
            "images/Beach 1.jpg,Beach,Scenery,Pixabay,6.1,1.0,120,6.2,0.8,101,3.3,1.9,100",
        ],
    ),
    "biq2021": ("image,quality_mean", ["images/ss03_3753.jpg,0.8471", "images/ss01_1726.jpg,0.2874"]),
}


def _repeat(folder: Path) -> None:
    path = folder / "labels.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n")


def make(root: Path, name: str, header: str, rows: list[str]) -> Path:
    folder = root / name
    (folder / "images").mkdir(parents=True)
    for number, row in enumerate(rows):
        Image.new("RGB", (8, 8), (number * 50, 0, 0)).save(folder / row.split(",")[0])
    (folder / "labels.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_loads(name: str, tmp_path: Path) -> None:
    header, rows = LAYOUTS[name]
    make(tmp_path, name, header, rows)
    photos = data.load(name, tmp_path)
    assert photos.files == tuple(row.split(",")[0] for row in rows)
    columns = header.split(",")
    expected = [[float(row.split(",")[columns.index(f"{task.name}_mean")]) for task in photos.tasks] for row in rows]
    np.testing.assert_array_equal(photos.ratings, expected)
    assert photos.groups == (("Acorns", "Beach") if name == "oasis" else None)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "labels.csv").unlink(), "cannot be read"),
        (lambda folder: _edit(folder, "_mean", "_median"), "no column"),
        (lambda folder: _edit(folder, "6.1,1.0" if "oasis" in str(folder) else "0.2874", "9.9"), "outside its scale"),
        (lambda folder: _edit(folder, "6.1,1.0" if "oasis" in str(folder) else "0.2874", "many"), "not a number"),
        (lambda folder: next((folder / "images").iterdir()).unlink(), "1 of 2 photographs are not in"),
        (_repeat, "listed more than once"),
    ],
)
def test_bad_labels_are_one_line(name: str, spoil, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    spoil(make(tmp_path, name, *LAYOUTS[name]))
    with pytest.raises(BeholderError, match=message) as caught:
        data.load(name, tmp_path)
    assert "\n" not in str(caught.value)


def _edit(folder: Path, old: str, new: str) -> None:
    path = folder / "labels.csv"
    path.write_text(path.read_text().replace(old, new))


def test_unknown_data_set(tmp_path: Path) -> None:
    with pytest.raises(BeholderError, match="oasis, biq2021"):
        data.load("imagenet", tmp_path)


def test_content_hash_sees_photographs_and_ratings_and_not_places(tmp_path: Path) -> None:
    header, rows = LAYOUTS["biq2021"]
    here, there = (data.load("biq2021", make(tmp_path / side, "biq2021", header, rows).parent) for side in "ab")
    assert here.content_hash == there.content_hash
    turned = data.load("biq2021", make(tmp_path / "c", "biq2021", header, rows[::-1]).parent)
    assert turned.content_hash != here.content_hash  # other pixels under the same names
    rated = RatedPhotos(here.name, here.root, here.files, here.tasks, here.ratings + 0.1)
    assert rated.content_hash != here.content_hash


def test_shapes_must_agree(tmp_path: Path) -> None:
    with pytest.raises(BeholderError, match="shape"):
        RatedPhotos("x", tmp_path, (), (Task("t", 0, 1),), np.zeros((1, 1)))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("oasis", 649), ("biq2021", 5000)])
def test_real_data(name: str, count: int, data_root: Path) -> None:
    photos = data.load(name, data_root)
    assert len(photos) == count and np.isfinite(photos.ratings).all()
