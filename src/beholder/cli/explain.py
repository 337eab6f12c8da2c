"""`beholder explain`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Fast, Model, Threads, open_scorer
from beholder.errors import BeholderError
from beholder.terminal import show


def explain(
    photo: Annotated[str, typer.Argument(help="A photograph.", metavar="PHOTO")],
    task: Annotated[
        str, typer.Option("--task", "-t", help="Which score to explain: overall, beauty, valence, ...")
    ] = "overall",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="PNG to write.  [default: PHOTO-TASK.png in this folder]")
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
    from beholder.files import explained, replacing
    from beholder.photos.name_lists import existing

    photo = existing(photo) or photo
    path = out or Path(f"{Path(photo).stem}-{task}.png")
    if path.suffix.lower() != ".png":
        raise BeholderError(f"{path}: an explanation is a PNG; give a name that ends in .png")
    if os.path.exists(path) and os.path.exists(photo) and os.path.samefile(path, photo):
        raise BeholderError(f"{path}: is the photograph itself; give the explanation another name")
    explanation = open_scorer(model, fast=fast, threads=threads).explain(photo, task, grid)
    with replacing(path, "the explanation") as partial, explained(path, "the explanation"):
        explanation.draw().save(partial, "PNG")
    evidence = explanation.evidence
    show(
        f"{path}: {task} {explanation.score:.2f}; one cell raises it by up to "
        f"{max(evidence.max(), 0):.3f}, one lowers it by up to {-min(evidence.min(), 0):.3f}"
    )
