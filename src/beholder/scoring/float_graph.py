"""A graph in eight bits -> the same graph in single precision, for processors whose units for integers it does not fit.

A model file in eight bits has QuantizeLinear and DequantizeLinear around what is quantized (`training.quantize`):

- a value that is rounded to integers and back is rounded in single precision: divide, round to even, clip, multiply.
  Heads and biases were fitted to rounded values;
- constant weights and biases become the numbers that they stand for;
- a product (Gemm) of both is computed of whole numbers, and multiplied by the scales afterwards. Single precision adds
  whole numbers exactly up to 2^24, so the sums are those of integers, in any order. On a
  processor scores are those of the eight-bit graph to the last bit; inexact sums would tip a rounding here and there.

No integers are left in what is computed. What is not of this form, such as MatMulInteger in a file of another program,
stays, and the runtime computes it where it can.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beholder.scoring.onnx_file import fields, text_of, values_of, written

MIN_OPSET = 13  # from which what is read and written here means the same
FLOAT, UINT8, INT8, INT32 = 1, 2, 3, 6  # element types of onnx.proto
_TYPES: Mapping[int, np.dtype[Any]] = {
    FLOAT: np.dtype("<f4"),
    UINT8: np.dtype("u1"),
    INT8: np.dtype("i1"),
    INT32: np.dtype("<i4"),
}
_RANGES = {_TYPES[UINT8]: (0, 255), _TYPES[INT8]: (-128, 127)}
_RESTORE = "DequantizeLinear"
_ONE = np.float32(1).tobytes()
_WHOLE = ".whole"  # end of the name of whole numbers
_VARINT, _BYTES = 0, 2  # how a value is written in a message
_GRAPH, _OPSETS = 7, 8  # of a model
_NODES, _TENSORS, _INPUTS, _OUTPUTS = 1, 5, 11, 12  # of a graph


@dataclass(frozen=True)
class _Node:
    message: memoryview
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def float_graph(content: bytes) -> bytes:
    """The content of a model file whose graph computes in single precision; the same content if it does already.

    Args:
        content: of a file that :func:`beholder.scoring.onnx_file.read_onnx` has read.

    >>> from beholder.scoring.model_file import embedded_path
    >>> content = embedded_path("fast").read_bytes()
    >>> b"QuantizeLinear" in content, b"QuantizeLinear" in float_graph(content)
    (True, False)
    """
    model = list(fields(memoryview(content)))
    opsets = {text_of(value, 1): _number(value, 2) for _, value in _messages(model, _OPSETS)}
    graph = next((value for _, value in _messages(model, _GRAPH)), None)
    if graph is None or opsets.get("", 0) < MIN_OPSET:
        return content
    changed = _float_parts(graph)
    if changed is None:
        return content
    return b"".join(written(number, wire, changed if number == _GRAPH else value) for number, wire, value in model)


def _float_parts(graph: memoryview) -> bytes | None:
    """The message of the graph in single precision; None if nothing changes."""
    parts = list(fields(graph))
    nodes = [_node(value) for _, value in _messages(parts, _NODES)]
    tensors = {text_of(value, 8): value for _, value in _messages(parts, _TENSORS)}
    makers = {name: node for node in nodes for name in node.outputs}
    made: dict[str, list[bytes]] = {}  # output of a DequantizeLinear -> nodes in its place
    constants: list[bytes] = []
    outputs = {text_of(value, 1) for _, value in _messages(parts, _OUTPUTS)}
    products: dict[str, _Product] = {}
    read = set(makers)
    if not any(_has_graph(node.message) for node in nodes):  # which may read anything by its name
        pairs = [(node, _product(node, makers, tensors)) for node in nodes]
        products = {node.outputs[0]: product for node, product in pairs if product is not None}
        read = outputs | {name for node, product in pairs if product is None for name in node.inputs}
    for node in nodes:
        if len(node.outputs) != 1:
            continue
        name = node.outputs[0]
        if name in products:
            made[name] = products[name].nodes(node)
            constants += products[name].constants(name)
        if node.kind != _RESTORE:
            continue
        before = makers.get(node.inputs[0])
        if before is None:
            values = _restored(node, tensors)
            if values is not None:
                constants += [_tensor(name, values)] * (name in read)
                made[name] = []
        elif before.kind == "QuantizeLinear":
            ends = _ends(before, node, tensors)
            if ends is not None:
                names = [f"{name}.lowest", f"{name}.highest"]
                constants += [_tensor(end, value) for end, value in zip(names, ends, strict=True)]
                made[name] = list(_rounding(before.inputs[0], node.inputs[1], names, name, restored=name in read))
    if not made:
        return None
    kept, unread = _without_unread(nodes, tensors, made, outputs)
    found = [
        written(number, wire, value)
        for number, wire, value in parts
        if number != _NODES
        and not (number == _TENSORS and isinstance(value, memoryview) and text_of(value, 8) in unread)
    ]
    for node in kept:
        place = made.get(node.outputs[0]) if node.outputs else None
        found += [written(_NODES, _BYTES, each) for each in ([node.message] if place is None else place)]
    found += [written(_TENSORS, _BYTES, each) for each in constants]
    return b"".join(found)


def _without_unread(
    nodes: Sequence[_Node], tensors: Iterable[str], made: Mapping[str, list[bytes]], outputs: set[str]
) -> tuple[list[_Node], set[str]]:
    """The nodes without those that quantize for nobody now, and the names of the tensors that nobody reads."""
    if any(_has_graph(node.message) for node in nodes):
        return list(nodes), set()
    replaced = {id(node) for node in nodes if node.outputs and node.outputs[0] in made}
    read = {name for node in nodes if id(node) not in replaced for name in node.inputs} | outputs
    kept = [node for node in nodes if node.kind != "QuantizeLinear" or read & set(node.outputs)]
    read = {name for node in kept if id(node) not in replaced for name in node.inputs} | outputs
    scales = {node.inputs[1] for node in nodes if id(node) in replaced and made[node.outputs[0]]}
    return kept, set(tensors) - read - scales


def _restored(node: _Node, tensors: Mapping[str, memoryview], *, scaled: bool = True) -> np.ndarray | None:
    """The numbers that a constant stands for, or before they are scaled; None if that is not known."""
    integers, scale, *zeros = (_array(tensors.get(name)) for name in node.inputs)
    if integers is None or scale is None or scale.dtype != np.float32 or scale.ndim > 1:
        return None
    zero = zeros[0] if zeros else np.zeros(scale.shape, integers.dtype)
    if zero is None or zero.shape != scale.shape:
        return None
    shape = [1] * integers.ndim
    if scale.ndim:
        axis = _axis(node.message)
        if not -integers.ndim <= axis < integers.ndim or len(scale) != integers.shape[axis]:
            return None
        shape[axis] = len(scale)
    whole = (integers.astype(np.int64) - zero.reshape(shape)).astype(np.float32)
    return whole * scale.reshape(shape) if scaled else whole


def _ends(before: _Node, after: _Node, tensors: Mapping[str, memoryview]) -> tuple[np.ndarray, np.ndarray] | None:
    """The lowest and highest integer between two nodes, counted from zero; None if they do not round a value so."""
    if before.inputs[1:] != after.inputs[1:] or len(before.inputs) != 3:
        return None
    scale, zero = (_array(tensors.get(name)) for name in before.inputs[1:])
    if scale is None or zero is None or scale.dtype != np.float32 or scale.shape or zero.shape:
        return None
    if zero.dtype not in _RANGES:
        return None
    lowest, highest = (np.array(end - int(zero), np.float32) for end in _RANGES[zero.dtype])
    return lowest, highest


def _rounding(value: str, scale: str, ends: Sequence[str], name: str, *, restored: bool) -> Iterator[bytes]:
    yield _new_node("Div", (value, scale), f"{name}.divided")
    yield _new_node("Round", (f"{name}.divided",), f"{name}.rounded")
    yield _new_node("Clip", (f"{name}.rounded", *ends), f"{name}{_WHOLE}")
    if restored:
        yield _new_node("Mul", (f"{name}{_WHOLE}", scale), name)


@dataclass(frozen=True)
class _Product:
    """A Gemm of whole numbers: its weights, biases (or None) and what the sums of each channel are multiplied by."""

    weights: np.ndarray
    biases: np.ndarray | None
    scale: np.ndarray

    def nodes(self, node: _Node) -> list[bytes]:
        output = node.outputs[0]
        inputs = [
            f"{node.inputs[0]}{_WHOLE}",
            f"{output}.weights",
            *([] if self.biases is None else [f"{output}.biases"]),
        ]
        kept = b"".join(written(*each) for each in fields(node.message) if each[0] not in (1, 2))
        names = b"".join(written(1, _BYTES, name.encode()) for name in inputs)
        product = names + written(2, _BYTES, f"{output}.sums".encode()) + kept
        return [product, _new_node("Mul", (f"{output}.sums", f"{output}.scale"), output)]

    def constants(self, output: str) -> list[bytes]:
        numbers = {"weights": self.weights, "biases": self.biases, "scale": self.scale}
        return [_tensor(f"{output}.{name}", value) for name, value in numbers.items() if value is not None]


def _product(node: _Node, makers: Mapping[str, _Node], tensors: Mapping[str, memoryview]) -> _Product | None:
    """How a node is computed of whole numbers; None if it is not of that form."""
    if node.kind != "Gemm" or len(node.outputs) != 1:
        return None
    given = [found for name in node.inputs if (found := makers.get(name)) is not None and found.kind == _RESTORE]
    settings = {text_of(each, 1): each for each in values_of(node.message, 5)}
    ones = all(bytes(next(values_of(settings[name], 2), b"")) == _ONE for name in ("alpha", "beta") if name in settings)
    if not len(given) == len(node.inputs) >= 2 or not ones or ("transA" in settings and _number(settings["transA"], 3)):
        return None
    before = makers.get(given[0].inputs[0])
    if before is None or before.kind != "QuantizeLinear" or _ends(before, given[0], tensors) is None:
        return None
    step, scale, *others = (_array(tensors.get(each.inputs[1])) for each in given)
    weights, *biases = (_restored(each, tensors, scaled=False) for each in given[1:])
    if step is None or scale is None or weights is None or weights.ndim != 2:
        return None
    channels = 0 if "transB" in settings and _number(settings["transB"], 3) else 1
    scale = (scale * step).astype(np.float32)
    fits = not scale.ndim or _axis(given[1].message) % 2 == channels
    for bias, its_scale in zip(biases, others, strict=True):
        fits = fits and bias is not None and its_scale is not None and np.array_equal(its_scale, scale)
    return _Product(weights, biases[0] if biases else None, scale) if fits else None


def _new_node(kind: str, inputs: Sequence[str], output: str) -> bytes:
    texts = [*((1, name) for name in inputs), (2, output), (4, kind)]
    return b"".join(written(number, _BYTES, text.encode()) for number, text in texts)


def _tensor(name: str, values: np.ndarray) -> bytes:
    shape = b"".join(written(1, _VARINT, length) for length in values.shape)
    numbers = values.astype("<f4").tobytes()
    return b"".join((shape, written(2, _VARINT, FLOAT), written(8, _BYTES, name.encode()), written(9, _BYTES, numbers)))


def _array(tensor: memoryview | None) -> np.ndarray | None:
    """The numbers of a tensor whose bytes are as in memory; None for another one, or none."""
    if tensor is None:
        return None
    shape = [value for number, _, value in fields(tensor) if number == 1]
    kind = _TYPES.get(_number(tensor, 2))
    raw = next(values_of(tensor, 9), None)
    lengths = [each for each in shape if isinstance(each, int)]
    if kind is None or raw is None or len(lengths) != len(shape):
        return None
    count = 1
    for length in lengths:
        count *= length
    return np.frombuffer(raw, kind).reshape(lengths) if count * kind.itemsize == len(raw) else None


def _node(message: memoryview) -> _Node:
    inputs, outputs = (
        tuple(bytes(value).decode(errors="replace") for value in values_of(message, number)) for number in (1, 2)
    )
    kind = text_of(message, 4) if not next(values_of(message, 7), b"") else ""  # of ONNX itself
    return _Node(message, kind, inputs, outputs)


def _axis(message: memoryview) -> int:
    axis = next((_number(each, 3) for each in values_of(message, 5) if text_of(each, 1) == "axis"), 1)
    return axis - 2**64 if axis >> 63 else axis


def _has_graph(message: memoryview) -> bool:
    return any(
        next(values_of(attribute, number), None) is not None
        for attribute in values_of(message, 5)
        for number in (6, 11)
    )


def _number(message: memoryview, number: int) -> int:
    return next((value for found, _, value in fields(message) if found == number and isinstance(value, int)), 0)


def _messages(parts: Iterable[tuple[int, int, int | memoryview]], number: int) -> Iterator[tuple[int, memoryview]]:
    return (
        (place, value)
        for place, (found, _, value) in enumerate(parts)
        if found == number and isinstance(value, memoryview)
    )
