"""ICC profiles: real ones are used as they are, those that would take minutes or gigabytes are not."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from beholder.photos.colour import profile_transform
from beholder.photos.icc import MAX_PROFILE_BYTES, bounded_profile
from helpers.hostile_photos import chain, costs, grid_tag, primaries, segment, table
from helpers.photo_files import ADOBE, GAMMA_ONE, SKIMAGE, SMALL, TO_XYZ, WHITE, encode, gamma, icc, xyz

CHAINS = ["D2B0", "D2B1", "D2B2", "D2B3", "B2D0", "B2D1", "B2D2", "B2D3"]
USUAL = {b"wtpt": xyz(WHITE)} | primaries(TO_XYZ["Adobe"], gamma(2.19921875))
HOSTILE = {f"{name} of {kind.decode()}": icc(b"RGB ", USUAL | {name.encode(): chain(20_000, kind)})
           for name in CHAINS for kind in (b"matf", b"cvst")}  # fmt: skip
HOSTILE |= {
    "table without its colours": icc(b"RGB ", {b"wtpt": xyz(WHITE), b"A2B0": table(b"mft2", 3, 3, 255, b"")}),
    "bytes without colours": icc(b"RGB ", {b"wtpt": xyz(WHITE), b"A2B0": table(b"mft1", 3, 3, 255, b"")}),
    "grid without its colours": icc(b"RGB ", {b"wtpt": xyz(WHITE), b"A2B0": grid_tag(3, 3, 255, b"")}),
    "long curve": icc(b"RGB ", USUAL | {b"rTRC": b"curv\0\0\0\0" + struct.pack(">I", 0xFFFFFFFF)}),
    "many tags": ADOBE[:128] + struct.pack(">I", 50_000) + ADOBE[132:144] * 50_000,
}


def test_hostile_profiles_take_no_time_and_no_memory(tmp_path):
    pytest.importorskip("resource")
    files = {f"{name}.png": encode(SMALL, "PNG", icc_profile=profile) for name, profile in HOSTILE.items()}
    parts = [segment(0xE2, b"ICC_PROFILE\0" + bytes([number + 1, 255]) + bytes(65_000)) for number in range(255)]
    jpeg = encode(SMALL, "JPEG")
    for name, segments in {"255 parts": parts, "the same part": parts[:1] * 300, "parts missing": parts[::2]}.items():
        files[f"{name}.jpg"] = jpeg[:2] + b"".join(segments) + jpeg[2:]
    taken = costs(tmp_path, files)
    assert {name: cost for name, cost in taken.items() if cost[0] or cost[1] > 1 or cost[2] > 120} == {}
    assert taken.keys() == files.keys()


@pytest.mark.parametrize("name", CHAINS)
def test_without_its_chain_a_profile_is_used_as_before(name):
    cube = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8))
    bounded = profile_transform(icc(b"RGB ", USUAL | {name.encode(): chain(2)}), "RGB")
    plain = profile_transform(ADOBE, "RGB")
    assert bounded is not None and plain is not None
    np.testing.assert_array_equal(bounded.apply(cube), plain.apply(cube))


REAL = {
    "sRGB": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "a photograph's": Image.open(SKIMAGE / "rocket.jpg").info["icc_profile"],
    "Adobe RGB": ADOBE,
    "grey": GAMMA_ONE,
    "scanner, 33 points": icc(b"RGB ", {b"wtpt": xyz(WHITE), b"A2B0": table(b"mft2", 3, 3, 33, bytes(2 * 3 * 33**3))}),
    "press, 17 points": icc(b"CMYK", {b"wtpt": xyz(WHITE), b"A2B0": table(b"mft1", 4, 3, 17, bytes(3 * 17**4))}),
    "press, version 4": icc(b"CMYK", {b"wtpt": xyz(WHITE), b"A2B0": grid_tag(4, 3, 16, bytes(3 * 16**4))}),
    "parametric": icc(b"RGB ", USUAL | {b"rTRC": b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, 144_000)}),
    "long curves": icc(b"RGB ", USUAL | {b"rTRC": b"curv\0\0\0\0" + struct.pack(">I", 4096) + bytes(8192)}),
}


@pytest.mark.parametrize("profile", REAL.values(), ids=REAL)
def test_real_profiles_stay_as_they_are(profile):
    assert bounded_profile(profile) is profile


def test_sizes():
    assert bounded_profile(ADOBE.ljust(MAX_PROFILE_BYTES, b"\0")) is not None
    assert bounded_profile(ADOBE.ljust(MAX_PROFILE_BYTES + 1, b"\0")) is None
    assert bounded_profile(ADOBE[:131]) is None and bounded_profile(ADOBE[:140]) is None
