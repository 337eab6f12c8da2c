"""A linear head on frozen features for anybody: what it learns from, what it is measured on, the model file."""

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
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.systems import probe
from beholder.training.features import Extractor
from helpers.factories import save_photo


def save_ratings(folder: Path, count: int = 30, split: bool = False, gaps: bool = False) -> Path:
    """Photographs of one colour each, rated for how red and how blue they are."""
    rows = ["image,red,blue" + ",split" * split]
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
def written(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Mean colours in place of DINOv2's features; what would go into the model file."""
    kept = SimpleNamespace()
    colours = Extractor("colours", (16, 16), 1, (3,), lambda pixels: pixels.mean((1, 2), dtype=np.float32) / 128)
    monkeypatch.setattr(default, "extractor", lambda recipe: colours)
    monkeypatch.setattr(default, "frozen_features", lambda recipe: None)
    monkeypatch.setattr(probe, "DefaultModel", lambda *parts: parts)

    def export(network: Any, info: Any, path: Path) -> None:
        kept.weight, kept.bias, kept.typical = (part.numpy() for part in network[1:4])
        kept.info = info

    monkeypatch.setattr(probe, "export", export)
    return kept


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("split", [False, True])
def test_head_predicts_and_is_measured_on_what_it_did_not_see(
    split: bool, gaps: bool, written: SimpleNamespace, tmp_path: Path
) -> None:
    photos = load_data(str(save_ratings(tmp_path, split=split, gaps=gaps)))
    info = probe.train(photos, tmp_path / "m.onnx", tmp_path / "cache")
    colours = np.stack([resize_exact(read_photo(path), (16, 16)).mean((0, 1)) / 128 for path in photos.paths])
    found = colours @ written.weight.T + written.bias
    known = np.isfinite(photos.ratings)
    np.testing.assert_allclose(found[known], photos.ratings[known], atol=0.05)
    counts = {metric.task: metric.n for metric in info.metrics}
    tested = np.array(photos.splits) == "test" if split else np.ones(len(photos), bool)
    assert counts == {"red": tested.sum(), "blue": (tested & known[:, 1]).sum()}
    assert {metric.split for metric in info.metrics} == {"test part" if split else "5-fold, seed 0"}
    assert all(metric.value > 0.9 for metric in info.metrics if metric.metric == "srcc")
    assert info.data[0].n == (24 if split else 30) and ("split" in info.recipe) == split
    assert info.recipe["side"] == 224 and not {"keep", "calibration"} & set(info.recipe)  # it is in single precision


def test_themes_are_kept_whole(written: SimpleNamespace, tmp_path: Path) -> None:
    path = save_ratings(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0] + ",theme", *(f"{line},{row // 3}" for row, line in enumerate(lines[1:]))]))
    info = probe.train(load_data(str(path)), tmp_path / "m.onnx", tmp_path / "cache")
    assert {metric.split for metric in info.metrics} == {"5-fold by group, seed 0"}


def test_too_few_ratings_of_a_task(written: SimpleNamespace, tmp_path: Path) -> None:
    path = save_ratings(tmp_path, 12, gaps=True)
    with pytest.raises(BeholderError, match="too few photographs are rated for blue"):
        probe.train(load_data(str(path)), tmp_path / "m.onnx", tmp_path / "cache")


@pytest.mark.slow
def test_model_file_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_ratings(tmp_path)
    done = CliRunner().invoke(app, ["train", "probe", "--data", "mine.csv"])
    assert done.exit_code == 0, done.output
    scores = beholder.load(tmp_path / "probe-mine.onnx").score([tmp_path / f"{number}.jpg" for number in range(30)])
    photos = load_data("mine.csv")
    assert np.corrcoef(scores.overall, photos.ratings[:, 0])[0, 1] > 0.8
    assert [task.name for task in scores.tasks] == ["red", "blue"]
