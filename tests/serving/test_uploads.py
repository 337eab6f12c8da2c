"""Bodies -> photographs: what was sent comes out, whatever it holds, and nothing else."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholder.errors import BeholderError, PhotoError
from beholder.serving.problems import Problem
from beholder.serving.uploads import FORM, JSON, Upload, named, splitter

CONTENT = st.binary(max_size=60) | st.lists(st.sampled_from([b"\r", b"\n", b"-", b"x", b"--x"]), max_size=30).map(
    b"".join
)


@given(st.lists(CONTENT, min_size=1, max_size=4))
def test_a_form_gives_what_was_put_in(contents: list[bytes]) -> None:
    boundary = "a-boundary-that-is-in-none"
    parts = (
        b"--%s\r\nA: b\r\nContent-Disposition: form-data\r\n\r\n%s\r\n" % (boundary.encode(), each) for each in contents
    )
    for before in (b"", b"preamble\r\n"):
        body = before + b"".join(parts if not before else parts_of(boundary, contents)) + f"--{boundary}--".encode()
        found = splitter(f'{FORM}; boundary="{boundary}"', None)(bytearray(body), 64)
        assert [bytes(upload.content) for upload in found] == contents


def parts_of(boundary: str, contents: list[bytes]) -> list[bytes]:
    """With no headers."""
    return [b"--%s\r\n\r\n%s\r\n" % (boundary.encode(), each) for each in contents]


@given(st.lists(st.tuples(st.binary(max_size=60), st.text(max_size=20)), min_size=1, max_size=4), st.booleans())
def test_json_gives_what_was_put_in(images: list[tuple[bytes, str]], ascii_only: bool) -> None:
    entries = [{"name": name, "data": base64.b64encode(content).decode()} for content, name in images]
    body = json.dumps({"images": entries}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = splitter(JSON, None)(bytearray(body), 64)
    assert [upload.name for upload in found] == [named(name) for _, name in images]
    for upload, (content, _) in zip(found, images, strict=True):
        if content:
            assert upload.file() == content
        else:
            with pytest.raises(PhotoError, match="is empty"):
                upload.file()


@given(st.sampled_from([FORM, f"{FORM}; boundary=x", JSON]), st.binary(max_size=200))
def test_any_body_is_photographs_or_a_problem(kind: str, body: bytes) -> None:
    try:
        found = splitter(kind, None)(bytearray(body), 3)
    except Problem as problem:
        assert problem.status in (400, 413)
    else:
        assert 1 <= len(found) <= 3
    for start in (b"--x\r\n", b'{"images": [{"data": "'):
        with_start = start + body
        try:
            splitter(kind, None)(bytearray(with_start), 3)
        except Problem as problem:
            assert problem.status in (400, 413)


@given(st.text(alphabet="ABab01+/=\\u-é ", max_size=12))
def test_any_base64_is_a_file_or_a_line(text: str) -> None:
    try:
        assert Upload("a.jpg", bytearray(text.encode()), is_base64=True).file()
    except BeholderError as error:
        assert str(error).startswith("a.jpg: is ") and "\n" not in str(error)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.jpg", "b.jpg"),
        ("a/", "<photograph>"),
        ("  ", "<photograph>"),
        (7, "<photograph>"),
        ("x" * 2000, "x" * 1000 + "..."),
        ("a\n\x1b.jpg", "a\\n\\x1b.jpg"),
    ],
)
def test_names_are_short_and_harmless(given_name: object, name: str) -> None:
    assert named(given_name) == name
