"""`beholder.Client` against servers that are none of ours; against ours it is tested in tests/serving."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import beholder

Answer = tuple[int, dict[str, str], bytes]


class Strange(HTTPServer):
    """Gives prepared answers, one after the other, and notes what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.seen: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Strange

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        status, headers, body = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815  the name that it is called by

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def strange() -> Iterator[Strange]:
    with Strange() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


PROBLEM = b'{"type": "about:blank", "status": %d, "detail": "the line\\u001b of it"}'


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        ((422, {}, PROBLEM % 422), beholder.PhotoError, r"^the line\\x1b of it$"),
        ((500, {}, PROBLEM % 500), beholder.BeholderError, r"^the line\\x1b of it$"),
        ((500, {}, b"<html>"), beholder.BeholderError, r"answers 500 Internal Server Error$"),
        ((500, {}, b'{"detail": 7}'), beholder.BeholderError, r"answers 500 Internal Server Error$"),
        ((503, {}, b""), beholder.BeholderError, r"answers 503 Service Unavailable$"),
        ((302, {"Location": "/elsewhere"}, b""), beholder.BeholderError, r"answers 302 Found$"),
        ((200, {}, b"<html>"), beholder.BeholderError, r"^the answer is not JSON"),
        ((200, {}, b"[" * 200_000), beholder.BeholderError, r"^the answer is not JSON"),
        ((200, {}, b"[]"), beholder.BeholderError, r"^the answer is another than expected"),
        (
            (200, {"Content-Length": "9"}, b"{}"),
            beholder.BeholderError,
            r"cannot be reached: the answer was cut short",
        ),
    ],
)
def test_strange_answers_are_one_line(strange: Strange, answer: Answer, kind: type[Exception], says: str) -> None:
    strange.answers = [answer]
    with pytest.raises(beholder.BeholderError, match=says) as caught:
        beholder.Client(strange.url, token="a-token").score(b"photograph")
    assert type(caught.value) is kind and "\n" not in str(caught.value)
    assert strange.seen == [("/v1/score", "Bearer a-token")]  # and it is not taken elsewhere


def test_a_service_that_is_busy_is_asked_again(strange: Strange) -> None:
    busy: Answer = (429, {"Retry-After": "0"}, PROBLEM % 429)
    strange.answers = [busy, (503, {"Retry-After": "0"}, PROBLEM % 503), (200, {}, b'{"overall": 1}')]
    assert beholder.Client(strange.url).score(b"photograph") == {"overall": 1} and len(strange.seen) == 3
    strange.answers = [(429, {"Retry-After": "30"}, PROBLEM % 429)]
    with pytest.raises(beholder.BeholderError, match=r"^the line"):
        beholder.Client(strange.url, timeout=5).score(b"photograph")


def test_a_proxy_is_not_asked_for_this_machine(strange: Strange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    strange.answers = [(200, {}, b'{"overall": 1}')]
    assert beholder.Client(f"{strange.url}/").score(b"photograph", ["overall"], name="a b.jpg") == {"overall": 1}
    assert strange.seen[0][0] == "/v1/score?fields=overall&name=a+b.jpg"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8017", "file:///etc/passwd", "ftp://127.0.0.1", "http://", "http://[::1"]
)
def test_an_address_of_none_is_a_line(url: str) -> None:
    with pytest.raises(beholder.BeholderError, match=r"is no address of a service; give one as http://127.0.0.1:8017"):
        beholder.Client(url)


@pytest.mark.parametrize("token", ["a\nb", "é", "a\r\nX: y"])
def test_a_token_cannot_be_another_header(token: str) -> None:
    with pytest.raises(beholder.BeholderError, match=r"signs that no header can hold"):
        beholder.Client("http://127.0.0.1:1", token)


def test_nobody_there_is_a_line() -> None:
    client = beholder.Client("http://127.0.0.1:1")
    assert not client.is_ready() and repr(client) == "Client(http://127.0.0.1:1)"
    with pytest.raises(
        beholder.BeholderError, match=r"cannot be reached: .*refused.*is `beholder serve` running there"
    ):
        client.models()
    with pytest.raises(beholder.PhotoError, match=r"nowhere.jpg: no such file"):
        client.score("nowhere.jpg")
