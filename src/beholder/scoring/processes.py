"""Processes that call one function again and again: for work that threads of one interpreter cannot do fast enough.

They are started as a program of their own rather than by `multiprocessing`, which would run the script of whoever
scores once more in each of them. Arguments and results go through pipes. A process that ends, because a decoder crashed
or the system took its memory, costs one call; the next one starts it anew.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class EndedError(Exception):
    """A process ended while it was called; why, in a few words."""


class Processes:
    """So many processes, started when they are needed. Can be called from as many threads at a time, not more.

    Args:
        count: number of processes.
        function: of a module that can be imported, or a ``functools.partial`` of one; its arguments and results are
            pickled.
    """

    def __init__(self, count: int, function: Callable[..., Any]) -> None:
        self._idle = deque(_Process(function) for _ in range(count))
        self._all = tuple(self._idle)

    def call(self, *given: Any) -> Any:
        """What the function returns in one of the processes. Raises what it raises there, and EndedError."""
        process = self._idle.pop()
        try:
            return process.call(given)
        finally:
            self._idle.append(process)

    def close(self) -> None:
        """End all of them at once; calls that wait get an EndedError."""
        for process in self._all:
            process.close()


class _Process:
    def __init__(self, function: Callable[..., Any]) -> None:
        self._function, self._lock, self._closed = function, threading.Lock(), False
        self._running: subprocess.Popen[bytes] | None = None

    def call(self, given: tuple[Any, ...]) -> Any:
        message = pickle.dumps(given, protocol=pickle.HIGHEST_PROTOCOL)
        running = self._started()
        assert running.stdin is not None and running.stdout is not None
        try:
            running.stdin.write(message)
            running.stdin.flush()
            result, error = pickle.load(running.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise EndedError(self._ended(running)) from None
        if error is not None:
            raise error
        return result

    def _started(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._closed:
                raise EndedError("it was stopped")
            if self._running is None:
                path = os.pathsep.join(each or os.getcwd() for each in sys.path)  # so that it finds what we have found
                try:
                    self._running = subprocess.Popen(
                        [sys.executable, "-m", __name__],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                    )
                except OSError as error:
                    raise EndedError(f"it cannot be started: {error.strerror}") from None
                assert self._running.stdin is not None
                pickle.dump(self._function, self._running.stdin)
            return self._running

    def _ended(self, running: "subprocess.Popen[bytes]") -> str:
        with self._lock:
            self._running = None
        running.kill()
        status = running.wait()
        for pipe in (running.stdin, running.stdout):
            with suppress(OSError):  # of what it has not read
                pipe.close()  # type: ignore[union-attr]
        return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"

    def close(self) -> None:
        with self._lock:
            self._closed = True
            running = self._running
        if running is not None:
            running.kill()
            running.wait()


def main() -> None:
    """Call the function that comes first on standard input with what comes after it, until nothing comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this tells when to end
    given, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    function = pickle.load(given)
    while True:
        try:
            arguments = pickle.load(given)
        except EOFError:
            return
        answer: tuple[Any, Exception | None]
        try:
            answer = function(*arguments), None
        except Exception as error:
            answer = None, error
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    main()
