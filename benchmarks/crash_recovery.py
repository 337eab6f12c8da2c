"""Runs that are killed at random moments and taken up again: `python -m benchmarks crash-recovery --times 50`

Each time a run over many photographs is killed with SIGKILL at a random moment, its continuation perhaps as well, and
the last one left to end. While any of them runs its output is read over and over: whole rows, and at most in the
instant in which a row is written over the edge of a page the first part of it. In the end it must be the file of an
undisturbed run, byte for byte, with nothing beside it.
"""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from beholder.files import hidden_beside
from benchmarks.fuzz import REPOSITORY

SUFFIXES = (".csv", ".jsonl", ".parquet")
BROKEN = 40  # one photograph in so many cannot be read, is tried again, and so puts the rows out of order


@dataclass
class Outcome:
    """What became of the runs that wrote one format."""

    killed: int = 0
    early: int = 0  # of these before anything was written
    ended: int = 0  # before the signal came
    reads: int = 0  # of the output while it was written
    halves: int = 0  # of these, and of those after kills, that met the first part of a last row
    rows: list[int] = field(default_factory=list)  # rows that were there after each kill
    wrong: list[str] = field(default_factory=list)


def rows(content: bytes, suffix: str) -> list[dict[str, Any]]:
    """The rows of whole lines of a CSV file or journal. Raises ValueError or csv.Error where one of them is broken."""
    if suffix == ".csv":
        found = list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
        if any(None in row.values() for row in found):
            raise ValueError("a row with too few cells")
        return found
    return [json.loads(line) for line in content.splitlines()]


def readable(out: Path) -> tuple[int, bool]:
    """How many rows the output of a run has at this moment, and whether a part of another one follows.

    Raises where another program could not read it.
    """
    growing = hidden_beside(out, "journal") if out.suffix == ".parquet" else out
    try:
        content = growing.read_bytes()
    except FileNotFoundError:
        return (table_rows(out), False) if out.suffix == ".parquet" and out.exists() else (0, False)
    whole = content[: content.rfind(b"\n") + 1]
    return len(rows(whole, out.suffix)), len(whole) < len(content)


def table_rows(path: Path) -> int:
    from pyarrow import parquet

    return int(parquet.read_table(path).num_rows)


def start(folder: Path, model: Path, out: Path, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "beholder", "score", str(folder), "-m", str(model), "-o", str(out), "-q", *options]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def watched(process: "subprocess.Popen[bytes]", out: Path, seconds: float, enough: int, outcome: Outcome) -> None:
    """Read the output until the run ends, or the time has come or enough rows are there; then kill it."""
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        try:
            count, half = readable(out)
            outcome.reads += 1
            outcome.halves += half
            if count >= enough:
                break
        except Exception as error:
            outcome.wrong.append(f"not readable while it was written: {error}")
        time.sleep(0.01)
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        outcome.ended += 1
        return
    outcome.killed += 1
    try:
        count, half = readable(out)
        outcome.rows.append(count)
        outcome.halves += half
        outcome.early += count == 0
    except Exception as error:
        outcome.wrong.append(f"not readable after it was killed: {error}")


def once(folder: Path, model: Path, whole: Path, seconds: float, draw: random.Random, outcome: Outcome) -> None:
    """Kill a run, and on average one of its continuations; let the last end, and compare."""
    photographs = readable(whole)[0]
    with tempfile.TemporaryDirectory() as place:
        out, options = Path(place, f"x{whole.suffix}"), ["--workers", "1"]
        for _ in range(draw.choice((1, 1, 2, 4))):
            process = start(folder, model, out, *options)
            if draw.random() < 0.5:  # any moment: most are before the first row or near the end
                watched(process, out, draw.uniform(0.2, 1.1) * seconds, sys.maxsize, outcome)
            else:
                there = readable(out)[0]
                watched(process, out, 60, draw.randint(there, photographs), outcome)
            options = ["--workers", "1", "--resume"]
        start(folder, model, out, *options).wait()
        if not out.exists() or out.read_bytes() != whole.read_bytes():
            outcome.wrong.append("not the file of an undisturbed run")
        if os.listdir(place) != [out.name]:
            outcome.wrong.append(f"left behind: {sorted(os.listdir(place))}")


def run(times: int, seed: int, photographs: int) -> dict[str, Outcome]:
    """By format, what became of so many runs."""
    from tests.helpers.factories import save_model, save_photos

    outcomes = {suffix: Outcome() for suffix in SUFFIXES}
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        model = save_model(Path(place, "model.onnx"))
        folder = Path(place, "photos")
        for path in save_photos(folder, photographs)[7::BROKEN]:
            Path(path).write_bytes(b"broken")
        wholes, seconds = {}, 0.0
        for suffix in SUFFIXES:
            began = time.monotonic()
            wholes[suffix] = Path(place, f"whole{suffix}")
            start(folder, model, wholes[suffix], "--workers", "1").wait()
            seconds = max(seconds, time.monotonic() - began)
            assert readable(wholes[suffix]) == (photographs, False)
        for number in range(times):
            suffix = SUFFIXES[number % len(SUFFIXES)]
            once(folder, model, wholes[suffix], seconds, draw, outcomes[suffix])
    return outcomes


def table(outcomes: dict[str, Outcome], times: int, photographs: int) -> Table:
    shown = Table(title=f"{times} runs over {photographs:,} photographs, killed at random moments and taken up again")
    for name in (
        "output",
        "kills",
        "before a row",
        "rows after a kill",
        "reads meanwhile",
        "of part of a row",
        "wrong",
    ):
        shown.add_column(name, justify="left" if name == "output" else "right")
    for suffix, each in outcomes.items():
        span = f"{min(each.rows):,} to {max(each.rows):,}" if each.rows else ""
        shown.add_row(
            suffix, f"{each.killed}", f"{each.early}", span, f"{each.reads:,}", f"{each.halves}", f"{len(each.wrong)}"
        )
    return shown
