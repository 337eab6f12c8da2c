"""Task: one rated quantity, the range of its ratings, and the map to the unit interval and back.

Networks learn in the unit interval, people read native units. The map is the straight line from the ends of the
rating scale (not of the observed means), so it depends on no data set and undoes itself exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError

# Columns that every table of scores has, beside one for each task; `overall` is the score of the first task.
SCORE_COLUMNS = ("path", "overall", "low", "high", "percentile", "width", "height", "model", "sha256", "error")


@dataclass(frozen=True)
class Task:
    """A rated quantity.

    Attributes:
        name: column name, for example ``beauty``.
        low: lowest value on the rating scale, in native units.
        high: highest value on the rating scale.
        description: what was asked, of whom; one sentence.

    Raises:
        BeholderError: the range is empty or not finite, or the name cannot be a column.

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

    def to_unit(self, native: Any) -> np.ndarray:
        """Native units -> [0, 1] for values inside the scale; missing ratings stay NaN."""
        return (np.asarray(native, dtype=float) - self.low) / (self.high - self.low)

    def from_unit(self, unit: Any) -> np.ndarray:
        """The inverse of :meth:`to_unit`."""
        return np.asarray(unit, dtype=float) * (self.high - self.low) + self.low

    def as_dict(self) -> dict[str, Any]:
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
