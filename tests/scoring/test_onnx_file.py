"""What an ONNX file says of itself, found without onnx; one way to read it; the seal that tells of any damage."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import onnx
import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from beholder.errors import ModelError
from beholder.scoring import onnx_file
from beholder.scoring.model_file import EMBEDDED, default_path, embedded_path, read_model
from beholder.scoring.onnx_file import TensorType, read_onnx, sealed

SEAL = len(sealed(b""))  # bytes


@pytest.mark.parametrize("which", ["made", "embedded"])
def test_what_it_says_is_what_onnx_finds(which: str, colour_model: Path) -> None:
    content = (colour_model if which == "made" else default_path()).read_bytes()
    expected = onnx.load_model_from_string(content)
    for each, has_seal in ((content[:-SEAL], False), (content, True)):
        found = read_onnx(each)
        assert found.metadata == {entry.key: entry.value for entry in expected.metadata_props[:-1]}
        assert (list(found.metadata), found.sealed) == (["beholder"], has_seal)
        assert found.inputs == declared(expected.graph.input) == {"image": TensorType(2, (None, None, None, 3))}
        assert found.outputs == declared(expected.graph.output)


def declared(values: list[onnx.ValueInfoProto]) -> dict[str, TensorType | None]:
    found: dict[str, TensorType | None] = {}
    for value in values:
        tensor = value.type.tensor_type
        shape = (each.dim_value if each.HasField("dim_value") else None for each in tensor.shape.dim)
        found[value.name] = TensorType(tensor.elem_type, tuple(shape)) if value.type.HasField("tensor_type") else None
    return found


def test_the_messages_are_those_of_onnx() -> None:
    """Every field of every message, how it is written, and whether it may be repeated."""
    names: dict[str, str] = {}

    def compare(name: str, descriptor: Descriptor) -> None:
        if name in names:
            return
        names[name] = descriptor.full_name
        known = onnx_file._MESSAGES[name]
        assert known.keys() == {field.number for field in descriptor.fields}, name
        for field in descriptor.fields:
            mine = known[field.number]
            assert mine.repeated == field.is_repeated, (name, field.name)
            assert bool(mine.message) == (field.message_type is not None), (name, field.name)
            wires = {field.TYPE_FLOAT: 5, field.TYPE_DOUBLE: 1, field.TYPE_STRING: 2, field.TYPE_BYTES: 2}
            assert mine.wires[0] == (2 if mine.message else wires.get(field.type, 0)), (name, field.name)
            if field.message_type:
                compare(mine.message, field.message_type)
        either = [{field.number for field in group.fields} for group in descriptor.oneofs]
        assert either == [onnx_file._EITHER[name]] if name in onnx_file._EITHER else not either

    compare("Model", onnx.ModelProto.DESCRIPTOR)
    assert names.keys() == onnx_file._MESSAGES.keys()


# Ways to write a message that readers take for different things


def varint(value: int, longer: int = 0) -> bytes:
    """A number as protobuf writes it, or in so many bytes more than it needs."""
    parts = []
    while value > 127 or longer:
        longer -= value <= 127
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, content: bytes = b"", wire: int = 2) -> bytes:
    return varint(number << 3 | wire) + varint(len(content)) + content if wire == 2 else varint(number << 3 | wire)


NOT_CANONICAL = {  # appended to a model
    "a tag beyond 32 bits": b"\xf0\x80\x80\x80\x10\x01",
    "a tag beyond 64 bits": b"\xf0" + b"\x80" * 9 + b"\x01\x01",
    "a long tag": varint(5 << 3, longer=1) + b"\x01",
    "a long number": field(5, wire=0) + varint(1, longer=2),
    "a number beyond 64 bits": field(5, wire=0) + b"\xff" * 9 + b"\x02",
    "a number without end": field(5, wire=0) + b"\xff" * 10,
    "a long length": varint(2 << 3 | 2) + varint(1, longer=1) + b"x",
    "a length beyond the file": varint(6 << 3 | 2) + varint(9) + b"x",
    "a length beyond 64 bits": varint(6 << 3 | 2) + b"\xff" * 9 + b"\x7f",
    "field 0": b"\x02\x00",
    "a group": field(9, wire=3) + field(9, wire=4),
    "the end of a group": field(9, wire=4),
    "wire 6": field(9, wire=6),
    "wire 7": field(9, wire=7),
    "two graphs": field(7, field(2, b"other")),
    "a number twice": 2 * (field(5, wire=0) + b"\x01"),
    "a graph that is a number": field(7, wire=0) + b"\x01",
    "a number that is bytes": field(5, b"x"),
    "metadata in four bytes": field(14, wire=5) + b"beho",
    "a field that onnx has not": field(15, b"x"),
    "a key twice in an entry": field(14, field(1, b"a") + field(1, b"b") + field(2, b"c")),
    "an entry twice": 2 * field(14, field(1, b"a") + field(2, b"c")),
    "an entry that is no text": field(14, field(1, b"a") + field(2, b"\xff")),
    "a function of two kinds": field(25, field(12, field(2, field(1) + field(4)))),
    "a tensor twice in an attribute": field(25, field(11, 2 * field(5, field(8, b"t")))),
    "a tensor's place twice": field(25, field(11, field(5, 2 * (field(14, wire=0) + b"\x00")))),
}


@pytest.mark.parametrize("kind", NOT_CANONICAL)
def test_what_can_be_read_in_two_ways_is_refused(kind: str, colour_model: Path) -> None:
    body = colour_model.read_bytes()[:-SEAL]
    assert read_onnx(sealed(body)).sealed
    with pytest.raises(ModelError, match=r"damaged|cut short|two entries"):
        read_onnx(sealed(body + NOT_CANONICAL[kind]))


def external(**fields: object) -> onnx.TensorProto:
    return onnx.TensorProto(name="t", dims=[3], data_type=1, **fields)


ENTRIES = [onnx.StringStringEntryProto(key="location", value="/etc/passwd")]
OUTSIDE = {"both": external(external_data=ENTRIES, data_location=1), "no flag": external(external_data=ENTRIES)}
OUTSIDE["only the flag"] = external(data_location=1)


def everywhere(tensor: onnx.TensorProto) -> Iterator[onnx.ModelProto]:
    """A tensor in every place where a message of onnx.proto can have one, found by its descriptor."""

    def places(kind: Descriptor, above: tuple[str, ...]) -> Iterator[Callable[[Message], None]]:
        for each in kind.fields:
            if each.message_type is None or above.count(kind.full_name) > 2:
                continue

            def put(message: Message, inner: Message, each=each) -> None:  # type: ignore[no-untyped-def]
                if each.is_repeated:
                    getattr(message, each.name).append(inner)
                else:
                    getattr(message, each.name).CopyFrom(inner)

            if each.message_type.full_name == "onnx.TensorProto":
                yield lambda message, put=put: put(message, tensor)  # type: ignore[misc]
            else:
                for deeper in places(each.message_type, (*above, kind.full_name)):

                    def nest(message: Message, each=each, put=put, deeper=deeper) -> None:  # type: ignore[no-untyped-def]
                        inner = getattr(onnx, each.message_type.name)()
                        deeper(inner)
                        put(message, inner)

                    yield nest

    for place in places(onnx.ModelProto.DESCRIPTOR, ()):
        model = onnx.ModelProto()
        place(model)
        yield model


@pytest.mark.parametrize("kind", OUTSIDE)
def test_data_outside_the_file_is_found_everywhere(kind: str) -> None:
    models = list(everywhere(OUTSIDE[kind]))
    assert len(models) > 100
    for model in models[:2000]:
        with pytest.raises(ModelError, match="outside the file"):
            read_onnx(model.SerializeToString())
    assert read_onnx(next(everywhere(external(data_location=0))).SerializeToString())  # as onnx leaves it


def test_more_parts_than_a_model_has(monkeypatch: pytest.MonkeyPatch) -> None:
    content = 50 * field(20)
    read_onnx(content)
    monkeypatch.setattr(onnx_file, "MAX_FIELDS", 49)
    with pytest.raises(ModelError, match="more than 49 parts"):
        read_onnx(content)


# Against the reader of the onnx package


def mutations(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    random = Random(seed)
    odd = [*NOT_CANONICAL.values(), OUTSIDE["both"].SerializeToString(), b"\x70\x01", b"\x6a\x02\x0a\x00"]
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(random.choice((1, 1, 2, 3))):
            at = random.randrange(len(changed))
            match random.randrange(5):
                case 0:
                    changed[at] ^= 1 << random.randrange(8)
                case 1:
                    changed[at] = random.choice((0, 1, 0x70, 0x6A, 0x7F, 0x80, 0xF0, 0xFF))
                case 2:
                    changed[at:at] = random.choice(odd)
                case 3:
                    del changed[at : at + random.randrange(1, 9)]
                case 4:
                    end = at + random.randrange(1, 40)
                    changed[at:at] = changed[at:end]
        yield bytes(changed)


def tensors_outside(message: Message) -> bool:
    if isinstance(message, onnx.TensorProto) and (message.external_data or message.data_location):
        return True
    return any(
        tensors_outside(inner)
        for found, value in message.ListFields()
        if found.message_type
        for inner in (value if found.is_repeated else [value])
    )


@pytest.mark.parametrize(
    ("count", "seed"), [(3000, 0), pytest.param(100_000, 1, marks=pytest.mark.slow)], ids=["some", "many"]
)
def test_both_readers_find_the_same_in_damaged_files(count: int, seed: int) -> None:
    tensor = onnx.numpy_helper.from_array(np.arange(3, dtype=np.float32), "t")
    node = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
    outputs = [onnx.helper.make_tensor_value_info("c", 1, ["n", 3])]
    graph = onnx.helper.make_graph([node], "g", [], outputs, [tensor])
    graph.sparse_initializer.add(values=tensor, indices=tensor, dims=[3])
    model = onnx.helper.make_model(graph)
    onnx.helper.set_model_props(model, {"beholder": "{}"})
    content, accepted = model.SerializeToString(), 0
    assert not tensors_outside(model) and read_onnx(content).outputs == {"c": TensorType(1, (None, 3))}
    for changed in mutations(content, count, seed):
        try:
            found = read_onnx(changed)
        except ModelError as error:
            assert str(error).isprintable()
            continue
        accepted += 1
        try:
            seen = onnx.load_model_from_string(changed)
        except DecodeError:  # a text that is not UTF-8, which other readers of protobuf take
            continue
        assert not tensors_outside(seen)
        assert found.metadata == {entry.key: entry.value for entry in seen.metadata_props}
        assert found.outputs == declared(seen.graph.output)
    assert count / 100 < accepted < count / 2


# The seal


def test_a_sealed_file_is_the_same_model(colour_model: Path) -> None:
    content = colour_model.read_bytes()
    seen = onnx.load_model_from_string(content)
    assert seen.metadata_props.pop().key == "beholder.sha256"
    assert seen == onnx.load_model_from_string(content[:-SEAL])


def refused(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    try:
        read_model(path)
    except ModelError:
        return True
    return False


def test_every_flipped_bit_missing_end_and_addition_is_told(colour_model: Path, tmp_path: Path) -> None:
    whole, path = colour_model.read_bytes(), tmp_path / "m.onnx"
    assert not refused(path, whole)
    seal = range(len(whole) - SEAL - 10, len(whole))
    for at, bit in [*product(seal, range(8)), *((at, at % 8) for at in range(0, len(whole), 31))]:
        flipped = bytearray(whole)
        flipped[at] ^= 1 << bit
        assert refused(path, bytes(flipped)), (at, bit)
    assert all(refused(path, whole[:end]) for end in [*seal, *range(0, len(whole), 31)])
    for added in (b"\0", b"\x70\x01", field(20), whole[-SEAL:], whole, field(14, field(1, b"a") + field(2, b"b"))):
        assert refused(path, whole + added), added


@pytest.mark.slow
@pytest.mark.parametrize("name", EMBEDDED)
def test_damage_of_an_embedded_model_is_told(name: str) -> None:
    whole, random = embedded_path(name).read_bytes(), Random(0)
    places = [*range(len(whole) - 200, len(whole)), *(random.randrange(len(whole)) for _ in range(100))]
    assert read_onnx(whole).sealed
    for number, at in enumerate(places):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << number % 8
        for damaged in (bytes(flipped), whole[:at]):
            with suppress(ModelError):
                assert not read_onnx(damaged).sealed, at
