"""The training of Soydaner & Wagemans (2023), on tiny networks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.models.backbones.base import create_backbone
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import SoydanerResult, fit, inputs, make_network
from beholder.systems.two_stages import held_by
from beholder.tasks import Task
from beholder.training.device import choose_device
from beholder.training.inputs import FeatureInputs
from beholder.training.supervised import masked_mse, predict
from helpers import tiny_backbones
from helpers.factories import REPOSITORY
from helpers.soydaner2023 import CPU, RECIPE, TASKS, assert_same
from helpers.trainings import Stop, story

# The loss


def test_loss_leaves_out_what_was_not_rated() -> None:
    rng = np.random.default_rng(0)
    predicted, targets = rng.random((6, 4)), rng.random((6, 4))
    targets[rng.random((6, 4)) < 0.3] = np.nan
    targets[:, 2] = np.nan
    layer = torch.nn.Linear(4, 4)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(4))
        layer.bias.zero_()
    loss = masked_mse(layer(torch.from_numpy(predicted).float()), torch.from_numpy(targets).float())
    assert float(loss.detach()) == pytest.approx(np.nanmean((predicted - targets) ** 2), rel=1e-5)
    loss.backward()
    for gradient in (layer.weight.grad, layer.bias.grad):
        assert gradient is not None and gradient.isfinite().all()
        assert not gradient[2].any() and gradient[[0, 1, 3]].any()
    assert float(masked_mse(torch.rand(2, 2), torch.full((2, 2), torch.nan))) == 0


# Training


def test_stages_train_what_they_are_to(whole: SoydanerResult) -> None:
    before = make_network(RECIPE, 3).state_dict()
    assert whole.best == 2, "the test needs a second stage that helps"
    for name, value in whole.network.state_dict().items():
        frozen = name.startswith("backbone.") and not name.startswith("backbone.late.0.")
        assert torch.equal(value, before[name]) == frozen, name
    assert not any(parameter.requires_grad for parameter in whole.network.parameters())
    assert not whole.network.training


def test_predictions_are_for_photographs_held_out(photos: RatedPhotos, whole: SoydanerResult) -> None:
    train = np.array(photos.splits) == "train"
    for predicted in (whole.stage1, whole.stage2):
        assert predicted is not None and predicted.shape == photos.ratings.shape
        assert np.isnan(predicted[train]).all() and np.isfinite(predicted[~train]).all()
        for task, column in zip(TASKS, predicted[~train].T, strict=True):
            assert (column >= task.low).all() and (column <= task.high).all()


def test_learning_rate_decays_in_stage_2(
    photos: RatedPhotos, source: FeatureInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[list[float]] = []

    class Watched(torch.optim.Adam):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            assert self.defaults["betas"] == (0.9, 0.999)
            rates.append([])

        def step(self, closure: Any = None) -> Any:
            rates[-1].append(self.param_groups[0]["lr"])
            return super().step(closure)

    monkeypatch.setattr(torch.optim, "Adam", Watched)
    fit(photos, RECIPE, source=source, device=CPU)
    fit(photos, replace(RECIPE, staircase=True), source=source, device=CPU)
    steps = 5  # 18 photographs, 4 at a time
    assert rates[0] == rates[2] == [RECIPE.lr_head] * 3 * steps
    assert rates[1] == pytest.approx([0.05 * 0.5 ** (step / 7) for step in range(3 * steps)])
    assert rates[3] == pytest.approx([0.05] * 7 + [0.025] * 7 + [0.0125])


@pytest.mark.parametrize(("epochs1", "steps1", "expected"), [(3, 0, 3), (3, 20, 4), (3, 21, 5), (6, 21, 6)])
def test_stage_1_takes_enough_steps(
    epochs1: int, steps1: int, expected: int, photos: RatedPhotos, source: FeatureInputs
) -> None:
    recipe = replace(RECIPE, epochs1=epochs1, steps1=steps1, epochs2=0)
    trained = fit(photos, recipe, source=source, device=CPU)
    assert len(trained.history) == expected and trained.stage2 is None and trained.best == 1


def test_seed_decides(photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult) -> None:
    torch.manual_seed(12345)  # what was drawn before plays no part
    assert_same(fit(photos, RECIPE, source=source, device=CPU), whole)
    other = fit(photos, replace(RECIPE, seed=1), source=source, device=CPU)
    assert story(other.history) != story(whole.history)


@pytest.mark.parametrize("stage", [1, 2])
def test_best_epoch_is_kept(stage: int, photos: RatedPhotos, source: FeatureInputs) -> None:
    """With a learning rate so large that validation gets worse again."""
    rates = {"lr_head": 0.3, "epochs1": 8} if stage == 1 else {"lr_finetune": 0.3, "epochs2": 8, "decay": 1.0}
    trained = fit(photos, replace(RECIPE, **rates), source=source, device=CPU)
    unit = np.stack([task.to_unit(column) for task, column in zip(TASKS, photos.ratings.T, strict=True)], axis=1)
    rows = np.flatnonzero(np.array(photos.splits) == "validation")
    losses = {each: [row["validation_loss"] for row in trained.history if row["stage"] == each] for each in (1, 2)}
    assert min(losses[stage]) < losses[stage][-1], "the test needs a validation loss that rises"
    for each, predicted in ((1, trained.stage1), (2, trained.stage2)):
        assert predicted is not None
        found = np.stack([task.to_unit(column) for task, column in zip(TASKS, predicted[rows].T, strict=True)], axis=1)
        assert np.nanmean((found - unit[rows]) ** 2) == pytest.approx(min(losses[each]), abs=2e-6)
        best = [row["validation_loss"] for row in trained.history if row["stage"] == each and row["best"]]
        assert best == sorted(best, reverse=True) and best[-1] == min(losses[each])
    assert trained.best == min(losses, key=lambda each: min(losses[each]))
    kept = predict(trained.network, trained.network.forward_tail, source.middle, rows)
    assert np.nanmean((kept - unit[rows]) ** 2) == pytest.approx(min(map(min, losses.values())), abs=1e-4)


def test_second_stage_that_harms_is_left(photos: RatedPhotos, source: FeatureInputs) -> None:
    trained = fit(photos, replace(RECIPE, epochs1=20, lr_finetune=5.0), source=source, device=CPU)
    assert trained.best == 1
    pretrained = make_network(RECIPE, 3).backbone.state_dict()
    assert all(torch.equal(value, pretrained[name]) for name, value in trained.network.backbone.state_dict().items())
    rows = np.flatnonzero(np.array(photos.splits) == "test")
    unit = predict(trained.network, trained.network.forward_head, source.pooled, rows)
    np.testing.assert_allclose(TASKS[0].from_unit(unit[:, 0]), trained.stage1[rows, 0], rtol=1e-6)
    last = trained.keeping("last")
    assert last.kept == 2 and last.keeping("best").kept == trained.kept == 1
    assert trained.stage2 is not None
    np.testing.assert_array_equal(last.final, trained.stage2)
    unit = predict(last.network, last.network.forward_tail, source.middle, rows)
    np.testing.assert_allclose(TASKS[0].from_unit(unit[:, 0]), trained.stage2[rows, 0], rtol=1e-6)
    assert held_by(last).endswith(", which is lower") and held_by(last).startswith("stage 2, epoch ")
    assert "lower" not in held_by(trained) and held_by(trained).startswith("stage 1, epoch ")


def test_without_validation_the_last_epochs_are_kept(
    photos: RatedPhotos, source: FeatureInputs, tmp_path: Path
) -> None:
    """Also by a run that was stopped: what the network says is what it says after the last step."""
    parts = ["train" if part == "validation" else part for part in photos.splits or ()]
    all_rated, file = photos.with_splits(parts), tmp_path / "c.safetensors"
    recipe = replace(RECIPE, lr_head=0.3, lr_finetune=0.3)
    trained = fit(all_rated, recipe, source=source, device=CPU)
    assert [row["best"] for row in trained.history] == [True] * 6 and trained.best == trained.kept == 2
    assert not any("validation_loss" in row for row in trained.history)
    assert np.isfinite(trained.stage1[np.array(parts) == "test"]).all()
    assert "epoch 3 of 3, without validation" in held_by(trained)
    with pytest.raises(KeyboardInterrupt):
        fit(all_rated, recipe, source=Stop(source, 20).source, device=CPU, checkpoint=file)
    assert_same(fit(all_rated, recipe, source=source, device=CPU, checkpoint=file), trained)


@pytest.mark.parametrize("stage", [1, 2])
def test_loss_that_is_no_number_is_told(stage: int, photos: RatedPhotos, source: FeatureInputs, tmp_path: Path) -> None:
    recipe = replace(RECIPE, lr_finetune=1e29)

    def far_too_bright(rows: np.ndarray, mirrored: np.ndarray) -> torch.Tensor:
        return source.pooled(rows, mirrored) / 0

    made = FeatureInputs(far_too_bright if stage == 1 else source.pooled, source.middle)
    name, rate = ("lr_head", "0.005") if stage == 1 else ("lr_finetune", "1e.29")
    checkpoint = tmp_path / "c.safetensors"
    for _ in range(2):  # what is kept is not the broken epoch
        with pytest.raises(BeholderError, match=rf"stage {stage}, epoch 1: .* smaller {name} than {rate}$"):
            fit(photos, recipe, source=made, device=CPU, checkpoint=checkpoint)
    assert checkpoint.exists() == (stage == 2)


# Where the inputs come from


def assert_close(first: SoydanerResult, second: SoydanerResult, photos: RatedPhotos) -> None:
    assert len(first.history) == len(second.history)
    for ours, theirs in zip(first.history, second.history, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-3)
        assert ours["validation_loss"] == pytest.approx(theirs["validation_loss"], abs=1e-3)
    spans = np.array([task.high - task.low for task in photos.tasks])[: first.stage1.shape[1]]
    for ours, theirs in ((first.stage1, second.stage1), (first.stage2, second.stage2)):
        np.testing.assert_allclose(ours / spans, theirs / spans, atol=3e-3)


@pytest.mark.parametrize("name", tiny_backbones.NETWORKS)
@pytest.mark.parametrize("mirror", [False, True])  # in one cache, too
def test_kept_inputs_train_as_pixels(name: str, mirror: bool, photos: RatedPhotos, cache: Path) -> None:
    recipe = replace(RECIPE, backbone=name, mirror=mirror)
    sources = [inputs(photos, recipe, CPU, keep=keep, cache=cache) for keep in (True, False)]
    network, rows = create_backbone(name), np.array([3, 0, 29, 3])
    mirrored = np.array([False, True, True, True]) & mirror
    size = (network.side, network.side)
    pixels = np.stack([resize_exact(read_photo(photos.paths[row]), size) for row in rows])
    pixels[mirrored] = pixels[mirrored, :, ::-1]
    with torch.inference_mode():
        expected = network.stem(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        for made in sources:
            torch.testing.assert_close(made.middle(rows, mirrored), expected, rtol=2e-3, atol=2e-3)
            pooled = network.tail(expected).mean((2, 3))
            torch.testing.assert_close(made.pooled(rows, mirrored), pooled, rtol=2e-3, atol=2e-3)
    assert_close(*(fit(photos, recipe, source=made, device=CPU) for made in sources), photos)


def test_mirror_images_are_shown_by_chance(photos: RatedPhotos, source: FeatureInputs) -> None:
    shown: list[np.ndarray] = []

    def pooled(rows: np.ndarray, mirrored: np.ndarray) -> torch.Tensor:
        if torch.is_grad_enabled():
            shown.append(mirrored)
        return source.pooled(rows, mirrored)

    for mirror in (True, False):
        shown.clear()
        recipe = replace(RECIPE, mirror=mirror, epochs1=20, epochs2=0)
        fit(photos, recipe, source=FeatureInputs(pooled, source.middle), device=CPU)
        share = np.concatenate(shown).mean()
        assert 0.4 < share < 0.6 if mirror else share == 0


def test_stage_1_alone_keeps_no_maps(photos: RatedPhotos, tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs2=0)
    kept = fit(photos, recipe, source=inputs(photos, recipe, CPU, cache=tmp_path), device=CPU)
    assert sum(file.stat().st_size for file in tmp_path.glob("features/*.npy")) < 2 * 30 * 6 * 4 + 200
    direct = fit(photos, recipe, source=inputs(photos, recipe, CPU, keep=False), device=CPU)
    np.testing.assert_allclose(kept.stage1, direct.stage1, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v2", "vgg16"])
def test_kept_inputs_train_as_pixels_on_real_weights(name: str, tmp_path: Path) -> None:
    shown = sorted((REPOSITORY / "examples" / "photos").glob("*.jpg"))
    rng = np.random.default_rng(0)
    for number in range(20):
        whole = Image.open(shown[number % len(shown)]).convert("RGB")
        left, top = rng.integers(0, whole.width // 2), rng.integers(0, whole.height // 2)
        whole.crop((left, top, left + whole.width // 2, top + whole.height // 2)).save(tmp_path / f"{number}.png")
    parts = ("train",) * 12 + ("validation",) * 4 + ("test",) * 4
    files = tuple(f"{number}.png" for number in range(20))
    rated = RatedPhotos("real", tmp_path, files, (Task("a", 0, 1), Task("b", 0, 1)), rng.random((20, 2)), splits=parts)
    recipe = SoydanerRecipe(name, side=64, batch=4, epochs1=3, steps1=0, epochs2=2)
    sources = [inputs(rated, recipe, CPU, keep=keep, cache=tmp_path / "cache") for keep in (True, False)]
    assert_close(*(fit(rated, recipe, source=made, device=CPU) for made in sources), rated)


def test_device() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == CPU
