"""Task: one rated quantity, the range of its ratings, and the map to the unit interval and back.

Networks learn in the unit interval, people read native units. The map is the straight line from the ends of the
rating scale (not of the observed means), so it depends on no data set and undoes itself exactly.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError


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
