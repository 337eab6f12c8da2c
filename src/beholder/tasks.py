"""Task: one quantity that people rate or that a model predicts, its range, and the map to the unit interval and back.

Networks learn in the unit interval, people read native units. The map is linear between the ends of the rating scale
(not of the observed means), so it depends on no data set and is inverted exactly.

What a model predicts is of one of four kinds. A **rating** is what people would say. An **edit** is the amount of a
change that was made to the picture, such as a lower exposure; nobody rated it. **Disagreement** is how much the votes
of people differ. **Familiarity** is how near the picture is to those that were rated.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError

# Columns that every table of scores has, beside one for each task; `overall` is the score of the first task.
SCORE_COLUMNS = ("path", "overall", "low", "high", "percentile", "width", "height", "model", "sha256", "error")

MAX_END = 1e12  # of a rating scale, either way; the square of a larger one may be infinite in single precision
MAX_UNIT = 40  # characters
RATING, EDIT, DISAGREEMENT, FAMILIARITY = KINDS = ("rating", "edit", "disagreement", "familiarity")
DETAIL_KINDS = KINDS[1:]  # of tasks that are no ratings, in the order of their columns
UNLIKE = "unlike"  # the column that says whether a picture is unlike those that were rated
_FORMS = {  # unit -> how an amount is written; in any other unit it is the number, then the unit
    "": "{}",
    "×": "×{}",
    "°": "{}°",
    "%": "{}%",
    "percent": "{}%",
    "‰ of the long side": "{}‰ of the long side",
    "σ of 255": "σ {} of 255",
    "JPEG quality": "JPEG quality {}",
}


@dataclass(frozen=True)
class Task:
    """A quantity and its scale.

    Attributes:
        name: column name, for example ``beauty``.
        low: lowest value on the scale, in native units.
        high: highest value on the scale.
        description: what raters were asked, or what the quantity is, in one sentence.
        kind: what it is: ``rating``, ``edit``, ``disagreement`` or ``familiarity``.
        unit: native unit, for example ``EV``; empty for the points of a rating scale.
        neutral: of an edit, and only of an edit: the value that means that nothing was changed.

    Raises:
        BeholderError: the range is empty, not finite or beyond :data:`MAX_END`, the name cannot be a column name, the
            kind is not known, the unit is not a short line, or an edit has no neutral value inside its range.

    >>> Task("beauty", 1, 7).to_unit([1, 4, 7])
    array([0. , 0.5, 1. ])
    >>> Task("exposure", -3, 3, "How much lighter it was made", kind="edit", unit="EV", neutral=0).amount(-1.27)
    '−1.3 EV'
    """

    name: str
    low: float
    high: float
    description: str = ""
    kind: str = RATING
    unit: str = ""
    neutral: float | None = None

    def __post_init__(self) -> None:
        if not self.name.replace("_", "").isalnum():
            raise BeholderError(f"task name {self.name!r}: use letters, digits and underscores")
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise BeholderError(
                f"task {self.name}: the range {self.low} to {self.high} is empty; give the ends of the rating scale"
            )
        if max(abs(self.low), abs(self.high)) > MAX_END:
            raise BeholderError(f"task {self.name}: the range {self.low} to {self.high} is no rating scale")
        if self.kind not in KINDS:
            raise BeholderError(
                f"task {self.name}: its kind is {self.kind[:MAX_UNIT]!r}, this version knows {', '.join(KINDS)}: pip "
                "install --upgrade beholder"
            )
        if not (self.unit.isprintable() and len(self.unit) <= MAX_UNIT):
            raise BeholderError(f"task {self.name}: its unit is not one line of at most {MAX_UNIT} characters")
        if (self.neutral is not None) != (self.kind == EDIT):
            raise BeholderError(f"task {self.name}: an edit has a neutral value, and nothing else has one")
        if self.neutral is not None and not self.low <= self.neutral <= self.high:
            raise BeholderError(
                f"task {self.name}: its neutral value {self.neutral} is outside its range, {self.low} to {self.high}"
            )

    def to_unit(self, native: Any) -> np.ndarray:
        """Native units -> [0, 1] for values inside the scale; NaN stays NaN.

        >>> Task("quality", 0, 5).to_unit([0, 2.5, float("nan")])
        array([0. , 0.5, nan])
        """
        return (np.asarray(native, dtype=float) - self.low) / (self.high - self.low)

    def from_unit(self, unit: Any) -> np.ndarray:
        """[0, 1] -> native units, the inverse of :meth:`to_unit`.

        >>> Task("beauty", 1, 7).from_unit([0, 0.5, 1])
        array([1., 4., 7.])
        """
        return np.asarray(unit, dtype=float) * (self.high - self.low) + self.low

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns in a table of scores: its own; for an edit also the ends of the 90% interval.

        >>> Task("tilt", -15, 15, kind="edit", unit="°", neutral=0).columns
        ('tilt', 'tilt_low', 'tilt_high')
        """
        return (self.name, f"{self.name}_low", f"{self.name}_high") if self.kind == EDIT else (self.name,)

    @property
    def words(self) -> str:
        """The name as people read it.

        >>> Task("colour_cast", 0, 1).words
        'colour cast'
        """
        return self.name.replace("_", " ")

    @property
    def form(self) -> str:
        """How an amount is written in its unit, with ``{}`` in the place of the number.

        >>> Task("exposure", -3, 3, unit="EV").form, Task("contrast", 0, 2, unit="×").form
        ('{} EV', '×{}')
        """
        return _FORMS.get(self.unit) or f"{{}} {self.unit}"

    @property
    def decimals(self) -> int:
        """Digits after the point that an amount is shown with: steps of about a fortieth of the range.

        >>> Task("exposure", -3, 3).decimals, Task("contrast", 0.3, 2).decimals, Task("familiarity", 0, 100).decimals
        (1, 2, 0)
        """
        return max(0, math.ceil(-math.log10((self.high - self.low) / 40)))

    def number(self, value: float) -> str:
        """A value as a short number; with its sign on a scale that has both signs.

        >>> task = Task("exposure", -3, 3, unit="EV")
        >>> task.number(0.42), task.number(-1.27), task.number(-0.01)
        ('+0.4', '−1.3', '0.0')
        """
        text = f"{value:{'+' if self.low < 0 else ''}.{self.decimals}f}"
        is_zero = not text.strip("+-0.")
        return text.lstrip("+-") if is_zero else text.replace("-", "\N{MINUS SIGN}")

    def amount(self, value: float) -> str:
        """A value in its unit, as people read it.

        >>> Task("noise", 0, 60, unit="σ of 255").amount(20.6)
        'σ 21 of 255'
        """
        return self.form.replace("{}", self.number(value), 1)

    def is_clear(self, low: float, high: float) -> bool:
        """Whether an edit is clear: its 90% interval leaves out the amount that changes nothing.

        >>> task = Task("exposure", -3, 3, kind="edit", unit="EV", neutral=0)
        >>> task.is_clear(-2.1, -0.4), task.is_clear(-0.9, 0.8)
        (True, False)
        """
        return self.neutral is not None and not low <= self.neutral <= high

    def as_dict(self) -> dict[str, Any]:
        """The fields, for JSON.

        >>> list(Task("beauty", 1, 7).as_dict().items())[:4]
        [('name', 'beauty'), ('low', 1), ('high', 7), ('description', '')]
        """
        return asdict(self)


def ratings_of(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """The tasks that are ratings, in order.

    >>> [task.name for task in ratings_of((Task("beauty", 1, 7), Task("familiarity", 0, 100, kind="familiarity")))]
    ['beauty']
    """
    return of_kind(tasks, RATING)


def of_kind(tasks: Iterable[Task], *kinds: str) -> tuple[Task, ...]:
    """The tasks of some kinds, kind after kind, those of a kind in order.

    >>> spread, tilt = Task("spread", 0, 3, kind="disagreement"), Task("tilt", -9, 9, kind="edit", neutral=0)
    >>> [task.name for task in of_kind((spread, tilt), "edit", "disagreement")]
    ['tilt', 'spread']
    """
    each = tuple(tasks)
    return tuple(task for kind in kinds for task in each if task.kind == kind)


def check_column_names(tasks: Sequence[Task], extra: Iterable[str] = ()) -> None:
    """Check that each task can have a column of its own in a table of scores.

    Args:
        tasks: of a model, the overall score first; its column is always called ``overall``.
        extra: names of further columns.

    Raises:
        BeholderError: two columns would have one name.

    >>> check_column_names((Task("beauty", 1, 7), Task("quality", 0, 1)))
    """
    names = [name for task in tasks[1:] for name in task.columns]
    columns = [*SCORE_COLUMNS, *names, *extra]
    if taken := [name for name in names if columns.count(name) > 1]:
        raise BeholderError(f"the model has a task called {taken[0]!r}, which names another column; rename the task")
