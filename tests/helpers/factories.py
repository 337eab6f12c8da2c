"""Photographs, model files and command lines made for the tests."""

import io
import struct
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from PIL import Image

import beholder
from beholder.metrics import Estimate
from beholder.scoring.model_file import METADATA_KEY, OUTPUTS, ModelInfo, SeriesInfo, TrainingData
from beholder.scoring.onnx_file import sealed
from beholder.tasks import Task

REPOSITORY = Path(__file__).parents[2]
SOURCE = Path(beholder.__file__).parents[1]  # what is tested: the source tree, or where a wheel was installed
MAIN = "from beholder.cli import main; main()"
COMMAND = [sys.executable, "-c", MAIN]  # beholder in a process of its own


def slowed(seconds: float, says: bytes = b"") -> list[str]:
    """The same with a model that takes so long for each batch, and says this before it on standard output."""
    run = f"lambda *given: (os.write(1, {says!r}), time.sleep({seconds}), run(*given))[2]"  # a line in one write
    before = f"import os, time\nfrom beholder.scoring.scorer import Scorer\nrun = Scorer.run\nScorer.run = {run}\n"
    return [sys.executable, "-c", before + MAIN]


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
    path: Path,
    shift: float = 0.0,
    first: str = "overall",
    words: str = "mine",
    second: str = "warmth",
    series: SeriesInfo | None = None,
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
        metrics=(Estimate("srcc", "warmth", words, "5-fold", 9, 0.5, 0.4, 0.6),),
        recipe={"seed": 0},
        licence="Apache-2.0",
        attribution=words,
        series=series,
    )
    weights = [[0.01, 0.015, 0.001], [0.008, -0.01, 0.001], [0.005, -0.005, 0.001]]
    return save_colour_graph(path, info, np.array(weights), np.array([1 + shift, 3 + shift, 0.1]))


DETAILED_TASKS = (
    Task("overall", 1, 7, "How good a picture it is"),
    Task("beauty", 1, 7, "How much beauty raters felt"),
    Task("quality", 0, 1, "Technical quality"),
    Task("exposure", -3, 3, "How much lighter (+) or darker (-) it was made", "edit", "EV", 0),
    Task("contrast", 0.3, 2, "How contrast was changed", "edit", "×", 1),
    Task("colour_cast", -120, 120, "How much warmer (+) or cooler (-) it was made", "edit", "mired", 0),
    Task("sharpness", 0, 8, "Radius of a blur", "edit", "‰ of the long side", 0),
    Task("noise", 0, 60, "Noise that was added", "edit", "σ of 255", 0),
    Task("compression", 0, 100, "JPEG quality that it was saved with", "edit", "JPEG quality", 100),
    Task("tilt", -15, 15, "How far it was turned", "edit", "°", 0),
    Task("disagreement", 0, 3, "How much the votes differ", "disagreement", "points of beauty"),
    Task("familiarity", 0, 100, "How near it is to what was rated", "familiarity", "%"),
)


def save_detailed_model(path: Path, **changes: Any) -> Path:
    """A model file as :func:`save_model`, of edits, disagreement and familiarity too; ``changes`` of its description.

    Grey of 50 is what it takes for right. Each 20 more are 1 EV; red is unfamiliar; compression is never seen.
    """
    tasks = DETAILED_TASKS
    half = {"overall": 0.5, "beauty": 0.6, "quality": 0.1, "colour_cast": 20.0, "noise": 8.0, "compression": 15.0}
    half |= {"contrast": 0.2, "sharpness": 1.0, "familiarity": 9.0, "tilt": 2.5}
    info = ModelInfo(
        name="detailed",
        description="Rates by mean colour, and tells edits.",
        backbone="none",
        size=(16, 16),
        resize="squash",
        tasks=tasks,
        half_width=tuple(half.get(task.name, 0.5) for task in tasks),
        reference=tuple(tuple(np.linspace(task.low, task.high, 101).tolist()) for task in tasks),
        data=(TrainingData("mine", 9, "0" * 64, ("beauty",)),),
        metrics=(
            Estimate("srcc", "beauty", "mine", "5-fold", 9, 0.5, 0.4, 0.6),
            Estimate("mae", "exposure", "mine, edited", "5-fold", 90, 0.5, 0.4, 0.6),
            Estimate("false_alarms", "exposure", "mine", "5-fold", 9, 0.02, 0.0, 0.05),
        ),
        recipe={"seed": 0},
        licence="Apache-2.0",
        attribution="mine",
        unlike=30.0,
        widening=((0.0, 3.0), (50.0, 1.0)),
    )
    by_grey = {"exposure": 0.05, "contrast": 0.01, "sharpness": -0.02, "noise": 0.5, "overall": 0.02, "beauty": 0.02}
    by_grey |= {"quality": 0.005, "disagreement": 0.01}
    by_red = {"colour_cast": 1.0, "familiarity": -1.0, "tilt": 0.05}
    at_grey_50 = {"overall": 3.0, "beauty": 3.2, "quality": 0.5, "contrast": 1.0, "sharpness": 1.5, "compression": 99.0}
    at_grey_50 |= {"disagreement": 1.0, "familiarity": 60.0}
    weights = np.array(
        [[by_grey.get(task.name, 0) / 3 + by_red.get(task.name, 0) * red for task in tasks] for red in (1, -0.5, -0.5)]
    )
    bias = np.array([at_grey_50.get(task.name, 0) for task in tasks]) - 50 * weights.sum(axis=0)
    return save_colour_graph(path, replace(info, **changes), weights, bias, bounded=True)


def save_colour_graph(
    path: Path, info: ModelInfo, weights: np.ndarray, bias: np.ndarray, *, bounded: bool = False
) -> Path:
    """A model file of this description that scores by a linear map (3, T) of mean red, green and blue.

    ``bounded`` keeps the scores on their scales.
    """
    count = len(info.tasks)
    low, high = np.array([(task.low, task.high) for task in info.tasks], np.float32).T
    constants = {
        "sides": np.array([1, 2]),
        "places": np.array([2, 3]),
        "weights": weights.astype(np.float32),
        "bias": bias.astype(np.float32),
    }
    node, value_info = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    shapes: dict[str, list[str | int]] = {
        "scores": ["batch", count],
        "embedding": ["batch", 3],
        "evidence": ["batch", count, 1, 1],
    }
    bounds = []
    if bounded:
        constants |= {"low": low, "high": high}
        bounds = [node("Max", ["unbounded", "low"], ["bounded"]), node("Min", ["bounded", "high"], ["scores"])]
    graph = onnx.helper.make_graph(
        [
            node("Cast", ["image"], ["numbers"], to=onnx.TensorProto.FLOAT),
            node("ReduceMean", ["numbers", "sides"], ["embedding"], keepdims=0),
            node("Gemm", ["embedding", "weights", "bias"], ["unbounded" if bounded else "scores"]),
            *bounds,
            node("Unsqueeze", ["scores", "places"], ["evidence"]),
        ],
        "colour",
        [value_info("image", onnx.TensorProto.UINT8, ["batch", "height", "width", 3])],
        [value_info(name, onnx.TensorProto.FLOAT, shapes[name]) for name in OUTPUTS],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    onnx.helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    path.write_bytes(sealed(model.SerializeToString()))
    return path


def dng(orientation: int = 1, preview: Any = b"", size: tuple[int, int] = (256, 192)) -> bytes:
    """An uncompressed Bayer DNG of a reddish field, brighter in its left half; the preview is a JPEG or an array."""
    width, height = size
    field = np.full((height, width), 6000, np.uint16)
    field[::2, ::2] = 18000  # red of RGGB
    field[:, : width // 2] *= 3
    pixels = field.tobytes()
    extra = b""

    def entry(tag: int, kind: int, values: Any) -> bytes:
        nonlocal extra
        code = {1: "B", 2: "c", 3: "H", 4: "I", 5: "I", 10: "i"}[kind]
        body = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{code}", *values)
        count = len(values) // 2 if kind in (5, 10) else len(values)
        if len(body) <= 4:
            return struct.pack("<HHI4s", tag, kind, count, body)
        extra += body + b"\0" * (len(body) % 2)
        return struct.pack("<HHII", tag, kind, count, 8 + len(extra) - len(body) - len(body) % 2)

    extra += pixels
    picture = {
        254: (4, [0]), 256: (4, [width]), 257: (4, [height]), 258: (3, [16]), 259: (3, [1]), 262: (3, [32803]),
        273: (4, [8]), 277: (3, [1]), 278: (4, [height]), 279: (4, [len(pixels)]), 33421: (3, [2, 2]),
        33422: (1, [0, 1, 1, 2]),
        50714: (4, [0]), 50717: (4, [65535]),
    }  # fmt: skip
    camera = {
        271: (2, b"Maker\0"), 272: (2, b"Camera\0"), 274: (3, [orientation]), 50706: (1, [1, 4, 0, 0]),
        50708: (2, b"Maker Camera\0"), 50721: (10, [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]),
        50728: (5, [1, 1, 1, 1, 1, 1]), 50778: (3, [21]),
    }  # fmt: skip

    def directory(tags: dict[int, Any]) -> bytes:
        entries = b"".join(entry(tag, *tags[tag]) for tag in sorted(tags))
        return struct.pack("<H", len(tags)) + entries + b"\0" * 4

    if not len(preview):
        first = directory(picture | camera)
    else:
        sub = directory(picture)
        extra += sub
        at = 8 + len(extra) - len(sub)
        jpeg = isinstance(preview, bytes)
        across, down = Image.open(io.BytesIO(preview)).size if jpeg else preview.shape[1::-1]
        content = preview if jpeg else preview.tobytes()
        extra += content + b"\0" * (len(content) % 2)
        at_content = 8 + len(extra) - len(content) - len(content) % 2
        thumb = {
            254: (4, [1]), 256: (4, [across]), 257: (4, [down]), 258: (3, [8, 8, 8]), 259: (3, [7 if jpeg else 1]),
            262: (3, [6 if jpeg else 2]), 273: (4, [at_content]), 277: (3, [3]), 278: (4, [down]),
            279: (4, [len(content)]), 330: (4, [at]),
        }  # fmt: skip
        first = directory(thumb | camera)
    return b"II*\0" + struct.pack("<I", 8 + len(extra)) + extra + first
