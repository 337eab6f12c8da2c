"""Photographs and model files made for the tests."""

from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from beholder.evaluation.metrics import Measured
from beholder.model_file import METADATA_KEY, OUTPUTS, ModelInfo, TrainingData
from beholder.tasks import Task


def save_photo(path: str | bytes | Path, number: int, side: int = 24) -> None:
    """A JPEG of noise in a colour of its own."""
    colour = np.random.default_rng(number).random(3)
    noise = np.random.default_rng(number).integers(0, 256, (side, side, 3))
    with open(path, "wb") as file:
        Image.fromarray((noise * colour).astype(np.uint8)).save(file, "JPEG")


def save_photos(folder: Path, count: int, side: int = 24) -> list[str]:
    """Photographs 1.jpg, 2.jpg, ... in a new folder; their paths, in natural order."""
    folder.mkdir(parents=True)
    paths = [str(folder / f"{number}.jpg") for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        save_photo(path, number, side)
    return paths


def save_model(
    path: Path, shift: float = 0.0, first: str = "overall", words: str = "mine", second: str = "warmth"
) -> Path:
    """A model file that rates by mean colour in a millisecond: all there is to test around a model."""
    tasks = (Task(first, 1, 7), Task(second, 1, 7), Task("quality", 0, 1))
    info = ModelInfo(
        name="colour",
        description=f"Rates by mean colour, {words}.",
        backbone="none",
        size=(16, 16),
        resize="squash",
        tasks=tasks,
        half_width=(0.5, 0.5, 0.1),
        reference=tuple(tuple(np.linspace(task.low, task.high, 101).tolist()) for task in tasks),
        data=(TrainingData(words, 9, "0" * 64, ("warmth",)),),
        metrics=(Measured("srcc", "warmth", words, "5-fold", 9, 0.5, 0.4, 0.6),),
        recipe={"seed": 0},
        licence="Apache-2.0",
        attribution=words,
    )
    constants = {
        "sides": np.array([1, 2]),
        "places": np.array([2, 3]),
        "weights": np.array([[0.01, 0.015, 0.001], [0.008, -0.01, 0.001], [0.005, -0.005, 0.001]], np.float32),
        "bias": np.array([1 + shift, 3 + shift, 0.1], np.float32),
    }
    node, value_info = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    shapes = {"scores": ["batch", 3], "embedding": ["batch", 3], "evidence": ["batch", 3, 1, 1]}
    graph = onnx.helper.make_graph(
        [
            node("Cast", ["image"], ["numbers"], to=onnx.TensorProto.FLOAT),
            node("ReduceMean", ["numbers", "sides"], ["embedding"], keepdims=0),
            node("Gemm", ["embedding", "weights", "bias"], ["scores"]),
            node("Unsqueeze", ["scores", "places"], ["evidence"]),
        ],
        "colour",
        [value_info("image", onnx.TensorProto.UINT8, ["batch", "height", "width", 3])],
        [value_info(name, onnx.TensorProto.FLOAT, shapes[name]) for name in OUTPUTS],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    onnx.helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    path.write_bytes(model.SerializeToString())
    return path
