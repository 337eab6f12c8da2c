"""`beholder evaluate`: its numbers against SciPy and by hand, scales, comparisons, and what it says of leaks."""

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
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from scipy import stats
from typer.testing import CliRunner

from beholder import load
from beholder.cli.app import app
from beholder.data.registry import load_data
from beholder.errors import BeholderError
from beholder.evaluation.evaluate import PARTS, Evaluation, choose, evaluate, leak, pairs
from beholder.metrics import bootstrap, p_text, p_value, paired_bootstrap
from beholder.scoring.model_file import METADATA_KEY, TrainingData, parse_info
from beholder.splits import split_hash
from beholder.tasks import Task
from helpers.factories import COMMAND, save_model, save_photos, slowed

N = 40


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
    monkeypatch.setattr("beholder.scoring.model_file.default_path", lambda: colour_model)

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


def save_ratings(folder: Path, scale: dict[str, float], split: bool = False, empty: int = 0) -> Path:
    """Ratings of new photographs, drawn between 1 and 7 times a factor; the first few cells of the last are empty."""
    save_photos(folder / "photos", N)
    rng = np.random.default_rng(3)
    columns = {name: rng.uniform(1, 7, N) * factor for name, factor in scale.items()}
    last = list(columns)[-1]
    columns[last][:empty] = np.nan
    path = folder / "ratings.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", *columns, *(["split"] if split else [])])
        for row in range(N):
            cells = ["" if np.isnan(values[row]) else f"{values[row]:.4f}" for values in columns.values()]
            parts = [("test", "validation", "train", "train")[row % 4]] if split else []
            writer.writerow([f"photos/{row + 1}.jpg", *cells, *parts])
    return path


def save_changed(path: Path, **changes: Any) -> Path:
    """The model of mean colours that says other things of itself."""
    model = onnx.load(save_model(path))
    text = next(entry.value for entry in model.metadata_props if entry.key == METADATA_KEY)
    onnx.helper.set_model_props(model, {METADATA_KEY: replace(parse_info(text), **changes).to_json()})
    path.write_bytes(model.SerializeToString())
    return path


def measured(found: Evaluation, task: str, model: int = 0) -> dict[str, float]:
    each = next(each for each in found.models[model].agreements if each.pair.name == task)
    return {metric.metric: metric.value for metric in each.metrics}


# The numbers


@pytest.mark.parametrize("threshold", [None, 2.5])
def test_metrics_are_those_of_scipy_over_the_same_photographs(
    ratings: Path, colour_model: Path, threshold: float | None
) -> None:
    photos, scorer = load_data(str(ratings)), load(colour_model)
    found = evaluate([scorer], photos, "all", threshold=threshold, workers=1)
    scores = scorer.score(photos.paths).values
    assert [each.pair.name for each in found.models[0].agreements] == ["overall", "warmth"]
    for column, task in enumerate(("overall", "warmth")):
        truth, predicted = photos.ratings[:, column], scores[:, column].astype(float)
        at = threshold if threshold and task == "overall" else 4
        error = truth - predicted
        assert measured(found, task) == pytest.approx(
            {
                "srcc": stats.spearmanr(truth, predicted)[0],
                "plcc": stats.pearsonr(truth, predicted)[0],
                "krcc": stats.kendalltau(truth, predicted)[0],
                "rmse": np.sqrt(np.mean(error**2)),
                "mae": np.abs(error).mean(),
                "accuracy": np.mean((truth >= at) == (predicted >= at)),
                "coverage90": np.mean(np.abs(error) <= 0.5),
            },
            abs=1e-6,
        )
        each = found.models[0].agreements[column]
        assert each.p == pytest.approx(stats.spearmanr(truth, predicted)[1], rel=1e-6)
        assert (each.n, each.threshold, each.above) == (N, at, np.mean(truth >= at))
        assert all(metric.low <= metric.value <= metric.high for metric in each.metrics)
        assert {(metric.data, metric.split, metric.n) for metric in each.metrics} == {("ratings", "all", N)}


def test_p_value_is_never_zero_and_undefined_where_the_correlation_is() -> None:
    assert p_text(p_value(-1.0, 5000)) == "< 1e-300"
    assert np.isnan(p_value(float("nan"), 9)) and np.isnan(p_value(1.0, 2)) and p_text(float("nan")) == "undefined"


def test_scales_are_brought_together(tmp_path: Path, colour_model: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"score": 10, "warmth": 10})), ranges={"warmth": (10, 70)})
    assert (photos.tasks[0].low, photos.tasks[0].high) == (0, 100)
    scorer = load(colour_model)
    found = evaluate([scorer], photos, "all")
    scores = scorer.score(photos.paths).values.astype(float)
    score = (scores[:, 0] - 1) / 6 * 100  # from 1-7 to 0-100
    assert measured(found, "score by overall")["rmse"] == pytest.approx(
        np.sqrt(np.mean((photos.ratings[:, 0] - score) ** 2)), rel=1e-6
    )
    warmth = scores[:, 1] * 10  # from 1-7 to 10-70
    assert measured(found, "warmth")["mae"] == pytest.approx(np.abs(photos.ratings[:, 1] - warmth).mean(), rel=1e-6)
    assert "coverage90" not in measured(found, "warmth") | measured(found, "score by overall")
    notes = " ".join(found.models[0].notes)
    assert "the data rates score from 0 to 100, the model scores overall from 1 to 7; errors in units" in notes
    assert "the data rates warmth from 10 to 70, the model scores warmth from 1 to 7" in notes


def test_pairs_are_overall_and_same_names(ratings: Path, colour_model: Path) -> None:
    photos, info = load_data(str(ratings)), load(colour_model).info
    named = lambda first: [pair.name for pair in pairs(replace(photos, tasks=(first, *photos.tasks[1:])), info)]  # noqa: E731
    assert named(Task("overall", 1, 7)) == ["overall", "warmth"]
    assert named(Task("beauty", 1, 7)) == ["beauty by overall", "warmth"]
    assert named(Task("quality", 1, 7)) == ["quality by overall", "quality", "warmth"]


def test_missing_ratings_are_left_out_a_task(tmp_path: Path, colour_model: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"overall": 1, "warmth": 1}, empty=15)))
    scorer = load(colour_model)
    found = evaluate([scorer], photos, "all")
    assert [each.n for each in found.models[0].agreements] == [N, N - 15]
    predicted = scorer.score(photos.paths[15:]).values[:, 1].astype(float)
    assert measured(found, "warmth")["mae"] == pytest.approx(np.abs(photos.ratings[15:, 1] - predicted).mean())
    nearly = replace(photos, ratings=np.where(np.arange(N)[:, None] < [[0, N - 1]], np.nan, photos.ratings))
    found = evaluate([scorer], nearly, "all")
    assert [each.pair.name for each in found.models[0].agreements] == ["overall"]
    assert any("not measured" in note and "warmth" in note for note in found.models[0].notes)


def test_two_models_are_compared_on_the_same_photographs(ratings: Path, colour_model: Path, other_model: Path) -> None:
    photos = load_data(str(ratings))
    scorers = [load(colour_model), load(other_model)]
    found = evaluate(scorers, photos, "all")
    by_name = {(each.measured.task, each.measured.metric): each for each in found.differences}
    assert list(by_name) == [(task, metric) for task in ("overall", "warmth") for metric in ("srcc", "plcc", "rmse")]
    for (task, metric), each in by_name.items():
        assert each.measured.value == pytest.approx(measured(found, task)[metric] - measured(found, task, 1)[metric])
        assert each.measured.n == N
    shifted = by_name["overall", "srcc"]  # by half a point: ranks stay
    assert abs(shifted.measured.value) < 1e-9 and "holds zero" in shifted.verdict
    rmse = by_name["overall", "rmse"]
    assert rmse.measured.high < 0 or rmse.measured.low > 0
    better = scorers[0] if rmse.measured.value < 0 else scorers[1]
    assert rmse.verdict == f"{better.id} is better"


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
    assert "undefined" in run("default", "--data", path, "--split", "all", "--range", "overall=1:7").out


def test_without_scipy_kendall_is_left_out(ratings: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate([load(colour_model)], load_data(str(ratings)), "all")
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    found = evaluate([load(colour_model)], load_data(str(ratings)), "all")
    assert measured(found, "overall") == {k: v for k, v in measured(whole, "overall").items() if k != "krcc"}
    assert any("SciPy" in note for note in found.models[0].notes)
    assert np.isnan(found.models[0].agreements[0].p)


# Which photographs


def test_parts_of_a_given_and_of_a_drawn_split(tmp_path: Path, colour_model: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"overall": 1}, split=True)))
    scorer = load(colour_model)
    sizes = {part: len(evaluate([scorer], photos, part).photos) for part in PARTS}
    assert sizes == {"test": 10, "validation": 10, "train": 20, "all": 40}
    assert evaluate([scorer], photos).split == "test of the data's own split"
    drawn = [evaluate([scorer], replace(photos, splits=None), "test", seed) for seed in (0, 0, 1)]
    assert [each.split for each in drawn] == [f"test, drawn with seed {seed}" for seed in (0, 0, 1)]
    assert drawn[0].photos.files == drawn[1].photos.files != drawn[2].photos.files
    assert len(drawn[0].photos) == 8
    untested = replace(photos, splits=("train", "validation") * (N // 2))
    with pytest.raises(BeholderError, match="no test part, only train, validation; choose one, or all"):
        evaluate([scorer], untested)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("recipe", ["same", "other", "none"])
@pytest.mark.parametrize("learned", ["this", "namesake", "another"])
def test_leaks(tmp_path: Path, colour_model: Path, part: str, recipe: str, learned: str) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"overall": 1}, split=True)))
    noted = {
        "same": {"split": split_hash(photos.files, photos.splits or ())},
        "other": {"split": "f" * 64},
        "none": {},
    }[recipe]
    about = {"this": ("mine", photos.content_hash), "namesake": ("ratings", "0" * 64), "another": ("mine", "0" * 64)}
    name, sha256 = about[learned]
    info = replace(load(colour_model).info, data=(TrainingData(name, N, sha256, ("overall",)),), recipe=dict(noted))
    warning = leak(info, "colour", choose(photos, part, 0)[0], photos.content_hash, part)
    if learned == "another" or (learned == "this" and recipe == "same" and part == "test"):
        assert warning is None
        return
    assert warning is not None
    if learned == "namesake":
        assert "also called ratings, with other content" in warning
    elif recipe == "same" and part == "validation":
        assert "validation" in warning
    else:
        assert "not held-out" in warning and photos.content_hash[:12] in warning
        if part in ("test", "validation"):
            assert ("another split" in warning) == (recipe == "other")


def test_a_leak_is_told_on_standard_error_and_in_json(run: Callable[..., Done], ratings: Path, tmp_path: Path) -> None:
    sha256 = load_data(str(ratings)).content_hash
    model = save_changed(tmp_path / "model.onnx", data=(TrainingData("ratings", N, sha256, ("overall",)),))
    done = run(model, "--data", ratings, "--split", "all", "--json")
    assert done.code == 0 and done.err.startswith("warning: colour@") and "not held-out" in done.err
    assert json.loads(done.out)["models"][0]["warnings"][0] in done.err
    clean = run("default", "--data", ratings, "--split", "all")
    assert clean.code == 0 and clean.err == ""


# The command


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
    assert "note: not measured, for want of such a task in the model or of ratings: colour" in done.out


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
    assert len(lines) == 11 and "photos/1.jpg" in lines[0] and "3 more" in lines[-1]
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
    Path("out.csv").write_text("older")
    done = run("default", "--data", ratings, "--split", "all", "--out", "out.csv")
    assert done.code == 1 and done.out == ""
    assert re.fullmatch(
        r"error: ratings: 1 of the 40 photographs of all can be evaluated, 2 are needed; the first that could not be "
        r"read: .*2\.jpg: .*\n",
        done.err,
    )
    assert Path("out.csv").read_text() == "older"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "tset"], "--split tset: choose one of test, validation, train, all"),
        (["--threshold", "9"], "threshold 9 is outside the scale of overall, 1 to 7"),
        (["--out", "out.json"], "out.json: predictions are a CSV file"),
        (["--out", "ratings.csv"], "ratings.csv: holds the ratings"),
        (["--out", "nowhere/out.csv"], "its folder does not exist"),
        (["--against", "nowhere.onnx"], "nowhere.onnx: cannot open the model"),
        (["--range", "overall"], "--range overall: give it as TASK=LOW:HIGH"),
        (["--range", "beauty=1:7"], "a range for 'beauty', which is not rated"),
        (["--data", "nowhere"], "no data set is called 'nowhere'"),
        (["--data", "nowhere.csv"], "nowhere.csv: cannot be read"),
    ],
)
def test_mistakes_are_told_in_a_line(run: Callable[..., Done], ratings: Path, options: list[str], message: str) -> None:
    before = ratings.read_bytes()
    done = run("default", *([] if "--data" in options else ["--data", "ratings.csv"]), *options)
    assert done.code == 1 and done.out == ""
    assert done.err.startswith("error: ") and done.err.count("\n") == 1 and message in done.err
    assert ratings.read_bytes() == before


def test_unknown_part_in_python(ratings: Path, colour_model: Path) -> None:
    with pytest.raises(BeholderError, match=r"no split is called 'tset'; choose one of test, validation, train, all"):
        evaluate([load(colour_model)], load_data(str(ratings)), "tset")


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


# The real thing


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
