"""Changes to a model file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from beholder.scoring.onnx_file import sealed


def save_sealed(model: onnx.ModelProto, path: Path) -> None:
    """Write a model with a seal of its own, as beholder does."""
    if model.metadata_props[-1].key == "beholder.sha256":
        del model.metadata_props[-1]
    path.write_bytes(sealed(model.SerializeToString()))


def edit_metadata(model: onnx.ModelProto, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON document of a model."""
    entry = next(entry for entry in model.metadata_props if entry.key == "beholder")
    document = json.loads(entry.value)
    edit(document)
    entry.value = json.dumps(document)


def with_metadata(**lies: object) -> Callable[[Path], None]:
    """A change of a model file: these fields of its JSON document."""

    def change(path: Path) -> None:
        model = onnx.load(path)
        edit_metadata(model, lambda document: document.update(lies))
        save_sealed(model, path)

    return change


def with_graph(edit: Callable[[onnx.ModelProto], object]) -> Callable[[Path], None]:
    """A change of a model file by editing the parsed model."""

    def change(path: Path) -> None:
        model = onnx.load(path)
        edit(model)
        save_sealed(model, path)

    return change


def endless(model: onnx.ModelProto) -> None:
    """A change of a parsed model: it computes its first step for ever."""
    node, info, one = onnx.helper.make_node, onnx.helper.make_tensor_value_info, onnx.TensorProto
    body = onnx.helper.make_graph(
        [node("Identity", ["go"], ["going"]), node("Abs", ["before"], ["after"])],
        "body",
        [info("turn", one.INT64, []), info("go", one.BOOL, []), info("before", one.FLOAT, None)],
        [info("going", one.BOOL, []), info("after", one.FLOAT, None)],
    )
    first = model.graph.node[0].output[0]
    for each in model.graph.node:
        each.input[:] = ["for ever" if name == first else name for name in each.input]
    model.graph.initializer.extend(
        [onnx.numpy_helper.from_array(np.array(2**62), "turns"), onnx.numpy_helper.from_array(np.array(True), "yes")]
    )
    model.graph.node.insert(1, node("Loop", ["turns", "yes", first], ["for ever"], body=body))
