"""One row of a table for each photograph."""

from collections.abc import Sequence
from typing import Any

from beholder.errors import BeholderError
from beholder.personal.taste import Taste
from beholder.scoring.batch import Result
from beholder.scoring.scores import vote_columns
from beholder.tasks import Task
from beholder.text import valid_utf8

Row = dict[str, Any]
TEXT, WHOLE = frozenset({"path", "model", "sha256", "error"}), frozenset({"width", "height"})  # other columns: floats
DECIMALS = 4
WITH_TASTE = "+"


def columns_of(tasks: Sequence[Task], taste: bool = False, score_levels: Sequence[float] = ()) -> list[str]:
    """Names of the columns for a model's tasks, the first of which is the overall score; ``taste`` comes before it.

    A model that predicts votes for ``score_levels`` adds their standard deviation and shares.

    Raises BeholderError where a task has the name of another column.
    """
    names = ["overall", *(task.name for task in tasks[1:])]
    all_names = [
        "path",
        *["taste"] * taste,
        *names,
        "low",
        "high",
        "percentile",
        *vote_columns(score_levels),
        "width",
        "height",
        "model",
        "sha256",
        "error",
    ]
    if twice := [name for name in names if all_names.count(name) > 1]:
        raise BeholderError(f"the model has a task called {twice[0]!r}, which names another column; rename the task")
    return all_names


def row_of(result: Result, names: Sequence[str], taste: Taste | None = None) -> Row:
    """A result as a row: floats rounded, what is not there None, no error an empty text."""
    made: Row = dict.fromkeys(names)
    made |= {"path": valid_utf8(result.path), "sha256": result.sha256, "error": valid_utf8(result.error or "")}
    if result.scores is not None:
        personal = {} if taste is None else {"taste": taste(result.scores)}
        values = {name: column[0].item() for name, column in (personal | result.scores.to_dict()).items()}
        made |= {name: round(v, DECIMALS) if isinstance(v, float) else v for name, v in values.items()}
        made["model"] = identity_of(result.scores.model, taste)
    return made


def identity_of(model: str, taste: Taste | None) -> str:
    """What the column ``model`` says: the id of the model, and of the taste that was put on it."""
    return model if taste is None else f"{model}{WITH_TASTE}{taste.id}"
