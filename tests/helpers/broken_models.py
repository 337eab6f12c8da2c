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


def as_format_1(path: Path) -> Path:
    """A model file of ratings with its metadata as versions before edits wrote them."""

    def edit(document: dict[str, Any]) -> None:
        assert document["format"] == 2 and all(task["kind"] == "rating" for task in document["tasks"])
        document["format"] = 1
        for task in document["tasks"]:
            for name in ("kind", "unit", "neutral"):
                del task[name]
        for name in ("unlike", "widening"):
            del document[name]
        if levels := document.pop("score_levels"):
            document["buckets"] = levels

    model = onnx.load(path)
    edit_metadata(model, edit)
    save_sealed(model, path)
    return path


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


def votes(shares: list[float]) -> Callable[[onnx.ModelProto], object]:
    """A model that says of each photograph that three levels have these shares of the votes."""

    def edit(model: onnx.ModelProto) -> None:
        edit_metadata(model, lambda document: document.update(score_levels=[1, 4, 7]))
        model.graph.initializer.extend(
            [
                onnx.numpy_helper.from_array(np.array([1] * len(shares), np.int64), "picked"),
                onnx.numpy_helper.from_array(np.array([shares], np.float32), "shares"),
                onnx.numpy_helper.from_array(np.zeros(1, np.float32), "none"),
            ]
        )
        model.graph.node.extend(
            [
                onnx.helper.make_node("Gather", ["embedding", "picked"], ["columns"], axis=1),
                onnx.helper.make_node("Mul", ["columns", "none"], ["nothing"]),
                onnx.helper.make_node("Add", ["nothing", "shares"], ["distribution"]),
            ]
        )
        model.graph.output.append(onnx.helper.make_tensor_value_info("distribution", 1, ["batch", "levels"]))
        model.graph.output[-1].type.tensor_type.shape.dim[1].dim_value = 3

    return edit
