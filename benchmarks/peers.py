"""Programs of others, each in a process of its own: started, asked, and left out with a reason where they do not run.

A peer may need packages that do not go with ours. ``--peer pyiqa=/path/to/python`` names the interpreter that has them:
`benchmarks.competitors`, which needs nothing but the standard library and the peer itself, is run by that one.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from beholder.errors import BeholderError
from benchmarks.competitors import PROGRAMS

REPOSITORY = Path(__file__).parent.parent
START_LIMIT = 300  # seconds; large packages take half a minute to import on a busy machine


class PeerError(Exception):
    """Why a peer does not run, in one line."""


def interpreters(given: Sequence[str]) -> dict[str, str]:
    """``NAME=PYTHON`` of each --peer: the name of a program and the interpreter that runs it.

    Raises:
        BeholderError: no such program, or no interpreter after the name.
    """
    names = [name for name in PROGRAMS if name != "ours"]
    found = {}
    for text in given:
        name, _, python = text.partition("=")
        if name not in names or not python:
            raise BeholderError(f"--peer {text}: give NAME=PYTHON, with {', '.join(names)} for NAME")
        found[name] = python
    return found


class Peer:
    """A program that waits for photographs.

    Args:
        name: of a program in `benchmarks.competitors`.
        model: model file, for ours.
        python: interpreter that runs it, by default this one.

    Raises:
        PeerError: it does not start.
    """

    def __init__(self, name: str, model: Path | None = None, python: str = sys.executable) -> None:
        ours = os.environ.get("PYTHONPATH", "") if python == sys.executable else ""
        paths = os.pathsep.join(filter(None, [str(REPOSITORY), ours]))
        command = [python, "-m", "benchmarks.competitors", name, *([str(model)] if model else [])]
        self.memory = 0
        self._errors = TemporaryFile()  # noqa: SIM115 (closed by close)
        try:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, "PYTHONPATH": paths},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
            )
        except OSError as error:
            self._errors.close()
            raise PeerError(f"cannot start {python}: {error.strerror}") from None
        limit = threading.Timer(START_LIMIT, self._process.kill)
        limit.start()
        try:
            self._answer()
        except PeerError:
            self.close()
            raise
        finally:
            limit.cancel()

    def score(self, paths: Sequence[str]) -> float:
        """Seconds that it takes for the photographs. Raises PeerError where it fails."""
        assert self._process.stdin is not None
        with suppress(OSError):  # it may have ended: the missing answer says how
            print(json.dumps(list(paths)), file=self._process.stdin, flush=True)
        answer = self._answer()
        self.memory = answer["memory"]
        return float(answer["seconds"])

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")
            raise PeerError(f"it ended with status {status}: {last}")
        answer = dict(json.loads(line))
        if "failed" in answer:
            raise PeerError(answer["failed"])
        return answer


@contextmanager
def running(
    programs: dict[str, tuple[str, Path | None]], pythons: dict[str, str], first: str
) -> Iterator[tuple[dict[str, tuple[Peer, float]], dict[str, str]]]:
    """Start programs, let each score a first photograph, and end them at the end.

    Args:
        programs: name of a row -> name of its program, and the model file of ours.
        pythons: program -> interpreter, where it is another one.
        first: path of a photograph.

    Yields:
        Those that run, with the seconds from their start to the first score; and for the others, why not.
    """
    started: dict[str, tuple[Peer, float]] = {}
    left_out = {}
    try:
        for row, (program, model) in programs.items():
            began = time.perf_counter()
            try:
                peer = Peer(program, model, pythons.get(program, sys.executable))
                started[row] = (peer, 0.0)
                peer.score([first])
                started[row] = (peer, time.perf_counter() - began)
            except PeerError as error:
                left_out[row] = str(error)
                if row in started:
                    started.pop(row)[0].close()
        yield started, left_out
    finally:
        for peer, _ in started.values():
            peer.close()
