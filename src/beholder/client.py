"""A program's side of `beholder serve`, from the standard library alone."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from beholder.errors import BeholderError, PhotoError
from beholder.reading import read_bytes
from beholder.text import cut, one_line, printable

MAX_ANSWER = 200_000_000  # bytes
MAX_FILE = 2 * 1024**3  # bytes of a photograph, as `beholder score` reads them
_BUSY = (429, 503)  # statuses after which the same request may go well


class Client:
    """Asks a service of ``beholder serve``. Its methods can be called from many threads.

    Args:
        url: of the service, such as ``http://127.0.0.1:8017``.
        token: that the service asks for.
        timeout: seconds to wait for an answer; as long as it lasts, a service that is busy is asked again.

    Raises:
        BeholderError: the url is no address of HTTP, or the token has other signs than letters, digits and signs of
            ASCII.

    >>> import beholder
    >>> client = beholder.Client("http://127.0.0.1:8017")
    >>> client.score("examples/photos/rocket.jpg")["overall"]  # doctest: +SKIP
    4.3312
    """

    def __init__(self, url: str, token: str | None = None, timeout: float = 60.0) -> None:
        host = _host_of(url)
        if token is not None and not (token.isascii() and token.isprintable()):
            raise BeholderError("the token has signs that no header can hold: give the line of the token file")
        self.url, self.timeout = url.rstrip("/"), timeout
        self._headers = {} if token is None else {"Authorization": f"Bearer {token.strip()}"}
        here = host in ("localhost", "127.0.0.1", "::1")  # where a proxy of the network would not find it
        proxies = [urllib.request.ProxyHandler({})] if here else []
        self._opener = urllib.request.build_opener(_NoRedirects, *proxies)

    def __repr__(self) -> str:
        return f"Client({printable(self.url)})"

    def score(
        self, photo: str | os.PathLike[str] | bytes, fields: Sequence[str] | None = None, *, name: str | None = None
    ) -> dict[str, Any]:
        """Score one photograph.

        Args:
            photo: a path, or the bytes of a file.
            fields: names of what to answer, ``embedding`` among them; by default all columns of ``beholder score``.
            name: of the photograph, for messages; by default that of the file.

        Returns:
            Values by name, in native units, with ``model``, ``model_sha256``, ``version`` and ``image_sha256``.

        Raises:
            PhotoError: the file cannot be read, here or there.
            BeholderError: anything else, in the line of the service.

        >>> import beholder
        >>> beholder.Client("http://127.0.0.1:8017").score("examples/photos/rocket.jpg", ["overall"])  # doctest: +SKIP
        {'model': 'default@0a1b2c3d', ..., 'overall': 4.3312}
        """
        label, content = _read(photo, name)
        query = {"fields": None if fields is None else ",".join(fields), "name": label}
        return _object(self._post("/v1/score", content, "application/octet-stream", query))

    def score_many(
        self, photos: Iterable[str | os.PathLike[str] | bytes], fields: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Score photographs in one request, as many as the service takes in one (64 unless it was told otherwise).

        Args:
            photos: paths, or the bytes of files.
            fields: as for :meth:`score`.

        Returns:
            As :meth:`score`, in order. One that cannot be read has ``error``, a line, in place of scores.

        Raises:
            PhotoError: a file cannot be read here.
            BeholderError: anything else, in the line of the service.

        >>> import beholder
        >>> client = beholder.Client("http://127.0.0.1:8017")
        >>> [found.get("overall") for found in client.score_many(["a.jpg", b"no photograph"])]  # doctest: +SKIP
        [4.3312, None]
        """
        boundary = secrets.token_hex(16)
        parts: list[bytes] = []
        for photo in photos:
            label, content = _read(photo, None)
            name = quote(label or "", safe=" ")
            head = f"Content-Disposition: form-data; name=\"photo\"; filename*=UTF-8''{name}"
            parts += [f"--{boundary}\r\n{head}\r\n\r\n".encode(), content, b"\r\n"]
        if not parts:
            return []
        body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
        query = {"fields": None if fields is None else ",".join(fields)}
        found = self._post("/v1/score", body, f"multipart/form-data; boundary={boundary}", query)
        return [_object(each) for each in found] if isinstance(found, list) else [_object(found)]

    def explain(
        self, photo: str | os.PathLike[str] | bytes, task: str = "overall", *, grid: int = 8, name: str | None = None
    ) -> dict[str, Any]:
        """Where in a photograph its score for a task comes from, in numbers and words.

        Args:
            photo: as for :meth:`score`.
            task: name of a task of the model.
            grid: cells per side, 2 to 16.
            name: as for :meth:`score`.

        Returns:
            ``map`` is ``grid`` rows of ``grid`` points that each cell adds to the score; ``words`` are sentences,
            ``scores`` all scores.

        Raises:
            BeholderError: as for :meth:`score`.

        >>> import beholder
        >>> beholder.Client("http://127.0.0.1:8017").explain("a.jpg", "beauty")["words"]  # doctest: +SKIP
        ['Under-exposed by about 1.3 EV.']
        """
        label, content = _read(photo, name)
        query = {"task": task, "grid": str(grid), "name": label}
        return _object(self._post("/v1/explain", content, "application/octet-stream", query))

    def explain_sheet(
        self, photo: str | os.PathLike[str] | bytes, task: str = "overall", *, grid: int = 8, name: str | None = None
    ) -> bytes:
        """The sheet of ``beholder explain``, a PNG. Arguments and errors are those of :meth:`explain`.

        >>> import beholder
        >>> beholder.Client("http://127.0.0.1:8017").explain_sheet("a.jpg")[:4]  # doctest: +SKIP
        b'\\x89PNG'
        """
        label, content = _read(photo, name)
        query = {"task": task, "grid": str(grid), "name": label}
        return self._ask("/v1/explain", content, "application/octet-stream", query, accept="image/png")

    def models(self) -> dict[str, Any]:
        """What the model is: tasks with their ranges, training data, measured quality, licence.

        >>> import beholder
        >>> beholder.Client("http://127.0.0.1:8017").models()["models"][0]["name"]  # doctest: +SKIP
        'default'
        """
        return _object(_parsed(self._ask("/v1/models")))

    def is_ready(self) -> bool:
        """Whether the service would take a photograph now; no if it cannot be reached.

        >>> import beholder
        >>> beholder.Client("http://127.0.0.1:1").is_ready()
        False
        """
        try:
            self._once("/readyz", None, {})
        except (BeholderError, _Busy):
            return False
        return True

    def _post(self, path: str, content: bytes, kind: str, query: Mapping[str, str | None]) -> Any:
        return _parsed(self._ask(path, content, kind, query))

    def _ask(
        self,
        path: str,
        content: bytes | None = None,
        kind: str = "",
        query: Mapping[str, str | None] | None = None,
        accept: str = "application/json",
    ) -> bytes:
        """The body of an answer; a service that is busy is asked again until the time is over."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        where = f"{path}?{urlencode(given)}" if given else path
        headers = {"Accept": accept, **({"Content-Type": kind} if kind else {})}
        until = time.monotonic() + self.timeout
        while True:
            try:
                return self._once(where, content, headers)
            except _Busy as busy:
                if time.monotonic() + busy.seconds > until:
                    raise BeholderError(busy.line) from None
                time.sleep(busy.seconds)

    def _once(self, where: str, content: bytes | None, headers: Mapping[str, str]) -> bytes:
        request = urllib.request.Request(self.url + where, content, {**headers, **self._headers})
        try:
            with self._opener.open(request, timeout=self.timeout) as answer:
                return _whole(answer)
        except urllib.error.HTTPError as error:
            with error:
                line, again = _line_of(error), error.headers.get("Retry-After", "")
            if error.code in _BUSY and again.isdecimal():
                raise _Busy(line, min(int(again), 60)) from None
            raise (PhotoError if error.code == 422 else BeholderError)(line) from None
        except TimeoutError:
            line = f"{printable(self.url)}: no answer within {self.timeout:g} s; give a larger timeout"
            raise BeholderError(line) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            line = f"{printable(self.url)}: cannot be reached: {one_line(str(reason) or type(reason).__name__)}"
            raise BeholderError(f"{line}; is `beholder serve` running there?") from None


class _Busy(Exception):  # noqa: N818  never leaves this module
    """A service that has no place free now."""

    def __init__(self, line: str, seconds: int) -> None:
        super().__init__(line)
        self.line, self.seconds = line, seconds


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token is for one address, and is not carried to another."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _host_of(url: str) -> str:
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.hostname
    raise BeholderError(f"{printable(cut(url))}: is no address of a service; give one as http://127.0.0.1:8017")


def _read(photo: str | os.PathLike[str] | bytes, name: str | None) -> tuple[str | None, bytes]:
    if isinstance(photo, bytes):
        return name, photo
    content = read_bytes(photo, "a photograph", MAX_FILE, error=PhotoError)
    return name or os.path.basename(os.fsdecode(photo)).encode("utf-8", "replace").decode(), content


def _whole(answer: Any) -> bytes:
    content: bytes = answer.read(MAX_ANSWER + 1)
    if answer.length and len(content) <= MAX_ANSWER:
        raise OSError("the answer was cut short")
    if len(content) > MAX_ANSWER:
        raise BeholderError(f"the answer has more than {MAX_ANSWER:,} bytes: this is no `beholder serve`")
    return content


def _line_of(error: urllib.error.HTTPError) -> str:
    """The line of a problem; for the answer of another program, its status."""
    try:
        line = json.loads(error.read(100_000))["detail"]
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException, RecursionError):
        line = None
    if isinstance(line, str) and line:
        return printable(line)
    return f"{printable(error.url)}: answers {error.code} {printable(str(error.reason))}"


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise BeholderError("the answer is not JSON: this is no `beholder serve`") from None


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise BeholderError("the answer is another than expected: this is no `beholder serve` of this version")
    return found
