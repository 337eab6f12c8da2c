"""The heads of a probe: a share of known scores, and a linear function of the embedding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beholder.bayesian_ridge import Grid, Rows, spreads
from beholder.tasks import RATING, Task
from beholder.training import ridge

GRID = Grid(
    scales=(0.0, 0.15, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0),
    noises=(0.2, 0.35, 0.5, 0.7, 0.85, 1.0),
    slopes=(0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0),
    nothing=0.75,  # few ratings must speak clearly before a score is changed: `python -m benchmarks probe`
)


@dataclass(frozen=True)
class Known:
    """What an embedded model says of N photographs.

    Attributes:
        embedding: (N, D).
        scores: (N, S) native units.
        tasks: S tasks of that model.
    """

    embedding: np.ndarray
    scores: np.ndarray
    tasks: tuple[Task, ...]

    def rows(self, rows: np.ndarray) -> "Known":
        """Those of some of the photographs."""
        return Known(self.embedding[rows], self.scores[rows], self.tasks)


@dataclass(frozen=True)
class Heads:
    """K linear heads: ``scores @ on_scores + embedding @ weight + bias``, in units of the ratings.

    Attributes:
        on_scores: (S, K).
        weight: (D, K).
        bias: (K,).
        typical: (D, K) mean embedding of the photographs that each head learned from, which evidence is relative to.
    """

    on_scores: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    typical: np.ndarray

    def __call__(self, known: Known) -> np.ndarray:
        """(N, K) predictions, not clipped to their scales."""
        found: np.ndarray = known.scores @ self.on_scores + known.embedding @ self.weight + self.bias
        return found


def starts_of(task: Task, tasks: Sequence[Task]) -> list[int]:
    """The columns of a model's scores that a task may start from: the rating of its name, or else every rating.

    >>> known = (Task("overall", 1, 7), Task("beauty", 1, 7), Task("tilt", -9, 9, kind="edit", neutral=0))
    >>> starts_of(Task("beauty", 0, 10), known), starts_of(Task("light", 0, 10), known)
    ([1], [0, 1])
    """
    named = [place for place, each in enumerate(tasks) if each.kind == RATING and each.name == task.name]
    return named or [place for place, each in enumerate(tasks) if each.kind == RATING]


def fit(known: Known, ratings: np.ndarray, tasks: Sequence[Task], learned: np.ndarray) -> Heads:
    """Fit a head for each task to the photographs that were rated for it.

    Args:
        known: of N photographs.
        ratings: (N, K) native units, NaN where a photograph was not rated.
        tasks: K tasks that were rated.
        learned: (N,) booleans, the photographs to learn from.
    """
    columns: list[Heads] = []
    decomposed: dict[bytes, tuple[Rows, np.ndarray, np.ndarray]] = {}  # by the rows that were rated
    for task, column in zip(tasks, ratings.T, strict=True):
        rows = learned & np.isfinite(column)
        key = rows.tobytes()
        if key not in decomposed:
            embedding = known.embedding[rows].astype(np.float64)
            typical, divisors = embedding.mean(axis=0), spreads(embedding)
            decomposed[key] = Rows((embedding - typical) / divisors), typical, divisors
        columns.append(_fit_one(known.scores[rows], starts_of(task, known.tasks), column[rows], *decomposed[key]))
    return _side_by_side(columns)


def _fit_one(
    scores: np.ndarray, starts: list[int], ratings: np.ndarray, rows: Rows, typical: np.ndarray, divisors: np.ndarray
) -> Heads:
    """A head of one task, without the last dimension."""
    on_scores = np.zeros(scores.shape[1])
    spread, centre = float(ratings.std()), float(ratings.mean())
    if spread == 0:
        return Heads(on_scores, np.zeros(len(typical)), np.asarray(centre), typical)
    chosen = scores[:, starts].astype(np.float64)
    means, units = chosen.mean(axis=0), chosen.std(axis=0) + 1e-9
    found = rows.average((chosen - means) / units, (ratings - centre) / spread, GRID)
    on_scores[starts] = spread * found.slopes / units
    weight = spread * found.weights / divisors
    bias = centre - on_scores[starts] @ means - weight @ typical
    return Heads(on_scores, weight, np.asarray(bias), typical)


def fit_plain(views: Sequence[np.ndarray], ratings: np.ndarray, learned: np.ndarray) -> Heads:
    """Fit a head for each task that starts from nothing, by ridge regression; its penalty by cross-validation.

    Args:
        views: (N, D) features of N photographs, then those of their mirror images.
        ratings, learned: as of :func:`fit`.
    """
    columns = []
    for column in ratings.T:
        rows = learned & np.isfinite(column)
        head = ridge.fit([view[rows] for view in views], column[rows, None])
        columns.append(Heads(np.zeros(0), head.weight[0], head.bias[0], views[0][rows].mean(axis=0)))
    return _side_by_side(columns)


def _side_by_side(columns: Sequence[Heads]) -> Heads:
    """Heads of one task each, without the last dimension -> heads of all."""
    names = ("on_scores", "weight", "bias", "typical")
    return Heads(*(np.stack([getattr(each, name) for each in columns], axis=-1) for name in names))
