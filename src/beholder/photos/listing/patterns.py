"""Patterns of file names: which photographs are meant, and which are left out."""

import fnmatch
import os
import re
from collections.abc import Iterable, Sequence


def fits(parts: Sequence[str], pattern: Sequence[str], *, recursive: bool) -> bool:
    """Whether a glob pattern stands for a file, or for a folder in which the file is.

    Args:
        parts: of the path of a file.
        pattern: parts of the pattern; ``**`` stands for any number of folders.
        recursive: whether a folder stands for what is in the folders inside it, too.

    >>> fits(("a", "b", "1.jpg"), ("**", "*.jpg"), recursive=False)
    True
    >>> [fits(("a", "b", "1.jpg"), ("**", "a"), recursive=each) for each in (True, False)]
    [True, False]
    """
    if not pattern:
        return recursive or len(parts) < 2
    if pattern[0] == "**":
        return any(fits(parts[start:], pattern[1:], recursive=recursive) for start in range(len(parts) + 1))
    return (
        bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and fits(parts[1:], pattern[1:], recursive=recursive)
    )


class Exclusion:
    """The patterns of ``--exclude``: ``*``, ``?`` and ``[...]``; case does not matter.

    A pattern is compared with the name of a file and of each folder it is in; one with a slash inside, with the path or
    the end of the path, where ``*`` also stands for slashes. A slash at the end makes no difference.

    >>> excluded = Exclusion(["*_small.*", "trip/raw/"])
    >>> [excluded.path(path) for path in ("a/1_small.JPG", "a/trip/raw/2.jpg", "raw/3.jpg")]
    [True, True, False]
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        stripped = [pattern.replace(os.sep, "/").strip("/") for pattern in patterns]
        self._names = _any_of(pattern for pattern in stripped if "/" not in pattern)
        self._paths = _any_of(
            each for pattern in stripped if "/" in pattern for each in (pattern.removeprefix("./"), f"*/{pattern}")
        )

    def __bool__(self) -> bool:
        return self._names is not None or self._paths is not None

    def entry(self, path: str) -> bool:
        """Whether this file or folder is left out, whatever becomes of the folder it is in."""
        path = path.replace(os.sep, "/")
        return _matches(self._names, path.rpartition("/")[2]) or _matches(self._paths, path.removeprefix("./"))

    def path(self, path: str) -> bool:
        """Whether this file or folder, or a folder on its path as it is spelled, is left out."""
        parts = path.replace(os.sep, "/").rstrip("/").split("/")
        return bool(self) and any(self.entry("/".join(parts[: end + 1])) for end in range(len(parts)))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    joined = "|".join(fnmatch.translate(pattern) for pattern in patterns if pattern)
    return re.compile(joined, re.IGNORECASE) if joined else None


def _matches(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.match(text) is not None
