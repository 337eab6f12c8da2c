"""`beholder score`."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Batch, Fast, Model, Paths, Recursive, TasteFile, Workers, open_scorer, open_taste
from beholder.cli.session import InputPhotos, RunSummary, finish, results, say, stoppable
from beholder.errors import BeholderError
from beholder.scoring.batch import THREADS

SHOWN = 40  # rows of the table unless --top says otherwise


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
    from beholder.cli.tables import make_console, scores_table
    from beholder.output import ranking, sinks
    from beholder.output.rows import columns_of, identity_of, row_of

    if resume and out is None:
        raise BeholderError("--resume goes on with a file: name it with --out")
    if out is not None:
        sinks.check(out, resume)
    scorer = open_scorer(model, fast, THREADS)
    personal = open_taste(taste, scorer)
    columns = columns_of(scorer.info.tasks, personal is not None, scorer.info.score_levels)
    by = sort or ("taste" if personal else "overall")
    if by == scorer.info.tasks[0].name:
        by = "overall"  # as its column is called, whatever the model's first task is
    tasks = columns[columns.index("overall") : columns.index("low")]
    sortable = (*columns[1 : columns.index("low")], "percentile", *["sd"] * bool(scorer.info.score_levels), "path")
    if by not in sortable:
        raise BeholderError(f"--sort {by}: choose one of {', '.join(sortable)}")
    stream = as_json and top is None and sort is None
    ranked = ranking.Ranked(by, None if as_json and top is None else top or SHOWN)
    run = RunSummary()
    with ExitStack() as stack:
        array = stack.enter_context(ranking.JsonArray()) if as_json else None
        named = InputPhotos(paths, recursive)
        stack.enter_context(stoppable(run))
        by_whom = identity_of(scorer.id, personal)
        sink = stack.enter_context(sinks.open_sink(out, columns, by_whom, resume)) if out else None
        known = sink.knows if sink and resume else None
        bar = not (quiet or (stream and sys.stdout.isatty()))
        hashed = as_json or sink is not None  # the table on a terminal has no sha256
        for result in results(scorer, named, batch, workers, bar, run, hashed=hashed, known=known):
            if result.scores is None and result.error is None:
                assert sink is not None
                row = sink.keep(result.path)
            else:
                row = row_of(result, columns, personal)
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
        console = make_console()
        console.print(scores_table(ranked.rows(), tasks, console.width))
        if ranked.seen > len(ranked):
            say(f"{ranked.seen - len(ranked)} more: --top {ranked.seen} shows all, --out FILE keeps them")
    finish(run, out, quiet)
