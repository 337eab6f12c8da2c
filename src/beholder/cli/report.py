"""`beholder report`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import (
    Batch,
    Exclude,
    Fast,
    Model,
    PairsOption,
    Paths,
    Recursive,
    TasteFile,
    Threads,
    Workers,
    open_scorer,
)
from beholder.cli.outputs import say_replaced
from beholder.cli.session import InputPhotos, RunSummary, finish, watched
from beholder.cli.stopping import stoppable
from beholder.errors import BeholderError
from beholder.output.extras import open_extras
from beholder.photos.listing.pairs import Pairs
from beholder.scoring.batch import batch_threads
from beholder.terminal import show


def report(
    paths: Paths,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="HTML file to write.  [default: report.html]")] = None,
    title: Annotated[str, typer.Option(help="Title of the page.")] = "beholder report",
    exact_maps: Annotated[
        bool, typer.Option("--exact-maps", help="Heat maps, as `beholder explain` makes them: 6 seconds a photograph.")
    ] = False,
    recursive: Recursive = False,
    exclude: Exclude = None,
    pairs: PairsOption = Pairs.ALL,
    model: Model = None,
    fast: Fast = False,
    taste: TasteFile = None,
    batch: Batch = None,
    workers: Workers = None,
    threads: Threads = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress; errors only.")] = False,
) -> None:
    """Make one HTML page of photographs, sorted by score.

    The page has thumbnails, bars, filters, and a line of words about each photograph. A click shows the photograph
    large, with all words, scores and predicted edits, and a link that opens the file. It needs no network. The
    original is shown where the page still finds it, and the browser knows its format; else a smaller picture that is
    inside the page.

    Heat maps take 6 seconds a photograph: --exact-maps makes those of `beholder explain`.

    Exit status as for `beholder score`. If nothing could be scored, an existing report is kept.

    \b
    Example:
      beholder report photos/ --out report.html
    """
    from beholder.files import check_writable
    from beholder.output.html_page import is_page
    from beholder.output.pipeline import score_page

    path = out or Path("report.html")
    if path.suffix.lower() not in (".html", ".htm"):
        raise BeholderError(f"{path}: a report is a web page; give a name that ends in .html")
    check_writable(path, "the report", is_page, (*paths, model, taste))
    scorer = open_scorer(model, fast=fast, threads=threads if exact_maps else batch_threads(threads))
    extras = open_extras(scorer, taste)
    photos = InputPhotos(paths, recursive=recursive, exclude=exclude or (), pairs=pairs, quiet=quiet)
    if out is None and not quiet:
        say_replaced(path)
    run = RunSummary()
    with stoppable(run):  # a stopped run still makes a page of what was scored
        written = score_page(
            scorer,
            photos,
            extras,
            out=path,
            title=title,
            exact_maps=exact_maps,
            batch=batch,
            workers=workers,
            threads=threads,
            watch=partial(watched, run=run, total=photos.total, progress=not quiet),
        )
    if written and not quiet:
        show(str(path))
    finish(run, path if written else None, quiet=quiet)
