"""What the XMP of a shot says of it: flag, stars and colour label that a person or a camera has set."""

from __future__ import annotations

import os
from collections.abc import Iterable

from beholder.errors import BeholderError
from beholder.reviewing.state import FLAG, LABEL, STARS
from beholder.text import valid_utf8
from beholder.xmp.given import Given, read_given
from beholder.xmp.mark import COLOURS, PICK, REJECT
from beholder.xmp.places import Siblings, siblings

Value = str | int | None


def said_of(paths: Iterable[str], beside: Siblings = siblings) -> dict[str, dict[str, Value]]:
    """What is said in the XMP of each file of one shot: suffix of the file -> fields that it has.

    What cannot be read says nothing here: a later write there reports it.

    Args:
        paths: of the files.
        beside: as of :func:`beholder.xmp.places.sidecars`; one that remembers, for many photographs.

    >>> said_of(["examples/photos/rocket.jpg"])
    {'.jpg': {}}
    """
    found: dict[str, dict[str, Value]] = {}
    for path in paths:
        try:
            given = read_given(path, beside)
        except BeholderError:
            continue
        found[suffix_of(path)] = fields_of(given)
    return found


def suffix_of(path: str) -> str:
    """What distinguishes the files of one shot, also under other names.

    >>> suffix_of("a/IMG_1.CR2")
    '.cr2'
    """
    return valid_utf8(os.path.splitext(path)[1].lower())


def fields_of(given: Given) -> dict[str, Value]:
    """What is given as fields of a review; what these cannot say is left out: other labels, and a flag ``maybe``.

    >>> fields_of(Given("a.jpg", 4, "maybe", "Red"))
    {'stars': 4, 'label': 'red'}
    """
    found: dict[str, Value] = {}
    if given.flag in (PICK, REJECT):
        found[FLAG] = given.flag
    if given.rating is not None:
        found[STARS] = given.rating
    if given.label.lower() in COLOURS:
        found[LABEL] = given.label.lower()
    return found
