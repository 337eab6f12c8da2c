"""What a search passes over, and how it is told."""

from collections import Counter

import pytest

from beholder.photos.formats import PHOTO_SUFFIXES, UNREAD_SUFFIXES
from beholder.photos.listing.passed_over import machine_folder, summary


def test_no_suffix_is_both_read_and_not() -> None:
    assert not PHOTO_SUFFIXES & {suffix for suffix in UNREAD_SUFFIXES if suffix != ".jxl"}
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in UNREAD_SUFFIXES)


@pytest.mark.parametrize(
    ("folder", "name", "passed"),
    [
        ("photos", "@eaDir", True),
        ("photos", "$Recycle.Bin", True),
        ("", "LOST+FOUND", True),
        ("photos", "Lightroom Catalog Previews.lrdata", True),
        ("Photos Library.photoslibrary", "resources", True),
        ("Photos Library.photoslibrary/", "originals", False),
        ("Aperture.aplibrary", "Masters", False),
        ("photos", "resources", False),
        ("photos", "recycle", False),
        ("photos", "trip", False),
    ],
)
def test_machine_folders(folder: str, name: str, passed: bool) -> None:
    assert bool(machine_folder(folder, name)) == passed


def test_summary_is_one_line() -> None:
    assert summary(Counter()) == summary(Counter(gone=0)) == ""
    assert summary(Counter({"a\nb/": 1, ".psd": 1200})) == "passed over: 1,200 .psd, 1 a\\nb/"
