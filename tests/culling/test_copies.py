"""Copies and links of picks: nothing that is there is written over."""

import os
from pathlib import Path

import pytest

from beholder.culling.copies import check_folder, put, with_sidecars
from beholder.errors import BeholderError


def _files(folder: Path, *names: str, content: str = "") -> list[str]:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(content or name)
    return [str(folder / name) for name in names]


def test_sidecars_go_with_their_photographs(tmp_path):
    files = _files(tmp_path / "shoot", "IMG_1.JPG", "IMG_1.CR2")
    _files(tmp_path / "shoot", "IMG_1.xmp", "IMG_1.JPG.xmp", "IMG_2.xmp")
    assert [os.path.basename(each) for each in with_sidecars(files)] == [
        "IMG_1.JPG",
        "IMG_1.CR2",
        "IMG_1.JPG.xmp",
        "IMG_1.xmp",
    ]


def test_a_sidecar_in_capital_letters_goes_too(tmp_path):
    files = _files(tmp_path, "IMG_1.JPG", "IMG_1.XMP")
    assert with_sidecars(files[:1]) == tuple(files)


@pytest.mark.parametrize("link", [False, True])
def test_all_files_of_a_shot_arrive_and_stay(tmp_path, link):
    files = _files(tmp_path / "shoot", "IMG_1.JPG", "IMG_1.CR2")
    made, there = put(files, tmp_path / "picks", link=link)
    assert [path.name for path in made] == ["IMG_1.JPG", "IMG_1.CR2"] and there == []
    assert [path.read_text() for path in made] == ["IMG_1.JPG", "IMG_1.CR2"]
    assert all(map(os.path.exists, files))
    assert put(files, tmp_path / "picks", link=link) == ([], made)  # a second run changes nothing


@pytest.mark.parametrize("link", [False, True])
def test_another_picture_of_the_name_is_not_written_over(tmp_path, link):
    (taken,) = _files(tmp_path / "picks", "IMG_1.JPG", content="another picture")
    files = _files(tmp_path / "shoot", "IMG_1.JPG", "IMG_1.CR2", "IMG_1.JPG.xmp")
    made, _ = put(files, tmp_path / "picks", link=link)
    assert [path.name for path in made] == ["IMG_1-2.JPG", "IMG_1-2.CR2", "IMG_1-2.JPG.xmp"]
    assert Path(taken).read_text() == "another picture"


def test_a_copy_keeps_the_time_of_the_file(tmp_path):
    (file,) = _files(tmp_path / "shoot", "IMG_1.JPG")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    (made,), _ = put([file], tmp_path / "picks")
    assert made.stat().st_mtime == 1_000_000_000


def test_a_folder_that_cannot_be_used_is_told_before_any_work(tmp_path):
    (file,) = _files(tmp_path / "shoot", "IMG_1.JPG")
    for folder, why in (
        (tmp_path / "shoot", "holds .*IMG_1.JPG itself"),
        (Path(file), "is not a folder"),
        (tmp_path / "a" / "b", "there is no folder"),
    ):
        with pytest.raises(BeholderError, match=why):
            check_folder(folder, [file])
    check_folder(tmp_path / "picks", [file])


def test_a_file_that_is_gone_is_one_line(tmp_path):
    with pytest.raises(BeholderError, match=r"IMG_1.JPG: no such file"):
        put([str(tmp_path / "IMG_1.JPG")], tmp_path / "picks")


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("changed", ["shoot", "picks"])
def test_a_sidecar_that_changed_is_no_other_picture(tmp_path, link, changed):
    files = _files(tmp_path / "shoot", "IMG_1.JPG", "IMG_1.JPG.xmp")
    made, _ = put(files, tmp_path / "picks", link=link)
    sidecar = tmp_path / changed / "IMG_1.JPG.xmp"
    new = tmp_path / "new"
    new.write_text("five stars")
    os.replace(new, sidecar)
    assert put(files, tmp_path / "picks", link=link) == ([], made)
    assert sidecar.read_text() == "five stars"


def test_a_sidecar_of_another_picture_that_is_gone_is_left_alone(tmp_path):
    _files(tmp_path / "picks", "IMG_1.JPG.xmp", content="of another")
    made, _ = put(_files(tmp_path / "shoot", "IMG_1.JPG", "IMG_1.JPG.xmp"), tmp_path / "picks")
    assert [path.name for path in made] == ["IMG_1-2.JPG", "IMG_1-2.JPG.xmp"]


def test_a_linked_sidecar_has_one_name(tmp_path):
    files = _files(tmp_path / "shoot", "IMG_1.JPG", "IMG_1.JPG.xmp")
    put(files, tmp_path / "picks", link=True)
    assert [os.stat(path).st_nlink for path in files] == [2, 1]  # of two, --xmp would refuse to write it
