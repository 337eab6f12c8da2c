"""`beholder review`."""

import os
import sys
import webbrowser
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Exclude, Fast, Model, Recursive, Threads, Workers, aside_line, open_scorer
from beholder.cli.session import InputPhotos, RunSummary
from beholder.cli.stopping import stoppable
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.terminal import say


def review(
    folder: Annotated[str, typer.Argument(help="Folder of photographs.", metavar="FOLDER")],
    recursive: Recursive = False,
    exclude: Exclude = None,
    state: Annotated[
        Path | None,
        typer.Option(
            help="File that keeps scores and decisions.  [default: one for the folder, in the user's data folder]",
            metavar="FILE",
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes any that is free.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the link and open no browser.")] = False,
    model: Model = None,
    fast: Fast = False,
    workers: Workers = None,
    threads: Threads = None,
) -> None:
    """Go through a shoot in the browser, with the keyboard: scores, series and reasons beside each photograph.

    The page opens at once and fills while photographs are scored. Picks, rejects, stars and colour labels are kept with
    every key, in one file for the folder; whatever happens, nothing that was decided is lost, and every step can be
    undone. Start again, and it goes on where you were: nothing is scored twice, and files that were moved or renamed
    are known again.

    The photographs stay as they are. Decisions go to XMP, a table, copies or links when you say so on the page, and
    what will be written is shown first.

    The page can be opened on this machine only, with the link that is printed here. It works once. Ctrl-C ends it.

    \b
    Exit status:
      0    stopped in order
      1    it could not be started
      130  stopped twice

    \b
    Examples:
      beholder review shoot/
      beholder review shoot/ --recursive --fast
      beholder review shoot/ --port 8018 --no-browser
      beholder review shoot/ --state shoot.sqlite
    """
    for module in ("fastapi", "uvicorn"):
        require(module, "serve", "beholder review")
    if not os.path.isdir(folder):
        why = "is not a folder" if os.path.lexists(folder) else "no such folder"
        raise BeholderError(f"{folder}: {why}; give the folder of a shoot")
    from beholder.reviewing.guard import Door
    from beholder.reviewing.library import Library
    from beholder.reviewing.server import listening_socket, make_app, serve
    from beholder.reviewing.state import open_state
    from beholder.scoring.batch import batch_threads

    photos = InputPhotos([folder], recursive=recursive, exclude=exclude or ())
    scorer = open_scorer(model, fast=fast, threads=batch_threads(threads))
    title = os.path.basename(os.path.abspath(folder)) or folder
    with closing(listening_socket(port)) as bound, closing(open_state(state, folder)) as kept:
        if kept.aside is not None:
            say(aside_line(kept.path, kept.aside))
        _tell_of_xmp()
        door = Door(lambda link: say(f"the link was used; a new one: {link}"))
        door.port = bound.getsockname()[1]
        library = Library(folder, lambda: photos, scorer, kept, say=say, workers=workers, threads=threads)
        run = RunSummary()

        def ready() -> None:
            say(f"{door.link} opens the page once; Ctrl-C ends it")
            if not no_browser and _has_display():
                webbrowser.open(door.link)

        library.start()
        try:
            with stoppable(run):
                serve(make_app(library, door, title), bound, lambda: run.stopped, ready)
        finally:
            library.stop()
        say("stopped; what was decided is kept")


def _tell_of_xmp() -> None:
    """Say it where XMP cannot be read: then what other programs have set is not seen."""
    from beholder.xmp.packet import check_installed

    try:
        check_installed()
    except BeholderError as error:
        say(f"stars, picks and labels of other programs are not seen: {error}")


def _has_display() -> bool:
    """Whether a browser with a window can be opened; one in the terminal would take its place."""
    if sys.platform.startswith(("win", "darwin")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
