"""The content of a file chooses its decoder, and what is not a photograph is named."""

import pytest

from beholder.photos.formats import PHOTO_SUFFIXES
from helpers.photo_files import SMALL, encode, reason


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty file"),
        (b"Dear diary,\nno picture today.\n", "text"),
        ("Größe\n".encode(), "text"),
        (b"\n<!DOCTYPE html><html>404</html>", "a web page"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"8BPS\0\1" + bytes(20), "a Photoshop document; save it as JPEG, PNG or TIFF"),
        (b"\xff\x0a" + bytes(20), "JPEG XL; save it as JPEG, PNG or TIFF"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(20), "JPEG XL; save it as"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + bytes(50), "a video"),
        (bytes(5000), "begins with zeros"),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08\x09", "01 02 03 04 05 06 07 08"),
    ],
)
def test_not_a_photograph(content, says):
    message = reason(content)
    assert message.startswith("<bytes>: is not a photograph that can be read; it looks like ") and says in message


@pytest.mark.parametrize("kind", ["PPM", "TGA", "ICO", "PCX", "EPS", "JPEG2000", "SGI"])
def test_formats_that_are_not_ours_never_reach_a_decoder(kind):
    assert "is not a photograph" in reason(encode(SMALL, kind), name="photo.jpg")


@pytest.mark.parametrize(
    "start", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 ", b"II*\0\x08\0\0\0", b"GIF89a", b"BM"]
)
def test_only_a_beginning(start):
    for tail in (b"", b"\0" * 40, b"\xff" * 400):
        assert reason(start + tail)


def test_suffixes():
    assert {".jpg", ".jpeg", ".png", ".webp", ".heic", ".avif", ".dng", ".cr3", ".tif", ".mpo"} <= PHOTO_SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in PHOTO_SUFFIXES)
    assert not {".txt", ".mp4", ".pdf", ".eps", ".psd", ".svg"} & PHOTO_SUFFIXES
