"""Optional dependencies: imported where they are used; if one is missing, the error names the extra to install."""

import importlib
from types import ModuleType

from beholder.errors import BeholderError


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional module.

    Args:
        module: dotted name.
        extra: extra of beholder that installs it.
        purpose: what needs it, the start of the error message.

    Raises:
        BeholderError: it is not installed.

    >>> require("no_such_module", "train", "training")
    Traceback (most recent call last):
    beholder.errors.BeholderError: training needs no_such_module, not installed: pip install 'beholder[train]'
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise BeholderError(f"{purpose} needs {package}, not installed: pip install 'beholder[{extra}]'") from None
