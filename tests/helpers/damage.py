"""Files damaged at random: what a reader must refuse in one line, or read."""

import random

PIECES = (
    *(
        b"",
        b"\xff",
        b"\xff\xfe",
        b"\0",
        b"\n",
        b"\r",
        b'"',
        b",",
        b";",
        b"\t",
        b"=",
        b" ",
        b"-",
        b".",
        b"/",
        b"\x1b[31m",
    ),
    *(b"1e99", b"1e300", b"nan", b"inf", b"-1", b"99999999999999999999999", b"1_0", b"0x1", b"TRUE", "\u0664".encode()),
    *(b"null", b"[", b"}", b"votes_2", b"image", b"../", b"x" * 300),
)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The content with one to three pieces cut out, doubled or replaced."""
    changed = bytearray(content)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(changed) + 1)
        piece = changed[place : place + chance.randrange(12)]
        changed[place : place + len(piece)] = chance.choice((*PIECES, bytes(piece) * 2))
    return bytes(changed)
