"""A service that answers in this process, or in one of its own on a port of this machine."""

import asyncio
import re
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from beholder.serving.app import make_app
from beholder.serving.limits import Limits
from beholder.serving.service import Service
from helpers.factories import COMMAND

Ask = Callable[[httpx.AsyncClient], Awaitable[Any]]
JPEG = {"Content-Type": "image/jpeg"}
PATIENCE = 60.0  # seconds that a test waits for another process


def asked(service: Service, ask: Ask, url: str = "http://localhost") -> Any:
    """What a function gets that asks a running service in this process."""

    async def main() -> Any:
        async with service.running():
            transport = httpx.ASGITransport(app=make_app(service), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=url, timeout=PATIENCE) as client:
                return await ask(client)

    return asyncio.run(main())


def posted(service: Service, path: str = "/v1/score", **given: Any) -> httpx.Response:
    """The answer to one POST."""
    return asked(service, lambda client: client.post(path, **given))


def quick(model: Path, **limits: Any) -> Service:
    """A service with a model of a test."""
    return Service(model, Limits(**{"workers": 2, **limits}))


class Running:
    """A service in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], url: str, said: list[str]) -> None:
        self.process, self.url, self.said = process, url, said
        self.host, self.port = "127.0.0.1", int(url.rpartition(":")[2])

    def is_live(self) -> bool:
        return httpx.get(f"{self.url}/livez", timeout=PATIENCE, trust_env=False).status_code == 200

    def stopped(self, number: int) -> int:
        """Its exit status after a signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def running(model: Path, *options: Any, command: Sequence[str] = COMMAND) -> Iterator[Running]:
    """Start `beholder serve` and wait until it answers."""
    words = [*command, "serve", "--port", "0", "--model", str(model), *map(str, options)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        said: list[str] = []
        lines = process.stderr

        listener = threading.Thread(target=said.extend, args=(lines,), daemon=True)
        listener.start()
        try:
            found = None
            until = time.monotonic() + PATIENCE
            while found is None and process.poll() is None and time.monotonic() < until:
                found = re.search(r"http://\S+:\d+", "".join(said))
                time.sleep(0.02)
            assert found, "".join(said)
            yield Running(process, found[0], said)
        finally:
            process.kill()
            process.wait()
            listener.join(PATIENCE)
