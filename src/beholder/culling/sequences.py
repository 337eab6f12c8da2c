"""The order in which each camera took its frames."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from beholder.culling.frames import Frame, path_order
from beholder.photos.listing.large_lists import natural_key
from beholder.photos.metadata import instant

MAX_AT_ONCE = 100  # frames with the very same time: more are of a clock that stands still
_NUMBER = re.compile(r"(\d{1,9})(\D*)\Z")


@dataclass(frozen=True)
class Taken:
    """A frame in the order of its camera.

    Attributes:
        frame: the shot.
        number: of the frame, as given.
        sequence: frames with the same one are compared in time, or by number.
        at: seconds by the camera's clock, or the file number.
        timed: whether it is a time.
    """

    frame: Frame
    number: int
    sequence: Hashable
    at: float
    timed: bool

    def seconds_after(self, before: Taken) -> float | None:
        """From the end of the exposure of another frame of the same camera; None if that is not known."""
        if not (self.timed and before.timed and self.sequence == before.sequence):
            return None
        return self.at - before.at - (before.frame.metadata.exposure_time or 0)


def in_order(frames: Sequence[Frame]) -> list[Taken]:
    """Camera by camera, by time and then by name; after those, frames without a time by name and number.

    A camera is a model and a serial number. Its times are compared in UTC if all of them have a time zone.
    """
    cameras = [(frame.metadata.camera or "", frame.metadata.serial or "") for frame in frames]
    pairs = list(zip(cameras, frames, strict=True))
    without_zone = {camera for camera, frame in pairs if frame.metadata.utc_offset is None and frame.metadata.captured}
    moments = [instant(frame.metadata, utc=camera not in without_zone) for camera, frame in pairs]
    at_once = Counter(zip(cameras, moments, strict=True))
    found = []
    sequence: tuple[str, ...]
    for number, ((camera, frame), moment) in enumerate(zip(pairs, moments, strict=True)):
        if moment is not None and at_once[camera, moment] <= MAX_AT_ONCE:
            sequence, at, timed = (), moment, True
        else:
            sequence, at, timed = *_by_number(frame.path), False
        key = (camera, not timed, sequence, at, path_order(frame.path))
        found.append((key, Taken(frame, number, (camera, sequence), at, timed)))
    return [taken for _, taken in sorted(found, key=lambda pair: pair[0])]


def _by_number(path: str) -> tuple[tuple[str, ...], float]:
    """What frames that a camera numbered together have in common, and the number.

    >>> _by_number("a/IMG_12-edited.jpg")
    (('a\\x00a', 'IMG_\\x00IMG_', '-edited'), 12.0)
    """
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    last = _NUMBER.search(stem)
    before, number, after = (stem[: last.start()], float(last[1]), last[2]) if last else (stem, 0.0, "")
    return (natural_key(folder), natural_key(before), after), number
