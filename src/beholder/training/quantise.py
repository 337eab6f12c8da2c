"""A model file in single precision -> one that computes in eight bits: a third to a sixth of the time, scores that
move a little. `beholder quantise MODEL PHOTOS --out FILE`

Static quantisation in the standard form (QuantizeLinear and DequantizeLinear around what is quantised), which runtimes
turn into integer kernels. What is quantised: convolutions with what stands between them, and products with a large
constant matrix. What stays in single precision: the head, softmax, layer norm, GELU, products of two activations.

- **Weights**: 7 of 8 bits, symmetric, a scale for each output channel. x86 without VNNI (before 2019 or so) adds pairs
  of products in 16 bits, which 8 bits would fill beyond the brim.
- **Activations**: uint8, one scale a tensor. The range is where the squared error on real photographs is least: a
  transformer has a few values ten times as large as all others, and a range that holds them has no room for the rest.
- **Smoothing** (Xiao et al. 2023, SmoothQuant, eq. 4 with alpha 0.5): channels of a layer norm that run large are
  divided by what the matrix after it is multiplied by. Exact before rounding.

So integer kernels add without rounding and give the same on every kind of processor, and in any batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from beholder import photo
from beholder.errors import BeholderError, PhotoError
from beholder.evaluation.metrics import srcc
from beholder.extras import require
from beholder.files import explained, replacing
from beholder.model_file import ModelInfo, rounded
from beholder.scorer import Scorer
from beholder.training.export import halve, packed

CALIBRATION, COMPARISON = 64, 300  # photographs at most
LARGE = 2**16  # elements of a constant matrix from which a product is quantised; the head is below
SAMPLE = 2**14  # values a photograph and tensor that a range is chosen by
CLIPS = np.geomspace(1, 0.05, 25)  # shares of the largest value that are tried as the end of a range
ALPHA = 0.5
STEPS = 63  # of a weight, to either side: the sum of two products with 0 to 255 stays in 16 bits
BATCH = 8


@dataclass(frozen=True)
class Moved:
    """How far the scores of a task moved, on N photographs that were not calibrated with; native units."""

    task: str
    n: int
    mean: float
    largest: float
    srcc: float  # between the two files


def quantise(
    model: Path, photos: Sequence[Path], out: Path, calibration: int = CALIBRATION, keep: int = 0
) -> list[Moved]:
    """Write an int8 model file that a scorer takes unchanged.

    Its metadata is that of ``model``, but for name and description. Metrics, which were not measured of it, are left
    out; intervals and percentiles stay; the recipe says how far the scores moved.

    Args:
        model: a model file.
        photos: photographs such as will be scored. Evenly spaced ones are calibrated with, others compared.
        out: replaced as a whole, or not at all.
        calibration: photographs to calibrate with, at most half of them.
        keep: this many layers stay as they are: those that move the scores most when quantised alone.

    Raises:
        BeholderError: too few photographs can be read, there is nothing to quantise, or the file cannot be written.
    """
    onnx = require("onnx", "train", "quantising")
    scorer = Scorer(model)
    chosen, rest = _split(len(photos), calibration)
    seen, others = _pixels(scorer, [photos[i] for i in chosen]), _pixels(scorer, [photos[i] for i in rest])
    if not len(seen) or len(others) < 2:
        raise BeholderError(
            f"quantising needs 4 photographs that can be read, better 100; of {len(photos)} too few can"
        )
    plain, layers, ranges = _calibrated(onnx, model, seen)
    kept = _worst(onnx, plain, layers, ranges, seen[:BATCH], "scores", keep)
    quantised = _quantised(onnx, plain, ranges, set(layers) - set(kept))
    with replacing(out, "the model file") as partial, explained(out, "the model file"):

        def write(info: ModelInfo) -> None:
            partial.write_bytes(packed(quantised, info))

        info = _describe(scorer, len(seen), kept)
        write(info)
        moved = compare(scorer, Scorer(partial), others)
        info.recipe["int8"]["moved"] = [asdict(each) for each in moved]
        write(info)
    return moved


def rewritten(model: Path, pixels: np.ndarray, kept: Sequence[str] = ()) -> Any:
    """The graph of a model file in 8 bits, as an ONNX model.

    Args:
        model: a model file in single precision.
        pixels: prepared photographs (N, height, width, 3) to calibrate with.
        kept: layers that stay as they are, by the names that :func:`most_moved` gives.
    """
    onnx = require("onnx", "train", "quantising")
    plain, layers, ranges = _calibrated(onnx, model, pixels)
    assert set(kept) <= set(layers), f"{model}: has no layers {sorted(set(kept) - set(layers))}"
    return _quantised(onnx, plain, ranges, set(layers) - set(kept))


def most_moved(model: Path, pixels: np.ndarray, count: int) -> list[str]:
    """The layers of a model file that move the embedding of these photographs most when they alone are quantised.

    Args:
        model: a model file in single precision.
        pixels: prepared photographs (N, height, width, 3).
        count: of the layers.
    """
    onnx = require("onnx", "train", "quantising")
    plain, layers, ranges = _calibrated(onnx, model, pixels)
    return _worst(onnx, plain, layers, ranges, pixels, "embedding", count)


def compare(before: Scorer, after: Scorer, pixels: np.ndarray) -> list[Moved]:
    """Scores of the same prepared pixels (N, height, width, 3) by two model files of the same tasks."""
    a, b = (_scores(scorer, pixels) for scorer in (before, after))
    found = []
    for index, task in enumerate(before.info.tasks):
        by = np.abs(a[:, index] - b[:, index])
        numbers = [rounded(float(value)) for value in (by.mean(), by.max(), srcc(a[:, index], b[:, index]))]
        found.append(Moved(task.name, len(by), *numbers))
    return found


def spaced(count: int, wanted: int) -> list[int]:
    """Evenly spaced ones of 0 to ``count``, at most ``wanted``."""
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).astype(int)).tolist()


def _split(count: int, calibration: int) -> tuple[list[int], list[int]]:
    chosen = spaced(count, min(calibration, count // 2))
    rest = np.setdiff1d(np.arange(count), chosen)
    return chosen, rest[spaced(len(rest), COMPARISON)].tolist()


def _pixels(scorer: Scorer, paths: Sequence[Path]) -> np.ndarray:
    """(N, height, width, 3) of those that can be read."""

    def prepare(path: Path) -> photo.Pixels | None:
        try:
            return scorer.pixels(photo.read(path, scorer.at_least))
        except PhotoError:
            return None

    with ThreadPoolExecutor() as pool:
        found = [pixels for pixels in pool.map(prepare, paths) if pixels is not None]
    return np.stack(found) if found else np.zeros((0, *scorer.info.size[::-1], 3), np.uint8)


def _scores(scorer: Scorer, pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([scorer.run(part, np.ones((len(part), 2), int)).values for part in _batches(pixels)])


def _batches(pixels: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(pixels), BATCH):
        yield pixels[start : start + BATCH]


def _describe(scorer: Scorer, calibrated: int, kept: list[str]) -> ModelInfo:
    info = scorer.info
    return replace(
        info,
        name=f"{info.name}-int8",
        description=f"{info.description}; in 8 bits (int8), its intervals and percentiles those of {scorer.id}",
        metrics=(),
        recipe={**info.recipe, "int8": {"of": scorer.id, "calibration": calibrated, "kept": len(kept)}},
    )


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
        raise BeholderError(f"{path}: is in 8 bits already")
    del model.opset_import[1:]  # the runtime notes all domains that it knows
    return model


@dataclass
class _Range:
    """What a tensor held: extremes by channel, (C,) each, and some rows (n, C) of its values."""

    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray

    def step(self) -> tuple[np.float32, np.uint8]:
        """Scale and zero point of least squared error."""
        low, high = min(float(self.low.min()), 0.0), max(float(self.high.max()), 0.0)
        end = max(-low, high, 1e-6)
        tried = []
        for clip in CLIPS * end:
            bottom, top = max(low, -clip), min(high, clip)
            scale = np.float32((top - bottom) / 255)
            zero = np.uint8(np.rint(-bottom / scale))
            error = float(np.square(_rounded_off(self.rows, scale, zero) - self.rows).mean())
            tried.append((error, scale, zero))
        _, scale, zero = min(tried, key=lambda each: each[0])
        return scale, zero


def _calibrated(onnx: Any, path: Path, pixels: np.ndarray) -> tuple[Any, list[str], dict[str, _Range]]:
    """The simplified graph of a model file, its layers that can be quantised, and what their tensors hold."""
    plain = _simplified(onnx, path)
    layers, tensors = _plan(onnx, plain.graph)
    return plain, layers, _ranges(onnx, plain, tensors, pixels)


def _worst(
    onnx: Any, model: Any, layers: Sequence[str], ranges: dict[str, _Range], pixels: np.ndarray, output: str, count: int
) -> list[str]:
    """The layers that move an output (N, D) most when they alone are quantised, ``count`` of them.

    By the mean square, where each of the D numbers is in units of its standard deviation among these photographs.
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
    moved = {
        layer: float(np.square((answer(_quantised(onnx, model, ranges, {layer})) - before) / spread).mean())
        for layer in layers
    }
    return sorted(layers, key=lambda layer: -moved[layer])[:count]


def _quantised(onnx: Any, model: Any, ranges: dict[str, _Range], layers: set[str]) -> Any:
    """A copy of the model with these layers quantised."""
    model, was = type(model)(), model
    model.CopyFrom(was)
    graph, arrays = model.graph, onnx.numpy_helper
    weighted = [node for node in graph.node if node.output[0] in layers]
    floats = _floats(onnx, graph)
    ranges = {name: ranges[name] for name in _rounded(graph, weighted)}
    weights = {node.input[1]: floats[node.input[1]] for node in weighted}
    _smooth(onnx, graph, weighted, ranges, weights, floats)
    steps = {name: found.step() for name, found in ranges.items()}
    for node in graph.node:
        if node.op_type == "MaxPool" and {node.input[0], node.output[0]} <= set(steps):
            steps[node.output[0]] = steps[node.input[0]]  # the largest of rounded values is one of them
    added: list[Any] = []  # constants

    def constants(name: str, **values: Any) -> list[str]:
        added.extend(arrays.from_array(np.asarray(each), f"{name}.{end}") for end, each in values.items())
        return [f"{name}.{end}" for end in values]

    def restored(name: str, integers: np.ndarray, scale: np.ndarray, axis: int) -> Any:
        inputs = constants(name, int=integers, scale=scale, zero=np.zeros(scale.shape, integers.dtype))
        return onnx.helper.make_node("DequantizeLinear", inputs, [f"{name}.rounded"], axis=axis)

    biases = _biases(graph, floats)
    stored = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[Any] = []
    for node in weighted:
        axis, weight = _output_axis(node), weights[node.input[1]]
        integers, scale, rounded_weight = _round_weight(weight, axis)
        drift = _drift(ranges[node.input[0]].rows, steps[node.input[0]], weight, rounded_weight, axis)
        nodes.append(restored(f"{node.output[0]}.weight", integers, scale, axis))
        node.input[1] = nodes[-1].output[0]
        bias = biases.get(node.output[0])
        if bias is not None and node.op_type == "MatMul":
            stored[bias].CopyFrom(arrays.from_array((floats[bias] + drift).astype(np.float32), bias))
        elif bias is not None:  # as fine as the products that it is added to
            scale = scale * steps[node.input[0]][0]
            integers = np.clip(np.rint((floats[bias] + drift) / scale), -(2**31), 2**31 - 1).astype(np.int32)
            nodes.append(restored(f"{node.output[0]}.bias", integers, scale, 0))
            node.input[2] = nodes[-1].output[0]
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in steps:
                node.input[place] = f"{name}.rounded"
    _drop_unused(graph)
    halve(onnx, model)
    for node in graph.node:
        nodes.append(node)
        for name in node.output:
            if name in steps:
                numbers = constants(name, scale=steps[name][0], zero=steps[name][1])
                pair = (
                    ("QuantizeLinear", name, f"{name}.uint8"),
                    ("DequantizeLinear", f"{name}.uint8", f"{name}.rounded"),
                )
                nodes.extend(onnx.helper.make_node(kind, [read, *numbers], [made]) for kind, read, made in pair)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(added)
    onnx.checker.check_model(model)
    return model


def _floats(onnx: Any, graph: Any) -> dict[str, np.ndarray]:
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}


def _round_weight(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integers from -STEPS to STEPS, the scale (C,) of each output channel, and what they stand for."""
    others = tuple(each for each in range(weight.ndim) if each != axis)
    largest = np.abs(weight).max(axis=others, keepdims=True)
    scale = np.maximum(largest, 1e-12).astype(np.float32) / np.float32(STEPS)
    integers = np.clip(np.rint(weight / scale), -STEPS, STEPS).astype(np.int8)
    return integers, scale.reshape(-1), integers * scale


def _plan(onnx: Any, graph: Any) -> tuple[list[str], list[str]]:
    """What can be quantised: layers, by the name of what they give, and the tensors that are rounded then."""
    floats = _floats(onnx, graph)
    convolutions = [node for node in graph.node if node.op_type == "Conv" and node.input[1] in floats]
    if len(convolutions) == 1:  # that of a vision transformer, which reads pixels; nothing that reads integers follows
        convolutions = []
    products = [
        node
        for node in graph.node
        if node.op_type in ("MatMul", "Gemm")
        and node.input[1] in floats
        and floats[node.input[1]].ndim == 2
        and floats[node.input[1]].size >= LARGE
    ]
    if not convolutions + products:
        raise BeholderError("there is nothing to quantise in this model: no convolutions, no large matrix")
    weighted = convolutions + products
    return [node.output[0] for node in weighted], _rounded(graph, weighted)


def _rounded(graph: Any, weighted: Sequence[Any]) -> list[str]:
    """Tensors: what these nodes read, what convolutions give (behind the activation, which rounding then does), and
    sums of such tensors."""
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


def _ranges(onnx: Any, model: Any, tensors: Sequence[str], pixels: np.ndarray) -> dict[str, _Range]:
    """What the tensors hold for these photographs."""
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
    parts: dict[str, list[_Range]] = {name: [] for name in tensors}
    for part in np.split(pixels, range(1, len(pixels))):
        for name, value in zip(tensors, session.run(list(tensors), {"image": part}), strict=True):
            rows = value.reshape(-1, value.shape[1 if value.ndim == 4 else -1])
            if value.ndim == 4:
                rows = np.moveaxis(value, 1, -1).reshape(-1, value.shape[1])
            kept = rng.integers(len(rows), size=max(1, SAMPLE // rows.shape[1]))
            parts[name].append(_Range(rows.min(axis=0), rows.max(axis=0), rows[kept]))
    return {
        name: _Range(
            np.min([each.low for each in found], axis=0),
            np.max([each.high for each in found], axis=0),
            np.concatenate([each.rows for each in found]),
        )
        for name, found in parts.items()
    }


def _smooth(
    onnx: Any,
    graph: Any,
    weighted: Sequence[Any],
    ranges: dict[str, _Range],
    weights: dict[str, np.ndarray],
    floats: dict[str, np.ndarray],
) -> None:
    """Moves what differs between channels from the activations into the weights, in place (SmoothQuant, eq. 4)."""
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
        ranges[norm.output[0]] = _Range(found.low / factor, found.high / factor, found.rows / factor)
        for name in norm.input[1:]:
            stored[name].CopyFrom(onnx.numpy_helper.from_array((floats[name] / factor).astype(np.float32), name))


def _biases(graph: Any, floats: dict[str, np.ndarray]) -> dict[str, str]:
    """Output of a convolution or product -> the constant, its own, that is added to each of its channels."""
    names = [name for node in graph.node for name in node.input]
    pairs = [(node.output[0], node.input[2]) for node in graph.node if node.op_type != "MatMul" and len(node.input) > 2]
    for node in graph.node:
        if node.op_type == "Add":
            pairs += [pair for pair in (tuple(node.input), tuple(node.input[::-1])) if names.count(pair[0]) == 1]
    return {
        value: bias for value, bias in pairs if bias in floats and floats[bias].ndim == 1 and names.count(bias) == 1
    }


def _drift(
    rows: np.ndarray, step: tuple[np.float32, np.uint8], weight: np.ndarray, rounded_weight: np.ndarray, axis: int
) -> np.ndarray:
    """(C,) what rounding takes from the mean of each output channel, to be added to the bias (Nagel et al. 2019, 4.2).

    Rounding does not err to one side alone, but values that are clipped and the few that are large do.
    """
    kernel = tuple(range(2, weight.ndim))
    sums = [np.moveaxis(each.sum(axis=kernel), axis, 0) for each in (weight, rounded_weight)]  # (outputs, inputs)
    means = [each.mean(axis=0) for each in (rows, _rounded_off(rows, *step))]
    groups = rows.shape[1] // sums[0].shape[1]
    # (outputs, inputs): of its group, which is all but in a grouped convolution
    read = [
        np.repeat(each.reshape(groups, -1), len(weight_sums) // groups, axis=0)
        for each, weight_sums in zip(means, sums, strict=True)
    ]
    return (sums[0] * read[0]).sum(axis=1) - (sums[1] * read[1]).sum(axis=1)


def _rounded_off(values: np.ndarray, scale: np.float32, zero: np.uint8) -> np.ndarray:
    return (np.clip(np.rint(values / scale) + zero, 0, 255) - zero) * scale


def _output_axis(node: Any) -> int:
    """Of the weight, along which its output channels lie."""
    if node.op_type == "Gemm":
        return 0 if any(each.name == "transB" and each.i for each in node.attribute) else 1
    return 0 if node.op_type == "Conv" else 1


def _drop_unused(graph: Any) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
