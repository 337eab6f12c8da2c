"""The student: the same network in another form, that learns from itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import distillation, int8_encoder
from beholder.errors import BeholderError
from beholder.models.backbones.dinov2 import DinoV2, LeanDinoV2
from beholder.models.dinov2_linear import TokenFeatures
from beholder.photos import read
from beholder.tasks import Task
from beholder.training.features import compute_features
from beholder.training.seeding import seeded
from helpers.factories import save_photos

CPU = torch.device("cpu")
SIZE = (42, 28)


@seeded(0)
def network() -> TokenFeatures:
    """A small network of its kind, with drawn weights."""
    found = DinoV2(dim=192, depth=2, heads=3)
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    for block in found.blocks:
        for norm in (block.norm1, block.norm2):
            torch.nn.init.ones_(norm.weight)
    torch.nn.init.ones_(found.norm.weight)
    return TokenFeatures(found, (0, 1)).eval()


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    paths = save_photos(tmp_path_factory.mktemp("rated") / "photos", 30, side=60)
    names = tuple(Path(path).name for path in paths)
    return RatedPhotos("mine", Path(paths[0]).parent, names, (Task("a", 0, 1, ""),), np.linspace(0, 1, 30)[:, None])


SHORT = distillation.DistillationRecipe(side=56, epochs=3, steps=6, batch=8, rate=3e-4, warmup=2)


def learned(rated: RatedPhotos, checkpoint: Path | None = None, on_epoch: Any = lambda row: None) -> TokenFeatures:
    return distillation.distill(network(), SIZE, rated, SHORT, checkpoint=checkpoint, device=CPU, on_epoch=on_epoch)


def test_the_student_comes_closer_to_its_teacher(rated: RatedPhotos, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = read.read_bytes

    def read_bytes(path: Path) -> bytes:
        seen.append(path.name)
        return real(path)

    monkeypatch.setattr(read, "read_bytes", read_bytes)
    history: list[dict[str, Any]] = []
    before = network()
    after = learned(rated, on_epoch=history.append)
    losses = [row["validation_loss"] for row in history]
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.95 * losses[0]
    assert any((a != b).any() for a, b in zip(after.parameters(), before.parameters(), strict=True))
    judges = {rated.files[row] for row in np.flatnonzero(distillation.validation_rows(rated, SHORT))}
    assert len(judges) == 6 and set(seen[:6]) == judges and not set(seen[6:]) & judges


def test_a_stopped_student_goes_on_to_the_same_result(rated: RatedPhotos, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.safetensors"

    def stop(row: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learned(rated, checkpoint, stop)
    later: list[dict[str, Any]] = []
    stopped, whole = learned(rated, checkpoint, later.append), learned(rated)
    assert [row["epoch"] for row in later] == [2, 3]
    for mine, theirs in zip(stopped.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    with pytest.raises(BeholderError, match="another training"):
        distillation.distill(
            network(), SIZE, rated, replace(SHORT, seed=1), checkpoint=checkpoint, device=CPU, on_epoch=print
        )


def test_a_mixed_student_lies_between() -> None:
    teacher, student = network(), network()
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.add_(1)
    for share in (0.0, 0.25, 1.0):
        for mine, theirs in zip(
            distillation.interpolate(teacher, student, share).parameters(), teacher.parameters(), strict=True
        ):
            torch.testing.assert_close(mine, theirs + (1 - share))


def test_parts_are_the_same_for_both_and_inside() -> None:
    recipe = distillation.DistillationRecipe(batch=500)
    paths, boxes, flips = distillation.random_crops(np.arange(600), recipe, np.random.default_rng(0))
    assert len(set(paths)) == 500 and 0.4 < flips.mean() < 0.6
    sides = boxes[:, 2:] - boxes[:, :2]
    assert boxes.min() >= 0 and boxes.max() <= 1 and (sides > 0.5).all()
    assert 0.2 < (sides == 1).all(axis=1).mean() < 0.4


@pytest.mark.slow
def test_eight_bits_with_heads_see_as_without(rated: RatedPhotos, tmp_path: Path) -> None:
    body = int8_encoder.without_heads(int8_encoder.lean(network()))
    encoder = int8_encoder.build_encoder(body, SIZE, (rated,), calibration=12, keep=1)
    assert len(encoder.float_layers) == 1 and encoder.pixels.shape == (12, 28, 42, 3)
    seen = compute_features(
        rated, int8_encoder.embedding_extractor(int8_encoder.encoder_scorer(encoder), views=2), tmp_path
    )
    assert seen.shape == (2, 30, 2 * 2 * 192) and not np.array_equal(*seen)
    heads = int8_encoder.without_heads(body.features)
    heads.bias.fill_(0.25)
    info = replace(int8_encoder.placeholder_info(SIZE), name="whole")
    int8_encoder.write_quantized(heads, info, encoder, tmp_path / "whole.onnx")
    whole = int8_encoder.Scorer(tmp_path / "whole.onnx")
    again = compute_features(rated, int8_encoder.embedding_extractor(whole), tmp_path)
    np.testing.assert_array_equal(again[0], seen[0])
    assert (whole.score(rated.paths[0]).values == 0.25).all()
    stored = onnx.load(tmp_path / "whole.onnx").graph.initializer
    integers = [onnx.numpy_helper.to_array(each) for each in stored if each.data_type == onnx.TensorProto.INT8]
    assert len([each for each in integers if each.ndim == 2]) == 2 * 2 - 1  # two large products a block, one kept
    assert max(int(np.abs(each.astype(int)).max()) for each in integers) == 63


@seeded(0)
def test_lean_form_is_the_same_function() -> None:
    plain = DinoV2(dim=48, depth=3, heads=2)
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    images = torch.randn(2, 3, 42, 56)
    with torch.inference_mode():
        expected = plain.forward_tokens(images, (0, 2))
        found = LeanDinoV2(plain).forward_tokens(images, (0, 2))
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)
