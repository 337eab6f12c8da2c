"""Optional dependencies: imported where they are used, and named by their extra where they are missing."""

import importlib
from types import ModuleType

from beholder.errors import BeholderError


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional module.

    Raises:
        BeholderError: it is not installed; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise BeholderError(f"{purpose} needs {package}, not installed: pip install 'beholder[{extra}]'") from None
