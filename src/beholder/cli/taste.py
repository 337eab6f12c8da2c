"""`beholder taste`."""

from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Batch, Workers, ends, open_scorer
from beholder.cli.session import InputPhotos, RunSummary, finish, results, stoppable
from beholder.errors import BeholderError
from beholder.scoring.batch import THREADS


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

    from beholder.data.csv_ratings import load_one_rater
    from beholder.files import check_writable
    from beholder.personal import fit
    from beholder.personal.taste import write
    from beholder.scoring.scores import Scores
    from beholder.text import printable

    if out.suffix.lower() != ".json":
        raise BeholderError(f"{out}: a taste file is JSON; give a name that ends in .json")
    check_writable(out, "the taste")
    try:
        limits = None if scale is None else ends(scale)
    except ValueError:
        raise BeholderError(f"--range {scale}: give it as LOW:HIGH, for example 1:5") from None
    photos = load_one_rater(ratings, root, limits)
    try:
        fit.check_ratings(photos.ratings[:, 0])
    except BeholderError as error:
        raise BeholderError(f"{ratings}: {error}") from None
    scorer = open_scorer(model, threads=THREADS)
    run = RunSummary()
    with stoppable(run):
        named = InputPhotos(list(map(str, photos.paths)), recursive=False)
        scored = {r.path: r.scores for r in results(scorer, named, batch, workers, not quiet, run) if r.scores}
    if scored and not run.stopped:
        rows = [row for row, path in enumerate(photos.paths) if str(path) in scored]
        kept = photos.subset(np.array(rows))
        found = Scores.concatenate([scored[str(path)] for path in kept.paths])
        made = fit.fit(found, scorer.info, kept.ratings[:, 0], kept.tasks[0], kept.content_hash)
        write(made, out)
        typer.echo(printable(f"{out}: {made.describe()}"))
        typer.echo(f"score with it by  beholder score PHOTOS --taste {printable(str(out))}")
    finish(run, None, quiet)
