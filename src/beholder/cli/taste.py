"""`beholder taste`."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beholder.cli.options import Batch, Recursive, Threads, Workers, ends, open_scorer
from beholder.cli.outputs import is_taste
from beholder.cli.session import InputPhotos, RunSummary, finish, watched
from beholder.cli.stopping import stoppable
from beholder.errors import BeholderError
from beholder.scoring.batch import batch_threads, score_photos
from beholder.terminal import say, show

if TYPE_CHECKING:
    from beholder.data.rated_photos import RatedPhotos
    from beholder.personal.taste import Taste


def taste_fit(
    model: Annotated[
        str, typer.Argument(help="Model file, or default or fast for an embedded model.", metavar="MODEL")
    ],
    ratings: Annotated[
        Path | None, typer.Argument(help="One person's ratings, unless --from-xmp has them.", metavar="[RATINGS.csv]")
    ] = None,
    from_xmp: Annotated[
        list[Path] | None,
        typer.Option(
            "--from-xmp",
            help="Folder of photographs that were rated in another program: learn from the stars, picks and rejects in "
            "them and in their sidecars. May be given again.",
            metavar="FOLDER",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            help="File of `beholder review`: learn from what was decided there. Nothing is scored.", metavar="FILE"
        ),
    ] = None,
    recursive: Recursive = False,
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

    With --from-xmp there is no table: stars are read where Lightroom, digiKam, darktable and others keep them, but not
    those that beholder wrote. A photograph without stars, and a reject, is not taken for a bad one. Where fewer than 5
    photographs have stars, picks and rejects are learned from instead: 1 and 0, so that picks come before rejects.

    With --state it is learned from stars, else picks and rejects, of `beholder review`, whose file has the scores, too.

    The command prints how well the model's overall score ranks the ratings, and how well the personal score does in
    cross-validation, that is, on ratings that it has not seen.

    \b
    Exit status as for `beholder score`; no file is written if it is stopped.

    \b
    Examples:
      beholder taste fit default ratings.csv --out taste.json
      beholder taste fit default --from-xmp photos/ --recursive
      beholder taste fit default --state shoot.sqlite
      beholder score photos/ --taste taste.json
    """
    import numpy as np

    from beholder.data.csv_ratings import load_one_rater
    from beholder.files import check_writable
    from beholder.personal import fit
    from beholder.scoring.scores import Scores

    if out.suffix.lower() != ".json":
        raise BeholderError(f"{out}: a taste file is JSON; give a name that ends in .json")
    check_writable(out, "the taste", is_taste, (ratings, model, state))
    if sum((ratings is not None, bool(from_xmp), state is not None)) != 1:
        raise BeholderError("give one of a table of ratings, --from-xmp FOLDER and --state FILE")
    if table := next((path for path in from_xmp or () if path.suffix.lower() == ".csv"), None):
        raise BeholderError(f"{table}: is a table, and --from-xmp is for folders of photographs: leave out --from-xmp")
    if ratings is None and (needless := "--root" if root else "--range" if scale else ""):
        other = "--from-xmp" if from_xmp else "--state"
        raise BeholderError(f"{needless} is about a table of ratings, and {other} reads none: leave it out")
    if state is not None:
        _fit_state(state, model, out)
        return
    try:
        limits = None if scale is None else ends(scale)
    except ValueError:
        raise BeholderError(f"--range {scale}: give it as LOW:HIGH, for example 1:5") from None
    run = RunSummary()
    if ratings is None:
        photos = _rated_in_xmp(list(map(str, from_xmp or ())), recursive=recursive, quiet=quiet, run=run)
    else:
        photos = load_one_rater(ratings, root, limits)
    try:
        fit.check_ratings(photos.ratings[:, 0])
    except BeholderError as error:
        raise BeholderError(f"{ratings or photos.name}: {error}") from None
    scorer = open_scorer(model, threads=batch_threads(threads))
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
        _write(made, out)
    finish(run, None, quiet=quiet)


def _write(made: "Taste", out: Path) -> None:
    from beholder.personal.taste import write

    write(made, out)
    show(f"{out}: {made.describe()}")
    show(f"score with it by  beholder score PHOTOS --taste {out}")


def _fit_state(path: Path, model: str, out: Path) -> None:
    """Learn from what was decided in `beholder review`."""
    from beholder.reviewing.state import State
    from beholder.reviewing.taste import taste_of

    if not path.is_file():
        raise BeholderError(f"{path}: no such file; `beholder review FOLDER --state {path}` makes one")
    scorer = open_scorer(model)
    with closing(State(path)) as state:
        made, unscored = taste_of(state, scorer.id, scorer.info)
    if unscored:
        say(f"{unscored} decided photographs were scored by other models only, and are left out")
    _write(made, out)


def _rated_in_xmp(folders: list[str], *, recursive: bool, quiet: bool, run: RunSummary) -> "RatedPhotos":
    """The photographs that were rated in other programs. What cannot be read is counted in."""
    from beholder.data.xmp_ratings import load
    from beholder.personal.fit import MIN_TASTE_RATINGS

    found = load(InputPhotos(folders, recursive=recursive, quiet=quiet), ", ".join(folders), MIN_TASTE_RATINGS)
    for path, problem in found.problems.items():
        run.reasons.add(path, problem)
    if not quiet:
        say(found.line)
    return found.photos
