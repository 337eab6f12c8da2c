"""`beholder taste`."""

from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Batch, Threads, Workers, ends, open_scorer
from beholder.cli.outputs import is_taste
from beholder.cli.session import InputPhotos, RunSummary, finish, watched
from beholder.cli.stopping import stoppable
from beholder.errors import BeholderError
from beholder.scoring.batch import batch_threads, score_photos
from beholder.terminal import show


def taste_fit(
    model: Annotated[
        str, typer.Argument(help="Model file, or default or fast for an embedded model.", metavar="MODEL")
    ],
    ratings: Annotated[Path, typer.Argument(help="One person's ratings.", metavar="RATINGS.csv")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Taste file to write (.json).")] = Path("taste.json"),
    root: Annotated[
        Path | None,
        typer.Option(
            help="Folder that the paths in the CSV file are relative to.  [default: its own]", file_okay=False
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option("--range", help="Ends of the rating scale.  [default: inferred]", metavar="LOW:HIGH"),
    ] = None,
    batch: Batch = None,
    workers: Workers = None,
    threads: Threads = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress; errors only.")] = False,
) -> None:
    """Learn one person's taste from their own ratings, on top of any model.

    The CSV file has a column `image` and one column of numbers, higher for photographs that are liked better. It needs
    at least 5 photographs; 10 help a little, 30 clearly, 100 twice as much. The model is not changed: the taste file
    holds what to add to its scores, and works with this model only. Where the ratings are too few to show a difference,
    the score stays that of the model. Fitting takes seconds, after the time of scoring.

    The command prints how well the model's overall score ranks the ratings, and how well the personal score does in
    cross-validation, that is, on ratings that it has not seen.

    \b
    Exit status as for `beholder score`; no file is written if it is stopped.

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

    if out.suffix.lower() != ".json":
        raise BeholderError(f"{out}: a taste file is JSON; give a name that ends in .json")
    check_writable(out, "the taste", is_taste, (ratings, model))
    try:
        limits = None if scale is None else ends(scale)
    except ValueError:
        raise BeholderError(f"--range {scale}: give it as LOW:HIGH, for example 1:5") from None
    photos = load_one_rater(ratings, root, limits)
    try:
        fit.check_ratings(photos.ratings[:, 0])
    except BeholderError as error:
        raise BeholderError(f"{ratings}: {error}") from None
    scorer = open_scorer(model, threads=batch_threads(threads))
    run = RunSummary()
    with stoppable(run):
        named = InputPhotos(list(map(str, photos.paths)), recursive=False)
        results = watched(
            score_photos(scorer, named, batch=batch, workers=workers, threads=threads),
            run,
            named.total,
            progress=not quiet,
        )
        scored = {result.path: result.scores for result in results if result.scores is not None}
    if scored and not run.stopped:
        rows = [row for row, path in enumerate(photos.paths) if str(path) in scored]
        kept = photos.subset(np.array(rows))
        found = Scores.concatenate([scored[str(path)] for path in kept.paths])
        made = fit.fit(found, scorer.info, kept.ratings[:, 0], kept.tasks[0], kept.content_hash)
        write(made, out)
        show(f"{out}: {made.describe()}")
        show(f"score with it by  beholder score PHOTOS --taste {out}")
    finish(run, None, quiet=quiet)
