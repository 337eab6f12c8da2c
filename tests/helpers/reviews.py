"""Reviews of small folders, without a browser."""

import time
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

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


def visitor(library: Library, *, enters: bool = True) -> TestClient:
    """A browser; with the cookie if it enters by the link."""
    door = Door()
    door.port = PORT
    client = TestClient(make_app(library, door, "shoot"), base_url=HOME, raise_server_exceptions=False)
    if enters:
        answer = client.get(door.link, follow_redirects=False)
        assert answer.status_code == 303, answer.text
    client.door = door  # type: ignore[attr-defined]
    return client


def photos_of(client: TestClient) -> dict[str, dict[str, Any]]:
    """The photographs that the page knows, by name."""
    return {photo["name"]: photo for photo in client.get("/api/photos").json()["photos"]}


def decide(client: TestClient, *items: dict[str, Any], what: str = "a step") -> Any:
    """Send a decision; the answer."""
    return client.post("/api/decide", json={"items": list(items), "what": what})
