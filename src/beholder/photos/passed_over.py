"""What a search for photographs passes over, and how that is told."""

import fnmatch
import os
import re
from collections import Counter
from collections.abc import Iterable

from beholder.photos.formats import UNREAD_SUFFIXES
from beholder.text import printable

# Folders in which systems, disks on the network and photo programs keep thumbnails and what was thrown away.
MACHINE_FOLDERS = frozenset(
    name.casefold()
    for name in (
        *("@eaDir", "#recycle", "#snapshot", "@tmp", "@Recycle", "@Recently-Snapshot", "~snapshot"),
        *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "lost+found"),
        *("__MACOSX", "Network Trash Folder", "Temporary Items"),
        *("THMBNL",),  # of Sony cameras: a still of each video
    )
)
_LIGHTROOM = ".lrdata"  # its previews
_LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary")  # of Apple's programs
_ORIGINALS = ("originals", "masters")  # in them; beside these are thumbnails and edited versions

IN_LIBRARY = "folders of thumbnails and edits in an Apple library"
LINKS = "links to folders, which are not followed"
LOOPS = "folders that are inside themselves"
EXCLUDED = "by --exclude"
HIDDEN = "hidden (the name begins with a dot)"
IN_CLOUD = "only in iCloud, not on this disk (.icloud)"
PAIRED = "by --pairs one (the JPEG or HEIC of the same shot is taken)"


def machine_folder(folder: str, name: str) -> str | None:
    """How a folder that a program made for itself is called in a summary; None for any other folder.

    Args:
        folder: path of the folder it is in.
        name: of the folder.

    >>> machine_folder("photos", "@eaDir"), machine_folder("Photos Library.photoslibrary", "originals")
    ('@eaDir/', None)
    """
    folded = name.casefold()
    if folder.rstrip("/\\").casefold().endswith(_LIBRARIES):
        return None if folded in _ORIGINALS else IN_LIBRARY
    if folded.endswith(_LIGHTROOM):
        return f"*{_LIGHTROOM}/"
    return f"{name}/" if folded in MACHINE_FOLDERS else None


def unread(suffix: str) -> str | None:
    """What is said of a picture that is not read, by its suffix in lower case; None for any other file.

    >>> unread(".jxl"), unread(".txt")
    ('.jxl (JPEG XL is not read)', None)
    """
    kind = UNREAD_SUFFIXES.get(suffix)
    return f"{suffix} ({kind} is not read)" if kind else None


def summary(passed_over: Counter[str]) -> str:
    """One line of what was passed over, the most frequent first; empty if nothing was.

    >>> summary(Counter({".jxl (JPEG XL is not read)": 2, "@eaDir": 1}))
    'passed over: 2 .jxl (JPEG XL is not read), 1 @eaDir'
    """
    counts = sorted(
        ((count, kind) for kind, count in passed_over.items() if count), key=lambda each: (-each[0], each[1])
    )
    kinds = ", ".join(f"{count:,} {printable(kind)}" for count, kind in counts)
    return f"passed over: {kinds}" if kinds else ""


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
