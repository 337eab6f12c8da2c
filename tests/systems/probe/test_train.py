"""A probe for anybody: what it learns from, what measures it, what is told beside it, its file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import beholder
from beholder.cli.app import app
from beholder.data.registry import load_data
from beholder.embedded import default
from beholder.errors import BeholderError
from beholder.evaluation.learned import as_numbers
from beholder.metrics import srcc
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.scoring.model_file import TrainingData, parse_info
from beholder.scoring.scorer import Scorer
from beholder.systems.probe import train as probe
from beholder.training.features import Extractor
from helpers import tiny_backbones
from helpers.factories import save_photo


def save_ratings(
    folder: Path, count: int = 30, split: bool = False, gaps: bool = False, names: tuple[str, str] = ("red", "blue")
) -> Path:
    """Photographs of one colour each, rated for how red and how blue they are."""
    rows = [",".join(("image", *names)) + ",split" * split]
    for number in range(count):
        save_photo(folder / f"{number}.jpg", number)
        colour = read_photo(folder / f"{number}.jpg").pixels.mean((0, 1)) / 128
        blue = "" if gaps and number % 3 == 0 else f"{min(colour[2], 1):.4f}"
        part = "," + ("train", "train", "test", "train", "validation")[number % 5] if split else ""
        rows.append(f"{number}.jpg,{min(colour[0], 1):.4f},{blue}{part}")
    path = folder / "mine.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, colour_model: Path) -> SimpleNamespace:
    """The model of mean colours in place of the embedded ones; what would go into the model file."""
    kept = SimpleNamespace()
    monkeypatch.setattr("beholder.scoring.model_file.embedded_path", lambda name: colour_model)

    def extend(model: Path, heads: Any, info: Any, path: Path) -> None:
        kept.heads, kept.info = heads, info

    monkeypatch.setattr(probe, "extend", extend)
    return kept


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("split", [False, True])
def test_heads_predict_and_are_measured_on_what_they_did_not_see(
    split: bool, gaps: bool, written: SimpleNamespace, tmp_path: Path
) -> None:
    photos = load_data(str(save_ratings(tmp_path, split=split, gaps=gaps)))
    found = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache")
    scores = Scorer("default").score(photos.paths)
    heads, known = written.heads, np.isfinite(photos.ratings)
    predicted = scores.values @ heads.on_scores + scores.embedding @ heads.weight + heads.bias
    np.testing.assert_allclose(predicted[known], photos.ratings[known], atol=0.08)
    own = [metric for metric in found.info.metrics if metric not in found.untouched]
    tested = np.array(photos.splits) == "test" if split else np.ones(len(photos), bool)
    assert {metric.task: metric.n for metric in own} == {"red": tested.sum(), "blue": (tested & known[:, 1]).sum()}
    how = "test part" if split else "5-fold, seed 0"
    assert {metric.split for metric in own} == {how}
    assert all(metric.value > 0.9 for metric in own if metric.metric == "srcc")
    assert found.info.data[0].n == (24 if split else 30) and ("split" in found.info.recipe) == split
    assert found.info.recipe["seed"] == 0 and found.info.recipe["starts_from"] == Scorer("default").id


def test_beside_the_untouched_score_on_the_same_photographs(written: SimpleNamespace, tmp_path: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, gaps=True, names=("warmth", "blue"))))
    found = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache", folds=3, seed=4)
    values = Scorer("default").score(photos.paths).values
    for place, (task, named, label) in enumerate((("warmth", 1, ""), ("blue", None, ", its "))):
        rows = np.isfinite(photos.ratings[:, place])
        best = max((srcc(photos.ratings[rows, place], values[rows, column]), column) for column in range(3))[1]
        start = best if named is None else named
        name = ("overall", "warmth", "quality")[start]
        untouched = next(each for each in found.untouched if (each.task, each.metric) == (task, "srcc"))
        own = next(each for each in found.info.metrics if (each.task, each.metric) == (task, "srcc"))
        assert untouched.value == pytest.approx(srcc(photos.ratings[rows, place], values[rows, start]))
        assert untouched.split == f"3-fold, seed 4; untouched default{label and label + name}"
        beside = found.beside[place]
        assert (beside.task, beside.start) == (task, name)
        assert beside.gain.value == pytest.approx(own.value - untouched.value)
        assert own.n == untouched.n == rows.sum()
    assert set(found.untouched) <= set(found.info.metrics) and not found.known


def test_a_model_that_learned_from_these_photographs_is_told(
    written: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = load_data(str(save_ratings(tmp_path)))
    opened = Scorer("default")
    opened.info = replace(opened.info, data=(TrainingData("other", 30, photos.content_hash, ("warmth",)),))
    monkeypatch.setattr(probe, "Scorer", lambda name: opened)
    found = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache")
    assert found.known == 30
    assert all("colour learned from 30 of them" in metric.split for metric in found.info.metrics)


def test_the_file_keeps_what_was_predicted_out_of_fold(written: SimpleNamespace, tmp_path: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, gaps=True)))
    found = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache")
    learned = parse_info(found.info.to_json()).learned
    assert learned is not None and learned.digests == tuple(digest[:16] for digest in photos.digests)
    own = next(metric for metric in found.info.metrics if (metric.task, metric.metric) == ("blue", "rmse"))
    rated = np.isfinite(photos.ratings[:, 1])
    errors = (np.array(learned.predicted[1]) - photos.ratings[:, 1])[rated]
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(own.value, rel=1e-4)
    by_part = load_data(str(save_ratings(tmp_path, split=True)))
    learned = probe.train(by_part, tmp_path / "m.onnx", tmp_path / "cache").info.learned
    assert learned is not None and len(learned.digests) == 24 and learned.predicted == ()


def test_themes_are_kept_whole(written: SimpleNamespace, tmp_path: Path) -> None:
    path = save_ratings(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0] + ",theme", *(f"{line},{row // 3}" for row, line in enumerate(lines[1:]))]))
    photos = load_data(str(path))
    found = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache")
    assert "5-fold by group, seed 0" in {metric.split for metric in found.info.metrics}
    found = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache", folds=90)  # there are ten themes
    assert "10-fold by group, seed 0" in {metric.split for metric in found.info.metrics}
    with pytest.raises(BeholderError, match="all photographs are of one group"):
        probe.train(replace(photos, groups=("one",) * len(photos)), tmp_path / "m.onnx", tmp_path / "cache")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ratings: ratings[:, 1].__setitem__(slice(10, None), np.nan), "rated for blue: 5 to learn from"),
        (lambda ratings: ratings[:, 1].fill(0.5), "all ratings of blue are 0.5, so there is nothing to learn"),
    ],
)
def test_too_few_or_equal_ratings_of_a_task(
    change: Callable[[np.ndarray], None], message: str, written: SimpleNamespace, tmp_path: Path
) -> None:
    photos = load_data(str(save_ratings(tmp_path)))
    change(photos.ratings)
    with pytest.raises(BeholderError, match=message) as told:
        probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache")
    assert "\n" not in str(told.value)


def test_no_such_backbone(tmp_path: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path)))
    with pytest.raises(BeholderError, match="no backbone is called 'vgg61'; there are default, fast, vgg16"):
        probe.train(photos, tmp_path / "m.onnx", backbone="vgg61")


@pytest.mark.slow
def test_on_a_backbone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_backbones.register(monkeypatch.setitem, monkeypatch.setattr)
    photos = load_data(str(save_ratings(tmp_path)))
    found = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache", backbone="tiny")
    assert not found.beside and not found.untouched and found.info.backbone == "tiny"
    scores = beholder.load(tmp_path / "m.onnx").score(photos.paths)
    assert srcc(photos.ratings[:, 0], scores.overall) > 0.3  # of six drawn features
    assert scores.evidence.shape[:2] == (30, 2)
    assert np.abs(scores.evidence.sum(axis=(2, 3)).mean(axis=0)).max() < 1e-3  # relative to the average photograph


def test_on_the_network_of_the_default_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its features are the embedding of the default model, of three layers, in single precision."""
    colours = Extractor("colours", (16, 16), 1, (3,), lambda pixels: pixels.mean((1, 2), dtype=np.float32) / 128)
    monkeypatch.setattr(default, "extractor", lambda recipe: colours)
    monkeypatch.setattr(default, "frozen_features", lambda recipe: "features")
    monkeypatch.setattr("beholder.systems.probe.export.DefaultModel", lambda *parts: parts)
    written: list[Any] = []
    monkeypatch.setattr(probe, "export", lambda network, info, path: written.append(network))
    photos = load_data(str(save_ratings(tmp_path, gaps=True)))
    found = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache", backbone="dinov2_vits14")
    features, weight, bias = written[0][:3]
    means = np.stack([resize_exact(read_photo(path), (16, 16)).mean((0, 1)) / 128 for path in photos.paths])
    known = np.isfinite(photos.ratings)
    predicted = means @ weight.numpy().T + bias.numpy()
    np.testing.assert_allclose(predicted[known], photos.ratings[known], atol=0.05)
    assert features == "features" and found.info.size == (16, 16)


@pytest.mark.slow
def test_model_file_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_ratings(tmp_path, 60)
    done = CliRunner().invoke(app, ["train", "probe", "--data", "mine.csv"])
    assert done.exit_code == 0, done.output
    assert "untouched default" in done.output and "red: better than the untouched default" in done.output
    scores = beholder.load(tmp_path / "probe-mine.onnx").score([tmp_path / f"{number}.jpg" for number in range(60)])
    photos = load_data("mine.csv")
    assert np.corrcoef(scores.overall, photos.ratings[:, 0])[0, 1] > 0.8
    assert [task.name for task in scores.tasks] == ["red", "blue"]


@pytest.mark.parametrize("known", [False, True])
def test_command_says_how_it_compares(
    known: bool, written: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photos = load_data(str(save_ratings(tmp_path, names=("warmth", "blue"))))
    if known:
        numbers = as_numbers(photos.digests[:7])
        monkeypatch.setattr("beholder.evaluation.learned._published", lambda: {"0" * 64: numbers})
    done = CliRunner().invoke(app, ["train", "probe", "--data", "mine.csv", "--cache", "cache", "--folds", "4"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("mine, 4-fold, seed 0")
    for metric in written.info.metrics:
        if metric.metric in ("srcc", "rmse"):
            by = "untouched default" if "untouched" in metric.split else "probe"
            (line,) = (line for line in lines if line.startswith(metric.task) and f" {by}" in line and ":" not in line)
            assert str(metric) in line and f" {metric.n} " in line
    assert f"probe-{Path('mine').stem}.onnx: score with it by" in lines[-1]
    if known:
        assert "default itself learned from 7 of these 30 photographs, so nothing above is held out" in done.stdout
        assert "than the untouched" not in done.stdout and "photographs not learned from" not in done.stdout
        return
    found = {line.partition(":")[0]: line for line in lines if line.startswith(("warmth: ", "blue: "))}
    assert set(found) == {task.name for task in photos.tasks}
    assert "blue: better than the untouched default, its " in found["blue"]
