"""Open a WebP file without Pillow's limit of pixels, which is global."""

from __future__ import annotations

import io
import struct

from PIL import Image, WebPImagePlugin

from beholder.photos.memory import check_size


class _InTwoParts(io.BytesIO):
    """A file of which the first read gives 16 bytes: too few for Pillow to find the size in them and refuse it."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(16 if size == 30 else size)


def open_webp(data: bytes, label: str) -> Image.Image:
    """The first picture, not decoded. Its decoder takes the memory of a picture at once, so the size is checked here.

    Raises:
        PhotoError: too large; the message begins with `label`.
    """
    if (size := _size(data)) is not None:
        check_size(size, label)
    image = WebPImagePlugin.WebPImageFile(_InTwoParts(data))
    image.info.pop("xmp", None)  # in which Pillow would look for an orientation
    return image


def _size(data: bytes) -> tuple[int, int] | None:
    """(width, height) of the canvas, None if the header is broken."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and len(data) >= 25:
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(data) >= 30:
        across, down = struct.unpack_from("<HH", data, 26)
        return across & 0x3FFF, down & 0x3FFF
    return None
