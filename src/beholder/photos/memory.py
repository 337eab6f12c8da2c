"""A budget of pixels that photographs decoded at the same time share."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from beholder.errors import PhotoError

MAX_PIXELS = 250_000_000  # of one photograph, also if a reduced decode would have fewer
MAX_SIDE = 1_000_000  # pixels: resizing takes 32 bytes for each pixel of a side, and decoders some 10 for each of a row
LARGE_PIXELS = 4_000_000  # decoded pixels above which the budget counts; a reduced 12-megapixel JPEG has fewer


class PixelBudget:
    """A number of pixels that threads share. A thread that needs more than is free waits, first come, first served."""

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self.reset()

    def reset(self) -> None:
        """Give all of it back; in a forked process, where threads of the parent can no longer."""
        self._free = self._pixels
        self._turn = threading.Lock()  # held by the first in the queue, so that small needs cannot overtake it for ever
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def reserved(self, pixels: int) -> Iterator[None]:
        """Reserve pixels for a block, the whole budget at most. Never nest in one thread: it would wait for itself."""
        pixels = min(pixels, self._pixels)
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free = min(self._free + pixels, self._pixels)  # less than their sum after a reset
                self._changed.notify()


PIXEL_BUDGET = PixelBudget(MAX_PIXELS)
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=PIXEL_BUDGET.reset)


@contextlib.contextmanager
def limited_pixels(pixels: int) -> Iterator[None]:
    """In a block, read no photograph of more pixels, and let all that are decoded at the same time share as many.

    It holds for the whole process, and what is decoded already keeps what it has.

    >>> with limited_pixels(1_000_000):
    ...     check_size((2000, 1000), "large.jpg")
    Traceback (most recent call last):
    beholder.errors.PhotoError: large.jpg: 2000 x 1000 pixels, more than the 1,000,000 that are read; reduce it
    """
    global MAX_PIXELS, PIXEL_BUDGET
    before = MAX_PIXELS, PIXEL_BUDGET
    MAX_PIXELS, PIXEL_BUDGET = pixels, PixelBudget(pixels)
    try:
        yield
    finally:
        MAX_PIXELS, PIXEL_BUDGET = before


class LargeRefused(PixelBudget):
    """No budget: large photographs are refused.

    Attributes:
        refused: whether one was, since this was last set to False.
    """

    refused = False

    @contextlib.contextmanager
    def reserved(self, pixels: int) -> Iterator[None]:
        """Raise PhotoError."""
        self.refused = True
        raise PhotoError("is read where memory for large photographs is shared")
        yield


def reserve_pixels(reservation: contextlib.ExitStack, pixels: int) -> None:
    """Reserve pixels of the shared budget until `reservation` is closed, if there are more than `LARGE_PIXELS`."""
    if pixels > LARGE_PIXELS:
        reservation.enter_context(PIXEL_BUDGET.reserved(pixels))


def check_size(size: tuple[int, int], label: str) -> None:
    """Raise PhotoError unless `size` (width, height) is 1 to `MAX_PIXELS` pixels, at most `MAX_SIDE` a side."""
    width, height = size
    if width < 1 or height < 1:
        raise PhotoError(f"{label}: has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise PhotoError(f"{label}: {width} x {height} pixels, more than the {MAX_PIXELS:,} that are read; reduce it")
    if max(size) > MAX_SIDE:
        raise PhotoError(f"{label}: {width} x {height} pixels; a side is longer than {MAX_SIDE:,}: crop it")
