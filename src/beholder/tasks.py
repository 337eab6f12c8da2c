"""Task: one rated quantity, the range of its ratings, and the map to the unit interval and back.

Networks learn in the unit interval, people read native units. The map is linear between the ends of the rating scale
(not of the observed means), so it depends on no data set and is inverted exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError

# Columns that every table of scores has, beside one for each task; `overall` is the score of the first task.
SCORE_COLUMNS = ("path", "overall", "low", "high", "percentile", "width", "height", "model", "sha256", "error")

MAX_END = 1e12  # of a rating scale, either way; the square of a larger one may be infinite in single precision


@dataclass(frozen=True)
class Task:
    """A rated quantity and its rating scale.

    Attributes:
        name: column name, for example ``beauty``.
        low: lowest value on the rating scale, in native units.
        high: highest value on the rating scale.
        description: what raters were asked, in one sentence.

    Raises:
        BeholderError: the range is empty, not finite or beyond :data:`MAX_END`, or the name cannot be a column name.

    >>> Task("beauty", 1, 7).to_unit([1, 4, 7])
    array([0. , 0.5, 1. ])
    """

    name: str
    low: float
    high: float
    description: str = ""

    def __post_init__(self) -> None:
        if not self.name.replace("_", "").isalnum():
            raise BeholderError(f"task name {self.name!r}: use letters, digits and underscores")
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise BeholderError(
                f"task {self.name}: the range {self.low} to {self.high} is empty; give the ends of the rating scale"
            )
        if max(abs(self.low), abs(self.high)) > MAX_END:
            raise BeholderError(f"task {self.name}: the range {self.low} to {self.high} is no rating scale")

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

    def as_dict(self) -> dict[str, Any]:
        """The fields, for JSON.

        >>> Task("beauty", 1, 7).as_dict()
        {'name': 'beauty', 'low': 1, 'high': 7, 'description': ''}
        """
        return asdict(self)


def check_column_names(tasks: Sequence[Task], extra: Iterable[str] = ()) -> None:
    """Check that each task can have a column of its own in a table of scores.

    Args:
        tasks: of a model, the overall score first; its column is always called ``overall``.
        extra: names of further columns.

    Raises:
        BeholderError: two columns would have one name.

    >>> check_column_names((Task("beauty", 1, 7), Task("quality", 0, 1)))
    """
    names = [task.name for task in tasks[1:]]
    columns = [*SCORE_COLUMNS, *names, *extra]
    if taken := [name for name in names if columns.count(name) > 1]:
        raise BeholderError(f"the model has a task called {taken[0]!r}, which names another column; rename the task")
