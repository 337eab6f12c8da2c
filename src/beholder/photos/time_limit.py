"""A limit of processor time for decoding one photograph.

A small file can keep a decoder busy for hours: thousands of passes over a large picture, millions of empty segments, a
picture of one row. Nothing in Python stops a decoder from outside, but Pillow's ask for the file piece by piece: for at
most 64 KB of a JPEG, PNG, GIF or BMP at a time. So a file that gives nothing more once the time is used up ends them.

The limit is of the processor time of the thread, so that nothing is refused because the machine is busy. Measured on
one core of an AMD EPYC, the slowest ordinary photographs take 0.05 s a megapixel (a progressive JPEG of pure noise) and
headers take milliseconds. What is allowed is many times that, for slow machines.
"""

from __future__ import annotations

import io
import time

from beholder.errors import PhotoError

HEADER_SECONDS = 5.0
SECONDS_PER_MEGAPIXEL = 0.25
_SMALL, _CHECKED_EACH = 4096, 32  # bytes, reads
_read = io.BytesIO.read


class TimedFile(io.BytesIO):
    """The bytes of a photograph, for a decoder in the thread that makes it.

    Args:
        data: the whole file.
        label: its name in the error message.

    >>> file = TimedFile(b"GIF89a", "a.gif")
    >>> file.allow_pixels(12_000_000)
    >>> file.read(3)
    b'GIF'
    """

    def __init__(self, data: bytes, label: str) -> None:
        super().__init__(data)
        self._label, self._allowed, self._began = label, HEADER_SECONDS, time.thread_time()
        self._unchecked = 0  # reads since the time was looked at, which takes longer than reading a few bytes

    def allow_pixels(self, pixels: int) -> None:
        """Add the time for decoding so many pixels."""
        self._allowed += SECONDS_PER_MEGAPIXEL * pixels / 1e6

    def read(self, size: int | None = -1, /) -> bytes:
        """Like `io.BytesIO.read`. Raises PhotoError when the time is used up."""
        self._unchecked += 1
        if self._unchecked == _CHECKED_EACH or size is None or not 0 <= size < _SMALL:
            self._unchecked = 0
            if time.thread_time() - self._began > self._allowed:
                raise PhotoError(
                    f"{self._label}: decoding takes more than {self._allowed:.0f} s of processor time, many times what"
                    " a photograph of its size needs; open it in a photo editor and save it again"
                )
        return _read(self, size)
