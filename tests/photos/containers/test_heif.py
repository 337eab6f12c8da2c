"""HEIC files that name one tile again and again."""

import struct

import pytest

from beholder.errors import PhotoError
from beholder.photos.containers.heif import check_tiles
from beholder.photos.read import read_photo
from helpers.photo_files import SMALL, reason


def box(kind, *content):
    return struct.pack(">I4s", 8 + sum(map(len, content)), kind) + b"".join(content)


def heic(size, references, *, wide=False):
    """A HEIC file's description: item 1 has `size`; references are (item, the items that it is made of)."""
    item, index = (">I", ">H") if wide else (">H", ">B")
    version = bytes([int(wide), 0, 0, int(wide)])
    essential = 0x8000 if wide else 0x80
    properties = box(b"ipco", box(b"hvcC", bytes(20)), box(b"ispe", bytes(4), struct.pack(">II", *size)))
    associations = box(b"ipma", version, struct.pack(">I", 1), struct.pack(item, 1), b"\2",
                       struct.pack(index, essential | 1), struct.pack(index, 2))  # fmt: skip
    made_of = [box(b"dimg", struct.pack(item, one), struct.pack(">H", len(parts)),
                   *[struct.pack(item, part) for part in parts]) for one, parts in references]  # fmt: skip
    meta = box(b"meta", bytes(4), box(b"iprp", properties, associations), box(b"iref", version, *made_of))
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + meta + box(b"mdat", bytes(100))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    ("size", "references", "pixels"),
    [
        ((2048, 2048), [(2, [1] * 900)], "3,774,873,600"),
        ((512, 512), [(2, [1] * 60), (3, [2] * 60)], "943,718,400"),
        ((64, 64), [(item, [item - 1] * 64) for item in range(2, 7)], "4,398,046,511,104"),
    ],
    ids=["many", "nested", "deeply nested"],
)
def test_tiles_that_are_named_too_often(size, references, pixels, wide):
    message = reason(heic(size, references, wide=wide), name="a.heic")
    assert message.startswith(
        f"a.heic: the tiles of this HEIC have {pixels} pixels together, more than the 500,000,000"
    )


@pytest.mark.parametrize(
    "data",
    [
        heic((512, 512), [(2, [1] * 961)]),  # 250 megapixels
        heic((4000, 3000), [(2, [1, 1]), (3, [1]), (4, [9])]),
        heic((2048, 2048), [(2, [2] * 900)]),
        heic((512, 512), [(2, [1])])[:-120],
        box(b"meta", bytes(4)), b"", b"\0\0\0\1meta", b"\0\0\0\0meta",
    ],
    ids=["a large one", "several pictures", "circular", "cut", "nothing", "empty", "no length", "the rest"],
)  # fmt: skip
def test_others_are_for_the_decoder(data):
    check_tiles(data, "a.heic")
    with pytest.raises(PhotoError):  # none has pixels
        read_photo(data)


def test_a_real_one(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_bytes("RGB", SMALL.shape[1::-1], SMALL.tobytes()).save(tmp_path / "a.heic")
    assert read_photo(tmp_path / "a.heic").width == 96
