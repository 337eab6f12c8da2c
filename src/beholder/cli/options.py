"""Options that several commands share, and functions that read their values."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beholder.data.sets import NAMES
from beholder.errors import BeholderError
from beholder.photos.listing.pairs import Pairs
from beholder.terminal import say

if TYPE_CHECKING:
    from beholder.reviewing.scored_once import ScoredOnce
    from beholder.scoring.extra_columns import ExtraColumns
    from beholder.scoring.scorer import Scorer

Paths = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders, patterns such as 'trip/*.jpg', or - for a list of names on standard input, one a line or "
        "with a NUL after each (find -print0).",
        metavar="PATH",
    ),
]
ModelArgument = Annotated[
    str | None,
    typer.Argument(
        help="Model file, the word fast, or hf://ORG/REPO@COMMIT.  [default: the embedded default model]",
        metavar="MODEL",
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="Model file, or hf://ORG/REPO@COMMIT.  [default: the embedded model]"),
]
Fast = Annotated[
    bool, typer.Option("--fast", help="Use the small embedded model: several times as fast, a little less accurate.")
]
TasteFile = Annotated[
    Path | None,
    typer.Option("--taste", help="Also score for one person, with a file of `beholder taste fit`.", metavar="FILE"),
]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Also look into the folders inside a folder.")]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        help="Leave out files and folders of this name, or whose path ends so: thumbs, '*_small.*', trip/raw. Case "
        "does not matter. May be given again.",
        metavar="PATTERN",
    ),
]
PairsOption = Annotated[
    Pairs,
    typer.Option(
        "--pairs",
        help="Where a RAW and a JPEG (or HEIC) share a name and a folder: all of them, or one, the JPEG.",
    ),
]
StateFile = Annotated[
    Path | None,
    typer.Option(
        "--state",
        help="Keep scores in this file of `beholder review`, and do not score again what is in it.",
        metavar="FILE",
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(min=1, max=256, help="Photographs in one run of the model.  [default: 2 to 8, by the model]"),
]
Workers = Annotated[
    int | None, typer.Option(min=1, max=256, help="Decoding threads.  [default: as --threads, or one per core]")
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=256,
        help="How many cores to use, for decoding and the model together.  [default: BEHOLDER_THREADS, or all "
        "that this process may use: by its affinity, the quota of its container, and OMP_NUM_THREADS]",
    ),
]


def open_scorer(model: str | None, *, fast: bool = False, threads: int | None = None, device: str = "auto") -> "Scorer":
    """The model that --model and --fast choose. Raises BeholderError if both are given."""
    from beholder.scoring.scorer import Scorer

    if model and fast:
        raise BeholderError("--fast is a model as --model is: give one of the two")
    return Scorer("fast" if fast else model, threads, device)


@contextmanager
def open_store(
    path: Path | None, scorer: "Scorer", extras: "Sequence[ExtraColumns]", *, culling: bool = False
) -> "Iterator[ScoredOnce | None]":
    """The scores in the file of --state, for the rows of a command; None without one.

    Args:
        path: of the file; made where there is none.
        scorer: the model.
        extras: what is added to the scores.
        culling: whether rows have the columns of `beholder cull`.

    Raises:
        BeholderError: it cannot be opened.
    """
    if path is None:
        yield None
        return
    from beholder.culling.table import EXTRA
    from beholder.output.rows import columns_of, extra_ids
    from beholder.reviewing.scored_once import ScoredOnce
    from beholder.reviewing.state import State

    with closing(State(path)) as state:
        if state.aside is not None:
            say(aside_line(path, state.aside))
        columns = columns_of(scorer.info.tasks, (EXTRA, *extras) if culling else extras)
        yield ScoredOnce(state, scorer, columns, reads=not extra_ids(extras))


def aside_line(path: Path, aside: Path) -> str:
    """What is said of a state file that could not be used."""
    return f"{path}: was damaged or of another version; it is kept as {aside}, and a new one was begun"


DATA_METAVAR = "NAME|FILE.csv"
DATA_HELP = f"{', '.join(NAMES)}, or your own FILE.csv."  # what --data means in every command
Data = Annotated[str, typer.Option("--data", "-d", help=DATA_HELP, metavar=DATA_METAVAR)]
Root = Annotated[
    Path | None,
    typer.Option(
        help="Folder with one folder a data set, or that of the data set itself; for FILE.csv the folder that its "
        "paths are relative to.  [default: BEHOLDER_DATA; for FILE.csv its own folder]",
        file_okay=False,
    ),
]
EmbeddedRoot = Annotated[
    Path | None,
    typer.Option("--root", help="Folder that holds oasis/ and biq2021/.  [default: BEHOLDER_DATA]", file_okay=False),
]
SecondRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of the second data set, as --root.  [default: as --root]", file_okay=False),
]
Scale = Annotated[
    list[str] | None,
    typer.Option("--range", help="Ends of a rating scale in a CSV file; once a task.", metavar="TASK=LOW:HIGH"),
]
DropLeaks = Annotated[
    bool, typer.Option("--drop-leaks", help="Leave out photographs that are in two parts, instead of refusing.")
]
DropMissing = Annotated[
    bool, typer.Option("--drop-missing", help="In ava: leave out photographs whose files are missing.")
]
TestShare = Annotated[
    float | None,
    typer.Option(
        min=0, max=0.9, help="Share of the photographs to test on, where no split is published.  [default: a fifth]"
    ),
]
ValidationShare = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=0.9,
        help="Share to choose epochs on, likewise; with 0 soydaner2023 takes the last one.  [default: a tenth]",
    ),
]
Cache = Annotated[
    Path | None, typer.Option(help="Folder for weights and features.  [default: BEHOLDER_CACHE or the user's cache]")
]
Device = Annotated[str, typer.Option(help="auto (CUDA where there is one), cpu or cuda.")]


def ranges(given: list[str] | None, option: str = "--range") -> dict[str, tuple[float, float]]:
    """``TASK=LOW:HIGH`` of each --range."""
    found = {}
    for text in given or []:
        task, _, limits = text.partition("=")
        try:
            found[task] = ends(limits)
        except ValueError:
            raise BeholderError(f"{option} {text}: give it as TASK=LOW:HIGH, for example beauty=1:7") from None
    return found


def ends(text: str) -> tuple[float, float]:
    """``LOW:HIGH`` -> the two numbers. Raises ValueError for other text."""
    low, _, high = text.partition(":")
    return float(low), float(high)
