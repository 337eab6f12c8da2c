"""`beholder evaluate`: its tables and JSON, the file of predictions, warnings, mistakes."""

import csv
import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from beholder import load
from beholder.cli.app import app
from beholder.data.registry import load_data
from beholder.metrics import bootstrap, paired_bootstrap
from beholder.scoring.model_file import TrainingData, learned_photos
from helpers.extras import needs_torch
from helpers.factories import COMMAND, save_photos, slowed
from helpers.rated_photos import N, save_changed, save_ratings


class Done:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in err, err


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals in a twentieth of the time; test_metrics.py is about these."""
    for name, function in (("bootstrap", bootstrap), ("paired_bootstrap", paired_bootstrap)):
        monkeypatch.setattr(f"beholder.evaluation.evaluate.{name}", functools.partial(function, resamples=100))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colour_model: Path) -> Callable[..., Done]:
    """Runs `beholder evaluate`, where default is the model of mean colours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("beholder.scoring.model_file.embedded_path", lambda name: colour_model)

    def run(*args: Any) -> Done:
        done = CliRunner().invoke(app, ["evaluate", *map(str, args)], prog_name="beholder")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """ratings.csv: 40 photographs; overall and warmth on the model's scales, colour on one of its own."""
    return save_ratings(tmp_path, {"overall": 1, "warmth": 1, "colour": 1})


def test_a_constant_has_no_correlation(run: Callable[..., Done], tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    save_photos(tmp_path / "photos", 12)
    path.write_text("image,overall\n" + "".join(f"photos/{number}.jpg,3\n" for number in range(1, 13)))
    done = run("default", "--data", path, "--split", "all", "--against", "default", "--range", "overall=1:7", "--json")
    found = json.loads(done.out)
    metrics = {each["metric"]: each["value"] for each in found["models"][0]["tasks"][0]["metrics"]}
    assert metrics["srcc"] is None and metrics["krcc"] is None and metrics["rmse"] > 0
    assert found["models"][0]["tasks"][0]["srcc_p"] is None
    assert found["differences"][0]["verdict"].startswith("undefined")
    shown = run("default", "--data", path, "--split", "all", "--range", "overall=1:7").out
    assert "undefined" in shown and "note: overall: all ratings are 3, so nothing can be correlated with them" in shown


def test_a_leak_is_told_on_standard_error_and_in_json(run: Callable[..., Done], ratings: Path, tmp_path: Path) -> None:
    sha256 = load_data(str(ratings)).content_hash
    model = save_changed(tmp_path / "model.onnx", data=(TrainingData("ratings", N, sha256, ("overall",)),))
    done = run(model, "--data", ratings, "--split", "all", "--json")
    assert done.code == 0 and done.err.startswith("warning: colour@") and "not held-out" in done.err
    assert json.loads(done.out)["models"][0]["warnings"][0] in done.err
    clean = run("default", "--data", ratings, "--split", "all")
    assert clean.code == 0 and clean.err == ""


def test_output_and_json_say_the_same(
    run: Callable[..., Done], ratings: Path, colour_model: Path, other_model: Path
) -> None:
    options = ("default", "--data", ratings, "--split", "all", "--against", other_model)
    done, found = run(*options), json.loads(run(*options, "--json").out)
    assert done.code == 0
    photos = load_data(str(ratings))
    for text in ("ratings", photos.content_hash[:12], "all", str(N), load(colour_model).id, load(other_model).id):
        assert text in done.out
    assert (found["data"], found["sha256"], found["photographs"]) == ("ratings", photos.content_hash, N)
    assert [each["model"] for each in found["models"]] == [load(colour_model).id, load(other_model).id]
    assert found["not_evaluated"] == []
    for model in found["models"]:
        for task in model["tasks"]:
            for metric in task["metrics"]:
                assert f"{metric['value']:.3f} ({metric['low']:.3f} to {metric['high']:.3f})" in done.out
    for each in found["differences"]:
        assert each["verdict"] in done.out and f"{each['value']:.3f} (" in done.out
    assert "note: not measured, because the model has no such task or there are no ratings: colour" in done.out


def test_predictions_file(run: Callable[..., Done], tmp_path: Path, colour_model: Path, other_model: Path) -> None:
    ratings = save_ratings(tmp_path, {"score": 10, "warmth": 1}, empty=2)
    done = run("default", "--data", ratings, "--split", "all", "--against", other_model, "--out", "out.csv", "--json")
    assert done.code == 0
    with open("out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    ends = ("score_by_overall_predicted", "warmth_predicted")
    assert list(rows[0]) == ["image", "score", "warmth", *ends, *(f"{end}_2" for end in ends), "error"]
    photos = load_data(str(ratings))
    assert [row["image"] for row in rows] == list(photos.files)
    assert [row["warmth"] for row in rows[:3]].count("") == 2
    scores = load(other_model).score(photos.paths).values
    assert [float(row["warmth_predicted_2"]) for row in rows] == pytest.approx(scores[:, 1].tolist(), rel=1e-5)
    truth = [float(row["score"]) for row in rows]
    predicted = [float(row[ends[0]]) for row in rows]
    srcc = json.loads(done.out)["models"][0]["tasks"][0]["metrics"][0]
    assert srcc["metric"] == "srcc" and srcc["value"] == pytest.approx(stats.spearmanr(truth, predicted)[0])
    assert sorted(os.listdir(tmp_path)) == ["out.csv", "photos", "ratings.csv"]


def test_bad_photographs_are_named_and_the_rest_evaluated(
    run: Callable[..., Done], ratings: Path, tmp_path: Path, other_model: Path
) -> None:
    for number in range(1, 14):
        (tmp_path / "photos" / f"{number}.jpg").write_text("hello")
    done = run("default", "--data", ratings, "--split", "all", "--against", other_model, "--out", "out.csv")
    assert done.code == 3
    lines = done.err.splitlines()
    assert len(lines) == 1 and ": 13 files (" in lines[0] and "photos/1.jpg, " in lines[0]
    assert re.search(r"photographs +27, 13 more could not be read", done.out)
    with open("out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert [bool(row["error"]) for row in rows] == [True] * 13 + [False] * 27
    assert [row["overall_predicted"] == "" for row in rows] == [True] * 13 + [False] * 27
    found = json.loads(run("default", "--data", ratings, "--split", "all", "--json").out)
    assert [each["image"] for each in found["not_evaluated"]] == [f"photos/{number}.jpg" for number in range(1, 14)]
    assert {task["n"] for task in found["models"][0]["tasks"]} == {27}


def test_nothing_to_evaluate(run: Callable[..., Done], ratings: Path, tmp_path: Path) -> None:
    for number in range(2, N + 1):
        (tmp_path / "photos" / f"{number}.jpg").write_text("hello")
    older = "image,beauty,beauty_predicted,error\nolder\n"
    Path("out.csv").write_text(older)
    done = run("default", "--data", ratings, "--split", "all", "--out", "out.csv")
    assert done.code == 1 and done.out == ""
    assert re.fullmatch(
        r"error: ratings: 1 of the 40 photographs of all can be evaluated, 2 are needed; the first that could not be "
        r"read: .*2\.jpg: .*\n",
        done.err,
    )
    assert Path("out.csv").read_text() == older


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "tset"], "--split tset: choose one of test, validation, train, all"),
        (["--threshold", "9"], "threshold 9 is outside the scale of overall, 1 to 7"),
        (["--out", "out.json"], "out.json: predictions are a CSV file"),
        (["--out", "ratings.csv"], "ratings.csv: is read by this command"),
        (["--out", "nowhere/out.csv"], "its folder does not exist"),
        (["--against", "nowhere.onnx"], "nowhere.onnx: no such file"),
        (["--range", "overall"], "--range overall: give it as TASK=LOW:HIGH"),
        (["--range", "beauty=1:7"], "a range for 'beauty', which is not rated"),
        (["--data", "nowhere"], "no data set is called 'nowhere'"),
        (["--data", "nowhere.csv"], "nowhere.csv: no such file"),
    ],
)
def test_mistakes_are_told_in_a_line(run: Callable[..., Done], ratings: Path, options: list[str], message: str) -> None:
    before = ratings.read_bytes()
    done = run("default", *([] if "--data" in options else ["--data", "ratings.csv"]), *options)
    assert done.code == 1 and done.out == ""
    assert done.err.startswith("error: ") and done.err.count("\n") == 1 and message in done.err
    assert ratings.read_bytes() == before


def test_stopped_by_ctrl_c(tmp_path: Path, colour_model: Path) -> None:
    ratings = save_ratings(tmp_path, {"overall": 1})
    os.unlink(tmp_path / "photos" / "40.jpg")
    os.mkfifo(tmp_path / "photos" / "40.jpg")  # is no file: told before anything is scored
    command = [*COMMAND, "evaluate", str(colour_model), "--data", str(ratings), "--split", "all"]
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 1
    os.unlink(tmp_path / "photos" / "40.jpg")
    save_photos(tmp_path / "more", 1, 3000)
    os.rename(tmp_path / "more" / "1.jpg", tmp_path / "photos" / "40.jpg")
    out = tmp_path / "out.csv"
    process = subprocess.Popen(
        [*slowed(0.2, b"scoring\n"), *command[len(COMMAND) :], "--batch", "1", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline() == "scoring\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err == "stopped\n"
    assert not out.exists() and not list(tmp_path.glob(".beholder*"))


def test_needs_no_torch(ratings: Path, colour_model: Path) -> None:
    code = (
        "import sys\nfrom beholder.cli.app import app\n"
        f"try: app(['evaluate', {str(colour_model)!r}, '--data', {str(ratings)!r}, '--split', 'all', '--json'])\n"
        "except SystemExit: assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["photographs"] == N


@pytest.mark.slow
def test_embedded_model_on_oasis(data_root: Path) -> None:
    command = [*COMMAND, "evaluate", "default", "--data", "oasis", "--root", str(data_root), "--split", "test"]
    done = subprocess.run([*command, "--json"], capture_output=True, check=False, timeout=600)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and b"was trained on oasis" in done.stderr and b"not held-out" in done.stderr
    values = {
        (task["task"], task["predicted_by"]): {metric["metric"]: metric["value"] for metric in task["metrics"]}
        for task in found["models"][0]["tasks"]
    }
    assert list(values) == [("beauty", "overall"), *((task, task) for task in ("beauty", "valence", "arousal"))]
    assert values["beauty", "beauty"]["srcc"] > 0.8
    assert found["photographs"] > 100


@needs_torch  # whose extra has matplotlib, too
def test_report_has_the_numbers_and_a_figure_of_each_task(
    run: Callable[..., Done], ratings: Path, other_model: Path, tmp_path: Path
) -> None:
    options = ("default", "--data", ratings, "--split", "all", "--against", other_model, "--report", "mine.html")
    done = run(*options)
    assert done.code == 0, done.err
    page, text = Path("mine.html").read_text(), Path("mine.md").read_text()
    found = json.loads(run(*options, "--json").out)
    for model in found["models"]:
        for task in model["tasks"]:
            value = next(metric["value"] for metric in task["metrics"] if metric["metric"] == "srcc")
            assert f"{value:.3f}".replace("-", "\u2212") in page
    figures = sorted(os.listdir("mine-figures"))
    assert {"ratings-and-predictions-overall.png", "ratings-and-predictions-warmth-2.png"} <= set(figures)
    assert all(f"mine-figures/{figure}" in text for figure in figures) and len(figures) == 9
    assert found["differences"][0]["verdict"] in page


@needs_torch
@pytest.mark.parametrize(
    ("there", "report", "message"),
    [
        (None, "mine.pdf", "the name has to end in .html"),
        ("mine.html", "mine.html", "mine.html"),
        (None, "nowhere/mine.html", "its folder does not exist"),
    ],
)
def test_a_report_takes_the_place_of_nothing_else(
    run: Callable[..., Done], ratings: Path, there: str | None, report: str, message: str
) -> None:
    if there:
        Path(there).write_text("<p>a page of mine</p>")
    done = run("default", "--data", ratings, "--split", "all", "--report", report)
    assert done.code == 1 and done.out == "" and message in done.err and done.err.count("\n") == 1
    assert there is None or Path(there).read_text() == "<p>a page of mine</p>"


def test_no_verdict_on_photographs_that_a_model_learned_from(
    run: Callable[..., Done], ratings: Path, tmp_path: Path, other_model: Path
) -> None:
    digests = load_data(str(ratings)).digests[:15]
    model = save_changed(tmp_path / "mine.onnx", learned=learned_photos(digests, np.full((15, 3), np.nan)))
    done = run(other_model, "--data", ratings, "--split", "all", "--against", model)
    line = f"no verdict: {load(model).id} learned from 15 of these 40 photographs; compare them on other photographs"
    assert done.code == 0 and line in done.out.splitlines() and "is better" not in done.out
    assert done.err == f"warning: {line[12:].partition(';')[0]}: the numbers are not held-out\n"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("id,image\n1,photos/1.jpg\n2,photos/2.jpg\n3,photos/3.jpg\n", "no column of ratings"),
        ("image,overall\nphotos/1.jpg,4\n", "1 photographs are too few; rate 10 at least"),
    ],
)
def test_tables_without_ratings_or_with_one(run: Callable[..., Done], ratings: Path, table: str, message: str) -> None:
    ratings.write_text(table)
    done = run("default", "--data", ratings, "--split", "all")
    assert done.code == 1 and message in done.err and done.err.splitlines()[-1].startswith("error: ")
