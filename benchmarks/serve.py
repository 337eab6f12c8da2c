"""`beholder serve` on loopback beside `score_photos`, on the same photographs in the same run; and its memory.

`python -m benchmarks serve [--model default|fast|FILE] [--requests N]`

- **Speed**: requests a second, one photograph each, at 1, 8 and 64 connections that send the next as soon as they have
  the answer; the median over rounds of its ratio to photographs a second of `score_photos`, measured in turns; and how
  long a request takes. The senders share the cores with the service, which `score_photos` does not have to bear.
- **Memory**: of the service while requests come over 8 connections, one in ten of them bad; and the most that it ever
  took, beside what it said at the start, when bodies of 60 MB and pictures of 100 megapixels come over 32 connections.
"""

import io
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count as counting
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.table import Table

from beholder.cli.tables import plain
from beholder.scoring.batch import batch_threads, score_photos
from beholder.scoring.scorer import Scorer
from benchmarks.fuzz import REPOSITORY

CONNECTIONS = (1, 8, 64)
GOAL, GOAL_AT = 0.85, 8
DISTINCT = 48  # photographs
CUT = 0  # in place of a status, where the connection was cut
LARGE_REQUESTS, LARGE_CONNECTIONS, LARGE_BYTES = 48, 32, 60_000_000
BAD_EACH = 10  # one in so many requests is bad
PATIENCE = 120  # seconds


@dataclass(frozen=True)
class Load:
    """What became of requests.

    Attributes:
        seconds: of all of them together.
        each: seconds of each, in order of their ends.
        statuses: how often each came.
    """

    seconds: float
    each: list[float]
    statuses: Counter[int]


@dataclass(frozen=True)
class Served:
    """A service in a process of its own: where it is, and the line that it says."""

    port: int
    process: int
    line: str

    def memory(self) -> dict[str, float]:
        """MB that it takes now (VmRSS) and took at most (VmHWM)."""
        text = Path(f"/proc/{self.process}/status").read_text()
        return {name: int(kib) * 1024 / 1e6 for name, kib in re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", text)}


def make_photographs(folder: Path, side: int) -> list[Path]:
    """JPEG files of the examples, each cut and grained differently."""
    sources = sorted((REPOSITORY / "examples" / "photos").glob("*.jpg"))
    paths = []
    for number in range(DISTINCT):
        rng = np.random.default_rng(number)
        image = Image.open(sources[number % len(sources)]).convert("RGB")
        left, top = rng.random(2) * 0.2 * np.array(image.size)
        box = (left, top, left + 0.8 * image.width, top + 0.8 * image.height)
        pixels = np.asarray(image.resize((side, side * 3 // 4), Image.Resampling.BICUBIC, box))
        noise = np.resize(rng.standard_normal((64, side, 3), np.float32) * 4, pixels.shape)
        path = folder / f"{number}.jpg"
        Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(path, quality=90)
        paths.append(path)
    return paths


@contextmanager
def serving(model: str) -> Iterator[Served]:
    """Start `beholder serve` on a free port."""
    command = [sys.executable, "-m", "beholder", "serve", "--port", "0", "--model", model, "--queue", "128"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            assert found, line
            yield Served(int(found[1]), process.pid, line.strip())
        finally:
            process.terminate()
            process.wait()


def request(content: bytes, kind: str = "image/jpeg", path: str = "/v1/score") -> bytes:
    """A whole request, ready to be sent."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def bad_requests(good: bytes) -> list[bytes]:
    """Each wrong in another way."""
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "BMP")
    bomb = bytearray(file.getvalue())
    bomb[18:26] = (60_000).to_bytes(4, "little") * 2
    return [
        request(b""),
        request(b"hello"),
        request(good[: len(good) // 2]),
        request(bytes(bomb)),
        request(good, "text/plain"),
        request(b"{", "application/json"),
        request(good, "multipart/form-data; boundary=x"),
        request(good, path="/v1/score?fields=fun"),
        request(b"\xff\xd8\xff" + os.urandom(20_000)),
    ]


def exchange(connection: socket.socket, sent: bytes) -> tuple[int, bool]:
    """Send a request and read its answer: the status, and whether the connection is closed."""
    connection.sendall(sent)
    found = b""
    while b"\r\n\r\n" not in found:
        part = connection.recv(65536)
        assert part, "the service closed the connection"
        found += part
    head, _, body = found.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index]
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), b"connection: close" in head.lower()


def load(port: int, requests: Sequence[bytes], total: int, connections: int, watch: Any = None) -> Load:
    """Send so many requests over so many connections, each the next one as soon as the last is answered."""
    numbers, lock = counting(), threading.Lock()
    each: list[float] = []
    statuses: Counter[int] = Counter()

    def send() -> None:
        connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (number := next(numbers)) < total:
            began = time.perf_counter()
            try:
                status, closed = exchange(connection, requests[number % len(requests)])
            except OSError:  # refused while it was sent
                status, closed = CUT, True
            taken = time.perf_counter() - began
            with lock:
                each.append(taken)
                statuses[status] += 1
                if watch is not None:
                    watch(len(each))
            if closed:
                connection.close()
                connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(time.perf_counter() - began, each, statuses)


def measure(model: str, requests: int, rounds: int, soak: int, side: int, overload: bool) -> Iterator[Table | str]:
    """The tables, as they are done."""
    with tempfile.TemporaryDirectory() as place:
        paths = make_photographs(Path(place), side)
        contents = [path.read_bytes() for path in paths]
        scorer = Scorer(model, batch_threads(None))
        with serving(model) as served:
            yield served.line
            yield speed(served, scorer, paths, contents, requests, rounds)
            if soak:
                yield memory(served, contents, soak)
            if overload:
                yield large(served)


def speed(
    served: Served, scorer: Scorer, paths: Sequence[Path], contents: Sequence[bytes], requests: int, rounds: int
) -> Table:
    """Requests a second, beside `score_photos`."""
    good = [request(content) for content in contents]
    several = [str(paths[number % len(paths)]) for number in range(requests)]
    load(served.port, good, 16, 8)
    list(score_photos(scorer, several[:16]))
    ratios: dict[int, list[float]] = {count: [] for count in CONNECTIONS}
    rates: dict[int, list[float]] = {count: [] for count in CONNECTIONS}
    each: dict[int, list[float]] = {count: [] for count in CONNECTIONS}
    alone: list[float] = []
    for _ in range(rounds):
        for count in CONNECTIONS:
            began = time.perf_counter()
            assert all(result.scores is not None for result in score_photos(scorer, several, hashed=True))
            alone.append(requests / (time.perf_counter() - began))
            found = load(served.port, good, requests, count)
            assert set(found.statuses) == {200}, found.statuses
            rates[count].append(requests / found.seconds)
            ratios[count].append(rates[count][-1] / alone[-1])
            each[count] += found.each
    megabytes = statistics.mean(map(len, contents)) / 1e6
    title = (
        f"{scorer.id}, photographs of {megabytes:.1f} MB; score_photos: {statistics.median(alone):.1f} a second; "
        f"goal {GOAL:.2f} of it at {GOAL_AT} connections"
    )
    table = plain(title, "connections", "requests/s", "of score_photos", "p50, ms", "p95, ms", "p99, ms", numbers=True)
    for count in CONNECTIONS:
        times = [f"{np.percentile(each[count], share) * 1e3:.0f}" for share in (50, 95, 99)]
        shares = f"{statistics.median(ratios[count]):.2f}", f"{min(ratios[count]):.2f}", f"{max(ratios[count]):.2f}"
        rate = f"{statistics.median(rates[count]):.1f}"
        table.add_row(str(count), rate, "{} ({} to {})".format(*shares), *times)
    return table


def large(served: Served) -> str:
    """The most memory ever, once large bodies and pictures have come, beside what was said."""
    file = io.BytesIO()
    Image.new("RGBA", (10_000, 9_990), (200, 100, 50, 128)).save(file, "PNG", compress_level=1)
    half = LARGE_BYTES // 2
    form = b"--x\r\n\r\n" + bytes(half) + b"\r\n--x\r\n\r\n" + bytes(half) + b"\r\n--x--\r\n"
    requests = [
        request(file.getvalue(), "image/png"),
        request(bytes(LARGE_BYTES)),
        request(b'{"images": [{"data": "' + b"A" * LARGE_BYTES + b'"}]}', "application/json"),
        request(form, "multipart/form-data; boundary=x"),
    ]
    found = load(served.port, requests, LARGE_REQUESTS, LARGE_CONNECTIONS)
    statuses = ", ".join(f"{count} x {status or 'cut'}" for status, count in sorted(found.statuses.items()))
    after = served.memory()
    return (
        f"{LARGE_REQUESTS} large ones over {LARGE_CONNECTIONS} connections ({statuses}): "
        f"{after['VmHWM']:,.0f} MB at most, {after['VmRSS']:,.0f} MB afterwards"
    )


def memory(served: Served, contents: Sequence[bytes], total: int) -> Table:
    """Memory while requests come, one in ten of them bad."""
    good, bad = [request(content) for content in contents], bad_requests(contents[0])
    numbers = range(len(good) * len(bad) * BAD_EACH)
    mixed = [bad[n // BAD_EACH % len(bad)] if n % BAD_EACH == BAD_EACH - 1 else good[n % len(good)] for n in numbers]
    seen: list[tuple[int, float]] = [(0, served.memory()["VmRSS"])]

    def watch(done: int) -> None:
        if done % max(1, total // 5) == 0:
            seen.append((done, served.memory()["VmRSS"]))

    found = load(served.port, mixed, total, 8, watch)
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(found.statuses.items()))
    peak = served.memory()["VmHWM"]
    table = plain(f"Memory of the service over {total:,} requests ({statuses})", "requests", "MB", numbers=True)
    for done, megabytes in seen:
        table.add_row(f"{done:,}", f"{megabytes:,.0f}")
    table.add_row("the most", f"{peak:,.0f}")
    return table
