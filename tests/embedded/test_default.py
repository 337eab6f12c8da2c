"""The default model is made of what the recipe says; its embedding is as good as promised."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data
from beholder.embedded import default
from beholder.embedded.material import WIDTHS
from beholder.metrics import srcc
from beholder.splits import grouped_folds, random_folds
from beholder.training import ridge
from beholder.training.features import compute_features
from beholder.training.settings import plain
from helpers.coloured_data import make_rated
from helpers.quick_training import quick_training


def test_the_recipe_on_little_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ratings follow from colours, which the encoder sees."""
    quick = quick_training(monkeypatch, tmp_path / "cache")
    recipe = default.DefaultRecipe(folds=2, seed=3)
    root, out = make_rated(tmp_path / "data"), tmp_path / "made.onnx"
    info = default.train(root, out, recipe, tmp_path / "cache")
    assert [given[0] for given in quick.networks] == [recipe] and quick.widths == [WIDTHS]
    ((_, of_file, _, path),) = quick.written
    assert of_file is info and path == out and info.name == "default"
    assert info.recipe == {**plain(asdict(recipe)), "kept": ["kept layer"]}
    assert [(data.name, data.n) for data in info.data] == [
        ("oasis", 40), ("biq2021", 30), ("appeal", 30), ("composition", 30)
    ]  # fmt: skip
    found = {(each.task, each.data): each.value for each in info.metrics if each.metric == "srcc"}
    assert all(value > 0.8 for (task, _), value in found.items() if task != "disagreement"), found


@pytest.mark.slow
@pytest.mark.usefixtures("kept_features")
def test_out_of_fold_accuracy_on_oasis(data_root: Path) -> None:
    """The bar of the default model, computed from photographs and ratings, not read from its file."""
    oasis = load_data("oasis", data_root)
    views = compute_features(oasis, default.extractor(default.DefaultRecipe()))
    assert oasis.groups is not None
    for folds, groups, bar in (
        (random_folds(len(oasis)), None, (0.86, 0.78, 0.77)),
        (grouped_folds(oasis.groups), oasis.groups, (0.83, 0.68, 0.72)),
    ):
        predicted = ridge.out_of_fold(views, oasis.ratings, folds, groups)
        found = [srcc(oasis.ratings[:, task], predicted[:, task]) for task in range(3)]
        assert (np.array(found) >= bar).all(), found
