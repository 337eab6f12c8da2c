"""One run over many photographs, as the terminal sees it: what is named, progress, stopping, summary, exit status."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from beholder.errors import BeholderError
from beholder.photos.listing import Unreadable, find
from beholder.photos.read import read_bytes
from beholder.scoring.batch import Result, score_photos
from beholder.scoring.scorer import Scorer
from beholder.text import printable

SOME_FAILED, ALL_FAILED, STOPPED = 3, 1, 130
REASONS = 10  # failures that are told one by one


class RunSummary:
    """What a run over many photographs came to."""

    def __init__(self) -> None:
        self.scored = self.known = self.failed = 0
        self.stopped = False
        self.reasons: list[str] = []  # the first few
        self.started = time.monotonic()


@contextmanager
def stoppable(run: RunSummary) -> Iterator[None]:
    """Ctrl-C or SIGTERM ends the run after the photograph at hand, never in the middle of a row; a second one at once.

    A signal that the program was started to ignore stays ignored.
    """

    def stop(*_: Any) -> None:
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
    """The photographs that the arguments name: listed once to count them and once to score them, never remembered.

    Raises:
        BeholderError: none of them is there, so that a slip of the pen costs no output file.
    """

    def __init__(self, names: list[str], recursive: bool) -> None:
        self._names, self._recursive = names, recursive
        self._lines = [os.fsdecode(line) for line in sys.stdin.buffer] if "-" in names and sys.stdin else []
        self.total, there, first = 0, False, None
        for item in self:
            self.total += 1
            first = item if first is None else first
            there = there or (isinstance(item, str) and os.path.lexists(item))
        if first is None:
            raise BeholderError("there is nothing to score: the list on standard input is empty")
        if not there:
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


def results(
    scorer: Scorer,
    named: InputPhotos,
    batch: int | None,
    workers: int | None,
    show: bool,
    run: RunSummary,
    **options: Any,
) -> Iterator[Result]:
    """Results with a progress bar, counted into ``run``, until that is stopped."""
    from beholder import progress  # half of the time that --help would take

    run.started = time.monotonic()
    with progress.bar("scoring", named.total, quiet=not show) as bar:
        for result in score_photos(scorer, named, batch=batch, workers=workers, **options):
            if result.error is not None:
                run.failed += 1
                if run.failed <= REASONS:
                    run.reasons.append(result.error)
            elif result.scores is None:
                run.known += 1
            else:
                run.scored += 1
            yield result
            bar.advance(bar.task_ids[0])
            if run.stopped:
                return


def finish(run: RunSummary, out: Path | None, quiet: bool) -> None:
    """Say what became of the run, and exit accordingly."""
    for reason in run.reasons:
        say(f"not scored: {reason}")
    if run.failed > len(run.reasons):
        chosen = f"with reasons in {out}" if out else "--out FILE keeps the reasons"
        say(f"not scored: {run.failed - len(run.reasons)} more, {chosen}")
    done = run.scored + run.known
    if run.stopped or (not quiet and (done or run.failed > 1)):
        seconds = max(time.monotonic() - run.started, 1e-9)
        before = f", {run.known} known from before" if run.known else ""
        failed = f", {run.failed} could not be read" if run.failed else ""
        say(f"{run.scored} scored in {seconds:.1f} s ({run.scored / seconds:.1f} a second){before}{failed}")
    if run.stopped:
        again = f"; {out} holds what was done, run again with --resume" if out and out.suffix != ".html" else ""
        say(f"stopped{again}")
        raise typer.Exit(STOPPED)
    if run.failed:
        raise typer.Exit(SOME_FAILED if done else ALL_FAILED)


def say(text: str) -> None:
    if sys.stderr:  # where it is closed, print would take standard output
        print(printable(text), file=sys.stderr, flush=True)


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
