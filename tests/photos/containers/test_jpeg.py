"""JPEG files that ask for thousands of passes, and those that have many for a reason."""

import pytest

from beholder.errors import PhotoError
from beholder.photos.containers import jpeg
from beholder.photos.containers.jpeg import has_several_scans
from beholder.photos.read import read_photo
from helpers.hostile_photos import costs, frame, jpeg_of_scans, segment
from helpers.photo_files import GREY, SMALL, encode, gap

BASELINE = encode(SMALL, "JPEG")
PROGRESSIVE = encode(SMALL, "JPEG", progressive=True)


def with_segments(data, *segments):
    return data[:2] + b"".join(segments) + data[2:]


def test_hostile_files_are_refused_at_once(tmp_path):
    pytest.importorskip("resource")
    first_scan = BASELINE.index(b"\xff\xda")
    files = {
        "250 megapixels in 3,000 passes": jpeg_of_scans(16_000, 15_600, 3000),
        "12 megapixels in 3,000 passes": jpeg_of_scans(4000, 3000, 3000),
        "250 megapixels, passes without data": b"\xff\xd8" + frame(0xC0, 16_000, 15_600, 3)
        + segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) * 30_000,
        "passes between comments": jpeg_of_scans(16_000, 15_600, 3000).replace(b"\xff\xda", segment(0xFE, b"\xff\xd9")
                                                                              + b"\xff\xff\xda"),
        "filling": with_segments(BASELINE, b"\xff" * 20_000_000),
        "filling among pixels": PROGRESSIVE[:-2] + b"\xff" * 20_000_000 + PROGRESSIVE[-2:],
        "comments": with_segments(BASELINE, segment(0xFE, b"") * 1_000_000),
        "applications": with_segments(BASELINE, segment(0xE5, b"x") * 300_000),
        "tables": BASELINE[:first_scan] + segment(0xDB, b"\0" + bytes([1] * 64)) * 100_000 + BASELINE[first_scan:],
    }  # fmt: skip
    taken = costs(tmp_path, {f"{name}.jpg": data for name, data in files.items()})
    for said, seconds, megabytes in taken.values():
        assert ("passes (scans), more than the" in said or "more than 65,536 segments" in said) and "save it" in said
        assert seconds < 1 and megabytes < 60
    assert len(taken) == len(files)


@pytest.mark.parametrize("scans", [2, 30, 64, 1000])
def test_many_passes_over_a_small_picture(scans):
    read = read_photo(jpeg_of_scans(96, 64, scans))
    assert (read.width, read.height) == (96, 64)


def test_the_limit_is_of_passes_times_pixels(monkeypatch):
    data = jpeg_of_scans(96, 64, 100)
    monkeypatch.setattr(jpeg, "MAX_SCAN_PIXELS", 96 * 64 * 100)
    assert has_several_scans(data, "a.jpg")
    monkeypatch.setattr(jpeg, "MAX_SCAN_PIXELS", 96 * 64 * 100 - 1)
    with pytest.raises(PhotoError, match=r"^a.jpg: this JPEG is stored in 100 passes"):
        has_several_scans(data, "a.jpg")


@pytest.mark.parametrize(
    ("data", "several"),
    [
        (BASELINE, False),
        (PROGRESSIVE, True),
        (encode(GREY, "JPEG"), False),
        (encode(SMALL, "JPEG", restart_marker_blocks=1), False),
        (jpeg_of_scans(96, 64, 1, progressive=False), False),
        (jpeg_of_scans(96, 64, 3, progressive=False, components=3), True),
    ],
    ids=["baseline", "progressive", "grey", "restarts", "one scan", "a scan for each colour"],
)
def test_one_pass_or_several(data, several):
    assert has_several_scans(data, "a.jpg") == several
    assert read_photo(data).width == 96


@pytest.mark.parametrize(
    "data",
    [
        with_segments(PROGRESSIVE, b"\xff" * 20_000),
        with_segments(PROGRESSIVE, segment(0xE1, b"Exif\0\0" + BASELINE * 20)),  # a preview and its scans
        PROGRESSIVE + b"\xff\xda" * 5000,  # as a video may have
        with_segments(PROGRESSIVE, *[segment(0xE1, bytes(60_000))] * 500),
    ],
    ids=["filled", "with previews", "with a video", "with 30 MB of metadata"],
)
def test_odd_files_that_are_read(data, monkeypatch):
    monkeypatch.setattr(jpeg, "MAX_SCANS", 12)
    monkeypatch.setattr(jpeg, "MAX_SCAN_PIXELS", 0)
    assert gap(read_photo(data).pixels, read_photo(PROGRESSIVE).pixels) == 0
