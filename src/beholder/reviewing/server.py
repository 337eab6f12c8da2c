"""The page of `beholder review` on a socket of this machine: routes, pictures and the rules of who may ask."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, Literal, TypeVar

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt
from starlette.exceptions import HTTPException as StarletteError

from beholder.errors import BeholderError, PhotoError
from beholder.output.html_page import described
from beholder.reviewing.export import Wanted, export
from beholder.reviewing.guard import Door, guarded
from beholder.reviewing.library import LISTING, SCORING, Entry, Library
from beholder.reviewing.pictures import KINDS, Maps, picture
from beholder.reviewing.state import FIELDS
from beholder.scoring.cores import CORES
from beholder.serving.quiet_server import QuietServer
from beholder.text import one_line, valid_utf8
from beholder.xmp.mark import COLOURS

T = TypeVar("T")
ASSETS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PATIENCE = 60.0  # seconds that a picture is waited for; a decoder that hangs blocks no more than its thread
MAP_PATIENCE = 300.0
WAITING = 512  # pictures that may wait; a page that scrolls asks again
MAX_ITEMS = 50_000  # photographs in one decision
MAX_FAILED = 1000  # told at a time
CLIENT_GONE = 499

Flag = Literal["pick", "reject"]
Label = Literal["red", "yellow", "green", "blue", "purple"]
assert set(Label.__args__) == set(COLOURS)  # type: ignore[attr-defined]


class Item(BaseModel):
    """What becomes of one photograph; fields that are not given stay."""

    model_config = ConfigDict(extra="forbid")
    i: StrictInt
    flag: Flag | None = None
    stars: StrictInt | None = Field(None, ge=0, le=5)
    label: Label | None = None


class Decide(BaseModel):
    """A decision about photographs: one step to undo."""

    model_config = ConfigDict(extra="forbid")
    items: list[Item] = Field(min_length=1, max_length=MAX_ITEMS)
    what: str = Field("", max_length=1000)


class Export(BaseModel):
    """What is to go out, see :class:`beholder.reviewing.export.Wanted`."""

    model_config = ConfigDict(extra="forbid")
    to: Literal["xmp", "csv", "copy", "link"]
    profiles: str = Field("sidecar", max_length=200)
    embed: StrictBool = False
    path: str = Field("", max_length=4000)
    dry_run: StrictBool = True


def make_app(library: Library, door: Door, title: str) -> Any:
    """The application: all routes behind the guard.

    Args:
        library: what is reviewed; it is started and stopped by the caller.
        door: who may come in.
        title: of the page.
    """
    pictures = Pool(CORES, PATIENCE)
    maps, drawing = Maps(library.scorer, library.cores), Pool(1, MAP_PATIENCE)
    exporting = threading.Lock()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        pictures.close()
        drawing.close()

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    _answer_errors(app)

    def entry_of(number: int) -> Entry:
        try:
            return library.entry(number)
        except KeyError:
            raise HTTPException(404, "there is no such photograph") from None

    def changed(entries: list[Entry], **more: Any) -> dict[str, Any]:
        return {"version": library.version, "photos": [library.described(entry) for entry in entries], **more}

    @app.get("/")
    def page() -> Response:
        return _asset("review.html")

    @app.get("/assets/{name:path}")
    def asset(name: str) -> Response:
        return _asset(name)

    @app.get("/api/state")
    def state() -> Response:
        library.refresh()
        progress = library.progress
        stage = SCORING if progress.stage == LISTING else progress.stage
        return _json(
            {
                "version": library.version,
                "title": valid_utf8(title),
                "model": library.scorer.id,
                "tasks": [described(task) for task in library.scorer.info.tasks],
                "progress": {"stage": stage, "done": progress.done, "total": progress.total},
                "failed": [{"name": name, "reason": reason} for name, reason in library.failed[:MAX_FAILED]],
                "taste": library.learned.described(),
                "undo": library.state.next_undo(),
                "redo": library.state.next_redo(),
            }
        )

    @app.get("/api/photos")
    def photos(since: int = 0) -> Response:
        version, found = library.since(since)
        return _json({"version": version, "photos": found})

    @app.post("/api/decide")
    def decide(wanted: Decide) -> Response:
        changes = []
        for item in wanted.items:
            entry_of(item.i)
            fields = {name: getattr(item, name) for name in FIELDS if name in item.model_fields_set}
            changes.append((item.i, fields))
        return _json(changed(library.decide(changes, valid_utf8(wanted.what) or "a decision")))

    @app.post("/api/undo")
    def undo() -> Response:
        return turned(library.state.undo)

    @app.post("/api/redo")
    def redo() -> Response:
        return turned(library.state.redo)

    def turned(turn: Callable[[], str | None]) -> Response:
        what = turn()
        return _json(changed(library.refresh(), what=what))

    @app.post("/api/export")
    def export_it(wanted: Export) -> Response:
        with exporting:  # two at once would write the same files
            done = export(library, Wanted(**wanted.model_dump()))
        return _json({"lines": done.lines, "summary": done.summary})

    @app.get("/photo/{number}/map")
    async def drawn(request: Request, number: int, task: str = "overall") -> Response:
        entry = entry_of(number)
        if task not in ("overall", *(each.name for each in library.scorer.info.tasks)):
            raise HTTPException(404, "the model has no such score")

        def draw() -> Response:
            sha256 = library.content_of(entry)
            return _picture(request, maps(entry.path, sha256, task), "image/png", f"{sha256}-map-{task}")

        return await drawing.run(request, draw)

    @app.get("/photo/{number}/{kind}")
    async def shown(request: Request, number: int, kind: str) -> Response:
        entry = entry_of(number)
        if kind not in KINDS:
            raise HTTPException(404, "there is no such picture")

        def show() -> Response:
            known = _content_now(library, entry)
            if known and request.headers.get("if-none-match") == f'"{known}-{kind}"':
                return _picture(request, b"", "image/jpeg", f"{known}-{kind}")
            found = picture(entry.path, kind, known, library.cores)
            return _picture(request, found.content, found.media, f"{found.sha256}-{kind}")

        return await pictures.run(request, show)

    return guarded(app, door)


class Pool:
    """Work in so many threads, the rest waits; what nobody waits for any more is not begun.

    Args:
        size: threads.
        patience: seconds that a result is waited for.
    """

    def __init__(self, size: int, patience: float) -> None:
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="beholder pictures")
        self._free, self._patience, self._waiting = asyncio.Semaphore(size), patience, 0

    async def run(self, request: Request, work: Callable[[], T]) -> T:
        """The result of the work. Raises HTTPException where there are too many, or it takes too long."""
        if self._waiting >= WAITING:
            raise HTTPException(503, "too many pictures were asked for at once; ask again", {"retry-after": "1"})
        self._waiting += 1
        try:
            async with self._free:
                if await request.is_disconnected():
                    raise HTTPException(CLIENT_GONE, "nobody waits for it")
                future = asyncio.get_running_loop().run_in_executor(self._threads, work)
                return await asyncio.wait_for(future, self._patience)
        except TimeoutError:
            raise HTTPException(504, "it took too long to decode") from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads; what they do is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _content_now(library: Library, entry: Entry) -> str:
    """The sha256 of a photograph if it is known and the file has not changed since; else empty."""
    return library.state.digest(entry.path) or ""


def _picture(request: Request, content: bytes, media: str, tag: str) -> Response:
    headers = {"etag": f'"{tag}"', "cache-control": "private, no-cache"}  # another run counts otherwise: always asked
    if request.headers.get("if-none-match") == f'"{tag}"':
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media, headers=headers)


def _asset(name: str) -> Response:
    """A file of the page: one that begins with `review`, or is in the folder of that name, and nothing else."""
    folder, _, file = name.rpartition("/")
    suffix = f".{file.rpartition('.')[2]}"
    plain = all(char.isalnum() or char in "._-" for char in file) and not file.startswith(".")
    allowed = folder == "review" or (not folder and file.startswith(("review.", "page")))
    if not (plain and allowed and suffix in ASSETS):
        raise HTTPException(404, "there is no such file")
    place = resources.files("beholder").joinpath("assets", *name.split("/"))
    try:
        content = place.read_bytes()
    except OSError:
        raise HTTPException(404, "there is no such file") from None
    return Response(content, media_type=ASSETS[suffix], headers={"cache-control": "no-cache"})


def _json(document: Any) -> JSONResponse:
    return JSONResponse(document)


def _answer_errors(app: FastAPI) -> None:
    def told(status: int, detail: str, headers: Any = None) -> JSONResponse:
        return JSONResponse({"detail": detail}, status, headers)

    @app.exception_handler(StarletteError)
    async def known(_: Request, error: StarletteError) -> Response:
        return told(error.status_code, str(error.detail), getattr(error, "headers", None))

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first.get("loc", ())[1:])
        return told(422, one_line(f"{place}: {first.get('msg', 'is not valid')}"))

    @app.exception_handler(PhotoError)
    async def unread(_: Request, error: PhotoError) -> Response:
        return told(404, valid_utf8(str(error)))

    @app.exception_handler(BeholderError)
    async def refused(_: Request, error: BeholderError) -> Response:
        return told(409, valid_utf8(str(error)))

    @app.exception_handler(OSError)
    async def failed(_: Request, error: OSError) -> Response:
        return told(409, one_line(error))

    @app.exception_handler(Exception)
    async def other(_: Request, error: Exception) -> Response:
        return told(500, f"this failed: {type(error).__name__}")


def listening_socket(port: int) -> socket.socket:
    """A socket of this machine only. Raises BeholderError if the port is in use."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        raise BeholderError(
            f"port {port}: cannot listen there: {error.strerror or error}; choose another --port, or 0 for any"
        ) from None
    return bound


def serve(app: Any, bound: socket.socket, is_stopped: Callable[[], bool], ready: Callable[[], None]) -> None:
    """Answer requests until somebody stops it.

    Args:
        app: from :func:`make_app`.
        bound: from :func:`listening_socket`; it is closed at the end.
        is_stopped: asked ten times a second.
        ready: called once requests are answered.
    """
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=512,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
    )
    QuietServer(config, is_stopped, ready).answer(bound)
