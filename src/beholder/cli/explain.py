"""`beholder explain`."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beholder.cli.options import Fast, Model, Threads, open_scorer
from beholder.cli.outputs import free_picture_path, is_explanation, save_picture
from beholder.errors import BeholderError
from beholder.output.rows import DECIMALS
from beholder.tasks import RATING
from beholder.terminal import show, show_json
from beholder.text import valid_utf8

if TYPE_CHECKING:
    from beholder.scoring.explain import Explanation


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
    as_json: Annotated[
        bool, typer.Option("--json", help="Print words, scores and the map as JSON instead; the PNG is written, too.")
    ] = False,
) -> None:
    """Say why a photograph is rated as it is, in words and on a sheet.

    The words are printed: how good it is beside rated photographs, what is clearly wrong in light, focus, colour and
    framing, and how what is shown is rated by itself. Edits that are not clear are not named.

    The sheet has the photograph, the words, a signed heat map at a stated scale, and bars of all scores and edits. For
    the map each cell is hidden in turn: an orange cell raises the score, a blue cell lowers it, by the points that
    the score changes when it is hidden. Takes 6 seconds on two cores.

    \b
    Example:
      beholder explain examples/photos/rocket.jpg --task beauty
    """
    from beholder.files import check_writable
    from beholder.photos.listing.name_lists import existing
    from beholder.photos.read import read_bytes

    photo = existing(photo) or photo
    comment = f"{task} of sha256 {hashlib.sha256(read_bytes(photo)).hexdigest()}"
    path = out or free_picture_path(Path(), f"{Path(photo).stem}-{task}", comment)
    if path.suffix.lower() != ".png":
        raise BeholderError(f"{path}: an explanation is a PNG; give a name that ends in .png")
    check_writable(path, "the explanation", is_explanation, (photo, model))
    explanation = open_scorer(model, fast=fast, threads=threads).explain(photo, task, grid)
    save_picture(explanation.draw(), path, "the explanation", comment)
    if as_json:
        show_json(_document(photo, path, explanation))
        return
    evidence, explained_task = explanation.evidence, explanation.task
    is_rating = explained_task.kind == RATING
    shown = f"{explanation.score:.2f}" if is_rating else explained_task.amount(explanation.score)
    show(
        f"{path}: {task} {shown}; one cell raises it by up to "
        f"{max(evidence.max(), 0):.3f}, one lowers it by up to {abs(min(evidence.min(), 0)):.3f}"
    )
    for sentence in explanation.words():
        show(sentence)


def _document(photo: str, sheet: Path, explanation: "Explanation") -> dict[str, Any]:
    """What `--json` prints."""
    scores = {name: round(values[0].item(), DECIMALS) for name, values in explanation.scores.to_dict().items()}
    return {
        "path": valid_utf8(photo),
        "sheet": valid_utf8(str(sheet)),
        "model": explanation.scores.model,
        "words": explanation.words(),
        "scores": scores,
        "task": explanation.task.name,
        "map": explanation.evidence.astype(float).round(DECIMALS + 1).tolist(),
    }
