"""What beholder wants to say about one photograph, and where stars come from."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beholder.errors import BeholderError

PICK, MAYBE, REJECT, NONE = "pick", "maybe", "reject", "none"  # flags; the last takes back what we wrote
FLAGS = (PICK, MAYBE, REJECT, NONE)
COLOURS = {"red": 1, "yellow": 3, "green": 4, "blue": 5, "purple": 6}  # with their numbers in digiKam
REJECT_STARS = -1
PERCENTILES = (50.0, 80.0, 95.0)  # from which a photograph gets 3, 4 and 5 stars; 2 below
PAIR_SEPARATOR = "|"  # between the files in a cell of the column paired_with
# Columns of `beholder cull` -> names of own values.
DECISIONS = {
    "series": "Series",
    "kind": "Kind",
    "size": "Size",
    "rank": "Rank",
    "decision": "Decision",
    "reason": "Reason",
}
DIGEST = "ImageSha256"  # own value: the sha256 of the file that was scored
_SCORES = {"overall": "Overall", "low": "Low", "high": "High", "percentile": "Percentile"}
_FLAG_OF = {"pick": PICK, "maybe": MAYBE, "reject": REJECT, "other": NONE}
_RESERVED = {"Model", "ModelSha256", DIGEST, "Scored", "Taste", *DECISIONS.values(), *_SCORES.values()}
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Stars = Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True)
class Mark:
    """What to say about one photograph.

    A public value that is None is not touched. One that says "none" takes back what we wrote earlier.

    Attributes:
        photo: its path.
        own: values in our own namespace, name -> text: ``Overall``, ``Decision`` and so on. Characters that XML does
            not have are left out.
        rating: stars from 1 to 5, or -1 for a reject; 0 for none; None to leave them.
        label: a colour of :data:`COLOURS`; ``none`` for none; None to leave it.
        flag: ``pick``, ``maybe``, ``reject``; ``none`` for none; None to leave it.
        over: fields (``rating``, ``label``, ``flag``) that a person has decided, so that they are written also over
            what somebody else has set.

    >>> Mark("a.jpg", {"Overall": "5.6000"}, rating=4).rating
    4
    """

    photo: str
    own: Mapping[str, str] = field(default_factory=dict)
    rating: int | None = None
    label: str | None = None
    flag: str | None = None
    over: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "own", {name: _xml_text(text) for name, text in self.own.items()})
        if self.rating is not None and not REJECT_STARS <= self.rating <= 5:
            raise BeholderError(f"{self.rating} stars: there are 0 to 5, and {REJECT_STARS} for a reject")
        if self.label is not None and self.label != NONE and self.label not in COLOURS:
            raise BeholderError(f"a label of the colour {self.label!r}: choose one of {', '.join(COLOURS)}")
        if self.flag is not None and self.flag not in FLAGS:
            raise BeholderError(f"a flag {self.flag!r}: choose one of {', '.join(FLAGS)}")


def mark_of(row: Mapping[str, Any], path: str = "", *, stars: Stars | None = None, label: str | None = None) -> Mark:
    """A row of a table of `beholder score` or `beholder cull` as a mark.

    Args:
        row: column -> value; numbers are numbers, not text.
        path: of the photograph, where it is not that of the row.
        stars: gives the stars of a row, see :func:`stars_by`; None for none.
        label: colour of picks; None for none.

    >>> mark = mark_of({"path": "a.jpg", "overall": 5.6, "beauty": 5.5, "low": 4.6, "high": 6.6, "percentile": 93.0,
    ...                 "model": "default@e88cdfca", "sha256": "00", "decision": "pick"}, label="green")
    >>> mark.flag, mark.label, mark.own["Beauty"], mark.own["ModelSha256"], mark.own["Decision"]
    ('pick', 'green', '5.5000', 'e88cdfca', 'pick')
    """
    own = {name: _amount(row[column]) for column, name in _SCORES.items() if row.get(column) is not None}
    own |= {_name(column): _amount(row[column]) for column in _ratings(row) if row[column] is not None}
    if row.get("taste") is not None:
        own["Taste"] = _amount(row["taste"])
    if model := row.get("model"):
        own |= {"Model": str(model), "ModelSha256": str(model).partition("+")[0].rpartition("@")[2]}
    if row.get("sha256"):
        own[DIGEST] = str(row["sha256"])
    own |= {name: _amount(row[column]) for column, name in DECISIONS.items() if row.get(column) not in (None, "")}
    flag = _FLAG_OF.get(str(row.get("decision") or ""))
    colour = None if label is None or flag is None else label if flag == PICK else NONE
    return Mark(path or str(row["path"]), own, None if stars is None else stars(row), colour, flag)


def stars_by(text: str) -> Stars:
    """How many stars a row gets, from 2 to 5; never 1, which people read as bad, and never -1, which is a reject.

    Args:
        text: ``percentile`` (5 stars for the top 5% of the photographs that were rated for the model, 4 for the next
            15%, 3 for the next 30%, 2 for the rest), or four rising overall scores from which there are 2, 3, 4 and 5
            stars. Below the first there are none.

    Raises:
        BeholderError: it is neither.

    >>> stars_by("percentile")({"overall": 5.6, "percentile": 93}), stars_by("3.5,4.2,5,5.6")({"overall": 3.0})
    (4, 0)
    """
    if text.strip().lower() == "percentile":
        return lambda row: 0 if row.get("percentile") is None else 2 + bisect_right(PERCENTILES, row["percentile"])
    try:
        edges = [float(part) for part in text.split(",")]
    except ValueError:
        edges = []
    if len(edges) != 4 or not all(map(math.isfinite, edges)) or sorted(set(edges)) != edges:
        raise BeholderError(
            f"--stars {text}: give percentile, or four rising overall scores from which there are 2, 3, 4 and 5 stars, "
            "for example 3.5,4.2,5,5.6"
        )

    def by_overall(row: Mapping[str, Any]) -> int:
        place = 0 if row.get("overall") is None else bisect_right(edges, row["overall"])
        return place + 1 if place else 0

    return by_overall


def _ratings(row: Mapping[str, Any]) -> list[str]:
    """Columns of ratings: those that stand between the overall score and its interval."""
    names = list(row)
    if "overall" not in row or "low" not in row:
        return []
    between = names[names.index("overall") + 1 : names.index("low")]
    return [name for name in between if _name(name) and _name(name) not in _RESERVED and name not in DECISIONS]


def _name(column: str) -> str:
    """The name of a column as one of XML: ``colour_cast`` -> ``ColourCast``; empty where nothing is left of it."""
    words = re.findall(r"[A-Za-z0-9]+", column)
    name = "".join(word[0].upper() + word[1:] for word in words)
    return f"Task{name}" if name[:1].isdigit() or name.startswith("Wrote") else name


def _amount(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _xml_text(text: str) -> str:
    """Text without the characters that XML does not have."""
    return _NOT_XML.sub("", text)
