"""Read any photograph as upright sRGB pixels; what cannot be read raises a `PhotoError` that says why.

The trade-offs, measured on one core with a 12-megapixel JPEG:

- **Reduced decoding.** A JPEG can be decoded at 1/2, 1/4 or 1/8. A full decode and `resize_exact` to 224 pixels take
  107 ms, a decode at `decode_size` or above 18 ms.
- **Colour.** An embedded profile is applied, relative colorimetric with black point compensation: 150 ms at full size,
  9 ms reduced. A profile that changes nothing is recognised by its effect, not its name, and skipped; a broken one is
  ignored. Without a profile, what the file says in other ways counts (`encodings`): the numbers of AVIF, HEIC and PNG,
  with HDR tone-mapped, the gamma of a PNG, the Adobe RGB of EXIF. CMYK without a profile is converted by Pillow's
  formula.
- **Orientation** is that of the container (AVIF, HEIC) or of EXIF data, never of XMP, as in browsers.
- **Transparency** is laid over `BACKGROUND`.
- **Deep samples** (10 to 32 bits, fractions) are scaled to 8 bits, never clipped; values beyond black and white are
  refused. TIFF samples that Pillow reads wrongly or not at all are read here (`tiff`).
- **A truncated photograph** is refused, not scored (unless the host program has set Pillow's LOAD_TRUNCATED_IMAGES).
  A JPEG that lacks only its end marker is whole (`jpeg_end`), and so is a PNG with damage where no pixels are (`png`).
- **Safety.** The content chooses the decoder, not the name. Only the formats of `beholder.photos.formats` are decoded,
  and none of the decoders runs another program. Sizes are checked in the header, against `MAX_PIXELS`: Pillow's own
  limit is global and refuses the 200 megapixels of some phones. What a decoder takes beyond the picture counts, too:
  tiles of a TIFF, for example. A decode takes 10 bytes per pixel, 14 with transparency: 2.5 to 3.5 GB at the limit.
  Large photographs that are decoded at the same time share a budget of `MAX_PIXELS` and wait for each other, so threads
  together take no more than one at the limit. Small ones do not wait. Time is bounded, too: the passes of a JPEG and
  the tiles of a HEIC are counted before they are decoded (`jpeg`, `heif`), profiles are looked at before they are used
  (`icc`), and a decoder that asks for its file piece by piece gets no more once its processor time is used up
  (`time_limit`).

Every function can be called from many threads; decoding and applying a profile release the GIL.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image, features

from beholder import reading
from beholder.errors import PhotoError
from beholder.photos.colour import to_srgb
from beholder.photos.containers import exif
from beholder.photos.containers.heif import check_tiles
from beholder.photos.containers.isobmff import nclx_encoding
from beholder.photos.containers.jpeg import has_several_scans
from beholder.photos.decoder_warnings import silenced
from beholder.photos.encodings import ADOBE_RGB, Encoding
from beholder.photos.formats import OTHER_PICTURES, PILLOW_PLUGINS, detect_format
from beholder.photos.memory import check_size, reserve_pixels
from beholder.photos.sources import MAX_FILE_BYTES, Pixels, Source, name_of, plain
from beholder.photos.time_limit import TimedFile
from beholder.text import one_line, printable

__all__ = ["Photo", "Pixels", "Source", "read_bytes", "read_photo"]
MIN_PREVIEW_SIDE = 720  # pixels a side of a RAW file's preview to use it in place of the RAW data, without a `min_size`
_HINTS = {"BMP": "; save it as PNG", "TIFF": "; if other programs read it, save it with 8 or 16 bits, uncompressed"}
_LIBRAW_FLIP = {3: 3, 5: 8, 6: 6}  # LibRaw's flip -> EXIF orientation


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photograph in sRGB.

    Attributes:
        pixels: (H, W, 3) uint8, C-contiguous and writable; smaller than (height, width) after a reduced decode.
        width, height: of the upright original, in pixels.
        format: of the file, such as ``JPEG``; empty for what is no file.
    """

    pixels: Pixels
    width: int
    height: int
    format: str = ""

    def __repr__(self) -> str:
        rows, columns = self.pixels.shape[:2]
        return f"Photo({self.width} x {self.height} pixels, read as {columns} x {rows})"


def read_photo(
    source: Source | Photo,
    min_size: tuple[int, int] | None = None,
    *,
    name: str | os.PathLike[str] | None = None,
    reservation: contextlib.ExitStack | None = None,
) -> Photo:
    """Read a photograph from a path, the bytes of a file, an open file, a Pillow image or an array.

    Args:
        source: an open file is read from its start, and stays open. An array is sRGB of shape (H, W, 3), (H, W) or
            (H, W, 1) for grey, or (H, W, 4) with alpha; of uint8, uint16 (white is 65535), floats (white is 1) or bool.
            A row of a data set is a mapping with ``bytes``, ``path`` or ``image``. What is read already is returned.
        min_size: the smallest (width, height) to decode; a JPEG or RAW file may then be decoded at a reduced size, but
            not below this. :func:`beholder.photos.resize.decode_size` gives it for a size to resize to.
        name: of the source, for error messages; its suffix tells camera RAW from TIFF.
        reservation: a large photograph reserves its pixels of the shared budget until this stack is closed, instead of
            until it is decoded. For code that goes on to work on many at the same time; one stack per photograph.

    Returns:
        (H, W, 3) uint8 pixels in sRGB, upright, and the width and height of the original.

    Raises:
        PhotoError: the source cannot be read. The message is one line that begins with the path, or with what was
            given, such as <bytes> or <array>.

    >>> import beholder
    >>> photo = beholder.read_photo("examples/photos/rocket.jpg")
    >>> photo.pixels.shape, photo.pixels.dtype, (photo.width, photo.height)
    ((427, 640, 3), dtype('uint8'), (640, 427))
    >>> beholder.read_photo("examples/photos/rocket.jpg", min_size=(160, 100)).pixels.shape  # a reduced decode
    (107, 160, 3)
    """
    if isinstance(source, Photo):
        return source
    name = name_of(source) if name is None else name
    source = plain(source)
    if isinstance(source, str | os.PathLike):
        return read_photo(read_bytes(source), min_size, name=source if name is None else name, reservation=reservation)
    form = "bytes" if isinstance(source, bytes) else "image" if isinstance(source, Image.Image) else "array"
    label = f"<{form}>" if name is None else printable(os.fsdecode(name))
    with contextlib.ExitStack() as own:
        held = own if reservation is None else reservation
        if isinstance(source, bytes):
            kind = detect_format(source, os.path.splitext(label)[1].lower())
            with decoding(label, "camera RAW file" if kind == "RAW" else kind):
                return replace(_from_bytes(source, kind, min_size, label, held), format=kind)
        with decoding(label, form):
            return _from_image(source if isinstance(source, Image.Image) else Image.fromarray(source), label, held)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The content of a regular file of 1 to `MAX_FILE_BYTES` bytes. Raises PhotoError for anything else, unread."""
    data = reading.read_bytes(path, "a photograph", MAX_FILE_BYTES, error=PhotoError)
    if not data:
        raise PhotoError(f"{printable(os.fsdecode(path))}: is empty (0 bytes)")
    return data


def _from_bytes(
    data: bytes, kind: str, min_size: tuple[int, int] | None, label: str, held: contextlib.ExitStack
) -> Photo:
    if kind == "AVIF" and not features.check("avif"):  # pillow-heif decodes no AVIF either
        raise PhotoError(f"{label}: AVIF needs a Pillow that decodes it: pip install --upgrade 'pillow>=11.3'")
    if kind == "HEIC":
        check_tiles(data, label)
        decoder = _extra("pillow_heif", "heif", kind, label)
        decoder.options.DECODE_THREADS = 1  # who decodes has one core
        heif = decoder.open_heif(io.BytesIO(data))  # the header; to_pillow() decodes
        check_size(heif.size, label)
        reserve_pixels(held, heif.size[0] * heif.size[1])
        return _from_image(heif.to_pillow(), label, described=nclx_encoding(data))
    if kind == "TIFF":
        from beholder.photos.containers.tiff import (  # like the others only when needed: it takes 13 ms
            is_camera_raw,
            open_tiff,
        )

        if not is_camera_raw(data):
            image, orientation, described = open_tiff(data, label, held)
            return _from_image(image, label, orientation=orientation, described=described)
    if kind in ("RAW", "TIFF"):
        return _from_raw(data, min_size, label, held)
    if kind not in PILLOW_PLUGINS:
        advice = "; save it as JPEG, PNG or TIFF" if kind in OTHER_PICTURES else ""
        raise PhotoError(f"{label}: is not a photograph that can be read; it looks like {kind}{advice}")
    try:
        with contextlib.ExitStack() as first:
            photo = _from_pillow(data, kind, min_size, label, first)
            held.push(first.pop_all())
        return photo
    except (PhotoError, MemoryError):
        raise
    except Exception as error:  # damage where no pixels are
        mended = _mended(data, kind, error, label)
        if mended is None:
            raise
        return _from_pillow(mended, kind, min_size, label, held)


def _from_pillow(
    data: bytes, kind: str, min_size: tuple[int, int] | None, label: str, held: contextlib.ExitStack
) -> Photo:
    described = nclx_encoding(data) if kind == "AVIF" else None
    if kind == "WebP":
        from beholder.photos.containers.webp import open_webp

        image = open_webp(data, label)
    else:
        image = _open(data, kind, label)
    if kind == "PNG":
        from beholder.photos.containers.png import described_colours

        described = described_colours(image, data)
    return _from_image(image, label, held, min_size, described=described)


def _mended(data: bytes, kind: str, error: Exception, label: str) -> bytes | None:
    """The file without damage that hurts no pixels, None if there is none of this kind."""
    if kind == "PNG":
        from beholder.photos.containers.png import without_damage

        return without_damage(data)
    if kind == "JPEG" and "truncated" in str(error):  # while it was decoded, so its size was checked
        from beholder.photos.containers.jpeg_end import completed

        with contextlib.ExitStack() as held:
            width, height = _open(data, kind, label).size
            reserve_pixels(held, width * height)
            return completed(data)
    return None


def _open(data: bytes, kind: str, label: str) -> Image.Image:
    """Read the header. Image.open is not used because it checks the size against a global limit and warns."""
    several_scans = kind == "JPEG" and has_several_scans(data, label)
    room, name = f"PIL.{PILLOW_PLUGINS[kind]}ImagePlugin", f"{PILLOW_PLUGINS[kind]}ImageFile"
    if kind == "PNG":
        room, name = "beholder.photos.containers.png", "PngFile"
    file = TimedFile(data, label)
    decoder = importlib.import_module(room)
    if kind == "AVIF":
        decoder.DEFAULT_MAX_THREADS = 1  # type: ignore[attr-defined]  # who decodes has one core
    image: Image.Image = getattr(decoder, name)(file)
    file.allow_pixels(image.width * image.height)
    if several_scans:
        image.info["progressive"] = 1  # Pillow knows it of progressive ones only
    image.info.pop("xmp", None)  # in which Pillow would look for an orientation; browsers do not
    return image


def _from_image(
    image: Image.Image,
    label: str,
    held: contextlib.ExitStack | None = None,
    min_size: tuple[int, int] | None = None,
    *,
    orientation: int = 1,
    described: Encoding | None = None,
) -> Photo:
    """Decode an opened image.

    Args:
        image: opened by Pillow.
        label: name for error messages.
        held: reserves the pixels to decode; None if they are reserved already.
        min_size: the smallest (width, height) to decode.
        orientation: EXIF orientation to assume if the image has none.
        described: what its file says of its colours other than by an ICC profile.
    """
    width, height = image.size
    check_size(image.size, label)
    if min_size and image.format == "JPEG":
        across, down = (max(1, side) for side in min_size)
        image.draft(None, (down, across) if exif.orientation(image, orientation) >= 5 else (across, down))
    if held is not None:
        whole = image.info.get("progressive")  # libjpeg keeps all its coefficients, also in a reduced decode
        reserve_pixels(held, width * height if whole else image.size[0] * image.size[1])
    image.load()
    if image.format == "BMP" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
        image = image.convert("RGB")  # programs that know of no transparency leave its bytes empty
    # Only now: Pillow turns a TIFF in load, and a PNG may store its orientation at its end.
    orientation = exif.orientation(image, orientation)
    if described is None and not image.info.get("icc_profile") and exif.is_adobe_rgb(image):
        described = ADOBE_RGB
    image = exif.upright(to_srgb(image, label, described), orientation)
    if orientation >= 5:
        width, height = height, width
    return Photo(np.array(image), width, height)  # a copy: writable, and the caller's image stays as it was


def _from_raw(data: bytes, min_size: tuple[int, int] | None, label: str, held: contextlib.ExitStack) -> Photo:
    """The camera's own rendering if the embedded preview is large enough, otherwise the demosaiced RAW data."""
    with _extra("rawpy", "raw", "camera RAW", label).imread(io.BytesIO(data)) as raw:
        sizes = raw.sizes
        check_size((sizes.raw_width, sizes.raw_height), label)
        width, height = (sizes.height, sizes.width) if sizes.flip in (5, 6) else (sizes.width, sizes.height)
        smallest = min_size or (MIN_PREVIEW_SIDE, MIN_PREVIEW_SIDE)
        reserve_pixels(held, sizes.raw_width * sizes.raw_height)
        with contextlib.suppress(Exception):  # no preview, or one that cannot be decoded
            thumbnail = raw.extract_thumb().data
            # Bitmap previews are not used: rawpy trusts their stated size, and reads past the end of a shorter one.
            image = _open(thumbnail if isinstance(thumbnail, bytes) else b"", "JPEG", label)
            if image.width * image.height > sizes.raw_width * sizes.raw_height:  # more than was reserved
                raise ValueError("the preview is larger than the photograph")
            preview = _from_image(image, label, None, min_size, orientation=_LIBRAW_FLIP.get(sizes.flip, 1))
            if preview.width >= smallest[0] and preview.height >= smallest[1]:
                return Photo(preview.pixels, width, height)
        half = min_size is not None and width // 2 >= smallest[0] and height // 2 >= smallest[1]
        pixels = raw.postprocess(use_camera_wb=True, half_size=half)  # (H, W, 1 or 3) uint8 sRGB, upright
        return Photo(np.array(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), order="C"), width, height)


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
    text = given.decode(errors="replace") if isinstance(given, bytes) else str(error)  # LibRaw's messages are bytes
    return one_line(text) if text.strip() else type(error).__name__


@contextlib.contextmanager
def decoding(label: str, kind: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a PhotoError, and silence its warnings."""
    try:
        with silenced():
            yield
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoError(f"{label}: not enough memory to decode this {kind}") from error
    except Exception as error:
        reason = _reason(error)
        hint = _HINTS.get(kind, "")
        if "truncated" in reason.lower() or reason == "cannot load this image":  # Pillow's words where no pixels are
            hint = "; it is cut short: copy it again"
        raise PhotoError(f"{label}: cannot decode this {kind}: {reason}{hint}") from error
