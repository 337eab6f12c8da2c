"""Any photograph -> upright sRGB pixels, safely: `read(path)` is a `Photo`, or a `PhotoError` that says why not.

The trade-offs, measured on one core with a 12-megapixel JPEG:

- **Reduced decoding.** Decoding whole and `squash` to 224 pixels take 107 ms; with what is `enough` 18 ms, as a JPEG
  can be decoded at 1/2, 1/4 or 1/8.
- **Colour.** An embedded profile is applied, relative colorimetric with black point compensation: 150 ms whole, 9 ms
  reduced. One that changes nothing is known by its effect, not its name, and skipped; a broken one is ignored. CMYK
  without a profile is converted naively.
- **Transparency** is laid over `BACKGROUND`.
- **Deep greys** (16-bit, float) are scaled to 8 bits, never clipped; values beyond black and white are refused.
- **Half a photograph** is refused, not scored (unless the host program has set Pillow's LOAD_TRUNCATED_IMAGES).
- **Safety.** The bytes choose the decoder, not the name, and only those named here are ever reached, none of which runs
  another program. Sizes are checked in the header, against a cap of our own: Pillow's is a global, and refuses the 200
  megapixels that telephones take (TIFF, GIF and WebP ask it all the same). A decode takes 10 bytes a pixel, 14 with
  transparency: 2.5 to 3.5 GB at the cap. Large pictures that are decoded at the same time share `MAX_PIXELS` and wait
  for each other, so that this is also the most that any number of threads take; small ones pass.

Every function may be called from many threads; decoding and applying a profile release the GIL.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, features

from beholder.errors import PhotoError
from beholder.photos.colour import srgb_transform
from beholder.photos.formats import PLUGINS, kind_of
from beholder.photos.memory import check_size, take_budget
from beholder.text import one_line, printable

Pixels: TypeAlias = npt.NDArray[np.uint8]
Source: TypeAlias = str | os.PathLike[str] | bytes | Image.Image | npt.NDArray[Any]
MAX_BYTES = 2 * 1024**3
MIN_PREVIEW = 720  # pixels a side from which a RAW file's preview stands for it, where `min_size` does not say
_UPRIGHT = {  # EXIF orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LIBRAW_FLIP = {3: 3, 5: 8, 6: 6}  # LibRaw's flip -> EXIF orientation


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photograph in sRGB."""

    pixels: Pixels  # (H, W, 3), C-contiguous, owned; smaller than (height, width) after a reduced decode
    width: int  # of the upright original
    height: int


def read_photo(
    source: Source,
    min_size: tuple[int, int] | None = None,
    *,
    name: str | os.PathLike[str] | None = None,
    until: contextlib.ExitStack | None = None,
) -> Photo:
    """Read a photograph from a path, the bytes of a file, a Pillow image or an array.

    An array is uint8 sRGB of shape (H, W, 3), (H, W) for grey, or (H, W, 4) with alpha. `min_size` is the (width,
    height) that the upright pixels may not fall below, unless the original does: a JPEG or RAW file may then be decoded
    at a reduced size. Ask for what `enough` says. `name` says where bytes came from: it stands in
    messages, and its suffix tells camera RAW from TIFF. A large picture holds its room until `until` is closed, for who
    goes on to work on many at the same time; until it is decoded where that is not given. One stack takes one picture.

    Raises `PhotoError` for whatever cannot be read: one line that begins with the path, <bytes>, <image> or <array>.

    >>> read(np.zeros((20, 30), np.uint8)).pixels.shape
    (20, 30, 3)
    """
    if isinstance(source, str | os.PathLike):
        return read_photo(read_bytes(source), min_size, name=source if name is None else name, until=until)
    form = "bytes" if isinstance(source, bytes) else "image" if isinstance(source, Image.Image) else "array"
    label = f"<{form}>" if name is None else printable(os.fsdecode(name))
    with contextlib.ExitStack() as own:
        held = own if until is None else until
        if isinstance(source, bytes):
            kind = kind_of(source, os.path.splitext(label)[1].lower())
            with _decoding(label, "camera RAW file" if kind == "RAW" else kind):
                return _from_bytes(source, kind, min_size, label, held)
        with _decoding(label, form):
            image = source if isinstance(source, Image.Image) else _array_image(source, label)
            return _from_image(image, label, held)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The content of a regular file of 1 to `MAX_BYTES` bytes; `PhotoError` for anything else, before it is read."""
    label = printable(os.fsdecode(path))
    try:
        info = os.stat(path)
        if stat.S_ISDIR(info.st_mode):
            raise PhotoError(f"{label}: is a folder, not a photograph")
        if not stat.S_ISREG(info.st_mode):  # a pipe or a device would block, or never end
            raise PhotoError(f"{label}: is not a regular file")
        if info.st_size == 0:
            raise PhotoError(f"{label}: is empty (0 bytes)")
        if info.st_size > MAX_BYTES:
            raise PhotoError(f"{label}: has {info.st_size:,} bytes, more than the {MAX_BYTES:,} that are read")
        with open(path, "rb") as file:
            return file.read(info.st_size)
    except FileNotFoundError:
        raise PhotoError(f"{label}: no such file") from None
    except PermissionError:
        raise PhotoError(f"{label}: no permission to read it") from None
    except (OSError, ValueError, MemoryError) as error:
        raise PhotoError(f"{label}: cannot be read: {_reason(error)}") from error


def _array_image(array: Any, label: str) -> Image.Image:
    given = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else f"a {type(array).__name__}"
    grey_or_colour = getattr(array, "ndim", 0) == 2 or getattr(array, "shape", ())[2:] in ((3,), (4,))
    if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or not grey_or_colour or array.size == 0:
        raise PhotoError(f"{label}: {given}, where uint8 of shape (H, W, 3), (H, W) or (H, W, 4) is expected")
    return Image.fromarray(array)


def _from_bytes(
    data: bytes, kind: str, min_size: tuple[int, int] | None, label: str, held: contextlib.ExitStack
) -> Photo:
    if kind == "AVIF" and not features.check("avif"):  # pillow-heif decodes no AVIF either
        raise PhotoError(f"{label}: AVIF needs a Pillow that decodes it: pip install --upgrade 'pillow>=11.3'")
    if kind == "HEIC":
        heif = _extra("pillow_heif", "heif", kind, label).open_heif(io.BytesIO(data))  # the header; to_pillow() decodes
        check_size(heif.size, label)
        take_budget(held, heif.size[0] * heif.size[1])
        return _from_image(heif.to_pillow(), label)
    if kind in PLUGINS:
        image = _open(data, kind)
        tags: Any = getattr(image, "tag_v2", {})
        if not (50706 in tags or tags.get(254) == 1):
            return _from_image(image, label, held, min_size)
        kind = "RAW"  # DNGVersion, or a first page that is a thumbnail: RAW without its suffix
    if kind == "RAW":
        return _from_raw(data, min_size, label, held)
    raise PhotoError(f"{label}: is not a photograph that can be read; it looks like {kind}")


def _open(data: bytes, kind: str) -> Image.Image:
    """Reads the header. Not by Image.open, which checks the size against a global and warns."""
    plugin = importlib.import_module(f"PIL.{PLUGINS[kind]}ImagePlugin")
    image: Image.Image = getattr(plugin, f"{PLUGINS[kind]}ImageFile")(io.BytesIO(data))
    return image


def _from_image(
    image: Image.Image,
    label: str,
    held: contextlib.ExitStack | None = None,
    min_size: tuple[int, int] | None = None,
    orientation: int = 1,
) -> Photo:
    """`held` takes the room that it needs, if it has none yet; `orientation` holds where the picture does not say."""
    width, height = image.size
    check_size(image.size, label)
    if min_size and image.format == "JPEG":
        across, down = (max(1, side) for side in min_size)
        image.draft(None, (down, across) if _orientation(image, orientation) >= 5 else (across, down))
    if held is not None:
        whole = image.info.get("progressive")  # of which libjpeg keeps all coefficients, however small it is to be
        take_budget(held, width * height if whole else image.size[0] * image.size[1])
    image.load()
    orientation = _orientation(image, orientation)  # once loaded: a TIFF has turned itself, a PNG may say it at its end
    image = srgb_transform(image, label)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    if orientation >= 5:
        width, height = height, width
    return Photo(np.array(image), width, height)  # a copy: writable, and the caller's picture stays his


def _from_raw(data: bytes, min_size: tuple[int, int] | None, label: str, held: contextlib.ExitStack) -> Photo:
    """The camera's own rendering, where the embedded preview is large enough; otherwise demosaiced."""
    with _extra("rawpy", "raw", "camera RAW", label).imread(io.BytesIO(data)) as raw:
        sizes = raw.sizes
        check_size((sizes.raw_width, sizes.raw_height), label)
        width, height = (sizes.height, sizes.width) if sizes.flip in (5, 6) else (sizes.width, sizes.height)
        least = min_size or (MIN_PREVIEW, MIN_PREVIEW)
        take_budget(held, sizes.raw_width * sizes.raw_height)
        with contextlib.suppress(Exception):  # no preview, or one that cannot be decoded
            thumbnail = raw.extract_thumb().data
            # Of a bitmap rawpy believes width and height, and reads on behind the end of a shorter one: never touched.
            image = _open(thumbnail if isinstance(thumbnail, bytes) else b"", "JPEG")
            if image.width * image.height > sizes.raw_width * sizes.raw_height:  # no camera's, and more than the room
                raise ValueError("the preview is larger than the photograph")
            preview = _from_image(image, label, None, min_size, _LIBRAW_FLIP.get(sizes.flip, 1))
            if preview.width >= least[0] and preview.height >= least[1]:
                return Photo(preview.pixels, width, height)
        half = min_size is not None and width // 2 >= least[0] and height // 2 >= least[1]
        pixels = raw.postprocess(use_camera_wb=True, half_size=half)  # (H, W, 1 or 3) uint8 sRGB, upright
        return Photo(np.array(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), order="C"), width, height)


def _orientation(image: Image.Image, otherwise: int) -> int:
    try:
        orientation: Any = image.getexif().get(0x0112)
        return int(orientation) if orientation in range(1, 9) else otherwise
    except Exception:  # broken metadata says nothing about the pixels
        return otherwise


def _extra(module: str, extra: str, what: str, label: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        problem = f"{what} needs a decoder that is not installed: pip install 'beholder[{extra}]'"
        raise PhotoError(f"{label}: {problem}") from None


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    given = error.args[0] if error.args else ""
    text = given.decode(errors="replace") if isinstance(given, bytes) else str(error)  # LibRaw's are bytes
    return one_line(text) if text.strip() else type(error).__name__


_thread = threading.local()


class _Anything(type):
    def __subclasscheck__(cls, subclass: type) -> bool:
        return getattr(_thread, "decoding", False)


class _WhileDecoding(Warning, metaclass=_Anything):
    """Every warning in a thread that is decoding is of this category, and none elsewhere.

    Pillow warns of odd metadata. `warnings.catch_warnings` would be wrong in threads, and a plain filter would silence
    Pillow for the host program too.
    """


@contextlib.contextmanager
def _decoding(label: str, kind: str) -> Iterator[None]:
    """The one place where whatever a decoder raises becomes a PhotoError, and where its warnings are silenced."""
    if (
        not warnings.filters or warnings.filters[0][2] is not _WhileDecoding
    ):  # a host may change the filters at any time
        warnings.simplefilter("ignore", _WhileDecoding)
    _thread.decoding = True
    try:
        yield
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(f"{label}: not enough memory to decode this {kind}") from error
    except Exception as error:
        reason = _reason(error)
        hint = "; it is cut short: copy it again" if "truncated" in reason.lower() else ""
        raise PhotoError(f"{label}: cannot decode this {kind}: {reason}{hint}") from error
    finally:
        _thread.decoding = False
