"""HEIC, AVIF and camera RAW, whose decoders are optional."""

import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image, features

from beholder.photos import memory
from beholder.photos.read import read_photo
from helpers.factories import dng
from helpers.photo_files import ADOBE, CHINA, GREY, SMALL, STORED, VIVID, encode, gap, in_adobe, reason, stored

HEIC_HEADER = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
AVIF_HEADER = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(100)


def test_heif_without_its_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "IMG_1.heic").write_bytes(HEIC_HEADER)
    says = "HEIC needs a decoder that is not installed: pip install 'beholder[heif]'"
    assert reason(tmp_path / "IMG_1.heic") == f"{tmp_path / 'IMG_1.heic'}: {says}"
    assert reason(HEIC_HEADER, name="IMG_1.JPG") == f"IMG_1.JPG: {says}"  # content decides


def test_avif_without_a_decoder(monkeypatch):
    monkeypatch.setattr(features, "check", lambda _: False)
    assert reason(AVIF_HEADER).startswith("<bytes>: AVIF needs a Pillow that decodes it: pip install")


@pytest.mark.parametrize("suffix", [".dng", ".CR2", ".nef", ".arw", ".raf", ".cr3"])
def test_raw_without_its_extra(monkeypatch, suffix):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    says = f"DSC_1{suffix}: camera RAW needs a decoder that is not installed: pip install 'beholder[raw]'"
    assert reason(encode(SMALL, "TIFF"), name=f"DSC_1{suffix}") == says
    assert read_photo(encode(SMALL, "JPEG"), name=f"DSC_1{suffix}").width == 96  # a JPEG that is called so
    assert "camera RAW needs" in reason(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40))
    assert "camera RAW needs" in reason(b"FUJIFILMCCD-RAW 0201" + bytes(40))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_heic(orientation):
    heif = pytest.importorskip("pillow_heif")
    upright = np.array(Image.fromarray(CHINA).resize((192, 128)))
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    try:
        heif.encode("RGB", image.size, image.tobytes(), file, exif=exif.tobytes(), quality=95)
    except (RuntimeError, ValueError, OSError):
        pytest.skip("no HEVC encoder")
    read = read_photo(file.getvalue())
    assert (read.width, read.height) == (192, 128)
    assert gap(read.pixels, upright) < 6 < gap(read.pixels[::-1], upright)
    assert "HEIC" in reason(file.getvalue()[: len(file.getvalue()) // 2])


def test_heic_profile_alpha_and_size(monkeypatch):
    heif = pytest.importorskip("pillow_heif")
    alpha = np.full((*GREY.shape, 1), 255, np.uint8)
    alpha[:, :48] = 0
    file = io.BytesIO()
    try:
        pixels = np.concatenate([in_adobe(VIVID), alpha], axis=2).tobytes()
        heif.encode("RGBA", (96, 64), pixels, file, quality=-1, chroma=444, icc_profile=ADOBE)
    except (RuntimeError, ValueError, OSError):
        pytest.skip("no HEVC encoder")
    read = read_photo(file.getvalue())
    assert (read.pixels[:, :40] > 250).all() and gap(read.pixels[:, 56:], VIVID[:, 56:]) < 2
    monkeypatch.setattr(memory, "MAX_PIXELS", 96 * 64 - 1)
    monkeypatch.setattr(heif.HeifFile, "to_pillow", lambda _: pytest.fail("decoded before the size was checked"))
    assert "96 x 64 pixels, more than" in reason(file.getvalue())


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_avif(orientation):
    upright = np.array(Image.fromarray(CHINA).resize((192, 128)))
    data = stored(upright, orientation, "AVIF", quality=90)
    read = read_photo(data)
    assert (read.width, read.height) == (192, 128)
    assert gap(read.pixels, upright) < 6 < gap(read.pixels[::-1], upright)
    assert "AVIF" in reason(data[: len(data) // 2])


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_raw_is_demosaiced_upright(orientation):
    pytest.importorskip("rawpy")
    read = read_photo(dng(orientation), name="a.DNG")
    assert (read.width, read.height) == ((256, 192) if orientation < 5 else (192, 256))
    assert read.pixels.shape == (read.height, read.width, 3) and read.pixels.flags.c_contiguous
    # The left half as stored is bright; where it is once upright, the orientation says.
    top, left = read.pixels[: read.height // 3].mean(), read.pixels[:, : read.width // 3].mean()
    bottom, right = read.pixels[-read.height // 3 :].mean(), read.pixels[:, -read.width // 3 :].mean()
    side = {"top": top, "left": left, "bottom": bottom, "right": right}
    assert max(side, key=side.get) == {1: "left", 3: "right", 6: "top", 8: "bottom"}[orientation]
    assert read.pixels[..., 0].mean() > read.pixels[..., 2].mean() + 20, "reddish"


def test_raw_at_half_size():
    pytest.importorskip("rawpy")
    half = read_photo(dng(), (100, 90), name="a.dng")
    assert half.pixels.shape == (96, 128, 3) and (half.width, half.height) == (256, 192)
    assert read_photo(dng(), (100, 97), name="a.dng").pixels.shape == (192, 256, 3)


@pytest.mark.parametrize("kind", ["JPEG", "JPEG that says its orientation"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_raw_preview_stands_for_the_photograph_when_it_is_large_enough(orientation, kind):
    pytest.importorskip("rawpy")
    upright = np.array(Image.fromarray(CHINA).resize((192, 144) if orientation < 5 else (144, 192)))
    preview = STORED[orientation](upright)
    if kind == "JPEG":
        preview = encode(np.ascontiguousarray(preview), "JPEG", quality=95)
    else:
        preview = stored(upright, orientation, "JPEG", quality=95)
    data = dng(orientation, preview)
    for name in ("a.dng", None):  # known as RAW without its suffix, too
        read = read_photo(data, (140, 140), name=name)
        assert (read.width, read.height) == ((256, 192) if orientation < 5 else (192, 256))
        assert gap(read.pixels, upright) < 5 < gap(read.pixels[::-1], upright)
        too_small = read_photo(data, (150, 150), name=name)
        assert too_small.pixels.shape[:2] == (read.height, read.width), "demosaiced"
    assert read_photo(data).pixels.shape[:2] == (read.height, read.width), "demosaiced"


@pytest.mark.parametrize("size", [(192, 144), (1000, 30)])
def test_raw_with_a_bitmap_or_an_impossible_preview_is_demosaiced(size):
    """A bitmap that is said to be larger than it is crashed the decoder's user."""
    pytest.importorskip("rawpy")
    bitmap = dng(1, np.array(Image.fromarray(CHINA).resize(size)))
    lying = bitmap.replace(struct.pack("<HHII", 257, 4, 1, size[1]), struct.pack("<HHII", 257, 4, 1, 16_383))
    larger = dng(1, encode(Image.fromarray(CHINA).resize((400, 300)), "JPEG"))  # than the 256 x 192 of the photograph
    assert lying != bitmap
    for data in (bitmap, lying, larger):
        read = read_photo(data, (8, 8), name="a.dng")
        assert read.pixels.shape == (96, 128, 3), "demosaiced at half size"


def test_raw_with_a_broken_preview_is_demosaiced():
    pytest.importorskip("rawpy")
    jpeg = encode(Image.fromarray(CHINA).resize((192, 144)), "JPEG")
    read = read_photo(dng(1, jpeg[: len(jpeg) // 2]), (140, 140), name="a.dng")
    assert read.pixels.shape == (192, 256, 3)
    assert read.pixels[:, :80].mean() > read.pixels[:, -80:].mean() + 20


def test_broken_raw():
    pytest.importorskip("rawpy")
    for content in (bytes(range(200)), encode(SMALL, "TIFF"), dng()[:300], b"II*\0" + dng()[8:]):
        assert "cannot decode this camera RAW file" in reason(content, name="a.nef")
        assert "b'" not in reason(content, name="a.nef")
