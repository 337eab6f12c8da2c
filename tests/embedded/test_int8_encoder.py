"""The default model in eight bits: what is rounded, what stays exact, and scores that know nothing of their batch."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import beholder
from beholder.embedded.int8_encoder import Int8Encoder, lean, write_quantized
from beholder.embedded.photo_encoder import FeaturesOnly
from beholder.models.kernel_model import KernelModel
from beholder.models.photo_features import PhotoFeatures
from beholder.training.export import EXACT, MIN_HALF_ELEMENTS
from helpers.kernel_models import SIZE, TASKS, info, photographs, small

SPANS = np.array([task.high - task.low for task in TASKS])
PIXELS = photographs().numpy().transpose(0, 2, 3, 1)


@pytest.fixture(scope="module")
def model() -> KernelModel:
    made = small().model()
    made.photo = PhotoFeatures(lean(made.photo.features)).eval()
    return made


@pytest.fixture(scope="module")
def path(model: KernelModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("int8") / "small.onnx"
    write_quantized(model, info(), Int8Encoder(FeaturesOnly(model.photo), SIZE, PIXELS[:6], ()), found)
    return found


def stored(path: Path) -> dict[str, np.ndarray]:
    return {each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


def test_the_network_is_rounded_and_nothing_else(path: Path) -> None:
    """Of each block query, key, value, projection and two layers; pixel statistics, patches and heads are not."""
    tensors = stored(path)
    rounded = {name for name, value in tensors.items() if value.dtype == np.int8 and value.ndim > 1}
    assert len(rounded) == 3 * 6 and all(tensors[name].ndim == 2 for name in rounded)
    assert not any("single_" in name or EXACT in name for name in rounded)
    filters = [value for value in tensors.values() if value.ndim == 4 and value.dtype.kind in "if"]
    assert {value.shape for value in filters} >= {(384, 3, 14, 14), (8, 3, 3, 3)}
    assert all(value.dtype in (np.float16, np.float32) for value in filters)


def test_what_is_exact_is_stored_as_it_is(path: Path, model: KernelModel) -> None:
    """Bit by bit, however large; large matrices that are only single are stored in half precision."""
    tensors, buffers = stored(path), dict(model.named_buffers())
    exact = {name: value.numpy() for name, value in buffers.items() if EXACT in name}
    large = [name for name, value in exact.items() if value.size >= MIN_HALF_ELEMENTS]
    assert {"scene.exact_mean", "detail.exact_scale", "exact_typical"} <= set(large)
    for name in large:
        found = [each for key, each in tensors.items() if EXACT in key and each.size == exact[name].size]
        assert any(each.dtype == np.float32 and np.array_equal(each.ravel(), exact[name].ravel()) for each in found), (
            name
        )
    single = {name: value.numpy() for name, value in buffers.items() if "single_" in name}
    halves = [value for value in tensors.values() if value.dtype == np.float16]
    for name, value in single.items():
        if name.endswith("matrix"):  # these are numbers of half precision from the start
            assert any(each.shape == value.shape and (each == value).all() for each in halves), name


def test_scores_agree_with_single_precision(path: Path, model: KernelModel) -> None:
    found = beholder.load(path).run(PIXELS, np.array([SIZE] * 8))
    with torch.inference_mode():
        scores = model(photographs())[0].numpy()
    moved = np.abs(found.values - scores) / SPANS
    assert 0 < moved.mean() < 0.01 and (moved.mean(axis=0) < scores.std(axis=0) / SPANS).all()


@pytest.mark.parametrize("batch", [2, 3, 8])
def test_others_in_the_batch_do_not_matter(path: Path, batch: int) -> None:
    scorer = beholder.load(path)
    alone = np.concatenate([scorer.run(each[None], np.array([SIZE])).values for each in PIXELS])
    parts = [PIXELS[at : at + batch] for at in range(0, 8, batch)]
    several = np.concatenate([scorer.run(part, np.array([SIZE] * len(part))).values for part in parts])
    np.testing.assert_allclose(several / SPANS, alone / SPANS, atol=1e-5)
