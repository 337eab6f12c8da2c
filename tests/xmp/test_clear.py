"""Only what we wrote is taken out."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from beholder.xmp.clear import CLEARED, REMOVED, clear_files, files
from beholder.xmp.inside import look_inside
from beholder.xmp.mark import Mark
from beholder.xmp.profiles import profiles_of
from beholder.xmp.write import REFUSED, UNCHANGED, write_marks
from helpers.xmp_packets import foreign, lightroom, needs_exiftool, texts


def write(*photos: Path, profiles: str = "sidecar", **options: Any) -> None:
    marks = [Mark(str(photo), {"Overall": "5"}, 4, "green", "pick") for photo in photos]
    list(write_marks(marks, profiles_of(profiles), **options))


def clear(folder: Path, **options: Any) -> dict[str, str]:
    recursive = options.pop("recursive", False)
    found = clear_files(files(str(folder), recursive=recursive), **options)
    return {Path(done.file).name: done.status for done in found}


def test_sidecars(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.NEF", "d.jpg", "e.jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff\xd9")
    (tmp_path / "b.jpg.xmp").write_bytes(lightroom(xmp_Rating="0"))
    (tmp_path / "d.jpg.xmp").write_bytes(lightroom(xmp_Rating="2"))
    write(tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "e.jpg")
    write(tmp_path / "c.NEF", profiles="lightroom")
    path = tmp_path / "e.jpg.xmp"
    path.write_bytes(path.read_bytes().replace(b'xmp:Rating="4"', b'xmp:Rating="5"'))
    (tmp_path / "orphan.xmp").write_bytes(b"no")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    said = {
        "a.jpg.xmp": REMOVED,
        "b.jpg.xmp": CLEARED,
        "c.xmp": REMOVED,
        "d.jpg.xmp": UNCHANGED,
        "e.jpg.xmp": CLEARED,
        "orphan.xmp": REFUSED,
    }
    assert clear(tmp_path, dry_run=True) == said
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert clear(tmp_path) == said
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {path.name for path in before} - {"a.jpg.xmp", "c.xmp"}
    assert foreign((tmp_path / "b.jpg.xmp").read_bytes()) == foreign(lightroom())
    assert texts(path.read_bytes())["xmp:Rating"] == "5" and b"beholder.photos" not in path.read_bytes()
    assert (tmp_path / "d.jpg.xmp").read_bytes() == lightroom(xmp_Rating="2")
    assert set(clear(tmp_path).values()) == {UNCHANGED, REFUSED}


def test_folders_inside_a_folder(tmp_path: Path) -> None:
    for folder in ("in", "@eaDir", ".hidden"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jpg").write_bytes(b"\xff\xd8\xff\xd9")
        write(tmp_path / folder / "a.jpg")
    assert clear(tmp_path) == {} and clear(tmp_path, recursive=True) == {"a.jpg.xmp": REMOVED}
    assert not (tmp_path / "in" / "a.jpg.xmp").exists() and (tmp_path / "@eaDir" / "a.jpg.xmp").exists()


@needs_exiftool
def test_photographs(tmp_path: Path, photos: list[Path]) -> None:
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(photos[0], tmp_path / name)
    write(tmp_path / "a.jpg", profiles="lightroom", embed=True)
    assert clear(tmp_path) == {"a.jpg": CLEARED}
    assert b"beholder.photos" not in look_inside(tmp_path / "a.jpg").packets[0]
    assert clear(tmp_path) == {}


def test_photographs_without_exiftool(tmp_path: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    content = photos[0].read_bytes()
    write(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(content)
    write(tmp_path / "a.jpg")
    segment = b"http://ns.adobe.com/xap/1.0/\0" + (tmp_path / "a.jpg.xmp").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2) + segment + content[2:])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert clear(tmp_path) == {"a.jpg": REFUSED, "a.jpg.xmp": REMOVED}
