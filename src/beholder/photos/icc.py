"""ICC profiles from outside, looked at before LittleCMS opens them.

A profile of a few hundred bytes can hold a chain of processing elements (type ``mpet``) that names one element
thousands of times; each colour then passes through all of them, for minutes. A table may also state a grid of colours
that it does not have. What is cheap to read tells: the header, the list of tags and the first bytes of each tag.
"""

from __future__ import annotations

import math
import struct

MAX_PROFILE_BYTES = 4 * 1024**2  # profiles of printing presses, the largest in photographs, have 0.5 to 3 MB
MAX_TAGS = 100  # the limit of LittleCMS, too; profiles have 10 to 30
_CHAINS = {b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"B2D0", b"B2D1", b"B2D2", b"B2D3"}
_UNKNOWN = b"\0\0\0\0"  # a name of a tag that nobody asks for


def bounded_profile(profile: bytes) -> bytes | None:
    """A profile that can be used in little time and memory, or None if it cannot be.

    Chains of processing elements are left out. A profile that has them must have the usual tables or curves as well,
    and those are used then.

    >>> bounded_profile(b"not a profile") is None
    True
    """
    if not 132 <= len(profile) <= MAX_PROFILE_BYTES:
        return None
    (count,) = struct.unpack_from(">I", profile, 128)
    if count > MAX_TAGS or len(profile) < 132 + 12 * count:
        return None
    changed = bytearray(profile)
    for at in range(132, 132 + 12 * count, 12):
        name, start, length = struct.unpack_from(">4sII", profile, at)
        if name in _CHAINS:
            changed[at : at + 4] = _UNKNOWN
        elif not _holds_what_it_states(profile[start : start + length]):
            return None
    return bytes(changed) if changed != profile else profile


def _holds_what_it_states(tag: bytes) -> bool:
    """Whether the curve or the grid of colours that the first bytes of a tag state fits into the tag."""
    kind, head = tag[:4], tag[:32].ljust(32, b"\0")
    if kind == b"curv":
        return 12 + 2 * int.from_bytes(head[8:12], "big") <= len(tag)
    inputs, outputs, points = head[8:11]
    if kind in (b"mft1", b"mft2"):
        return points**inputs * outputs * int(kind[3:]) <= len(tag)
    if kind in (b"mAB ", b"mBA "):
        grid = int.from_bytes(head[24:28], "big")  # where the grid is, 0 if there is none: points a side, bytes a value
        sides, width = tag[grid : grid + inputs], tag[grid + 16 : grid + 17]
        return not grid or (width != b"" and math.prod(sides) * outputs * width[0] <= len(tag))
    return True
