"""Options that several commands take, and how their values are read."""

from pathlib import Path
from typing import Annotated

import typer

from beholder.errors import BeholderError

Data = Annotated[
    Path,
    typer.Option(
        envvar="BEHOLDER_DATA", help="Folder with one folder a data set.", file_okay=False, show_default=False
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(
        help="Folder with one folder a data set, BEHOLDER_DATA by default; for a CSV file the folder that its paths "
        "are relative to, its own by default.",
        file_okay=False,
        show_default=False,
    ),
]
SecondRoot = Annotated[
    Path | None,
    typer.Option(help="Folder of the second domain, as --root.  [default: as --root]", file_okay=False),
]
Scale = Annotated[
    list[str] | None,
    typer.Option("--range", help="Ends of a rating scale in a CSV file; once a task.", metavar="TASK=LOW:HIGH"),
]
DropLeaks = Annotated[
    bool, typer.Option("--drop-leaks", help="Leave out photographs that are in two parts, instead of refusing.")
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
    """``LOW:HIGH``. Raises ValueError where it is something else."""
    low, _, high = text.partition(":")
    return float(low), float(high)
