"""Ratings that a person has given already, in other programs: stars, picks and rejects in sidecars and photographs.

What beholder wrote is left out. A photograph without stars is not a bad one, and a reject is not one of one star: it
may be a second frame, or blurred by accident. So stars are learned from alone where there are enough of them; only
where there are not, picks and rejects are, which then say no more than that one is liked better than the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.photos.listing.find import Unreadable
from beholder.photos.listing.pairs import Shots, shot_key
from beholder.tasks import Task
from beholder.xmp.given import Given, read_given
from beholder.xmp.mark import PICK, REJECT
from beholder.xmp.places import siblings

STARS = Task("stars", 1, 5, "Stars that a person gave, as XMP has them")
PICKS = Task("pick", 0, 1, "Picks (1) and rejects (0) of a person, as XMP has them")


@dataclass(frozen=True)
class FoundRatings:
    """What was found.

    Attributes:
        photos: those with a rating.
        line: how many of what, for people.
        problems: path -> why it could not be read.
    """

    photos: RatedPhotos
    line: str
    problems: dict[str, str]


def load(paths: Iterable[str | Unreadable], name: str, enough: int) -> FoundRatings:
    """The ratings of photographs, from their sidecars and from inside them.

    Of a RAW and its JPEG, the JPEG is scored, with the stars of either.

    Args:
        paths: of the photographs, and places that could not be listed.
        name: of the data, for messages.
        enough: number of ratings from which stars are learned from alone.

    Raises:
        BeholderError: there are neither stars nor picks and rejects to learn from; the message counts what there is.
    """
    given, problems = _read(list(paths))
    stars = {path: float(found.rating) for path, found in given.items() if found.rating is not None}
    flags = {path: float(found.flag == PICK) for path, found in given.items() if found.flag in (PICK, REJECT)}
    picks = int(sum(flags.values()))
    counts = f"{len(stars)} with stars, {picks} picked, {len(flags) - picks} rejected"
    if len(stars) >= enough and len(set(stars.values())) > 1:
        chosen, task, said = stars, STARS, "stars are learned from; no stars, and rejects, say nothing"
    elif len(flags) >= enough and len(set(flags.values())) > 1:
        chosen, task, said = flags, PICKS, "too few stars, so picks over rejects are learned from"
    else:
        unread = f", {len(problems)} could not be read ({next(iter(problems.values()))})" if problems else ""
        raise BeholderError(
            f"{name}: {counts}{unread}; a taste needs {enough} photographs with different stars, or picks and "
            "rejects, better 30: rate more of them, and let your program save it into files or sidecars (docs/xmp.md)"
        )
    files = tuple(chosen)
    ratings = np.array([[chosen[file]] for file in files])
    line = f"{name}: {counts}; {said}"
    return FoundRatings(RatedPhotos(name, Path(), files, (task,), ratings), line, problems)


def _read(paths: list[str | Unreadable]) -> tuple[dict[str, Given], dict[str, str]]:
    """What is said of each shot, by the path of the file that stands for it; and why others could not be read."""
    shots, beside = Shots(paths), cache(siblings)
    given: dict[str, Given] = {}
    problems: dict[str, str] = {}
    stands_for: dict[str, str] = {}
    hidden: list[tuple[str, Given]] = []
    for path in paths:
        if isinstance(path, Unreadable):
            problems[path.path] = path.error
            continue
        try:
            found = read_given(path, beside)
        except BeholderError as error:
            problems[path] = str(error)
            continue
        if shots.has_better(path):
            hidden.append((path, found))
        else:
            given[path] = found
            stands_for.setdefault(shot_key(path), path)
    for path, found in hidden:
        head = stands_for.get(shot_key(path), path)
        if not given.get(head, Given(head)):
            given[head] = found
    return given, problems
