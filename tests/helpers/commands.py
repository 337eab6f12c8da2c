"""Running a command, in this process or in its own, and reading what it wrote."""

import csv
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time
import zlib
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from beholder.files import hidden_beside
from helpers.factories import COMMAND, save_photo, slowed

SLOWLY = slowed(0.1)  # not done before the test has seen how far it is


SUFFIXES = (".csv", ".jsonl", ".parquet")


every_format = pytest.mark.parametrize("suffix", SUFFIXES)


TRACEBACKS_ALLOWED = False  # a test of BEHOLDER_DEBUG sets it


class Done:
    """What a command came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert TRACEBACKS_ALLOWED or "Traceback" not in err, err

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


def apart(*args: Any, **options: Any) -> Done:
    """Runs a command in a process of its own."""
    options = {"stdin": subprocess.DEVNULL, **options}
    done = subprocess.run([*COMMAND, *map(str, args)], capture_output=True, check=False, timeout=120, **options)
    return Done(done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode())


def read_table(path: Path) -> list[dict[str, Any]]:
    """A table, by other people's readers; for CSV all values are text."""
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, strict=True))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def growing_file(out: Path) -> Path:
    """The file that the rows of an output go to while a run goes on."""
    return hidden_beside(out, "journal") if out.suffix.lower() == ".parquet" else out


def table(text: str) -> list[list[str]]:
    """Cells of a printed table, header first; cells are two blanks apart."""
    return [re.split(r" {2,}", line.strip()) for line in text.splitlines()]


def save_bad(folder: Path) -> list[str]:
    """Files that are no photographs, each for another reason, with the reason in their name."""
    folder.mkdir(exist_ok=True)
    (folder / "text.jpg").write_text("hello")
    (folder / "empty.png").write_bytes(b"")
    (folder / "folder.jpg").mkdir()
    (folder / "link.jpg").symlink_to("nowhere")
    save_photo(folder / "cut.jpg", 1, 100)
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:900])
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)), (b"IDAT", b"")]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return [str(folder / name) for name in ("cut.jpg", "empty.png", "huge.png", "link.jpg", "text.jpg")]


def stopped(arguments: list[Any], growing: Path, number: int, bytes_before: int) -> Done:
    """Runs a command and sends it a signal once a file has grown."""
    command = [*SLOWLY, *map(str, arguments), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            if growing.exists() and growing.stat().st_size >= bytes_before:
                process.send_signal(number)
                break
            time.sleep(0.001)
        out, err = process.communicate(timeout=60)
    return Done(process.returncode, out.decode(), err.decode())


def resumed(crowd: Path, model: Path, out: Path) -> bytes:
    """The table after the run was taken up again, beside which nothing is left."""
    done = apart("score", crowd, "-m", model, "-o", out, "--resume", "-q")
    assert done.code == 3
    assert len(read_table(out)) == 300 and os.listdir(out.parent) == [out.name]
    return out.read_bytes()


def on_terminal(width: int, arguments: list[Any], out: Path | None = None) -> str:
    """What a terminal of this width shows of a command; standard output goes to a file where one is named."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    with ExitStack() as stack:
        held = stack.enter_context(out.open("wb")) if out else theirs
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=theirs,
            stdout=held,
            stderr=theirs,
            env={**environment, "TERM": "xterm"},
        )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # by which Linux says that the other side is closed
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    process.wait(60)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
