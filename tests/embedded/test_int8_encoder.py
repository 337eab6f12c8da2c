"""The default model as a file, also in eight bits: what is rounded, what stays exact, scores that know no batch."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import beholder
from beholder.embedded import int8_encoder
from beholder.embedded.int8_encoder import Int8Encoder, lean, write_quantized
from beholder.embedded.photo_encoder import FeaturesOnly
from beholder.models.kernel_model import KernelModel
from beholder.models.photo_features import PhotoFeatures
from beholder.scoring.model_file import ModelInfo
from beholder.training.export import EXACT, MIN_HALF_ELEMENTS, export
from helpers.kernel_models import SIZE, TASKS, info, photographs, small

SPANS = np.array([task.high - task.low for task in TASKS])
PIXELS = photographs().numpy().transpose(0, 2, 3, 1)


@pytest.fixture(scope="module")
def model() -> KernelModel:
    made = small().model()
    made.photo = PhotoFeatures(lean(made.photo.features)).eval()
    return made


@pytest.fixture(scope="module")
def folder(model: KernelModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``int8.onnx``, and ``single.onnx`` in single precision, which it was made from."""
    found = tmp_path_factory.mktemp("models")

    def export_and_keep(network: nn.Module, info: ModelInfo, path: Path) -> None:
        export(network, info, path)
        shutil.copy(path, found / "single.onnx")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8_encoder, "export", export_and_keep)
        encoder = Int8Encoder(FeaturesOnly(model.photo), SIZE, PIXELS[:6], ())
        write_quantized(model, info(), encoder, found / "int8.onnx")
    return found


@pytest.fixture(scope="module")
def path(folder: Path) -> Path:
    return folder / "int8.onnx"


@pytest.fixture(scope="module")
def expected(model: KernelModel) -> list[np.ndarray]:
    """Scores, embedding and evidence of the network itself."""
    with torch.inference_mode():
        return [each.numpy() for each in model(photographs())]


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
    in_double = [name for name in exact if name.startswith("machines.")]
    assert {exact[name].dtype for name in in_double} == {np.dtype(float)}
    for name in (*large, *in_double):
        value = exact[name]
        found = [each for key, each in tensors.items() if EXACT in key and each.size == value.size]
        assert any(each.dtype == value.dtype and np.array_equal(each.ravel(), value.ravel()) for each in found), name
    single = {name: value.numpy() for name, value in buffers.items() if "single_" in name}
    halves = [value for value in tensors.values() if value.dtype == np.float16]
    for name, value in single.items():
        if value.size >= MIN_HALF_ELEMENTS:  # these are numbers of half precision from the start
            assert any(each.shape == value.shape and (each == value).all() for each in halves), name


def test_a_file_in_single_precision_computes_what_the_network_does(folder: Path, expected: list[np.ndarray]) -> None:
    found = beholder.load(folder / "single.onnx").run(PIXELS, np.array([SIZE] * 8))
    scores, embedding, evidence = expected
    assert (np.abs(found.values - scores) < 1e-3 * SPANS).all()
    np.testing.assert_allclose(found.embedding, embedding, atol=5e-3)
    largest = np.abs(evidence).max(axis=(0, 2, 3))[:, None, None] + 1e-9
    assert (np.abs(found.evidence - evidence) < 0.01 * largest).all()


def test_eight_bits_move_scores_little(path: Path, expected: list[np.ndarray]) -> None:
    found = beholder.load(path).run(PIXELS, np.array([SIZE] * 8))
    moved = np.abs(found.values - expected[0]) / SPANS
    assert 0 < moved.mean() < 0.01 and (moved.mean(axis=0) < expected[0].std(axis=0) / SPANS).all()


@pytest.mark.parametrize("batch", [2, 3, 8])
@pytest.mark.parametrize("name", ["single.onnx", "int8.onnx"])
def test_others_in_the_batch_do_not_matter(folder: Path, name: str, batch: int) -> None:
    scorer = beholder.load(folder / name)
    alone = np.concatenate([scorer.run(each[None], np.array([SIZE])).values for each in PIXELS])
    parts = [PIXELS[at : at + batch] for at in range(0, 8, batch)]
    several = np.concatenate([scorer.run(part, np.array([SIZE] * len(part))).values for part in parts])
    np.testing.assert_allclose(several / SPANS, alone / SPANS, atol=1e-5)
