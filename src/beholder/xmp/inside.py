"""The XMP packet inside a photograph, found without decoding it: JPEG, PNG, WebP, HEIC, TIFF and what is built like it.

Only the parts that lead to it are read, so that a folder of large files is looked through quickly.
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.photos.formats import detect_format
from beholder.photos.sources import MAX_FILE_BYTES
from beholder.reading import open_regular
from beholder.xmp.packet import MAX_BYTES, Packet, parse

EMBEDDED_FORMATS = {"JPEG", "TIFF", "PNG"}  # that a packet can be written into; DNG is a TIFF
_HEAD = 256
_MAX_PARTS = 100_000  # segments, chunks or tags that are looked at
_JPEG_START, _PNG_KEYWORD, _TIFF_TAG = b"http://ns.adobe.com/xap/1.0/\0", b"XML:com.adobe.xmp\0", 700
_APP1, _SOS, _EOI, _ALONE = 0xE1, 0xDA, 0xD9, {0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True)
class Inside:
    """What a file says of itself.

    Attributes:
        format: as :func:`beholder.photos.formats.detect_format` tells it.
        packets: those that were found; more than one only in broken files.
    """

    format: str
    packets: tuple[bytes, ...]


def look_inside(path: str | os.PathLike[str]) -> Inside:
    """The format of a photograph and the packets in it.

    Raises:
        BeholderError: there is no such file, or it cannot be read.
    """
    with open_regular(path, "a photograph", MAX_FILE_BYTES) as file:
        try:
            head = file.read(_HEAD)
            suffix = os.path.splitext(os.fspath(path))[1].lower()
            kind = detect_format(head, "" if suffix == ".dng" else suffix)
            with suppress(struct.error, zlib.error, ValueError):
                if head.startswith(b"\xff\xd8"):
                    return Inside(kind, tuple(_jpeg(file)))
                if kind == "PNG":
                    return Inside(kind, tuple(_png(file)))
                if kind == "WebP":
                    return Inside(kind, tuple(_webp(file)))
                if head[:4] in (b"II*\0", b"MM\0*"):
                    return Inside(kind, tuple(_tiff(file, "<" if head[:1] == b"I" else ">")))
                if kind == "HEIC":
                    return Inside(kind, tuple(_heic(path)))
        except OSError as error:
            raise BeholderError(f"{os.fspath(path)}: cannot be read: {error.strerror}") from None
    return Inside(kind, ())


def packet_inside(path: str | os.PathLike[str]) -> Packet | None:
    """The packet in a photograph; None where there is none that can be read."""
    try:
        found = look_inside(path).packets
        return parse(found[0]) if found else None
    except BeholderError:
        return None


def _jpeg(file: BinaryIO) -> list[bytes]:
    found, at = [], 2
    for _ in range(_MAX_PARTS):
        file.seek(at)
        marker = file.read(2)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (_SOS, _EOI):
            break
        if marker[1] == 0xFF:
            at += 1
            continue
        if marker[1] in _ALONE:
            at += 2
            continue
        length = int.from_bytes(file.read(2))
        if marker[1] == _APP1 and length > len(_JPEG_START):
            content = file.read(length - 2)
            if content.startswith(_JPEG_START):
                found.append(content[len(_JPEG_START) :])
        at += 2 + max(length, 2)
    return found


def _png(file: BinaryIO) -> list[bytes]:
    found, at = [], 8
    for _ in range(_MAX_PARTS):
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if name == b"iTXt" and length <= MAX_BYTES:
            content = file.read(length)
            if content.startswith(_PNG_KEYWORD):
                packed, rest = content[len(_PNG_KEYWORD)], content[len(_PNG_KEYWORD) + 2 :]
                text = rest.split(b"\0", 2)[2]
                found.append(zlib.decompressobj().decompress(text, MAX_BYTES) if packed else text)
        if name == b"IEND":
            break
        at += 12 + length
    return found


def _webp(file: BinaryIO) -> list[bytes]:
    at = 12
    for _ in range(_MAX_PARTS):
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"XMP ":
            return [file.read(min(length, MAX_BYTES + 1))]
        at += 8 + length + length % 2
    return []


def _tiff(file: BinaryIO, order: str) -> list[bytes]:
    file.seek(4)
    (at,) = struct.unpack(f"{order}I", file.read(4))
    file.seek(at)
    (count,) = struct.unpack(f"{order}H", file.read(2))
    for tag, _, length, value in struct.iter_unpack(f"{order}HHII", file.read(12 * count)):
        if tag == _TIFF_TAG and length > 4:
            file.seek(value)
            return [file.read(min(length, MAX_BYTES + 1)).rstrip(b"\0")]
    return []


def _heic(path: str | os.PathLike[str]) -> list[bytes]:
    try:
        heif = require("pillow_heif", "heif", "HEIC")
        packet = heif.open_heif(path, convert_hdr_to_8bit=False).info.get("xmp")
    except Exception:  # not installed, or broken: then nothing is known
        return []
    return [bytes(packet).rstrip(b"\0")] if packet else []
