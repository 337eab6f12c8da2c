"""One run over many photographs, as the terminal sees it: input, progress, stopping, summary, exit status."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import typer

from beholder.cli.reasons import Reasons
from beholder.errors import BeholderError
from beholder.photos.listing import Unreadable, find
from beholder.photos.read import read_bytes
from beholder.scoring.batch import Result
from beholder.text import printable

SOME_FAILED, ALL_FAILED, STOPPED = 3, 1, 130  # exit statuses


@dataclass
class RunSummary:
    """Counts of a run over many photographs.

    Attributes:
        scored: photographs that were scored.
        known: photographs with a row from an earlier run.
        reasons: why photographs could not be read.
        stopped: whether the user has stopped the run.
        started: when it began, seconds of the monotonic clock.
    """

    scored: int = 0
    known: int = 0
    reasons: Reasons = field(default_factory=Reasons)
    stopped: bool = False
    started: float = field(default_factory=time.monotonic)

    def count(self, result: Result) -> None:
        """Count a result in."""
        if result.error is not None:
            self.reasons.add(result.path, result.error)
        elif result.scores is None:
            self.known += 1
        else:
            self.scored += 1


@contextmanager
def stoppable(run: RunSummary) -> Iterator[None]:
    """Let Ctrl-C or SIGTERM end the run after the current photograph, never inside a row; a second one ends it at once.

    A signal that the program was started to ignore stays ignored.
    """

    def stop(*_: object) -> None:
        run.stopped = True
        for each in before:
            signal.signal(each, interrupt)

    signals = (each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN)
    before = {each: signal.signal(each, stop) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class InputPhotos:
    """The photographs that the arguments name: listed once to count them and once to score them, never kept in memory.

    Args:
        names: files, folders, patterns, or ``-`` for a list on standard input.
        recursive: whether to look into the folders inside a folder.

    Attributes:
        total: how many there are.

    Raises:
        BeholderError: none of them exists, so that a typing error costs no output file.
    """

    def __init__(self, names: list[str], *, recursive: bool) -> None:
        self._names, self._recursive = names, recursive
        self._lines = [os.fsdecode(line) for line in sys.stdin.buffer] if "-" in names and sys.stdin else []
        self.total, exists, first = 0, False, None
        for item in self:
            self.total += 1
            first = item if first is None else first
            exists = exists or (isinstance(item, str) and os.path.lexists(item))
        if first is None:
            raise BeholderError("there is nothing to score: the list on standard input is empty")
        if not exists:
            others = f"; nor is any other of the {self.total} there" if self.total > 1 else ""
            raise BeholderError(_why_missing(first) + others)

    def __iter__(self) -> Iterator[str | Unreadable]:
        return find(self._names, recursive=self._recursive, lines=self._lines)


def _why_missing(item: str | Unreadable) -> str:
    if not isinstance(item, str):
        return item.error
    if not item:
        return "an empty name; is a variable of the shell not set?"
    try:
        read_bytes(item)
    except BeholderError as error:
        return str(error)
    return f"{item}: was not there a moment ago"


def watched(results: Iterator[Result], run: RunSummary, total: int, *, progress: bool) -> Iterator[Result]:
    """Pass results on with a progress bar, count them, and end when the run is stopped.

    Args:
        results: of the photographs, as they are scored.
        run: counts them.
        total: number of photographs.
        progress: whether to show the bar.
    """
    from beholder.progress import bar  # half of the time that --help would take

    run.started = time.monotonic()
    with bar("scoring", total, quiet=not progress) as shown:
        for result in results:
            run.count(result)
            yield result
            shown.advance(shown.task_ids[0])
            if run.stopped:
                return


def finish(run: RunSummary, out: Path | None, *, quiet: bool) -> None:
    """Print the summary of a run, and exit with its status.

    Args:
        run: is over.
        out: file that holds the results, if any.
        quiet: print failures only.

    Raises:
        typer.Exit: the run was stopped, or something could not be scored.
    """
    for reason in run.reasons.lines():
        say(f"not scored: {reason}")
    if run.reasons.unlisted:
        where = f"with reasons in {out}" if out else "--out FILE keeps the reasons"
        say(f"not scored: {run.reasons.unlisted} more, {where}")
    done, bad = run.scored + run.known, run.reasons.count
    if run.stopped or (not quiet and (done or bad > 1)):
        seconds = max(time.monotonic() - run.started, 1e-9)
        before = f", {run.known} known from before" if run.known else ""
        failed = f", {bad} could not be read" if bad else ""
        say(f"{run.scored} scored in {seconds:.1f} s ({run.scored / seconds:.1f} a second){before}{failed}")
    if run.stopped:
        again = (
            f"; {out} holds what was done, run again with --resume" if out and done and out.suffix != ".html" else ""
        )
        say(f"stopped{again}")
        raise typer.Exit(STOPPED)
    if bad:
        raise typer.Exit(SOME_FAILED if done else ALL_FAILED)


def say(text: str) -> None:
    """Print one line on standard error."""
    if sys.stderr:  # if it is closed, print would write to standard output
        print(printable(text), file=sys.stderr, flush=True)


def interrupt(*_: object) -> NoReturn:
    """Signal handler that ends the program at once."""
    raise KeyboardInterrupt
