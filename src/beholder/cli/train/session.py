"""What the training commands share: paths of files, lines about data and epochs, and how a stopped run ends."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beholder.cli.session import STOPPED
from beholder.interruption import interruptible
from beholder.terminal import say

if TYPE_CHECKING:
    from beholder.data.rated_photos import RatedPhotos
    from beholder.tasks import Task

SATURATED = "; the second branch says the same of all photographs: give smaller rates"

Work = Annotated[
    Path | None, typer.Option(help="Folder of the checkpoint.  [default: beside the model file, NAME.training]")
]
TensorBoard = Annotated[Path | None, typer.Option(help="Also write the curves to this folder, for TensorBoard.")]


@contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """Print after Ctrl-C how to resume; remove the folder of the checkpoint if it is empty."""
    try:
        with interruptible():
            yield
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here")
        raise typer.Exit(STOPPED) from None
    finally:
        with suppress(OSError):
            folder.rmdir()


def say_data(photos: "RatedPhotos", tasks: "Sequence[Task]", also: str = "") -> None:
    """Print which photographs and tasks are learned."""
    counts = ", ".join(f"{(photos.splits or ()).count(part)} {part}" for part in ("train", "validation", "test"))
    count = f"{len(tasks)} task{'s' * (len(tasks) != 1)}"
    say(f"{photos.name}: {len(photos)} photographs ({counts}), {count}{also}")
    for task in tasks:
        say(f"  {task.name}, {task.low:g} to {task.high:g}. {task.description}")


@contextmanager
def epoch_reporter(folder: Path | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that prints each epoch of a training, and writes it for TensorBoard if a folder is given."""

    def tell(row: dict[str, Any]) -> None:
        if row["best"] or row["stage"] == 2:
            srcc = f", SRCC {row['validation_srcc']:.3f}" if "validation_srcc" in row else ""
            held_out = f", validation loss {row['validation_loss']:.4f}" if "validation_loss" in row else ""
            say(
                f"stage {row['stage']}, epoch {row['epoch']}: loss {row['loss']:.4f}{held_out}{srcc}"
                f"{', best so far' * (row['best'] and 'validation_loss' in row)}"
                f"{SATURATED * math.isnan(row.get('second_srcc', 0))}"
            )

    if folder is None:
        yield tell
        return
    from beholder.extras import require

    require("tensorboard", "dev", "--tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(folder) as writer:

        def write(row: dict[str, Any]) -> None:
            tell(row)
            for name in {"loss", "validation_loss", "validation_srcc"} & set(row):
                writer.add_scalar(f"stage{row['stage']}/{name}", row[name], row["epoch"])

        yield write
