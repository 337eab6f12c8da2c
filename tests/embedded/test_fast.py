"""The fast model: its heads learn from those of the default model."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from beholder.embedded import fast
from beholder.embedded.default import DefaultRecipe
from beholder.embedded.material import WIDTHS, load_photos
from beholder.models.photo_features import DIM, SCENE
from beholder.training.settings import plain
from helpers.coloured_data import make_rated
from helpers.kernel_models import photo_features
from helpers.quick_encoder import quick_encoder
from helpers.quick_training import STUDENT_GAIN, quick_training


def test_heads_of_a_distilled_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ratings follow from colours, which both encoders see, each in its own way."""
    cache = tmp_path / "cache"
    quick = quick_training(monkeypatch, cache)
    recipe = fast.FastRecipe(folds=2, seed=3, calibration=5)
    root, out, student = make_rated(tmp_path / "data"), tmp_path / "made.onnx", photo_features().features
    info = fast.finish(root, out, load_photos(root), student, recipe, cache)
    (of_teachers, *_), (*of_student, photos, calibration, keep, _) = quick.networks
    assert of_teachers == DefaultRecipe(heads=recipe.teachers)
    assert [*of_student, calibration, keep] == [student, recipe.size, 5, recipe.keep]
    assert quick.widths == [WIDTHS, recipe.heads.widths]
    ((model, of_file, _, path),) = quick.written
    assert of_file is info and path == out and info.name == "fast"
    assert info.recipe == {**plain(asdict(recipe)), "teacher": "colours@1.0", "kept": ["kept layer"]}
    found = {(each.task, each.data): each.value for each in info.metrics if each.metric == "srcc"}
    assert all(value > 0.8 for (task, _), value in found.items() if task != "disagreement"), found

    encoder, _ = quick_encoder(gain=STUDENT_GAIN)
    seen = encoder([encoder.resize(encoder.read(path)) for each in photos.values() for path in each.paths])
    patches = seen[:, :SCENE].reshape(len(seen), 3, 2, DIM)[:, :, 1].mean(axis=0).ravel()
    assert np.corrcoef(model.exact_typical, patches)[0, 1] > 0.9  # of the student's features, not of its teachers'
