"""The service in a process of its own: slow and broken senders, many connections, stopping."""

import asyncio
import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import beholder
from beholder.serving.server import listening_socket
from helpers.factories import MAIN, save_photos, slowed
from helpers.services import JPEG, PATIENCE, Running, running

HEAD = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def served(colour_model: Path) -> Iterator[Running]:
    with running(colour_model, "--timeout", PATIENCE, "--max-body", "1MB", "--queue", "256") as found:
        yield found


@pytest.fixture(scope="module")
def impatient(colour_model: Path) -> Iterator[Running]:
    """With little patience, so that the tests need not have much."""
    with running(colour_model, "--timeout", "1", "--max-body", "1MB") as found:
        yield found


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    (path,) = save_photos(tmp_path_factory.mktemp("one") / "photos", 1)
    return Path(path).read_bytes()


def metrics_of(served: Running) -> str:
    return httpx.get(f"{served.url}/metrics", trust_env=False, timeout=PATIENCE).text


def exchange(served: Running, *parts: bytes) -> bytes:
    """All that comes back until the service closes the connection."""
    with socket.create_connection((served.host, served.port), PATIENCE) as connection:
        for part in parts:
            connection.sendall(part)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


def test_says_in_a_line_where_it_listens_and_what_it_takes(served: Running) -> None:
    (line,) = served.said
    assert (
        line.startswith(f"{served.url}: colour@") and "answers, with at most " in line and line.endswith("stops it\n")
    )


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ((b"POST /v1/score HT",), b""),  # a head without an end
        ((HEAD % 1000, b"slow"), b"408 Request Timeout"),
        ((b"hello\r\n\r\n",), b"400 Bad Request"),
        pytest.param((HEAD % 2_000_000, b"."), b"413 Content Too Large", marks=pytest.mark.slow),
        ((b"POST /v1/score HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20_000,), b"400 Bad Request"),
    ],
)
def test_slow_and_broken_senders_are_cut(impatient: Running, parts: tuple[bytes, ...], says: bytes) -> None:
    found = exchange(impatient, *parts)
    status = found.partition(b"\r\n")[0]
    assert says.split()[:1] == status.split()[1:2]
    assert impatient.is_live()


def test_senders_who_leave_are_no_trouble(served: Running, content: bytes) -> None:
    for sent in (
        b"",
        HEAD[:20],
        HEAD % len(content),
        HEAD % len(content) + content[:100],
        HEAD % len(content) + content,
    ):
        for _ in range(5):
            with socket.create_connection((served.host, served.port), PATIENCE) as connection:
                connection.sendall(sent)
    assert served.is_live() and len(served.said) == 1


def test_a_reader_who_stops_is_cut(impatient: Running) -> None:
    with socket.create_connection((impatient.host, impatient.port), PATIENCE) as connection:
        until = time.monotonic() + PATIENCE
        with pytest.raises(OSError):  # the connection is reset
            while time.monotonic() < until:
                connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
    assert impatient.is_live()


def test_a_second_request_has_no_more_time_than_the_first(impatient: Running) -> None:
    with socket.create_connection((impatient.host, impatient.port), PATIENCE) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in connection.recv(65536)
        connection.sendall(b"GET /li")
        while connection.recv(65536):
            pass


def test_many_connections_at_once(served: Running, content: bytes) -> None:
    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=served.url, timeout=PATIENCE, limits=limits, trust_env=False) as client:
            asking = (client.post("/v1/score", content=content, headers=JPEG) for _ in range(200))
            return await asyncio.gather(*asking)

    found = asyncio.run(ask())
    assert {answer.status_code for answer in found} == {200}
    assert len({answer.json()["overall"] for answer in found}) == 1


def test_the_client_gets_what_the_command_line_says(served: Running, content: bytes, tmp_path: Path) -> None:
    client = beholder.Client(served.url)
    path = tmp_path / "ä b.jpg"
    path.write_bytes(content)
    bad = tmp_path / "c.jpg"
    bad.write_bytes(b"hello")
    one = client.score(path)
    assert (
        one["name"] == "ä b.jpg"
        and one["overall"]
        and set(client.score(content, ["warmth", "embedding"])) >= {"warmth"}
    )
    many = client.score_many([path, content, bad])
    assert [each.get("overall") for each in many] == [one["overall"], one["overall"], None] and client.score_many(
        []
    ) == []
    assert many[2]["error"] == "c.jpg: is not a photograph that can be read; it looks like text"
    with pytest.raises(beholder.PhotoError, match=r"^c.jpg: is not a photograph"):
        client.score(bad)
    with pytest.raises(beholder.BeholderError, match="no field is called 'fun'"):
        client.score(path, ["fun"])
    with pytest.raises(beholder.BeholderError, match="more than the 1 MB that are read"):
        client.score(bytes(2_000_000))
    assert len(client.explain(path, "warmth", grid=3)["map"]) == 3
    assert client.explain_sheet(path, grid=2).startswith(b"\x89PNG")
    assert client.models()["models"][0]["name"] == "colour" and client.is_ready()


def test_a_stop_answers_what_was_taken(colour_model: Path, content: bytes) -> None:
    slow = slowed(1.5)
    with running(colour_model, "--workers", "1", command=slow) as served, ThreadPoolExecutor(3) as pool:
        url = f"{served.url}/v1/score"
        asking = [
            pool.submit(httpx.post, url, content=content, headers=JPEG, timeout=PATIENCE, trust_env=False)
            for _ in range(3)
        ]
        until = time.monotonic() + PATIENCE
        while (
            "beholder_queue_length 3.0"
            not in httpx.get(f"{served.url}/metrics", trust_env=False, timeout=PATIENCE).text
        ):
            assert time.monotonic() < until
        assert served.stopped(signal.SIGTERM) == 0
        assert [each.result().status_code for each in asking] == [200] * 3
        assert len(served.said) == 1


def hanging() -> list[str]:
    """A command line whose decoders never end."""
    hang = (
        "import time\nfrom beholder.serving import service\nservice.prepare = lambda *given, **named: time.sleep(600)\n"
    )
    return [sys.executable, "-c", hang + MAIN]


def test_a_second_signal_ends_it_at_once(colour_model: Path, content: bytes) -> None:
    with (
        running(colour_model, "--timeout", PATIENCE, command=hanging()) as served,
        socket.create_connection((served.host, served.port), PATIENCE) as connection,
    ):
        connection.sendall(HEAD % len(content) + content)
        while "beholder_queue_length 1.0" not in metrics_of(served):
            time.sleep(0.02)
        served.process.send_signal(signal.SIGINT)
        while httpx.get(f"{served.url}/readyz", trust_env=False, timeout=PATIENCE).status_code == 200:
            time.sleep(0.02)
        assert served.stopped(signal.SIGINT) == 130


def test_an_idle_service_stops(colour_model: Path) -> None:
    with running(colour_model) as served, socket.create_connection((served.host, served.port), PATIENCE):
        assert served.stopped(signal.SIGTERM) == 0


def test_a_decoder_that_hangs_does_not_keep_it_from_stopping(colour_model: Path, content: bytes) -> None:
    with running(colour_model, "--timeout", "0.5", command=hanging()) as served:
        answer = httpx.post(f"{served.url}/v1/score", content=content, headers=JPEG, timeout=PATIENCE, trust_env=False)
        assert answer.status_code == 504 and served.is_live()
        assert served.stopped(signal.SIGTERM) == 0


def test_a_port_in_use_and_an_address_of_others_are_a_line(served: Running) -> None:
    with pytest.raises(
        beholder.BeholderError, match=r"cannot listen there: Address already in use; choose another --port$"
    ):
        listening_socket(served.host, served.port, has_token=False)
    with pytest.raises(beholder.BeholderError, match=r"0\.0\.0\.0: others can reach this address.*give --token-file"):
        listening_socket("0.0.0.0", 0, has_token=False)
    with pytest.raises(beholder.BeholderError, match=r"is no address of this machine"):
        listening_socket("no.such.name.invalid", 0, has_token=True)
    with pytest.raises(beholder.BeholderError, match=r"cannot listen there"):
        listening_socket("192.0.2.1", 0, has_token=True)
    for host in ("127.0.0.1", "localhost"):
        listening_socket(host, 0, has_token=False).close()


def test_a_token_is_asked_for_over_the_network(colour_model: Path, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token-of-many-letters\n")
    with running(colour_model, "--host", "0.0.0.0", "--token-file", tmp_path / "token") as served:
        url = f"http://127.0.0.1:{served.port}"
        assert beholder.Client(url, token="a-token-of-many-letters").score(content)["overall"]
        with pytest.raises(beholder.BeholderError, match="the token is missing or wrong"):
            beholder.Client(url).score(content)
        assert httpx.get(f"{url}/readyz", trust_env=False, timeout=PATIENCE).text == "ready\n"
        assert json.loads(httpx.get(f"{url}/openapi.json", trust_env=False, timeout=PATIENCE).text)["status"] == 401
