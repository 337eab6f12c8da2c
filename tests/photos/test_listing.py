"""Photographs are found where people name them, in order, each once, and what gives none is told."""

import os
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from beholder.photos.large_lists import natural_key
from beholder.photos.listing import Unreadable, find
from beholder.text import printable


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """trip/ with photographs, other files, hidden ones, folders and links, made in no order; the current folder."""
    for name in (
        "trip/b10.jpg",
        "trip/b9.JPG",
        "trip/a[1].jpg",
        "trip/notes.txt",
        "trip/.hidden.jpg",
        "trip/._b9.JPG",
        "trip/day 2/c.png",
        "trip/day 10/d.webp",
        "trip/day 10/deep/e.tiff",
        "trip/.thumbnails/t.jpg",
        "trip/texts/readme.txt",
        "other/z.jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "trip/loop").symlink_to(tmp_path / "trip")
    (tmp_path / "trip/gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "linked").symlink_to(tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(names: Iterable[str], recursive: bool = False, lines: Iterable[str] = ()) -> list[str]:
    return [
        item.error if isinstance(item, Unreadable) else item for item in find(names, recursive=recursive, lines=lines)
    ]


FLAT = ["trip/a[1].jpg", "trip/b9.JPG", "trip/b10.jpg", "trip/gone.jpg"]
DEEP = [*FLAT[:3], "trip/day 2/c.png", "trip/day 10/d.webp", "trip/day 10/deep/e.tiff", FLAT[3]]


@pytest.mark.parametrize(
    ("names", "recursive", "expected"),
    [
        pytest.param(["trip"], False, FLAT, id="folder"),
        pytest.param(["trip/"], False, FLAT, id="folder with a slash"),
        pytest.param(["trip"], True, DEEP, id="recursive, links not followed"),
        pytest.param(["linked"], False, ["linked/z.jpg"], id="a link that is named is followed"),
        pytest.param(["trip/notes.txt"], False, ["trip/notes.txt"], id="a file that is named is taken"),
        pytest.param(["nope.jpg"], False, ["nope.jpg"], id="there or not"),
        pytest.param(["other", "trip"], False, ["other/z.jpg", *FLAT], id="order of the arguments"),
        pytest.param(["trip", "trip", "trip/b9.JPG"], False, FLAT, id="each once"),
        pytest.param(
            ["./trip", "trip//", "trip/./b9.JPG"], False, [f"./{path}" for path in FLAT], id="named otherwise"
        ),
        pytest.param(["trip/b10.jpg", "trip"], False, [FLAT[2], *FLAT[:2], FLAT[3]], id="where it is named first"),
        pytest.param(["trip/a[1].jpg"], False, ["trip/a[1].jpg"], id="brackets in a real name"),
        pytest.param(["trip/b*"], False, ["trip/b9.JPG", "trip/b10.jpg"], id="pattern in natural order"),
        pytest.param(["trip/day*"], False, ["trip/day 2/c.png", "trip/day 10/d.webp"], id="pattern of folders"),
        pytest.param(["trip/day*/**"], True, DEEP[3:6], id="pattern of folders and what is in them"),
        pytest.param(["*.gif", "other"], False, ["*.gif: no file matches this pattern", "other/z.jpg"], id="no match"),
    ],
)
def test_names(tree: Path, names: list[str], recursive: bool, expected: list[str]) -> None:
    assert found(names, recursive) == expected


def test_absolute_and_relative_paths_are_one_file(tree: Path) -> None:
    assert found(["other", str(tree / "other")]) == ["other/z.jpg"]
    assert found([str(tree / "other"), "other"]) == [str(tree / "other/z.jpg")]
    assert found(["other/z.jpg", "trip/../other/z.jpg"]) == ["other/z.jpg", "trip/../other/z.jpg"]  # trip may be a link


def test_list_on_standard_input(tree: Path) -> None:
    lines = ["other\r\n", "\n", "trip/b*\n", "nope.jpg\n", "other/z.jpg"]
    assert found(["-", "trip/b9.JPG"], lines=lines) == ["other/z.jpg", "trip/b*", "nope.jpg", "trip/b9.JPG"]
    assert found(["-"]) == []


@pytest.mark.parametrize(
    ("name", "recursive", "says"),
    [("trip/texts", True, ""), ("trip/texts", False, "--recursive"), (".", False, "--rec")],
)
def test_folder_without_photographs_is_told(tree: Path, name: str, recursive: bool, says: str) -> None:
    (place,) = find([name], recursive=recursive)
    assert isinstance(place, Unreadable) and place.path == name
    assert place.error.startswith(f"{name}: no photographs") and says in place.error
    assert ("--recursive" in place.error) == (not recursive)


def test_folder_that_cannot_be_listed_ends_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path == "trip/day 2":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    told = "trip/day 2: cannot list this folder (Permission denied)"
    assert found(["trip"], recursive=True) == [told if path == "trip/day 2/c.png" else path for path in DEEP]
    assert found(["trip/day 2", "other"]) == [told, "other/z.jpg"]


@pytest.mark.parametrize(
    "name", ["two\nlines.jpg", "emoji 🎈.jpg", 'comma, "quote".jpg', "[bold]x.jpg", b"\xff\xfe.jpg"]
)
def test_odd_names(tmp_path: Path, name: str | bytes) -> None:
    name = os.fsdecode(name)
    (tmp_path / name).write_bytes(b"")
    path = str(tmp_path / name)
    assert found([str(tmp_path)]) == found([path]) == [path]
    assert printable(name).isprintable() and printable(name).encode()


def test_natural_order() -> None:
    names = ["", "a", "a.jpg", "a01.jpg", "a1.jpg", "a2.jpg", "a10.jpg", "a10b9.jpg", "a10b10.jpg", f"a{10**30}", "b"]
    assert sorted(random.Random(0).sample(names, len(names)), key=natural_key) == names
