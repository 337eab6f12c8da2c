"""Exposure brackets: one framing taken several times, each exposed in another way, to be joined later or chosen from.

They are found by what the camera wrote and by their framing, not by likeness to a model: what lies three stops apart
does not look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from beholder.culling.layout import Layout, equal_framing
from beholder.culling.sequences import Taken
from beholder.scoring.cores import CORES

MAX_GAP = 3.0  # seconds from the end of one exposure to the next
MIN_FRAMES = 3  # of other exposures each; two where the camera says that it takes a bracket

Layouts = Callable[[str], Layout | None]  # path -> layout


def find_brackets(taken: Sequence[Taken], layout: Layouts) -> Iterator[list[int]]:
    """Places of the frames of each bracket.

    Args:
        taken: frames in the order of their cameras.
        layout: path -> layout, for frames that may be of a bracket.
    """
    with ThreadPoolExecutor(CORES) as readers:  # starts none where there is no candidate
        for places in _candidates(taken):
            layouts = list(readers.map(layout, [taken[place].frame.path for place in places]))
            start = 0
            for end in range(1, len(places) + 1):
                if end == len(places) or not any(equal_framing(layouts[end], each) for each in layouts[start:end]):
                    if _is_bracket([taken[place] for place in places[start:end]]):
                        yield places[start:end]
                    start = end


def metered(places: Sequence[int], taken: Sequence[Taken]) -> int:
    """The first of the frames of a bracket that were exposed most as the camera metered."""
    return min(places, key=lambda place: abs(taken[place].frame.metadata.exposure_bias or 0))


def _candidates(taken: Sequence[Taken]) -> Iterator[list[int]]:
    """Places that may be of one bracket, by time and exposure alone. An exposure that comes again begins the next."""
    part: list[int] = []
    biases: set[float] = set()
    for place, each in enumerate(taken):
        bias = each.frame.metadata.exposure_bias
        gap = each.seconds_after(taken[part[-1]]) if part else None
        if gap is None or gap > MAX_GAP or bias is None or bias in biases:
            if _is_bracket([taken[member] for member in part]):
                yield part
            part, biases = [], set()
        if bias is not None and each.timed:
            part.append(place)
            biases.add(bias)
    if _is_bracket([taken[member] for member in part]):
        yield part


def _is_bracket(frames: Sequence[Taken]) -> bool:
    by_camera = all(each.frame.metadata.auto_bracket for each in frames)
    return len(frames) >= (2 if by_camera else MIN_FRAMES)
