"""Export a trained torch network to a model file.

Large matrices are stored in half precision and cast back when the file is opened, so computation stays in single
precision: half the size, and scores that differ in the fourth decimal. Resizing is a node of the graph; pixels that
already have the right size pass it unchanged, and the scorer passes such pixels. Where the aspect ratio is kept, the
node computes its output size from the image's, as `beholder.photos.resize.short_edge` does.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from beholder.extras import require
from beholder.files import explained, replacing
from beholder.scoring.model_file import METADATA_KEY, SQUASH, ModelInfo
from beholder.scoring.onnx_file import sealed

OPSET = 20
EXACT = "exact_"  # in the name of a tensor that is stored in single precision
MIN_HALF_ELEMENTS = 1024  # elements from which a tensor is stored in half precision


def export(network: nn.Module, info: ModelInfo, path: Path) -> None:
    """Write a model file.

    Args:
        network: uint8 pixels (B, 3, height, width) of the size in ``info`` -> the graph contract's outputs; of any
            shape with that short edge, where ``info`` says so.
        info: the metadata of the file.
        path: replaced as a whole, or not at all.

    Raises:
        BeholderError: the file cannot be written.
    """
    onnx = require("onnx", "train", "writing a model file")
    require("onnxscript", "train", "writing a model file")
    width, height = info.size
    pixels = torch.zeros(2, 3, height, width, dtype=torch.uint8)
    dynamic: dict[int, Any] = {0: torch.export.Dim("batch")}
    if info.resize != SQUASH:
        pixels = torch.zeros(2, 3, height, width + width // 4, dtype=torch.uint8)  # not square: sides are not the same
        dynamic |= {2: torch.export.Dim("height", min=height), 3: torch.export.Dim("width", min=width)}
    with _quiet():
        program = torch.onnx.export(
            network.eval(),
            (pixels,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["resized"],
            output_names=list(info.outputs),
            dynamic_shapes=(dynamic,),
            verbose=False,
        )
    model = cast(torch.onnx.ONNXProgram, program).model_proto  # None only without dynamo
    _strip(model)
    _resize_inside(onnx, model, info)
    store_in_half(onnx, model)
    onnx.checker.check_model(model)
    with replacing(path, "the model file") as partial, explained(path, "the model file"):
        partial.write_bytes(model_bytes(model, info))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide what torch's exporter prints, warns of and logs; afterwards filters and levels are as they were."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def model_bytes(model, info: ModelInfo) -> bytes:  # type: ignore[no-untyped-def]
    """The bytes of a model file: the graph of an ONNX model, its metadata, and a checksum of both."""
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, info.to_json()
    return sealed(model.SerializeToString(deterministic=True))


def _strip(model) -> None:  # type: ignore[no-untyped-def]
    """Remove the exporter's debugging notes: source lines, and paths of the machine that it ran on."""
    del model.metadata_props[:]
    model.producer_name, model.producer_version, model.doc_string = "beholder", "", ""
    for items in (
        model.graph.node,
        model.graph.value_info,
        model.graph.input,
        model.graph.output,
        model.graph.initializer,
    ):
        for item in items:
            item.doc_string = ""
            del item.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]


def _resize_inside(onnx, model, info: ModelInfo) -> None:  # type: ignore[no-untyped-def]
    helper, kinds = onnx.helper, onnx.TensorProto
    graph = model.graph
    width, height = info.size
    constants: dict[str, list[int]] = {"resized_shape": [3, height, width]}
    nodes = []
    if info.resize != SQUASH:
        constants = {"three": [3], "two": [2], "twice_short_edge": [2 * height]}
        nodes = [  # (2 * side * short_edge + short) / (2 * short), rounded down: the side, rounded to the nearest
            helper.make_node("Shape", ["image"], ["sides"], start=1, end=3),
            helper.make_node("ReduceMin", ["sides"], ["short"], keepdims=1),
            helper.make_node("Mul", ["sides", "twice_short_edge"], ["scaled"]),
            helper.make_node("Add", ["scaled", "short"], ["half_up"]),
            helper.make_node("Mul", ["short", "two"], ["twice_short"]),
            helper.make_node("Div", ["half_up", "twice_short"], ["resized_sides"]),
            helper.make_node("Concat", ["three", "resized_sides"], ["resized_shape"], axis=0),
        ]
    nodes += [
        helper.make_node("Transpose", ["image"], ["channels_first"], perm=[0, 3, 1, 2]),
        helper.make_node("Shape", ["image"], ["batch_of_image"], start=0, end=1),
        helper.make_node("Concat", ["batch_of_image", "resized_shape"], ["sizes"], axis=0),
        # -0.5 and antialiasing are Pillow's bicubic; on uint8 the two agree to 0.01 of 255 on average.
        helper.make_node(
            "Resize", ["channels_first", "", "", "sizes"], ["resized"], mode="cubic", antialias=1, cubic_coeff_a=-0.5
        ),
    ]
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes + kept)
    graph.initializer.extend(
        helper.make_tensor(name, kinds.INT64, [len(values)], values) for name, values in constants.items()
    )
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info("image", kinds.UINT8, ["batch", "height", "width", 3]))


def store_in_half(onnx, model) -> None:  # type: ignore[no-untyped-def]
    """Store the large matrices of an ONNX model in half precision, in place."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        large = tensor.data_type == onnx.TensorProto.FLOAT and np.prod(tensor.dims) >= MIN_HALF_ELEMENTS
        if large and EXACT not in tensor.name:
            name = tensor.name
            half = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
            tensor.CopyFrom(half)
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    kept = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + kept)
