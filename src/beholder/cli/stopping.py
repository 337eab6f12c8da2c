"""Stopping: the first Ctrl-C, SIGTERM or SIGHUP ends a run in order, a second one ends the program at once.

Python runs a signal handler in the main thread, between two of its own steps. That is never while the main thread is in
a decoder or a model, which may take minutes or not end. So a thread waits beside it and counts.
"""

import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from beholder.cli.session import STOPPED, RunSummary
from beholder.terminal import say

LAST_SECOND = 1.0  # for the main thread to put away what is half done, after a second signal
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not on Windows
_Handler = Callable[..., object]


@contextmanager
def listening() -> Iterator[None]:
    """A program that can be stopped. A signal that it was started to ignore, as by nohup, stays ignored."""
    with _handled(interrupt), _counted():
        try:
            yield
        except KeyboardInterrupt:
            say("stopped")
            _end()
        except SystemExit as end:
            if end.code == STOPPED:  # threads that still decode would be waited for
                _end()
            raise


@contextmanager
def stoppable(run: RunSummary) -> Iterator[None]:
    """Let the first signal end the run in order, never inside a row; whoever waits for a result no longer does."""

    def stop(*_: object) -> None:
        _let_go_of_lost_terminal()
        run.stopped = True
        for each in _heeded():
            signal.signal(each, interrupt)
        if run.waiting:
            raise KeyboardInterrupt

    with _handled(stop):
        yield


def interrupt(*_: object) -> NoReturn:
    """Signal handler that ends what the main thread does."""
    _let_go_of_lost_terminal()
    raise KeyboardInterrupt


def _let_go_of_lost_terminal() -> None:
    """After SIGHUP each word to the terminal would be an error; what is finished has to be put away first."""
    for stream in (1, 2):
        try:
            os.write(stream, b"")
        except OSError as error:
            if error.errno == errno.EIO:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)


def _heeded() -> list[int]:
    found = (getattr(signal, name) for name in _NAMES if hasattr(signal, name))
    return [each for each in found if signal.getsignal(each) != signal.SIG_IGN]


@contextmanager
def _handled(handler: _Handler) -> Iterator[None]:
    """Handle the signals that stop, where this is the main thread; others cannot."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, handler) for each in _heeded()}
    try:
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)


@contextmanager
def _counted() -> Iterator[None]:
    """End the program soon after a second signal, whatever the main thread does."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)  # gets the number of each signal that comes
    threading.Thread(target=_count, args=(reading, _heeded()), name="beholder stopping", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)  # ends the thread


def _count(reading: int, heeded: list[int]) -> None:
    seen = 0
    while numbers := os.read(reading, 64):
        seen += sum(number in heeded for number in numbers)
        if seen > 1:
            time.sleep(LAST_SECOND)
            os._exit(STOPPED)
    os.close(reading)


def _end() -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # it may be closed, or a terminal that is gone
            stream.flush()
    os._exit(STOPPED)
