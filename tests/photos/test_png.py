"""PNG files of every depth, with every way to tell colours, and with damage where no pixels are."""

import struct
import zlib

import numpy as np
import pytest

from helpers.known_picture import (
    CLEAR,
    GREY,
    GREY_OVER_WHITE,
    GREY_PIXELS,
    OVER_WHITE,
    PICTURE,
    WITH_CLEAR,
    coded,
    deep,
    eight_bits,
    exact,
    png,
)
from helpers.photo_files import ADOBE, chunk


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_png_of_every_depth(bits):
    grey = deep(GREY, f"u{bits}") if bits > 1 else (GREY > 127).astype(int)
    shown = np.rint(grey * (255 / (2**bits - 1)))
    key = int(grey[40, 60])  # light grey, which becomes white
    exact(png(grey, bits, 0), shown[..., None].repeat(3, axis=2))
    keyed = np.where(grey == key, 255, shown)[..., None].repeat(3, axis=2)
    exact(png(grey, bits, 0, chunk(b"tRNS", struct.pack(">H", key))), keyed)
    if bits <= 8:
        few = np.arange(48 * 64).reshape(48, 64) % min(4, 2**bits)
        palette = np.array([[200, 60, 60], [70, 180, 80], [60, 80, 190], [9, 9, 9]], np.uint8)
        parts = chunk(b"PLTE", palette[: 2**bits].tobytes()), chunk(b"tRNS", bytes([128, 0]))
        expected = palette[few].astype(float)
        expected[few == 0] = (expected[few == 0] * 128 + 255 * 127) / 255
        expected[few == 1] = 255
        exact(png(few, bits, 3, *parts), np.rint(expected))
    if bits >= 8:
        colour = deep(PICTURE, f"u{bits}")
        exact(png(colour, bits, 2), PICTURE)
        key = colour[0, 0] - (5 if bits == 16 else 0)  # of which the lower 8 bits are others than the upper 8
        expected = np.where((colour == colour[0, 0]).all(axis=2, keepdims=True), 255, PICTURE)
        keyed = np.where(colour == colour[0, 0], key, colour)
        exact(png(keyed, bits, 2, chunk(b"tRNS", struct.pack(">3H", *key))), expected)
        exact(png(deep(WITH_CLEAR, f"u{bits}"), bits, 6), OVER_WHITE)
        exact(png(deep(np.dstack([GREY, CLEAR]), f"u{bits}"), bits, 4), GREY_OVER_WHITE)


@pytest.mark.parametrize(
    ("curve", "primaries", "chunks", "most"),
    [
        (1.0, "sRGB", {"gAMA": 100_000}, 26),
        (1.8, "sRGB", {"gAMA": 55_556}, 3),
        (2.2, "Adobe", {"gAMA": 45_455, "cHRM": [31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000]}, 9),
        ("sRGB", "P3", {"cHRM": [31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000]}, 3),
        ("sRGB", "sRGB", {"gAMA": 45_455, "cHRM": [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]}, 0),
        ("sRGB", "sRGB", {"gAMA": 45_455}, 0), ("sRGB", "sRGB", {"gAMA": 100_000, "sRGB": b"\0"}, 0),
        ("sRGB", "sRGB", {"gAMA": 0}, 0), ("sRGB", "sRGB", {"cHRM": [0] * 8}, 0),
        ("sRGB", "sRGB", {"cHRM": [2**32 - 1] * 8}, 0),
        ("sRGB", "sRGB", {"cICP": bytes([2, 2, 0, 1]), "gAMA": 45_455}, 0), ("sRGB", "sRGB", {"cICP": b"\1"}, 0),
    ],
)  # fmt: skip
def test_colours_in_png_chunks(curve, primaries, chunks, most):
    parts = []
    for name, body in chunks.items():
        content = body if isinstance(body, bytes) else struct.pack(f">{np.size(body)}I", *np.atleast_1d(body))
        parts.append(chunk(name.encode(), content))
    exact(png(eight_bits(coded(primaries, curve)), 8, 2, *parts), PICTURE, most)


def test_a_profile_goes_before_gamma_and_cicp_before_a_profile():
    values = eight_bits(coded("Adobe", 563 / 256))
    profile = chunk(b"iCCP", b"a\0\0" + zlib.compress(ADOBE))
    exact(png(values, 8, 2, profile, chunk(b"gAMA", struct.pack(">I", 100_000))), PICTURE, 6)
    exact(png(eight_bits(coded("P3", "sRGB")), 8, 2, chunk(b"cICP", bytes([12, 13, 0, 1])), profile), PICTURE, 2)


def test_grey_with_a_gamma_and_numbers_of_a_narrow_range():
    grey = eight_bits(coded("sRGB", 1.8, GREY_PIXELS))[..., 0]
    exact(png(grey, 8, 0, chunk(b"gAMA", struct.pack(">I", 55_556))), GREY_PIXELS, 3)
    narrow = np.rint(16 + PICTURE * (219 / 255)).astype(np.uint8)
    exact(png(narrow, 8, 2, chunk(b"cICP", bytes([1, 13, 0, 0]))), PICTURE, 2)
