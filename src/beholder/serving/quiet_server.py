"""A uvicorn server inside a command: the command line has the signals and says what is said."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import uvicorn


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the command line.

    Args:
        config: of the server.
        is_stopped: whether somebody has stopped it; asked ten times a second.
        ready: called once requests are answered.
    """

    def __init__(self, config: uvicorn.Config, is_stopped: Callable[[], bool], ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._is_stopped, self._ready = is_stopped, ready

    def capture_signals(self) -> Any:
        """None: they are those of the command line."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Whether to close; uvicorn asks ten times a second."""
        return self.is_done() or await super().on_tick(counter)

    def is_done(self) -> bool:
        """Whether all is answered that was to be."""
        return self._is_stopped()

    def answer(self, bound: socket.socket) -> None:
        """Answer requests on a socket, which is closed at the end, until the server closes."""
        with _silent():
            self.run(sockets=[bound])


@contextmanager
def _silent() -> Iterator[None]:
    """What uvicorn would log is either said by the application, or written by strangers."""
    logger = logging.getLogger("uvicorn")
    before, handler = logger.propagate, logging.NullHandler()
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
