"""What is printed: the one way for text to standard output and standard error, whoever wrote it.

A file name, a model's description or a library's error may hold control characters that move the cursor, rename the
window or hide what was printed before. `prepare` puts a stream around standard output and error that writes them as
escapes; only `beholder.console` may colour. A character that the encoding cannot say becomes an escape, too, never an
error. Nothing here changes bytes that are written to a file.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Literal, TextIO

from beholder.text import MAX_LINE, cut, harmless, json_text, printable

_PLAIN = {"\u2026": "...", "\u00b1": "+-", "\u2013": "-", "\u2014": "-", "\u00d7": "x", "\u2212": "-", "\u2265": ">="}


_closed_at_start: set[int] = set()  # of the numbers 0, 1 and 2


class SafeStream(io.TextIOWrapper):
    """A text stream that writes control characters as escapes, except for line breaks and tabs."""

    def write(self, text: str) -> int:
        """Write text from anywhere."""
        super().write(harmless(text))
        return len(text)

    def write_styled(self, text: str) -> int:
        """Write text whose control characters are ours: colours and a progress bar."""
        return super().write(text)


def prepare() -> None:
    """Make standard output and error safe, and open what is closed of the three streams as nothing.

    A file that is opened while one of them is closed would take its place, and whatever is printed would go into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, this one
            _closed_at_start.add(number)
    sys.stdin = sys.stdin or _nothing("r")
    sys.stdout, sys.stderr = _safe(sys.stdout), _safe(sys.stderr)


def output_is_closed() -> bool:
    """Whether standard output is closed, or was when the program started."""
    return not sys.stdout or 1 in _closed_at_start


def _safe(stream: TextIO | None) -> TextIO:
    if stream is None:
        return _nothing("w")
    if isinstance(stream, SafeStream) or not isinstance(stream, io.TextIOWrapper):
        return stream
    encoding, lines, through = stream.encoding, stream.line_buffering, stream.write_through
    return SafeStream(stream.detach(), encoding, _ERRORS, line_buffering=lines, write_through=through)


def _nothing(mode: Literal["r", "w"]) -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8")


def say(line: str) -> None:
    """Print one line on standard error."""
    _print(cut(printable(line), MAX_LINE), sys.stderr)


def show(line: str) -> None:
    """Print one line of a result on standard output."""
    _print(printable(line), sys.stdout)


def show_json(document: object) -> None:
    """Print a document as JSON, with every character beyond ASCII as an escape, on standard output."""
    _print(json_text(document, indent=2), sys.stdout)


def _print(text: str, stream: TextIO | None) -> None:
    if stream is not None:  # if it is closed, print would write to standard output
        stream.write(f"{text}\n")  # in one call, so that an interruption cannot cut off the line break
        stream.flush()


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Error handler of an encoding: other characters for ours that it lacks, escapes for all others."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(char) or ascii(char)[1:-1] for char in text), error.end


_ERRORS = "beholder.escapes"
codecs.register_error(_ERRORS, _escaped)
