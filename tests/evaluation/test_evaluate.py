"""Evaluations in Python: numbers against SciPy and by hand, scales, comparisons."""

import functools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from beholder import load
from beholder.data.registry import load_data
from beholder.errors import BeholderError
from beholder.evaluation.evaluate import evaluate
from beholder.evaluation.results import Evaluation
from beholder.evaluation.selection import EVALUATION_PARTS
from beholder.metrics import bootstrap, paired_bootstrap
from helpers.rated_photos import N, save_ratings


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals in a twentieth of the time; test_metrics.py is about these."""
    for name, function in (("bootstrap", bootstrap), ("paired_bootstrap", paired_bootstrap)):
        monkeypatch.setattr(f"beholder.evaluation.evaluate.{name}", functools.partial(function, resamples=100))


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """ratings.csv: 40 photographs; overall and warmth on the model's scales, colour on one of its own."""
    return save_ratings(tmp_path, {"overall": 1, "warmth": 1, "colour": 1})


def measured(found: Evaluation, task: str, model: int = 0) -> dict[str, float]:
    each = next(each for each in found.models[model].agreements if each.pair.name == task)
    return {metric.metric: metric.value for metric in each.metrics}


@pytest.mark.parametrize(("own", "threshold"), [(None, None), (None, 2.5), (3.0, None), (3.0, 2.5)])
def test_metrics_are_those_of_scipy_over_the_same_photographs(
    ratings: Path, colour_model: Path, own: float | None, threshold: float | None
) -> None:
    photos, scorer = replace(load_data(str(ratings)), threshold=own), load(colour_model)
    found = evaluate([scorer], photos, "all", threshold=threshold, workers=1)
    scores = scorer.score(photos.paths).values
    assert [each.pair.name for each in found.models[0].agreements] == ["overall", "warmth"]
    for column, task in enumerate(("overall", "warmth")):
        truth, predicted = photos.ratings[:, column], scores[:, column].astype(float)
        at = (threshold or own or 4) if task == "overall" else 4
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
    assert "the data rates score from 0 to 100, the model scores overall from 1 to 7; compare these by rank" in notes
    assert "the data rates warmth from 10 to 70, the model scores warmth from 1 to 7" in notes


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
    assert abs(shifted.measured.value) < 1e-9 and "contains zero" in shifted.verdict
    rmse = by_name["overall", "rmse"]
    assert rmse.measured.high < 0 or rmse.measured.low > 0
    better = scorers[0] if rmse.measured.value < 0 else scorers[1]
    assert rmse.verdict == f"{better.id} is better"


def test_without_scipy_kendall_is_left_out(ratings: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate([load(colour_model)], load_data(str(ratings)), "all")
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    found = evaluate([load(colour_model)], load_data(str(ratings)), "all")
    assert measured(found, "overall") == {k: v for k, v in measured(whole, "overall").items() if k != "krcc"}
    assert any("SciPy" in note for note in found.models[0].notes)
    assert np.isnan(found.models[0].agreements[0].p)


def test_parts_of_a_given_and_of_a_drawn_split(tmp_path: Path, colour_model: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"overall": 1}, split=True)))
    scorer = load(colour_model)
    sizes = {part: len(evaluate([scorer], photos, part).photos) for part in EVALUATION_PARTS}
    assert sizes == {"test": 10, "validation": 10, "train": 20, "all": 40}
    assert evaluate([scorer], photos).split == "test of the data's own split"
    drawn = [evaluate([scorer], replace(photos, splits=None), "test", seed) for seed in (0, 0, 1)]
    assert [each.split for each in drawn] == [f"test, drawn with seed {seed}" for seed in (0, 0, 1)]
    assert drawn[0].photos.files == drawn[1].photos.files != drawn[2].photos.files
    assert len(drawn[0].photos) == 8
    untested = replace(photos, splits=("train", "validation") * (N // 2))
    with pytest.raises(BeholderError, match="no test part, only train, validation; choose one, or all"):
        evaluate([scorer], untested)


def test_unknown_part_in_python(ratings: Path, colour_model: Path) -> None:
    with pytest.raises(BeholderError, match=r"no split is called 'tset'; choose one of test, validation, train, all"):
        evaluate([load(colour_model)], load_data(str(ratings)), "tset")


def test_coverage_is_of_the_interval_of_each_photograph(tmp_path: Path, detailed_model: Path) -> None:
    """The model widens the intervals of unfamiliar photographs, so they hold more ratings than narrow ones would."""
    photos, scorer = (
        load_data(str(save_ratings(tmp_path, {"overall": 1})), ranges={"overall": (1, 7)}),
        load(detailed_model),
    )
    found = evaluate([scorer], photos, "all", workers=1)
    scores, truth = scorer.score(photos.paths), photos.ratings[:, 0]
    inside = (scores.interval[:, 0] <= truth) & (truth <= scores.interval[:, 1])
    narrow = np.abs(truth - scores.overall) <= scorer.info.half_width[0]
    assert measured(found, "overall")["coverage90"] == pytest.approx(inside.mean()) and inside.mean() > narrow.mean()
