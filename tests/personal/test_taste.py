"""One person's taste: found where it is, absent where ratings are noise, refused where it does not belong."""

import base64
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

import beholder
from beholder.cli.app import app
from beholder.errors import BeholderError
from beholder.metrics import srcc
from beholder.personal import fit
from beholder.personal.taste import read_taste, write
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores
from beholder.tasks import Task
from helpers.factories import REPOSITORY, save_model, save_photos

SCALE = Task("stars", 1, 10)
WIDTH = 60
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def info(colour_model: Path) -> ModelInfo:
    return beholder.load(colour_model).info


def seen(info: ModelInfo, count: int, seed: int) -> Scores:
    """Photographs of a world in which the overall score and two others are directions of the embedding."""
    embedding = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)
    values = np.stack([4 + 1.75 * embedding[:, 0], 4 + 1.75 * embedding[:, 1], 0.5 + 0.3 * embedding[:, 2]], axis=1)
    evidence, sizes = np.zeros((count, 3, 1, 1)), np.full((count, 2), 100)
    return Scores(info.tasks, values, values, values, values, embedding, evidence, sizes, "colour@00000000")


def rated(scores: Scores, own: float, noise: float, seed: int) -> np.ndarray:
    """Ratings that follow the overall score, a direction of this person's own, and chance."""
    rng = np.random.default_rng([seed, 1])
    direction = rng.normal(size=WIDTH) * (np.arange(WIDTH) > 2)
    liking = scores.embedding[:, 0] + own * scores.embedding @ (direction / np.linalg.norm(direction))
    return np.clip(np.round(5.5 + liking + noise * rng.normal(size=len(scores))), 1, 10)


def gain(info: ModelInfo, count: int, own: float, noise: float, seed: int) -> float:
    """How much better the personal score ranks 400 other photographs of the same person, by SRCC."""
    scores = seen(info, count + 400, seed)
    ratings = rated(scores, own, noise, seed)
    found = fit.fit(scores[:count], info, ratings[:count], SCALE, "")
    rest = scores[count:]
    return srcc(ratings[count:], found(rest)) - srcc(ratings[count:], rest.overall)


# What is learned


def test_a_taste_of_ones_own_is_found(info: ModelInfo) -> None:
    for seed in range(3):
        assert gain(info, 100, own=1.5, noise=0.5, seed=seed) > 0.2
    assert np.mean([gain(info, 30, own=1.5, noise=0.5, seed=seed) for seed in range(10)]) > 0.05


@pytest.mark.parametrize("count", [10, 30, 100])
def test_without_a_taste_of_ones_own_little_is_lost(info: ModelInfo, count: int) -> None:
    assert np.mean([gain(info, count, own=0, noise=1.5, seed=seed) for seed in range(40)]) > -0.02


def test_ratings_by_chance_leave_the_generic_order(info: ModelInfo) -> None:
    agreement = []
    for seed in range(20):
        scores = seen(info, 430, seed)
        ratings = np.random.default_rng(seed).integers(1, 11, 30).astype(float)
        found = fit.fit(scores[:30], info, ratings, SCALE, "")(scores[30:])
        agreement.append(srcc(found, scores.overall[30:]))
    assert np.mean(agreement) > 0.6


def test_more_of_a_taste_moves_it_further(info: ModelInfo) -> None:
    scores = seen(info, 100, 1)
    none, much = (fit.fit(scores, info, rated(scores, own, 0.5, 1), SCALE, "").personal for own in (0, 2))
    assert 0 <= none < much <= max(fit.PRIOR.scales)


def test_cross_validation_says_what_new_photographs_confirm(info: ModelInfo) -> None:
    scores = seen(info, 600, 4)
    ratings = rated(scores, 1.5, 0.5, 4)
    found = fit.fit(scores[:200], info, ratings[:200], SCALE, "")
    assert found.srcc == pytest.approx(srcc(ratings[200:], found(scores[200:])), abs=0.1)
    assert found.srcc_generic == pytest.approx(srcc(ratings[:200], scores[:200].overall), abs=1e-5)
    assert found.srcc > found.srcc_generic + 0.1


def test_the_score_is_on_the_persons_scale(info: ModelInfo) -> None:
    scores = seen(info, 500, 2)
    ratings = rated(scores, 1, 0.3, 2)
    found = fit.fit(scores[:100], info, ratings[:100], SCALE, "")(scores[100:])
    assert found.mean() == pytest.approx(ratings[100:].mean(), abs=0.4)
    turned = fit.fit(scores[:100], info, 100 * ratings[:100], Task("points", 100, 1000), "")
    np.testing.assert_allclose(turned(scores[100:]), 100 * found, rtol=1e-3)


@pytest.mark.parametrize("count", [5, 10])
def test_few_ratings_will_do(info: ModelInfo, count: int) -> None:
    scores = seen(info, count, 3)
    found = fit.fit(scores, info, np.arange(count) % 5 + 1.0, SCALE, "")
    assert found.n == count and np.isfinite(found(scores)).all()


def test_photographs_that_the_model_cannot_tell_apart(info: ModelInfo) -> None:
    one = seen(info, 1, 0)
    scores = Scores.concatenate([one] * 8)
    found = fit.fit(scores, info, np.arange(8) % 5 + 1.0, SCALE, "")
    assert found.srcc_generic is None
    np.testing.assert_allclose(found(scores), np.mean(np.arange(8) % 5 + 1.0), rtol=1e-5)


def test_the_same_ratings_give_the_same_file(info: ModelInfo) -> None:
    scores = seen(info, 40, 5)
    first, second = (fit.fit(scores, info, rated(scores, 1, 0.5, 5), SCALE, "ab") for _ in range(2))
    assert first.to_json() == second.to_json() and first.id == second.id


def test_what_is_written_is_read(info: ModelInfo, tmp_path: Path) -> None:
    scores = seen(info, 40, 5)
    made = fit.fit(scores, info, rated(scores, 1, 0.5, 5), SCALE, "ab")
    write(made, tmp_path / "taste.json")
    found = read_taste(tmp_path / "taste.json", made.model)
    assert found == made and found.id == made.id
    np.testing.assert_array_equal(found(scores), made(scores))


# The command line


@pytest.fixture
def run(colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in an empty folder, with the quick model for the default one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("beholder.scoring.model_file.default_path", lambda: colour_model)

    def invoke(*args: Any) -> Result:
        done = CliRunner().invoke(app, list(map(str, args)), prog_name="beholder")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return invoke


def save_ratings(path: Path, names: list[str], ratings: list[Any], column: str = "mine") -> Path:
    lines = [f"image,{column}", *(f"{name},{rating}" for name, rating in zip(names, ratings, strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def photographs(tmp_path: Path) -> list[str]:
    return [str(Path(path).relative_to(tmp_path)) for path in save_photos(tmp_path / "photos", 12)]


def fitted(run: Run, tmp_path: Path, photographs: list[str], name: str = "taste.json", step: int = 3) -> Path:
    ratings = save_ratings(tmp_path / "r.csv", photographs[:10], [1 + step * i % 10 for i in range(10)])
    done = run("taste", "fit", "default", ratings, "--range", "0:10", "--out", name)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{name}: 10 ratings on 0 to 10")
    return tmp_path / name


def rows_of(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, strict=True))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_score_with_a_taste(run: Run, tmp_path: Path, photographs: list[str], suffix: str) -> None:
    file = fitted(run, tmp_path, photographs)
    table = tmp_path / f"scores{suffix}"
    done = run("score", "photos", "--taste", file, "--out", table)
    assert done.exit_code == 0
    header, *lines = done.stdout.splitlines()
    assert header.split()[:4] == ["rank", "file", "taste", "overall"]
    ranked = [float(line.split()[2]) for line in lines]
    assert len(ranked) == 12 and ranked == sorted(ranked, reverse=True)

    rows = rows_of(table)
    assert list(rows[0])[:3] == ["path", "taste", "overall"]
    scores = beholder.load(None).score(photographs)
    found = read_taste(file, scores.model)
    np.testing.assert_allclose([float(row["taste"]) for row in rows], found(scores), atol=1e-3)
    np.testing.assert_allclose([float(row["overall"]) for row in rows], scores.overall, atol=1e-3)
    assert {row["model"] for row in rows} == {f"{scores.model}+{found.id}"}

    before = table.read_bytes()
    again = run("score", "photos", "--taste", file, "--out", table, "--resume")
    assert "12 known from before" in again.stderr
    assert suffix == ".parquet" or table.read_bytes() == before
    assert rows_of(table) == rows


def test_resuming_with_another_taste_is_refused(run: Run, tmp_path: Path, photographs: list[str]) -> None:
    first = fitted(run, tmp_path, photographs)
    second = fitted(run, tmp_path, photographs, "other.json", step=7)
    run("score", *photographs[:3], "--taste", first, "--out", "x.csv")
    before = (tmp_path / "x.csv").read_bytes()
    for options in (["--taste", second], []):
        done = run("score", "photos", *options, "--out", "x.csv", "--resume")
        assert done.exit_code == 1 and done.stderr.count("\n") == 1 and "leave out --resume" in done.stderr
        assert (tmp_path / "x.csv").read_bytes() == before
    assert run("score", "photos", "--taste", first, "--out", "x.csv", "--resume").exit_code == 0
    run("score", "photos", "--taste", first, "--out", "y.csv")
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "y.csv").read_bytes()


def test_sort_and_json(run: Run, tmp_path: Path, photographs: list[str]) -> None:
    file = fitted(run, tmp_path, photographs)
    rows = json.loads(run("score", "photos", "--taste", file, "--json").stdout)
    assert [row["path"] for row in rows] == photographs
    best = json.loads(run("score", "photos", "--taste", file, "--json", "--top", 3).stdout)
    assert best == sorted(rows, key=lambda row: row["taste"], reverse=True)[:3]
    generic = json.loads(run("score", "photos", "--taste", file, "--json", "--sort", "overall").stdout)
    assert generic == sorted(rows, key=lambda row: row["overall"], reverse=True)
    assert "choose one of overall" in run("score", "photos", "--sort", "taste").stderr


def test_report_with_a_taste(run: Run, tmp_path: Path, photographs: list[str]) -> None:
    file = fitted(run, tmp_path, photographs)
    assert run("report", "photos", "--taste", file, "--out", "r.html").exit_code == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert (
        '"name":"taste","low":0.0,"high":10.0' in page
        and str(json.loads(file.read_text())["model"]) in page
        and "+taste@" in page
    )


def test_two_fits_write_the_same_file(run: Run, tmp_path: Path, photographs: list[str]) -> None:
    first = fitted(run, tmp_path, photographs).read_bytes()
    assert fitted(run, tmp_path, photographs, "again.json").read_bytes() == first


def test_a_photograph_that_cannot_be_read_is_left_out(run: Run, tmp_path: Path, photographs: list[str]) -> None:
    (tmp_path / "photos" / "1.jpg").write_text("hello")
    ratings = save_ratings(tmp_path / "r.csv", photographs, [1 + i % 5 for i in range(12)])
    done = run("taste", "fit", "default", ratings)
    assert done.exit_code == 3 and "not scored: photos/1.jpg" in done.stderr.replace(f"{tmp_path}/", "")
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
    run: Run, tmp_path: Path, photographs: list[str], ratings: list[Any], says: str
) -> None:
    path = save_ratings(tmp_path / "r.csv", photographs[: len(ratings)], ratings)
    done = run("taste", "fit", "default", path)
    assert done.exit_code == 1 and done.stderr.startswith(f"error: {path}: ") and done.stderr.count("\n") == 1
    assert says in done.stderr
    assert not (tmp_path / "taste.json").exists()


def test_ratings_of_two_things_are_refused(run: Run, tmp_path: Path, photographs: list[str]) -> None:
    path = save_ratings(tmp_path / "r.csv", photographs, [f"{i % 5},{i % 3}" for i in range(12)], "mine,yours")
    assert "2 columns of ratings (mine, yours)" in run("taste", "fit", "default", path).stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--range", "1:3"], "outside its scale 1 to 3"),
        (["--range", "low"], "--range low: give it as LOW:HIGH"),
        (["--out", "taste.csv"], "name that ends in .json"),
        (["--out", "nowhere/taste.json"], "folder does not exist"),
    ],
)
def test_mistakes_of_fitting(run: Run, tmp_path: Path, photographs: list[str], options: list[str], says: str) -> None:
    path = save_ratings(tmp_path / "r.csv", photographs, [1 + i % 5 for i in range(12)])
    done = run("taste", "fit", "default", path, *options)
    assert done.exit_code == 1 and says in done.stderr and done.stderr.count("\n") == 1


def test_another_model_is_refused(run: Run, tmp_path: Path, photographs: list[str], other_model: Path) -> None:
    file = fitted(run, tmp_path, photographs)
    for command in ("score", "report"):
        done = run(command, "photos", "--taste", file, "--model", other_model)
        assert done.exit_code == 1 and done.stderr.count("\n") == 1
        assert done.stderr.startswith(f"error: {file}: the taste was fitted on model colour@")


def test_a_model_with_a_task_of_that_name_is_refused(run: Run, tmp_path: Path, photographs: list[str]) -> None:
    model = save_model(tmp_path / "m.onnx", second="taste")
    ratings = save_ratings(tmp_path / "r.csv", photographs, [1 + i % 5 for i in range(12)])
    assert run("taste", "fit", model, ratings).exit_code == 0
    for command in ("score", "report"):
        done = run(command, "photos", "--taste", "taste.json", "--model", model)
        assert done.exit_code == 1 and "a task called 'taste'" in done.stderr
    assert run("score", "photos", "--model", model).exit_code == 0


def test_files_that_are_no_taste(run: Run, tmp_path: Path, photographs: list[str]) -> None:
    whole = fitted(run, tmp_path, photographs).read_text("utf-8")
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
        (None, "cannot be read"),
    ):
        path = tmp_path / "bad.json"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content, encoding="utf-8")
        done = run("score", "photos", "--taste", path)
        assert done.exit_code == 1 and says in done.stderr and done.stderr.count("\n") == 1, (content, done.stderr)


def test_fit_asks_for_what_it_needs(info: ModelInfo) -> None:
    with pytest.raises(BeholderError, match="5 at least"):
        fit.fit(seen(info, 4, 0), info, np.arange(4.0), SCALE, "")


# Real votes


@pytest.mark.slow
def test_people_are_ranked_for_better_from_30_ratings(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    from benchmarks import taste as benchmark

    found = benchmark.people(data_root)
    raters = [rater for rater in range(len(found.votes)) if rater % benchmark.SET_ON][:120]
    trials = [benchmark.trial(found, rater, 30) for rater in raters]
    values = np.array([trial for trial in trials if trial is not None])
    assert len(values) > 100
    assert values[:, 2].mean() > values[:, :2].mean(axis=0).max()
