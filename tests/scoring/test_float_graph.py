"""Graphs in eight bits become graphs of floats that compute the same; what is of another form stays."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

import beholder
from beholder.scoring.float_graph import float_graph
from beholder.scoring.model_file import EMBEDDED, embedded_path
from beholder.scoring.session import open_session

RNG = np.random.default_rng(0)


def tensor(name: str, values: Any, kind: type = np.float32) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(np.asarray(values, kind), name)


def graph(nodes: Sequence[Any], tensors: Sequence[Any], shape: Sequence[int], opset: int = 20) -> bytes:
    put = (
        helper.make_tensor_value_info("x", TensorProto.FLOAT, shape),
        helper.make_tensor_value_info("y", 1, [None] * len(shape)),
    )
    made = helper.make_graph(nodes, "graph", [put[0]], [put[1]], tensors)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    content: bytes = model.SerializeToString()
    return content


def rounded(name: str, *numbers: str) -> list[Any]:
    return [
        helper.make_node("QuantizeLinear", [name, *numbers], [f"{name}.q"]),
        helper.make_node("DequantizeLinear", [f"{name}.q", *numbers], [f"{name}.r"]),
    ]


def product(kind: type = np.uint8, zero: int = 37, opset: int = 20) -> bytes:
    """A product as `beholder quantize` writes it: weights and biases a channel, activations a tensor."""
    weights, bias = RNG.integers(-63, 64, (5, 7)), RNG.integers(-900, 900, 5)
    tensors = [
        tensor("step", 0.021),
        tensor("zero", zero, kind),
        tensor("w", weights, np.int8),
        tensor("w.scale", RNG.uniform(0.001, 0.02, 5)),
        tensor("w.zero", np.zeros(5), np.int8),
        tensor("b", bias, np.int32),
        tensor("b.scale", RNG.uniform(0.0001, 0.001, 5)),
        tensor("b.zero", np.zeros(5), np.int32),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "w.scale", "w.zero"], ["w.r"], axis=0),
        helper.make_node("DequantizeLinear", ["b", "b.scale", "b.zero"], ["b.r"], axis=-1),
        *rounded("x", "step", "zero"),
        helper.make_node("Gemm", ["x.r", "w.r", "b.r"], ["y"], transB=1),
    ]
    return graph(nodes, tensors, (4, 7), opset)


def convolution() -> bytes:
    tensors = [
        tensor("step", 0.05),
        tensor("zero", 100, np.uint8),
        tensor("w", RNG.integers(-63, 64, (3, 7, 1, 1)), np.int8),
        tensor("w.scale", 0.01),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "w.scale"], ["w.r"]),
        *rounded("x", "step", "zero"),
        helper.make_node("Conv", ["x.r", "w.r"], ["y"]),
    ]
    return graph(nodes, tensors, (4, 7, 2, 2))


FORMS: dict[str, Callable[[], bytes]] = {
    "a product": product,
    "a product of signed values": lambda: product(np.int8, -12),
    "a convolution, one scale for all": convolution,
}


def run(content: bytes, x: np.ndarray) -> np.ndarray:
    """As it is written, not as the runtime would rather compute it."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    found: np.ndarray = session.run(["y"], {"x": x})[0]
    return found


def kinds(content: bytes) -> set[str]:
    return {node.op_type for node in onnx.load_from_string(content).graph.node}


@pytest.mark.parametrize("form", FORMS)
def test_floats_compute_what_integers_stood_for(form: str) -> None:
    content = FORMS[form]()
    found = float_graph(content)
    model = onnx.load_from_string(found)
    onnx.checker.check_model(model, full_check=True)
    assert not {"QuantizeLinear", "DequantizeLinear"} & kinds(found)
    assert {each.data_type for each in model.graph.initializer} == {TensorProto.FLOAT}
    shape = [each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
    x = RNG.normal(0, 3, shape).astype(np.float32)  # some beyond what the integers hold
    np.testing.assert_allclose(run(found, x), run(content, x), rtol=1e-5, atol=1e-5)


def changed(edit: Callable[[Any], object]) -> bytes:
    model = onnx.load_from_string(product())
    edit(model.graph)
    content: bytes = model.SerializeToString()
    return content


def replace(graph: Any, name: str, new: Any) -> None:
    for each in graph.initializer:
        if each.name == name:
            each.CopyFrom(new)


STAY: dict[str, Callable[[], bytes]] = {
    "opsets before there were such nodes": lambda: product(opset=12),
    "a scale of many values": lambda: changed(
        lambda graph: (
            replace(graph, "step", tensor("step", np.full(7, 0.1))),
            replace(graph, "zero", tensor("zero", np.full(7, 3), np.uint8)),
        )
    ),
    "a step of another length back": lambda: changed(
        lambda graph: (graph.initializer.append(tensor("other", 0.5)), graph.node[3].input.__setitem__(1, "other"))
    ),
    "a weight that is shorter than it says": lambda: changed(
        lambda graph: next(each for each in graph.initializer if each.name == "w").dims.__setitem__(0, 2**40)
    ),
}


@pytest.mark.parametrize("why", STAY)
def test_what_is_of_another_form_stays(why: str) -> None:
    content = STAY[why]()
    assert {"QuantizeLinear", "DequantizeLinear"} & kinds(float_graph(content))


def test_a_graph_of_floats_is_the_same(colour_model: Path) -> None:
    content = colour_model.read_bytes()
    assert float_graph(content) is content


def test_what_a_branch_may_read_is_kept() -> None:
    inside = helper.make_graph(
        [helper.make_node("DequantizeLinear", ["x.q", "step", "zero"], ["out"])],
        "inside",
        [],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
    )

    def edit(graph: Any) -> None:
        graph.initializer.append(tensor("yes", True, np.bool_))
        graph.node[-1].output[0] = "product"
        graph.node.append(helper.make_node("If", ["yes"], ["branch"], then_branch=inside, else_branch=inside))
        graph.initializer.append(tensor("axes", [1], np.int64))
        graph.node.append(helper.make_node("ReduceSum", ["branch", "axes"], ["sum"]))
        graph.node.append(helper.make_node("Add", ["product", "sum"], ["y"]))

    content = changed(edit)
    x = RNG.normal(0, 3, (4, 7)).astype(np.float32)
    np.testing.assert_allclose(run(float_graph(content), x), run(content, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", EMBEDDED)
def test_scores_of_the_embedded_models_stay_near(name: str, photos: list[Path]) -> None:
    """Sums of whole numbers are exact, so on the processor that they are compared on nothing moves."""
    path = embedded_path(name)
    content = float_graph(path.read_bytes())
    assert b"uantizeLinear" not in content
    before, after = beholder.load(name), beholder.load(name)
    after._session = open_session(path, content, None)
    moved = np.abs(before.score(photos).values - after.score(photos).values)
    assert moved[:, 0].max() < 0.001
