"""Silence for the warnings of decoders, in the thread that decodes and only while it does."""

import contextlib
import threading
import warnings
from collections.abc import Iterator

_thread = threading.local()


class _IfDecoding(type):
    def __subclasscheck__(cls, subclass: type) -> bool:
        return getattr(_thread, "decoding", False)


class _WhileDecoding(Warning, metaclass=_IfDecoding):
    """A category that holds every warning of a thread that decodes, and none of any other thread."""


_IGNORE = ("ignore", None, _WhileDecoding, None, 0)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Ignore the warnings of this thread, and leave the host program's filters as they were.

    Pillow warns of odd metadata. `warnings.catch_warnings` would lose filters that other threads set meanwhile, and
    `warnings.simplefilter` would show the host's own warnings again, because it forgets which were shown.
    """
    filters: list[object] = warnings.filters  # type: ignore[assignment]
    filters.insert(0, _IGNORE)
    _thread.decoding = True
    try:
        yield
    finally:
        _thread.decoding = False
        with contextlib.suppress(ValueError):  # the host may have reset its filters
            filters.remove(_IGNORE)
