"""Model files of Soydaner & Wagemans (2023)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.splits import split_hash
from beholder.systems.soydaner2023.export import describe, export
from beholder.systems.soydaner2023.network import ScoringMultiTask
from beholder.systems.soydaner2023.train import SoydanerResult, fit, inputs, make_network
from beholder.training.inputs import FeatureInputs
from helpers.soydaner2023 import CPU, RECIPE, TASKS

# The model file


@pytest.mark.parametrize(
    "options", [{}, {"separate": True}, {"single": True}, {"lr_finetune": 5.0, "epochs1": 20}], ids=str
)
def test_what_goes_into_a_model_file(options: dict[str, Any], photos: RatedPhotos, source: FeatureInputs) -> None:
    """The scoring network is the trained one, its evidence the first-order contribution, and its metrics are true."""
    recipe = replace(RECIPE, **options)
    trained = fit(photos, recipe, source=source, device=CPU)
    assert trained.best == 1 or "lr_finetune" not in options
    info = describe(photos, trained, recipe, 16)
    tasks = TASKS[:1] if recipe.single else TASKS
    assert info.tasks == tasks and info.size == (16, 16) and info.recipe["best_stage"] == trained.best
    assert info.recipe["split"] == split_hash(photos.files, photos.splits)
    assert info.recipe["parts"] == {"train": 18, "validation": 6, "test": 6}
    assert (info.data[0].name, info.data[0].n, info.data[0].sha256) == ("toy", 18, photos.content_hash)
    final = trained.stage1 if trained.best == 1 else trained.stage2
    test = np.array(photos.splits) == "test"
    rmse = {metric.task: metric for metric in info.metrics if metric.metric == "rmse"}
    for index, task in enumerate(tasks):
        errors = (final - photos.ratings[:, : len(tasks)])[test, index]
        assert rmse[task.name].value == pytest.approx(np.sqrt(np.nanmean(errors**2)))
        assert rmse[task.name].n == np.isfinite(errors).sum()

    low, high = (torch.tensor([getattr(task, end) for task in tasks], dtype=torch.float32) for end in ("low", "high"))
    pixels = torch.from_numpy(np.stack([resize_exact(read_photo(path), (16, 16)) for path in photos.paths]))
    pixels = pixels.permute(0, 3, 1, 2)
    with torch.inference_mode():
        typical = trained.network.backbone(pixels[np.array(photos.splits) == "train"]).mean(0)
        scores, pooled, evidence = ScoringMultiTask(trained.network, low, high, typical)(pixels)
        expected = low + trained.network(pixels) * (high - low)
    torch.testing.assert_close(scores, expected)
    held_out = np.isfinite(final[:, 0])
    np.testing.assert_allclose(scores.numpy()[held_out], final[held_out], atol=5e-3 * 9)
    inputs = pooled.clone().requires_grad_()
    for index in range(len(tasks)):
        score = (low + trained.network.forward_head(inputs) * (high - low))[:, index]
        slope = torch.autograd.grad(score.sum(), inputs)[0]
        first_order = (slope * (pooled - typical)).sum(1)
        torch.testing.assert_close(evidence[:, index].sum((1, 2)), first_order, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("best", [1, 2])
def test_typical_is_of_the_training_photographs(
    keep: bool, best: int, photos: RatedPhotos, whole: SoydanerResult, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at a batch at a time, however many there are."""
    networks: list[ScoringMultiTask] = []
    monkeypatch.setattr(
        "beholder.systems.soydaner2023.export.write_model_file", lambda network, *_: networks.append(network)
    )
    monkeypatch.setattr("beholder.training.held_out.PREDICTION_BATCH", 5)
    network = whole.network if best == 2 else make_network(RECIPE, 3).eval()
    trained = replace(whole, networks={best: network}, kept=best)
    made, sizes = inputs(photos, RECIPE, CPU, keep=keep, cache=cache), []

    def watched(inputs: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        return lambda rows, mirrored: (sizes.append(len(rows)), inputs(rows, mirrored))[1]

    export(photos, trained, RECIPE, FeatureInputs(watched(made.pooled), watched(made.middle)), Path("unused.onnx"))
    train = [path for path, part in zip(photos.paths, photos.splits or (), strict=True) if part == "train"]
    pixels = torch.from_numpy(np.stack([resize_exact(read_photo(path), (16, 16)) for path in train]))
    with torch.inference_mode():
        expected = network.backbone(pixels.permute(0, 3, 1, 2)).mean(0)
    torch.testing.assert_close(networks[0].typical, expected, rtol=2e-3, atol=2e-3)
    assert sum(sizes) == len(train) and max(sizes) <= 5
