"""Ctrl-C, also in the moment in which it is not a KeyboardInterrupt."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Let an interruption be a KeyboardInterrupt.

    In the moment in which Python's own waiting has given back its lock, Ctrl-C ends it with a RuntimeError of the lock.

    >>> try:
    ...     with interruptible():
    ...         try:
    ...             raise KeyboardInterrupt
    ...         finally:
    ...             raise RuntimeError("release unlocked lock")
    ... except KeyboardInterrupt:
    ...     print("stopped")
    stopped
    """
    try:
        yield
    except RuntimeError as error:
        if type(error) is RuntimeError and _is_interruption(error):  # Exit of the command line is one of its subclasses
            raise KeyboardInterrupt from None
        raise


def _is_interruption(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None
