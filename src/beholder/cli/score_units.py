"""`beholder score` of units: tar files, Parquet tables, objects in a store, folders by `--out 'out/{unit}.csv'`."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from beholder.cli.best import TABLE_ROWS, show_best
from beholder.cli.session import ALL_FAILED, SOME_FAILED, STOPPED, RunSummary, next_result
from beholder.cli.stopping import stoppable
from beholder.cli.unit_options import Engine
from beholder.errors import BeholderError
from beholder.terminal import say
from beholder.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress

    from beholder.output.rows import Row
    from beholder.scale.reasons import Reasons
    from beholder.scale.run import Options, UnitReport
    from beholder.scale.shard import Shard
    from beholder.scoring.batch import Result
    from beholder.scoring.scorer import Scorer

MAX_FAILURES = 10  # units that are reported one by one


@dataclass(frozen=True)
class UnitArguments:
    """Options of the command line that are about units only; None or False where one was not given."""

    column: str | None = None
    carry: str | None = None
    embeddings: bool = False
    fields: str | None = None
    batch_rows: int | None = None
    shard: str | None = None
    engine: Engine | None = None
    max_errors: str | None = None
    retries: int | None = None
    overwrite: bool = False

    def given(self) -> list[str]:
        """The options that were given, as they are written."""
        return [f"--{name.replace('_', '-')}" for name, value in vars(self).items() if value not in (None, False)]


def are_units(paths: Sequence[str], out: str | None, arguments: UnitArguments) -> bool:
    """Whether what is asked for is about units, rather than about single photographs.

    Raises:
        BeholderError: it is not, but an option is given that is about units only.
    """
    from beholder.scale.places import UNIT
    from beholder.scale.store import is_remote
    from beholder.scale.units import is_unit_name

    if any(is_unit_name(path) for path in paths) or (out is not None and (UNIT in out or is_remote(out))):
        return True
    given = arguments.given()
    if "--shard" in given or "--engine" in given:
        return True
    if given:
        raise BeholderError(
            f"{given[0]} goes with tar files, Parquet tables and stores; with a folder give --out 'out/{{unit}}.csv'"
        )
    return False


@dataclass
class Totals:
    """What came of a run over units.

    Attributes:
        units: to score, in this shard.
        scored, known: units with a table, of this run and of earlier ones.
        failures: why others have none.
        rows, errors, retries: of the units that were scored in this run.
        reasons: of the errors.
    """

    units: int
    reasons: "Reasons"
    scored: int = 0
    known: int = 0
    rows: int = 0
    errors: int = 0
    retries: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, report: "UnitReport") -> None:
        """Count a report in."""
        self.retries += 0 if report.known else report.retries
        if report.error is not None:
            self.failures.append(report.error)
        elif report.known:
            self.known += 1
        else:
            self.scored += 1
            self.rows += report.rows
            self.errors += report.errors
            self.reasons.add_all(report.reasons)

    @property
    def finished(self) -> int:
        """Units of which nothing more will come."""
        return self.scored + self.known + len(self.failures)


def score_units(
    paths: Sequence[str],
    arguments: UnitArguments,
    *,
    out: str | None,
    model: str | None,
    fast: bool,
    taste: Path | None,
    recursive: bool,
    top: int | None,
    sort: str | None,
    batch: int | None,
    workers: int | None,
    threads: int | None,
    device: str,
    as_json: bool,
    details: bool,
    quiet: bool,
    others: Mapping[str, bool],
) -> None:
    """Score units, each into a table of its own; without ``--out`` show their rows.

    Args:
        paths: names of files, patterns, braces, folders, URLs.
        arguments: options that are about units only.
        others: options that do not go with units -> whether they were given.

    The other arguments are those of `beholder score`.

    Raises:
        BeholderError: it cannot be done as it is asked.
        typer.Exit: it was stopped, or some could not be scored.
    """
    from beholder.cli.options import open_scorer
    from beholder.scale.reasons import Reasons
    from beholder.scale.run import look_at_all, run_units
    from beholder.scale.shard import default_shard, parse_shard, shard_of
    from beholder.scale.units import list_units
    from beholder.scoring.batch import batch_threads

    shows = {"--top": top is not None, "--sort": sort is not None, "--json": as_json, "--details": details}
    _refuse(others, "tar files, Parquet tables and stores")
    if out is not None:
        _refuse(shows, "--out here, as tables of units are not shown")
    elif arguments.embeddings or (arguments.fields and not as_json):
        raise BeholderError(
            f"{'--embeddings' if arguments.embeddings else '--fields'} is about a file: name it by --out"
        )
    elif arguments.engine is Engine.RAY:
        raise BeholderError("--engine ray writes tables and shows none: name them by --out 'out/{unit}.parquet'")
    name = "fast" if fast and not model else model
    options = _options(arguments, out, name, taste, batch, workers, threads, device)
    shard = parse_shard(arguments.shard) if arguments.shard else default_shard(os.environ)
    units = list_units(paths, recursive=recursive)
    mine = shard_of(units, shard) if shard else units
    if out is not None:
        _check_out(out, len(units))
    # With Ray the actors compute; here there may be no GPU.
    here = "cpu" if arguments.engine is Engine.RAY else device
    scorer = open_scorer(model, fast=fast, threads=batch_threads(threads), device=here)
    looks = look_at_all(mine, scorer, options)
    for look in looks:
        if look.note:
            say(look.note)
    if out is not None:
        _plan([unit.name for unit in units], options, shard)
    run, totals = RunSummary(), Totals(len(mine), Reasons())
    progress = not (quiet or (as_json and sys.stdout.isatty()))
    with (
        _rows(scorer, options, top, sort, shown=out is None, as_json=as_json, details=details, quiet=quiet) as each,
        _bar(totals, quiet=not progress) as shown,
        stoppable(run),
    ):
        if arguments.engine is Engine.RAY:
            from beholder.scale.ray_run import run_on_ray

            reports = _awaited(run_on_ray(mine, scorer, options, looks=looks), run, shown)
        else:
            watch = partial(_watched, run=run, shown=shown)
            reports = run_units(mine, scorer, options, looks=looks, each=each, watch=watch)
        for report in reports:
            totals.add(report)
            _tell(shown, totals)
    _finish(totals, run, shard, len(units), quiet=quiet, kept=out is not None)


def _refuse(options: Mapping[str, bool], what: str) -> None:
    for option, given in options.items():
        if given:
            raise BeholderError(f"{option} does not go with {what}: leave it out")


def _options(
    arguments: UnitArguments,
    out: str | None,
    model: str | None,
    taste: Path | None,
    batch: int | None,
    workers: int | None,
    threads: int | None,
    device: str,
) -> "Options":
    from beholder.scale.carry import parse_carry
    from beholder.scale.run import BATCH_ROWS, RETRIES, MaxErrors, Options

    return Options(
        out=out,
        model=model,
        taste=None if taste is None else str(taste),
        column=arguments.column,
        carry=() if arguments.carry is None else parse_carry(arguments.carry),
        fields=None if arguments.fields is None else tuple(name.strip() for name in arguments.fields.split(",")),
        embeddings=arguments.embeddings,
        batch_rows=arguments.batch_rows or BATCH_ROWS,
        retries=RETRIES if arguments.retries is None else arguments.retries,
        overwrite=arguments.overwrite,
        max_errors=None if arguments.max_errors is None else MaxErrors.of_text(arguments.max_errors),
        batch=batch,
        workers=workers,
        threads=threads,
        device=device,
    )


def _check_out(out: str, units: int) -> None:
    """Check that the name of the output fits the units. Raises BeholderError."""
    from beholder.output.formats import FORMATS
    from beholder.scale.places import Places

    if out == "-":
        raise BeholderError("--out - prints one table, and units have one each: leave it out, or give --json")
    places = Places(out)
    if (check := FORMATS[places.suffix].check_installed) is not None:
        check()
    if units > 1 and not places.many:
        stem = printable(out)[: -len(places.suffix)]
        raise BeholderError(
            f"--out {printable(out)}: there are {units:,} units, each with a table of its own: "
            f"--out '{stem}/{{unit}}{places.suffix}'"
        )


def _plan(names: Sequence[str], options: "Options", shard: "Shard | None") -> None:
    from beholder.scale.places import Places
    from beholder.scale.plan import write_plan

    assert options.out is not None
    note = write_plan(names, Places(options.out), shard.count if shard else 1, overwrite=options.overwrite)
    if note:
        say(note)


@contextmanager
def _rows(
    scorer: "Scorer",
    options: "Options",
    top: int | None,
    sort: str | None,
    *,
    shown: bool,
    as_json: bool,
    details: bool,
    quiet: bool,
) -> "Iterator[Callable[[Row], object] | None]":
    """What is done with each row where there is no --out: the table of the best, or JSON."""
    if not shown:
        yield None
        return
    from beholder.output.extras import open_extras
    from beholder.output.pipeline import rank_column
    from beholder.output.ranking import JsonArray, Ranked
    from beholder.scale.output import json_value

    extras = open_extras(scorer, options.taste)
    by = rank_column(sort, scorer.info.tasks, extras)
    if options.fields is not None and (sort or top) and by not in (*options.fields, "path"):
        raise BeholderError(f"--sort {by}: is not among --fields; add it there")
    every = as_json and top is None
    ranked = Ranked(by, None if every else top or TABLE_ROWS, with_errors=every)
    with JsonArray() if as_json else nullcontext() as array:
        carried = [each.as_name for each in options.carry]

        def plain(row: "Row") -> "Row":
            return row | {name: json_value(row[name]) for name in carried}

        if array is not None and every and sort is None:
            yield lambda row: array.add(plain(row))
            return
        yield lambda row: ranked.add(plain(row))
        if array is not None:
            for _, row in ranked.rows():
                array.add(row)
    if array is None and ranked.seen and not quiet:
        show_best(ranked, scorer, extras, with_details=details)


@contextmanager
def _bar(totals: Totals, *, quiet: bool) -> "Iterator[Progress]":
    from beholder.progress import bar

    with bar(f"0 of {totals.units:,} units", quiet=quiet) as shown:
        yield shown


def _watched(results: "Iterator[Result]", run: RunSummary, shown: "Progress") -> "Iterator[Result]":
    """Pass results on, count them on the bar, and end when the run is stopped."""
    while (result := next_result(results, run)) is not None:
        yield result
        shown.advance(shown.task_ids[0])
        if run.stopped:
            return


def _awaited(reports: "Iterator[UnitReport]", run: RunSummary, shown: "Progress") -> "Iterator[UnitReport]":
    """Pass reports of units on, count their rows on the bar, and end when the run is stopped."""
    with closing(reports):  # type: ignore[type-var]  # a generator
        while (report := next_result(reports, run)) is not None:
            yield report
            shown.advance(shown.task_ids[0], 0 if report.known else report.rows)
            if run.stopped:
                return


def _tell(shown: "Progress", totals: Totals) -> None:
    """Say on the bar how many units are done, and about how many rows there will be."""
    rows = None
    if totals.scored:
        rows = round(totals.rows / totals.scored * (totals.units - totals.known))
    description = f"{totals.finished:,} of {totals.units:,} units"
    shown.update(shown.task_ids[0], description=description, total=rows)


def _finish(totals: Totals, run: RunSummary, shard: "Shard | None", units: int, *, quiet: bool, kept: bool) -> None:
    """Print the summary of a run, and exit with its status."""
    for failure in totals.failures[:MAX_FAILURES]:
        say(f"not scored: {failure}")
    if len(totals.failures) > MAX_FAILURES:
        say(f"not scored: {len(totals.failures) - MAX_FAILURES:,} more units")
    for reason in totals.reasons.lines():
        say(f"not scored: {reason}")
    if run.stopped or not quiet:
        say(_summary(totals, time.monotonic() - run.started, shard, units))
    if run.stopped:
        say("stopped" + ("; the same command goes on with the units that are not done" if kept else ""))
        raise typer.Exit(STOPPED)
    if totals.failures:
        raise typer.Exit(SOME_FAILED if totals.scored + totals.known else ALL_FAILED)
    if totals.errors and not kept:
        raise typer.Exit(SOME_FAILED if totals.errors < totals.rows else ALL_FAILED)


def _summary(totals: Totals, seconds: float, shard: "Shard | None", units: int) -> str:
    parts = [f"{totals.scored:,} scored"]
    parts += [f"{totals.known:,} known"] if totals.known else []
    parts += [f"{len(totals.failures):,} could not be read"] if totals.failures else []
    missing = totals.units - totals.finished
    parts += [f"{missing:,} not done"] if missing else []
    name = f"{totals.units:,} unit{'s' * (totals.units != 1)}"
    name += f" of {units:,} (shard {shard})" if shard else ""
    bad = f", {totals.errors:,} could not be read" if totals.errors else ""
    tried = f"; {totals.retries:,} reads of the store were tried again" if totals.retries else ""
    rows = f"; {totals.rows:,} rows{bad}; {totals.rows / max(seconds, 1e-9):.1f} a second" if totals.rows else ""
    return f"{name}: {', '.join(parts)}{rows}{tried}"
