"""The benchmarks that compare heads and features run on small data, with tiny networks in place of the real ones."""

import functools
import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from beholder.metrics import Estimate, bootstrap
from beholder.scoring.model_file import TrainingData
from helpers.coloured_data import make_rated
from helpers.extras import needs_torch
from helpers.factories import REPOSITORY, save_detailed_model

pytestmark = needs_torch


def module(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module(f"benchmarks.{name}")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four small data sets whose ratings follow from colour; features are kept elsewhere; a quick default model."""
    root = make_rated(tmp_path / "data")
    model = save_detailed_model(tmp_path / "mine.onnx")
    monkeypatch.setattr("beholder.scoring.model_file.embedded_path", lambda name: model)
    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path / "cache"))
    return root


def coloured(width: int = 6):  # type: ignore[no-untyped-def]
    """An extractor of mean colours, repeated to a width."""
    from beholder.training.features import Extractor

    def compute(pixels: np.ndarray) -> np.ndarray:
        colour = pixels.reshape(len(pixels), -1, 3).mean(axis=1) / 255
        return np.tile(colour, (1, -(-width // 3)))[:, :width].astype(np.float32)

    return Extractor(f"coloured {width}", (16, 16), 2, (width,), compute)


def test_accuracy(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file states is shown where it was measured on the same photographs and ratings."""
    import beholder
    from beholder.data.registry import load_data

    accuracy = module(monkeypatch, "accuracy")
    monkeypatch.setattr("beholder.metrics.bootstrap", functools.partial(bootstrap, resamples=50))
    monkeypatch.setattr(accuracy, "_vgg16", coloured)
    monkeypatch.setattr(accuracy.nima, "extractor", lambda: coloured(1))
    monkeypatch.setattr(accuracy.default, "extractor", lambda recipe: coloured(9))
    scorer = beholder.load()
    said = Estimate("srcc", "beauty", "oasis", "5-fold, seed 0", 40, 0.5, 0.4, 0.6)
    known = TrainingData("oasis", 40, load_data("oasis", root).content_hash, ("beauty",))
    scorer.info = replace(scorer.info, metrics=(said, replace(said, metric="mae")), data=(known,))
    monkeypatch.setattr(accuracy.beholder, "load", lambda: scorer)
    found, left_out = accuracy.measure_all(root)
    assert [line.split(":")[1] for line in left_out] == [
        f" default on {name}" for name in ("appeal", "composition", "biq2021")
    ]
    assert [each for each in found if each.split.startswith("default")] == [
        replace(said, split="default; 5-fold, seed 0")
    ]
    assert {each.data: each.n for each in found} == {"oasis": 40, "appeal": 30, "composition": 29, "biq2021": 30}
    assert {each.split for each in found if each.data == "composition"} == {
        "ridge on default's embedding; 5-fold, seed 0",
        "the same in single precision; 5-fold, seed 0",
        "VGG16 pooled + ridge; 5-fold, seed 0",
        "mean of the training ratings; 5-fold, seed 0",
        "NIMA-MobileNet (AVA); not trained here",
    }
    at = {(each.split, each.task): each.value for each in found if each.metric == "srcc"}
    assert at["VGG16 pooled + ridge; 5-fold, seed 0", "quality"] > 0.9


def test_precision(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    precision = module(monkeypatch, "precision")
    monkeypatch.setattr(precision.int8_encoder, "embedding_extractor", lambda scorer, views: coloured())
    monkeypatch.setattr(precision, "extractor", lambda recipe: coloured())
    table = precision.compare(root)
    assert "0.000 of the variance" in str(table.title) and table.row_count == 3
    assert [str(cell) for cell in table.columns[3].cells] == ["1.0000"] * 3


def test_heads(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = module(monkeypatch, "heads")
    monkeypatch.setattr(heads, "WIDTH", 24)
    width = 2 * heads.WIDTH
    monkeypatch.setattr(heads, "extractor", lambda recipe: coloured(len(recipe.layers) * width))
    monkeypatch.setattr(heads, "WIDTHS", (5, 5, 5))
    layers, resizing, kinds = heads.compare(root)
    assert (layers.row_count, resizing.row_count, kinds.row_count) == (9, 6, 3)
    chosen = str(list(kinds.columns[0].cells)[-1])
    assert chosen == "kernel machine (chosen)"
    assert float(str(list(kinds.columns[1].cells)[-1])) > 0.9


def test_fast_candidates(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder of a candidate is made as the training makes it."""
    fast = module(monkeypatch, "fast")
    made = []
    monkeypatch.setattr(fast.default, "frozen_features", lambda recipe, layers: layers)
    monkeypatch.setattr(fast.int8_encoder, "lean", lambda network: network)
    monkeypatch.setattr(fast.int8_encoder, "without_heads", lambda network: network)
    monkeypatch.setattr(fast.int8_encoder, "build_encoder", lambda *given: made.append(given))
    monkeypatch.setattr(fast.int8_encoder, "encoder_scorer", lambda encoder: fast.beholder.load())
    monkeypatch.setattr(fast, "ROUNDS", 1)
    monkeypatch.setattr(fast, "PHOTOGRAPHS", 2)
    speed, candidate = fast.compare(root, [(126, 112)])
    assert speed.row_count == 2 and candidate.row_count == 2
    assert made[0][:2] == ((7, 9, 10, 11), (126, 112))


def test_taste(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the model's tasks those are kept that are predicted without a vote of the part's raters."""
    taste = module(monkeypatch, "taste")
    monkeypatch.setattr(taste, "TASKS", ("overall", "beauty", "disagreement", "quality"))  # as many, which it has
    monkeypatch.setattr("beholder.embedded.default.extractor", lambda recipe: coloured())
    found = taste.people(root)
    assert [task.name for task in found.info.tasks] == list(taste.TASKS)
    assert len(found.scores) == taste.FOLDS and found.scores[0].values.shape == (40, 4)
    assert found.votes.shape == (3, 40)
    monkeypatch.setattr(taste, "SIZES", (10,))
    assert taste.measure(root).row_count == 1


def test_faithfulness(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps of ratings are tested; amounts of edits have none."""
    faithfulness = module(monkeypatch, "faithfulness")
    # the map of this model has one cell
    monkeypatch.setattr(faithfulness, "coarsen", lambda maps, grid: np.kron(maps, np.ones((1, grid, grid))))
    table = faithfulness.measure(root, 3)
    tasks = [str(cell) for cell in table.columns[0].cells]
    assert tasks[::2] == tasks[1::2] == ["overall", "beauty", "quality", "overall", "beauty"]


def test_words(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good and bad photographs, for both models."""
    words = module(monkeypatch, "words")
    monkeypatch.setattr(words, "BEST", 4)
    monkeypatch.setattr(words, "GOOD", 0.5)
    table = words.measure(root, 3)
    assert [str(cell) for cell in table.columns[0].cells] == 2 * ["default"] + 2 * ["fast"]
    assert all(0 < int(str(cell)) <= 3 for cell in table.columns[2].cells)
