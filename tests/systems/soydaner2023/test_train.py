"""The two-stage training: network, sources, checkpoint, model file, command and studies, on tiny networks offline."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import beholder
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data, split_of
from beholder.errors import BeholderError
from beholder.files import replacing
from beholder.models.backbones.base import create_backbone
from beholder.photos.read import Pixels, read_photo
from beholder.photos.resize import resize_exact
from beholder.splits import split_hash
from beholder.systems import study_runs
from beholder.systems.soydaner2023 import experiment as soydaner_experiment
from beholder.systems.soydaner2023.export import describe, export
from beholder.systems.soydaner2023.network import MultiTask, ScoringMultiTask
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import SoydanerResult, fit, inputs, make_network
from beholder.tasks import Task
from beholder.training import features
from beholder.training.device import choose_device
from beholder.training.inputs import FeatureInputs
from beholder.training.supervised import masked_mse, predict
from helpers import tiny_backbones
from helpers.factories import MAIN, REPOSITORY, save_photo
from helpers.trainings import Done, Stop, run, save_csv, story

CPU = torch.device("cpu")
TASKS = (Task("look", 1, 10), Task("warm_light", -1, 1), Task("detail", 0, 1))
RECIPE = SoydanerRecipe(
    "tiny",
    hidden=(16, 8),
    dropout=0.2,
    batch=4,
    epochs1=3,
    steps1=0,
    epochs2=3,
    lr_head=0.005,
    lr_finetune=0.05,
    decay_steps=7,
)
COMMAND = [sys.executable, "-c", f"from helpers import tiny_backbones; tiny_backbones.register(); {MAIN}"]
QUICK = ("--backbone", "tiny", "--hidden", 16, 8, "--batch", 8, "--epochs1", 2, "--steps1", 0, "--epochs2", 2)


@pytest.fixture(autouse=True, scope="module")
def networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbones.register(patch.setitem, patch.setattr)
        yield


def save_rated(folder: Path, count: int = 30) -> np.ndarray:
    """Photographs 0.jpg, ... of one colour each; (N, 3) ratings that follow from it, one of them missing in places."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        save_photo(folder / f"{number}.jpg", number)
    colours = np.array([read_photo(folder / f"{number}.jpg").pixels.mean((0, 1)) for number in range(count)]) / 128
    ratings = np.stack([1 + 9 * colours[:, 0], colours[:, 1] * 2 - 1, colours[:, 2]], axis=1)
    ratings = ratings.clip([1, -1, 0], [10, 1, 1]).round(3)
    ratings[::7, 1] = np.nan
    return ratings


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    folder = tmp_path_factory.mktemp("rated")
    ratings = save_rated(folder)
    parts = ("train", "validation", "train", "test", "train")
    splits = tuple(parts[number % 5] for number in range(len(ratings)))
    return RatedPhotos("toy", folder, tuple(f"{n}.jpg" for n in range(len(ratings))), TASKS, ratings, splits=splits)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def source(photos: RatedPhotos, cache: Path) -> FeatureInputs:
    return inputs(photos, RECIPE, CPU, cache=cache)


@pytest.fixture(scope="module")
def whole(photos: RatedPhotos, source: FeatureInputs) -> SoydanerResult:
    """A training that nothing disturbed."""
    return fit(photos, RECIPE, source=source, device=CPU)


def assert_same(first: SoydanerResult, second: SoydanerResult) -> None:
    """Bit for bit."""
    assert story(first.history) == story(second.history) and first.best == second.best
    np.testing.assert_array_equal(first.stage1, second.stage1)
    np.testing.assert_array_equal(first.stage2, second.stage2)
    for name, value in first.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name


# The network


@pytest.mark.parametrize(
    ("outputs", "separate", "last", "total"),
    [
        (12, False, 780, 14_789_388),
        (12, True, 780, 14_789_388),
        (5, False, 325, 14_788_933),
        (5, True, 325, 14_788_933),
        (1, False, 65, 14_788_673),
    ],
)
def test_parameters_as_published(outputs: int, separate: bool, last: int, total: int) -> None:
    """Table 2 and Section 5.2.1 of Soydaner & Wagemans 2023."""
    with torch.device("meta"):
        network = MultiTask(create_backbone("vgg16", pretrained=False), outputs, separate=separate)
    assert len(network.out) == (outputs if separate else 1)
    count = {name: sum(value.numel() for value in part.parameters()) for name, part in network.named_children()}
    assert count == {"backbone": 14_714_688, "fc1": 65_664, "fc2": 8_256, "dropout": 0, "out": last}
    assert count["fc1"] + count["fc2"] == 73_920 and sum(count.values()) == total
    assert network(torch.zeros(2, 3, 64, 64, dtype=torch.uint8, device="meta")).shape == (2, outputs)


@pytest.mark.parametrize("single", [False, True])
def test_what_a_stage_trains(single: bool) -> None:
    with torch.device("meta"):
        network = make_network(SoydanerRecipe(single=single), 12, pretrained=False)
    head = {f"{layer}.{kind}" for layer in ("fc1", "fc2", "out.0") for kind in ("weight", "bias")}
    assert set(network.trainable_parameters(1)) == head
    # Convolutions 7, 8 and 9, counted from 0, are the fourth block's.
    convolutions = [name for name, layer in network.named_modules() if isinstance(layer, torch.nn.Conv2d)]
    block4_conv2_and_3 = {f"{name}.{kind}" for name in convolutions[8:10] for kind in ("weight", "bias")}
    assert set(network.trainable_parameters(2)) == head | block4_conv2_and_3
    assert network.out[0].out_features == (1 if single else 12)


@pytest.mark.parametrize("separate", [False, True])
def test_first_values(separate: bool) -> None:
    """Glorot's uniform range, zero biases; the same seed gives the same values."""
    recipe = replace(RECIPE, hidden=(128, 64), separate=separate)
    network = make_network(recipe, 12)
    for layer in (network.fc1, network.fc2, *network.out):
        ends = (6 / (layer.in_features + layer.out_features)) ** 0.5
        assert 0.85 * ends < float(layer.weight.detach().abs().max()) <= ends
        assert float(layer.weight.detach().std()) == pytest.approx(ends / 3**0.5, rel=0.25)
        assert not layer.bias.any()
    assert torch.equal(network.fc2.weight, make_network(recipe, 12).fc2.weight)
    assert not torch.equal(network.fc2.weight, make_network(replace(recipe, seed=1), 12).fc2.weight)


def test_dropout_is_before_the_output_only() -> None:
    network = make_network(replace(RECIPE, dropout=0.35), 3).train()
    assert [layer.p for layer in network.modules() if isinstance(layer, torch.nn.Dropout)] == [0.35]
    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for name in ("fc1", "fc2", "dropout", "out.0"):
        network.get_submodule(name).register_forward_hook(
            lambda _, given, found, name=name: seen.update({name: (given[0], found)})
        )
    found = network.forward_head(torch.rand(50, 6))
    assert torch.equal(seen["fc2"][0], torch.relu(seen["fc1"][1]))
    assert torch.equal(seen["dropout"][0], torch.relu(seen["fc2"][1]))
    assert torch.equal(seen["out.0"][0], seen["dropout"][1])
    assert not torch.equal(seen["dropout"][0], seen["dropout"][1])
    assert torch.equal(found, torch.sigmoid(seen["out.0"][1]))


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
    steps = 5  # 18 photographs, 4 at a time
    assert rates[0] == [RECIPE.lr_head] * 3 * steps
    assert rates[1] == pytest.approx([0.05 * 0.5 ** (step / 7) for step in range(3 * steps)])


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


# An epoch asks for 5 batches and one of validation; each stage for one of all that is held out: 1 to 19, 20 to 38.
@pytest.mark.parametrize("at", [1, 3, 6, 7, 19, 20, 22, 26, 31, 38])
def test_stopped_in_an_epoch_goes_on(
    at: int, photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "new" / "c.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(photos, RECIPE, source=Stop(source, at).source, device=CPU, checkpoint=checkpoint)
    assert checkpoint.exists() == (at > 6) and len(list(checkpoint.parent.iterdir())) == checkpoint.exists()
    told: list[dict[str, Any]] = []
    again = fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint, on_epoch=told.append)
    assert_same(again, whole)
    assert len(told) == 6 - min((at - 1) // 6, 3) - max((at - 20) // 6, 0)


@pytest.mark.parametrize("at", [(1, 1), (1, 3), (2, 1), (2, 3)])
def test_stopped_after_an_epoch_goes_on(
    at: tuple[int, int], photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "c.safetensors"

    def stop(row: dict[str, Any]) -> None:
        if (row["stage"], row["epoch"]) == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint, on_epoch=stop)
    assert_same(fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint), whole)


def test_stopped_again_and_again_goes_on(
    photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult, tmp_path: Path
) -> None:
    for _ in range(40):
        try:
            found = fit(photos, RECIPE, source=Stop(source, 8).source, device=CPU, checkpoint=tmp_path / "c")
            break
        except KeyboardInterrupt:
            pass
    assert_same(found, whole)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda photos: (photos, replace(RECIPE, hidden=(7, 6))), "hidden"),
        (lambda photos: (photos, replace(RECIPE, backbone="tokens")), "backbone"),
        (lambda photos: (photos, replace(RECIPE, seed=5)), "seed"),
        (lambda photos: (replace(photos, ratings=photos.ratings.round(1)), RECIPE), "data"),
        (lambda photos: (replace(photos, splits=photos.splits[::-1]), RECIPE), "split"),
        (lambda photos: (replace(photos, tasks=(Task("other", 1, 10), *TASKS[1:])), RECIPE), "tasks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_checkpoint_of_another_training_is_refused(
    change: Callable[[RatedPhotos], tuple[RatedPhotos, SoydanerRecipe]],
    told: str,
    photos: RatedPhotos,
    source: FeatureInputs,
    tmp_path: Path,
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    fit(photos, replace(RECIPE, epochs2=0), source=source, device=CPU, checkpoint=checkpoint)
    fit(photos, replace(RECIPE, epochs2=0), source=source, device=CPU, checkpoint=checkpoint)
    before = checkpoint.read_bytes()
    other, recipe = change(photos)
    with pytest.raises(
        BeholderError, match=f"^{re.escape(str(checkpoint))}: .*another training, with {told} "
    ) as error:
        fit(other, replace(recipe, epochs2=0), source=source, device=CPU, checkpoint=checkpoint)
    assert "\n" not in str(error.value) and checkpoint.read_bytes() == before


@pytest.mark.parametrize("kind", ["cut", "text", "foreign", "odd", "empty"])
def test_what_is_no_checkpoint_is_refused(
    kind: str, photos: RatedPhotos, source: FeatureInputs, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint)
    if kind in ("foreign", "odd"):
        save_file({"a": torch.zeros(3)}, checkpoint, {"beholder": "[]"} if kind == "odd" else None)
    else:
        kept = {"cut": checkpoint.read_bytes()[:-9], "text": b"hello there, this is text", "empty": b""}[kind]
        checkpoint.write_bytes(kept)
    before = checkpoint.read_bytes()
    with pytest.raises(BeholderError, match=r"is not a checkpoint .* remove it to begin anew") as error:
        fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint)
    assert "\n" not in str(error.value) and checkpoint.read_bytes() == before


def test_checkpoint_that_cannot_be_written_is_told_before(
    photos: RatedPhotos, source: FeatureInputs, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    stop = Stop(source, 1)
    with pytest.raises(BeholderError, match=r"cannot write the checkpoint to .*not a folder"):
        fit(photos, RECIPE, source=stop.source, device=CPU, checkpoint=tmp_path / "file" / "c.safetensors")
    assert stop.left == 1


def test_full_disk_leaves_the_checkpoint(
    photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, write = tmp_path / "c.safetensors", Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if checkpoint.exists():
            write(path, content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(BeholderError, match=r"cannot write the checkpoint to .*c\.safetensors: the disk is full"):
            fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint)
    assert os.listdir(tmp_path) == [checkpoint.name]
    assert_same(fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint), whole)


# Features on a small disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if not shutil.which("mount") or os.geteuid():
        pytest.skip("needs root to mount a small disk")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot mount a small disk: {made.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parametrize("known", [True, False])
def test_features_on_a_full_disk(
    known: bool, photos: RatedPhotos, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line before anything is computed; also where the disk does not say how little it can take."""
    if not known:
        usage = shutil.disk_usage(small_disk)._replace(free=10**12)
        monkeypatch.setattr(features.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(features, "look", lambda *_: pytest.fail("a photograph was looked at"))
    with pytest.raises(
        BeholderError, match="No space left" if not known else "features of toy take .* are free"
    ) as told:
        inputs(photos, replace(RECIPE, side=64), CPU, cache=small_disk)
    assert "BEHOLDER_CACHE" in str(told.value) and "\n" not in str(told.value)
    assert not list(small_disk.glob("features/*"))


def test_features_go_on_only_where_there_is_room(
    photos: RatedPhotos, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, then the disk filled up: as older versions left their files, with holes in them."""
    recipe, seen = replace(RECIPE, side=40), []
    real = features.look

    def stop(path: Path, extractor: features.Extractor) -> Pixels:
        seen.append(path)
        if len(seen) > 16:
            raise KeyboardInterrupt
        return real(path, extractor)

    with monkeypatch.context() as patch:
        patch.setattr(features, "look", stop)
        patch.setattr(features, "_take_room", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            inputs(photos, recipe, CPU, cache=small_disk)
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    with pytest.raises(BeholderError, match="No space left"):
        inputs(photos, recipe, CPU, cache=small_disk)
    filler.unlink()
    seen.clear()
    monkeypatch.setattr(features, "look", lambda path, extractor: seen.append(path) or real(path, extractor))
    made = inputs(photos, recipe, CPU, cache=small_disk)
    assert len(seen) == 14
    rows, straight = np.arange(30), np.zeros(30, bool)
    torch.testing.assert_close(
        made.middle(rows, straight),
        inputs(photos, recipe, CPU, keep=False).middle(rows, straight),
        rtol=2e-3,
        atol=2e-3,
    )


@pytest.mark.parametrize("harm", ["counter", "values"])
def test_broken_features_are_made_anew(harm: str, photos: RatedPhotos, tmp_path: Path) -> None:
    rows, straight = np.arange(30), np.zeros(30, bool)
    expected = inputs(photos, RECIPE, CPU, cache=tmp_path).middle(rows, straight)
    for path in tmp_path.glob("features/*.json" if harm == "counter" else "features/*.npy"):
        path.write_bytes(path.read_bytes()[: 0 if harm == "counter" else 300])
    assert torch.equal(inputs(photos, RECIPE, CPU, cache=tmp_path).middle(rows, straight), expected)


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
    monkeypatch.setattr("beholder.training.held_out.HELD_OUT_BATCH", 5)
    network = whole.network if best == 2 else make_network(RECIPE, 3).eval()
    trained = replace(whole, network=network, best=best)
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


def train(*args: Any) -> Done:
    return run("train", "soydaner2023", "--device", "cpu", *args)


def rows_of(folder: Path, count: int = 30) -> list[dict[str, Any]]:
    ratings = save_rated(folder, count)
    return [
        {
            "image": f"{number}.jpg",
            **{task.name: "" if np.isnan(value) else value for task, value in zip(TASKS, ratings[number], strict=True)},
        }
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """Trained by the command on a CSV file, and what the command said."""
    folder = tmp_path_factory.mktemp("mine")
    table = save_csv(folder / "mine.csv", rows_of(folder))
    done = train("--data", table, "--out", folder / "m.onnx", "--range", "look=1:10", *QUICK, "--cache", folder / "c")
    assert done.code == 0, done.err
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".jpg") == ["c", "m.onnx", "mine.csv"]
    return folder / "m.onnx", done


def test_command_says_what_it_does(model: tuple[Path, Done]) -> None:
    path, done = model
    lines = done.err.splitlines()
    assert lines[0] == "mine: 30 photographs (21 train, 3 validation, 6 test), 3 tasks, on cpu"
    assert lines[1] == "  look, 1 to 10. Column look of mine.csv; scale as given"
    assert re.fullmatch(r"stage 2, epoch 2: loss 0\.\d{4}, validation loss 0\.\d{4}, SRCC -?[01]\.\d{3}.*", lines[-1])
    assert done.out.splitlines()[-1] == f"{path}: score with it by  beholder score PHOTOS --model {path}"
    assert all(metric in done.out for metric in ("srcc", "plcc", "rmse", "mae", "warm_light"))


def test_model_file_scores_as_the_network(model: tuple[Path, Done]) -> None:
    """Against a training from Python by the same recipe."""
    path, _ = model
    rated = split_of(load_data(str(path.with_name("mine.csv")), ranges={"look": (1, 10)}))
    recipe = SoydanerRecipe("tiny", hidden=(16, 8), batch=8, epochs1=2, steps1=0, epochs2=2)
    trained = fit(rated, recipe, source=inputs(rated, recipe, CPU, cache=path.with_name("c")), device=CPU)
    final = trained.stage1 if trained.best == 1 else trained.stage2
    scorer = beholder.load(path)
    found = scorer.score(rated.paths)
    held_out = np.isfinite(final[:, 0])
    spans = np.array([task.high - task.low for task in rated.tasks])
    np.testing.assert_allclose(found.values[held_out] / spans, final[held_out] / spans, atol=3e-3)
    info = scorer.info
    assert [task.name for task in info.tasks] == ["look", "warm_light", "detail"]
    assert info.recipe["split"] == split_hash(rated.files, rated.splits)
    assert info.data[0].sha256 == rated.content_hash
    assert {name: info.recipe[name] for name in asdict(recipe)} == {**asdict(recipe), "hidden": [16, 8]}


def test_other_commands_take_the_model_file(model: tuple[Path, Done], tmp_path: Path) -> None:
    path, _ = model
    shown = path.with_name("0.jpg")
    scored = json.loads(run("score", shown, "--model", path, "--json").out)
    assert {"overall", "warm_light", "detail"} < set(scored[0]) and not scored[0]["error"]
    done = run("explain", shown, "--model", path, "--task", "warm_light", "--grid", 2, "--out", tmp_path / "e.png")
    assert done.code == 0 and Image.open(tmp_path / "e.png").width > 100
    about = json.loads(run("info", path, "--json").out)
    assert about["recipe"]["parts"] == {"test": 6, "train": 21, "validation": 3}
    assert about["backbone"] == "tiny" and len(about["metrics"]) == 12
    assert "soydaner2023-mine" in run("info", path).out


def test_single_and_separate_reach_the_model_file(model: tuple[Path, Done], tmp_path: Path) -> None:
    table = model[0].with_name("mine.csv")
    for option, tasks in (("--single", ["look"]), ("--separate", ["look", "warm_light", "detail"])):
        out = tmp_path / "m.onnx"
        done = train("--data", table, "--out", out, *QUICK, option, "--no-cache", "--no-mirror", "--epochs2", 0)
        assert done.code == 0, done.err
        info = beholder.load(out).info
        assert [task.name for task in info.tasks] == tasks and info.recipe[option[2:]] is True
        assert info.recipe["mirror"] is False and info.recipe["epochs"] == 2
        assert np.isfinite(beholder.load(out).score([table.with_name("0.jpg")]).values).all()


def no_column(rows: list[dict[str, Any]], folder: Path) -> None:
    for row in rows:
        row["picture"] = row.pop("image")


def too_high(rows: list[dict[str, Any]], folder: Path) -> None:
    rows[4]["look"] = 11


def broken(rows: list[dict[str, Any]], folder: Path) -> None:
    (folder / "17.jpg").write_bytes((folder / "17.jpg").read_bytes()[:300])


def missing(rows: list[dict[str, Any]], folder: Path) -> None:
    (folder / "17.jpg").unlink()


def leaking(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "val", "test")[number % 4]
    shutil.copy(folder / "0.jpg", folder / "3.jpg")


def nine(rows: list[dict[str, Any]], folder: Path) -> None:
    del rows[9:]


def no_validation(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = "validation" if number == 0 else "train"


def unrated_in_train(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "val", "test")[number % 4]
        if row["split"] == "train":
            row["detail"] = ""


def unrated_held_out(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "val", "test")[number % 4]
        if row["split"] != "train":
            row["detail"] = ""


def taken(rows: list[dict[str, Any]], folder: Path) -> None:
    for row in rows:
        row["percentile"] = row["detail"]


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (no_column, (), "no column of photographs"),
        (too_high, ("--range", "look=1:10"), "look of 4.jpg is 11, outside its scale 1 to 10"),
        (None, ("--range", "look=1-10"), "--range look=1-10: give it as TASK=LOW:HIGH"),
        (None, ("--range", "look=10:1"), "the range 10.0 to 1.0 is empty"),
        (None, ("--range", "beauty=1:10"), "a range for 'beauty', which is not rated; rated are look"),
        (broken, (), "17.jpg: "),
        (missing, (), "1 of 30 photographs are not in .*, the first is 17.jpg"),
        (leaking, (), r"0.jpg \(train\) is 3.jpg \(test\); --drop-leaks"),
        (nine, (), "9 photographs are too few; rate 10 at least"),
        (no_validation, (), "1 photographs in the validation part; at least 2 are needed"),
        (unrated_in_train, (), "detail has no rating in the train part"),
        (unrated_held_out, (), "detail has no rating in the validation and the test part"),
        (taken, (), "'percentile', which names another column"),
        (None, ("--backbone", "vgg19"), "no backbone is called 'vgg19'; there are vgg16"),
        (None, ("--side", 33), "tiny takes sides that are multiples of 2, not 33"),
        (None, ("--out", "m.pt"), "m.pt: a model file is an ONNX file"),
        (None, ("--out", "nowhere/m.onnx"), "cannot write the model file to nowhere/m.onnx: its folder does not exist"),
        (None, ("--out", "folder.onnx"), "cannot write the model file to folder.onnx: it is not a file"),
        (None, ("--work", "mine.csv"), "cannot write the checkpoint to mine.csv/checkpoint.safetensors: a part of it"),
        (None, ("--cache", "mine.csv"), "cannot keep features there"),
        (None, ("--device", "nonsense"), "--device nonsense: .*; choose auto or cpu"),
        (None, ("--device", "cuda:99"), "--device cuda:99: .*; choose auto or cpu"),
        (None, ("--device", "meta"), "--device meta: .*; choose auto or cpu"),
        (None, ("--lr-head", -1), "lr_head is -1.0; give a number above 0"),
        (None, ("--lr-finetune", "nan"), "lr_finetune is nan; give a number above 0"),
        (None, ("--decay", 0), "decay is 0.0; give a number above 0"),
        (None, ("--hidden", 0, 6), "hidden is 0 6; give each layer at least 1 unit"),
        (None, ("--lr-head", 1e38), "lr_head is 1e.38; give a number above 0, up to 1e.30"),
        (
            None,
            ("--lr-finetune", 1e29),
            "stage 2, epoch .: the loss is no longer a number; give a smaller lr_finetune than 1e.29",
        ),
    ],
    ids=lambda value: "" if value is None or isinstance(value, str) else getattr(value, "__name__", str(value)),
)
def test_mistakes_are_one_line(
    change: Callable[..., None] | None,
    options: tuple[Any, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.onnx").mkdir()
    rows = rows_of(tmp_path)
    if change:
        change(rows, tmp_path)
    save_csv(tmp_path / "mine.csv", rows)
    monkeypatch.setattr(
        "beholder.systems.soydaner2023.export.write_model_file", lambda *_: pytest.fail("it was trained")
    )
    done = train("--data", "mine.csv", *QUICK, "--cache", "cache", *options)
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert done.code == 1 and len(errors) == 1 and re.search(told, errors[0]), done.err
    assert errors == done.err.splitlines()[-1:] and not done.out
    if "stage 2" not in told:  # which leaves the checkpoint of stage 1
        left = {path.name for path in tmp_path.iterdir() if path.suffix != ".jpg"}
        assert left <= {"mine.csv", "folder.onnx", "cache"}


def test_side_of_dinov2_is_told(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        real = create_backbone
        patch.setattr("beholder.training.inputs.create_backbone", lambda name: real(name, pretrained=False))
        save_csv(tmp_path / "mine.csv", rows_of(tmp_path))
        done = train(
            "--data", tmp_path / "mine.csv", "--backbone", "dinov2_vits14", "--side", 100, "--out", tmp_path / "m.onnx"
        )
    assert done.code == 1
    assert done.err.splitlines()[-1] == "error: dinov2_vits14 takes sides that are multiples of 14, not 100"


def test_leaks_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(tmp_path)
    leaking(rows, tmp_path)
    save_csv(tmp_path / "mine.csv", rows)
    monkeypatch.setattr("beholder.systems.soydaner2023.export.write_model_file", lambda *_: None)
    done = train("--data", tmp_path / "mine.csv", *QUICK, "--drop-leaks", "--no-cache", "--out", tmp_path / "m.onnx")
    assert done.code == 0 and "29 photographs (15 train, 7 validation, 7 test)" in done.err


def launched(folder: Path, *options: Any) -> "subprocess.Popen[str]":
    command = [*COMMAND, "train", "soydaner2023", "--data", folder / "mine.csv", "--out", folder / "m.onnx"]
    paths = os.pathsep.join([str(Path(tiny_backbones.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        list(map(str, [*command, "--cache", folder / "cache", *options])),
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    while process.poll() is None and not path.exists():
        time.sleep(0.01)
    assert path.exists(), process.communicate()


LONG = (*QUICK[:-4], "--steps1", 450, "--epochs2", 60)


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    save_csv(tmp_path / "mine.csv", rows_of(tmp_path))
    checkpoint = tmp_path / "m.training" / "checkpoint.safetensors"
    process = launched(tmp_path, *LONG)
    wait_for(checkpoint, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    assert err.splitlines()[-1] == "stopped; the same command goes on from here"
    assert os.listdir(checkpoint.parent) == [checkpoint.name] and not (tmp_path / "m.onnx").exists()
    rated = split_of(load_data(str(tmp_path / "mine.csv")))
    recipe = SoydanerRecipe("tiny", hidden=(16, 8), batch=8, epochs1=2, steps1=450, epochs2=60)
    seen: list[dict[str, Any]] = []

    def stop(row: dict[str, Any]) -> None:
        seen.append(row)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(
            rated,
            recipe,
            device=CPU,
            checkpoint=checkpoint,
            on_epoch=stop,
            source=inputs(rated, recipe, CPU, keep=False),
        )
    assert seen[0]["epoch"] > 1  # it goes on, and does not begin anew


def test_what_killed_trainings_left_is_removed_at_the_end(tmp_path: Path) -> None:
    save_csv(tmp_path / "mine.csv", rows_of(tmp_path))
    checkpoint = tmp_path / "m.training" / "checkpoint.safetensors"
    checkpoint.parent.mkdir()
    with pytest.raises(RuntimeError), replacing(checkpoint, "the checkpoint") as partial:
        raise RuntimeError
    partial.write_bytes(b"half")  # as a kill amid writing leaves it
    done = train("--data", tmp_path / "mine.csv", *QUICK, "--no-cache", "--out", tmp_path / "m.onnx")
    assert done.code == 0 and (tmp_path / "m.onnx").exists() and not checkpoint.parent.exists()


@pytest.mark.slow
def test_kill_9_leaves_no_trace(tmp_path: Path) -> None:
    models = []
    for name in ("killed", "whole"):
        folder = tmp_path / name
        save_csv(folder.parent / "mine.csv", rows_of(folder))
        shutil.move(folder.parent / "mine.csv", folder)
        for _ in range(3 if name == "killed" else 0):
            process = launched(folder, *LONG)
            checkpoint = folder / "m.training" / "checkpoint.safetensors"
            wait_for(checkpoint, process)
            before = checkpoint.stat().st_mtime_ns
            while process.poll() is None and checkpoint.stat().st_mtime_ns == before:
                time.sleep(0.01)
            process.kill()
            process.communicate()
            assert checkpoint.exists() and not (folder / "m.onnx").exists()
        process = launched(folder, *LONG)
        assert process.communicate(timeout=300) and process.returncode == 0
        assert not (folder / "m.training").exists()
        models.append((folder / "m.onnx").read_bytes())
    assert models[0] == models[1]


def test_device() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == CPU


# Studies


SETTINGS = {"multi task": RECIPE, "single": replace(RECIPE, single=True, epochs2=0)}


def test_study_is_trained_once(
    photos: RatedPhotos, source: FeatureInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[SoydanerRecipe] = []

    def counted(photos: RatedPhotos, recipe: SoydanerRecipe, **options: Any) -> SoydanerResult:
        trained.append(recipe)
        return fit(photos, recipe, **options)

    monkeypatch.setattr(soydaner_experiment, "fit", counted)
    train = soydaner_experiment.trainer(source, CPU)
    fold_splits = study_runs.split_into_folds(photos, 5)
    first = study_runs.train_all(fold_splits, SETTINGS, 2, tmp_path, train)
    assert [(each.setting, each.seed, each.fold) for each in first] == [
        ("multi task", 0, 0),
        ("single", 0, 0),
        ("multi task", 1, 0),
        ("single", 1, 0),
    ]
    assert len(trained) == 4 and len(list(tmp_path.glob("*.json"))) == 4
    assert {path.stem for path in tmp_path.glob("*.safetensors")} <= {"multi-task-seed0-fold0"}
    direct = fit(photos, RECIPE, source=source, device=CPU)
    assert direct.stage2 is not None
    np.testing.assert_array_equal(first[0].outcome.predicted["fine-tuning"], direct.stage2[first[0].test])
    assert list(first[0].outcome.predicted) == ["training", "fine-tuning"]
    assert list(first[1].outcome.predicted) == ["training"]
    assert first[1].outcome.predicted["training"].shape == (6, 1)

    def again(settings: dict[str, SoydanerRecipe]) -> tuple[int, list[study_runs.Result]]:
        trained.clear()
        found = study_runs.train_all(fold_splits, settings, 2, tmp_path, train)
        return len(trained), found

    count, found = again(SETTINGS)
    assert count == 0
    for ours, theirs in zip(found, first, strict=True):
        assert story(ours.outcome.history) == story(theirs.outcome.history)
        for stage, predicted in ours.outcome.predicted.items():
            np.testing.assert_array_equal(predicted, theirs.outcome.predicted[stage])
    for broken_text in ("", "[]", '{"made_by": 1}', (tmp_path / "single-seed1-fold0.json").read_text()[:-50]):
        (tmp_path / "single-seed1-fold0.json").write_text(broken_text)
        count, found = again(SETTINGS)
        assert count == 1
        np.testing.assert_array_equal(*(each[3].outcome.predicted["training"] for each in (found, first)))
    whole = json.loads((tmp_path / "single-seed0-fold0.json").read_text())
    del whole["predicted"]
    (tmp_path / "single-seed0-fold0.json").write_text(json.dumps(whole))
    assert again(SETTINGS)[0] == 1
    assert again({name: replace(recipe, lr_head=0.01) for name, recipe in SETTINGS.items()})[0] == 4


@pytest.mark.parametrize("by_group", [False, True])
def test_every_photograph_is_tested_once(by_group: bool, photos: RatedPhotos) -> None:
    groups = tuple(f"theme {number % 12}" for number in range(len(photos)))
    fold_splits = study_runs.split_into_folds(replace(photos, splits=None, groups=groups), 5, by_group)
    parts = np.array([each.splits for each in fold_splits])
    assert ((parts == "test").sum(axis=0) == 1).all() and len(fold_splits) == 5
    assert all({"train", "validation", "test"} == set(part) for part in parts)
    cut = [len({(group, part) for group, part in zip(groups, row, strict=True)}) > 12 for row in parts]
    assert any(cut) != by_group
    assert len(study_runs.split_into_folds(replace(photos, splits=None), 2)) == 2


def test_published_split_stays(photos: RatedPhotos) -> None:
    assert [each.splits for each in study_runs.split_into_folds(photos, 5)] == [photos.splits]
    without = tuple("train" if part == "validation" else part for part in photos.splits or ())
    (made,) = study_runs.split_into_folds(replace(photos, splits=without), 5)
    assert (made.splits or ()).count("validation") == 3
    assert [part == "test" for part in made.splits or ()] == [part == "test" for part in without]
