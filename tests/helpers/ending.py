"""Functions for processes that end while they are called."""

import os
import signal


def end(*given: object) -> None:
    """End this process as the system does where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)
