"""Colours that a file describes in numbers instead of an ICC profile, as an ICC profile.

The numbers are those of ITU-T H.273, which AVIF, HEIC (``nclx``) and PNG (``cICP``) use, the gamma and the primaries of
a PNG (``gAMA``, ``cHRM``), or the Adobe RGB of EXIF. Curves of cameras (BT.709, BT.2020) are taken for that of sRGB, as
browsers do. HDR (PQ, HLG) is tone-mapped channel by channel: up to 0.75 of paper white, which has 203 cd/m2 (ITU-R
BT.2408), nothing changes; above, light up to 1,000 cd/m2 is compressed. Paper white becomes 240 of 255.
"""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Curve: TypeAlias = npt.NDArray[np.float64]
Primaries: TypeAlias = tuple[float, float, float, float, float, float, float, float]  # x, y of red, green, blue, white

PAPER_WHITE, PEAK = 203.0, 1000.0  # cd/m2
KNEE = 0.75  # of paper white
_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_BT709: Primaries = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_SMPTE170: Primaries = (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65)
_PRIMARIES: dict[int, Primaries] = {
    1: _BT709,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: _SMPTE170,
    7: _SMPTE170,
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    10: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1 / 3, 1 / 3),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
_CURVES: dict[int, str | float] = {4: 2.2, 5: 2.8, 8: 1.0, 16: "PQ", 18: "HLG"}  # any other is taken for sRGB
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_CURVE_POINTS = 4096


@dataclass(frozen=True)
class Encoding:
    """What numbers of a picture mean.

    Attributes:
        primaries: x and y (CIE 1931) of red, green, blue and white.
        curve: ``sRGB``, ``PQ``, ``HLG``, or the exponent that turns a stored value into light.
        narrow: black is 16 and white 235 of 255, as in videos.
    """

    primaries: Primaries = _BT709
    curve: str | float = "sRGB"
    narrow: bool = False


SRGB = Encoding()
ADOBE_RGB = Encoding((0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65), 563 / 256)


def coded(primaries: int, transfer: int, *, narrow: bool = False) -> Encoding:
    """The encoding of ColourPrimaries and TransferCharacteristics (H.273); unknown ones are those of sRGB."""
    return Encoding(_PRIMARIES.get(primaries, _BT709), _CURVES.get(transfer, "sRGB"), narrow)


def measured(gamma: float | None, primaries: Primaries | None) -> Encoding:
    """The encoding of a PNG's gamma (0.45455 for ordinary pictures) and primaries; None and impossible ones: sRGB's.

    A gamma within 5% of 1/2.2 is that of sRGB, as libpng has it, and so are primaries within 0.005.
    """
    curve: str | float = "sRGB"
    if gamma is not None and 0.05 <= gamma <= 5 and abs(gamma * 2.2 - 1) > 0.05:
        curve = 1 / gamma
    if primaries is None or np.allclose(primaries, _BT709, rtol=0, atol=0.005) or not _possible(primaries):
        return Encoding(curve=curve)
    return Encoding(primaries, curve)


def _possible(primaries: Primaries) -> bool:
    """Whether red, green and blue are a triangle and white is inside of it."""
    corners, white = np.reshape(primaries[:6], (3, 2)), np.array(primaries[6:])
    sides = np.roll(corners, -1, axis=0) - corners
    to_white = white - corners
    turns = sides[:, 0] * to_white[:, 1] - sides[:, 1] * to_white[:, 0]
    return bool((turns > 0.001).all() or (turns < -0.001).all()) and white[1] > 0.01


@functools.lru_cache(maxsize=16)
def icc_profile(encoding: Encoding, mode: str) -> bytes:
    """An ICC profile for pictures of mode RGB or L; empty where nothing has to change.

    >>> len(icc_profile(ADOBE_RGB, "RGB")) > 8000, icc_profile(Encoding(), "RGB")
    (True, b'')
    """
    if encoding == SRGB or (mode == "L" and (encoding.curve, encoding.narrow) == ("sRGB", False)):
        return b""
    curve = np.rint(65535 * _light(encoding)).astype(">u2").tobytes()
    curve = b"curv\0\0\0\0" + struct.pack(">I", _CURVE_POINTS) + curve
    if mode == "L":
        return _icc(b"GRAY", {b"wtpt": _xyz(_D50), b"kTRC": curve})
    columns = _to_d50(encoding.primaries)
    tags = {name + b"XYZ": _xyz(columns[:, i]) for i, name in enumerate((b"r", b"g", b"b"))}
    return _icc(b"RGB ", {b"wtpt": _xyz(_D50), **tags, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


def _light(encoding: Encoding) -> Curve:
    """The light, 0 to 1, of stored values from 0 to 1."""
    stored = np.linspace(0, 1, _CURVE_POINTS)
    if encoding.narrow:
        stored = np.clip((stored * 255 - 16) / 219, 0, 1)
    if encoding.curve == "PQ":  # SMPTE ST 2084
        power = stored ** (1 / 78.84375)
        light = 10_000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
        return _tone_mapped(light / PAPER_WHITE)
    if encoding.curve == "HLG":  # ITU-R BT.2100, with the system gamma of a screen of 1,000 cd/m2
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(stored <= 0.5, stored**2 / 3, (np.exp((stored - c) / a) + b) / 12)
        return _tone_mapped(PEAK * scene**1.2 / PAPER_WHITE)
    if isinstance(encoding.curve, float):
        return stored**encoding.curve
    return srgb_to_linear(stored)


def srgb_to_linear(coded: Curve) -> Curve:
    """Values of sRGB -> linear light, both 0 to 1 (IEC 61966-2-1).

    >>> srgb_to_linear(np.array([0.0, 0.5, 1.0])).round(3).tolist()
    [0.0, 0.214, 1.0]
    """
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _tone_mapped(light: Curve) -> Curve:
    """Light of which 1 is paper white -> 0 to 1 (extended Reinhard above the knee)."""
    above = np.maximum(light - KNEE, 0) / (1 - KNEE)
    peak = (PEAK / PAPER_WHITE - KNEE) / (1 - KNEE)
    compressed = above * (1 + above / peak**2) / (1 + above)
    return np.minimum(np.minimum(light, KNEE) + (1 - KNEE) * compressed, 1)


def _to_d50(primaries: Primaries) -> npt.NDArray[np.float64]:
    """XYZ of red, green and blue in columns, adapted to D50 (Bradford)."""
    red, green, blue, white = (
        np.array([x / y, 1.0, (1 - x - y) / y] if y else [x, y, 1 - x - y])
        for x, y in zip(primaries[::2], primaries[1::2], strict=True)
    )
    columns = np.stack([red, green, blue], axis=1)
    columns = columns * np.linalg.solve(columns, white)
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    return np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD @ columns


def _xyz(values: npt.NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def _icc(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 2, for a screen. Equal contents are stored once."""
    table, body, places = b"", b"", dict[bytes, int]()
    for name, content in tags.items():
        if content not in places:
            places[content] = 132 + 12 * len(tags) + len(body)
            body += content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, places[content], len(content))
    head = struct.pack(">4sI4s4s4s12s4s", bytes(4), 0x02400000, b"mntr", space, b"XYZ ", bytes(12), b"acsp")
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    size = 132 + len(table) + len(body)
    return (struct.pack(">I", size) + head).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
