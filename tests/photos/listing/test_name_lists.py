"""Lists of names as programs and editors write them are read, and what is no list is refused in a line."""

import io
import itertools
import os
import random
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beholder.errors import BeholderError
from beholder.photos.listing.name_lists import MAX_NAME_BYTES, NameList, existing

NAMES = ["trip/one.jpg", "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.jpg", "trip/two words.jpg"]


def names(content: bytes) -> list[str]:
    return list(NameList(io.BytesIO(content)))


def lines(end: str) -> str:
    return "".join(f"{name}{end}" for name in NAMES)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lines("\n").encode(), id="lines"),
        pytest.param(lines("\n").rstrip().encode(), id="no line break at the end"),
        pytest.param(lines("\n\n").encode(), id="blank lines"),
        pytest.param(lines("\0").encode(), id="NULs"),
        pytest.param(lines("\0").rstrip("\0").encode(), id="NULs between"),
        pytest.param(lines("\r").encode(), id="the old Macintosh"),
        pytest.param(lines("\n").encode("utf-8-sig"), id="UTF-8 with a mark"),
        pytest.param(lines("\n").encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(b"\xfe\xff" + lines("\n").encode("utf-16-be"), id="big-endian UTF-16 with a mark"),
        pytest.param(lines("\n").encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(lines("\n").encode("utf-16-be"), id="big-endian UTF-16 without a mark"),
        pytest.param(lines("\n").encode("utf-32"), id="UTF-32"),
    ],
)
def test_separators_and_encodings(content: bytes) -> None:
    found = NameList(io.BytesIO(content))
    assert list(found) == list(found) == NAMES


def test_line_breaks_in_names_between_nuls() -> None:
    assert names(b"two\nlines.jpg\0\r.jpg\0\xff.jpg\0") == ["two\nlines.jpg", "\r.jpg", "\udcff.jpg"]
    assert names(b"") == names(b"\n\n") == []


def test_long_list_is_cut_nowhere() -> None:
    """Names over many blocks, in every encoding that has a state between them."""
    many = ["\N{BALLOON}" * (number % 50) + f"{number}.jpg" for number in range(10_000)]
    for encoding, end in itertools.product(("utf-8", "utf-16"), ("\n", "\0")):
        assert names("".join(f"{name}{end}" for name in many).encode(encoding)) == many


class Endless(io.RawIOBase):
    """A stream that repeats a block for ever."""

    def __init__(self, block: bytes) -> None:
        self.block = block

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return (self.block * (size // len(self.block) + 1))[:size]


@pytest.mark.parametrize(
    ("stream", "says"),
    [
        (Endless(b"\0"), "begins with zeros"),
        (Endless(random.Random(0).randbytes(65536)), "not a list of file names"),
        (Endless(b"x"), "a name of more than 65,536 bytes"),
        (Endless(b"y\n"), "more than 3,000,000 bytes"),
        (io.BytesIO(b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1" + bytes(range(40)) * 9), "looks like JPEG"),
        (io.BytesIO(b"one\0" + b"a.jpg\n" * MAX_NAME_BYTES), "a NUL after each name"),
    ],
)
def test_what_is_no_list_ends_with_one_line(monkeypatch: pytest.MonkeyPatch, stream: io.BytesIO, says: str) -> None:
    monkeypatch.setattr("beholder.photos.listing.name_lists.MAX_LIST_BYTES", 3_000_000)
    with pytest.raises(BeholderError, match=says) as error:
        list(NameList(stream))
    assert "\n" not in str(error.value)


def test_pipe_that_does_not_wait() -> None:
    """As a shell leaves its input behind after some programs: `read` may say that nothing has come yet."""
    blocks: Iterator[bytes | None] = iter([b"one.jpg\n", None, b"two.jpg\n", b""])
    ready, write = os.pipe()
    os.write(write, b"something to select")

    class Pipe(io.RawIOBase):
        def read(self, size: int = -1) -> bytes | None:
            return next(blocks)

        def fileno(self) -> int:
            return ready

    assert list(NameList(Pipe())) == ["one.jpg", "two.jpg"]
    os.close(ready)
    os.close(write)


def test_list_that_is_typed_ends_once() -> None:
    """On a terminal each Ctrl-D ends one `read`; a second one is not asked for."""
    blocks = iter([b"one.jpg\ntwo.jpg\n"])

    class Terminal(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return next(blocks)

        def isatty(self) -> bool:
            return True

    assert list(NameList(Terminal())) == ["one.jpg", "two.jpg"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a b.jpg", "a b.jpg"),
        ("a b.jpg\r\n", "a b.jpg"),
        ("  a b.jpg \t", "a b.jpg"),
        ("a b.jpg ", "a b.jpg "),
        ("a b.jpg \r", "a b.jpg "),
        ("\ufeffa b.jpg", "a b.jpg"),
        ('"a b.jpg"', "a b.jpg"),
        ("'a b.jpg'", "a b.jpg"),
        ('\u202a"a b.jpg"', "a b.jpg"),
        (r"a\ b.jpg", "a b.jpg"),
        (r"'it'\''s.jpg'", "it's.jpg"),
        (r'"tab\tand \"quotes\".jpg"', 'tab\tand "quotes".jpg'),
        (r'"M\303\274ller.jpg"', "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.jpg"),
        (r'"caf\351.jpg"', "caf\udce9.jpg"),
        ('"quoted".jpg', '"quoted".jpg'),
        ("'whole'", "'whole'"),
        ("# 1.jpg", "# 1.jpg"),
        (r"trip\c.jpg", "trip/c.jpg"),
        (r"with\backslash.jpg", r"with\backslash.jpg"),
    ],
)
def test_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("trip").mkdir()
    Path(name).touch()
    assert existing(written) == name


def test_exact_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = ['"a.jpg"', "a.jpg ", r"b\a.jpg", "a.jpg", "'a.jpg'"]
    for name in written:
        Path(name).touch()
    assert [existing(name) for name in written] == written
    assert existing("") is existing("nope.jpg") is existing("nul\0.jpg") is existing('"') is existing("'") is None


@pytest.mark.parametrize("host", ["", "localhost", "machine"])
def test_urls_as_file_managers_drop_them(tmp_path: Path, host: str) -> None:
    path = tmp_path / "100% M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller #1.jpg"
    path.touch()
    url = path.as_uri().replace("file://", f"file://{host}")
    assert "%20" in url and existing(url) == existing(f"{url}\r") == str(path)


def test_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.jpg").touch()
    assert existing("~/a.jpg") == str(tmp_path / "a.jpg")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("wrap", [str, '"{}"'.format, " {}\r".format])
def test_letters_composed_in_another_way(tmp_path: Path, form: str, wrap: Callable[[str], str]) -> None:
    """The path is spelled as the disk has it; folders on the way may differ, too."""
    path = tmp_path / unicodedata.normalize("NFD" if form == "NFC" else "NFC", "F\xeate/M\xfcller.jpg")
    path.parent.mkdir()
    path.touch()
    assert existing(wrap(unicodedata.normalize(form, str(path)))) == str(path)
