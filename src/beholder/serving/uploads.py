"""The body of a request -> photographs, in bounded memory: it is counted while it is read.

A body is a photograph, a form with one photograph a part, or JSON with photographs in base64. Addresses of photographs
are never followed. Parts are not copied before they are decoded, and no large text gets to the JSON parser, which would
make twenty times its size of it.
"""

import base64
import binascii
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value

from beholder.errors import PhotoError
from beholder.reading import parse_json
from beholder.scoring.input_size import UNNAMED
from beholder.serving.limits import in_words
from beholder.serving.problems import Problem
from beholder.text import cut, one_line, printable

RAW = "application/octet-stream"
FORM = "multipart/form-data"
JSON = "application/json"
MAX_NAME = 1000  # characters
_MAX_HEADERS = 8192  # bytes before the content of a part
_MAX_DOCUMENT = 1_000_000  # bytes of a JSON document without its photographs
_DATA = re.compile(rb'"data"\s*:\s*"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\u00([0-9A-Fa-f]{2})")
_EXAMPLE = '{"images": [{"data": BASE64}]}'


@dataclass(frozen=True)
class Upload:
    """A photograph that was sent.

    Attributes:
        name: for messages; its suffix tells camera RAW from TIFF.
        content: of the file, or its base64.
        is_base64: which of the two it is.
    """

    name: str
    content: bytearray | memoryview
    is_base64: bool = False

    def file(self) -> bytes:
        """The content of the file.

        Raises:
            PhotoError: it is empty, or not base64.

        >>> Upload("a.jpg", bytearray(b"aGVsbG8="), is_base64=True).file()
        b'hello'
        """
        content = bytes(self.content)
        if self.is_base64:
            try:
                content = base64.b64decode(_unescaped(content), validate=True)
            except (binascii.Error, ValueError) as error:
                raise PhotoError(f"{self.name}: is not base64: {one_line(error)}") from None
        if not content:
            raise PhotoError(f"{self.name}: is empty (0 bytes)")  # as `beholder score` says it
        return content


def named(name: object) -> str:
    """A name that was sent with a photograph, for messages; without folders.

    >>> named("holiday/a.jpg"), named(None)
    ('a.jpg', '<photograph>')
    """
    if not isinstance(name, str) or not name.strip():
        return UNNAMED
    return printable(cut(re.split(r"[/\\]", name)[-1], MAX_NAME)) or UNNAMED


async def read_body(parts: AsyncIterator[bytes], most: int) -> bytearray:
    """A body that comes in parts.

    Raises:
        Problem: 413: it has more bytes than ``most``.
    """
    body, size = bytearray(most), 0  # at its full length at once: what is not written yet takes no memory
    async for part in parts:
        if size + len(part) > most:
            raise too_large(most)
        body[size : size + len(part)] = part
        size += len(part)
    del body[size:]
    return body


def too_large(most: int) -> Problem:
    """The problem of a body that has more bytes than are read."""
    line = f"the body has more than the {in_words(most, 'B')} that are read: send fewer or smaller photographs"
    return Problem(413, f"{line}, or start the service with a larger --max-body")


def splitter(content_type: str, name: str | None) -> Callable[[bytearray, int], list[Upload]]:
    """What finds the photographs in a body of this type.

    Args:
        content_type: the header, with its parameters.
        name: of a photograph that is a whole body.

    Returns:
        A function of the body and the largest number of photographs.

    Raises:
        Problem: 415: bodies of this type are not read.

    >>> [upload.name for upload in splitter("image/jpeg", "a.jpg")(bytearray(b"..."), 64)]
    ['a.jpg']
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("image/") or kind == RAW:
        return lambda body, most: [Upload(named(name), body)]
    if kind == FORM:
        return lambda body, most: _of_form(body, content_type, most)
    if kind == JSON:
        return _of_json
    what = f"a body of type {printable(cut(kind))}" if kind else "a body without a Content-Type"
    raise Problem(415, f"{what} is not read: send image/jpeg or another image type, {RAW}, {FORM} or {JSON}")


def _of_form(body: bytearray, content_type: str, most: int) -> list[Upload]:
    boundary = _parameter(content_type, "boundary")
    if not boundary:
        raise Problem(400, f"the Content-Type {FORM} has no boundary: let your program write that header")
    line = b"--" + boundary.encode("utf-8", "surrogateescape")
    whole, found = memoryview(body), list[Upload]()
    at = 0 if body.startswith(line) else body.find(b"\r\n" + line) + 2
    if not body.startswith(line, at):
        raise Problem(400, "the form does not hold its boundary: it was cut short, or the boundary is another")
    while True:
        at += len(line)
        if body.startswith(b"--", at):
            break
        start = body.find(b"\r\n", at, at + _MAX_HEADERS) + 2
        end = start - 2 if body.startswith(b"\r\n", start) else body.find(b"\r\n\r\n", start, start + _MAX_HEADERS)
        after = body.find(b"\r\n" + line, end + 2) if start > 1 and end >= 0 else -1
        if after < 0:
            raise Problem(400, "the form is cut short, or a part of it has no end")
        if len(found) == most:
            raise too_many(most)
        name = _parameter(_disposition(bytes(body[start:end])), "filename")
        found.append(Upload(named(name), whole[min(end + 4, after) : after]))
        at = after + 2
    if not found:
        raise Problem(400, "the form holds no photograph: send each as a part of its own")
    return found


def _parameter(value: str, name: str) -> str:
    """A parameter of a header."""
    message = Message()
    message["x"] = value
    try:
        return collapse_rfc2231_value(message.get_param(name, "", "x") or "")
    except (ValueError, LookupError):  # of an encoding that is none
        return ""


def _disposition(headers: bytes) -> str:
    """The Content-Disposition of a part; browsers write UTF-8 in it."""
    for line in headers.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return value.strip()
    return ""


def _of_json(body: bytearray, most: int) -> list[Upload]:
    texts: list[memoryview] = []
    whole = memoryview(body)

    def put_aside(found: re.Match[bytes]) -> bytes:
        texts.append(whole[slice(*found.span(1))])
        if len(texts) > most:
            raise too_many(most)
        return b'"data":%d' % (len(texts) - 1)

    document = bytes(_DATA.sub(put_aside, body))
    if len(document) > _MAX_DOCUMENT:
        raise Problem(
            413, f"the JSON has more than {in_words(_MAX_DOCUMENT, 'B')} beside its photographs: give {_EXAMPLE}"
        )
    try:
        given = parse_json(document)
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {one_line(error)}; give {_EXAMPLE}") from None
    images = given.get("images") if isinstance(given, dict) else None
    if not isinstance(images, list) or not images:
        raise Problem(400, f"the JSON has no list of images: give {_EXAMPLE}")
    if len(images) > most:
        raise too_many(most)
    return [_of_entry(entry, texts) for entry in images]


def _of_entry(entry: object, texts: list[memoryview]) -> Upload:
    index = entry.get("data") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or type(index) is not int or not 0 <= index < len(texts):
        raise Problem(400, f"an image in the JSON has no data in base64 (addresses are not followed): give {_EXAMPLE}")
    return Upload(named(entry.get("name")), texts[index], is_base64=True)


def _unescaped(text: bytes) -> bytes:
    """Base64 as it is meant: JSON may write any sign as an escape, some programs do so with / and +."""
    if b"\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text.replace(b"\\/", b"/"))


def too_many(most: int) -> Problem:
    """The problem of a request with more photographs than may wait."""
    return Problem(
        413, f"more than {most} photographs in one request: send fewer, or start the service with a larger --queue"
    )
