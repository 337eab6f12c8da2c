"""Frames: what a photographer chooses among. The RAW and the JPEG of one shot are one frame."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from beholder.photos.listing.large_lists import natural_key
from beholder.photos.listing.pairs import holds_something, shot_key, stands_after
from beholder.photos.metadata import Metadata, instant

MAX_GAP = 2.0  # seconds between the times in two files of one shot


@dataclass(frozen=True)
class Frame:
    """One shot.

    Attributes:
        path: of the file that stands for it.
        metadata: of that file.
        paired: the other files of the shot, which go where it goes.
    """

    path: str
    metadata: Metadata = field(default=Metadata())
    paired: tuple[str, ...] = ()


def path_order(path: str) -> tuple[str, str]:
    """Sort key of natural order: by folder, then by name, IMG_9 before IMG_10.

    >>> sorted(["b/IMG_1.jpg", "a/IMG_10.jpg", "a/IMG_9.jpg"], key=path_order)
    ['a/IMG_9.jpg', 'a/IMG_10.jpg', 'b/IMG_1.jpg']
    """
    folder, name = os.path.split(path)
    return natural_key(folder), natural_key(name)


def frames_of(files: Mapping[str, Metadata]) -> list[Frame]:
    """The shots that files are of, in natural order of the files that stand for them.

    Files of one shot are in one folder and have one name but for the suffix: a JPEG, its HEIC, its RAW. The JPEG stands
    for the shot, else the HEIC, else the RAW. Files taken more than 2 seconds apart are of two shots, whatever
    their names: a camera's counter begins again after 9999. Any other format is a frame of its own.

    Args:
        files: path -> metadata. A file that is empty or gone stands for no other.

    >>> frames_of({"a/IMG_1.CR2": Metadata(), "a/IMG_2.CR2": Metadata()})[0].path
    'a/IMG_1.CR2'
    """
    shots: dict[str, list[str]] = {}
    frames = []
    for path in files:
        if stands_after(path) is None:
            frames.append(Frame(path, files[path]))
        else:
            shots.setdefault(shot_key(path), []).append(path)
    for paths in shots.values():
        frames += _of_one_name(paths, files)
    return sorted(frames, key=lambda frame: path_order(frame.path))


def _of_one_name(paths: Iterable[str], files: Mapping[str, Metadata]) -> Iterable[Frame]:
    """The shots of files with one name: each file goes to the first shot, of a better kind, that was taken with it."""
    found: list[tuple[int, str, list[str]]] = []
    for path in sorted(paths, key=lambda path: (stands_after(path), path_order(path))):
        kind = stands_after(path) or 0
        for better, standing, paired in found:
            if better < kind and _together(files[standing], files[path]) and holds_something(standing):
                paired.append(path)
                break
        else:
            found.append((kind, path, []))
    return (Frame(path, files[path], tuple(paired)) for _, path, paired in found)


def _together(one: Metadata, other: Metadata) -> bool:
    times = instant(one, utc=False), instant(other, utc=False)
    return times[0] is None or times[1] is None or abs(times[0] - times[1]) <= MAX_GAP
