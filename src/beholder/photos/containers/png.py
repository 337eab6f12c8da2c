"""The chunks of a PNG file: what they say of its colours, and the file without those that are damaged."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator

from PIL import Image, PngImagePlugin

from beholder.photos.encodings import Encoding, Primaries, coded, measured

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_EXTRA_BYTES = 4 * 1024**2  # of a chunk that only describes the picture; a colour profile has about 3,000
_MAX_CHUNKS = 1_000_000  # 250 megapixels in chunks of 8 KiB have a tenth of it
_NEEDED = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}  # without them there is no picture
_DESCRIBING = {b"tRNS", b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"}
_LENGTHS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
_UNSPECIFIED = 2  # of H.273


class PngFile(PngImagePlugin.PngImageFile):
    """Pillow's PNG reader, but the orientation comes from EXIF data only, also from where old programs put them, and a
    colour profile after the pixels is none."""

    def load_end(self) -> None:
        profile = self.info.get("icc_profile")
        super().load_end()
        self.info["icc_profile"] = profile
        for name in ("xmp", "XML:com.adobe.xmp"):  # in which Pillow would look for an orientation; browsers do not
            self.info.pop(name, None)
        if "exif" not in self.info and (profile := self.info.get("Raw profile type APP1")):
            with contextlib.suppress(ValueError):
                self.info["exif"] = bytes.fromhex("".join(str(profile).split("\n")[3:]))


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start of the content, its length) of each chunk; one that is cut off is not yielded."""
    at = len(_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            return
        yield name, at + 8, length
        at += 12 + length


def described_colours(image: Image.Image, data: bytes) -> Encoding | None:
    """What the file of an opened PNG says of its colours other than by an ICC profile; where that counts more than the
    profile, the image loses it. The transparent value in its info becomes one that Pillow compares rightly."""
    described, goes_first = encoding(data)
    if goes_first:
        image.info.pop("icc_profile", None)
    key, bits, kind = image.info.get("transparency"), *data[24:26]
    if kind == 2 and bits == 16 and key is not None:  # as Pillow gives the pixels: the upper 8 of 16 bits
        image.info["transparency"] = tuple(value >> 8 for value in key)
    elif kind == 0 and bits in (2, 4) and key is not None:
        image.info["transparency"] = key * 255 // (2**bits - 1)
    return described


def encoding(data: bytes) -> tuple[Encoding | None, bool]:
    """What the chunks ``cICP``, ``sRGB``, ``gAMA`` and ``cHRM`` say, None where nothing; and whether it goes before an
    ICC profile, as ``cICP`` does."""
    found: dict[bytes, bytes] = {}
    for name, start, length in chunks(data):
        if name == b"IDAT":
            break
        if name in _DESCRIBING and length <= 32:
            found.setdefault(name, data[start : start + length])
    if len(code := found.get(b"cICP", b"")) == 4:
        primaries, transfer, matrix, full = code
        if matrix == 0 and _UNSPECIFIED not in (primaries, transfer):
            return coded(primaries, transfer, narrow=full == 0), True
    if len(found.get(b"sRGB", b"")) == 1:
        return None, False
    gamma, corners = found.get(b"gAMA", b""), found.get(b"cHRM", b"")
    if len(gamma) != 4 and len(corners) != 32:
        return None, False
    return measured(
        struct.unpack(">I", gamma)[0] / 1e5 if len(gamma) == 4 else None,
        _primaries(corners) if len(corners) == 32 else None,
    ), False


def _primaries(corners: bytes) -> Primaries:
    white_x, white_y, *others = (value / 1e5 for value in struct.unpack(">8I", corners))
    red_x, red_y, green_x, green_y, blue_x, blue_y = others
    return red_x, red_y, green_x, green_y, blue_x, blue_y, white_x, white_y


def without_damage(data: bytes) -> bytes | None:
    """The first picture of the file, without the chunks that only describe it and are damaged, too large, or not used
    here, and with an end; None if that would change nothing."""
    kept, ended = [data[: len(_SIGNATURE)]], False
    for name, start, length in chunks(data):
        whole = data[start - 8 : start + length + 4]
        if name in _NEEDED or (name in _DESCRIBING and length <= _MAX_EXTRA_BYTES and _is_good(name, whole)):
            kept.append(whole)
        if name == b"IEND":
            ended = True
            break
    if not ended:
        kept.append(b"\0\0\0\0IEND\xaeB`\x82")
    mended = b"".join(kept)
    return mended if mended != data else None


def _is_good(name: bytes, chunk: bytes) -> bool:
    """Whether a chunk has the length that its name asks for, its checksum is right, and a profile is not too large."""
    if name in _LENGTHS and len(chunk) - 12 != _LENGTHS[name]:
        return False
    if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
        return False
    if name != b"iCCP":
        return True
    title, _, packed = chunk[8:-4].partition(b"\0")
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(packed[1:], _MAX_EXTRA_BYTES)
    except zlib.error:
        return False
    return bool(title) and packed[:1] == b"\0" and unpacking.eof
