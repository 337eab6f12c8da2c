"""One row of a table for each photograph: its columns, and the values in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from beholder.tasks import DETAIL_KINDS, Task, check_column_names, of_kind, ratings_of
from beholder.text import valid_utf8

if TYPE_CHECKING:  # writing rows needs no model
    from beholder.scoring.batch import Result
    from beholder.scoring.extra_columns import ExtraColumns, Kind

    Columns = Mapping[str, Kind]  # column name -> str, int or float, in the order of the table
Row = dict[str, Any]
DECIMALS = 4
LAST_COLUMNS = ("width", "height", "model", "sha256", "error")  # of every table
ID_SEPARATOR = "+"  # between the ids of a model and of what was added to its scores


def columns_of(tasks: Sequence[Task], extras: Sequence[ExtraColumns] = ()) -> Columns:
    """The columns of a table of scores.

    Args:
        tasks: of the model, the overall score first.
        extras: what is added to the scores of the model.

    Raises:
        BeholderError: a task has the name of another column.
    """
    leading, trailing = (
        {k: v for each in extras if each.leading is side for k, v in each.kinds.items()} for side in (True, False)
    )
    check_column_names(tasks, (*leading, *trailing))
    return {
        "path": str,
        **leading,
        **dict.fromkeys(score_names(tasks), float),
        **dict.fromkeys(("low", "high", "percentile"), float),
        **dict.fromkeys(detail_names(tasks), float),
        **trailing,
        **dict.fromkeys(LAST_COLUMNS[:2], int),
        **dict.fromkeys(LAST_COLUMNS[2:], str),
    }


def score_names(tasks: Sequence[Task]) -> tuple[str, ...]:
    """Columns of the ratings of a model: ``overall`` for its first task, then the name of each other rating."""
    return ("overall", *(task.name for task in ratings_of(tasks[1:])))


def detail_names(tasks: Sequence[Task]) -> tuple[str, ...]:
    """Columns of what a model predicts beside ratings: edits with their intervals, disagreement, familiarity."""
    return tuple(name for task in of_kind(tasks, *DETAIL_KINDS) for name in task.columns)


def shown_names(extras: Sequence[ExtraColumns], *, leading: bool) -> tuple[str, ...]:
    """Extra columns that a table on a terminal shows before the scores (``leading``) or after them."""
    return tuple(name for each in extras if each.leading is leading for name in each.shown)


def row_of(result: Result, columns: Columns, extras: Sequence[ExtraColumns] = ()) -> Row:
    """A result as a row: floats rounded to :data:`DECIMALS`, no error an empty text.

    Missing values are None, and so are those that are not finite, which JSON cannot express.
    """
    row: Row = dict.fromkeys(columns)
    row |= {"path": valid_utf8(result.path), "sha256": result.sha256, "error": valid_utf8(result.error or "")}
    if result.scores is not None:
        arrays = result.scores.to_dict()
        for each in extras:
            arrays |= each.values(result.scores)
        for name, (value,) in ((name, array.tolist()) for name, array in arrays.items()):
            row[name] = value if not isinstance(value, float) else round(value, DECIMALS) if isfinite(value) else None
        row["model"] = identity_of(result.scores.model, extras)
    return row


def identity_of(model: str, extras: Sequence[ExtraColumns] = ()) -> str:
    """The text of the column ``model``: the id of the model, then those of what was added to its scores."""
    return ID_SEPARATOR.join([model, *extra_ids(extras)])


def extra_ids(extras: Sequence[ExtraColumns]) -> tuple[str, ...]:
    """Ids that what is added to the scores contributes to the column ``model``."""
    return tuple(each.id for each in extras if each.id)
