"""Tar files as a stream: every sample gives its rows, and damage is never taken for the end."""

import os
import random
import tarfile

import pytest

from beholder.photos.listing.find import Unreadable
from beholder.scale.carry import parse_carry
from beholder.scale.read import input_id, input_sha256, read_rows
from beholder.scale.unit import Kind, Unit, UnitError
from helpers.tars import JPEG, jpeg, tar_bytes, write_tar


def unit(path):
    return Unit(path.stem, 0, Kind.TAR, str(path))


def rows(path, carry=""):
    return list(read_rows(unit(path), carry=parse_carry(carry) if carry else ()))


def names(path):
    return [row.path for row in rows(path)]


def why(path):
    with pytest.raises(UnitError) as caught:
        rows(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and message.isprintable() and len(message) < 500, message
    return message.removeprefix(f"{path}: ")


def member(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


SAMPLES = [
    ("000.jpg", JPEG),
    ("000.txt", b"a dog"),
    ("000.json", b'{"url": "u0", "width": 640, "tags": ["a", "\xc3\xa9"], "none": null}'),
    ("001.cls", b"7"),
    ("001.jpg", JPEG),
    ("001.json", b"{broken"),
    ("002.txt", b"no picture"),
    ("002.json", b"{}"),
]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_samples_become_rows_with_what_they_carry(tmp_path, mode):
    path = write_tar(tmp_path / "a.tar", SAMPLES, mode)
    first, second, third = rows(path, "caption,url,width=w,tags,none,cls")
    assert first.source == {"bytes": JPEG, "path": "000.jpg"}
    assert first.carried == {
        "caption": "a dog", "url": "u0", "w": "640", "tags": '["a", "é"]', "none": None, "cls": None,
    }  # fmt: skip
    assert second.path == "001.jpg"
    assert second.carried == dict.fromkeys(["caption", "url", "w", "tags", "none"]) | {"cls": "7"}
    assert third.source == Unreadable("002", "002: has no picture; it has .json, .txt")
    assert third.carried["caption"] == "no picture"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a.jpg", "a.seg.png", "b.0.jpg", "b.1.jpg"], ["a.jpg", "b.0.jpg", "b.1.jpg"]),
        (["a.jpg", "a.jpg", "a.txt", "a.jpg"], ["a.jpg", "a.jpg", "a.jpg"]),
        (["d.v1/a.jpg", "d.v1/b.jpg"], ["d.v1/a.jpg", "d.v1/b.jpg"]),
        (["a.jpg", "a.png"], ["a.jpg", "a.png"]),
        (["A.JPG", "b.Jpeg"], ["A.JPG", "b.Jpeg"]),
        ([".a.jpg", "._a.jpg", ".DS_Store", "__MACOSX/a.jpg", ".git/x", "./a.jpg"], ["./a.jpg"]),
        (["/etc/a.jpg", "../../b.jpg"], ["/etc/a.jpg", "../../b.jpg"]),
        (["README", "a.jpg"], ["README", "a.jpg"]),
        ([f"2020.{number}.jpg" for number in range(200)], [f"2020.{number}.jpg" for number in range(200)]),
        ([], []),
    ],
)
def test_which_members_are_rows(tmp_path, given, expected):
    assert names(write_tar(tmp_path / "a.tar", [(name, JPEG) for name in given])) == expected


def test_links_and_devices_are_rows_with_a_reason_and_never_followed(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    given = [
        member("folder.jpg", tarfile.DIRTYPE),
        member("a.jpg", tarfile.SYMTYPE, str(tmp_path / "secret.jpg")),
        member("b.jpg", tarfile.LNKTYPE, "c.jpg"),
        member("null.jpg", tarfile.CHRTYPE),
        member("link.txt", tarfile.SYMTYPE, "/etc/passwd"),
        ("c.jpg", JPEG),
    ]
    found = rows(write_tar(tmp_path / "a.tar", given))
    assert [row.path for row in found] == ["a.jpg", "b.jpg", "null.jpg", "c.jpg"]
    assert [getattr(row.source, "error", "") for row in found] == [
        "a.jpg: is a link, which is not followed; make the tar with the files themselves",
        "b.jpg: is a link, which is not followed; make the tar with the files themselves",
        "null.jpg: is no file, but a device or a pipe",
        "",
    ]


def test_a_picture_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("beholder.scale.tar.MAX_MEMBER_BYTES", 1000)
    large, small = rows(write_tar(tmp_path / "a.tar", [("a.jpg", b"x" * 1001), ("b.jpg", b"y" * 1000)]))
    assert "has 1,001 bytes, more than" in large.source.error
    assert small.source["bytes"] == b"y" * 1000


def test_names_that_are_not_utf8_stay_distinct(tmp_path):
    given = [(b"caf\xe9.jpg".decode(errors="surrogateescape"), JPEG)]
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, errors="surrogateescape") as tar:
        info = tarfile.TarInfo(given[0][0])
        tar.addfile(info)
    assert names(path) == ["caf\udce9.jpg"]


SMALL_TAR = tar_bytes([(f"{number:03}.{suffix}", jpeg(number)[:900]) for number in range(4) for suffix in ("jpg", "x")])


def whole_end():
    """Where the last block of content ends: from there on are zeros."""
    return (len(SMALL_TAR.rstrip(b"\0")) + 511) // 512 * 512


def test_a_cut_at_any_block_is_told(tmp_path):
    path = tmp_path / "a.tar"
    for size in range(0, whole_end() + 1, 512):
        path.write_bytes(SMALL_TAR[:size])
        message = why(path)
        assert message.endswith("copy it again"), (size, message)
    path.write_bytes(SMALL_TAR[: whole_end() + 1024])
    assert len(rows(path)) == 4


def test_a_cut_names_the_member_and_counts_the_rows(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(SMALL_TAR[: SMALL_TAR.index(b"001.x") + 700])
    assert why(path) == "ends in the middle of 001.x (after 1 row); copy it again"
    path.write_bytes(SMALL_TAR[: SMALL_TAR.index(b"001.x")])
    assert why(path) == "ends after 001.jpg (after 1 row), without the zeros at its end; copy it again"
    path.write_bytes(b"")
    assert why(path) == "is empty (0 bytes); copy it again"


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_cut_of_a_packed_tar_is_told(tmp_path, mode):
    packed = tar_bytes([(f"{number}.jpg", random.Random(number).randbytes(3000)) for number in range(5)], mode)
    path = tmp_path / "a.tar"
    for size in range(8, len(packed), 97):
        path.write_bytes(packed[:size])
        why(path)


def test_more_after_the_end_is_told(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(SMALL_TAR + SMALL_TAR)
    assert why(path).startswith("has more after its end (after 4 rows), as tar files joined by cat have")


@pytest.mark.parametrize("content", [b"no tar at all" * 100, b"\x1f\x8b\x08", JPEG, b"PAR1" + bytes(2000)])
def test_what_is_no_tar_is_told(tmp_path, content):
    path = tmp_path / "a.tar"
    path.write_bytes(content)
    assert why(path)


def test_flipped_bytes_are_told_or_change_nothing_but_content(tmp_path):
    path, chance = tmp_path / "a.tar", random.Random(0)
    outcomes: set[object] = set()
    for _ in range(300):
        damaged = bytearray(SMALL_TAR)
        for _ in range(chance.choice([1, 1, 3])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            outcomes.add(len(rows(path)))
        except UnitError as error:
            assert str(error).isprintable()
            outcomes.add("told")
    assert outcomes == {"told", 4}


def test_a_header_of_gigabytes_is_not_read(tmp_path):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 10**10
    path = tmp_path / "a.tar"
    path.write_bytes(tar_bytes([("a.jpg", JPEG)])[:-10240] + header.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    assert "bytes of properties" in why(path)


def test_a_missing_file_or_a_folder_is_told(tmp_path):
    assert why(tmp_path / "none.tar") == "no such file"
    assert why(tmp_path) == "is a folder, not a tar file or a table"
    os.mkfifo(tmp_path / "pipe.tar")
    assert why(tmp_path / "pipe.tar") == "is a pipe, not a tar file or a table"


def test_the_hash_of_what_was_read_is_that_of_the_file(tmp_path):
    plain, packed = write_tar(tmp_path / "a.tar", SAMPLES), write_tar(tmp_path / "b.tar", SAMPLES, "w:gz")
    for path in (plain, packed):
        before = input_id(unit(path))
        assert before.sha256 == "" and before.size == path.stat().st_size
        expected = input_sha256(Unit("other", 0, Kind.TAR, str(path.parent / "." / path.name)))
        rows(path)
        assert input_id(unit(path)).sha256 == expected
