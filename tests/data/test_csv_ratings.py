"""Ratings in CSV files: columns, scales, votes, one rater, and messages for what is wrong."""

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from beholder.data import csv_ratings
from beholder.data.registry import load_data
from helpers.layouts import edit, make_own, make_own_votes, picture, refused


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_own_ratings_as_spreadsheets_write_them(delimiter: str, tmp_path: Path) -> None:
    header = [
        "",
        "Theme",
        "Photo",
        "Rule of thirds",
        "beauty_mean",
        "beauty_sd",
        "beauty_n",
        "split",
        "notes",
        "take_n",
    ]
    lines = [delimiter.join(header)]
    for number in range(10):
        picture(tmp_path / "in" / f"{number}.jpg", number)
        beauty = f"{number / 2}".replace(".", "," if delimiter == ";" else ".")
        theme = "" if number == 9 else f"t{number // 2}"
        split = ("Train", "VAL", "testing")[number % 3]
        row = [str(number), theme, f"in/{number}.jpg", str(number), beauty, "1", "20", split, "2 of 3", "60"]
        lines.append(delimiter.join(["", *row[1:3], "", *row[4:]] if number == 4 else row))
    path = tmp_path / "my ratings.csv"
    path.write_bytes("\ufeff".encode() + "\r\n".join([*lines, delimiter * 9, ""]).encode())
    photos = load_data(str(path))
    assert photos.name == "my ratings" and photos.root == tmp_path and photos.files[3] == "in/3.jpg"
    scales = [(task.name, task.low, task.high) for task in photos.tasks]
    assert scales == [("Rule_of_thirds", 0, 10), ("beauty", 0, 5), ("take_n", 0, 100)]
    assert "0 to 5 inferred from ratings of 0 to 4.5" in photos.tasks[1].description
    assert photos.ratings[3].tolist() == [3, 1.5, 60] and np.isnan(photos.ratings[4, 0])
    assert photos.splits == ("train", "validation", "test") * 3 + ("train",)
    assert photos.groups is not None and photos.groups[1:3] == ("t0", "t1") and photos.groups[9] == "in/9.jpg"
    np.testing.assert_array_equal(photos.n[0], [np.nan, 20, np.nan])  # type: ignore[index]
    np.testing.assert_array_equal(photos.sd[0], [np.nan, 1, np.nan])  # type: ignore[index]
    given = load_data(str(path), ranges={"beauty": (-1, 6)}).tasks[1]
    assert (given.low, given.high) == (-1, 6) and "as given" in given.description


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0, 1], (0, 1)),
        ([-1, 0.5], (-1, 1)),
        ([1.2, 4.9], (1, 5)),
        ([0.9, 5], (0, 5)),
        ([1, 7], (1, 7)),
        ([1.5, 8], (1, 10)),
        ([0.5, 8], (0, 10)),
        ([0, 11], (0, 100)),
        ([-3, 5], (-100, 100)),
        ([1200.5, 1650.2], (1200, 1651)),
        ([1500, 1500], (1500, 1501)),
    ],
)
def test_scales_are_the_narrowest_in_use(values: list[float], scale: tuple[float, float], tmp_path: Path) -> None:
    rows = [f"{number}.jpg,{values[number % 2]}" for number in range(10)]
    task = load_data(make_own(tmp_path, "image,score", rows)).tasks[0]
    assert (task.low, task.high) == scale


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), r"mine\.csv: no such file; give a CSV file"),
        (
            lambda path: edit(path, "File", "picture"),
            "no column of photographs; call it one of image, sourcefile, file",
        ),
        (lambda path: edit(path, "beauty_mean,light", "beauty,beauty_mean"), "both called beauty"),
        (lambda path: edit(path, "beauty_mean", "light"), "two columns 'light'"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0,four"), "row 6, light is 'four', not a number"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0,inf"), "row 6, light is 'inf', not a number"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0,1e300"), "row 6, light is '1e300', not a number"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0,1_0"), "row 6, light is '1_0', not a number"),
        (lambda path: edit(path, "04.jpg,3.0,4", '04.jpg,3.0,"1,000"'), "row 6, light is '1,000', not a number"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0," + "x" * 10**5), r"row 6, light is 'x{60}\.\.\.'"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0," + "x" * 10**6), "line 6 is not CSV .*field larger"),
        (lambda path: edit(path, "04.jpg,3.0,4", '04.jpg,"3.0,4'), "line 13 is not CSV .* quotation mark not closed"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0,\0"), "line 6 holds a zero byte"),
        (lambda path: edit(path, "pictures/04.jpg", "x" * 5000), "1 of 12 photographs are not in"),
        (lambda path: edit(path, "pictures/04.jpg", "./pictures/05.jpg"), "listed more than once"),
        (lambda path: edit(path, "light", "x" * 10**4), "a column has a name of 10,000 characters"),
        (lambda path: edit(path, "light", "votes_" + "9" * 900), r"column 'votes_9{54}\.\.\.': a value has 6 digits"),
        (lambda path: edit(path, "light", "file"), "'File' and 'file' are one name in two cases"),
        (lambda path: edit(path, "pictures/04.jpg", ""), "row 6 names no photograph"),
        (lambda path: edit(path, "pictures/04.jpg", "pictures/05.jpg"), "listed more than once"),
        (lambda path: (path.parent / "pictures" / "04.jpg").unlink(), r"1 of 12 .* the first is pictures/04\.jpg"),
        (lambda path: path.write_text("\n".join(path.read_text().splitlines()[:10])), "9 photographs are too few"),
        (lambda path: edit(path, "light,notes", "light,split"), "row 2, split is 'some words'; use train"),
        (lambda path: edit(path, "beauty_mean,light,", ",,"), "no column of ratings"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3,0,4"), "row 6 has 5 cells, the header 4"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"words", b"w\xf6rter")), "is not UTF-8"),
        (lambda path: path.write_text(""), "no column of photographs"),
    ],
)
def test_bad_own_ratings_are_one_line(spoil: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    name = make_own(tmp_path)
    spoil(Path(name))
    refused(message, load_data, name)


def test_ranges_are_of_what_is_rated(tmp_path: Path) -> None:
    name = make_own(tmp_path)
    refused(
        "a range for 'sharpness', which is not rated; rated are beauty, light",
        csv_ratings.load,
        Path(name),
        None,
        {"sharpness": (0, 1)},
    )
    refused("light of .* is 6, outside its scale 0 to 5", load_data, name, ranges={"light": (0, 5)})
    refused("the range 5 to 5 is empty", load_data, name, ranges={"light": (5, 5)})


def test_leaks_in_own_ratings(tmp_path: Path) -> None:
    parts = ["train", "test", "val"]
    rows = [f"{number}.jpg,{number},{parts[number % 3]}" for number in range(12)]
    name = make_own(tmp_path, "image,score,split", rows)
    assert len(load_data(name)) == 12
    (tmp_path / "4.jpg").write_bytes((tmp_path / "5.jpg").read_bytes())
    refused(r"mine: 1 photographs .* 5\.jpg \(validation\) is 4\.jpg \(test\)", load_data, name)
    assert "5.jpg" not in load_data(name, drop_leaks=True).files


def test_own_votes_are_the_score(tmp_path: Path) -> None:
    photos = load_data(make_own_votes(tmp_path))
    assert photos.histogram is not None and photos.histogram.values.tolist() == [-1, 0, 1]
    assert photos.histogram.counts[:3].tolist() == [[0, 1, 2], [1, 1, 1], [2, 1, 0]]
    (task,) = photos.tasks
    assert (task.name, task.low, task.high) == ("score", -1, 1) and "as in its columns votes_-1" in task.description
    np.testing.assert_allclose(photos.ratings[:3, 0], [2 / 3, 0, -2 / 3])
    np.testing.assert_allclose(photos.sd[:2, 0], [np.std([0, 1, 1], ddof=1), 1])  # type: ignore[index]
    np.testing.assert_array_equal(photos.n, 3)  # type: ignore[arg-type]
    assert load_data(str(tmp_path / "mine.csv"), ranges={"score": (-2, 2)}).tasks[0].low == -2
    refused(
        "score of .* is -0.666667, outside its scale 0 to 1",
        load_data,
        str(tmp_path / "mine.csv"),
        ranges={"score": (0, 1)},
    )


def test_own_votes_beside_ratings(tmp_path: Path) -> None:
    """Ten columns and two rated ones: the votes belong to the first, whose mean is rounded."""
    counts = [[(row + value) % 4 for value in range(10)] for row in range(12)]
    means = [np.average(np.arange(1, 11), weights=row) for row in counts]
    header = ",".join(["file", "light", "beauty_mean", "beauty_n", *(f"votes_{value}" for value in range(1, 11))])
    lines = [",".join([f"{row}.jpg", f"{means[row]:.1f}", "3", "7", *map(str, counts[row])]) for row in range(12)]
    photos = load_data(make_own(tmp_path, header, lines))
    assert [(task.name, task.low, task.high) for task in photos.tasks] == [("light", 1, 10), ("beauty", 1, 5)]
    assert photos.histogram is not None and photos.histogram.counts.tolist() == counts
    assert photos.n is not None and photos.n[0].tolist() == [sum(counts[0]), 7] and photos.sd is not None
    edit(tmp_path / "mine.csv", f"1.jpg,{means[1]:.1f}", "1.jpg,9.9")
    refused(r"light of 1\.jpg is 9\.9, the mean of its votes", load_data, str(tmp_path / "mine.csv"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("01.jpg,1,1,1,3", "01.jpg,1,1,1,4", r"row 3, n is 4, its votes are 3 \(1 such rows\)"),
        ("01.jpg,1,1,1,3", "01.jpg,-1,1,3,3", "row 3, votes_1 is '-1'; numbers of votes are whole"),
        ("01.jpg,1,1,1,3", "01.jpg,1.5,0.5,1,3", r"row 3, votes_-1 is '0\.5'; numbers"),
        ("01.jpg,1,1,1,3", "01.jpg,1,,2,3", "row 3, votes_-1 is ''; .* 0 for no votes"),
        ("01.jpg,1,1,1,3", "01.jpg,1,?,2,3", r"row 3, votes_-1 is '\?'; .* 0 for no votes"),
        ("01.jpg,1,1,1,3", "01.jpg,0,0,0,0", "row 3 has no votes"),
        ("votes_1,votes_-1,votes_0,n", "votes_1,beauty,light,n", "'votes_1' is the only column of votes"),
        ("votes_1,votes_-1,votes_0,n", "votes_1,votes_-1,votes_0,score_n", None),
        ("n\n", "beauty_mean\n", r"beauty of pictures/00\.jpg is 3, the mean of its votes|outside its scale"),
    ],
)
def test_bad_own_votes_are_one_line(old: str, new: str, message: str | None, tmp_path: Path) -> None:
    name = make_own_votes(tmp_path)
    edit(Path(name), old, new)
    if message is None:
        assert [task.name for task in load_data(name).tasks] == ["score"]
    else:
        refused(message, load_data, name)


def test_one_rater_may_rate_few_photographs(tmp_path: Path) -> None:
    lines = [f"{number}.jpg,{number}" for number in range(5)]
    path = Path(make_own(tmp_path, "image,mine", lines))
    photos = csv_ratings.load_one_rater(path)
    assert len(photos) == 5 and (photos.tasks[0].low, photos.tasks[0].high) == (0, 5)
    task = csv_ratings.load_one_rater(path, ends=(-1, 6)).tasks[0]
    assert (task.name, task.low, task.high) == ("mine", -1, 6)
    refused("mine of .* is 4, outside its scale 0 to 3", csv_ratings.load_one_rater, path, None, (0, 3))
    refused(r"2 columns of ratings \(beauty, light\)", csv_ratings.load_one_rater, Path(make_own(tmp_path)))


def rated(root: Path, lines: list[str], encoding: str = "utf-8") -> list[tuple[str, float]]:
    """Photographs and ratings of a table; photographs called 0.jpg and so on are there."""
    for number in range(6):
        picture(root / f"{number}.jpg", number)
    (root / "r.csv").write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    photos = csv_ratings.load_one_rater(root / "r.csv")
    return list(zip(photos.files, photos.ratings[:, 0].tolist(), strict=True))


@pytest.mark.parametrize("missing", ["", "-", "n/a", "NULL", "?", "NA", "nan"])
def test_stars_of_exiftool(missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Photographs without stars are left out, which is said; 0 stars are none."""
    lines = ["SourceFile,FileName,Rating", "./0.jpg,0.jpg,3", f"./1.jpg,1.jpg,{missing}", "2.jpg,2.jpg,5", "3.jpg,,0"]
    assert rated(tmp_path, lines) == [("0.jpg", 3), ("2.jpg", 5)]
    assert capsys.readouterr().err.endswith("r.csv: 2 of 4 photographs have no rating and are left out\n")
    assert rated(tmp_path, ["image,Rating", "0.jpg,0", "1.jpg,4"]) == [("0.jpg", 0), ("1.jpg", 4)]


@pytest.mark.parametrize(
    "lines",
    [
        ["File Name,Stars", "0.jpg,1", ".\\1.jpg,4.5"],
        ["File_Path;my stars", "0.jpg;1", "1.jpg;4,5"],
        ["sep=;", '"Photo";"Rating"', '"0.jpg";"1"', '"1.jpg";"4.5"'],
        ["\ufeffIMAGE\tRating", "0.jpg\t1,0", ".//./1.jpg\t4,5"],
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tables_of_other_programs(lines: list[str], encoding: str, tmp_path: Path) -> None:
    lines = [line.removeprefix("\ufeff") for line in lines] if encoding == "utf-16" else lines
    assert rated(tmp_path, lines, encoding) == [("0.jpg", 1), ("1.jpg", 4.5)]


@pytest.mark.parametrize("ending", [".csv", ".TSV", ".txt"])
def test_endings_that_spreadsheets_give(ending: str, tmp_path: Path) -> None:
    path = Path(make_own(tmp_path)).rename(tmp_path / f"mine{ending}")
    assert len(load_data(str(path))) == 12


def test_absolute_names(tmp_path: Path) -> None:
    assert rated(tmp_path, ["image,x", f"{tmp_path}/0.jpg,1"]) == [(f"{tmp_path}/0.jpg", 1)]


@pytest.mark.parametrize(("here", "given"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_whose_letters_are_composed_in_another_way(here: str, given: str, tmp_path: Path) -> None:
    names = [f"K\u00f6ln/{number} M\u00fcller.jpg" for number in range(5)]
    for number, name in enumerate(names):
        picture(tmp_path / unicodedata.normalize(here, name), number)
    found = rated(tmp_path, ["image,x", *(f"{unicodedata.normalize(given, name)},1" for name in names)])
    assert [name for name, _ in found] == [unicodedata.normalize(here, name) for name in names]


@pytest.mark.parametrize("word", ["TRUE", "05. Jan", "2024-01-05", "good"])
def test_ratings_that_are_no_numbers_are_shown(word: str, tmp_path: Path) -> None:
    refused(
        f"no column of ratings, which are numbers: mine has '{word}'", rated, tmp_path, ["image,mine", f"0.jpg,{word}"]
    )


def test_votes_of_no_sensible_value(tmp_path: Path) -> None:
    refused("a value has 6 digits", rated, tmp_path, ["image,votes_" + "1" * 300 + ",votes_2", "0.jpg,1,2"])
    refused(
        "votes_1 is '1e13'",
        rated,
        tmp_path,
        ["image,votes_1,votes_2,x", "0.jpg,1e13,2,1", "1.jpg,1,2,3", "2.jpg,1,2,3"],
    )


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.csv")
    for path, kind in ((tmp_path / "r.csv", "pipe"), (Path("/dev/zero"), "device"), (tmp_path, "folder")):
        refused(f"is a {kind}, not a table of ratings", csv_ratings.load, path)
