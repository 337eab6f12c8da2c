"""The last net: whatever goes wrong unexpectedly becomes one line; BEHOLDER_DEBUG=1 shows where it happened.

It loads nothing, so that it can also speak of NumPy or ONNX Runtime that cannot be loaded.
"""

import os
import sys
import threading
import traceback
from types import TracebackType

from beholder.terminal import say
from beholder.text import one_line

DEBUG_VARIABLE = "BEHOLDER_DEBUG"  # environment variable
_PACKAGES = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "google": "protobuf"}
_OURS = ("beholder", "importlib", "<frozen importlib", "typer", "threading", "concurrent")


def report(error: BaseException) -> None:
    """Say in one line what happened, after the traceback if BEHOLDER_DEBUG is set."""
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    say(f"error: {_explained(error)}")


def install() -> None:
    """Let errors of threads be one line too, and errors that Python would only mention be none."""
    threading.excepthook = lambda given: None if given.exc_value is None else report(given.exc_value)
    if not os.environ.get(DEBUG_VARIABLE):
        sys.unraisablehook = lambda given: None


def _explained(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory; close other programs, or try --batch 1 --workers 1"
    library = _library(error)
    if isinstance(error, ImportError) and library:
        package = _PACKAGES.get(library, library)
        return (
            f"{library} cannot be loaded ({one_line(error)}); install it again: pip install --force-reinstall {package}"
        )
    return (
        f"{type(error).__name__}: {one_line(error)}; this is a fault of beholder, please report it with the command; "
        f"{DEBUG_VARIABLE}=1 shows the traceback"
    )


def _library(error: BaseException) -> str:
    """The package of others that could not be loaded: the missing one, or the last that was being loaded."""
    found = (getattr(error, "name", None) or "").partition(".")[0]
    step: TracebackType | None = error.__traceback__
    while step is not None:
        name = str(step.tb_frame.f_globals.get("__name__")).partition(".")[0]
        if name not in _OURS:
            found = name
        step = step.tb_next
    return "" if found in _OURS else found
