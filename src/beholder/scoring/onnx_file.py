"""Checks on an ONNX file that is not trusted: its metadata, and whether it is safe to open in a runtime.

A file is a protobuf message. The parser below reads only the fields it needs, without the `onnx` package. It refuses
data kept outside the file, which could make the runtime read any file; nesting that would exhaust the stack; and
content that differs from what was sealed.

The seal is the last entry of the metadata: the sha256 of all bytes before it. It detects damage, for example a flipped
bit. It is not a signature, and files without a seal are opened all the same.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from beholder.errors import ModelError

MAX_DEPTH = 50  # of nested messages; a graph of a branch in a loop in a branch has 20

# Field number in onnx.proto -> the message in that field; other fields are skipped.
_GRAPH, _NODE, _ATTRIBUTE, _TENSOR, _SPARSE, _FUNCTION, _TRAINING = range(7)
_MODEL_FIELDS = {7: _GRAPH, 20: _TRAINING, 25: _FUNCTION}
_FIELDS: Mapping[int, Mapping[int, int]] = {
    _GRAPH: {1: _NODE, 5: _TENSOR, 15: _SPARSE},
    _NODE: {5: _ATTRIBUTE},
    _ATTRIBUTE: {5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE},
    _TENSOR: {},
    _SPARSE: {1: _TENSOR, 2: _TENSOR},
    _FUNCTION: {7: _NODE, 11: _ATTRIBUTE},
    _TRAINING: {1: _GRAPH, 2: _GRAPH},
}
_METADATA, _DATA_LOCATION = 14, 14  # of a model, of a tensor

_SEAL_KEY = b"beholder.sha256"
_ENTRY = b"\x0a" + bytes([len(_SEAL_KEY)]) + _SEAL_KEY + b"\x12\x40"  # key, then 64 characters
_SEAL = b"\x72" + bytes([len(_ENTRY) + 64]) + _ENTRY


def sealed(content: bytes) -> bytes:
    """An ONNX file with the sha256 of its bytes as the last entry of its metadata."""
    return content + _SEAL + hashlib.sha256(content).hexdigest().encode()


def read_metadata(content: bytes) -> dict[str, str]:
    """The entries of an ONNX file's metadata.

    Raises:
        ModelError: the file is cut short, damaged, nested too deeply, or keeps data outside itself.
    """
    body, seal = content[: -len(_SEAL) - 64], content[-len(_SEAL) - 64 :]
    if seal.startswith(_SEAL) and hashlib.sha256(body).hexdigest().encode() != seal[len(_SEAL) :]:
        raise ModelError("is damaged: its content is not what its sha256 says; make or fetch it again")
    found: dict[str, str] = {}
    for number, value in _fields(memoryview(content)):
        if number in _MODEL_FIELDS:
            _check_message(value, _MODEL_FIELDS[number], 1)
        elif number == _METADATA:
            entry = dict(_fields(value))
            try:
                found[bytes(entry[1]).decode()] = bytes(entry[2]).decode()
            except (KeyError, TypeError, UnicodeDecodeError):
                raise ModelError("not a model file, or damaged; make or fetch it again") from None
    return found


def _check_message(message: Any, kind: int, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ModelError("not a model file: its graphs are nested too deeply")
    for number, value in _fields(message):
        if kind == _TENSOR and number == _DATA_LOCATION and value:
            raise ModelError("keeps data outside the file, which is not read; a beholder model is one file")
        if number in _FIELDS[kind]:
            _check_message(value, _FIELDS[kind][number], depth + 1)


def _fields(message: Any) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a protobuf message: an integer or bytes."""
    if not isinstance(message, memoryview):
        raise ModelError("not a model file, or damaged; make or fetch it again")
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(message, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ModelError("not a model file, or damaged; make or fetch it again")
        if at + length > len(message):
            raise ModelError("not a model file, or cut short; make or fetch it again")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        value, at = value | (byte & 127) << shift, at + 1
        if byte < 128:
            return value, at
    raise ModelError("not a model file, or cut short; make or fetch it again")
