"""Scores: the predictions of a model for one or many photographs, in native units."""

import html
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.metrics import deviations
from beholder.tasks import DETAIL_KINDS, DISAGREEMENT, EDIT, FAMILIARITY, RATING, UNLIKE, Task, of_kind

SHOWN = 10  # photographs in a notebook's table


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """Scores of N photographs for T tasks.

    It is indexed as an array of N is: by integers (which give Scores of length one), slices, masks and arrays of
    integers. Two are equal if all they hold is.

    Attributes:
        tasks: T tasks, the overall score first.
        values: (N, T) scores, native units.
        low, high: (N, T) ends of the 90% interval for the mean rating, or for the amount of an edit, native units.
        percentiles: (N, T) percentage of the rated photographs that score lower, 0 to 100.
        embedding: (N, D) features that the scores are computed from.
        evidence: (N, T, rows, columns) points of the score that each part of the picture adds or takes: a rough map,
            which comes with the scores; `Scorer.explain` makes a faithful one.
        sizes: (N, 2) width and height of the upright photographs, in pixels.
        model: id of the model file.
        score_levels: M values that raters of the first task choose from; empty unless the model predicts votes.
        distribution: (N, M) predicted share of votes for each score level, rows that sum to 1; None unless the model
            predicts votes.
        unlike_below: familiarity below which a photograph is unlike those that were rated; None if none is marked.

    Raises:
        BeholderError: the shapes do not agree.

    >>> import beholder
    >>> scores = beholder.load("fast").score(["examples/photos/rocket.jpg", "examples/photos/flower.jpg"])
    >>> len(scores), scores.values.shape, [task.name for task in scores.tasks][:3]
    (2, (2, 19), ['overall', 'beauty', 'appeal'])
    >>> best = scores[scores.overall.argsort()[::-1]]
    >>> best.overall.round(1)
    array([5.3, 4.5], dtype=float32)
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
    score_levels: tuple[float, ...] = ()
    distribution: np.ndarray | None = None
    unlike_below: float | None = None

    def __post_init__(self) -> None:
        expected = (len(self.values), len(self.tasks))
        for name in ("values", "low", "high", "percentiles"):
            if getattr(self, name).shape != expected:
                raise BeholderError(f"Scores.{name} has shape {getattr(self, name).shape}, expected {expected}")
        if len(self.embedding) != expected[0] or self.evidence.shape[:2] != expected or len(self.sizes) != expected[0]:
            raise BeholderError(f"Scores: embedding, evidence and sizes must have {expected[0]} rows")
        shares = (expected[0], len(self.score_levels)) if self.score_levels else None
        if shares != (None if self.distribution is None else self.distribution.shape):
            raise BeholderError(
                f"Scores.distribution must have {expected[0]} rows and {len(self.score_levels)} score levels"
            )

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> "Scores":
        """The scores of some of the photographs; an integer gives a Scores of length one.

        Raises:
            IndexError: there is no such photograph, or the index is none of an array of one dimension.
        """
        chosen = _rows(index, len(self))
        return self._with({name: values[chosen] for name, values in self._arrays().items()})

    def __eq__(self, other: object) -> bool:
        return same_content(self, other) if isinstance(other, Scores) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as for any array

    def __repr__(self) -> str:
        """One line: how many, by which model, and the scores of the first few.

        >>> import beholder
        >>> photos = ["examples/photos/rocket.jpg", "examples/photos/flower.jpg"]
        >>> beholder.load("fast").score(photos)  # doctest: +ELLIPSIS
        Scores(2 photographs by fast@...: overall 4..., 5...; beauty, appeal, valence, arousal, quality, simplicity)
        """
        count = f"{len(self)} photograph{'s' * (len(self) != 1)} by {self.model}"
        names = [self.tasks[0].name, *self.attributes]
        if len(self) == 1:
            values = (self.overall, *self.attributes.values())
            each = ", ".join(f"{name} {value[0]:.3g}" for name, value in zip(names, values, strict=True))
            low, high = self.interval[0]
            unlike = ", unlike what was rated" if is_unlike(self) else ""
            percentile = f"percentile {self.percentile[0]:.0f}{unlike}"
            return f"Scores({count}: {each}; overall from {low:.3g} to {high:.3g}, {percentile})"
        first = ", ".join(f"{value:.3g}" for value in self.overall[:SHOWN]) + ", ..." * (len(self) > SHOWN)
        others = f"; {', '.join(names[1:])}" if names[1:] else ""
        return f"Scores({count}: {names[0]} {first}{others})" if len(self) else f"Scores({count})"

    def _repr_html_(self) -> str:
        """The small table that a notebook shows: ratings of the first photographs, and how many there are."""
        first = self[:SHOWN]
        names = (self.tasks[0].name, "90% interval", "percentile", *self.attributes)
        intervals = [" to ".join(filter(None, map(_shown, ends))) for ends in first.interval]
        numbers = [list(map(_shown, values)) for values in first.attributes.values()]
        columns = [list(map(_shown, first.overall)), intervals, list(map(_rounded, first.percentile)), *numbers]
        unlike = [False] * len(first) if first.unlike is None else first.unlike
        head = "".join(f"<th>{html.escape(name)}</th>" for name in ("", *names))
        rows = "".join(
            f"<tr><th>{row}{' ?' * bool(mark)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
            for row, (mark, cells) in enumerate(zip(unlike, zip(*columns, strict=True), strict=True))
        )
        count = f"{len(self)} photograph{'s' * (len(self) != 1)} by {html.escape(self.model)}"
        below = f"the first {SHOWN} of " * (len(self) > SHOWN) + count
        below += "; ?: unlike what was rated" * any(unlike)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{below}</p>"

    def __iter__(self) -> Iterator["Scores"]:
        return (self[index] for index in range(len(self)))

    @staticmethod
    def concatenate(parts: Sequence["Scores"]) -> "Scores":
        """Join scores of one model, in order.

        >>> import beholder
        >>> scores = beholder.load("fast").score("examples/photos/rocket.jpg")
        >>> len(beholder.Scores.concatenate([scores, scores]))
        2
        """
        first, rows = parts[0], [part._arrays() for part in parts]
        arrays = {name: np.concatenate([each[name] for each in rows]) for name in rows[0]}
        return first._with(arrays)

    def _arrays(self) -> dict[str, np.ndarray]:
        """The fields that have one row per photograph."""
        arrays = {name: getattr(self, name) for name in _PER_PHOTO}
        return arrays if self.distribution is None else arrays | {"distribution": self.distribution}

    def _with(self, arrays: dict[str, np.ndarray]) -> "Scores":
        return Scores(
            tasks=self.tasks,
            model=self.model,
            score_levels=self.score_levels,
            unlike_below=self.unlike_below,
            **arrays,
        )

    def column(self, task: str) -> int:
        """Index of a task in the columns of ``values``. Raises BeholderError if there is no such task.

        >>> import beholder
        >>> beholder.load("fast").score("examples/photos/rocket.jpg").column("quality")
        5
        """
        return task_index(self.tasks, task)

    @property
    def overall(self) -> np.ndarray:
        """(N,) overall scores, native units.

        >>> import beholder
        >>> beholder.load("fast").score("examples/photos/rocket.jpg").overall.round(1)
        array([4.5], dtype=float32)
        """
        return self.values[:, 0]

    @property
    def attributes(self) -> dict[str, np.ndarray]:
        """Scores of every other rating by name, each (N,), native units.

        >>> import beholder
        >>> list(beholder.load("fast").score("examples/photos/rocket.jpg").attributes)
        ['beauty', 'appeal', 'valence', 'arousal', 'quality', 'simplicity']
        """
        return {name: values for name, values in self._of_kind(RATING).items() if name != self.tasks[0].name}

    @property
    def edits(self) -> dict[str, np.ndarray]:
        """Predicted amounts of edits that were made to the pictures, by name, each (N,), native units; empty if the
        model predicts none.

        >>> import beholder
        >>> beholder.load("fast").score("examples/photos/rocket.jpg").edits["saturation"].round(1)
        array([1.4], dtype=float32)
        """
        return self._of_kind(EDIT)

    @property
    def disagreement(self) -> np.ndarray | None:
        """(N,) how much people would disagree: the predicted standard deviation of their votes, native units.

        None if the model does not predict it.

        >>> import beholder
        >>> beholder.load("fast").score("examples/photos/rocket.jpg").disagreement.round(1)
        array([1.5], dtype=float32)
        """
        return next(iter(self._of_kind(DISAGREEMENT).values()), None)

    @property
    def familiarity(self) -> np.ndarray | None:
        """(N,) how near each picture is to those that were rated, as a percentile of rated photographs, 0 to 100.

        None if the model does not tell.

        >>> import beholder
        >>> beholder.load("fast").score("examples/photos/rocket.jpg").familiarity.round()
        array([18.], dtype=float32)
        """
        return next(iter(self._of_kind(FAMILIARITY).values()), None)

    @property
    def unlike(self) -> np.ndarray | None:
        """(N,) bool, whether a picture is so unlike those that were rated that its scores say little.

        None if the model does not tell.

        >>> import beholder
        >>> beholder.load("fast").score("examples/photos/rocket.jpg").unlike
        array([False])
        """
        familiarity = self.familiarity
        return None if familiarity is None or self.unlike_below is None else familiarity < self.unlike_below

    def _of_kind(self, kind: str) -> dict[str, np.ndarray]:
        return {task.name: self.values[:, index] for index, task in enumerate(self.tasks) if task.kind == kind}

    @property
    def interval(self) -> np.ndarray:
        """(N, 2) ends of the 90% interval of the overall score, native units.

        >>> import beholder
        >>> scores = beholder.load("fast").score("examples/photos/rocket.jpg")
        >>> bool(scores.interval[0, 0] < scores.overall[0] < scores.interval[0, 1])
        True
        """
        return np.stack([self.low[:, 0], self.high[:, 0]], axis=1)

    @property
    def percentile(self) -> np.ndarray:
        """(N,) percentile of the overall score among the rated photographs, 0 to 100.

        >>> import beholder
        >>> bool(0 <= beholder.load("fast").score("examples/photos/rocket.jpg").percentile[0] <= 100)
        True
        """
        return self.percentiles[:, 0]

    @property
    def sd(self) -> np.ndarray | None:
        """(N,) standard deviation of the predicted votes: how much people would disagree, native units.

        None if the model predicts no votes.

        >>> import beholder
        >>> print(beholder.load("fast").score("examples/photos/rocket.jpg").sd)
        None
        """
        if self.distribution is None:
            return None
        return deviations(self.distribution, np.array(self.score_levels))

    def to_dict(self) -> dict[str, np.ndarray]:
        """Columns by name, each (N,), in the order of the tables that ``beholder score`` writes.

        An edit has three: its amount, and the ends of its 90% interval. ``unlike`` is 0 or 1.

        >>> import beholder
        >>> list(beholder.load("fast").score("examples/photos/rocket.jpg").to_dict())[7:14]
        ['low', 'high', 'percentile', 'exposure', 'exposure_low', 'exposure_high', 'contrast']
        """
        low, high = self.interval.T
        votes: dict[str, np.ndarray] = {}
        sd = self.sd
        if self.distribution is not None and sd is not None:
            votes = dict(zip(vote_columns(self.score_levels), (sd, *self.distribution.T), strict=True))
        details: dict[str, np.ndarray] = {}
        for task in of_kind(self.tasks, *DETAIL_KINDS):
            place = self.tasks.index(task)
            arrays = (self.values[:, place], self.low[:, place], self.high[:, place])
            details |= zip(task.columns, arrays, strict=False)
        if (unlike := self.unlike) is not None:
            details[UNLIKE] = unlike.astype(int)
        return {
            "overall": self.overall,
            **self.attributes,
            "low": low,
            "high": high,
            "percentile": self.percentile,
            **details,
            **votes,
            "width": self.sizes[:, 0],
            "height": self.sizes[:, 1],
        }

    def to_pandas(self) -> Any:
        """A pandas data frame with the columns of :meth:`to_dict`. Raises BeholderError if pandas is not installed.

        >>> import beholder
        >>> beholder.load("fast").score("examples/photos/rocket.jpg").to_pandas().shape  # doctest: +SKIP
        (1, 10)
        """
        return require("pandas", "pandas", "to_pandas").DataFrame(self.to_dict())


def _shown(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}"


def _rounded(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.0f}"


def is_unlike(scores: Scores) -> bool:
    """Whether the only photograph of these scores is unlike those that were rated; no if the model does not tell.

    >>> import beholder
    >>> is_unlike(beholder.load("fast").score("examples/photos/rocket.jpg"))
    False
    """
    return scores.unlike is not None and bool(scores.unlike[0])


def same_content(one: Any, other: Any) -> bool:
    """Whether two objects of one dataclass hold the same: arrays element by element, with NaN equal to NaN."""
    pairs = ((getattr(one, field.name), getattr(other, field.name)) for field in fields(one) if field.compare)
    return type(one) is type(other) and all(
        _same_array(mine, theirs)
        if isinstance(mine, np.ndarray) or isinstance(theirs, np.ndarray)
        else bool(mine == theirs)
        for mine, theirs in pairs
    )


def _same_array(mine: Any, theirs: Any) -> bool:
    if mine is None or theirs is None:
        return False
    return np.array_equal(mine, theirs, equal_nan=np.issubdtype(np.asarray(mine).dtype, np.inexact))


def _rows(index: Any, count: int) -> slice | np.ndarray:
    """An index of an array of one dimension -> what chooses the rows, always as many dimensions as before."""
    if isinstance(index, slice) or index is Ellipsis:
        return index if isinstance(index, slice) else slice(None)
    if isinstance(index, str | tuple) or index is None:
        raise IndexError(f"{index!r} is no index of photographs; scores of a task are .attributes[name] or .values")
    if not isinstance(index, bool | np.bool_):
        try:
            row = operator.index(index)
        except TypeError:
            pass  # not one integer
        else:
            if not -count <= row < count:
                raise IndexError(f"photograph {row} of {count}")
            return slice(row, row + 1 or None)
    rows = np.asarray(index)
    if rows.size == 0 and rows.ndim == 1:
        rows = rows.astype(bool if rows.dtype == bool else int)
    if rows.ndim != 1 or rows.dtype.kind not in "biu":
        raise IndexError(f"an array of {rows.dtype} and shape {rows.shape} is no index of {count} photographs")
    if rows.dtype == bool and len(rows) != count:
        raise IndexError(f"a mask of {len(rows)} for {count} photographs")
    if rows.dtype != bool and rows.size and not (-count <= rows.min() and rows.max() < count):
        raise IndexError(f"photographs {rows.min()} to {rows.max()} of {count}")
    return rows


_PER_PHOTO = ("values", "low", "high", "percentiles", "embedding", "evidence", "sizes")


def blank(scores: Scores, rows: Sequence[int]) -> Scores:
    """Scores with NaN in place of everything that is predicted in these rows."""
    if not rows:
        return scores
    arrays = {name: values.copy() for name, values in scores._arrays().items()}
    for name, values in arrays.items():
        if name != "sizes":
            values[list(rows)] = np.nan
    return scores._with(arrays)


def vote_columns(score_levels: Sequence[float]) -> list[str]:
    """Column names of predicted votes: their standard deviation, and the share of each score level.

    >>> vote_columns((1, 2))
    ['sd', 'p_1', 'p_2']
    """
    return ["sd", *(f"p_{value:g}" for value in score_levels)] if score_levels else []


def task_index(tasks: tuple[Task, ...], name: str) -> int:
    """Index of a task by name; ``overall`` is the first task of any model. Raises BeholderError if there is none."""
    names = [task.name for task in tasks]
    if name == "overall" and name not in names:
        return 0
    if name not in names:
        raise BeholderError(f"no task is called {name!r}; this model has {', '.join(names)}")
    return names.index(name)
