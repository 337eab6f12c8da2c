"""Ranges of activations for eight bits, measured on photographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from beholder.errors import BeholderError

MIN_MATRIX_ELEMENTS = 2**16  # smallest constant matrix whose product is quantized; heads are smaller
SINGLE = "single_"  # in the name of a matrix that is never quantized
SAMPLED_VALUES = 2**14  # values of each photograph and tensor that a range is chosen from
CLIPS = np.geomspace(1, 0.05, 25)  # candidate ends of a range, as shares of the largest value


def _simplified(onnx: Any, path: Path) -> Any:
    """The graph as the runtime simplifies it: constants computed, batch norm inside the convolutions; standard
    operators alone."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with TemporaryDirectory() as folder:
        simpler = Path(folder) / "model.onnx"
        options.optimized_model_filepath = str(simpler)
        onnxruntime.InferenceSession(
            path.read_bytes(),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["MatmulTransposeFusion", "MatMulAddFusion", "TransposeOptimizer"],
        )
        model = onnx.load(simpler)
    foreign = {node.domain for node in model.graph.node} - {"", "ai.onnx"}
    if foreign:
        raise BeholderError(f"{path}: has operators of {', '.join(sorted(foreign))}; give the file in single precision")
    if any(node.op_type == "DequantizeLinear" for node in model.graph.node):
        raise BeholderError(f"{path}: is already in 8 bits")
    del model.opset_import[1:]  # the runtime lists every domain that it knows
    return model


@dataclass
class ActivationRange:
    """Observed values of a tensor: lowest and highest of each channel, (C,) each, and a sample of rows (n, C)."""

    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray

    def step(self) -> tuple[np.float32, np.uint8]:
        """Scale and zero point with the least squared rounding error."""
        low, high = min(float(self.low.min()), 0.0), max(float(self.high.max()), 0.0)
        end = max(-low, high, 1e-6)
        tried = []
        for clip in CLIPS * end:
            bottom, top = max(low, -clip), min(high, clip)
            scale = np.float32((top - bottom) / 255)
            zero = np.uint8(np.rint(-bottom / scale))
            error = float(np.square(quantize_dequantize(self.rows, scale, zero) - self.rows).mean())
            tried.append((error, scale, zero))
        _, scale, zero = min(tried, key=lambda each: each[0])
        return scale, zero


def calibrate(onnx: Any, path: Path, pixels: np.ndarray) -> tuple[Any, list[str], dict[str, ActivationRange]]:
    """The simplified graph of a model file, its layers that can be quantized, and the ranges of their tensors."""
    plain = _simplified(onnx, path)
    layers, tensors = _plan(onnx, plain.graph)
    return plain, layers, _ranges(onnx, plain, tensors, pixels)


def constants_of(onnx: Any, graph: Any) -> dict[str, np.ndarray]:
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}


def _plan(onnx: Any, graph: Any) -> tuple[list[str], list[str]]:
    """Layers that can be quantized, by the name of their output, and the tensors that are then rounded."""
    floats = constants_of(onnx, graph)
    convolutions = [node for node in graph.node if node.op_type == "Conv" and node.input[1] in floats]
    if not _feed_each_other(graph, convolutions):  # they read pixels alone: a patch embedding, pixel statistics
        convolutions = []
    products = [
        node
        for node in graph.node
        if node.op_type in ("MatMul", "Gemm")
        and node.input[1] in floats
        and floats[node.input[1]].ndim == 2
        and floats[node.input[1]].size >= MIN_MATRIX_ELEMENTS
        and SINGLE not in node.input[1]
    ]
    if not convolutions + products:
        raise BeholderError("there is nothing to quantize in this model: no convolutions, no large matrix")
    weighted = convolutions + products
    return [node.output[0] for node in weighted], rounded_tensors(graph, weighted)


def _feed_each_other(graph: Any, nodes: Sequence[Any]) -> bool:
    """Whether one of these nodes computes something that another reads, through any others."""
    computed: set[str] = set()
    outputs = {node.output[0] for node in nodes}
    for node in graph.node:  # in the order in which they are computed
        reads = bool(computed.intersection(node.input))
        if reads and node.output[0] in outputs:
            return True
        if reads or node.output[0] in outputs:
            computed.update(node.output)
    return False


def rounded_tensors(graph: Any, weighted: Sequence[Any]) -> list[str]:
    """Tensors to round: inputs of these nodes, outputs of convolutions (after their activation), and their sums."""
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)

    def end(name: str) -> str:
        after = readers.get(name, [])
        return str(after[0].output[0]) if len(after) == 1 and after[0].op_type in ("Relu", "Clip") else name

    given = {end(node.output[0]) for node in weighted if node.op_type == "Conv"}
    for node in graph.node:
        if node.op_type == "Add" and set(node.input) <= given:
            given.add(end(node.output[0]))
    return sorted(given | {node.input[0] for node in weighted})


def _ranges(onnx: Any, model: Any, tensors: Sequence[str], pixels: np.ndarray) -> dict[str, ActivationRange]:
    """The ranges of these tensors on these photographs."""
    import onnxruntime

    watched = type(model)()
    watched.CopyFrom(model)
    known = {put.name for put in model.graph.output}
    values = (onnx.helper.make_tensor_value_info(name, 1, None) for name in tensors if name not in known)
    watched.graph.output.extend(values)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    parts: dict[str, list[ActivationRange]] = {name: [] for name in tensors}
    for part in np.split(pixels, range(1, len(pixels))):
        for name, value in zip(tensors, session.run(list(tensors), {"image": part}), strict=True):
            rows = value.reshape(-1, value.shape[1 if value.ndim == 4 else -1])
            if value.ndim == 4:
                rows = np.moveaxis(value, 1, -1).reshape(-1, value.shape[1])
            kept = rng.integers(len(rows), size=max(1, SAMPLED_VALUES // rows.shape[1]))
            parts[name].append(ActivationRange(rows.min(axis=0), rows.max(axis=0), rows[kept]))
    return {
        name: ActivationRange(
            np.min([each.low for each in found], axis=0),
            np.max([each.high for each in found], axis=0),
            np.concatenate([each.rows for each in found]),
        )
        for name, found in parts.items()
    }


def quantize_dequantize(values: np.ndarray, scale: np.float32, zero: np.uint8) -> np.ndarray:
    """Values after rounding to uint8 and back."""
    return (np.clip(np.rint(values / scale) + zero, 0, 255) - zero) * scale
