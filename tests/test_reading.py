"""Reading what a user names: pipes, devices, sizes, encodings, JSON, spellings."""

import os
import socket
import unicodedata
from pathlib import Path

import pytest

from beholder.errors import BeholderError, PhotoError
from beholder.reading import find_spelling, open_regular, parse_json, read_bytes, read_json_object, read_text


def special(kind: str, folder: Path) -> Path:
    path = folder / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.fspath(path))
    elif kind == "device":
        path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
def test_what_is_not_a_file_is_refused_at_once(kind, tmp_path):
    with pytest.raises(PhotoError, match=f"{kind}: is a {kind}, not a table; save it first$"):
        open_regular(special(kind, tmp_path), "a table", 1000, advice="save it first", error=PhotoError)


@pytest.mark.parametrize(
    ("name", "why"), [("none.csv", "no such file"), ("a\0b", "cannot be read"), ("a" * 5000, "cannot be read")]
)
def test_what_cannot_be_opened_is_named_with_a_reason(name, why):
    with pytest.raises(BeholderError, match=why):
        open_regular(name, "a table", 1000)


def test_a_pipe_with_a_writer_that_never_writes_is_refused_too(tmp_path):
    path = special("pipe", tmp_path)
    keeps_open = os.open(path, os.O_RDWR)
    try:
        with pytest.raises(BeholderError, match="is a pipe"):
            read_bytes(path, "a table", 1000)
    finally:
        os.close(keeps_open)


def test_a_file_over_the_limit_is_not_read(tmp_path):
    path = tmp_path / "large.csv"
    path.touch()
    os.truncate(path, 10**12)  # holds nothing: takes no room on the disk
    with pytest.raises(
        BeholderError, match="has 1,000,000,000,000 bytes, more than the 1,000 that are read of a table"
    ):
        read_bytes(path, "a table", 1000)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_is_read_as_windows_programs_write_it(encoding, tmp_path):
    (tmp_path / "a.csv").write_bytes("Bild,Größe\r\n".encode(encoding))
    assert read_text(tmp_path / "a.csv", "a table") == "Bild,Größe\r\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("image\nM\u00fcller".encode("cp1252"), r"is not UTF-8 text \(line 2\)"),
        (b"\xff\xfe\x00", "is not UTF-16 text"),
        (b"a\nb\0", "line 2 holds a zero byte"),
    ],
)
def test_text_in_another_encoding_says_what_to_do(content, why, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(BeholderError, match=f"{why}.*save it as text in UTF-8"):
        read_text(tmp_path / "a.csv", "a table")


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", "[" * 100_000, "9" * 5000, "", "{", b"\xff"])
def test_json_that_is_not_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


@pytest.mark.parametrize("text", ["[]", "3", "{", '{"a": NaN}'])
def test_a_json_file_without_an_object_says_what_to_do(text, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BeholderError, match=r"a\.json: is not a taste file \(.*\), or cut short; make one"):
        read_json_object(tmp_path / "a.json", "a taste file", advice="make one")


@pytest.mark.parametrize(("here", "given"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_name_is_found_in_the_other_spelling_of_its_letters(here, given, tmp_path):
    name = "M\u00fcller/\u00c5ngstr\u00f6m \u1ed9.jpg"
    path = tmp_path / unicodedata.normalize(here, name)
    path.parent.mkdir()
    path.touch()
    wanted = os.fspath(tmp_path / unicodedata.normalize(given, name))
    assert not os.path.exists(wanted)
    assert find_spelling(wanted) == os.fspath(path)
    assert find_spelling(os.fspath(path)) == os.fspath(path)


def test_two_spellings_in_one_folder_are_not_guessed_between(tmp_path):
    for form in ("\u1ed9", "\u1ecd\u0302"):  # two of the spellings of one letter; the third is asked for
        (tmp_path / form).touch()
    wanted = os.fspath(tmp_path / "o\u0302\u0323")
    assert find_spelling(wanted) == wanted


def test_a_new_file_is_seen_by_the_next_search(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_spelling("\u00fc.jpg") == "\u00fc.jpg"
    Path("u\u0308.jpg").touch()
    os.utime(tmp_path, ns=(1, 1))  # a disk may count time in whole seconds
    assert find_spelling("\u00fc.jpg") == "u\u0308.jpg"
