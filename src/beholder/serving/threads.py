"""Work in threads that may never end: a decoder or a model that hangs is left behind, and nothing waits for it.

Threads of a pool would be waited for when the program ends. A new thread takes 0.1 ms, a photograph many times that.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from beholder.serving.problems import AGAIN, Problem

T = TypeVar("T")


async def in_thread(
    function: Callable[..., T],
    *given: Any,
    started: Callable[[threading.Thread], None] | None = None,
    ended: Callable[[], None] | None = None,
) -> T:
    """Call a function in a thread of its own. Who is cancelled while it runs no longer waits for it.

    Args:
        function: to call.
        given: its arguments.
        started: called with the thread.
        ended: called in the event loop when the thread has ended, whether somebody waits or not.

    Raises:
        Problem: 503: the process may have no more threads. And whatever the function raises.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if ended is not None:
            ended()
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = function(*given)
        except BaseException as raised:
            error = raised if isinstance(raised, Exception) else RuntimeError(type(raised).__name__)
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, error)

    thread = threading.Thread(target=work, name="beholder serve", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        if ended is not None:
            ended()
        raise Problem(503, "there are no more threads: try again in a moment", headers=AGAIN) from None
    if started is not None:
        started(thread)
    return await future


class ThreadLimit:
    """At most so many threads at a time, and a few more that are left behind.

    Attributes:
        wanted: calls that run or wait for their turn.
        running: threads, with those that nobody waits for any more.
    """

    def __init__(self, count: int, most: int) -> None:
        self._turn, self._most = asyncio.Semaphore(count), most
        self.wanted = self.running = 0

    @property
    def is_stuck(self) -> bool:
        """Whether all threads that there may be are taken."""
        return self.running >= self._most

    async def run(self, function: Callable[..., T], *given: Any, **options: Any) -> T:
        """As :func:`in_thread`, in turn. Who is cancelled before their turn has cost nothing.

        Raises:
            Problem: 503: too many threads were left behind.
        """
        self.wanted += 1
        try:
            async with self._turn:
                if self.is_stuck:
                    line = "decoders hang and take all threads: if it stays so, start the service again"
                    raise Problem(503, line, headers=AGAIN)
                self.running += 1
                return await in_thread(function, *given, ended=self._ended, **options)
        finally:
            self.wanted -= 1

    def _ended(self) -> None:
        self.running -= 1
