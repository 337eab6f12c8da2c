"""Several files of one shot: a camera's RAW beside its JPEG, a telephone's HEIC beside its JPEG.

They are of one shot if they are in one folder and have one name but for the suffix. The JPEG stands for the shot, else
the HEIC: it is how the photographer saw the picture, and it is read faster than the RAW.
"""

import os
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from beholder.files import path_key
from beholder.photos.formats import RAW_SUFFIXES
from beholder.photos.listing.find import Unreadable
from beholder.photos.listing.large_lists import Seen

_JPEG = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
_HEIC = frozenset({".heic", ".heif", ".hif"})
_OF_PIXEL = re.compile(
    r"\.raw-\d\d(\.mp)?\.(cover|original)\Z"
)  # PXL_1.RAW-01.COVER.jpg with PXL_1.RAW-02.ORIGINAL.dng


class Pairs(StrEnum):
    """What is taken of a shot that has several files."""

    ALL = "all"
    ONE = "one"


def shot_key(path: str) -> str:
    """The same text for all files of one shot: folder and name without suffix; case of the name does not matter.

    >>> shot_key("trip/IMG_1.CR2") == shot_key("trip/img_1.jpg") != shot_key("home/IMG_1.jpg")
    True
    """
    folder, name = os.path.split(path_key(path))
    stem = unicodedata.normalize("NFC", os.path.splitext(name)[0]).casefold()
    return f"{folder}/{_OF_PIXEL.sub('', stem)}"


def stands_after(path: str) -> int | None:
    """Which of the files of a shot stands for it: that with the lowest number. 0 a JPEG, 1 a HEIC, 2 a RAW.

    Returns:
        None for any other format, which is of no shot: a TIFF beside a RAW is an edited picture.

    >>> [stands_after(f"IMG_1.{suffix}") for suffix in ("JPG", "heic", "CR2", "tif")]
    [0, 1, 2, None]
    """
    suffix = _suffix(path)
    return next((place for place, kind in enumerate((_JPEG, _HEIC, RAW_SUFFIXES)) if suffix in kind), None)


class Shots:
    """Which shots have a JPEG or a HEIC, so that their other files can be left out. Takes 12 to 24 bytes a shot.

    A RAW is left out if there is a JPEG or HEIC of its shot, a HEIC if there is a JPEG. Two files of one kind stay, and
    so does every other format: a TIFF beside a RAW is an edited picture.

    Args:
        paths: all files among which pairs are looked for. One that is missing or empty stands for nothing.

    >>> shots = Shots(["examples/photos/rocket.jpg"])
    >>> shots.has_better("examples/photos/ROCKET.NEF"), shots.has_better("examples/photos/rocket.jpg")
    (True, False)
    """

    def __init__(self, paths: Iterable[str | Unreadable]) -> None:
        self._jpegs, self._heics = Seen(), Seen()
        for path in paths:
            if isinstance(path, str):
                place = stands_after(path)
                if place in (0, 1) and holds_something(path):
                    (self._heics if place else self._jpegs).add(shot_key(path))

    def has_better(self, path: str) -> bool:
        """Whether another file of the same shot stands for this one."""
        place = stands_after(path)
        if not place:
            return False
        key = shot_key(path)
        return key in self._jpegs or (place == 2 and key in self._heics)


def holds_something(path: str) -> bool:
    """Whether a file is there and not empty."""
    try:
        return os.stat(path).st_size > 0
    except (OSError, ValueError):
        return False


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()
