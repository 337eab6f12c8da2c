"""What people have said of their photographs: stars, picks and labels in sidecars and in the files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from beholder.errors import BeholderError
from beholder.xmp import names
from beholder.xmp.inside import exif_stars, look_inside
from beholder.xmp.mark import COLOURS, MAYBE, PICK, REJECT, REJECT_STARS
from beholder.xmp.packet import STRUCTURE, Packet, parse
from beholder.xmp.places import Siblings, read_packet, siblings, sidecars
from beholder.xmp.rules import FIELDS, Standing, differing, set_in, standing

INSIDE, EXIF = "inside", "EXIF"
_PICK_LABELS = {"1": REJECT, "2": MAYBE, "3": PICK}


@dataclass(frozen=True)
class Given:
    """What is said of one photograph.

    Attributes:
        photo: its path.
        rating: stars from 1 to 5; None for none.
        flag: ``pick``, ``maybe`` or ``reject``; empty for none.
        label: its text; empty for none.
        sources: which field was found where: names of sidecars, ``inside`` or ``EXIF``.
    """

    photo: str
    rating: int | None = None
    flag: str = ""
    label: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.sources)


def read_given(photo: str, beside: Siblings = siblings, *, own: bool = False) -> Given:
    """What is said of a photograph: for each field the first of ``IMG.jpg.xmp``, ``IMG.xmp`` and the file that has it.

    Stars that stand nowhere else are read from EXIF data.

    Args:
        photo: its path.
        beside: as of :func:`beholder.xmp.places.sidecars`.
        own: whether to take also what we wrote ourselves.

    Raises:
        BeholderError: the photograph or a sidecar cannot be read.

    >>> bool(read_given("examples/photos/rocket.jpg"))
    False
    """
    places = [(path.name, read_packet(path)) for path in sidecars(photo, beside).there]
    found = look_inside(photo).packets
    if found and found[0]:
        try:
            places.append((INSIDE, parse(found[0])))
        except BeholderError as error:
            raise BeholderError(f"{os.fspath(photo)}: the packet of XMP inside {error}") from None
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for source, packet in places:
        for which in FIELDS:
            text = _value(packet, which, own=own)
            if text and which not in values:
                values[which], sources[which] = text, source
    if "rating" not in values and (stars := exif_stars(photo, (packet for _, packet in places))):
        values["rating"], sources["rating"] = str(stars), EXIF
    rating = int(values["rating"]) if "rating" in values else None
    return Given(photo, rating, values.get("flag", ""), values.get("label", ""), sources)


def _value(packet: Packet, which: str, *, own: bool) -> str:
    """The value of a field in a packet; empty where there is none, or where it is ours."""
    whose = standing(packet, which)
    if whose is Standing.EMPTY or (whose is Standing.OURS and not own):
        return ""
    texts = set_in(packet, which) if own else differing(packet, which)
    if which == "rating":
        stars = _whole(texts.get(names.RATING, ""))
        return str(stars) if stars is not None and 1 <= stars <= 5 else ""
    if which == "label":
        return _label(texts)
    return _flag(texts) or (REJECT if _whole(packet.get(names.RATING) or "") == REJECT_STARS else "")


def _flag(texts: Mapping[str, str]) -> str:
    for name, meaning in (
        (names.PICK, {"1": PICK, "-1": REJECT}),
        (names.GOOD, {"true": PICK, "false": REJECT}),
        (names.PICK_LABEL, _PICK_LABELS),
    ):
        if (found := meaning.get(texts.get(name, "").strip().lower())) is not None:
            return found
    return ""


def _label(texts: Mapping[str, str]) -> str:
    for name in (names.LABEL, names.LABEL_COLOUR):
        if (text := texts.get(name, STRUCTURE)) != STRUCTURE:
            return text.strip()
    number = _whole(texts.get(names.DIGIKAM_COLOUR, ""))
    return next((colour.capitalize() for colour, place in COLOURS.items() if place == number), "")


def _whole(text: str) -> int | None:
    try:
        return round(float(text))
    except (ValueError, OverflowError):
        return None
