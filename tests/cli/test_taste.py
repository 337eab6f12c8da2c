"""`beholder taste fit`, and scores and reports with a taste."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beholder as package
from beholder.personal.taste import read_taste
from helpers.commands import Done, read_table
from helpers.factories import save_model, save_photos
from helpers.report_pages import blocks
from helpers.xmp_packets import lightroom

Run = Callable[..., Done]


def save_ratings(path: Path, names: list[str], ratings: list[Any], column: str = "mine") -> Path:
    lines = [f"image,{column}", *(f"{name},{rating}" for name, rating in zip(names, ratings, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def photographs(tmp_path: Path) -> list[str]:
    return [str(Path(path).relative_to(tmp_path)) for path in save_photos(tmp_path / "photos", 12)]


def fitted(beholder: Run, tmp_path: Path, photographs: list[str], name: str = "taste.json", step: int = 3) -> Path:
    ratings = save_ratings(tmp_path / "r.csv", photographs[:10], [1 + step * i % 10 for i in range(10)])
    done = beholder("taste", "fit", "default", ratings, "--range", "0:10", "--out", name)
    assert done.code == 0, done
    assert done.out.startswith(f"{name}: 10 ratings on 0 to 10")
    return tmp_path / name


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_score_with_a_taste(beholder: Run, tmp_path: Path, photographs: list[str], suffix: str) -> None:
    file = fitted(beholder, tmp_path, photographs)
    table = tmp_path / f"scores{suffix}"
    done = beholder("score", "photos", "--taste", file, "--out", table)
    assert done.code == 0
    header, *lines = done.out.splitlines()
    assert header.split()[:4] == ["rank", "file", "taste", "overall"]
    ranked = [float(line.split()[2]) for line in lines]
    assert len(ranked) == 12 and ranked == sorted(ranked, reverse=True)

    rows = read_table(table)
    assert list(rows[0])[:3] == ["path", "taste", "overall"]
    scores = package.load(None).score(photographs)
    found = read_taste(file, scores.model)
    np.testing.assert_allclose([float(row["taste"]) for row in rows], found(scores), atol=1e-3)
    np.testing.assert_allclose([float(row["overall"]) for row in rows], scores.overall, atol=1e-3)
    assert {row["model"] for row in rows} == {f"{scores.model}+{found.id}"}

    before = table.read_bytes()
    again = beholder("score", "photos", "--taste", file, "--out", table, "--resume")
    assert "12 known from before" in again.err
    assert suffix == ".parquet" or table.read_bytes() == before
    assert read_table(table) == rows


def test_resuming_with_another_taste_is_refused(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    first = fitted(beholder, tmp_path, photographs)
    second = fitted(beholder, tmp_path, photographs, "other.json", step=7)
    beholder("score", *photographs[:3], "--taste", first, "--out", "x.csv")
    before = (tmp_path / "x.csv").read_bytes()
    for options in (["--taste", second], []):
        done = beholder("score", "photos", *options, "--out", "x.csv", "--resume")
        assert done.code == 1 and done.err.count("\n") == 1 and "leave out --resume" in done.err
        assert (tmp_path / "x.csv").read_bytes() == before
    assert beholder("score", "photos", "--taste", first, "--out", "x.csv", "--resume").code == 0
    beholder("score", "photos", "--taste", first, "--out", "y.csv")
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "y.csv").read_bytes()


def test_sort_and_json(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    file = fitted(beholder, tmp_path, photographs)
    rows = json.loads(beholder("score", "photos", "--taste", file, "--json").out)
    assert [row["path"] for row in rows] == photographs
    best = json.loads(beholder("score", "photos", "--taste", file, "--json", "--top", 3).out)
    assert best == sorted(rows, key=lambda row: row["taste"], reverse=True)[:3]
    generic = json.loads(beholder("score", "photos", "--taste", file, "--json", "--sort", "overall").out)
    assert generic == sorted(rows, key=lambda row: row["overall"], reverse=True)
    assert "choose one of overall" in beholder("score", "photos", "--sort", "taste").err


def test_report_with_a_taste(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    file = fitted(beholder, tmp_path, photographs)
    assert beholder("report", "photos", "--taste", file, "--out", "r.html").code == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert (
        '"name":"taste","low":0.0,"high":10.0' in page
        and str(json.loads(file.read_text())["model"]) in page
        and "+taste@" in page
    )
    (about,) = blocks(tmp_path / "r.html", "about")
    assert about["tasks"][about["lead"]]["name"] == "taste"  # by which the page ranks
    assert beholder("report", "photos", "--out", "g.html").code == 0
    assert blocks(tmp_path / "g.html", "about")[0]["lead"] == 0


def test_two_fits_write_the_same_file(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    first = fitted(beholder, tmp_path, photographs).read_bytes()
    assert fitted(beholder, tmp_path, photographs, "again.json").read_bytes() == first


def test_a_photograph_that_cannot_be_read_is_left_out(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    (tmp_path / "photos" / "1.jpg").write_text("hello")
    ratings = save_ratings(tmp_path / "r.csv", photographs, [1 + i % 5 for i in range(12)])
    done = beholder("taste", "fit", "default", ratings)
    assert done.code == 3 and "not scored: photos/1.jpg" in done.err.replace(f"{tmp_path}/", "")
    assert json.loads((tmp_path / "taste.json").read_text())["n"] == 11


@pytest.mark.parametrize(
    ("ratings", "says"),
    [
        ([4], "1 rating; a taste needs 5 at least"),
        ([4, 2, 1, 3], "4 ratings; a taste needs 5 at least"),
        ([4] * 12, "all 12 ratings are 4"),
        (["good"] * 12, "no column of ratings"),
        ([], "no column of ratings"),
    ],
)
def test_ratings_that_say_nothing(
    beholder: Run, tmp_path: Path, photographs: list[str], ratings: list[Any], says: str
) -> None:
    path = save_ratings(tmp_path / "r.csv", photographs[: len(ratings)], ratings)
    done = beholder("taste", "fit", "default", path)
    assert done.code == 1 and done.err.startswith(f"error: {path}: ") and done.err.count("\n") == 1
    assert says in done.err
    assert not (tmp_path / "taste.json").exists()


def test_taste_from_what_other_programs_hold(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    for place, path in enumerate(photographs[:10]):
        Path(f"{path}.xmp").write_bytes(lightroom(xmp_Rating=str(place % 6)))
    done = beholder("taste", "fit", "default", "--from-xmp", "photos")
    assert done.code == 0 and done.out.startswith("taste.json: 8 ratings on 1 to 5")
    assert done.err.startswith("photos: 8 with stars, 0 picked, 0 rejected; stars are learned from")
    assert beholder("xmp", "read", "photos").code == 0
    read = beholder("taste", "fit", "default", "ratings.csv", "--range", "1:5", "--out", "other.json")
    assert read.code == 0 and read.out.startswith("other.json: 8 ratings on 1 to 5")
    first, second = (json.loads((tmp_path / name).read_text()) for name in ("taste.json", "other.json"))
    assert first["on_embedding"] == second["on_embedding"]


def test_mistakes_of_learning_from_xmp(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    for arguments, says in (
        (["--from-xmp", "photos"], "photos: 0 with stars, 0 picked, 0 rejected; a taste needs 5 photographs"),
        (["--from-xmp", "photos", "r.csv"], "give one of a table of ratings, --from-xmp FOLDER and --state FILE"),
        ([], "give one of a table of ratings, --from-xmp FOLDER and --state FILE"),
        (["--from-xmp", "photos", "--range", "1:5"], "--range is about a table of ratings"),
        (["--from-xmp", "nowhere"], "nowhere: no such file"),
        (["--from-xmp", "r.csv"], "r.csv: is a table, and --from-xmp is for folders of photographs"),
    ):
        done = beholder("taste", "fit", "default", *arguments)
        assert done.code == 1 and says in done.err and len(done.err.splitlines()) == 1, done
    assert not (tmp_path / "taste.json").exists()


def test_ratings_of_two_things_are_refused(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    path = save_ratings(tmp_path / "r.csv", photographs, [f"{i % 5},{i % 3}" for i in range(12)], "mine,yours")
    assert "2 columns of ratings (mine, yours)" in beholder("taste", "fit", "default", path).err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--range", "1:3"], "outside its scale 1 to 3"),
        (["--range", "low"], "--range low: give it as LOW:HIGH"),
        (["--out", "taste.csv"], "name that ends in .json"),
        (["--out", "nowhere/taste.json"], "folder does not exist"),
    ],
)
def test_mistakes_of_fitting(
    beholder: Run, tmp_path: Path, photographs: list[str], options: list[str], says: str
) -> None:
    path = save_ratings(tmp_path / "r.csv", photographs, [1 + i % 5 for i in range(12)])
    done = beholder("taste", "fit", "default", path, *options)
    assert done.code == 1 and says in done.err and done.err.count("\n") == 1


def test_another_model_is_refused(beholder: Run, tmp_path: Path, photographs: list[str], other_model: Path) -> None:
    file = fitted(beholder, tmp_path, photographs)
    for command in ("score", "report"):
        done = beholder(command, "photos", "--taste", file, "--model", other_model)
        assert done.code == 1 and done.err.count("\n") == 1
        assert done.err.startswith(f"error: {file}: the taste was fitted on model colour@")


def test_a_model_with_a_task_of_that_name_is_refused(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    model = save_model(tmp_path / "m.onnx", second="taste")
    ratings = save_ratings(tmp_path / "r.csv", photographs, [1 + i % 5 for i in range(12)])
    assert beholder("taste", "fit", model, ratings).code == 0
    for command in ("score", "report"):
        done = beholder(command, "photos", "--taste", "taste.json", "--model", model)
        assert done.code == 1 and "a task called 'taste'" in done.err
    assert beholder("score", "photos", "--model", model).code == 0


def test_files_that_are_no_taste(beholder: Run, tmp_path: Path, photographs: list[str]) -> None:
    whole = fitted(beholder, tmp_path, photographs).read_text("utf-8")
    good = json.loads(whole)
    infinite = base64.b64encode(np.full(3, np.inf, "<f4").tobytes()).decode()
    for content, says in (
        ("", "is not a taste file"),
        (whole[:200], "is not a taste file"),
        ("[1, 2]", "is not a taste file"),
        ('"taste"', "is not a taste file"),
        ("{}", "is not a taste file"),
        (json.dumps({**good, "on_tasks": "abc"}), "is not a taste file"),
        (json.dumps({**good, "on_embedding": "!"}), "is not a taste file"),
        (json.dumps({**good, "on_embedding": infinite}), "is not a taste file"),
        (json.dumps({**good, "scale": {"name": "x", "low": 3, "high": 1}}), "is not a taste file"),
        (json.dumps({**good, "taste_format": 2}), "pip install --upgrade beholder"),
        (json.dumps({**good, "on_embedding": "AAAAAA=="}), "does not have the coefficients"),
        (None, "no such file"),
    ):
        path = tmp_path / "bad.json"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content, encoding="utf-8")
        done = beholder("score", "photos", "--taste", path)
        assert done.code == 1 and says in done.err and done.err.count("\n") == 1, (content, done.err)
