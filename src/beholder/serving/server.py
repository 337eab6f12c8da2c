"""The service on a socket, by uvicorn: slow senders and readers are cut, and a stop is in order."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from beholder.errors import BeholderError
from beholder.serving.admission import is_loopback
from beholder.serving.app import make_app
from beholder.serving.limits import CONNECTIONS
from beholder.serving.memory import return_memory
from beholder.serving.quiet_server import QuietServer
from beholder.serving.service import Service
from beholder.text import one_line, printable

DRAIN = 20.0  # seconds in which what was taken is answered after a stop
KEEP_ALIVE = 30  # seconds that a connection is kept for the next request


def listening_socket(host: str, port: int, *, has_token: bool) -> socket.socket:
    """A socket that is bound to an address and does not listen yet.

    Args:
        host: an address or name of this machine.
        port: 0 for any that is free.
        has_token: whether requests have to give a token.

    Raises:
        BeholderError: the address is none of this machine, or is in use; it can be reached from elsewhere, and there is
            no token.
    """
    label = f"{printable(host)}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise BeholderError(f"--host {printable(host)}: is no address of this machine: {one_line(error)}") from None
    if not (has_token or is_loopback(str(address[0]))):
        raise BeholderError(
            f"--host {printable(host)}: others can reach this address, so requests need a token: give --token-file, or "
            "leave --host out"
        )
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise BeholderError(f"{label}: cannot listen there: {error.strerror or error}; choose another --port") from None
    return bound


def address_of(bound: socket.socket) -> str:
    """The address of a socket as a link."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(service: Service, bound: socket.socket, is_stopped: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Answer requests until the service is stopped and what it had taken is answered, or 20 seconds later.

    Args:
        service: what answers.
        bound: from :func:`listening_socket`; it is closed at the end.
        is_stopped: whether somebody has stopped it; asked ten times a second.
        ready: called once requests are answered.
    """

    def protocol(*given: Any, **named: Any) -> "PatientProtocol":
        return PatientProtocol(*given, patience=service.limits.timeout, **named)

    config = uvicorn.Config(
        make_app(service),
        http=protocol,  # type: ignore[arg-type]  # what makes one
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=2,
    )
    return_memory()
    Server(config, service, is_stopped, ready).answer(bound)


class Server(QuietServer):
    """A server that goes on listening while it is being stopped."""

    def __init__(
        self, config: uvicorn.Config, service: Service, is_stopped: Callable[[], bool], ready: Callable[[], None]
    ) -> None:
        super().__init__(config, is_stopped, ready)
        self._service, self._until = service, 0.0

    def is_done(self) -> bool:
        """Whether to close. Until then /readyz says no, so that whoever sends requests sends them elsewhere."""
        if self._is_stopped() and not self._service.is_stopping:
            self._service.stop()
            self._until = time.monotonic() + DRAIN
        return self._service.is_stopping and (not self._service.places.taken or time.monotonic() > self._until)


class PatientProtocol(H11Protocol):
    """A connection that waits for the other side for some time only.

    uvicorn waits without end for the rest of a request's head, and for a reader who has stopped. The body of a request
    has a limit of its own, in the application.

    Args:
        patience: seconds.
    """

    def __init__(self, *given: Any, patience: float, **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience = patience
        self._head: asyncio.TimerHandle | None = None
        self._reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head = self._cut_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head, self._reader = _cancelled(self._head), _cancelled(self._reader)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:  # the head is complete
            self._head = _cancelled(self._head)
        elif self._head is None and not self.transport.is_closing():
            self._head = self._cut_later()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader = self._reader or self._cut_later()

    def resume_writing(self) -> None:
        self._reader = _cancelled(self._reader)
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_later()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _cut_later(self) -> asyncio.TimerHandle:
        return self.loop.call_later(self._patience, self.transport.abort)


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Cancel a timer, if there is one. Returns None, for there is none afterwards."""
    if timer is not None:
        timer.cancel()
    return None
