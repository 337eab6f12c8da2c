import io
import os
import random
import shutil
import struct
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from PIL import Image

from beholder.photos.containers.exif_blocks import MAX_PARTS, exif_blocks
from beholder.photos.containers.exif_values import exif_values
from beholder.photos.metadata import Metadata, instant, read_metadata
from helpers.exif_files import SHOT, big_tiff, box, cr3, directory, exif, raf, tiff_block
from helpers.photo_files import SMALL, encode

FIRST = {0x010F: "Canon", 0x0110: "Canon EOS R5", 0x0112: 6, 0x4746: 4}
SHOT_TAGS = {
    0x829A: (1, 250),
    0x829D: (28, 10),
    0x8827: 400,
    0x9003: "2026:05:17 23:59:58",
    0x9011: "+05:30",
    0x9204: (-2, 3),
    0x9291: "25",
    0xA431: "032021000123",
    0xA402: 2,
}
EXPECTED = Metadata(
    captured=datetime(2026, 5, 17, 23, 59, 58, 250_000),
    utc_offset=timedelta(hours=5, minutes=30),
    camera="Canon EOS R5",
    serial="032021000123",
    exposure_time=1 / 250,
    aperture=2.8,
    iso=400,
    exposure_bias=pytest.approx(-2 / 3),
    auto_bracket=True,
    orientation=6,
    rating=4,
)


def of(tmp_path, content, name="photo.jpg"):
    path = tmp_path / name
    path.write_bytes(content)
    return read_metadata(path)


def heif(kind):
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    made = pillow_heif.from_pillow(Image.fromarray(SMALL))
    made.save(file, quality=50, exif=exif(FIRST, SHOT_TAGS).tobytes())
    return file.getvalue()


def jpeg():
    return encode(SMALL, "JPEG", exif=exif(FIRST, SHOT_TAGS))


MAKERS = {
    "photo.jpg": jpeg,
    "photo.png": lambda: encode(SMALL, "PNG", exif=exif(FIRST, SHOT_TAGS)),
    "photo.webp": lambda: encode(SMALL, "WebP", exif=exif(FIRST, SHOT_TAGS)),
    "photo.avif": lambda: encode(SMALL, "AVIF", exif=exif(FIRST, SHOT_TAGS).tobytes()),
    "photo.heic": lambda: heif("HEIC"),
    "photo.cr3": lambda: cr3(FIRST, SHOT_TAGS),
    "photo.raf": lambda: raf(jpeg()),
    "photo.nef": lambda: tiff_block(FIRST, SHOT_TAGS),
    "photo.orf": lambda: b"IIRO" + tiff_block(FIRST, SHOT_TAGS)[4:],
    "photo.rw2": lambda: b"IIU\0" + tiff_block(FIRST, SHOT_TAGS)[4:],
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_field_is_read_from_every_container(name, tmp_path):
    found = of(tmp_path, MAKERS[name](), name)
    turned = name == "photo.avif"  # Pillow makes a property of the picture of its orientation
    assert found == (replace(EXPECTED, orientation=None) if turned else EXPECTED)


def test_bigtiff(tmp_path):
    big = of(tmp_path, big_tiff({0x010F: "SONY", 0x0110: "ILCE-7M3"}, {0x9003: "2026:05:17 01:02:03"}), "big.tif")
    assert (big.camera, big.captured) == ("SONY ILCE-7M3", datetime(2026, 5, 17, 1, 2, 3))


def test_a_big_endian_file_reads_as_a_little_endian_one(tmp_path):
    for order in "<>":
        orientation = struct.pack(f"{order}HH", 8, 0)
        content = directory((0x0112, 3, 1, orientation), (0x010F, 2, 4, b"ACM\0"), order=order)
        assert of(tmp_path, content, "photo.pef") == Metadata(camera="ACM", orientation=8)


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "PNG", "WebP"])
def test_what_exiftool_writes_is_read(kind, tmp_path):
    path = tmp_path / f"photo.{kind.lower()}"
    path.write_bytes(encode(SMALL, kind))
    values = {"Make": "Canon", "Model": "Canon EOS R5", "Orientation": 6, "EXIF:Rating": 4, "ISO": 400, "FNumber": 2.8}
    values |= {"DateTimeOriginal": "2026:05:17 23:59:58", "SubSecTimeOriginal": 25, "OffsetTimeOriginal": "+05:30"}
    values |= {"EXIF:SerialNumber": "032021000123", "ExposureTime": "1/250", "EXIF:ExposureCompensation": "-2/3"}
    values |= {"ExposureMode": 2}
    asked = [f"-{name}={value}" for name, value in values.items()]
    subprocess.run(["exiftool", "-q", "-n", "-overwrite_original", *asked, path], check=True)
    assert read_metadata(path) == EXPECTED


@pytest.mark.parametrize(
    ("maker", "model", "camera"),
    [
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("OLYMPUS IMAGING CORP.", "E-M5", "OLYMPUS E-M5"),
        ("LEICA CAMERA AG", "LEICA Q2", "LEICA Q2"),
        ("CASIO COMPUTER CO.,LTD.", "EX-Z3", "CASIO EX-Z3"),
        ("EASTMAN KODAK COMPANY", "KODAK DX4900", "KODAK DX4900"),
        ("", "Pixel", "Pixel"),
        ("Apple", "", "Apple"),
        ("  ", " ", None),
        ("Ev\x1b[31mil", "One\nTwo", "Ev[31mil OneTwo"),
    ],
)
def test_camera_as_people_write_it(maker, model, camera, tmp_path):
    assert of(tmp_path, tiff_block({0x010F: maker, 0x0110: model})).camera == camera


@pytest.mark.parametrize(
    "text", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2026:13:01 00:00:00", "2026:05:17 24:00:00", "", "now"]
)
def test_a_date_that_makes_no_sense_is_unknown(text, tmp_path):
    assert of(tmp_path, tiff_block({}, {0x9003: text})).captured is None


@pytest.mark.parametrize("digits", ["", "  ", "x", "²", "-1"])
def test_odd_parts_of_a_second_are_none(digits, tmp_path):
    found = of(tmp_path, tiff_block({}, {0x9003: "2026:05:17 01:02:03", 0x9291: digits}))
    assert found.captured == datetime(2026, 5, 17, 1, 2, 3)


@pytest.mark.parametrize(
    ("text", "minutes"), [("+02:00", 120), ("-03:30", -210), ("Z", 0), ("   :  ", None), ("+99:00", None), ("2", None)]
)
def test_utc_offset(text, minutes, tmp_path):
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert of(tmp_path, tiff_block({}, {0x9011: text})).utc_offset == expected


def test_numbers_that_make_no_sense_are_unknown(tmp_path):
    ratio = struct.pack("<I", 8 + 2 + 12 * 6 + 4)
    entries = [
        (0x829A, 5, 1, ratio),  # 1/0 s
        (0x829D, 5, 2**31, ratio),  # 16 GB of them, the first 1/0
        (0x8827, 3, 1, bytes(4)),  # ISO 0
        (0x0112, 3, 1, b"\x09\0\0\0"),
        (0x4746, 3, 1, b"\xff\xff\0\0"),
        (0x9204, 12, 1, struct.pack("<I", 0xFFFFFFF0)),  # outside of the file
    ]
    content = directory(*entries) + struct.pack("<IIII", 1, 0, 1, 0)
    assert of(tmp_path, content) == Metadata()


def test_exposure_by_other_tags(tmp_path):
    found = of(tmp_path, tiff_block({0xC62F: "77"}, {0x9201: (4, 1), 0x9202: (4, 1), 0x8827: 65535, 0x8832: 102_400}))
    assert (found.exposure_time, found.aperture, found.iso, found.serial) == (1 / 16, 4.0, 102_400, "77")
    assert of(tmp_path, tiff_block({0x0017: 80})).iso == 80


def test_text_in_utf8_and_in_what_is_not(tmp_path):
    for stored, read in (("Zoë".encode(), "Zoë"), (b"Zo\xeb", "Zo\ufffd")):
        content = directory((0x010F, 2, 4, stored.ljust(4, b"\0")))
        assert of(tmp_path, content).camera == read


@pytest.mark.parametrize("what", ["nothing there", "a folder", "empty", "text", "a pipe"])
def test_a_file_that_cannot_be_read_has_no_metadata(what, tmp_path):
    path = tmp_path / "photo.jpg"
    if what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what != "nothing there":
        path.write_bytes(b"" if what == "empty" else b"not a photograph")
    assert read_metadata(path) == Metadata()


def test_the_date_of_the_file_is_never_taken(tmp_path):
    assert of(tmp_path, encode(SMALL, "JPEG")) == Metadata()
    assert of(tmp_path, tiff_block({0x0132: "2026:05:17 01:02:03"}, {})).captured is None  # when a program changed it


@pytest.mark.parametrize("name", MAKERS)
def test_damaged_files_raise_nothing(name, tmp_path):
    whole = MAKERS[name]()
    chance = random.Random(name)
    path = tmp_path / name
    for _ in range(60):
        changed = bytearray(whole[: chance.randrange(len(whole))] if chance.random() < 0.3 else whole)
        for _ in range(chance.randrange(1, 8) if changed else 0):
            place = chance.randrange(min(len(changed), 700))
            changed[place] = chance.choice((0, 255, chance.randrange(256)))
        path.write_bytes(changed)
        assert isinstance(read_metadata(path), Metadata)


LOOP = (0x010F, 2, 2**32 - 1, bytes(4)), (SHOT, 4, 1, struct.pack("<I", 8))  # a text of 4 GB; a directory in itself
HOSTILE = {
    "a directory of 65,535 entries that holds itself": directory(*LOOP)[:8] + b"\xff\xff" + directory(*LOOP)[10:],
    "segments without end": b"\xff\xd8" + b"\xff\xe2\0\2" * 50_000,
    "filling without end": b"\xff\xd8" + b"\xff" * 50_000,
    "boxes without end": box(b"ftyp", b"crx ") + box(b"free", b"") * 50_000,
    "items without end": box(b"ftyp", b"heic") + struct.pack(">I", 2**30) + b"meta" + bytes(4) + b"\x40\0\0\0iinf",
    "PNG chunks without end": b"\x89PNG\r\n\x1a\n" + (bytes(4) + b"abcd" + bytes(4)) * 50_000,
    "WebP chunks without end": b"RIFF\xff\xff\xff\x7fWEBP" + b"ABCD\0\0\0\0" * 50_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_little_is_read_of_a_large_and_hostile_file(kind):
    content, size, lengths = HOSTILE[kind], 2**30, []

    def read(offset, length):
        assert offset >= 0
        length = max(0, min(length, size - offset))
        lengths.append(length)
        return content[offset : offset + length].ljust(length, b"\0")

    for block in exif_blocks(read, size):
        exif_values(read, block, {0x010F})
    assert len(lengths) <= MAX_PARTS + 10
    assert sum(lengths) < 2_000_000


def test_instants_are_compared_in_utc_or_by_the_clock():
    berlin = Metadata(datetime(2026, 5, 17, 12), timedelta(hours=2))
    london = Metadata(datetime(2026, 5, 17, 11, 0, 3), timedelta(hours=1))
    assert instant(london, utc=True) - instant(berlin, utc=True) == 3
    assert instant(london, utc=False) - instant(berlin, utc=False) == -3597
    assert instant(Metadata(), utc=False) is None
    midnight = instant(Metadata(datetime(2026, 5, 18)), utc=False)
    assert midnight - instant(EXPECTED, utc=False) == 1.75


@pytest.mark.parametrize(("moment", "hours"), [(datetime.max, -14), (datetime.min, 14)])
def test_the_last_and_the_first_moment_have_an_instant(moment, hours):
    found = [instant(Metadata(moment, timedelta(hours=hours)), utc=utc) for utc in (True, False)]
    assert found[0] - found[1] == -3600 * hours
