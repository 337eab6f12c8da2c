"""A budget of pixels that photographs decoded at the same time share."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from beholder.errors import PhotoError

MAX_PIXELS = 250_000_000  # of the whole picture, also where a reduced decode would do
LARGE = 4_000_000  # pixels to decode from which a picture needs room; a reduced JPEG of 12 megapixels has less


class PixelBudget:
    """So many pixels that threads share: who needs more than is free waits, in turn, until others are done."""

    def __init__(self, pixels: int) -> None:
        self._pixels = self._free = pixels
        self._turn = threading.Lock()  # held by the first in the queue, so that small needs do not overtake it for ever
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Within, the pixels are taken. Never nested in one thread, which would wait for itself."""
        pixels = min(pixels, self._pixels)
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= pixels)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify()


BUDGET = PixelBudget(MAX_PIXELS)


def take_budget(held: contextlib.ExitStack, pixels: int) -> None:
    if pixels > LARGE:
        held.enter_context(BUDGET.taken(pixels))


def check_size(size: tuple[int, int], label: str) -> None:
    across, down = size
    if across < 1 or down < 1:
        raise PhotoError(f"{label}: has no pixels ({across} x {down})")
    if across * down > MAX_PIXELS:
        raise PhotoError(f"{label}: {across} x {down} pixels, more than the {MAX_PIXELS:,} that are read; reduce it")
