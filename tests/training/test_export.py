"""A model file computes what the network computes, resizes as the scorer does, and is the same every time."""

import logging
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import beholder
from beholder.errors import BeholderError
from beholder.models.backbones.dinov2 import DinoV2
from beholder.models.dinov2_linear import DefaultModel, TokenFeatures
from beholder.photos.read import read_photo
from beholder.scoring.model_file import ModelInfo, TrainingData, parse_info
from beholder.tasks import Task
from beholder.training.export import export
from beholder.training.seeding import seeded


def small_info(size: tuple[int, int] = (56, 42)) -> ModelInfo:
    tasks = (Task("overall", 1, 7), Task("beauty", 1, 7), Task("quality", 0, 1))
    return ModelInfo(
        name="small",
        description="for a test",
        backbone="dinov2",
        size=size,
        resize="squash",
        tasks=tasks,
        half_width=(0.5, 0.6, 0.1),
        reference=tuple(tuple(np.linspace(task.low, task.high, 101).tolist()) for task in tasks),
        data=(TrainingData("toy", 3, "0" * 64, ("beauty",)),),
        metrics=(),
        recipe={"seed": 0},
        licence="CC0",
        attribution="",
    )


@seeded(0)
def small_network(tasks: int = 3) -> DefaultModel:
    tokens = TokenFeatures(DinoV2(dim=48, depth=2, heads=2), layers=(0, 1))
    for parameter in tokens.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    ends = torch.tensor([[1.0, 7.0], [1.0, 7.0], [0.0, 1.0]])
    weight = torch.randn(tasks, 192) * 0.1
    return DefaultModel(tokens, weight, ends.mean(1), torch.zeros(tasks, 192), ends[:, 0], ends[:, 1]).eval()


def test_model_file_is_the_network(tmp_path: Path) -> None:
    network, info, path = small_network(), small_info(), tmp_path / "small.onnx"
    export(network, info, path)
    scorer = beholder.load(path)
    assert scorer.info == info and parse_info(info.to_json()) == info
    pixels = np.random.default_rng(0).integers(0, 256, (5, 42, 56, 3), dtype=np.uint8)
    found = scorer.run(pixels, np.array([(56, 42)] * 5))
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    for mine, theirs in zip((found.values, found.embedding, found.evidence), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=5e-3)  # large matrices are stored in half precision
    assert found.evidence.shape == (5, 3, 3, 4)
    np.testing.assert_allclose(found.percentiles[:, 0], (found.values[:, 0] - 1) / 6 * 100, atol=1e-3)


def test_model_file_resizes_as_the_scorer(tmp_path: Path, photos: list[Path]) -> None:
    export(small_network(), small_info(), tmp_path / "small.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "small.onnx"), providers=["CPUExecutionProvider"])
    scorer = beholder.load(tmp_path / "small.onnx")
    for path in photos:
        whole = read_photo(path)
        theirs = session.run(["embedding"], {"image": whole.pixels[None]})[0]
        ours = scorer.run(scorer.pixels(whole)[None], np.array([(1, 1)])).embedding
        np.testing.assert_allclose(theirs, ours, atol=0.02)


def test_export_is_repeatable_and_atomic(tmp_path: Path) -> None:
    for name in ("a", "b"):
        export(small_network(), small_info(), tmp_path / f"{name}.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(BeholderError, match="cannot write the model file"):
        export(small_network(), small_info(), tmp_path / "folder.onnx")
    assert {path.suffix for path in tmp_path.iterdir()} == {".onnx"}


def test_export_leaves_log_level_and_warnings_as_they_were(tmp_path: Path) -> None:
    logger = logging.getLogger("torch.onnx")
    level, filters = logger.level, list(warnings.filters)
    logger.setLevel(logging.INFO)
    try:
        export(small_network(), small_info(), tmp_path / "small.onnx")
        assert logger.level == logging.INFO and warnings.filters == filters
    finally:
        logger.setLevel(level)
