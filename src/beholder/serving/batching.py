"""Photographs of many requests -> batches for the model: as many as wait, and for a few milliseconds those to come."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from threading import Thread

from beholder.scoring.batch import Prepared, Result, score_prepared
from beholder.scoring.cores import NO_LIMIT, CoreLimit
from beholder.scoring.scorer import Scorer
from beholder.scoring.session import stop_runs
from beholder.serving.threads import in_thread

WAIT = 0.005  # seconds that a batch waits for photographs that are being decoded

Entry = tuple[Prepared, "asyncio.Future[Result]"]


class Batches:
    """Photographs that wait for the model, and the model's runs.

    Args:
        scorer: the model.
        size: photographs per run, at most.
        timeout: seconds that a run may take.
        more_to_come: whether photographs are being decoded.
        watch: called with the photographs and the seconds of each run.
        limit: cores that runs share with what decodes.
    """

    def __init__(
        self,
        scorer: Scorer,
        size: int,
        timeout: float,
        more_to_come: Callable[[], bool],
        watch: Callable[[int, float], None],
        limit: CoreLimit = NO_LIMIT,
    ) -> None:
        self._scorer, self._size, self._timeout = scorer, size, timeout
        self._more_to_come, self._watch, self._limit = more_to_come, watch, limit
        self._waiting: asyncio.Queue[Entry] = asyncio.Queue()

    async def score(self, prepared: Prepared) -> Result:
        """The result of a photograph, from a run with whatever else waits.

        Raises:
            ModelError: the model cannot be run.
            TimeoutError: it did not end.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((prepared, done))
        return await done

    async def run_forever(self) -> None:
        """Take batches and run them, one after the other; as many of these as there may be runs at once."""
        while True:
            taken = await self._next()
            entries = [(prepared, done) for prepared, done in taken if not done.done()]  # nobody waits for the others
            if entries:
                await self._run(entries)

    async def _next(self) -> list[Entry]:
        taken = [await self._waiting.get()]
        until = asyncio.get_running_loop().time() + WAIT
        while len(taken) < self._size:
            if self._waiting.empty() and not self._more_to_come():
                break
            try:
                async with asyncio.timeout_at(until):
                    taken.append(await self._waiting.get())
            except TimeoutError:
                break
        return taken

    async def _run(self, entries: list[Entry]) -> None:
        thread: list[Thread] = []
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                work = partial(
                    score_prepared, self._scorer, [prepared for prepared, _ in entries], self._size, self._limit
                )
                results = await in_thread(work, started=thread.append)
        except Exception as error:
            stop(thread)
            for _, done in entries:
                with suppress(asyncio.InvalidStateError):
                    done.set_exception(error)
            return
        self._watch(len(entries), time.monotonic() - began)
        for (_, done), result in zip(entries, results, strict=True):
            if not done.done():
                done.set_result(result)


def stop(threads: Iterable[Thread]) -> None:
    """Make the models that these threads run end, if the threads have not: another may have got their identifier."""
    stop_runs(thread.ident for thread in threads if thread.is_alive() and thread.ident is not None)
