"""What is wrong in the labels of a data set is told in one line, with what is needed; data sets since 2020."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from beholder.data.registry import data_statistics, load_data
from helpers.layouts import LAYOUTS, edit, refused

KONIQ = "koniq10k_distributions_sets.csv"
TRAIN = "annotation/PARA-GiaaTrain.csv"
VOTES = "annotation/PARA-Images.csv"
Spoil = Callable[[Path], object]


def replaced(old: str, new: str) -> Spoil:
    return lambda path: edit(path, old, new)


def emptied(path: Path) -> None:
    """All rows are gone, the header is there."""
    path.write_text(path.read_text().splitlines()[0] + "\n")


@pytest.mark.parametrize(
    ("layout", "file", "spoil", "message"),
    [
        ("koniq10k", KONIQ, Path.unlink, "no such file; give the folder that holds koniq10k_distributions_sets.csv"),
        ("koniq10k", KONIQ, replaced("c5", "c6"), "no column 'c5'; it has image_name, c1, c2"),
        ("koniq10k", KONIQ, replaced("c_total,MOS", "c_total,mos"), "no column 'MOS'"),
        ("koniq10k", KONIQ, replaced("100.jpg,0.33", "100.jpg,0.43"), "row 2, c1 to c5 are not the shares of c_total"),
        ("koniq10k", KONIQ, replaced(",3,10.5", ",,10.5"), "row 2, c1 to c5 are not the shares .*1 such rows"),
        ("koniq10k", KONIQ, replaced(",3,10.5", ",3,100.5"), "row 2, MOS is 100.5, outside its scale 1 to 100"),
        ("koniq10k", KONIQ, replaced("training", "learning"), "split is 'learning'"),
        ("koniq10k", KONIQ, replaced(",test", ",training"), "none of its 12 photographs is in the test part"),
        ("koniq10k", KONIQ, emptied, "none of its 0 photographs is in the train part"),
        ("tad66k", "labels/merge/test.csv", Path.unlink, "no such file; give the folder that holds labels/merge"),
        ("tad66k", "labels/merge/test.csv", emptied, "none of its 0 photographs is in the test part"),
        ("tad66k", "labels/merge/train.csv", replaced("image,", "photo,"), "no column 'image'; it has photo, score"),
        (
            "tad66k",
            "labels/merge/train.csv",
            replaced("0@N00.jpg,1.5", "0@N00.jpg,0.5"),
            "row 2, score is 0.5, outside",
        ),
        ("tad66k", "labels/merge/train.csv", replaced("0@N00.jpg", "9@N09.jpg"), "9@N09.jpg is listed more than once"),
        ("para", TRAIN, Path.unlink, "no such file; give the folder that holds annotation/ and imgs/"),
        ("para", TRAIN, replaced("dofScore_mean", "dofScore_average"), "no column 'dofScore_mean'"),
        ("para", TRAIN, replaced("plant,1,1,1,", "plant,1,1.5,1,"), "1.5 votes for 1.5; numbers of votes are whole"),
        ("para", TRAIN, replaced("plant,1,1,1,", "plant,0,0,0,"), "photograph 1 has no votes; leave it out"),
        ("para", TRAIN, replaced("1.5,0.5,3.25", "1.5,0.5,many"), "row 2, qualityScore_mean is 'many', not a number"),
        ("para", "annotation/PARA-GiaaTest.csv", emptied, "none of its 0 photographs is in the test part"),
        ("para", VOTES, replaced("A1,1.0,", "A1,5.5,"), "row 2, aestheticScore is 5.5, outside its scale 1 to 5"),
        ("para", VOTES, replaced("userId", "user"), "no column 'userId'"),
        ("msc", "dataset_msc.csv", Path.unlink, "no such file"),
        ("msc", "dataset_msc.csv", replaced("Filename", "Name"), "no column of photographs"),
        ("msc", "dataset_msc.csv", replaced("Mu;", "Alpha;"), "no column of mean ratings; call it mu, mean, .* Alpha"),
        ("msc", "dataset_msc.csv", emptied, "no column of ratings"),
    ],
)
def test_bad_labels_are_one_line(layout: str, file: str, spoil: Spoil, message: str, tmp_path: Path) -> None:
    LAYOUTS[layout](tmp_path)
    spoil(tmp_path / layout / file)
    refused(message, load_data, layout, tmp_path)


@pytest.mark.parametrize("layout", ["para", "tad66k", "koniq10k", "spaq", "msc"])
def test_photographs_that_are_missing_are_counted(layout: str, tmp_path: Path) -> None:
    LAYOUTS[layout](tmp_path)
    photos = load_data(layout, tmp_path)
    shutil.rmtree(photos.paths[0].parent)
    refused(r"\d+ of 12 photographs are not in .*, the first is", load_data, layout, tmp_path)


@pytest.mark.parametrize("layout", ["para", "tad66k", "koniq10k", "spaq"])
def test_statistics_need_no_photographs(layout: str, tmp_path: Path) -> None:
    LAYOUTS[layout](tmp_path)
    photos = load_data(layout, tmp_path)
    expected = [table.records() for table in data_statistics(layout, tmp_path)]
    shutil.rmtree(photos.paths[0].parents[-2 - len(tmp_path.parts)])
    assert [table.records() for table in data_statistics(layout, tmp_path)] == expected
