"""Task: one rated quantity, the range of its ratings, and the map to the unit interval and back.

Networks learn in the unit interval, people read native units. The map is linear between the ends of the rating scale
(not of the observed means), so it depends on no data set and is inverted exactly.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError


@dataclass(frozen=True)
class Task:
    """A rated quantity and its rating scale.

    Attributes:
        name: column name, for example ``beauty``.
        low: lowest value on the rating scale, in native units.
        high: highest value on the rating scale.
        description: what raters were asked, in one sentence.

    Raises:
        BeholderError: the range is empty or not finite, or the name cannot be a column name.

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
