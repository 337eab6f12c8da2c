"""Lists of file names, as programs and editors write them.

A NUL after each name (``find -print0``) or a line break of any system; UTF-8, or what Windows writes; names in quotes,
as URLs, with blanks around them. A file that has exactly the name in the list always comes first.
"""

import codecs
import os
import re
import select
import shlex
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from beholder.errors import BeholderError
from beholder.photos.formats import detect_format
from beholder.reading import encoding_of, find_spelling

MAX_NAME_BYTES = 65_536  # no system opens a longer one
MAX_LIST_BYTES = 2_000_000_000  # 20 million paths of 100 bytes
_CONTROLS = bytes(set(range(1, 32)) - set(b"\t\n\r\x1b"))  # in texts as good as never
_AROUND = " \t\r\n\ufeff\u202a"  # the last two: marks of Windows, of a file and of a name copied from its properties
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class NameList:
    r"""The names in a stream, which can be gone through again and again. They are kept compressed.

    Args:
        stream: is read to its end.

    Raises:
        BeholderError: it holds something else than names, or more than `MAX_LIST_BYTES`. Going through the names raises
            it, too, for a name of more than `MAX_NAME_BYTES`.

    >>> import io
    >>> list(NameList(io.BytesIO(b"one.jpg\0two\nlines.jpg\0")))
    ['one.jpg', 'two\nlines.jpg']
    """

    def __init__(self, stream: BinaryIO) -> None:
        packer, self._packed, breaks, size = zlib.compressobj(1), [], set[bytes](), 0
        for block in _utf8(_read(stream)):
            if not size:
                _check_names(block)
            here = {each for each in (b"\0", b"\n", b"\r") if each in block}
            if not here and len(block) >= MAX_NAME_BYTES:
                raise _too_long()
            breaks |= here
            size += len(block)
            if size > MAX_LIST_BYTES:
                raise BeholderError(
                    f"the list on standard input has more than {MAX_LIST_BYTES:,} bytes; give it in several parts"
                )
            self._packed.append(packer.compress(block))
        self._packed.append(packer.flush())
        self._separator = next((each for each in (b"\0", b"\n", b"\r") if each in breaks), b"\n")

    def __iter__(self) -> Iterator[str]:
        rest = b""
        for block in self._unpacked():
            *names, rest = (rest + block).split(self._separator)
            yield from (os.fsdecode(name) for name in names if name)
            if len(rest) > MAX_NAME_BYTES:
                raise _too_long()
        if rest:
            yield os.fsdecode(rest)

    def _unpacked(self) -> Iterator[bytes]:
        unpacker = zlib.decompressobj()
        for part in self._packed:
            yield unpacker.decompress(part, MAX_NAME_BYTES)
            while unpacker.unconsumed_tail:
                yield unpacker.decompress(unpacker.unconsumed_tail, MAX_NAME_BYTES)
        yield unpacker.flush()


def _read(stream: BinaryIO) -> Iterator[bytes]:
    while (block := stream.read(MAX_NAME_BYTES)) != b"":
        if block is None:  # another program made the pipe one that does not wait, and nothing has come yet
            select.select([stream], [], [])
        else:
            yield block
            if len(block) < MAX_NAME_BYTES and stream.isatty():  # Ctrl-D ends one `read`, and should end the list
                return


def _utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8, without a mark at its beginning."""
    head = next(blocks, b"")
    encoding = _encoding(head)
    if encoding in ("utf-8", "utf-8-sig"):
        yield head.removeprefix(codecs.BOM_UTF8)
        yield from blocks
    else:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        yield from (decoder.decode(block).encode() for block in chain([head], blocks))


def _encoding(head: bytes) -> str:
    """The encoding that the mark at the beginning names, or UTF-16 without a mark, or UTF-8."""
    encoding, first, second = encoding_of(head), head[:16:2], head[1:16:2]
    if encoding == "utf-8" and len(second) > 3:  # `C:\` or `./` in two bytes each
        if not any(second) and all(first):
            return "utf-16-le"
        if not any(first) and all(second):
            return "utf-16-be"
    return encoding


def _check_names(head: bytes) -> None:
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if (controls > 16 and controls > len(head) / 20) or (len(head) >= MAX_NAME_BYTES and not head.strip(b"\0")):
        kind = detect_format(head, "")
        raise BeholderError(
            f"standard input is not a list of file names; it looks like {kind}; - stands for a list, for example"
            " find . -name '*.jpg' | beholder score -"
        )


def _too_long() -> BeholderError:
    return BeholderError(
        f"the list on standard input has a name of more than {MAX_NAME_BYTES:,} bytes; put one name on a line, or a NUL"
        " after each name"
    )


def existing(text: str) -> str | None:
    """The path that a name in a list means: that name if there is such a file, else the first other reading of it.

    Other readings: without blanks and line ends around it, without quotes (as Windows copies a path, as ``ls -Q``, Git
    and shells write it), of a ``file://`` URL, with ``~`` for the home folder, with slashes for backslashes; each also
    with its accented letters composed in another way.

    Returns:
        The path as the disk spells it; None if there is no such file.

    >>> existing(' "examples/photos/rocket.jpg" '), existing("examples/photos/nope.jpg")
    ('examples/photos/rocket.jpg', None)
    """
    if os.path.lexists(text):
        return text
    return next((found for each in _readings(text) if each and os.path.lexists(found := find_spelling(each))), None)


def _readings(text: str) -> Iterator[str]:
    yield text.rstrip("\r\n")
    plain = text.strip(_AROUND)
    yield plain
    if len(plain) > 2 and plain[0] == plain[-1] == '"':
        yield plain[1:-1]
        yield _unescaped(plain[1:-1])
    if any(char in plain for char in "\\'\""):
        with suppress(ValueError):  # a quotation that does not end
            words = shlex.split(plain)
            if len(words) == 1:
                yield words[0]
        yield plain.replace("\\", "/")
    if plain[:7].lower() == "file://":
        path = os.fsdecode(unquote_to_bytes(plain[7:]))
        path = path[path.find("/") :]  # after the name of this machine, if there is one
        yield path.lstrip("/") if os.name == "nt" else path
    if plain.startswith("~"):
        yield os.path.expanduser(plain)


def _unescaped(text: str) -> str:
    r"""A name in which special characters are written as in C, and bytes in octal: ``caf\303\251.jpg``."""

    def plain(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8) & 255]) if code.isdigit() else _ESCAPES.get(code, code)

    return os.fsdecode(re.sub(rb"\\([0-7]{3}|.)", plain, os.fsencode(text), flags=re.DOTALL))
