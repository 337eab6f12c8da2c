"""The service without HTTP: one model in memory, uploads -> results and explanations; whether it is ready."""

import asyncio
import hashlib
import io
import math
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from beholder import __version__
from beholder.errors import ModelError, PhotoError
from beholder.output.rows import columns_of
from beholder.photos.memory import limited_pixels
from beholder.photos.resize import MAX_ASPECT_RATIO
from beholder.reading import read_bytes
from beholder.scoring.batch import Prepared, Result, batch_threads, concurrent_batches, default_batch, prepare
from beholder.scoring.cores import CoreLimit
from beholder.scoring.explain import Explanation
from beholder.scoring.extra_columns import ExtraColumns, model_extras
from beholder.scoring.model_file import MAX_MODEL_BYTES, SQUASH, model_path
from beholder.scoring.scorer import Scorer
from beholder.scoring.session import GRACE
from beholder.serving.admission import ByteBudget, Places
from beholder.serving.batching import Batches, stop
from beholder.serving.limits import Limits
from beholder.serving.memory import resident_bytes
from beholder.serving.metrics import DECODE, MODEL, Metrics
from beholder.serving.threads import ThreadLimit, in_thread
from beholder.serving.uploads import Upload


@dataclass(frozen=True)
class Explained:
    """An explanation of an upload.

    Attributes:
        sha256: of its file.
        explanation: where its score comes from.
        sheet: PNG of a drawn explanation; None where the numbers are enough.
    """

    sha256: str
    explanation: Explanation
    sheet: bytes | None = None


class Service:
    """One model, ready to score what is sent.

    Args:
        model: a model file, ``default`` or ``fast``; None for the default.
        limits: of what is taken.
        token: that requests must give; None for none.

    Attributes:
        identity: model, its sha256 and the version, which every answer holds.
        columns, extras: of a row of scores, as in tables of ``beholder score``.
        is_ready: whether requests are answered: the model has run, and nobody has stopped the service.

    Raises:
        ModelError: the model cannot be opened.
    """

    def __init__(self, model: str | os.PathLike[str] | None, limits: Limits, token: str | None = None) -> None:
        self.limits, self.token = limits, token
        self.scorer = Scorer(model, batch_threads(limits.threads))
        self.identity: dict[str, Any] = {
            "model": self.scorer.id,
            "model_sha256": _sha256_of(self.scorer, model_path(model)),
            "version": __version__,
        }
        self.extras: tuple[ExtraColumns, ...] = model_extras(self.scorer.info)
        self.columns = columns_of(self.scorer.info.tasks, self.extras)
        self.metrics = Metrics()
        self.metrics.name_model(self.scorer.id, __version__)
        self.places = Places(limits.queue)
        self.bodies = ByteBudget(limits.body_budget)
        self.batch = limits.batch or default_batch(self.scorer)
        self.cores = CoreLimit.of(limits.threads)
        self.is_ready = self.is_stopping = False
        self.memory_at_most = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the model once, then let it take batches while the block lasts."""
        limits, runs = self.limits, concurrent_batches(self.scorer, self.cores.cores)
        self._decoders = ThreadLimit(limits.workers, limits.threads_at_most)
        self._explainers = ThreadLimit(1, 2)
        self._batches = Batches(
            self.scorer, self.batch, limits.timeout, lambda: self._decoders.wanted > 0, self._count_batch, self.cores
        )
        with limited_pixels(limits.max_pixels):
            await asyncio.gather(*(in_thread(_warm_up, self.scorer, self.batch) for _ in range(runs)))
            self.memory_at_most = limits.memory_at_most(resident_bytes(), 3 * math.prod(_largest_input(self.scorer)))
            tasks = [asyncio.create_task(self._batches.run_forever()) for _ in range(runs)]
            self.is_ready = True
            try:
                yield
            finally:
                self.is_ready = False
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def is_stuck(self) -> bool:
        """Whether decoders hang and no thread is left: only a new start helps."""
        return self._decoders.is_stuck or self._explainers.is_stuck

    def stop(self) -> None:
        """Take nothing new; what is there is answered."""
        self.is_ready, self.is_stopping = False, True

    async def score(self, uploads: Sequence[Upload]) -> list[Result]:
        """Results in the order of the uploads; one that cannot be read has an error.

        Raises:
            Problem: there are no threads.
            ModelError: the model cannot be run.
        """
        results = await asyncio.gather(*map(self._score, uploads))
        for result in results:
            self.metrics.photographs.labels("scored" if result.error is None else "failed").inc()
        return results

    async def _score(self, upload: Upload) -> Result:
        prepared = await self._decoders.run(self._prepare, upload)
        return prepared.result if prepared.pixels is None else await self._batches.score(prepared)

    def _prepare(self, upload: Upload) -> Prepared:
        with self.metrics.seconds.labels(DECODE).time():
            try:
                content = upload.file()
            except PhotoError as error:
                return Prepared(Result(upload.name, hashlib.sha256(upload.content).hexdigest(), error=str(error)))
            return prepare(self.scorer, {"bytes": content, "path": upload.name}, hashed=True, limit=self.cores)

    async def explain(self, upload: Upload, task: str, grid: int, *, drawn: bool) -> Explained:
        """Where in a photograph its score for a task comes from; one photograph at a time.

        Args:
            upload: the photograph.
            task: name of a task of the model.
            grid: cells per side.
            drawn: whether to draw the sheet.

        Raises:
            BeholderError: it cannot be read, or there is no such task.
        """
        threads: list[Thread] = []
        try:
            return await self._explainers.run(self._explain, upload, task, grid, drawn, started=threads.append)
        finally:
            self._stop(threads, time.monotonic() + GRACE)

    def _stop(self, threads: list[Thread], until: float) -> None:
        """End an explanation that nobody waits for: many runs of the model, and now it may be between two of them."""
        if any(thread.is_alive() for thread in threads) and time.monotonic() < until:
            stop(threads)
            asyncio.get_running_loop().call_later(0.05, self._stop, threads, until)

    def _explain(self, upload: Upload, task: str, grid: int, drawn: bool) -> Explained:
        content = upload.file()
        with self.cores.taken(self.scorer.threads), ExitStack() as reservation:
            photo = {"bytes": content, "path": upload.name}
            explanation = self.scorer.explain(photo, task, grid, reservation=reservation)
            sheet = png_of(explanation) if drawn else None
        return Explained(hashlib.sha256(content).hexdigest(), explanation, sheet)

    def _count_batch(self, count: int, seconds: float) -> None:
        self.metrics.batch.observe(count)
        self.metrics.seconds.labels(MODEL).observe(seconds)

    def metrics_page(self) -> bytes:
        """The text that Prometheus reads."""
        return self.metrics.page(self.places.taken, self.bodies.count - self.bodies.free, self._decoders.running)


def png_of(explanation: Explanation) -> bytes:
    """The drawn sheet of an explanation."""
    file = io.BytesIO()
    explanation.draw().save(file, "PNG")
    return file.getvalue()


def _sha256_of(scorer: Scorer, path: Path) -> str:
    digest = hashlib.sha256(read_bytes(path, "a model file", MAX_MODEL_BYTES, error=ModelError)).hexdigest()
    if not scorer.id.endswith(f"@{digest[:8]}"):
        raise ModelError(f"{path}: was replaced while it was opened; start again")
    return digest


def _warm_up(scorer: Scorer, batch: int) -> None:
    """Run the model on as much as it ever gets, so that what it takes is known."""
    width, height = _largest_input(scorer)
    scorer.run(np.zeros((max(2, batch), height, width, 3), np.uint8), np.ones((max(2, batch), 2), int))


def _largest_input(scorer: Scorer) -> tuple[int, int]:
    width, height = scorer.info.size
    return (width, height) if scorer.info.resize == SQUASH else (width * MAX_ASPECT_RATIO, height)
