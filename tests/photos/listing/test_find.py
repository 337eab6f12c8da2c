"""Photographs are found where people name them, in order, each once, and what gives none is told."""

import os
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beholder.photos.listing.find import Unreadable, find
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


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


MACHINES = [
    *("@eaDir/1.JPG/THUMB_XL.jpg", "#recycle/old.jpg", "trip/@EADIR/2.JPG/THUMB_M.jpg", "$RECYCLE.BIN/S-1/old.jpg"),
    *("System Volume Information/x.jpg", "lost+found/x.jpg", "x Previews.lrdata/1/2.jpg"),
    *("L.photoslibrary/resources/1.jpeg", "L.photoslibrary/database/1.jpeg"),
]


@pytest.mark.parametrize("pattern", [".", "**", "*"])
def test_machine_folders_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "1.JPG", "L.photoslibrary/originals/1.heic", "trip/2.JPG", *MACHINES)
    passed_over = Counter[str]()
    paths = list(find([pattern], recursive=True, passed_over=passed_over))
    assert [str(path).removeprefix("./") for path in paths] == [
        "1.JPG",
        "L.photoslibrary/originals/1.heic",
        "trip/2.JPG",
    ]
    assert {"@eaDir/", "@EADIR/", "#recycle/", "lost+found/", "*.lrdata/"} <= {*passed_over}
    for name in ("@eaDir", "trip/@EADIR", "L.photoslibrary/resources", "@eaDir/*", "@eaDir/*/*.jpg"):  # that are named
        assert found([name], recursive=True) != [] and "no photo" not in found([name], recursive=True)[0]


def test_what_is_passed_over_is_counted_by_kind(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jxl", "c.JXL", "d.psd", "clip.mp4", "notes.txt", ".e.jpg", "._a.jpg", ".f.heic.icloud")
    touch(tmp_path, "inside/g.jp2")
    (tmp_path / "link").symlink_to(tmp_path / "inside")
    passed_over = Counter[str]()
    assert len(list(find([str(tmp_path)], recursive=True, passed_over=passed_over))) == 1
    assert {kind.split()[0]: count for kind, count in passed_over.items()} == {
        **{".jxl": 2, ".psd": 1, ".jp2": 1},
        **{"hidden": 1, "only": 1, "links": 1},
    }


@pytest.mark.parametrize("pattern", ["**/*.jpg", "photos/**/*.jpg", "photos/**", "pho*/**/**/trip/**/*.jpg"])
def test_patterns_follow_no_links_to_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    """Two links to a folder above them stand for 2 to the power of 40 paths."""
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "photos/trip/1.jpg", "photos/trip/2.jpg", "photos/.hidden/3.jpg")
    for name in ("a", "b"):
        (tmp_path / "photos/trip" / name).symlink_to(tmp_path / "photos")
    assert found([pattern]) == ["photos/trip/1.jpg", "photos/trip/2.jpg"]


def test_links_that_lead_nowhere_end_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "gone").symlink_to("nowhere")
    passed_over = Counter[str]()
    assert list(find([str(tmp_path)], recursive=True, passed_over=passed_over)) == [str(tmp_path / "a.jpg")]
    assert not passed_over


def test_folder_of_other_pictures_says_so(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "a/1.psd", "b/1.jxl", "b/2.jxl", "b/3.psd")
    assert found([str(tmp_path / name) for name in "ab"]) == [
        str(tmp_path / "a/1.jpg"),
        f"{tmp_path / 'b'}: no photographs in this folder; --recursive looks into the folders inside it; passed over: "
        "2 .jxl (JPEG XL is not read), 1 .psd (Photoshop is not read)",
    ]


@pytest.mark.parametrize("names", [["trip", "other"], ["trip/[abdg]*", "other"], ["-"]])
def test_exclude(tree: Path, names: list[str]) -> None:
    """From folders, patterns and lists alike; what is left out is counted."""
    passed_over = Counter[str]()
    lines = [*DEEP, "other/z.jpg"]
    exclude = ["B9.*", "day 10/deep", "other"]
    paths = list(find(names, recursive=True, lines=lines, exclude=exclude, passed_over=passed_over))
    left_out = {"trip/b9.JPG", "trip/day 10/deep/e.tiff"}
    assert paths == [path for path in DEEP if path not in left_out]
    assert passed_over["by --exclude"] == 3


def test_folders_are_searched_however_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,100 folders are more than Python calls inside each other; a path over 4,096 bytes is more than Linux takes."""
    monkeypatch.chdir(tmp_path)
    for name, depth in (("d", 1100), ("long" * 50, 25)):
        for _ in range(depth):
            os.mkdir(name)
            os.chdir(name)
        Path("x.jpg").touch()
        os.chdir(tmp_path)
    try:
        assert found(["d"], recursive=True) == ["d/" * 1100 + "x.jpg"]
        (told,) = found(["long" * 50], recursive=True)
        assert "cannot list this folder (File name too long); its path" in told and len(told) < 4400
    finally:
        subprocess.run(["rm", "-r", "d", "long" * 50], check=True)  # shutil, and so pytest, stops at 1,000


def test_folder_inside_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a mount can make it. Here a link is said to be a folder."""
    touch(tmp_path, "a/1.jpg")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    scandir = os.scandir

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.name, self.is_dir, self.is_symlink = entry.name, lambda **how: entry.is_dir(), lambda: False

    @contextmanager
    def scan(path: str) -> Iterator[Iterator[Entry]]:
        with scandir(path) as entries:
            yield map(Entry, entries)

    monkeypatch.setattr(os, "scandir", scan)
    passed_over = Counter[str]()
    paths = list(find([str(tmp_path)], recursive=True, passed_over=passed_over))
    assert paths == [str(tmp_path / "a/1.jpg")] and passed_over.total() == 1


def test_folder_that_vanishes_ends_nothing(tree: Path) -> None:
    paths = find(["trip"], recursive=True)
    first = next(paths)
    shutil.rmtree("trip/day 2")
    rest = [item.error if isinstance(item, Unreadable) else item for item in paths]
    assert rest[2] == "trip/day 2: cannot list this folder (No such file or directory)"
    assert [first, *rest[:2], *rest[3:]] == [path for path in DEEP if "day 2" not in path]


def test_names_in_another_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photographs and folders are found, once, and spelled as the disk has them."""
    monkeypatch.chdir(tmp_path)
    names = [unicodedata.normalize("NFD", name) for name in ("F\xeate/1.jpg", "F\xeate/M\xfcller.jpg", "n\xe9.jpg")]
    touch(tmp_path, *names)
    folder, photo = "F\xeate", "F\xeate/M\xfcller.jpg"
    assert found([photo, folder, "n\xe9.jpg"]) == [names[1], names[0], names[2]]
    lines = [photo, f"'{folder}'\r\n", (tmp_path / "n\xe9.jpg").as_uri(), names[2]]
    assert found(["-"], lines=lines) == [names[1], names[0], str(tmp_path / names[2])]
