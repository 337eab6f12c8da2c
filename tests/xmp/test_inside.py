"""The packet inside a photograph is found in every format, without decoding, and never an error of another library."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from beholder.errors import BeholderError
from beholder.xmp.change import change_inside
from beholder.xmp.given import read_given
from beholder.xmp.inside import look_inside, packet_inside
from beholder.xmp.rules import Edit
from helpers.xmp_packets import lightroom

PACKET = lightroom(xmp_Rating="3")


def saved(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def png(packed: bool) -> bytes:
    content, text = saved("PNG"), zlib.compress(PACKET) if packed else PACKET
    body = b"iTXtXML:com.adobe.xmp\0" + bytes([packed, 0]) + b"\0\0" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return content[:-12] + chunk + content[-12:]  # behind the pixels, where some programs put it


def heic() -> bytes:
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    heif.from_pillow(Image.new("RGB", (64, 64))).save(file, xmp=PACKET)
    return file.getvalue()


def cr3() -> bytes:
    box = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + PACKET
    start = b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"
    return (
        start + struct.pack(">I4s", 8 + 100, b"moov") + b"\0" * 100 + struct.pack(">I4s", 8 + len(box), b"uuid") + box
    )


def raf() -> bytes:
    return b"FUJIFILMCCD-RAW ".ljust(84, b"\0") + struct.pack(">I", 160) + b"\0" * 72 + saved("JPEG", xmp=PACKET)


FORMATS = {
    "a.CR3": cr3,
    "a.RAF": raf,
    "a.ORF": lambda: b"IIRO" + saved("TIFF", tiffinfo={700: PACKET})[4:],
    "a.jpg": lambda: saved("JPEG", xmp=PACKET),
    "a.png": lambda: png(packed=False),
    "b.png": lambda: png(packed=True),
    "a.webp": lambda: saved("WEBP", xmp=PACKET),
    "a.tif": lambda: saved("TIFF", tiffinfo={700: PACKET}),
    "b.tif": lambda: saved("TIFF", tiffinfo={700: PACKET}, big_tiff=False),
    "a.dng": lambda: saved("TIFF", tiffinfo={700: PACKET}),
    "a.NEF": lambda: saved("TIFF", tiffinfo={700: PACKET}),
    "a.heic": heic,
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FORMATS[name]())
    (found,) = look_inside(path).packets
    assert found == PACKET
    packet = packet_inside(path)
    assert packet is not None and packet.get("{http://ns.adobe.com/xap/1.0/}Rating") == "3"


def test_formats_by_content(tmp_path: Path) -> None:
    for name, kind in (("a.dng", "TIFF"), ("a.tif", "TIFF"), ("a.NEF", "RAW"), ("a.png", "TIFF")):
        (tmp_path / name).write_bytes(saved("TIFF"))
        assert (look_inside(tmp_path / name).format, look_inside(tmp_path / name).packets) == (kind, ())


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.endswith("heic")])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_damaged_files_say_nothing(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    content = bytearray(FORMATS[name]())
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    look_inside(path)
    packet_inside(path)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BeholderError, match="no such file"):
        look_inside(tmp_path / "a.jpg")
    assert packet_inside(tmp_path) is None


def test_a_packet_in_a_jpeg_under_a_damaged_name_is_read_and_never_written_beside(tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(saved("JPEG", xmp=PACKET).replace(b"http://ns.adobe", b"XMP\0://ns.adobe", 1))
    assert read_given(str(photo)).rating == 3
    before = photo.read_bytes()
    with pytest.raises(BeholderError, match="not clear what counts"):
        change_inside(photo, lambda packet, new: Edit(), None)  # type: ignore[arg-type]
    assert photo.read_bytes() == before
