"""Whose a sidecar is, and where a profile writes."""

from pathlib import Path

import pytest

from beholder.errors import BeholderError
from beholder.xmp.places import sidecars
from beholder.xmp.profiles import PROFILES, profiles_of
from helpers.xmp_packets import lightroom


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(lightroom() if name.lower().endswith(".xmp") else b"")


@pytest.mark.parametrize(
    ("photo", "beside", "there"),
    [
        ("a.jpg", [], []),
        ("a.jpg", ["a.jpg.xmp"], ["a.jpg.xmp"]),
        ("a.jpg", ["a.xmp"], ["a.xmp"]),
        ("a.jpg", ["a.xmp", "a.jpg.xmp"], ["a.jpg.xmp", "a.xmp"]),
        ("a.jpg", ["a.XMP", "a.jpg.XMP"], ["a.jpg.XMP", "a.XMP"]),
        ("a.jpg", ["a.xmp", "a.CR2"], []),
        ("a.CR2", ["a.xmp", "a.jpg"], ["a.xmp"]),
        ("a.CR2", ["a.xmp", "a.dng"], []),
        ("a.CR2", ["a.CR2.xmp", "a.xmp", "a.dng"], ["a.CR2.xmp"]),
        ("a.jpg", ["a.xmp", "a.tif"], []),
        ("A.JPG", ["A.xmp", "a.cr2"], []),
        ("b.a.jpg", ["b.xmp", "b.a.xmp"], ["b.a.xmp"]),
    ],
)
def test_which_sidecars_are_its_own(tmp_path: Path, photo: str, beside: list[str], there: list[str]) -> None:
    touch(tmp_path, photo, *beside)
    assert [path.name for path in sidecars(str(tmp_path / photo)).there] == there


@pytest.mark.parametrize(
    ("photo", "named", "own"), [("a.CR2", "CR2", True), ("a.dng", "CR2", False), ("a.jpg", "cr2", False)]
)
def test_a_sidecar_that_names_its_photograph(tmp_path: Path, photo: str, named: str, own: bool) -> None:
    touch(tmp_path, "a.CR2", "a.dng", "a.jpg")
    (tmp_path / "a.xmp").write_bytes(lightroom(photoshop_SidecarForExtension=named))
    found = sidecars(str(tmp_path / photo))
    assert [path.name for path in found.there] == ["a.xmp"] * own
    assert ("belongs to the CR2 file" in found.owner) is not own


@pytest.mark.parametrize(
    ("profile", "photo", "beside", "place"),
    [
        ("sidecar", "a.jpg", [], "a.jpg.xmp"),
        ("sidecar", "a.jpg", ["a.xmp"], "a.xmp"),
        ("sidecar", "a.jpg", ["a.xmp", "a.jpg.xmp"], "a.jpg.xmp"),
        ("sidecar", "a.jpg", ["a.xmp", "a.NEF"], "a.jpg.xmp"),
        ("sidecar", "a.NEF", ["a.xmp", "a.jpg"], "a.xmp"),
        ("lightroom", "a.NEF", [], "a.xmp"),
        ("lightroom", "a.NEF", ["a.NEF.xmp"], "a.xmp"),
        ("lightroom", "a.jpg", ["a.xmp"], "."),
        ("lightroom", "a.DNG", [], "."),
        ("darktable", "a.NEF", ["a.xmp"], "a.NEF.xmp"),
        ("darktable", "a.jpg", [], "a.jpg.xmp"),
        ("immich", "a.jpg", ["a.xmp"], "a.jpg.xmp"),
        ("digikam", "a.jpg", [], "a.jpg.xmp"),
        ("digikam", "a.jpg", ["a.xmp", "a.jpg.xmp"], "a.xmp"),
        ("digikam", "a.jpg", ["a.xmp", "a.NEF"], "a.jpg.xmp"),
    ],
)
def test_where_a_profile_writes(tmp_path: Path, profile: str, photo: str, beside: list[str], place: str) -> None:
    touch(tmp_path, photo, *beside)
    path = str(tmp_path / photo)
    found = PROFILES[profile].place(path, sidecars(path))
    assert found == (Path() if place == "." else tmp_path / place)


def test_profiles_by_name() -> None:
    assert profiles_of(" Sidecar,lightroom,sidecar") == (PROFILES["sidecar"], PROFILES["lightroom"])
    for text in ("", ",", "sidecar,capture"):
        with pytest.raises(BeholderError, match=r"--xmp .*: choose one or more of sidecar, lightroom, .*digikam"):
            profiles_of(text)
