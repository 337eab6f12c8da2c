"""Quantize a model file to eight bits: a third to a sixth of the time, at slightly different scores.

The command is `beholder quantize MODEL PHOTOS --out FILE`.

Static quantization in the standard form (QuantizeLinear and DequantizeLinear around what is quantized), which runtimes
turn into integer kernels. Quantized are convolutions, the operations between them, and products with a large constant
matrix. The head, softmax, layer norm, GELU and products of two activations stay in single precision.

- **Weights**: 7 of 8 bits, symmetric, a scale for each output channel. x86 without VNNI (before 2019 or so) adds pairs
  of products in 16 bits, which 8-bit weights would overflow.
- **Activations**: uint8, one scale a tensor. The range is where the squared error on real photographs is least: a
  transformer has a few values ten times as large as all others, and a range that holds them is too coarse for the rest.
- **Smoothing** (Xiao et al. 2023, SmoothQuant, eq. 4 with alpha 0.5): large channels of a layer norm are
  divided by a factor that the matrix after it is multiplied by. Exact before rounding.

Integer kernels add without rounding, so results are the same on every kind of processor and in any batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from beholder.errors import BeholderError, PhotoError
from beholder.extras import require
from beholder.files import explained, replacing
from beholder.metrics import rounded, srcc
from beholder.photos.read import Pixels, read_photo
from beholder.scoring.cores import CORES
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scorer import Scorer
from beholder.training.calibration import ActivationRange, calibrate, constants_of, quantize_dequantize, rounded_tensors
from beholder.training.export import model_bytes, store_in_half

CALIBRATION, COMPARISON = 64, 300  # photographs at most
ALPHA = 0.5
WEIGHT_STEPS = 63  # of a weight, to either side: the sum of two products with 0 to 255 stays in 16 bits
RUN_BATCH = 8


@dataclass(frozen=True)
class ScoreDrift:
    """Differences between the scores of a task before and after quantization, on ``n`` photographs; native units.

    The photographs were not calibrated with; ``srcc`` is the rank correlation between the scores of the two files.
    """

    task: str
    n: int
    mean: float
    largest: float
    srcc: float


def quantize(
    model: Path, photos: Sequence[Path], out: Path, calibration: int = CALIBRATION, keep: int = 0
) -> list[ScoreDrift]:
    """Write an int8 model file that a scorer takes unchanged.

    Its metadata is that of ``model`` except for name, description, metrics and recipe: metrics are left out, since they
    were not measured with this file, and the recipe holds the score drift.

    Args:
        model: a model file.
        photos: photographs such as will be scored. Evenly spaced ones are calibrated with, others compared.
        out: replaced as a whole, or not at all.
        calibration: photographs to calibrate with, at most half of them.
        keep: this many layers stay as they are: those that change the scores most when quantized alone.

    Raises:
        BeholderError: too few photographs can be read, there is nothing to quantize, or the file cannot be written.
    """
    onnx = require("onnx", "train", "quantizing")
    scorer = Scorer(model)
    chosen, rest = _split(len(photos), calibration)
    calibration_pixels = _pixels(scorer, [photos[i] for i in chosen])
    comparison_pixels = _pixels(scorer, [photos[i] for i in rest])
    if not len(calibration_pixels) or len(comparison_pixels) < 2:
        raise BeholderError(
            f"quantizing needs 4 photographs that can be read, better 100; of {len(photos)} too few can"
        )
    plain, layers, ranges = calibrate(onnx, model, calibration_pixels)
    float_layers = _most_sensitive(onnx, plain, layers, ranges, calibration_pixels[:RUN_BATCH], "scores", keep)
    quantized = _quantize_layers(onnx, plain, ranges, set(layers) - set(float_layers))
    with replacing(out, "the model file") as partial, explained(out, "the model file"):

        def write(info: ModelInfo) -> None:
            partial.write_bytes(model_bytes(quantized, info))

        info = _describe(scorer, len(calibration_pixels), float_layers)
        write(info)
        drift = score_drift(scorer, Scorer(partial), comparison_pixels)
        info.recipe["int8"]["moved"] = [asdict(each) for each in drift]
        write(info)
    return drift


def quantized_graph(model: Path, pixels: np.ndarray, float_layers: Sequence[str] = ()) -> Any:
    """The graph of a model file in 8 bits, as an ONNX model.

    Args:
        model: a model file in single precision.
        pixels: prepared photographs (N, height, width, 3) to calibrate with.
        float_layers: layers to keep in single precision, by the names that :func:`most_sensitive_layers` returns.
    """
    onnx = require("onnx", "train", "quantizing")
    plain, layers, ranges = calibrate(onnx, model, pixels)
    unknown = sorted(set(float_layers) - set(layers))
    if unknown:
        raise ValueError(f"{model}: has no layers {unknown}")
    return _quantize_layers(onnx, plain, ranges, set(layers) - set(float_layers))


def most_sensitive_layers(model: Path, pixels: np.ndarray, count: int) -> list[str]:
    """The layers of a model file that change the embedding of these photographs most when quantized alone.

    Args:
        model: a model file in single precision.
        pixels: prepared photographs (N, height, width, 3).
        count: number of layers.
    """
    onnx = require("onnx", "train", "quantizing")
    plain, layers, ranges = calibrate(onnx, model, pixels)
    return _most_sensitive(onnx, plain, layers, ranges, pixels, "embedding", count)


def score_drift(before: Scorer, after: Scorer, pixels: np.ndarray) -> list[ScoreDrift]:
    """Scores of the same prepared pixels (N, height, width, 3) by two model files of the same tasks."""
    a, b = (_scores(scorer, pixels) for scorer in (before, after))
    found = []
    for index, task in enumerate(before.info.tasks):
        by = np.abs(a[:, index] - b[:, index])
        numbers = [rounded(float(value)) for value in (by.mean(), by.max(), srcc(a[:, index], b[:, index]))]
        found.append(ScoreDrift(task.name, len(by), *numbers))
    return found


def evenly_spaced(count: int, wanted: int) -> list[int]:
    """At most ``wanted`` evenly spaced indices below ``count``."""
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).astype(int)).tolist()


def _split(count: int, calibration: int) -> tuple[list[int], list[int]]:
    chosen = evenly_spaced(count, min(calibration, count // 2))
    rest = np.setdiff1d(np.arange(count), chosen)
    return chosen, rest[evenly_spaced(len(rest), COMPARISON)].tolist()


def _pixels(scorer: Scorer, paths: Sequence[Path]) -> np.ndarray:
    """Prepared pixels (N, height, width, 3) of the photographs that can be read."""

    def prepare(path: Path) -> Pixels | None:
        try:
            return scorer.pixels(read_photo(path, scorer.min_size))
        except PhotoError:
            return None

    with ThreadPoolExecutor(CORES) as pool:
        found = [pixels for pixels in pool.map(prepare, paths) if pixels is not None]
    return np.stack(found) if found else np.zeros((0, *scorer.info.size[::-1], 3), np.uint8)


def _scores(scorer: Scorer, pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([scorer.run(part, np.ones((len(part), 2), int)).values for part in _batches(pixels)])


def _batches(pixels: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(pixels), RUN_BATCH):
        yield pixels[start : start + RUN_BATCH]


def _describe(scorer: Scorer, calibrated: int, float_layers: list[str]) -> ModelInfo:
    info = scorer.info
    return replace(
        info,
        name=f"{info.name}-int8",
        description=f"{info.description}; in 8 bits (int8), its intervals and percentiles those of {scorer.id}",
        metrics=(),
        recipe={**info.recipe, "int8": {"of": scorer.id, "calibration": calibrated, "kept": len(float_layers)}},
    )


def _most_sensitive(
    onnx: Any,
    model: Any,
    layers: Sequence[str],
    ranges: dict[str, ActivationRange],
    pixels: np.ndarray,
    output: str,
    count: int,
) -> list[str]:
    """The ``count`` layers that change an output (N, D) most when quantized alone.

    Measured by the mean square, each of the D numbers in units of its standard deviation over these photographs.
    """
    import onnxruntime

    if not count:
        return []
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4

    def answer(which: Any) -> np.ndarray:
        session = onnxruntime.InferenceSession(which.SerializeToString(), options, providers=["CPUExecutionProvider"])
        found: np.ndarray = session.run([output], {"image": pixels})[0]
        return found

    before = answer(model)
    spread = before.std(axis=0) + 1e-6
    drift = {
        layer: float(np.square((answer(_quantize_layers(onnx, model, ranges, {layer})) - before) / spread).mean())
        for layer in layers
    }
    return sorted(layers, key=lambda layer: -drift[layer])[:count]


def _quantize_layers(onnx: Any, model: Any, ranges: dict[str, ActivationRange], layers: set[str]) -> Any:
    """A copy of the model with these layers quantized."""
    quantized = type(model)()
    quantized.CopyFrom(model)
    graph = quantized.graph
    weighted = [node for node in graph.node if node.output[0] in layers]
    floats = constants_of(onnx, graph)
    ranges = {name: ranges[name] for name in rounded_tensors(graph, weighted)}
    weights = {node.input[1]: floats[node.input[1]] for node in weighted}
    _smooth(onnx, graph, weighted, ranges, weights, floats)
    steps = {name: found.step() for name, found in ranges.items()}
    for node in graph.node:
        if node.op_type == "MaxPool" and {node.input[0], node.output[0]} <= set(steps):
            steps[node.output[0]] = steps[node.input[0]]  # the largest of rounded values is one of them
    constants = _Constants(onnx)
    nodes = _quantize_weights(onnx, graph, weighted, weights, floats, ranges, steps, constants)
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in steps:
                node.input[place] = f"{name}.rounded"
    _drop_unused(graph)
    store_in_half(onnx, quantized)
    for node in graph.node:
        nodes.append(node)
        for name in node.output:
            if name in steps:
                numbers = constants.add(name, scale=steps[name][0], zero=steps[name][1])
                pair = (
                    ("QuantizeLinear", name, f"{name}.uint8"),
                    ("DequantizeLinear", f"{name}.uint8", f"{name}.rounded"),
                )
                nodes.extend(onnx.helper.make_node(kind, [read, *numbers], [made]) for kind, read, made in pair)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(constants.tensors)
    onnx.checker.check_model(quantized)
    return quantized


class _Constants:
    """Constants to be added to a graph."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.tensors: list[Any] = []

    def add(self, name: str, **values: Any) -> list[str]:
        """One constant ``name.key`` for each value; returns these names."""
        from_array = self.onnx.numpy_helper.from_array
        self.tensors.extend(from_array(np.asarray(each), f"{name}.{end}") for end, each in values.items())
        return [f"{name}.{end}" for end in values]


def _quantize_weights(
    onnx: Any,
    graph: Any,
    weighted: Sequence[Any],
    weights: dict[str, np.ndarray],
    floats: dict[str, np.ndarray],
    ranges: dict[str, ActivationRange],
    steps: dict[str, tuple[np.float32, np.uint8]],
    constants: _Constants,
) -> list[Any]:
    """Replace weights and biases of these nodes by integers, in place; returns the nodes that restore the values."""
    biases = _biases(graph, floats)
    stored = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[Any] = []

    def restored(name: str, integers: np.ndarray, scale: np.ndarray, axis: int) -> str:
        inputs = constants.add(name, int=integers, scale=scale, zero=np.zeros(scale.shape, integers.dtype))
        nodes.append(onnx.helper.make_node("DequantizeLinear", inputs, [f"{name}.rounded"], axis=axis))
        return f"{name}.rounded"

    for node in weighted:
        axis, weight = _output_axis(node), weights[node.input[1]]
        integers, scale, rounded_weight = _round_weight(weight, axis)
        error = _mean_rounding_error(ranges[node.input[0]].rows, steps[node.input[0]], weight, rounded_weight, axis)
        node.input[1] = restored(f"{node.output[0]}.weight", integers, scale, axis)
        bias = biases.get(node.output[0])
        if bias is not None and node.op_type == "MatMul":
            corrected = (floats[bias] + error).astype(np.float32)
            stored[bias].CopyFrom(onnx.numpy_helper.from_array(corrected, bias))
        elif bias is not None:  # as fine as the products that it is added to
            scale = scale * steps[node.input[0]][0]
            integers = np.clip(np.rint((floats[bias] + error) / scale), -(2**31), 2**31 - 1).astype(np.int32)
            node.input[2] = restored(f"{node.output[0]}.bias", integers, scale, 0)
    return nodes


def _round_weight(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integers from -STEPS to STEPS, the scale (C,) of each output channel, and what they stand for."""
    comparison_pixels = tuple(each for each in range(weight.ndim) if each != axis)
    largest = np.abs(weight).max(axis=comparison_pixels, keepdims=True)
    scale = np.maximum(largest, 1e-12).astype(np.float32) / np.float32(WEIGHT_STEPS)
    integers = np.clip(np.rint(weight / scale), -WEIGHT_STEPS, WEIGHT_STEPS).astype(np.int8)
    return integers, scale.reshape(-1), integers * scale


def _smooth(
    onnx: Any,
    graph: Any,
    weighted: Sequence[Any],
    ranges: dict[str, ActivationRange],
    weights: dict[str, np.ndarray],
    floats: dict[str, np.ndarray],
) -> None:
    """Move differences between channels from the activations into the weights, in place (SmoothQuant, eq. 4)."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    names = [name for node in graph.node for name in node.input]
    for norm in graph.node:
        readers = [node for node in graph.node if norm.output[0] in node.input]
        if norm.op_type != "LayerNormalization" or len(readers) != 1 or readers[0] not in weighted:
            continue
        matrix, found = readers[0].input[1], ranges[norm.output[0]]
        if readers[0].op_type != "MatMul" or any(names.count(name) > 1 for name in (*norm.input[1:], matrix)):
            continue
        largest = np.maximum(np.maximum(-found.low, found.high), 1e-5)
        factor = largest**ALPHA / np.maximum(np.abs(weights[matrix]).max(axis=1), 1e-5) ** (1 - ALPHA)
        weights[matrix] = weights[matrix] * factor[:, None]
        ranges[norm.output[0]] = ActivationRange(found.low / factor, found.high / factor, found.rows / factor)
        for name in norm.input[1:]:
            stored[name].CopyFrom(onnx.numpy_helper.from_array((floats[name] / factor).astype(np.float32), name))


def _biases(graph: Any, floats: dict[str, np.ndarray]) -> dict[str, str]:
    """Output of a convolution or product -> the constant that is added to its channels and used nowhere else."""
    names = [name for node in graph.node for name in node.input]
    pairs = [(node.output[0], node.input[2]) for node in graph.node if node.op_type != "MatMul" and len(node.input) > 2]
    for node in graph.node:
        if node.op_type == "Add":
            pairs += [pair for pair in (tuple(node.input), tuple(node.input[::-1])) if names.count(pair[0]) == 1]
    return {
        value: bias for value, bias in pairs if bias in floats and floats[bias].ndim == 1 and names.count(bias) == 1
    }


def _mean_rounding_error(
    rows: np.ndarray, step: tuple[np.float32, np.uint8], weight: np.ndarray, rounded_weight: np.ndarray, axis: int
) -> np.ndarray:
    """(C,) what rounding subtracts from the mean of each output channel: a correction of the bias.

    Rounding alone has no bias; clipping and the few large values have one (Nagel et al. 2019, Section 4.2).
    """
    kernel = tuple(range(2, weight.ndim))
    sums = [np.moveaxis(each.sum(axis=kernel), axis, 0) for each in (weight, rounded_weight)]  # (outputs, inputs)
    means = [each.mean(axis=0) for each in (rows, quantize_dequantize(rows, *step))]
    groups = rows.shape[1] // sums[0].shape[1]
    # (outputs, inputs): means of the inputs of each output's group; only a grouped convolution has several groups
    read = [
        np.repeat(each.reshape(groups, -1), len(weight_sums) // groups, axis=0)
        for each, weight_sums in zip(means, sums, strict=True)
    ]
    return (sums[0] * read[0]).sum(axis=1) - (sums[1] * read[1]).sum(axis=1)


def _output_axis(node: Any) -> int:
    """The axis of the weight along which its output channels lie."""
    if node.op_type == "Gemm":
        return 0 if any(each.name == "transB" and each.i for each in node.attribute) else 1
    return 0 if node.op_type == "Conv" else 1


def _drop_unused(graph: Any) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
