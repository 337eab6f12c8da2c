"""Who may come in: a token, a place in the queue, and bytes for the body."""

import asyncio
import hmac
import ipaddress
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from beholder.errors import BeholderError
from beholder.reading import read_text
from beholder.serving.problems import AGAIN, Problem

SHORTEST_TOKEN = 16  # characters
_HOW = "make one: head -c 24 /dev/urandom | base64 > token"


def read_token(path: Path) -> str:
    """The token in a file, which every request has to give.

    Raises:
        BeholderError: the file cannot be read, or holds no line of 16 or more letters, digits and signs.
    """
    token = read_text(path, "a token", 4096, advice=_HOW).strip()
    if not (len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable() and " " not in token):
        raise BeholderError(f"{path}: is not one word of {SHORTEST_TOKEN} or more letters, digits and signs; {_HOW}")
    return token


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach an address or name.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower().rstrip(".") == "localhost"


def check_request(headers: Mapping[str, str], token: str | None) -> None:
    """Raise the problem of a request that may not come in.

    Without a token the service is for programs on this machine. A page in a browser on this machine is none of them,
    but can make a name of its own mean this address; so the request must say that it is for this machine.

    Args:
        headers: of the request, with names in small letters.
        token: that is asked for; None for none.

    Raises:
        Problem: 401 or 403.
    """
    if token is None:
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        if not is_loopback(name.strip("[]")) or "origin" in headers:
            raise Problem(403, "without a token only programs on this machine are answered: start it with --token-file")
        return
    scheme, _, given = headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    if scheme.lower() != "bearer" or not right:
        line = "the token is missing or wrong: send the header Authorization: Bearer TOKEN"
        raise Problem(401, line, headers={"WWW-Authenticate": "Bearer"})


class Places:
    """Places in the queue, one for each photograph that is received, waits or is scored."""

    def __init__(self, count: int) -> None:
        self.count, self.taken = count, 0

    @contextmanager
    def take(self, count: int) -> Iterator[None]:
        """Take places for a block.

        Raises:
            Problem: 429: not so many are free now.
        """
        if self.taken + count > self.count:
            line = f"{self.taken} photographs are being scored or wait, of {self.count} at most: try again in a moment"
            raise Problem(429, line, headers=AGAIN)
        self.taken += count
        try:
            yield
        finally:
            self.taken -= count


class ByteBudget:
    """Bytes that requests share; who needs more than is free waits, first come, first served."""

    def __init__(self, count: int) -> None:
        self.count = self.free = count
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def reserved(self, count: int) -> AsyncIterator[Callable[[int], None]]:
        """Reserve bytes for a block, the whole budget at most. Gives a function that keeps only so many of them."""
        count = min(count, self.count)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((count, turn))
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(count)
            else:
                self._waiting = deque(each for each in self._waiting if each[1] is not turn)
                self._let_in()
            raise
        held = count

        def keep(count: int) -> None:
            nonlocal held
            before, held = held, min(count, held)
            self._give_back(before - held)

        try:
            yield keep
        finally:
            self._give_back(held)

    def _give_back(self, count: int) -> None:
        self.free += count
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.free:
            count, turn = self._waiting.popleft()
            if not turn.cancelled():
                self.free -= count
                turn.set_result(None)
