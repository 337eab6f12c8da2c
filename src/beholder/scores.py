"""Scores: what a model says of one or many photographs, in native units."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.tasks import Task


@dataclass(frozen=True)
class Scores:
    """Scores of N photographs for T tasks.

    Attributes:
        tasks: T tasks, the overall score first.
        values: (N, T) scores, native units.
        low, high: (N, T) ends of the 90% interval for the mean rating, native units.
        percentiles: (N, T) share of the rated photographs that score lower, 0 to 100.
        embedding: (N, D) what the head reads.
        evidence: (N, T, rows, columns) points of the score that each part of the picture adds or takes.
        sizes: (N, 2) width and height of the upright photographs, pixels.
        model: id of the model file.

    Raises:
        BeholderError: shapes that disagree.
    """

    tasks: tuple[Task, ...]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    percentiles: np.ndarray
    embedding: np.ndarray
    evidence: np.ndarray
    sizes: np.ndarray
    model: str

    def __post_init__(self) -> None:
        expected = (len(self.values), len(self.tasks))
        for name in ("values", "low", "high", "percentiles"):
            if getattr(self, name).shape != expected:
                raise BeholderError(f"Scores.{name} has shape {getattr(self, name).shape}, expected {expected}")
        if len(self.embedding) != expected[0] or self.evidence.shape[:2] != expected or len(self.sizes) != expected[0]:
            raise BeholderError(f"Scores: embedding, evidence and sizes must be of {expected[0]} photographs")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int | slice) -> "Scores":
        """The scores of some of the photographs; an integer gives a Scores of length one."""
        if isinstance(index, int):
            if not -len(self) <= index < len(self):
                raise IndexError(f"photograph {index} of {len(self)}")
            index = slice(index, index + 1 or None)
        arrays = {name: getattr(self, name)[index] for name in _PER_PHOTO}
        return Scores(tasks=self.tasks, model=self.model, **arrays)

    def __iter__(self) -> Iterator["Scores"]:
        return (self[index] for index in range(len(self)))

    @staticmethod
    def concatenate(parts: Sequence["Scores"]) -> "Scores":
        """Scores of one model, one after the other."""
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _PER_PHOTO}
        return Scores(tasks=parts[0].tasks, model=parts[0].model, **arrays)

    def column(self, task: str) -> int:
        """Place of a task by name. Raises BeholderError with the names there are."""
        return task_index(self.tasks, task)

    @property
    def overall(self) -> np.ndarray:
        """(N,) overall score."""
        return self.values[:, 0]

    @property
    def attributes(self) -> dict[str, np.ndarray]:
        """Every other task by name, each (N,)."""
        return {task.name: self.values[:, index] for index, task in enumerate(self.tasks) if index}

    @property
    def interval(self) -> np.ndarray:
        """(N, 2) ends of the 90% interval of the overall score."""
        return np.stack([self.low[:, 0], self.high[:, 0]], axis=1)

    @property
    def percentile(self) -> np.ndarray:
        """(N,) percentile of the overall score among the rated photographs."""
        return self.percentiles[:, 0]

    def to_dict(self) -> dict[str, np.ndarray]:
        """One column a name, in the order of the tables that ``beholder score`` writes."""
        low, high = self.interval.T
        return {
            "overall": self.overall,
            **self.attributes,
            "low": low,
            "high": high,
            "percentile": self.percentile,
            "width": self.sizes[:, 0],
            "height": self.sizes[:, 1],
        }

    def to_pandas(self) -> Any:
        """A data frame with the columns of :meth:`to_dict`. Raises BeholderError where pandas is not installed."""
        return require("pandas", "pandas", "to_pandas").DataFrame(self.to_dict())


_PER_PHOTO = ("values", "low", "high", "percentiles", "embedding", "evidence", "sizes")


def task_index(tasks: tuple[Task, ...], name: str) -> int:
    """Place of a task by name; ``overall`` is the first of any model. Raises BeholderError with the names there are."""
    names = [task.name for task in tasks]
    if name == "overall" and name not in names:
        return 0
    if name not in names:
        raise BeholderError(f"no task is called {name!r}; this model has {', '.join(names)}")
    return names.index(name)
