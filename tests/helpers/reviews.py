"""Reviews of small folders, without a browser."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx

import beholder
from beholder.photos.listing.find import find
from beholder.reviewing.guard import Door
from beholder.reviewing.library import DONE, Library
from beholder.reviewing.server import make_app
from beholder.reviewing.state import State

PORT = 8123
HOME = f"http://127.0.0.1:{PORT}"
PATIENCE = 120  # seconds, under any load


def make_library(folder: Path, model: Path | str, state: State, **more: Any) -> Library:
    """The library of a folder, not yet started."""
    return Library(str(folder), lambda: find([str(folder)], recursive=True), beholder.load(model), state, **more)


def filled(library: Library) -> Library:
    """The same, when all is scored and grouped."""
    library.start()
    wait_for(lambda: library.progress.stage == DONE)
    return library


def wait_for(condition: Any) -> None:
    """Wait until something holds; fails if it never does."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


class Visitor:
    """A browser without a window: requests one after the other, cookies kept, no redirect followed."""

    def __init__(self, library: Library) -> None:
        self.door = Door()
        self.door.port = PORT
        transport = httpx.ASGITransport(make_app(library, self.door, "shoot"), raise_app_exceptions=False)
        self._runner, self._client = asyncio.Runner(), httpx.AsyncClient(transport=transport, base_url=HOME)
        self.cookies = self._client.cookies

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._client.get(path, **more))

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._client.post(path, **more))


def visitor(library: Library, *, enters: bool = True) -> Visitor:
    """A browser; with the cookie if it enters by the link."""
    client = Visitor(library)
    if enters:
        answer = client.get(client.door.link)
        assert answer.status_code == 303, answer.text
    return client


def photos_of(client: Visitor) -> dict[str, dict[str, Any]]:
    """The photographs that the page knows, by name."""
    return {photo["name"]: photo for photo in client.get("/api/photos").json()["photos"]}


def decide(client: Visitor, *items: dict[str, Any], what: str = "a step") -> Any:
    """Send a decision; the answer."""
    return client.post("/api/decide", json={"items": list(items), "what": what})
