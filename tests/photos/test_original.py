"""Photographs read and stored again with the depth, the colours and the EXIF data of their file."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from beholder.errors import BeholderError
from beholder.photos.original import Original, open_original, store
from beholder.photos.read import Pixels, read_photo

MAKE, ORIENTATION, EXIF, GPS, TAKEN, WIDTH = 0x010F, 0x0112, 0x8769, 0x8825, 0x9003, 0xA002
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def picture() -> Pixels:
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, 60)[None, :, None] + np.array([0, 20, 40]) + np.linspace(0, 15, 40)[:, None, None]
    return np.clip(smooth + rng.normal(0, 2, smooth.shape), 0, 255).astype(np.uint8)


def told(orientation: int = 6) -> Image.Exif:
    found = Image.Exif()
    found[MAKE], found[ORIENTATION] = "Maker", orientation
    found.get_ifd(EXIF)[TAKEN] = "2024:01:02 03:04:05"
    found.get_ifd(GPS)[1] = "N"
    return found


def again(path: Path) -> tuple[Original, Path]:
    """The original, and a copy of it with nothing changed."""
    original = open_original(path)
    copy = path.with_name(f"copy{original.suffix}")
    store(original, original.pixels, copy)
    return original, copy


@pytest.mark.parametrize(("suffix", "loss"), [(".jpg", 2.0), (".png", 0), (".webp", 3.0)])
def test_eight_bits(suffix: str, loss: float, picture: Pixels, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(picture).save(path, exif=told(), icc_profile=PROFILE, quality=95)
    original, copy = again(path)
    assert original.pixels.dtype == np.uint8 and copy.suffix == suffix
    assert np.array_equal(original.pixels, read_photo(path).pixels)  # upright
    assert np.abs(read_photo(copy).pixels.astype(int) - original.pixels).mean() <= loss
    with Image.open(copy) as image:
        found = image.getexif()
        assert image.info["icc_profile"] == PROFILE
        assert found[MAKE] == "Maker" and found.get(ORIENTATION, 1) == 1
        assert found.get_ifd(EXIF)[TAKEN] == "2024:01:02 03:04:05" and found.get_ifd(EXIF)[WIDTH] == 40
        assert found.get_ifd(GPS)[1] == "N"


def test_tiff_of_eight_bits(picture: Pixels, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(picture).save(path, exif=told(), icc_profile=PROFILE)
    _, copy = again(path)
    assert np.array_equal(read_photo(copy).pixels, read_photo(path).pixels)
    with Image.open(copy) as image:
        assert image.info["icc_profile"] == PROFILE and image.getexif()[MAKE] == "Maker"
    data = told(1).tobytes()
    store(Original(picture, None, b"", data, "TIFF"), picture, copy)
    with Image.open(copy) as image:
        assert image.getexif().get_ifd(EXIF)[TAKEN] == "2024:01:02 03:04:05"
        assert image.getexif().get_ifd(GPS)[1] == "N"


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("profile", [b"", PROFILE])
def test_sixteen_bits(suffix: str, profile: bytes, picture: Pixels, tmp_path: Path) -> None:
    """Written by another program, read back by another."""
    vips, tifffile = pytest.importorskip("pyvips"), pytest.importorskip("tifffile")
    deep = picture.astype(np.uint16) * 257 + np.random.default_rng(1).integers(0, 90, picture.shape, dtype=np.uint16)
    path = tmp_path / f"a{suffix}"
    image = vips.Image.new_from_array(deep, interpretation="rgb16").copy()
    if profile:
        image.set_type(vips.GValue.blob_type, "icc-profile-data", profile)
    image.write_to_file(str(path))
    original, copy = again(path)
    assert original.pixels.dtype == np.uint16 and np.array_equal(original.pixels, deep)
    assert original.profile == profile
    if suffix == ".tif":
        assert np.array_equal(tifffile.imread(copy), deep)
    assert np.array_equal(open_original(copy).pixels, deep) and open_original(copy).profile == profile


def test_sixteen_bits_with_transparency(picture: Pixels, tmp_path: Path) -> None:
    vips = pytest.importorskip("pyvips")
    deep = np.dstack([picture, picture[..., :1]]).astype(np.uint16) * 257
    vips.Image.new_from_array(deep, interpretation="rgb16").write_to_file(str(tmp_path / "a.png"))
    original, copy = again(tmp_path / "a.png")
    assert original.alpha is not None and np.array_equal(original.alpha, deep[..., 3])
    back = open_original(copy)
    assert back.alpha is not None and np.array_equal(back.alpha, deep[..., 3])
    store(original, original.pixels[:20], copy)  # of another size: opaque
    assert open_original(copy).alpha is None


def test_without_the_library_for_sixteen_bits(picture: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vips = pytest.importorskip("pyvips")
    vips.Image.new_from_array(picture.astype(np.uint16) * 257, interpretation="rgb16").write_to_file(
        str(tmp_path / "a.png")
    )
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(BeholderError, match=r"^\S*a\.png: has 16 bits a channel.* pip install 'beholder\[deep\]'"):
        open_original(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("mode", "suffix", "stored"),
    [("L", ".jpg", ".jpg"), ("CMYK", ".jpg", ".jpg"), ("P", ".png", ".png"), ("RGB", ".bmp", ".jpg")],
)
def test_colours_that_are_no_rgb_become_srgb(
    mode: str, suffix: str, stored: str, picture: Pixels, tmp_path: Path
) -> None:
    Image.fromarray(picture).convert(mode).save(tmp_path / f"a{suffix}")
    original, copy = again(tmp_path / f"a{suffix}")
    assert copy.suffix == stored and original.pixels.shape == (40, 60, 3)
    difference = np.abs(read_photo(copy).pixels.astype(int) - read_photo(tmp_path / f"a{suffix}").pixels)
    assert difference.mean() < 3


def test_transparency_is_kept(picture: Pixels, tmp_path: Path) -> None:
    image = Image.fromarray(picture)
    image.putalpha(77)
    image.save(tmp_path / "a.png")
    _, copy = again(tmp_path / "a.png")
    with Image.open(copy) as back:
        assert back.mode == "RGBA" and back.getchannel("A").getextrema() == (77, 77)


def test_heic(picture: Pixels, tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(picture)).save(tmp_path / "a.heic", exif=told(1).tobytes())
    _, copy = again(tmp_path / "a.heic")
    with Image.open(copy) as image:
        assert image.format == "JPEG" and image.getexif().get_ifd(EXIF)[TAKEN] == "2024:01:02 03:04:05"


@pytest.mark.parametrize("tag", [0x927C, 0x9286])  # notes of the maker, a comment of the user
def test_exif_data_beyond_what_a_jpeg_holds(tag: int, picture: Pixels, tmp_path: Path) -> None:
    data = told(1)
    data.get_ifd(EXIF)[tag] = bytes(70_000)
    store(Original(picture, None, b"", data.tobytes(), "JPEG"), picture, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.getexif().get(MAKE) == ("Maker" if tag == 0x927C else None)


def test_broken_metadata_are_left_out(picture: Pixels, tmp_path: Path) -> None:
    Image.fromarray(picture).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    original, copy = again(tmp_path / "a.jpg")
    assert original.exif == b"" and copy.exists()
