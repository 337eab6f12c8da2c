"""The XMP packet inside a photograph, found without decoding it: JPEG, PNG, WebP, HEIC, TIFF and what is built like it.

Only the parts that lead to it are read, so that a folder of large files is looked through quickly.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.photos.formats import detect_format
from beholder.photos.metadata import read_metadata
from beholder.photos.sources import MAX_FILE_BYTES
from beholder.reading import open_regular
from beholder.xmp.names import WROTE_RATING
from beholder.xmp.packet import MAX_BYTES, Packet, parse

EMBEDDED_FORMATS = {"JPEG", "TIFF", "PNG"}  # that a packet can be written into; DNG is a TIFF
_HEAD = 256
_MAX_PARTS = 100_000  # segments, chunks or tags that are looked at
_JPEG_START, _PNG_KEYWORD, _TIFF_TAG = b"http://ns.adobe.com/xap/1.0/\0", b"XML:com.adobe.xmp\0", 700
_ODD_JPEG_START = b"XMP\0://ns.adobe.com/xap/1.0/\0"  # of some programs: exiftool reads it, most others do not
_OLD_PNG_KEYWORD = b"Raw profile type xmp\0"  # of ImageMagick
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")  # TIFF, and RAW files that are built like it
_XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # in CR3
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
            packets: list[bytes] = []
            with suppress(struct.error, zlib.error, ValueError, IndexError):
                packets = _packets(file, path, head, kind)
        except OSError as error:
            raise BeholderError(f"{os.fspath(path)}: cannot be read: {error.strerror}") from None
    return Inside(kind, tuple(packets))


def exif_stars(path: str | os.PathLike[str], packets: Iterable[Packet]) -> int | None:
    """The stars in the EXIF data of a photograph, from 1 to 5; None for none.

    Args:
        path: of the photograph.
        packets: those of it. Stars that we wrote into one of them, and another program copied from there, are none.
    """
    stars = read_metadata(path).rating
    return None if not stars or str(stars) in {packet.get(WROTE_RATING) for packet in packets} else stars


def packet_inside(path: str | os.PathLike[str]) -> Packet | None:
    """The packet in a photograph; None where there is none that can be read."""
    try:
        found = look_inside(path).packets
        return parse(found[0]) if found else None
    except BeholderError:
        return None


def _packets(file: BinaryIO, path: str | os.PathLike[str], head: bytes, kind: str) -> list[bytes]:
    found: list[bytes] = []
    if head.startswith(b"\xff\xd8"):
        found = _jpeg(file)
    elif head.startswith(b"FUJIFILM"):  # whose JPEG holds what is said of it
        found = _jpeg(file, *struct.unpack_from(">I", head, 84))
    elif head[4:12] == b"ftypcrx ":
        found = _cr3(file)
    elif head.startswith(_TIFF_STARTS):
        found = _tiff(file, "<" if head[:1] == b"I" else ">")
    elif kind == "PNG":
        found = _png(file)
    elif kind == "WebP":
        found = _webp(file)
    elif kind == "HEIC":
        found = _heic(path)
    return found


def _jpeg(file: BinaryIO, start: int = 0) -> list[bytes]:
    found, at = [], start + 2
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
            elif content.startswith(_ODD_JPEG_START):
                found += [content[len(_ODD_JPEG_START) :], b""]  # is read, and never written beside
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
        elif name in (b"tEXt", b"zTXt", b"iTXt") and file.read(len(_OLD_PNG_KEYWORD)) == _OLD_PNG_KEYWORD:
            found.append(b"")  # is there, and not read
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


def _cr3(file: BinaryIO) -> list[bytes]:
    at = 0
    for _ in range(_MAX_PARTS):
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        elif name == b"uuid" and file.read(16) == _XMP_BOX:
            return [file.read(min(max(length - 24, 0), MAX_BYTES + 1)).rstrip(b"\0")]
        if length < 8:  # the last one, or broken
            break
        at += length
    return []


def _heic(path: str | os.PathLike[str]) -> list[bytes]:
    try:
        heif = require("pillow_heif", "heif", "HEIC")
        packet = heif.open_heif(path, convert_hdr_to_8bit=False).info.get("xmp")
    except Exception:  # not installed, or broken: then nothing is known
        return []
    return [bytes(packet).rstrip(b"\0")] if packet else []
