"""An embedded model is built of a network, heads and what is said of them; it computes what the heads do."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from beholder.embedded import build, int8_encoder, out_of_fold
from beholder.embedded.default import DefaultRecipe
from beholder.embedded.int8_encoder import Int8Encoder
from beholder.embedded.kernel_heads import Heads, Rows, fit_heads
from beholder.embedded.material import Material, parts_of
from beholder.embedded.metadata import tasks_of
from beholder.embedded.photo_encoder import FeaturesOnly
from beholder.models.kernel_model import KernelModel, weighted
from helpers.kernel_models import SIZE, parts, photo_features, photographs
from helpers.kernel_models import info as info_of
from helpers.material import COUNTS, FAMILIARITY, SETTINGS, material
from helpers.quick_encoder import quick_encoder

RECIPE = DefaultRecipe(folds=3, seed=1, heads=SETTINGS, familiarity=FAMILIARITY)
EVERYTHING = {name: np.ones(count, bool) for name, count in COUNTS.items()}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material(tmp_path_factory.mktemp("build") / "all")


@pytest.fixture(scope="module")
def heads(given: Material) -> Heads:
    return fit_heads(given, EVERYTHING, SETTINGS)


def test_the_model_computes_what_the_heads_predict(given: Material, heads: Heads) -> None:
    """Each score in its column, on its scale; familiarity by the thresholds."""
    tasks = tasks_of(given.photos)
    seen = parts_of(given.blocks, torch.cat(parts()[:3], dim=1).numpy())
    support, _, _ = out_of_fold.familiarity_support(given, FAMILIARITY)
    levels = out_of_fold.levels(weighted(seen.blocks, FAMILIARITY.weights), support, FAMILIARITY.sharpness)
    thresholds = np.linspace(levels.min() - 0.5, levels.max() + 0.5, 101)
    model = build.assemble(photo_features(), given, heads, thresholds, info_of(tasks), FAMILIARITY)
    with torch.inference_mode():
        scores, _, evidence = model(photographs())
    predicted = heads.predict(seen)
    predicted["familiarity"] = np.interp(levels, thresholds, np.arange(101))
    assert set(predicted) == {task.name for task in tasks}
    for place, task in enumerate(tasks):
        expected = np.clip(predicted[task.name], task.low, task.high)
        span = task.high - task.low
        assert np.ptp(expected) > 1e-3 * span, task.name
        np.testing.assert_allclose(scores[:, place], expected, atol=1e-3 * span, err_msg=task.name)
        assert evidence[:, place].any() == (task.kind == "rating"), task.name
    torch.testing.assert_close(model.exact_typical, torch.tensor(given.typical, dtype=torch.float32))


def test_heads_are_measured_without_each_fold_and_written_with_all(
    given: Material, heads: Heads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, thresholds = info_of(tasks_of(given.photos)), np.linspace(-9, 0, 101)
    asked: list[Rows] = []
    described: list[Any] = []
    written: list[Any] = []

    def fit(rows: Rows) -> Heads:
        asked.append(rows)
        return fit_heads(given, rows, SETTINGS)

    def describe(*positional: Any, **said: Any) -> tuple[Any, np.ndarray]:
        described.extend((positional, said))
        return info, thresholds

    monkeypatch.setattr(build, "describe", describe)
    monkeypatch.setattr(int8_encoder, "write_quantized", lambda *all_of_it: written.append(all_of_it))
    body = Int8Encoder(FeaturesOnly(photo_features()), SIZE, np.zeros((0, *SIZE, 3), np.uint8), ("layer",))
    network = build.Network(photo_features(), body, quick_encoder()[0])
    made_by = {"layers": (7, 9), "heads": {"scene": (1.0, 0.0)}, "keep": 1}
    path = tmp_path / "mine.onnx"
    assert build.write_model(tmp_path, path, network, given, fit, RECIPE, made_by, name="mine") is info

    *folds, last = asked
    assert len(folds) == 2 * RECIPE.folds  # random ones, and those by theme
    assert all(0 < kept.mean() < 1 for rows in folds for kept in rows.values())
    assert set(last) == set(COUNTS) and all(kept.all() for kept in last.values())
    (_, _, held_out, encoder, _), said = described
    assert len(held_out.heads) == RECIPE.folds and encoder is network.encoder
    settings = {"layers": [7, 9], "heads": {"scene": [1.0, 0.0]}, "keep": 1, "kept": ["layer"]}
    assert said == {"name": "mine", "size": SIZE, "made_by": settings}
    ((model, *of_file),) = written
    assert isinstance(model, KernelModel) and of_file == [info, body, path]
    for mine, expected in zip(model.machines, heads.machines, strict=True):
        assert torch.equal(mine.get_buffer("exact_weight"), expected.head.weight.double())


def test_oasis_and_biq2021_calibrate_the_eight_bits(
    given: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And heads are fitted to features in eight bits."""
    scorer = quick_encoder()[0].scorer
    monkeypatch.setattr(int8_encoder, "build_encoder", lambda *all_of_it: all_of_it)
    monkeypatch.setattr(int8_encoder, "encoder_scorer", lambda body: scorer)
    tokens = photo_features().features
    made = build.build_network(tokens, SIZE, given.photos, calibration=5, keep=2, cache=tmp_path)
    body, *rest = cast(tuple[Any, ...], made.body)
    assert isinstance(body, FeaturesOnly) and body.photo is made.photo and made.photo.features is tokens
    assert rest == [SIZE, (given.photos["oasis"], given.photos["biq2021"]), 5, 2]
    assert (made.encoder.scorer, made.encoder.cache) == (scorer, tmp_path)
