"""One run over many photographs, as the terminal sees it: input, progress, stopping, summary, exit status."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import typer

from beholder.cli.reasons import Reasons
from beholder.errors import BeholderError
from beholder.interruption import interruptible
from beholder.photos.listing.find import Unreadable, find
from beholder.photos.listing.name_lists import NameList
from beholder.photos.listing.pairs import Pairs, Shots
from beholder.photos.listing.passed_over import PAIRED, summary
from beholder.photos.read import read_bytes
from beholder.scoring.batch import Result
from beholder.terminal import say

T = TypeVar("T")

SOME_FAILED, ALL_FAILED, STOPPED = 3, 1, 130  # exit statuses


@dataclass
class RunSummary:
    """Counts of a run over many photographs.

    Attributes:
        scored: photographs that were scored.
        known: photographs with a row from an earlier run.
        reasons: why photographs could not be read.
        stopped: whether the user has stopped the run.
        waiting: whether the run waits for a result, so that nothing is half done.
        started: when it began, seconds of the monotonic clock.
    """

    scored: int = 0
    known: int = 0
    reasons: Reasons = field(default_factory=Reasons)
    stopped: bool = False
    waiting: bool = False
    started: float = field(default_factory=time.monotonic)

    def count(self, result: Result) -> None:
        """Count a result in."""
        if result.error is not None:
            self.reasons.add(result.path, result.error)
        elif result.scores is None:
            self.known += 1
        else:
            self.scored += 1


class InputPhotos:
    """The photographs that the arguments name: listed once to count them and once to score them, never kept in memory.

    Args:
        names: files, folders, patterns, or ``-`` for a list on standard input.
        recursive: whether to look into the folders inside a folder.
        exclude: patterns of what is left out.
        pairs: what is taken of a shot with several files.
        quiet: do not say what was passed over.

    Attributes:
        total: how many there are.

    Raises:
        BeholderError: none of them exists, so that a typing error costs no output file; standard input is not a list.
    """

    def __init__(
        self,
        names: list[str],
        *,
        recursive: bool,
        exclude: Iterable[str] = (),
        pairs: Pairs = Pairs.ALL,
        quiet: bool = False,
    ) -> None:
        listed = NameList(sys.stdin.buffer) if "-" in names and sys.stdin else ()
        self._find = partial(find, names, recursive=recursive, lines=listed, exclude=tuple(exclude))
        self._shots = Shots(self._find()) if pairs is Pairs.ONE else None
        self.total, exists, first, passed_over = 0, False, None, Counter[str]()
        for item in self._one_a_shot(passed_over):
            self.total += 1
            first = item if first is None else first
            exists = exists or (isinstance(item, str) and os.path.lexists(item))
        said = summary(passed_over)
        if first is None:
            raise BeholderError(f"there is nothing to score: {said or 'the list on standard input is empty'}")
        if not exists:
            others = f"; nor is any other of the {self.total} there" if self.total > 1 else ""
            raise BeholderError(_why_missing(first) + others)
        if said and not quiet:
            say(said)

    def __iter__(self) -> Iterator[str | Unreadable]:
        return self._one_a_shot(Counter())

    def _one_a_shot(self, passed_over: Counter[str]) -> Iterator[str | Unreadable]:
        for item in self._find(passed_over=passed_over):
            if self._shots and isinstance(item, str) and self._shots.has_better(item):
                passed_over[PAIRED] += 1
            else:
                yield item


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
        while (result := next_result(results, run)) is not None:
            run.count(result)
            yield result
            shown.advance(shown.task_ids[0])
            if run.stopped:
                return


def next_result(results: Iterator[T], run: RunSummary) -> T | None:
    """The next result; None after the last, and where the user stopped the run while it waited for one."""
    run.waiting = True
    try:
        with interruptible():
            return next(results, None)
    except (KeyboardInterrupt, BeholderError):  # the second where the model was told to stop
        if not run.stopped:
            raise
        return None
    finally:
        run.waiting = False


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
