"""Score many photographs: decoding ahead of inference, in order, in bounded memory, past files that cannot be read.

Worker threads read and decode while ONNX Runtime computes; decoding releases the interpreter lock. At most a few
batches of small pixel arrays wait, so memory does not grow with the number of photographs. It does not grow with the
number of workers either, because large photographs share a budget of pixels until they are resized.
"""

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from beholder.errors import PhotoError
from beholder.photos import memory
from beholder.photos.listing.find import Unreadable
from beholder.photos.memory import LargeRefused
from beholder.photos.read import Photo, Pixels, read_bytes, read_photo
from beholder.photos.sources import Source, name_of, plain
from beholder.scoring import session
from beholder.scoring.cores import CORES, NO_LIMIT, CoreLimit
from beholder.scoring.device import CUDA
from beholder.scoring.input_size import UNNAMED, InputSize
from beholder.scoring.processes import EndedError, Processes
from beholder.scoring.scorer import CUDA_BATCH, Scorer
from beholder.scoring.scores import Scores
from beholder.text import printable

T = TypeVar("T")

# Threads of ONNX Runtime in a scorer for many photographs. Several batches at once, each with few threads, are faster
# than one with all cores, but more than 8 to 15 batches at once take too much memory.
MAX_BATCHES = 8
THREADS = max(1, CORES // MAX_BATCHES)
BATCH_PIXELS = 2 * 224 * 224  # of a batch; with more, the activations leave the core's cache (docs/performance.md)


@dataclass(frozen=True)
class Result:
    """The result of one photograph in a run over many.

    Attributes:
        path: as given.
        sha256: of the file's content, hexadecimal; empty if the file could not be read, or was not hashed.
        scores: of length one; None if the photograph failed or was known.
        error: why there are no scores, one line that begins with the path; None if it was scored or known.
        extra: return value of the ``also`` callback; it is not compared.

    >>> import beholder
    >>> results = list(beholder.score_photos("fast", ["examples/photos/rocket.jpg", "missing.jpg"]))
    >>> [result.scores is not None for result in results], results[1].error
    ([True, False], 'missing.jpg: no such file')
    """

    path: str
    sha256: str
    scores: Scores | None = None
    error: str | None = None
    extra: Any = field(default=None, compare=False)

    def __repr__(self) -> str:
        outcome = self.error or ("known" if self.scores is None else f"{self.path}: {self.scores!r}")
        return f"Result({printable(outcome)})"


@dataclass(frozen=True)
class Prepared:
    """A photograph that is ready for the model, or a result without scores.

    Attributes:
        result: with path and sha256, and the error if it could not be read.
        pixels: (height, width, 3) uint8 for the model; None if there is nothing to score.
        size: (width, height) of the original.
    """

    result: Result
    pixels: Pixels | None = None
    size: tuple[int, int] = (0, 0)


def score_photos(
    model: Scorer | str | os.PathLike[str] | None,
    paths: Iterable[Source | Unreadable],
    *,
    batch: int | None = None,
    workers: int | None = None,
    threads: int | CoreLimit | None = None,
    hashed: bool = False,
    known: Callable[[str, str], bool] | None = None,
    also: Callable[[Photo], Any] | None = None,
    processes: bool | None = None,
) -> Iterator[Result]:
    """Score photographs as they stream by. A photograph that cannot be read becomes a result with an error.

    Whoever leaves the results early, by an exception, Ctrl-C or their ``close()``, leaves soon: the model is asked to
    stop, and what is being decoded is waited for 2 seconds at most.

    Args:
        model: a model file or the name of an embedded model, as for :func:`beholder.load`, opened with the number of
            threads that is fastest here; or a scorer, best opened with ``THREADS``.
        paths: files, consumed as they are needed; or anything else that :func:`beholder.read_photo` reads, which is
            called by its name in the results, if it has one. An :class:`~beholder.photos.listing.find.Unreadable` among
            them becomes a failed result in its place.
        batch: photographs per inference; by default 2 to 8, depending on the input size of the model.
        workers: decoding threads; by default as many as ``threads``, or one per core that this process may use.
        threads: cores that are used at once, for decoding and the model together, at least those of the scorer: who
            decodes waits while as many are at work, and so does the model. A limit of
            :class:`~beholder.scoring.cores.CoreLimit` is shared with other work. By default what ``BEHOLDER_THREADS``
            says; without it one thread per core decodes and one per core computes, and none waits for another.
        hashed: give the sha256 of each file in its result. It takes 0.6 ms per megabyte.
        known: called with path and sha256. If it returns True, the photograph is neither decoded nor scored, and its
            result has neither scores nor an error. Implies ``hashed``.
        also: called with each decoded photograph in a worker thread, for example to make a thumbnail.
        processes: let each decoding thread have a process of its own to decode in; by default where the scorer computes
            on a GPU, which threads cannot feed. Threads alone decode where ``known`` or ``also`` is given, photographs
            that are neither files nor their content, and large ones, which share memory.

    Yields:
        One result per path, in the order of the paths.

    Raises:
        ModelError: the model cannot be opened or run.

    >>> import beholder
    >>> for result in beholder.score_photos("default", ["examples/photos/flower.jpg", "README.md"]):
    ...     print(result.path, result.scores.overall.round(1) if result.scores else result.error)
    examples/photos/flower.jpg [5.5]
    README.md README.md: is not a photograph that can be read; it looks like text
    """
    limit = CoreLimit.of(threads)
    scorer = model if isinstance(model, Scorer) else Scorer(model, batch_threads(limit.cores))
    return _stream(
        scorer,
        paths,
        batch=batch or default_batch(scorer),
        workers=workers or limit.cores or CORES,
        runs=concurrent_batches(scorer, limit.cores),
        limit=limit,
        hashed=hashed,
        known=known,
        also=also,
        processes=scorer.device == CUDA if processes is None else processes,
    )


def _stream(
    scorer: Scorer,
    paths: Iterable[Source | Unreadable],
    *,
    batch: int,
    workers: int,
    runs: int,
    limit: CoreLimit,
    hashed: bool,
    known: Callable[[str, str], bool] | None,
    also: Callable[[Photo], Any] | None,
    processes: bool,
) -> Iterator[Result]:
    source = iter(paths)
    others: Processes | None = None
    if processes and known is None and also is None:
        others = Processes(workers, partial(_prepare_small, scorer.input_size, hashed))

    def ready(item: Source | Unreadable) -> Prepared:
        if others is not None and _travels(item):
            try:
                with limit.taken():
                    prepared: Prepared | None = others.call(item)
            except EndedError as error:
                path = name_of(item) or UNNAMED
                prepared = Prepared(Result(path, "", error=f"{path}: the process that decoded it ended ({error})"))
            if prepared is not None:
                return prepared
        return prepare(scorer, item, hashed=hashed, known=known, also=also, limit=limit)

    started: list[threading.Thread] = []
    pools = [
        ThreadPoolExecutor(size, initializer=lambda: started.append(threading.current_thread()))
        for size in (workers, runs)
    ]
    decoders, models = pools
    try:
        ahead: deque[Future[Prepared]] = deque()
        running: deque[Future[list[Result]]] = deque()
        held: list[Prepared] = []  # in order, until enough of them have pixels for a batch
        for item in islice(source, 2 * batch + workers):
            ahead.append(decoders.submit(ready, item))
        while ahead:
            held.append(_result_of(ahead.popleft()))
            for item in islice(source, 1):
                ahead.append(decoders.submit(ready, item))
            if sum(prepared.pixels is not None for prepared in held) == batch or len(held) == 4 * batch:
                running.append(models.submit(score_prepared, scorer, held, batch, limit))
                held = []
            while len(running) == runs or (running and running[0].done()):
                yield from _result_of(running.popleft())
        running.append(models.submit(score_prepared, scorer, held, batch, limit))
        while running:
            yield from _result_of(running.popleft())
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        if others is not None:
            others.close()
        _await_end(started)


def _travels(item: Source | Unreadable) -> bool:
    """Whether it can be sent to another process: a file, its content, or a row of that."""
    row = dict(item) if isinstance(item, Mapping) and set(item) <= {"bytes", "path"} else {"bytes": item}
    return isinstance(row.get("bytes"), str | os.PathLike | bytes) and isinstance(row.get("path", ""), str)


@cache
def _small_only() -> LargeRefused:
    memory.PIXEL_BUDGET = LargeRefused(0)
    return memory.PIXEL_BUDGET


def _prepare_small(size: InputSize, hashed: bool, item: Source) -> Prepared | None:
    """In a process that only decodes: the photograph, or None for a large one."""
    refusal = _small_only()
    refusal.refused = False
    prepared = prepare(size, item, hashed=hashed)
    return None if refusal.refused else prepared


def prepare(
    scorer: Scorer | InputSize,
    item: Source | Unreadable,
    *,
    hashed: bool = False,
    known: Callable[[str, str], bool] | None = None,
    also: Callable[[Photo], Any] | None = None,
    limit: CoreLimit = NO_LIMIT,
) -> Prepared:
    """Read one photograph and resize it for a model. It raises nothing.

    Arguments are those of :func:`score_photos`, and the cores to share: a file is read before one is taken.

    >>> import beholder
    >>> prepared = prepare(beholder.load("fast"), "examples/photos/rocket.jpg")
    >>> prepared.pixels.shape, prepared.size
    ((112, 126, 3), (640, 427))
    """
    if isinstance(item, Unreadable):
        return Prepared(Result(item.path, "", error=item.error))
    path = os.fsdecode(item) if isinstance(item, str | os.PathLike) else name_of(item) or UNNAMED
    sha256 = ""
    try:
        given = plain(item)
        content = read_bytes(path) if isinstance(given, str | os.PathLike) else given
        with limit.taken(), ExitStack() as reservation:  # of the pixels of a large photograph, until it is resized
            if isinstance(content, bytes) and (hashed or known is not None):
                sha256 = hashlib.sha256(content).hexdigest()
            if known is not None and known(path, sha256):
                return Prepared(Result(path, sha256))
            photo = read_photo(content, scorer.min_size, name=path, reservation=reservation)
            pixels = scorer.pixels(photo, path)
            extra = also(photo) if also is not None else None
            return Prepared(Result(path, sha256, extra=extra), pixels, (photo.width, photo.height))
    except PhotoError as error:
        return Prepared(Result(path, sha256, error=str(error)))
    except MemoryError:  # of resizing, or of `also`
        return Prepared(Result(path, sha256, error=f"{printable(path)}: not enough memory to resize it"))


def _result_of(future: Future[T]) -> T:
    """The result of a future, waited for so that Ctrl-C is never missed; see :data:`session.WAKING`."""
    while not future.done():
        wait([future], timeout=session.WAKING)
    return future.result()


def _await_end(threads: Sequence[threading.Thread]) -> None:
    """Wait for threads that have nothing more to do; what their models compute is not waited for."""
    until = time.monotonic() + session.GRACE
    for thread in threads:
        while thread.is_alive() and time.monotonic() < until:
            session.stop_runs(each.ident for each in threads if each.ident is not None)
            thread.join(0.05)


def batch_threads(threads: int | None) -> int:
    """Threads of a scorer for many photographs, where all batches together have ``threads``."""
    return THREADS if threads is None else max(1, threads // MAX_BATCHES)


def default_batch(scorer: Scorer) -> int:
    """Photographs per batch: 2 for the default model, 7 for the fast one; 64 on a GPU."""
    if scorer.device == CUDA:
        return CUDA_BATCH
    width, height = scorer.info.size
    return min(max(2, BATCH_PIXELS // (width * height)), 8)


def concurrent_batches(scorer: Scorer, threads: int | None = None) -> int:
    """Batches in the model at once: as many as fill the threads.

    By default they are the cores, and there are at least two batches, so that one can wait for pixels.
    On a GPU there are two, so that it computes one while the other comes and goes.
    """
    if scorer.device == CUDA:
        return 2
    return max(2, CORES // scorer.threads) if threads is None else max(1, threads // scorer.threads)


def score_prepared(scorer: Scorer, held: Sequence[Prepared], batch: int, limit: CoreLimit = NO_LIMIT) -> list[Result]:
    """Results of photographs of :func:`prepare`, in their order: one run of the model for all that have pixels.

    Args:
        scorer: that they were prepared for.
        held: at most ``batch`` of them with pixels.
        batch: photographs per inference; 1 for one that is never run beside others.
        limit: cores to share, of which the scorer takes as many as it has threads; none where a GPU computes.

    Raises:
        ModelError: the model cannot be run.

    >>> import beholder
    >>> scorer = beholder.load("fast")
    >>> (result,) = score_prepared(scorer, [prepare(scorer, "examples/photos/rocket.jpg")], 2)
    >>> result.scores.overall.round(1)
    array([4.5], dtype=float32)
    """
    pixels = [prepared.pixels for prepared in held if prepared.pixels is not None]
    sizes = np.array([prepared.size for prepared in held if prepared.pixels is not None])
    if len(pixels) == 1 and batch > 1:  # ONNX Runtime computes a batch of one differently, in the seventh digit; twice
        # the last photograph gives the same bits as any batch, so a resumed run gives the same file
        pixels, sizes = pixels * 2, sizes.repeat(2, axis=0)
    scores: Iterator[Scores] = iter(())
    if pixels:
        with limit.taken(0 if scorer.device == CUDA else scorer.threads):
            scores = iter(scorer.run(pixels, sizes))
    return [
        prepared.result if prepared.pixels is None else replace(prepared.result, scores=next(scores))  # in order
        for prepared in held
    ]
