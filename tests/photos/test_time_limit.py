"""A decoder that asks for its file piece by piece is stopped when its processor time is used up."""

import io
import re
import struct
import threading
import time
import zlib

import pytest

from beholder.errors import PhotoError
from beholder.photos import time_limit
from beholder.photos.read import read_photo
from beholder.photos.time_limit import TimedFile
from helpers.hostile_photos import segment
from helpers.photo_files import SMALL, chunk, encode, reason

JPEG, PNG = encode(SMALL, "JPEG"), encode(SMALL, "PNG")
GIF = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0x80, 0, 0) + bytes(6)
BMP = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54 + 1024, 40, 16, 16, 1, 8, 1, 0, 0, 0, 256, 0) + bytes(1024)
EXIF = b"Exif\0\0" + bytes(60_000)
SLOW = {
    "JPEG filled with FF": JPEG[:2] + b"\xff" * 3_000_000 + JPEG[2:],
    "JPEG with Exif in pieces": JPEG[:2] + segment(0xE1, EXIF) * 1000 + JPEG[2:],
    "JPEG with FF among its pixels": JPEG[:-2] + b"\xff" * 40_000_000 + JPEG[-2:],
    "PNG of empty chunks": PNG[:33] + chunk(b"abCd", b"") * 200_000 + PNG[33:],
    "PNG of empty pieces": PNG[:33] + chunk(b"IDAT", b"") * 200_000 + PNG[33:],
    "PNG that never ends": PNG[:-12] + chunk(b"abCd", b"") * 200_000,
    "PNG of profiles": PNG[:33] + chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1 << 20))) * 200 + PNG[33:],
    "GIF of comments": GIF + b"!\xfe" + b"\1a" * 500_000,
    "GIF of nothing": GIF + bytes(2_000_000),
    "BMP of line ends": BMP + b"\0\0" * 500_000,
}


@pytest.mark.parametrize("name", SLOW)
def test_slow_files_are_refused_in_time(name, monkeypatch):
    monkeypatch.setattr(time_limit, "HEADER_SECONDS", 0.02)
    began = time.thread_time()
    message = reason(SLOW[name], name="photo")
    assert re.match(r"photo: decoding takes more than \d+ s of processor time, .*; open it in a photo editor", message)
    assert time.thread_time() - began < 1


def test_more_pixels_have_more_time(monkeypatch):
    monkeypatch.setattr(time_limit, "HEADER_SECONDS", 0.0)
    file = TimedFile(b"0123", "a.png")
    with pytest.raises(PhotoError, match=r"^a.png: decoding takes more than 0 s"):
        file.read()
    with pytest.raises(PhotoError):
        while True:  # not at once: looking at the time takes longer than reading a few bytes
            file.read(0)
    file.allow_pixels(100_000_000)
    assert file.read(1) == b"0" and file.read() == b"123" and file.read(None) == b""
    monkeypatch.setattr(time_limit, "HEADER_SECONDS", 5.0)
    assert read_photo(PNG).width == 96


def test_a_busy_machine_refuses_nothing(monkeypatch):
    monkeypatch.setattr(time_limit, "HEADER_SECONDS", 0.05)
    file, done = TimedFile(b"0123", "a.png"), threading.Event()
    other = threading.Thread(target=lambda: [zlib.crc32(bytes(10_000_000)) for _ in range(20)] and done.set())
    other.start()
    assert done.wait(60)
    other.join()
    assert file.read() == b"0123" and isinstance(file, io.BytesIO)
