"""What a service takes at most: bytes, pixels, photographs, seconds; and the memory that follows from it."""

import re
from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.photos.memory import LARGE_PIXELS
from beholder.scoring.cores import CORES
from beholder.text import cut

MEGA = 1_000_000
BODIES = 4  # bodies of the largest size that are held at once; others wait
BYTES_PER_PIXEL = 14  # of a photograph with transparency while it is decoded (`beholder.photos.read`)
CONNECTIONS = 1000  # that are open at once
CONNECTION_BYTES = 200_000  # of one that sends or reads slowly, with what is not yet passed on
ANSWER_BYTES = 300_000  # of one photograph, with its embedding, while it is written
_UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Limits:
    """What a service takes at most.

    Attributes:
        max_body: bytes of the body of a request.
        max_pixels: of one photograph, and of all large ones that are decoded at the same time.
        queue: photographs that are received, wait or are scored at the same time.
        timeout: seconds for a body to arrive, and again for the answer.
        batch: photographs per run of the model; None for the number that is fastest for the model.
        workers: decoding threads.
        threads: cores that are used at once, for decoding and the model together; None for what
            ``BEHOLDER_THREADS`` says, or no such limit.
    """

    max_body: int = 64 * MEGA
    max_pixels: int = 100 * MEGA
    queue: int = 64
    timeout: float = 30.0
    batch: int | None = None
    workers: int = CORES
    threads: int | None = None

    @property
    def body_budget(self) -> int:
        """Bytes of all bodies together."""
        return BODIES * self.max_body

    @property
    def threads_at_most(self) -> int:
        """Decoding threads with those that have hung: for each worker one may, before the service is given up."""
        return 2 * self.workers

    def memory_at_most(self, idle: int, pixels: int) -> int:
        """Bytes of memory that the service takes at most.

        Args:
            idle: that the process takes once the model has run.
            pixels: of a photograph that waits for the model.

        >>> Limits(max_pixels=10_000_000, workers=1).memory_at_most(300_000_000, 150_528)
        1164833792
        """
        decoding = self.threads_at_most * (BYTES_PER_PIXEL * min(LARGE_PIXELS, self.max_pixels) + self.max_body)
        waiting = self.queue * (pixels + ANSWER_BYTES) + CONNECTIONS * CONNECTION_BYTES
        return idle + self.body_budget + BYTES_PER_PIXEL * self.max_pixels + decoding + waiting


def number_of(text: str, unit: str, option: str) -> int:
    """A number such as 64MB or 1.5G, in bytes or pixels.

    Args:
        text: as it was given; K, M and G are thousands, millions and thousands of millions.
        unit: that may follow: ``B`` or ``P``.
        option: for the message.

    Raises:
        BeholderError: it is not such a number, or less than 1.

    >>> number_of("64MB", "B", "--max-body"), number_of("1.5 gp", "P", "--max-pixels")
    (64000000, 1500000000)
    """
    found = re.fullmatch(rf"(\d{{1,12}}(?:\.\d{{1,6}})?)\s*([KMG]?){unit}?", text.strip().upper(), re.ASCII)
    number = int(float(found[1]) * _UNITS[found[2]]) if found else 0
    if number < 1:
        raise BeholderError(f"{option} {cut(text)}: give a number such as 500K{unit}, 64M{unit} or 1G{unit}")
    return number


def in_words(count: float, unit: str) -> str:
    """A number of bytes or pixels for people.

    >>> in_words(64_000_000, "B"), in_words(2_345_678_901, "B"), in_words(999, "B")
    ('64 MB', '2.3 GB', '1 KB')
    """
    for size, prefix in ((1e9, "G"), (1e6, "M")):
        if count >= size:
            return f"{round(count / size, 1 if count < 10 * size and prefix == 'G' else None):g} {prefix}{unit}"
    return f"{max(1, round(count / 1e3))} K{unit}"
