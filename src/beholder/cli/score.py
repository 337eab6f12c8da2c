"""`beholder score`."""

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.best import TABLE_ROWS, show_best
from beholder.cli.options import (
    Batch,
    Device,
    Exclude,
    Fast,
    Model,
    PairsOption,
    Paths,
    Recursive,
    StateFile,
    TasteFile,
    Threads,
    Workers,
    open_scorer,
    open_store,
)
from beholder.cli.score_units import UnitArguments, are_units, score_units
from beholder.cli.session import SOME_FAILED, InputPhotos, RunSummary, finish, watched
from beholder.cli.stopping import stoppable
from beholder.cli.unit_options import (
    BatchRows,
    CarryOption,
    Column,
    Embeddings,
    EngineOption,
    Fields,
    MaxErrorsOption,
    Overwrite,
    RetriesOption,
    ShardOption,
)
from beholder.cli.xmp_options import BreakLinks, Embed, Stars, Xmp, open_marking
from beholder.errors import BeholderError
from beholder.output.extras import open_extras
from beholder.output.formats import FORMATS, in_words
from beholder.photos.listing.pairs import Pairs
from beholder.scoring.batch import batch_threads
from beholder.terminal import say


def score(
    paths: Paths,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            help=f"Also write a table, in the order of the input: {in_words(tuple(FORMATS))}; - prints CSV. "
            "'out/{unit}.parquet' writes one for each shard.",
            metavar="FILE",
        ),
    ] = None,
    recursive: Recursive = False,
    exclude: Exclude = None,
    pairs: PairsOption = Pairs.ALL,
    top: Annotated[
        int | None, typer.Option(min=1, help=f"How many of the best to show.  [default: {TABLE_ROWS}]")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="Rank by overall, a task (beauty, exposure), taste, percentile or path.")
    ] = None,
    model: Model = None,
    fast: Fast = False,
    taste: TasteFile = None,
    state: StateFile = None,
    batch: Batch = None,
    workers: Workers = None,
    threads: Threads = None,
    device: Device = "auto",
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print a JSON array, in the order of the input unless --sort or --top is given."),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the file of --out: score only what is missing from it.")
    ] = False,
    xmp: Xmp = None,
    stars: Stars = None,
    embed: Embed = False,
    break_links: BreakLinks = False,
    csv_bom: Annotated[
        bool, typer.Option("--csv-bom", help="Begin a CSV file with a byte order mark, so that Excel reads all names.")
    ] = False,
    with_details: Annotated[
        bool,
        typer.Option("--details", help="Also show valence, arousal, predicted edits, disagreement and familiarity."),
    ] = False,
    column: Column = None,
    carry: CarryOption = None,
    fields: Fields = None,
    embeddings: Embeddings = False,
    batch_rows: BatchRows = None,
    shard: ShardOption = None,
    engine: EngineOption = None,
    max_errors: MaxErrorsOption = None,
    retries: RetriesOption = None,
    overwrite: Overwrite = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table, no progress; errors only.")] = False,
) -> None:
    """Score photographs and show the best first.

    Each photograph gets an overall score with a 90% interval, its percentile among rated photographs (pct), and a score
    for each attribute, in native units; a line says from what to what. Valence and arousal, how pleasant and how
    exciting what is shown feels, are in the table with --details. With --taste it also gets the rating that one person
    would give, on their scale, and the table is ranked by that.

    Some models also predict how a picture was made, which --details shows: predicted edits such as exposure -1.3 EV
    (-1.9 to -0.7), clear where an unedited picture lies outside the interval; disagreement, how much people's votes
    would differ; and familiarity, the share of rated photographs that are less like what was rated. They are not
    ratings. A question mark is beside a photograph so unfamiliar that its scores say little. Files and JSON always
    have all of these columns.

    The table goes to standard output, progress and problems to standard error. A file that cannot be read becomes a row
    with a reason. Folders that programs made for themselves (@eaDir, #recycle, lost+found) are passed over, and what
    was passed over is said in a line.

    With --state scores are kept in a file of `beholder review`, and what it knows is not scored again, whatever a file
    is called. With --taste all is scored.

    Shards of millions of images are units: tar files (also by braces, {00000..00999}.tar), Parquet tables, URLs of
    stores (s3://, gs://, hf://), or a folder with --out 'out/{unit}.csv'. Each unit gets a table of its own, whole or
    not at all, with one row for each row of the input, and the same command goes on after a stop. `beholder merge`
    checks that all are there.

    With --xmp each score is also written where photo programs read it, in sidecars or in the files; what a person has
    set there stays. `beholder xmp write` does the same from a table, with --dry-run.

    \b
    Exit status:
      0    all scored
      1    nothing was scored
      3    some could not be read, or not be written to by --xmp; of units with --out: some units
      130  stopped by Ctrl-C, SIGTERM or SIGHUP; the file of --out holds what was done;
           a second one ends the program at once

    \b
    Examples:
      beholder score photos/ --recursive --top 20
      beholder score photos/ --out scores.csv --resume
      beholder score photos/ --recursive --exclude '*_small.*' --pairs one
      find . -name '*.jpg' -print0 | beholder score - --json
      beholder score photos/ --out - | head
      beholder score photos/ --details --sort exposure
      beholder score photos/ --taste taste.json
      beholder score photos/ --xmp sidecar --stars percentile
      beholder score 'shards/{000..999}.tar' --out 'scores/{unit}.parquet' --shard 3/64
    """
    from beholder.output.pipeline import rank_column, score_rows
    from beholder.output.ranking import JsonArray, Ranked
    from beholder.output.sinks import STANDARD_OUTPUT, check_output

    arguments = UnitArguments(
        column, carry, embeddings, fields, batch_rows, shard, engine, max_errors, retries, overwrite
    )
    if are_units(paths, out, arguments):
        others = {"--exclude": exclude, "--pairs": pairs is not Pairs.ALL, "--state": state, "--xmp": xmp}
        others |= {"--stars": stars, "--embed": embed, "--break-links": break_links, "--csv-bom": csv_bom}
        score_units(
            paths,
            arguments,
            out=out,
            model=model,
            fast=fast,
            taste=taste,
            recursive=recursive,
            top=top,
            sort=sort,
            batch=batch,
            workers=workers,
            threads=threads,
            device=device,
            as_json=as_json,
            details=with_details,
            quiet=quiet,
            others={name: bool(given) for name, given in others.items()},
        )
        return
    table = None if out is None else Path(out)
    if resume and table is None:
        raise BeholderError("--resume goes on with a file: name it with --out")
    printed = table == STANDARD_OUTPUT
    if printed and as_json:
        raise BeholderError("--out - and --json both print: give one of the two")
    if csv_bom and table is None:
        raise BeholderError("--csv-bom is about a CSV file: name it with --out")
    if table is not None:
        check_output(table, resume=resume, csv_bom=csv_bom, inputs=(*paths, model, taste, state))
    scorer = open_scorer(model, fast=fast, threads=batch_threads(threads), device=device)
    extras = open_extras(scorer, taste)
    by = rank_column(sort, scorer.info.tasks, extras)
    every_row = as_json and top is None
    stream = every_row and sort is None
    ranked = Ranked(by, None if every_row else top or TABLE_ROWS, with_errors=every_row)
    run = RunSummary()
    with (
        open_marking(xmp, stars=stars, embed=embed, break_links=break_links) as marking,
        JsonArray() if as_json else nullcontext() as array,
        open_store(state, scorer, extras) as store,
    ):
        photos = InputPhotos(paths, recursive=recursive, exclude=exclude or (), pairs=pairs, quiet=quiet)
        progress = not (quiet or ((stream or printed) and sys.stdout.isatty()))
        with stoppable(run):
            kept = score_rows(
                scorer,
                photos,
                extras,
                out=table,
                resume=resume,
                csv_bom=csv_bom,
                ranked=None if stream else ranked,
                array=array,
                each=None if marking is None else marking.add,
                store=store,
                batch=batch,
                workers=workers,
                threads=threads,
                watch=partial(watched, run=run, total=photos.total, progress=progress),
            )
    if not (as_json or printed or quiet) and ranked.seen:
        show_best(ranked, scorer, extras, with_details=with_details)
    if kept:
        say(f"{table} stays as it was: nothing was scored")
    if marking is not None:
        marking.report(quiet=quiet)
    finish(run, None if printed or kept else table, quiet=quiet)
    if marking is not None and marking.reasons.count:
        raise typer.Exit(SOME_FAILED)
