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
        buckets: (M,) values that can be voted for the first task, where the model predicts votes.
        distribution: (N, M) predicted share of each, rows that sum to 1; None where the model has none.

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
    buckets: tuple[float, ...] = ()
    distribution: np.ndarray | None = None

    def __post_init__(self) -> None:
        expected = (len(self.values), len(self.tasks))
        for name in ("values", "low", "high", "percentiles"):
            if getattr(self, name).shape != expected:
                raise BeholderError(f"Scores.{name} has shape {getattr(self, name).shape}, expected {expected}")
        if len(self.embedding) != expected[0] or self.evidence.shape[:2] != expected or len(self.sizes) != expected[0]:
            raise BeholderError(f"Scores: embedding, evidence and sizes must be of {expected[0]} photographs")
        shares = (expected[0], len(self.buckets)) if self.buckets else None
        if shares != (None if self.distribution is None else self.distribution.shape):
            raise BeholderError(
                f"Scores.distribution must be of {expected[0]} photographs and {len(self.buckets)} values"
            )

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int | slice | np.ndarray) -> "Scores":
        """The scores of some of the photographs; an integer gives a Scores of length one."""
        if isinstance(index, int):
            if not -len(self) <= index < len(self):
                raise IndexError(f"photograph {index} of {len(self)}")
            index = slice(index, index + 1 or None)
        arrays = {name: values[index] for name, values in self._arrays().items()}
        return Scores(tasks=self.tasks, model=self.model, buckets=self.buckets, **arrays)

    def __iter__(self) -> Iterator["Scores"]:
        return (self[index] for index in range(len(self)))

    @staticmethod
    def concatenate(parts: Sequence["Scores"]) -> "Scores":
        """Scores of one model, one after the other."""
        first, rows = parts[0], [part._arrays() for part in parts]
        arrays = {name: np.concatenate([each[name] for each in rows]) for name in rows[0]}
        return Scores(tasks=first.tasks, model=first.model, buckets=first.buckets, **arrays)

    def _arrays(self) -> dict[str, np.ndarray]:
        """What has a row for each photograph."""
        arrays = {name: getattr(self, name) for name in _PER_PHOTO}
        return arrays if self.distribution is None else arrays | {"distribution": self.distribution}

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

    @property
    def sd(self) -> np.ndarray | None:
        """(N,) standard deviation of the predicted votes, how much people would disagree; None without a distribution.

        Native units of the first task.
        """
        if self.distribution is None:
            return None
        from beholder.metrics import deviations  # the loaders of data sets come with it

        return deviations(self.distribution, np.array(self.buckets))

    def to_dict(self) -> dict[str, np.ndarray]:
        """One column a name, in the order of the tables that ``beholder score`` writes."""
        low, high = self.interval.T
        votes: dict[str, np.ndarray] = {}
        if self.distribution is not None and self.sd is not None:
            votes = dict(zip(vote_columns(self.buckets), (self.sd, *self.distribution.T), strict=True))
        return {
            "overall": self.overall,
            **self.attributes,
            "low": low,
            "high": high,
            "percentile": self.percentile,
            **votes,
            "width": self.sizes[:, 0],
            "height": self.sizes[:, 1],
        }

    def to_pandas(self) -> Any:
        """A data frame with the columns of :meth:`to_dict`. Raises BeholderError where pandas is not installed."""
        return require("pandas", "pandas", "to_pandas").DataFrame(self.to_dict())


_PER_PHOTO = ("values", "low", "high", "percentiles", "embedding", "evidence", "sizes")


def vote_columns(buckets: Sequence[float]) -> list[str]:
    """Names of what is told of predicted votes: their standard deviation, and the share of each value.

    >>> vote_columns((1, 2))
    ['sd', 'p_1', 'p_2']
    """
    return ["sd", *(f"p_{value:g}" for value in buckets)] if buckets else []


def task_index(tasks: tuple[Task, ...], name: str) -> int:
    """Place of a task by name; ``overall`` is the first of any model. Raises BeholderError with the names there are."""
    names = [task.name for task in tasks]
    if name == "overall" and name not in names:
        return 0
    if name not in names:
        raise BeholderError(f"no task is called {name!r}; this model has {', '.join(names)}")
    return names.index(name)
