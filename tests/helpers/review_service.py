"""A stand-in for the server of `beholder review`: what its page asks for, from memory, with drawn pictures.

It lets a test of the page have 5,000 photographs, a scoring that stands still, and a server that goes away.
"""

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image, ImageDraw

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
TASKS = [
    {"name": "aesthetics", "low": 1.0, "high": 7.0, "description": "How good the picture is"},
    {"name": "beauty", "low": 1.0, "high": 7.0, "description": "How beautiful the picture is"},
    {"name": "quality", "low": 0.0, "high": 100.0, "description": "How free of technical faults"},
]
LABELS = ["red", "yellow", "green", "blue", "purple"]
OWN = ("flag", "stars", "label")


def photograph(i: int, **cells: Any) -> dict[str, Any]:
    """One entry of the listing; a single photograph that is scored, and that nobody decided on."""
    overall = 2 + (i * 37 % 41) / 10
    given: dict[str, Any] = {
        "i": i,
        "name": f"IMG_{i:04}.jpg",
        "folder": "",
        "paired": [],
        "captured": f"2026-05-{1 + i // 1440 % 28:02}T{i // 60 % 24:02}:{i % 60:02}:00",
        "day": f"2026-05-{1 + i // 1440 % 28:02}",
        "camera": "Canon EOS R5",
        "width": 1500,
        "height": 1000,
        "scores": {
            "overall": overall,
            "low": overall - 0.8,
            "high": overall + 0.8,
            "percentile": round(100 * (overall - 2) / 4.1, 1),
            "aesthetics": overall,
            "beauty": overall - 0.3,
            "quality": 60.5,
        },
        "taste": None,
        "unlike": False,
        "series": i,
        "kind": "single",
        "scene": 1 + i // 12,
        "size": 1,
        "rank": 1,
        "suggestion": "pick",
        "reason": "no other photograph is like it",
        "p_best": None,
        "measures": {
            "sharpness_subject": 55.0,
            "sharpness_best": 80.0,
            "motion": 0.1,
            "clipped_high": 0.2,
            "clipped_low": 0.0,
            "noise": 2.1,
        },
        "flag": None,
        "stars": None,
        "label": None,
        "who": None,
        "error": None,
    }
    return {**given, **cells}


def shoot(count: int = 60, every: int = 4) -> list[dict[str, Any]]:
    """A shoot in which series of 2 to 6 stand between single photographs.

    Args:
        count: photographs in all.
        every: one run in so many is a single photograph.
    """
    photos: list[dict[str, Any]] = []
    number = 0
    while len(photos) < count:
        number += 1
        size = 1 if number % every == 0 else min(2 + number % 5, count - len(photos))
        photos += burst(len(photos), number, size) if size > 1 else [photograph(len(photos), series=number)]
    return photos


def burst(first: int, number: int, size: int) -> list[dict[str, Any]]:
    """One series; the second frame is the best of it."""
    frames = []
    for k in range(size):
        rank = 1 if k == 1 else 2 if k == 0 else k + 1
        best = f"IMG_{first + 1:04}.jpg"
        reason = (
            "sharper by 38% at the subject than the next one" if rank == 1 else f"softer than {best} at the subject"
        )
        suggestion = "pick" if rank == 1 else "maybe" if rank == 2 and number % 3 == 0 else "other"
        frames.append(
            photograph(
                first + k,
                series=number,
                kind="alike" if number % 4 == 1 else "burst",
                size=size,
                rank=rank,
                suggestion=suggestion,
                reason=reason,
                p_best=0.93 if rank == 1 else 0.2,
                camera="NIKON Z 8" if number % 3 == 0 else "Canon EOS R5",
            )
        )
    return frames


class Service:
    """The state of one review, in memory."""

    def __init__(self, photos: list[dict[str, Any]], pictures: Callable[[int, str], bytes] | None = None) -> None:
        self.lock = threading.RLock()
        self.photos = photos
        self.pictures = pictures or self.drawn
        self.version = 1
        self.changed = {photo["i"]: 1 for photo in photos}
        self.done: list[dict[str, Any]] = []
        self.undone: list[dict[str, Any]] = []
        self.decided: list[dict[str, Any]] = []  # bodies of POST /api/decide, in order
        self.exported: list[dict[str, Any]] = []
        self.refusal = ""  # said instead of saving a decision
        self.about: dict[str, Any] = {
            "title": "Lake",
            "model": "default@0123456789ab",
            "tasks": TASKS,
            "progress": {"stage": "done", "done": len(photos), "total": len(photos)},
            "failed": [],
            "taste": {"ratings": 3, "needed": 10, "ready": False, "line": "Learns from 10 decisions on: 7 to go."},
        }

    def drawn(self, i: int, what: str) -> bytes:
        photo = self.photos[i]
        long = {"thumb": 360, "preview": 2048}.get(what, 1 << 16)
        scale = min(1, long / max(photo["width"], photo["height"]))
        return drawn(i, int(photo["series"] or 0), round(photo["width"] * scale), round(photo["height"] * scale), what)

    def state(self) -> dict[str, Any]:
        with self.lock:
            undo, redo = (steps[-1]["what"] if steps else None for steps in (self.done, self.undone))
            return {"version": self.version, **self.about, "undo": undo, "redo": redo}

    def since(self, version: int) -> dict[str, Any]:
        with self.lock:
            changed = [photo for photo in self.photos if self.changed.get(photo["i"], 0) > version]
            return {"version": self.version, "photos": changed}

    def add(self, *photos: dict[str, Any]) -> None:
        """More photographs, or the same with something changed."""
        with self.lock:
            self.version += 1
            known = {photo["i"]: place for place, photo in enumerate(self.photos)}
            for photo in photos:
                if photo["i"] in known:
                    self.photos[known[photo["i"]]] = photo
                else:
                    self.photos.append(photo)
                self.changed[photo["i"]] = self.version

    def decide(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.decided.append(body)
            before = [
                {"i": item["i"], **{key: self.photos[item["i"]][key] for key in OWN if key in item}}
                for item in body["items"]
            ]
            self.done.append({"what": body["what"], "before": before, "after": body["items"]})
            self.undone.clear()
            return self.set(body["items"])

    def set(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        self.version += 1
        for item in items:
            photo = self.photos[item["i"]]
            photo.update({key: item[key] for key in OWN if key in item}, who="person")
            self.changed[item["i"]] = self.version
        return {"version": self.version, "photos": [self.photos[item["i"]] for item in items]}

    def back(self, here: list[dict[str, Any]], there: list[dict[str, Any]], side: str) -> dict[str, Any]:
        with self.lock:
            if not here:
                return {"version": self.version, "photos": [], "what": None}
            step = here.pop()
            there.append(step)
            return {**self.set(step[side]), "what": step["what"]}

    def export(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.exported.append(body)
            picks = [photo for photo in self.photos if photo["flag"] == "pick"]
            lines = [{"file": photo["name"], "what": "xmpDM:pick 1 (unset)"} for photo in picks]
            return {"lines": lines, "summary": f"{'would write' if body['dry_run'] else 'written'} {len(lines)}"}


@cache
def drawn(i: int, series: int, width: int, height: int, what: str = "") -> bytes:
    """A picture that differs from photograph to photograph, and is alike within a series."""
    picture = Image.new(
        "RGB", (width, height), (40 + series * 53 % 150, 60 + series * 31 % 120, 90 + series * 17 % 110)
    )
    pen = ImageDraw.Draw(picture)
    x, y = width * (0.3 + 0.05 * (i % 7)), height * 0.55
    pen.ellipse([x - height / 4, y - height / 4, x + height / 4, y + height / 4], fill=(235, 205, 150))
    for k in range(0, width, max(12, width // 40)):
        pen.line([k, height * 0.8, k + height * 0.1, height], fill=(20, 30, 40), width=max(1, width // 300))
    if what == "map":
        pen.rectangle([x, y, width, height], outline=(255, 40, 40), width=12)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG" if what == "map" else "JPEG", quality=85)
    return buffer.getvalue()


@contextmanager
def serving(service: Service, port: int = 0) -> Iterator[str]:
    """The service on a port of this computer; gives its URL. A port that was left can be taken again."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            """Tests are quiet."""

        def answer(self, content: Any, kind: str = "application/json", status: int = 200) -> None:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Cache-Control", "private, max-age=60" if kind.startswith("image/") else "no-store")
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            match url.path.strip("/").split("/"):
                case [""]:
                    self.asset("review.html")
                case ["assets", *name]:
                    self.asset("/".join(name))
                case ["api", "state"]:
                    self.answer(service.state())
                case ["api", "photos"]:
                    self.answer(service.since(int(parse_qs(url.query)["since"][0])))
                case ["photo", i, what]:
                    self.answer(service.pictures(int(i), what), "image/png" if what == "map" else "image/jpeg")
                case _:
                    self.answer({"detail": "there is no such page"}, status=404)

        def asset(self, name: str) -> None:
            file = resources.files("beholder").joinpath("assets", name)
            self.answer(file.read_bytes(), TYPES[Path(name).suffix])

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"] or 0))
            body = json.loads(sent or b"{}")
            if self.path == "/api/decide" and service.refusal:
                self.answer({"detail": service.refusal}, status=409)
            elif self.path == "/api/decide":
                self.answer(service.decide(body))
            elif self.path == "/api/undo":
                self.answer(service.back(service.done, service.undone, "before"))
            elif self.path == "/api/redo":
                self.answer(service.back(service.undone, service.done, "after"))
            elif self.path == "/api/export":
                self.answer(service.export(body))
            else:
                self.answer({"detail": "there is no such page"}, status=404)

    server = Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        server.close_connections()


class Server(ThreadingHTTPServer):
    """A server that can go away for good: its open connections end with it."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *arguments: Any) -> None:
        self.connections: list[Any] = []
        super().__init__(*arguments)

    def get_request(self) -> Any:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes a connection is no error."""

    def close_connections(self) -> None:
        for connection in self.connections:
            self.shutdown_request(connection)
