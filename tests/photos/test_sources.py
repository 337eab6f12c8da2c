"""What Python programs hand over as a photograph: each form has the pixels of the file, or one line."""

import array
import asyncio
import io
import mmap
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from PIL import Image

import beholder
from beholder.errors import PhotoError
from beholder.photos.read import read_photo
from helpers.factories import save_photo

PIXELS = np.random.default_rng(1).integers(0, 256, (6, 8, 3)).astype(np.uint8)
GREY = PIXELS[..., 0]
THREE = np.repeat(GREY[..., None], 3, axis=2)


def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG")
    return file.getvalue()


PNG = png()


class Upload:
    """As servers wrap a file that is sent to them: its read gives all of it."""

    def __init__(self) -> None:
        self.filename = "upload.png"

    def read(self) -> bytes:
        return PNG


class TextUpload(Upload):
    def read(self) -> Any:
        return "hello"


class AsynchronousUpload:
    """As an asynchronous server does."""

    def __init__(self) -> None:
        self.filename, self.file = "upload.png", io.BytesIO(PNG)

    async def read(self, size: int = -1) -> bytes:
        return PNG


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time and cannot seek."""

    def __init__(self) -> None:
        self._left = io.BytesIO(PNG)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._left.read(min(7, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


class Tensor:
    """An array of another library."""

    def __init__(self, values: np.ndarray) -> None:
        self._values, self.shape, self.dtype = values, values.shape, f"other.{values.dtype}"

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self._values

    def __iter__(self) -> Iterator["Tensor"]:
        return map(Tensor, self._values)


def written(make: Callable[[], Any], *, at_end: bool) -> Any:
    file = make()
    file.write(PNG)
    file.seek(0, io.SEEK_END if at_end else io.SEEK_SET)
    return file


def mapped(folder: Path) -> mmap.mmap:
    (folder / "m.png").write_bytes(PNG)
    with (folder / "m.png").open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def zipped(folder: Path) -> zipfile.ZipFile:
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        archive.writestr("in.png", PNG)
    return zipfile.ZipFile(folder / "z.zip")


FORMS: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda _: PNG,
    "bytearray": lambda _: bytearray(PNG),
    "memoryview": lambda _: memoryview(PNG),
    "part of a memoryview": lambda _: memoryview(b"head" + PNG)[4:],
    "array of bytes": lambda _: array.array("B", PNG),
    "encoded array": lambda _: np.frombuffer(PNG, np.uint8),
    "encoded tensor": lambda _: Tensor(np.frombuffer(PNG, np.uint8)),
    "BytesIO": lambda _: io.BytesIO(PNG),
    "BytesIO just written": lambda _: written(io.BytesIO, at_end=True),
    "temporary file": lambda _: written(tempfile.TemporaryFile, at_end=True),
    "named temporary file": lambda _: written(tempfile.NamedTemporaryFile, at_end=False),
    "spooled file": lambda _: written(tempfile.SpooledTemporaryFile, at_end=True),
    "buffered stream": lambda _: io.BufferedReader(Trickle()),
    "raw stream": lambda _: Trickle(),
    "mapped file": mapped,
    "member of an archive": lambda folder: zipped(folder).open("in.png"),
    "path in an archive": lambda folder: zipfile.Path(zipped(folder), "in.png"),
    "upload": lambda _: Upload(),
    "asynchronous upload": lambda _: AsynchronousUpload(),
    "row with bytes": lambda _: {"bytes": PNG, "path": "gone.png"},
    "row with an image": lambda _: {"label": 3, "image": Image.fromarray(PIXELS)},
    "row of a row": lambda _: {"image": {"bytes": PNG, "path": None}, "label": 3},
    "row of a shard": lambda _: {"__key__": "a", "png": PNG},
    "read already": lambda _: read_photo(PNG),
    "array": lambda _: PIXELS,
    "read-only array": lambda _: np.frombuffer(PIXELS.tobytes(), np.uint8).reshape(PIXELS.shape),
    "reversed array": lambda _: PIXELS[::-1, :, ::-1].copy()[::-1, :, ::-1],
    "column-major array": lambda _: np.asfortranarray(PIXELS),
    "opaque array": lambda _: np.dstack([PIXELS, np.full(GREY.shape, 255, np.uint8)]),
    "tensor": lambda _: Tensor(PIXELS),
    "floats": lambda _: PIXELS / 255,
    "half floats": lambda _: (PIXELS / 255).astype(np.float16),
    "big-endian floats": lambda _: (PIXELS / 255).astype(">f4"),
    "16 bits": lambda _: PIXELS.astype(np.uint16) * 257,
    "big-endian 16 bits": lambda _: (PIXELS.astype(np.uint16) * 257).astype(">u2"),
    "image": lambda _: Image.fromarray(PIXELS),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_pixels_of_the_file(form: str, tmp_path: Path, colour_model: Path) -> None:
    given = FORMS[form](tmp_path)
    np.testing.assert_array_equal(read_photo(given).pixels, PIXELS)
    scorer = beholder.load(colour_model)
    for one in (FORMS[form](tmp_path), [FORMS[form](tmp_path)], iter([FORMS[form](tmp_path)])):
        assert scorer.score(one) == scorer.score(PNG)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GREY, THREE),
        (GREY[..., None], THREE),
        (GREY > 99, (THREE > 99) * 255),
        (np.dstack([PIXELS, np.zeros_like(GREY)]), np.full_like(PIXELS, 255)),
    ],
    ids=["grey", "one channel", "bool", "transparent"],
)
def test_arrays_of_other_shapes(given: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(read_photo(given).pixels, expected)


@pytest.mark.parametrize("form", ["BytesIO", "BytesIO just written", "temporary file", "mapped file", "spooled file"])
def test_an_open_file_stays_open_and_where_it_was(form: str, tmp_path: Path) -> None:
    file = FORMS[form](tmp_path)
    before = file.tell()
    for _ in range(2):
        assert read_photo(file).width == 8
    assert not file.closed and file.tell() == before


@pytest.mark.parametrize(
    "many",
    [
        np.array(["1.jpg", "2.jpg"]),
        np.array([b"1.jpg", b"2.jpg"]),
        np.array([Path("1.jpg"), "2.jpg"], dtype=object),
        pandas.Series(["1.jpg", "2.jpg"], index=[7, 9]),
        pandas.DataFrame({"file": ["1.jpg", "2.jpg"]})["file"].astype("category"),
        ("1.jpg", "2.jpg"),
        {"1.jpg": 1, "2.jpg": 2}.keys(),
        (name for name in ("1.jpg", "2.jpg")),
    ],
    ids=["array", "array of bytes", "array of objects", "series", "categories", "tuple", "keys", "generator"],
)
def test_columns_of_paths_are_many(
    many: Any, colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        save_photo(f"{number}.jpg", number)
    scorer = beholder.load(colour_model)
    assert scorer.score(many) == scorer.score(["1.jpg", "2.jpg"])


@pytest.mark.parametrize("stack", [np.stack([PIXELS] * 2), Tensor(np.stack([PIXELS] * 2)), [Tensor(PIXELS)] * 2])
def test_four_dimensions_are_many(stack: Any, colour_model: Path) -> None:
    assert len(beholder.load(colour_model).score(stack)) == 2


class Failing(io.RawIOBase):
    """A file on a disk that has gone."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise OSError(5, "Input/output error\nwith more")


def closed() -> io.BytesIO:
    file = io.BytesIO(PNG)
    file.close()
    return file


def released() -> memoryview:
    view = memoryview(PNG)
    view.release()
    return view


class Awaited:
    async def read(self) -> bytes:
        return PNG


class OtherDevice(Tensor):
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError("can't convert cuda:0 device type tensor to numpy.")


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "text file": (lambda: io.StringIO("hello"), 'open as text; open it in binary mode, "rb"'),
    "photograph as text": (lambda: io.TextIOWrapper(io.BytesIO(PNG), "utf-8"), "open as text; open it in binary"),
    "temporary text": (lambda: tempfile.NamedTemporaryFile("w+"), "open as text; open it in binary"),  # noqa: SIM115
    "text of its own kind": (TextUpload, "upload.png: is open as text"),
    "closed file": (closed, "closed file"),
    "failing file": (Failing, "Input/output error with more"),
    "file to write": (lambda: io.FileIO("w.png", "w"), "w.png: cannot be read: "),
    "empty file": (io.BytesIO, "empty"),
    "awaited": (Awaited, "has to be awaited"),
    "released memory": (released, "<memoryview>: cannot be read"),
    "no picture in the row": (lambda: {"label": 3, "text": "x\ny"}, "<row>: has label, text, where bytes, path or"),
    "row of nothing": (lambda: {"bytes": None, "path": None}, "<row>: has bytes, path, where"),
    "base64": (lambda: "QUJD" * 9999, "a text of 39,996 characters"),
    "address": (lambda: "https://example.org/a.jpg", "is an address; download"),
    "folder": (Path.cwd, "is a folder, not a photograph"),
    "channels first": (lambda: PIXELS.transpose(2, 0, 1), "channels are first"),
    "tensor elsewhere": (lambda: OtherDevice(PIXELS), "cuda:0"),
    "table": (lambda: pandas.DataFrame({"path": ["a.jpg"], "n": [1]}), "of a table give the column"),
    "four numbers": (lambda: np.zeros(4), "of shape (4,)"),
    "five dimensions": (lambda: np.zeros((1, 1, 1, 9, 9), np.uint8), "of shape (1, 1, 1, 9, 9)"),
    "nothing": (lambda: None, "<NoneType>: None, where a path"),
    "number": (lambda: 3, "a number, 3, where a path"),
    "object": (object, "a object, where a path"),
    "function": (lambda: print, "where a path"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_one_line(
    kind: str, colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make, says = REFUSED[kind]
    scorer, good = beholder.load(colour_model), PIXELS
    for given, start in ((make(), ""), ([good, make()], "photograph at index 1: ")):
        with pytest.raises(PhotoError) as caught:
            scorer.score(given)
        message = str(caught.value)
        assert says in message and message.startswith(start) and message.isprintable() and len(message) < 400
    skipped = scorer.score([make(), good], on_error="skip")
    assert np.isnan(skipped.overall).tolist() == [True, False]


@pytest.mark.parametrize("given", [b"\xff\xd8" * 9999, [[PNG]], [(PNG, 3)], {"x": PNG}, [memoryview(PNG * 2)[1:]]])
def test_bytes_are_in_no_message(given: Any, colour_model: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        beholder.load(colour_model).score(given)
    assert len(str(caught.value)) < 300 and "\\x" not in str(caught.value)


def test_names_are_in_messages_and_tell_the_format(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello")
    with (tmp_path / "text.jpg").open("rb") as file, pytest.raises(PhotoError, match=r"text\.jpg: is not a photograph"):
        read_photo(file)
    with pytest.raises(PhotoError, match=r"^row\.jpg: is not a photograph"):
        read_photo({"bytes": b"hello", "path": "row.jpg"})


def test_an_error_of_the_list_itself_is_not_changed(colour_model: Path) -> None:
    def names() -> Iterator[bytes]:
        yield PNG
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        beholder.load(colour_model).score(names())


def test_an_asynchronous_upload_can_be_read_in_an_event_loop(colour_model: Path) -> None:
    async def score() -> int:
        return len(beholder.load(colour_model).score(AsynchronousUpload()))

    assert asyncio.run(score()) == 1


@pytest.mark.parametrize(
    "mode",
    [
        "1",
        *"LPFI",
        "RGB",
        "RGBA",
        "CMYK",
        "YCbCr",
        "LAB",
        "HSV",
        "LA",
        "PA",
        "RGBX",
        "RGBa",
        "La",
        "I;16",
        "I;16L",
        "I;16B",
    ],
)
def test_pillow_images_of_every_mode(mode: str) -> None:
    image = Image.new(mode, (8, 6))
    assert read_photo(image).pixels.shape == (6, 8, 3)
