"""What Python programs hand over as a photograph -> a path, the content of a file, a Pillow image or an array.

Open files, buffers, rows and arrays of data set libraries all come down to one of these four. Nothing here names a
library: what counts is which methods a thing has.
"""

from __future__ import annotations

import inspect
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from beholder.errors import PhotoError
from beholder.text import one_line, printable

MAX_FILE_BYTES = 2 * 1024**3
_CHUNK = 2**20  # bytes that are read of an open file at a time
_LONGEST_PATH = 4096  # characters; what is longer is no path, but a text that holds a picture, such as base64
_PICTURE_KEYS = ("image", "img", "photo", "picture", "jpg", "jpeg", "png", "webp")  # of a row of a data set


class OpenFile(Protocol):
    """A file that is open for reading in binary mode, or anything that reads as one."""

    def read(self, size: int = ..., /) -> bytes: ...


Pixels: TypeAlias = npt.NDArray[np.uint8]
Plain: TypeAlias = str | os.PathLike[str] | bytes | Image.Image | npt.NDArray[Any]
Source: TypeAlias = Plain | bytearray | memoryview | OpenFile | Mapping[str, Any]
_AS_TEXT = '{}: is open as text; open it in binary mode, "rb"'
_EXPECTED_ARRAY = "uint8 of shape (H, W, 3), (H, W) or (H, W, 4)"
_EXPECTED = "where a path, the bytes of a file, an open file, a Pillow image or an array is expected"


def is_one(given: object) -> bool:
    """Whether this is one photograph, or at least not many: no list, generator, column of paths or stack of arrays.

    >>> is_one("a.jpg"), is_one(["a.jpg"]), is_one(np.zeros((9, 9, 3))), is_one(np.zeros((2, 9, 9, 3)))
    (True, False, True, False)
    """
    if isinstance(given, str | os.PathLike | Image.Image | Mapping) or _is_open_file(given):
        return True
    dimensions = _dimensions(given)
    if dimensions is not None:
        return dimensions != 4 and (dimensions != 1 or _has_numbers(given))
    return _is_buffer(given) or not isinstance(given, Iterable)


def each_of(many: Iterable[Any]) -> Iterator[Any]:
    """The photographs of a list, a column of paths or a stack of arrays."""
    for each in many:
        yield os.fsdecode(each) if isinstance(each, np.bytes_) else each  # of an array of paths; never a file's content


def name_of(given: object) -> str | None:
    """The name of a photograph, for messages and for its suffix; None where it has none."""
    if isinstance(given, Mapping):
        given = given.get("path")
    elif _is_open_file(given):
        given = getattr(given, "name", None) or getattr(given, "filename", None)
    if isinstance(given, str | os.PathLike) and len(name := os.fsdecode(given)) <= _LONGEST_PATH:
        return printable(name)
    return None


def plain(given: object) -> Plain:
    """One of the four forms that :func:`beholder.read_photo` reads.

    An open file is read from its start, or from where it is if it cannot seek. It stays open, and is afterwards where
    it was before. An array becomes uint8: of bool, of uint16 (white is 65535) or of floats (white is 1).

    Raises:
        PhotoError: it is none of what is expected. The message says what it is, and never has its content.

    >>> import io
    >>> plain(io.BytesIO(b"a file")), plain(bytearray(b"a file")), plain(np.ones((1, 1))).tolist()
    (b'a file', b'a file', [[255]])
    """
    if isinstance(given, str):
        return _checked_path(given)
    if isinstance(given, bytes | os.PathLike | Image.Image):
        return given
    if isinstance(given, Mapping):
        return plain(_of_row(given))
    dimensions = _dimensions(given)
    return _content(given) if dimensions is None else _array(given, dimensions)


def _checked_path(path: str) -> str:
    if len(path) > _LONGEST_PATH:
        raise PhotoError(
            f"<text>: a text of {len(path):,} characters, {_EXPECTED}; if it is base64, give base64.b64decode(text)"
        )
    if path.startswith(("http://", "https://")) and not os.path.exists(path):
        raise PhotoError(f"{printable(path)}: is an address; download the photograph and give its bytes or its file")
    return path


def _of_row(row: Mapping[Any, Any]) -> Any:
    """The photograph in a row: ``bytes``, else the file at ``path``, else the column that is called a picture."""
    for key in ("bytes", "path", *_PICTURE_KEYS):
        if row.get(key) is not None:
            return row[key]
    keys = printable(", ".join(map(str, list(row)[:8])))[:200]
    raise PhotoError(f"<row>: has {keys or 'nothing'}, where bytes, path or image is expected; give that column")


def _is_open_file(given: object) -> bool:
    return not isinstance(given, Image.Image | type) and callable(getattr(given, "read", None))


def _content(given: Any) -> bytes:
    """What an open file, a buffer, or a path inside an archive or a package holds."""
    if _is_open_file(given):
        return _content_of_file(given)
    with _reading(f"<{type(given).__name__}>"):
        if _is_buffer(given):
            return memoryview(given).tobytes()
        if callable(getattr(given, "read_bytes", None)):
            return bytes(given.read_bytes())
    raise PhotoError(f"<{type(given).__name__}>: {_described(given)}, {_EXPECTED}")


def _content_of_file(file: Any) -> bytes:
    """From its start; the file stays open and where it was."""
    label = name_of(file) or "<file>"
    if isinstance(file, io.TextIOBase) or isinstance(getattr(file, "file", None), io.TextIOBase):
        raise PhotoError(_AS_TEXT.format(label))
    with _reading(label):
        if not _reads_bytes(file):
            inner = getattr(file, "file", None)  # an upload of an asynchronous server has the file in it
            if not _reads_bytes(inner):
                raise PhotoError(f"{label}: its read() has to be awaited; give what it returns")
            file = inner
        before = None
        with suppress(AttributeError, OSError):  # a pipe or a socket is read from where it is
            before = file.tell()
            file.seek(0)
        try:
            return _read_all(file, label)
        finally:
            if before is not None:
                with suppress(AttributeError, OSError, ValueError):
                    file.seek(before)


def _reads_bytes(file: object) -> bool:
    read = getattr(file, "read", None)
    return callable(read) and not inspect.iscoroutinefunction(read)


def _read_all(file: Any, label: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= MAX_FILE_BYTES:
        try:
            part = file.read(_CHUNK)
        except TypeError:  # its read() takes no size, and gives all
            return _checked_bytes(file.read(), label)
        if not part and part is not None:
            return b"".join(parts)
        parts.append(_checked_bytes(part, label))
        size += len(part)
    raise PhotoError(f"{label}: has more than the {MAX_FILE_BYTES:,} bytes that are read")


def _checked_bytes(part: Any, label: str) -> bytes:
    if isinstance(part, str):
        raise PhotoError(_AS_TEXT.format(label))
    if part is None:
        raise PhotoError(f"{label}: has nothing to read yet")
    if not isinstance(part, bytes | bytearray | memoryview):
        raise PhotoError(f"{label}: its read() gives {_described(part)}, where bytes are expected")
    return bytes(part)


@contextmanager
def _reading(label: str) -> Iterator[None]:
    """Whatever reading raises, as a PhotoError of one line."""
    try:
        yield
    except PhotoError:
        raise
    except Exception as error:
        raise PhotoError(f"{label}: cannot be read: {one_line(error)}") from error


def _is_buffer(given: object) -> bool:
    try:
        memoryview(given).release()  # type: ignore[arg-type]
    except (TypeError, ValueError, BufferError):
        return isinstance(given, memoryview)  # one that is released, which reading it says
    return True


def _dimensions(given: object) -> int | None:
    """The number of dimensions of an array of any library; None for what is none."""
    if not isinstance(given, np.ndarray) and not hasattr(given, "__array__"):
        return None
    with suppress(Exception):
        return len(given.shape)  # type: ignore[attr-defined]
    return None


def _has_numbers(array: Any) -> bool:
    """Whether an array holds numbers. Those of other libraries have types of their own, but name them alike."""
    kind = str(getattr(array, "dtype", "object")).lower()
    return any(word in kind for word in ("int", "float", "bool", "complex"))


def _array(given: Any, dimensions: int) -> Plain:
    with _reading("<array>"):  # of another library it may be on another device
        array = np.asarray(given)
    if array.ndim == 0 and array.dtype.kind in "OUS":
        return plain(array.item())
    if dimensions == 1 and array.dtype == np.uint8:
        return array.tobytes()  # the content of a file, as encoders give it
    what = f"<array>: {array.dtype} of shape {array.shape}, where {_EXPECTED_ARRAY} is expected"
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (3, 4):
        raise PhotoError(f"{what}; its channels are first: give array.transpose(1, 2, 0), of a tensor permute(1, 2, 0)")
    if array.dtype.kind not in "biuf":
        raise PhotoError(f"{what}; of a table give the column of photographs")
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise PhotoError(what)
    return _eight_bits(array, what)


def _eight_bits(array: npt.NDArray[Any], what: str) -> Pixels:
    if array.dtype == np.uint8:
        return array
    darkest, brightest = float(array.min()), float(array.max())
    if array.dtype.kind in "bf" and darkest >= 0 and brightest <= 1:  # NaN is neither
        white = 1
    elif array.dtype.kind == "u" and array.dtype.itemsize == 2 and (brightest > 255 or not brightest):
        white = 65535
    else:
        raise PhotoError(
            f"{what}, or floats from 0 to 1, or uint16 up to 65535; its values go from {darkest:g} to {brightest:g}: "
            "if white is 255, give array.astype('uint8')"
        )
    return np.rint(array * np.float32(255 / white)).astype(np.uint8)


def _described(thing: object) -> str:
    """What a thing is, in a few words and without its content."""
    if thing is None:
        return "None"
    name = printable(type(thing).__name__)[:60]
    if isinstance(thing, tuple | list):
        return f"a {name} of {len(thing)}"
    return f"a number, {thing}" if type(thing) in (int, float, bool) and len(str(thing)) < 30 else f"a {name}"
