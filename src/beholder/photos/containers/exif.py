"""What EXIF data say of a picture: which way is up, and whether its colours are Adobe RGB."""

from __future__ import annotations

from typing import Any

from PIL import Image

_ORIENTATION, _EXIF, _COLOUR_SPACE, _INTEROPERABILITY, _INDEX = 0x0112, 0x8769, 0xA001, 0xA005, 1
# Without one of them in EXIF data they need not be parsed: the index, and ColorSpace = 2 in both orders of bytes.
_ADOBE_SIGNS = (b"R03", b"\x01\xa0\x03\0\x01\0\0\0\x02\0", b"\xa0\x01\0\x03\0\0\0\x01\0\x02")
_UPRIGHT = {  # EXIF orientation -> the operation that makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(image: Image.Image, default: int) -> int:
    """EXIF orientation, 1 to 8; `default` if there is none."""
    try:
        found: Any = image.getexif().get(_ORIENTATION)
        return int(found) if found in range(1, 9) else default
    except Exception:  # broken metadata says nothing about the pixels
        return default


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture turned and mirrored as its EXIF orientation says."""
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def is_adobe_rgb(image: Image.Image) -> bool:
    """Whether the colours are Adobe RGB: ColorSpace is 2, or the interoperability index R03, as cameras write it."""
    content = image.info.get("exif")
    if isinstance(content, bytes) and not any(sign in content for sign in _ADOBE_SIGNS):
        return False  # 0.3 ms sooner
    try:
        exif = image.getexif()
        photo = exif.get_ifd(_EXIF)
        if photo.get(_COLOUR_SPACE) == 2:
            return True
        return _INTEROPERABILITY in photo and str(exif.get_ifd(_INTEROPERABILITY).get(_INDEX)).startswith("R03")
    except Exception:
        return False
