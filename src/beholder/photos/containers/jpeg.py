"""What a JPEG file asks of its decoder, read from its markers before it is decoded.

A scan is one pass over the picture, and twenty bytes can be a scan of 16 million pixels. libjpeg makes all of them,
also for a reduced decode: about 0.4 ms for each scan and megapixel. Ordinary progressive files have 10 scans, odd ones
30.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from beholder.errors import PhotoError

MAX_SEGMENTS = 65_536  # a photograph has 10 to 30, one with a depth map of 100 MB in its metadata has 1,600
MAX_SCANS = 64  # of a picture of any size; a small one may have more:
MAX_SCAN_PIXELS = 2_000_000_000  # scans x pixels, for which libjpeg takes about a second
# A marker with a segment, or 65 bytes of filling. FF 00 stands for FF among pixels, RST0 to RST7 and SOI stand alone.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff]|\xff{64})", re.DOTALL)
_SOS, _EOI = 0xDA, 0xD9
_SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # start of frame; DHT, JPG and DAC lie between
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}


def has_several_scans(data: bytes, label: str) -> bool:
    """Whether libjpeg keeps all coefficients of the picture in memory, because more than one scan adds to them.

    Raises:
        PhotoError: more scans, segments or filling than a photograph has; the message begins with `label`.
    """
    components, scans, pixels, progressive = 0, 0, 1, False
    for marker, start in _segments(data, label):
        if marker in _SOF:
            height, width, components = struct.unpack(">HHB", data[start + 1 : start + 6].ljust(5, b"\0"))
            pixels, progressive = max(width * height, 1), marker in _PROGRESSIVE
        elif marker == _SOS:
            scans += 1
            if not progressive and int.from_bytes(data[start : start + 1]) >= components:
                return False  # so this scan is the whole picture, and libjpeg stops after it
    limit = max(MAX_SCANS, MAX_SCAN_PIXELS // pixels)
    if scans > limit:
        raise PhotoError(
            f"{label}: this JPEG is stored in {scans:,} passes (scans), more than the {limit:,} that are read at its"
            " size; open it in a photo editor and save it again"
        )
    return True


def _segments(data: bytes, label: str) -> Iterator[tuple[int, int]]:
    """Marker and start of the content of each segment, up to the end of the picture."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, at)
        if not found or found[1][0] == _EOI:
            return
        at = found.end()
        if found[1][0] == 0xFF:
            at -= 1  # it may begin the marker
            continue
        yield found[1][0], at + 2
        at += max(2, int.from_bytes(data[at : at + 2]))
    raise PhotoError(
        f"{label}: this JPEG has more than {MAX_SEGMENTS:,} segments or 4 MB of filling; open it in a photo editor and"
        " save it again"
    )
