"""Series: frames of one subject taken one after the other, of which a photographer keeps one.

Two levels. A *series* is a burst (taken within seconds, and alike), photographs that are nearly the same whenever they
were taken, or an exposure bracket. A *scene* is wider: series that were taken within a minute of each other, and are
alike. Each frame is in one series and one scene.

Likeness is the cosine of two embeddings, and is always that to one frame of the series, its medoid. So a slow change of
the subject ends a series, however short the steps are. Bursts are found first, and are never divided for the sake of a
frame that was taken at another time. What "alike" means belongs to a model
(:class:`beholder.scoring.model_file.SeriesInfo`).

Time is that of one camera: the clocks of two bodies are never compared. Where a frame has none, its file number tells
which frames are neighbours. Memory does not grow with the square of the number of frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from beholder.culling.brackets import Layouts, find_brackets, metered
from beholder.culling.frames import Frame
from beholder.culling.grouping import Cosines, Indices, Links, group
from beholder.culling.layout import read_layout
from beholder.culling.sequences import Taken, in_order

BURST_GAP, SCENE_GAP = 3.0, 60.0  # seconds from the end of one exposure to the next
BURST, ALIKE, BRACKET, SINGLE = "burst", "alike", "bracket", "single"
KINDS = (BURST, ALIKE, BRACKET, SINGLE)


@dataclass(frozen=True)
class Series:
    """Frames of which one is to be kept, or all of a bracket.

    Attributes:
        kind: ``burst``: taken one after the other. ``alike``: nearly the same, taken at different times. ``bracket``:
            one framing, exposed in different ways. ``single``: a frame alone.
        members: numbers of the frames in the order in which they were taken.
        medoid: number of the frame that is most like the others; of a bracket, the one exposed as metered.
        scene: number of the scene, from 0.
    """

    kind: str
    members: tuple[int, ...]
    medoid: int
    scene: int


def find_series(
    frames: Sequence[Frame],
    embeddings: npt.NDArray[np.floating],
    *,
    like: float,
    same: float,
    layout: Layouts = read_layout,
) -> list[Series]:
    """Find the series among frames.

    Args:
        frames: N shots, in any order: the result is the same.
        embeddings: (N, D), of any length and precision.
        like: cosine from which frames taken one after the other are of one series.
        same: cosine from which two frames are of one series, whenever they were taken.
        layout: path -> layout. It is only called for frames that may be of a bracket.

    Returns:
        Series in the order in which they were taken, camera by camera. Scenes are numbered in the same order.

    >>> frames = [Frame(f"IMG_{number}.jpg") for number in (1, 2, 3)]
    >>> [each.members for each in find_series(frames, np.array([[1, 0], [0, 1], [0, 2]]), like=0.8, same=0.9)]
    [(0,), (1, 2)]
    """
    taken = in_order(frames)
    order = np.array([each.number for each in taken], int)
    cosines = Cosines(embeddings, order)
    bursts = _runs(taken, BURST_GAP, cosines, like)
    groups = [(BRACKET, members, metered(members, taken)) for members in find_brackets(taken, layout)]
    free = np.setdiff1d(np.arange(len(taken)), [place for _, members, _ in groups for place in members])
    for members, medoid in _joined(group(free, Links(cosines, bursts, like)), cosines, same):
        at_once = len({bursts[place] for place in members}) == 1
        groups.append(((BURST if at_once else ALIKE) if len(members) > 1 else SINGLE, members, medoid))
    groups.sort(key=lambda group: group[1])
    scene_of: dict[int, int] = {}
    medoids = np.sort(np.array([medoid for _, _, medoid in groups], int))
    for members, _ in group(medoids, Links(cosines, _runs(taken, SCENE_GAP, cosines, like), like)):
        scene_of |= dict.fromkeys(members, members[0])
    numbers: dict[int, int] = {}
    found = []
    for kind, members, medoid in groups:
        scene = numbers.setdefault(scene_of[medoid], len(numbers))
        found.append(Series(kind, tuple(order[members].tolist()), int(order[medoid]), scene))
    return found


def _joined(bursts: Iterable[tuple[list[int], int]], cosines: Cosines, same: float) -> Iterator[tuple[list[int], int]]:
    """Join bursts, each of one frame or more, that are nearly the same: each frame of them is, as the medoid of one.

    A burst stays whole. If one of its frames is not nearly the same, it is a series of its own.

    Yields:
        Members, rising, and the medoid among them.
    """
    members_of = {medoid: members for members, medoid in bursts}
    medoids = np.array(sorted(members_of), int)
    each_apart = np.arange(medoids.max(initial=-1) + 1)
    for together, medoid in group(medoids, Links(cosines, each_apart, same, same)):
        joined = list(members_of[medoid])
        for other in together:
            if other == medoid:
                continue
            if cosines.of(members_of[other], [medoid]).min() >= same:
                joined += members_of[other]
            else:
                yield members_of[other], other
        yield sorted(joined), medoid


def _runs(taken: Sequence[Taken], gap: float, cosines: Cosines, like: float) -> Indices:
    """For each frame the number of its run: frames of which each comes soon after the one before.

    By time, that is up to `gap` seconds. By file number it is the next number, and a frame that is like the one before:
    a number does not say how long it was.
    """
    breaks = np.ones(len(taken), np.int64)
    for place, (before, after) in enumerate(pairwise(taken), 1):
        seconds = after.seconds_after(before)
        if seconds is not None:
            breaks[place] = seconds > gap
        elif not after.timed and after.sequence == before.sequence and after.at - before.at <= 1:
            breaks[place] = cosines.of([place - 1], [place])[0, 0] < like
    return np.cumsum(breaks)
