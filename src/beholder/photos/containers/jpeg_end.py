"""A JPEG file without its end marker: whether all of the picture is there."""

from __future__ import annotations

import io
import random
import re
import struct

from PIL import Image, ImageChops, JpegImagePlugin

_END = b"\xff\xd9"
_SEGMENT = re.compile(rb"\xff[\x02-\xcf\xda-\xfe]")  # a marker that has content, outside of compressed data
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # start of frame: sequential and progressive, Huffman and arithmetic
_PROGRESSIVE = {0xC2, 0xCA}
_SCAN = 0xDA
_random = random.Random(0)
# With restart markers in between: where one is expected, a decoder passes over everything else.
_NOISE = b"".join(bytes(_random.randrange(255) for _ in range(24)) + b"\xff" + bytes([0xD0 + i % 8]) for i in range(16))


def completed(data: bytes) -> bytes | None:
    """The file with an end marker, if only that is missing; None if some of the picture is missing, too.

    The picture is decoded twice, in full: with the end marker at the end, and with arbitrary bytes before it. Where
    the decoder needs more than the file has, the two differ. A progressive file must also have all of its scans.
    """
    if not _has_all_scans(data):
        return None
    data = data[:-1] if data.endswith(b"\xff") else data  # half of the end marker
    first, second = (_decoded(data + more + _END) for more in (b"", _NOISE))
    return data + _END if ImageChops.difference(first, second).getbbox() is None else None


def _decoded(data: bytes) -> Image.Image:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    image.load()
    return image


def _has_all_scans(data: bytes) -> bool:
    """Whether each coefficient of each component comes in full precision; a sequential file has one scan for each."""
    components: bytes = b""
    progressive = False
    missing: set[tuple[int, int]] = set()
    at = 2
    while (found := _SEGMENT.search(data, at)) and found.start() + 4 <= len(data):
        at, marker = found.start(), data[found.start() + 1]
        content = data[at + 4 : at + 2 + struct.unpack_from(">H", data, at + 2)[0]]
        if marker in _FRAMES and len(content) >= 6:
            progressive = marker in _PROGRESSIVE
            components = content[6 : 6 + 3 * content[5] : 3]
            missing = {(name, i) for name in components for i in range(64 if progressive else 1)}
        elif marker == _SCAN and content and len(content) >= 4 + 2 * content[0]:
            first, last, precision = content[1 + 2 * content[0] : 4 + 2 * content[0]]
            if not progressive:
                first, last, precision = 0, 0, 0
            if not precision & 15:
                missing -= {(n, i) for n in content[1 : 1 + 2 * content[0] : 2] for i in range(first, last + 1)}
        at += 4 + max(0, len(content))
    return bool(components) and not missing
