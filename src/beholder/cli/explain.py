"""`beholder explain`."""

import hashlib
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Fast, Model, Threads, open_scorer
from beholder.cli.outputs import PNG_SOFTWARE, is_explanation, is_explanation_of
from beholder.errors import BeholderError
from beholder.tasks import RATING
from beholder.terminal import show


def explain(
    photo: Annotated[str, typer.Argument(help="A photograph.", metavar="PHOTO")],
    task: Annotated[
        str, typer.Option("--task", "-t", help="What to explain: overall, beauty, ...; exposure where it is predicted.")
    ] = "overall",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="PNG to write.  [default: PHOTO-TASK.png in this folder; -2, -3 for others of that name]",
        ),
    ] = None,
    grid: Annotated[int, typer.Option(min=2, max=32, help="Cells per side; the time grows with its square.")] = 8,
    model: Model = None,
    fast: Fast = False,
    threads: Threads = None,
) -> None:
    """Draw where in a photograph a score comes from.

    A signed heat map at a stated scale, and bars of all scores. Each cell is blurred in turn. An orange cell raises the
    score, a blue cell lowers it, by the points that the score changes when it is blurred. Takes 3 seconds on two cores.

    \b
    Example:
      beholder explain examples/photos/rocket.jpg --task beauty
    """
    from PIL.PngImagePlugin import PngInfo

    from beholder.files import check_writable, explained, replacing
    from beholder.photos.listing.name_lists import existing
    from beholder.photos.read import read_bytes

    photo = existing(photo) or photo
    comment = f"{task} of sha256 {hashlib.sha256(read_bytes(photo)).hexdigest()}"
    path = out or _default_path(photo, task, comment)
    if path.suffix.lower() != ".png":
        raise BeholderError(f"{path}: an explanation is a PNG; give a name that ends in .png")
    check_writable(path, "the explanation", is_explanation, (photo, model))
    explanation = open_scorer(model, fast=fast, threads=threads).explain(photo, task, grid)
    about = PngInfo()
    about.add_text("Software", PNG_SOFTWARE)
    about.add_text("Comment", comment)
    with replacing(path, "the explanation") as partial, explained(path, "the explanation"):
        explanation.draw().save(partial, "PNG", pnginfo=about)
    evidence, explained_task = explanation.evidence, explanation.task
    is_rating = explained_task.kind == RATING
    shown = f"{explanation.score:.2f}" if is_rating else explained_task.amount(explanation.score)
    show(
        f"{path}: {task} {shown}; one cell raises it by up to "
        f"{max(evidence.max(), 0):.3f}, one lowers it by up to {-min(evidence.min(), 0):.3f}"
    )


def _default_path(photo: str, task: str, comment: str) -> Path:
    """A name in this folder that is free, or has the explanation of the same photograph."""
    stem = f"{Path(photo).stem}-{task}"
    names = (Path(f"{stem}{'' if number == 1 else f'-{number}'}.png") for number in count(1))
    return next(path for path in names if not path.exists() or is_explanation_of(path, comment))
