"""EXIF data, and the containers of cameras' files around them, without pixels."""

import struct

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

SHOT = 0x8769


def exif(first=None, shot=None):
    """EXIF data for Pillow: tag -> value of the first directory, and of the shot's own. A pair is a ratio."""
    made = Image.Exif()
    made.endian = "<"
    for tag, value in (first or {}).items():
        made[tag] = IFDRational(*value) if isinstance(value, tuple) else value
    for tag, value in (shot or {}).items():
        made.get_ifd(SHOT)[tag] = IFDRational(*value) if isinstance(value, tuple) else value
    return made


def tiff_block(first=None, shot=None):
    """The same as a TIFF structure."""
    return exif(first, shot).tobytes().removeprefix(b"Exif\0\0")


def directory(*entries, order="<", shift=8):
    """A TIFF structure with one directory of (tag, type, count, 4 bytes of value or offset)."""
    magic = b"II*\0" if order == "<" else b"MM\0*"
    body = b"".join(struct.pack(f"{order}HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return magic + struct.pack(f"{order}I", shift) + struct.pack(f"{order}H", len(entries)) + body + bytes(4)


def box(name, content):
    return struct.pack(">I4s", len(content) + 8, name) + content


CANON_BOX = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def cr3(first, shot):
    """A CR3: the camera's data in one box, the shot's in another, each a TIFF structure of one directory."""
    parts = box(b"CMT1", tiff_block(first)) + box(b"CMT2", tiff_block(shot)) + box(b"CMT3", bytes(20))
    moov = box(b"moov", box(b"uuid", CANON_BOX + box(b"CNCV", bytes(30)) + parts))
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + moov + box(b"mdat", bytes(1000))


def raf(jpeg):
    """A RAF with this JPEG for the camera's screen."""
    head = b"FUJIFILMCCD-RAW 0201FF129502FinePix".ljust(84, b"\0") + struct.pack(">II", 160, len(jpeg))
    return head.ljust(160, b"\0") + jpeg + bytes(1000)


def big_tiff(entries, shot):
    """A BigTIFF whose first directory has text in its entries, tag -> text, and one for the shot."""
    body, heap = b"", b""
    at = 16 + 8 + 20 * (len(entries) + 1) + 8

    def entry(tag, text):
        nonlocal heap
        content = text.encode() + b"\0"
        place = at + len(heap)
        heap += content
        if len(content) <= 8:
            return struct.pack("<HHQ", tag, 2, len(content)) + content.ljust(8, b"\0")
        return struct.pack("<HHQQ", tag, 2, len(content), place)

    for tag, text in entries.items():
        body += entry(tag, text)
    shot_body = b"".join(entry(tag, text) for tag, text in shot.items())
    body += struct.pack("<HHQQ", SHOT, 13, 1, at + len(heap))
    whole = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(entries) + 1) + body + bytes(8) + heap
    return whole + struct.pack("<Q", len(shot)) + shot_body + bytes(8)
