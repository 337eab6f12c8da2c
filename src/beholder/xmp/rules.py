"""Never over a human's: what may be changed in a packet, and what is left.

A public field (stars, label, flag) is changed only where it is empty, or where it still is what we wrote last time,
which our own ``WroteRating``, ``WroteLabel`` and ``WroteFlag`` tell. Everything else is somebody's, stays, and what we
wrote is forgotten. Only what a person has decided in `beholder review` is written over it (`Mark.over`). Whoever sets
the same as we did cannot be told from us.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from beholder.xmp import names
from beholder.xmp.mark import COLOURS, DECISIONS, MAYBE, NONE, PICK, REJECT, REJECT_STARS, Mark
from beholder.xmp.packet import Packet

_WROTE = "Wrote"
_SCORED = "Scored"


class Standing(Enum):
    """Whose a field is."""

    EMPTY = "empty"
    OURS = "ours"
    YOURS = "yours"


@dataclass(frozen=True)
class Change:
    """One property that is changed.

    Attributes:
        name: of the property, with its namespace.
        before: its text; None where there was none.
        after: its text; None where it is taken out.
        why: it may be.
    """

    name: str
    before: str | None
    after: str | None
    why: str

    def __str__(self) -> str:
        before, after = ("nothing" if text is None else text for text in (self.before, self.after))
        return f"{names.short(self.name)} {before} -> {after}"


@dataclass
class Edit:
    """What was done to a packet.

    Attributes:
        changes: of public properties and of our own, in order.
        kept: fields that a person has set otherwise: ``rating``, ``label``, ``flag``.
    """

    changes: list[Change] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Field:
    """A public field, and the properties that programs keep it in.

    Attributes:
        wrote: our own property that tells what we wrote.
        texts: value -> property -> text, for all programs. Empty for what says nothing.
        properties: all of them.
        is_nothing: whether a text of a property stands for nothing.
    """

    wrote: str
    texts: Callable[[str], Mapping[str, str]]
    properties: tuple[str, ...]
    is_nothing: Callable[[str], bool]


def _zero(text: str) -> bool:
    return _number(text) == 0 or not text.strip()


_FLAG_TEXTS: Mapping[str, Mapping[str, str]] = {
    PICK: {names.PICK: "1", names.GOOD: "true", names.PICK_LABEL: "3"},
    MAYBE: {names.PICK_LABEL: "2"},
    REJECT: {names.PICK: "-1", names.GOOD: "false", names.PICK_LABEL: "1"},
}
FIELDS = {
    "flag": Field(
        names.WROTE_FLAG,
        lambda value: _FLAG_TEXTS.get(value, {}),
        (names.PICK, names.GOOD, names.PICK_LABEL),
        _zero,
    ),
    "rating": Field(
        names.WROTE_RATING,
        lambda value: {} if value in ("0", NONE) else {names.RATING: value},
        (names.RATING,),
        _zero,
    ),
    "label": Field(
        names.WROTE_LABEL,
        lambda value: (
            {
                names.LABEL: value.capitalize(),
                names.LABEL_COLOUR: value,
                names.DIGIKAM_COLOUR: str(COLOURS[value]),
            }
            if value in COLOURS
            else {}
        ),
        (names.LABEL, names.LABEL_COLOUR, names.DIGIKAM_COLOUR, names.DARKTABLE_COLOURS),
        _zero,
    ),
}


def set_in(packet: Packet, which: str) -> dict[str, str]:
    """The properties of a field that say something, with their texts."""
    return _set_in(packet, FIELDS[which])


def _set_in(packet: Packet, known: Field) -> dict[str, str]:
    texts = {name: packet.get(name) for name in known.properties}
    return {name: text for name, text in texts.items() if text is not None and not known.is_nothing(text)}


def differing(packet: Packet, which: str) -> dict[str, str]:
    """As :func:`set_in`, without what still is what we wrote last time."""
    wrote = FIELDS[which].texts(packet.get(FIELDS[which].wrote) or "")
    return {name: text for name, text in set_in(packet, which).items() if not _same(text, wrote.get(name))}


def standing(packet: Packet, which: str) -> Standing:
    """Whose a field is, in this packet.

    Args:
        packet: of a photograph.
        which: a name of :data:`FIELDS`.
    """
    if which == "flag" and _rejected_by_stars(packet):
        return Standing.YOURS
    if not set_in(packet, which):
        return Standing.EMPTY
    return Standing.YOURS if differing(packet, which) else Standing.OURS


def apply(packet: Packet, mark: Mark, allowed: Collection[str], others: Iterable[Packet], now: str) -> Edit:
    """Say in a packet what a mark says, as far as that is nobody else's.

    Args:
        packet: is changed.
        mark: what to say.
        allowed: public properties that are written; the others are only brought up to date where we wrote them.
        others: packets of the same photograph in other places, whose stars, label and flag are respected too.
        now: the time, as text.
    """
    edit, elsewhere = Edit(), list(others)
    for which, known in FIELDS.items():
        value = getattr(mark, which)
        if value is not None:
            if which in mark.over:
                _apply_over(packet, edit, which, known, str(value), allowed)
            else:
                _apply_field(packet, edit, which, known, str(value), allowed, elsewhere)
    _apply_own(packet, edit, mark.own)
    if edit.changes and mark.own:
        packet.set(names.SCORED, now)
    return edit


def _apply_field(
    packet: Packet,
    edit: Edit,
    which: str,
    known: Field,
    value: str,
    allowed: Collection[str],
    elsewhere: list[Packet],
) -> None:
    now, texts = standing(packet, which), known.texts(value)
    found = set_in(packet, which)
    theirs = now is Standing.YOURS or any(standing(other, which) is Standing.YOURS for other in elsewhere)
    if which == "rating" and value == str(REJECT_STARS) and "flag" in edit.kept:
        theirs = True
    if theirs:
        if now is not Standing.OURS:  # else it stays as it is, and is not brought up to date beside theirs
            _write(packet, edit, known.wrote, None, now.value)
        same = bool(found) and all(_same(text, texts.get(name)) for name, text in found.items())
        if texts and not same:
            edit.kept.append(which)
        return
    _apply_texts(packet, edit, known, value, texts, allowed, now.value)


def _apply_over(packet: Packet, edit: Edit, which: str, known: Field, value: str, allowed: Collection[str]) -> None:
    """What a person has decided, over whatever is there; -1 stars are a flag, too."""
    why = "decided"
    if which == "flag" and value != REJECT and _rejected_by_stars(packet):
        _write(packet, edit, names.RATING, None, why)
    _apply_texts(packet, edit, known, value, known.texts(value), allowed, why)


def _apply_texts(
    packet: Packet,
    edit: Edit,
    known: Field,
    value: str,
    texts: Mapping[str, str],
    allowed: Collection[str],
    why: str,
) -> None:
    found, written = _set_in(packet, known), False
    for name in known.properties:
        text = texts.get(name)
        if name not in allowed and name not in found:
            continue
        if text is None and name in found:
            _write(packet, edit, name, None, why)
        elif text is not None:
            written = True
            if not _same(packet.get(name) or "", text):
                _write(packet, edit, name, text, why)
    _write(packet, edit, known.wrote, value if written else None, why)


def _apply_own(packet: Packet, edit: Edit, own: Mapping[str, str]) -> None:
    """Our values: scores are replaced by scores, decisions by decisions; what a mark has none of stays."""
    decided = set(DECISIONS.values())
    before = {name: text for name, text in packet.own().items() if not name.startswith(_WROTE) and name != _SCORED}
    replaced = {name for name in before if (name in decided and decided & set(own)) or (name not in decided and own)}
    for name in sorted(replaced - set(own)):
        _write(packet, edit, names.full(f"beholder:{name}"), None, "ours")
    for name, text in own.items():
        _write(packet, edit, names.full(f"beholder:{name}"), text, "ours")


def clear(packet: Packet) -> Edit:
    """Take out all that we wrote: our own values, and public fields that still are what we wrote."""
    edit = Edit()
    for which, known in FIELDS.items():
        if packet.get(known.wrote) is None:
            continue
        if standing(packet, which) is Standing.OURS:
            for name in set_in(packet, which):
                _write(packet, edit, name, None, "ours")
        elif standing(packet, which) is Standing.YOURS:
            edit.kept.append(which)
    for name in packet.own():
        _write(packet, edit, names.full(f"beholder:{name}"), None, "ours")
    if edit.changes:
        packet.remove_empty()
        packet.forget_own_namespace()
    return edit


def _write(packet: Packet, edit: Edit, name: str, text: str | None, why: str) -> None:
    before = packet.get(name)
    if before == text:
        return
    if text is None:
        packet.remove(name)
    else:
        packet.set(name, text)
    edit.changes.append(Change(name, before, text, why))


def _rejected_by_stars(packet: Packet) -> bool:
    """Whether somebody has rejected the photograph by -1 stars."""
    stars = str(REJECT_STARS)
    return _same(packet.get(names.RATING) or "", stars) and packet.get(names.WROTE_RATING) != stars


def _same(found: str, text: str | None) -> bool:
    """Whether two texts of a property say the same: 4 and 4.0, true and True."""
    if text is None:
        return False
    number = _number(text)
    return found.strip().lower() == text.lower() or (number is not None and _number(found) == number)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
