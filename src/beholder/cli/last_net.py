"""The last net: whatever goes wrong unexpectedly becomes one line; BEHOLDER_DEBUG=1 shows where it happened.

It loads nothing, so that it can also speak of NumPy or ONNX Runtime that cannot be loaded.
"""

import os
import sys
import threading
import traceback
import warnings

from beholder.terminal import say
from beholder.text import one_line

DEBUG_VARIABLE = "BEHOLDER_DEBUG"  # environment variable
_PACKAGES = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "google": "protobuf"}


def report(error: BaseException) -> None:
    """Say in one line what happened, after the traceback if BEHOLDER_DEBUG is set."""
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    say(f"error: {_explained(error)}")


def install() -> None:
    """Let errors of threads and warnings be one line too, and errors that Python would only mention be none."""
    threading.excepthook = lambda given: None if given.exc_value is None else report(given.exc_value)
    if not os.environ.get(DEBUG_VARIABLE):
        warnings.showwarning = lambda message, *_: say(f"warning: {message}")
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
    """The package of others that could not be loaded: the one that is named, or that was being loaded."""
    modules = [frame.f_globals.get("__name__") for frame, _ in traceback.walk_tb(error.__traceback__)]
    found = str(getattr(error, "name", None) or (modules or [""])[-1])
    package = found.partition(".")[0]
    return "" if package in ("beholder", "importlib") else package
