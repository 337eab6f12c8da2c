"""`beholder report`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beholder.cli.options import Batch, Fast, Model, Paths, Recursive, TasteFile, Workers, open_scorer, open_taste
from beholder.cli.session import InputPhotos, RunSummary, finish, results, stoppable
from beholder.errors import BeholderError
from beholder.scoring.batch import THREADS

if TYPE_CHECKING:
    from beholder.output.report import Entry
    from beholder.photos.read import Photo

THUMBNAIL = 480  # pixels of the longest side in a report


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
    from beholder.output.report import entry, thumbnail, write_report
    from beholder.output.rows import identity_of
    from beholder.text import printable

    if out.suffix.lower() not in (".html", ".htm"):
        raise BeholderError(f"{out}: a report is a web page; give a name that ends in .html")
    scorer = open_scorer(model, fast, None if exact_maps else THREADS)
    personal = open_taste(taste, scorer)
    tasks = scorer.info.tasks if personal is None else (scorer.info.tasks[0], personal.task, *scorer.info.tasks[1:])
    named = InputPhotos(paths, recursive)
    run = RunSummary()
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
        identity = identity_of(scorer.id, personal)
        write_report(
            out,
            entries(),
            failures,
            tasks,
            model=identity,
            title=title,
            exact_maps=exact_maps,
            score_levels=scorer.info.score_levels,
        )
    if not quiet:
        typer.echo(printable(str(out)))
    finish(run, out, quiet)
