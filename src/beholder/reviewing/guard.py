"""Around all routes of the page: who may ask, and what every answer says to the browser.

The page shows private photographs and decides about them, and any page in the same browser can send requests to this
machine. So a request has to name this machine as its host (else another site could stand in for it by its DNS), must
not come from another page, and has to bring the cookie that was given for the link in the terminal. That link works
once; other users of this machine may see it in the list of processes.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from fastapi import HTTPException

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
NAMES = ("127.0.0.1", "localhost")  # by which a browser calls this machine
MAX_BODY = 8 * 2**20  # bytes of a request: a decision about 50,000 photographs
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Door:
    """The link that opens the page once, and the cookie that it is exchanged for.

    Args:
        renewed: is called with a new link when somebody comes with one that was used, so that the person at the
            terminal, and nobody else, can open another browser.
    """

    def __init__(self, renewed: Callable[[str], object] = lambda link: None) -> None:
        self._lock, self._renewed = threading.Lock(), renewed
        self._cookie, self._token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._used: list[str] = []
        self.port = 0

    @property
    def link(self) -> str:
        """The link that opens the page."""
        return f"http://127.0.0.1:{self.port}/?token={self._token}"

    @property
    def cookie_name(self) -> str:
        """Cookies do not know ports: each has a name of its own."""
        return f"beholder-review-{self.port}"

    def opened(self, token: str) -> str | None:
        """The cookie for a token, which then has been used; None for any other."""
        with self._lock:
            if _same(token, self._token):
                self._used.append(self._token)
                self._token = secrets.token_urlsafe(32)
                return self._cookie
            if self._used and _same(token, self._used[-1]):
                self._used.clear()  # once for each link that was used
                self._renewed(self.link)
        return None

    def knows(self, cookie: str) -> bool:
        """Whether this is the cookie that was given."""
        return _same(cookie, self._cookie)


def guarded(app: App, door: Door) -> App:
    """The same application, for the person who has the link and for nobody else."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                names = {name for name, _ in headers}
                headers += [
                    (name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in names
                ]
                if b"cache-control" not in names:
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        headers = _headers(scope)
        refused = _refused(scope, headers, door)
        if refused is not None:
            await _answer(*refused, {})(sending)
            return
        if scope["method"] == "GET" and scope["path"] == "/" and (token := _token(scope)) is not None:
            cookie = door.opened(token)
            if cookie is None and not door.knows(_cookie(headers, door)):
                await _answer(401, _USED, {})(sending)
                return
            to = {"location": "/"}
            if cookie is not None:
                to["set-cookie"] = f"{door.cookie_name}={cookie}; Path=/; HttpOnly; SameSite=Strict"
            await _answer(303, "", to)(sending)
            return
        if not door.knows(_cookie(headers, door)):
            await _answer(401, "open the page with the link that `beholder review` printed", {})(sending)
            return
        await app(scope, _bounded(receive), sending)

    return answer


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise HTTPException(413, _TOO_LARGE)  # the one kind that passes whoever reads a body
        return message

    return receiving


_TOO_LARGE = f"the body is larger than {MAX_BODY // 2**20} MB"
_USED = (
    "this link was used already, or is of another run: a new one is in the terminal, or start `beholder review` again"
)


def _refused(scope: Message, headers: dict[str, str], door: Door) -> tuple[int, str] | None:
    hosts = [f"{name}:{door.port}" for name in NAMES]
    if headers.get("host", "") not in hosts:
        return 403, "this host name is not that of the page"
    origin = headers.get("origin")
    if origin is not None and origin not in [f"http://{host}" for host in hosts]:
        return 403, "requests of other pages are refused"
    is_visit = scope["method"] == "GET" and scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not is_visit:
        return 403, "requests of other pages are refused"
    if scope["method"] == "POST" and headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return 415, "give the body as application/json"
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        return 413, _TOO_LARGE
    return None


def _headers(scope: Message) -> dict[str, str]:
    """Header -> value; one that is given twice counts as none that is right."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        found[key] = f"{found[key]}\n{value.decode('latin-1')}" if key in found else value.decode("latin-1")
    return found


def _cookie(headers: dict[str, str], door: Door) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "").replace("\n", "; ")).get(door.cookie_name)
    except CookieError:
        return ""
    return found.value if found else ""


def _token(scope: Message) -> str | None:
    given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token")
    return given[-1] if given else None


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


def _answer(status: int, detail: str, headers: dict[str, str]) -> Callable[[Send], Awaitable[None]]:
    body = json.dumps({"detail": detail}).encode() if detail else b""
    all_headers = {"content-type": "application/json", "content-length": str(len(body)), **headers}

    async def send_it(send: Send) -> None:
        start = {"type": "http.response.start", "status": status}
        await send(start | {"headers": [(name.encode(), value.encode()) for name, value in all_headers.items()]})
        await send({"type": "http.response.body", "body": body})

    return send_it
