"""Many photographs -> many results: decoding ahead of inference, in order, in bounded memory, past bad files.

Worker threads read and decode while the runtime computes; decoding releases the interpreter. At most a few batches of
small pixel arrays wait, so memory does not grow with the number of photographs; nor with that of workers, as large
pictures wait for each other until they have been made small.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from beholder.errors import PhotoError
from beholder.photos.listing import Unreadable
from beholder.photos.read import Photo, Pixels, read_bytes, read_photo
from beholder.scoring.scorer import CORES, Scorer
from beholder.scoring.scores import Scores
from beholder.text import printable

# Threads of the runtime for a scorer of many photographs: cores that each have a batch of their own wait for nobody,
# but more than 8 to 15 batches at once take memory.
THREADS = max(1, CORES // 8)
PIXELS = 2 * 224 * 224  # in a batch: with more, what is computed leaves the core's cache (docs/performance.md)


@dataclass(frozen=True)
class Result:
    """What became of one photograph.

    Attributes:
        path: as given.
        sha256: of the file's content; empty where it could not be read, or nobody asked.
        scores: of length one, or None.
        error: why there are none, in a line; None where there are scores or the photograph was known.
        extra: what ``also`` made of the photograph.
    """

    path: str
    sha256: str
    scores: Scores | None = None
    error: str | None = None
    extra: Any = None


@dataclass(frozen=True)
class _Ready:
    result: Result
    pixels: Pixels | None = None
    size: tuple[int, int] = (0, 0)


def score_photos(
    scorer: Scorer,
    paths: Iterable[str | os.PathLike[str] | Unreadable],
    *,
    batch: int | None = None,
    workers: int | None = None,
    hashed: bool = False,
    known: Callable[[str, str], bool] | None = None,
    also: Callable[[Photo], Any] | None = None,
) -> Iterator[Result]:
    """Score photographs as they stream by.

    Args:
        scorer: the model, best opened with ``THREADS``.
        paths: files, consumed as they are needed. An :class:`~beholder.photos.listing.Unreadable` among them becomes a
            failed result in its place.
        batch: photographs at a time in the model, 2 to 8 by its size unless given.
        workers: decoding threads, one a core by default.
        hashed: results have the sha256 of their file; with ``known`` they always have. It takes 0.6 ms a megabyte.
        known: told path and sha256; where it says yes the photograph is neither decoded nor scored, and its result
            has neither scores nor an error.
        also: called with each decoded photograph in a worker, for a thumbnail, say.

    Yields:
        One result a path, in the order of the paths.
    """
    batch, workers, runs = batch or batch_of(scorer), workers or CORES, runs_of(scorer)
    source = iter(paths)

    def prepare(item: str | os.PathLike[str] | Unreadable) -> _Ready:
        if isinstance(item, Unreadable):
            return _Ready(Result(item.path, "", error=item.error))
        path, sha256 = os.fspath(item), ""
        try:
            content = read_bytes(path)
            if hashed or known is not None:
                sha256 = hashlib.sha256(content).hexdigest()
            if known is not None and known(path, sha256):
                return _Ready(Result(path, sha256))
            with ExitStack() as room:  # of a large picture, until only few of its pixels are left
                found = read_photo(content, scorer.min_size, name=path, until=room)
                pixels = scorer.pixels(found, path)
                made = also(found) if also is not None else None
                return _Ready(Result(path, sha256, extra=made), pixels, (found.width, found.height))
        except PhotoError as error:
            return _Ready(Result(path, sha256, error=str(error)))
        except MemoryError:  # of resizing it, or of `also`
            return _Ready(Result(path, sha256, error=f"{printable(path)}: not enough memory to resize it"))

    pool, models = ThreadPoolExecutor(workers), ThreadPoolExecutor(runs)
    try:
        ahead: deque[Future[_Ready]] = deque()
        running: deque[Future[list[Result]]] = deque()
        held: list[_Ready] = []  # in order, waiting until a batch of them has pixels
        for item in islice(source, 2 * batch + workers):
            ahead.append(pool.submit(prepare, item))
        while ahead:
            held.append(ahead.popleft().result())
            for item in islice(source, 1):
                ahead.append(pool.submit(prepare, item))
            if sum(ready.pixels is not None for ready in held) == batch or len(held) == 4 * batch:
                running.append(models.submit(_score, scorer, held, batch))
                held = []
            while len(running) == runs or (running and running[0].done()):
                yield from running.popleft().result()
        running.append(models.submit(_score, scorer, held, batch))
        while running:
            yield from running.popleft().result()
    finally:
        for each in (pool, models):
            each.shutdown(wait=True, cancel_futures=True)


def batch_of(scorer: Scorer) -> int:
    """Photographs in a batch: 2 of the default model, 7 of the fast one."""
    width, height = scorer.info.size
    return min(max(2, PIXELS // (width * height)), 8)


def runs_of(scorer: Scorer) -> int:
    """Batches in the model at once: as many as fill the cores, or two, so that one has work while the other waits."""
    return max(2, CORES // scorer.threads)


def _score(scorer: Scorer, held: list[_Ready], batch: int) -> list[Result]:
    pixels = [ready.pixels for ready in held if ready.pixels is not None]
    sizes = np.array([ready.size for ready in held if ready.pixels is not None])
    if len(pixels) == 1 and batch > 1:  # left over; alone it takes another path through the runtime, and differs in
        # the seventh digit, so that a resumed run would not give the same file
        pixels, sizes = pixels * 2, sizes.repeat(2, axis=0)
    scores = iter(scorer.run(pixels, sizes)) if pixels else iter(())
    return [
        ready.result if ready.pixels is None else replace(ready.result, scores=next(scores))  # in order
        for ready in held
    ]
