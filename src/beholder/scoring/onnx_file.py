"""An ONNX file that is not trusted, read without a runtime: its metadata, and the inputs and outputs of its graph.

A file is a protobuf message. The parser below knows every field of onnx.proto, and accepts a file only if there is one
way to read it, so that ONNX Runtime reads the same: each number in its shortest form, each field once if it is there
once, and no field that it does not know. It refuses data kept outside the file, with which the runtime would read any
other file, and nesting that would exhaust the stack.

The seal is the last entry of the metadata: the sha256 of all bytes before it. It is a checksum, not a signature: it
tells of damage, such as a flipped bit, a missing end or something added, but whoever forges a file can seal it, too.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from beholder.errors import ModelError
from beholder.text import printable

MAX_DEPTH = 50  # of nested messages; a graph of a branch in a loop in a branch has 20
MAX_FIELDS = 3_000_000  # of a file, about three seconds; the embedded models have 12,000

# The messages of onnx.proto (IR version 14). After the number of a field stands what is in it: a varint (v), a float
# (f) or double (d), bytes or text (b), or another message. `*`: any number of times; numbers may then be packed.
_PROTO = """
Model: 1v 2b 3b 4b 5v 6b 7Graph 8Opset* 14Entry* 20Training* 25Function* 26Configuration*
Graph: 1Node* 2b 5Tensor* 10b 11Value* 12Value* 13Value* 14Annotation* 15Sparse* 16Entry*
Node: 1b* 2b* 3b 4b 5Attribute* 6b 7b 8b 9Entry* 10Device*
Attribute: 1b 2f 3v 4b 5Tensor 6Graph 7f* 8v* 9b* 10Tensor* 11Graph* 13b 14Type 15Type* 20v 21b 22Sparse 23Sparse*
Tensor: 1v* 2v 3Segment 4f* 5v* 6b* 7v* 8b 9b 10d* 11v* 12b 13Entry* 14v 16Entry*
Segment: 1v 2v
Sparse: 1Tensor 2Tensor 3v*
Value: 1b 2Type 3b 4Entry*
Type: 1TensorType 4Element 5Map 6b 7Opaque 8TensorType 9Element
TensorType: 1v 2Shape
Element: 1Type
Map: 1v 2Type
Opaque: 1b 2b
Shape: 1Dimension*
Dimension: 1v 2b 3b
Entry: 1b 2b
Opset: 1b 2v
Training: 1Graph 2Graph 3Entry* 4Entry*
Function: 1b 4b* 5b* 6b* 7Node* 8b 9Opset* 10b 11Attribute* 12Value* 13b 14Entry*
Annotation: 1b 2Entry*
Configuration: 1b 2v 3b*
Device: 1b 2Sharding* 3v
Sharding: 1b 2v* 3Integers* 4ShardedDimension*
Integers: 1v 2v*
ShardedDimension: 1v 2SimpleDimension*
SimpleDimension: 1v 2b 3v
"""
_EITHER = {"Type": {1, 4, 5, 7, 8, 9}, "Dimension": {1, 2}, "SimpleDimension": {1, 2}}  # one of these fields at most
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5  # how a value is written
_WIRES = {"v": _VARINT, "d": _EIGHT_BYTES, "f": _FOUR_BYTES}
_WIDTHS = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of a tensor


class _Field(NamedTuple):
    wires: tuple[int, ...]  # how it may be written
    message: str  # what is in it; empty if it is no message
    repeated: bool


def _field(kind: str, repeated: bool) -> _Field:
    wire = _WIRES.get(kind, _BYTES)
    return _Field((wire, _BYTES) if repeated else (wire,), kind if kind[0].isupper() else "", repeated)


_MESSAGES: Mapping[str, Mapping[int, _Field]] = {
    name: {int(number): _field(kind, star == "*") for number, kind, star in re.findall(r"(\d+)([A-Za-z]+)(\*?)", parts)}
    for name, parts in (line.split(": ") for line in _PROTO.split("\n") if line)
}

_SEAL_KEY = b"beholder.sha256"
_ENTRY = b"\x0a" + bytes([len(_SEAL_KEY)]) + _SEAL_KEY + b"\x12\x40"  # key, then 64 characters
_SEAL = b"\x72" + bytes([len(_ENTRY) + 64]) + _ENTRY
_SEAL_BYTES = len(_SEAL) + 64

_DAMAGED = "not a model file, or damaged; make or fetch it again"
_CUT = "not a model file, or cut short; make or fetch it again"


class TensorType(NamedTuple):
    """What a graph declares of an input or output that is a tensor.

    Attributes:
        element: number of the element type in onnx.proto: 1 is float32, 2 is uint8.
        shape: length of each dimension; None where it is not fixed.
    """

    element: int
    shape: tuple[int | None, ...]


class OnnxFile(NamedTuple):
    """What an ONNX file says of itself.

    Attributes:
        metadata: its entries, without the seal.
        inputs: of the graph, by name, without those that have a value in the file; None for what is no tensor.
        outputs: of the graph, by name.
        sealed: whether it ends with the sha256 of what is before it.
    """

    metadata: dict[str, str]
    inputs: dict[str, TensorType | None]
    outputs: dict[str, TensorType | None]
    sealed: bool


def sealed(content: bytes) -> bytes:
    """An ONNX file with the sha256 of its bytes as the last entry of its metadata."""
    return content + _SEAL + hashlib.sha256(content).hexdigest().encode()


def read_onnx(content: bytes) -> OnnxFile:
    """What an ONNX file says of itself, once all of it was checked.

    Raises:
        ModelError: the file is cut short, damaged, nested too deeply, keeps data outside itself, can be read in two
            ways, or has fields that are not in onnx.proto.
    """
    whole = memoryview(content)
    body, seal = whole[: max(0, len(whole) - _SEAL_BYTES)], bytes(whole[-_SEAL_BYTES:])
    is_sealed = seal.startswith(_SEAL)
    if is_sealed and hashlib.sha256(body).hexdigest().encode() != seal[len(_SEAL) :]:
        raise ModelError("is damaged: its content is not what its sha256 says; make or fetch it again")
    body = body if is_sealed else whole
    _check(body, "Model", 1, iter(range(MAX_FIELDS)))
    metadata: dict[str, str] = {}
    for entry in values_of(body, 14):
        key = text_of(entry, 1)
        if key in metadata:
            raise ModelError(f"not a model file: its metadata has two entries {printable(key[:50])!r}")
        metadata[key] = text_of(entry, 2)
    graph = _bytes(body, 7)
    filled = {text_of(tensor, 8) for tensor in values_of(graph, 5)}  # until 2018 each of them was an input, too
    inputs, outputs = (
        {text_of(value, 1): _tensor_type(value) for value in values_of(graph, number)} for number in (11, 12)
    )
    return OnnxFile(metadata, {name: inputs[name] for name in inputs if name not in filled}, outputs, is_sealed)


def _check(message: memoryview, kind: str, depth: int, budget: Iterator[int]) -> None:
    """Check that there is one way to read a message and all in it, and that nothing in it is outside the file."""
    if depth > MAX_DEPTH:
        raise ModelError("not a model file: its graphs are nested too deeply")
    seen: set[int] = set()
    for number, wire, value in fields(message):
        if next(budget, None) is None:
            raise ModelError(f"not a model file: it has more than {MAX_FIELDS:,} parts")
        field = _MESSAGES[kind].get(number)
        if field is None or wire not in field.wires or (number in seen and not field.repeated):
            raise ModelError(_DAMAGED)
        if kind == "Tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value)):
            raise ModelError("keeps data outside the file, which is not read; a beholder model is one file")
        seen.add(number)
        if field.message and isinstance(value, memoryview):
            _check(value, field.message, depth + 1, budget)
    if len(seen & _EITHER.get(kind, set())) > 1:
        raise ModelError(_DAMAGED)


def fields(message: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Number, way of writing and value of each field of a message."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, wire, value
            continue
        if wire == _BYTES:
            length, at = _varint(message, at)
        elif wire in _WIDTHS:
            length = _WIDTHS[wire]
        else:
            raise ModelError(_DAMAGED)
        if at + length > end:
            raise ModelError(_CUT)
        yield number, wire, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number at a place, at most 64 bits, and the place behind it. In its shortest form, or the file is refused."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ModelError(_CUT)
        byte = message[at]
        value, at = value | (byte & 127) << shift, at + 1
        if byte < 128:
            if value >> 64 or (shift and not byte):
                break
            return value, at
    raise ModelError(_DAMAGED)


def written(number: int, wire: int, value: int | bytes | memoryview) -> bytes:
    """A field as it stands in a message: number, way of writing and value as :func:`fields` gives them."""
    tag = _written_varint(number << 3 | wire)
    if isinstance(value, int):
        return tag + _written_varint(value)
    return tag + (_written_varint(len(value)) if wire == _BYTES else b"") + bytes(value)


def _written_varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def values_of(message: memoryview, number: int) -> Iterator[memoryview]:
    """What is in each field of this number, in a message that was checked."""
    return (value for found, _, value in fields(message) if found == number and isinstance(value, memoryview))


def _bytes(message: memoryview, number: int) -> memoryview:
    return next(values_of(message, number), memoryview(b""))


def text_of(message: memoryview, number: int) -> str:
    """What is in the first field of this number, empty if there is none. Raises ModelError where it is no text."""
    try:
        return bytes(_bytes(message, number)).decode()
    except UnicodeDecodeError:
        raise ModelError(_DAMAGED) from None


def _number(message: memoryview, number: int) -> int | None:
    return next((value for found, _, value in fields(message) if found == number and isinstance(value, int)), None)


def _tensor_type(value: memoryview) -> TensorType | None:
    tensor = next(values_of(_bytes(value, 2), 1), None)
    if tensor is None:
        return None
    shape = (_number(dimension, 1) for dimension in values_of(_bytes(tensor, 2), 1))
    return TensorType(_number(tensor, 1) or 0, tuple(shape))
