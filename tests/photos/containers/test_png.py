"""PNG files of every depth, with every way to tell colours, and with damage where no pixels are."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

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
from helpers.photo_files import ADOBE, chunk, encode, reason


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


@pytest.mark.parametrize("name", b"iCCP gAMA cHRM sRGB cICP tEXt zTXt iTXt eXIf pHYs tIME abCd".split())
@pytest.mark.parametrize("place", ["before the pixels", "after them"])
def test_a_chunk_that_only_describes_is_left_out_when_damaged(name, place):
    body = b"x\0\0" + zlib.compress(ADOBE) if name in (b"iCCP", b"zTXt") else bytes(8)
    damaged = bytearray(chunk(name, body))
    damaged[-1] ^= 1  # its checksum is wrong
    data = png(PICTURE, 8, 2)
    at = 33 if place == "before the pixels" else len(data) - 12
    for content in (bytes(damaged), chunk(name, b"\0"), chunk(name, b"")):
        exact(data[:at] + content + data[at:], PICTURE, 0)


def test_text_and_profiles_that_are_too_large_are_left_out():
    data, large = png(PICTURE, 8, 2), zlib.compress(bytes(80_000_000), 1)
    for name in (b"iCCP", b"zTXt"):
        exact(data[:33] + chunk(name, b"x\0\0" + large) + data[33:], PICTURE, 0)
    exact(data[:33] + 80 * chunk(b"tEXt", b"x\0" + bytes(1_000_000)) + data[33:], PICTURE, 0)


def test_an_end_that_is_missing_and_one_that_is_damaged():
    data = png(PICTURE, 8, 2)
    for end in (0, 4, 8, 11):
        exact(data[: len(data) - 12 + end], PICTURE, 0)
    exact(data + b"more", PICTURE, 0)
    exact(data[:-13], PICTURE, 0)  # half of the checksum after the pixels
    assert "copy it again" in reason(data[: len(data) // 2])
    broken = bytearray(data)
    broken[len(data) // 2] ^= 255
    assert reason(bytes(broken)), "damage to pixels is damage"
    assert reason(data[:33] + data[-12:]), "no pixels"


def test_the_first_picture_of_an_animation_with_a_damaged_text():
    frames = [Image.fromarray(PICTURE), Image.fromarray(PICTURE[::-1])]
    data = encode(frames[0], "PNG", save_all=True, append_images=frames[1:])
    exact(data, PICTURE, 0)
    damaged = bytearray(chunk(b"tEXt", b"x\0y"))
    damaged[-1] ^= 1
    exact(data[:33] + bytes(damaged) + data[33:], PICTURE, 0)
