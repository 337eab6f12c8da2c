"""Columns that something beside the tasks of a model adds to each row: a flag, predicted votes, one person's taste.

Tables, files and pages take names and kinds from here, so a new column needs no change in them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores, vote_columns
from beholder.tasks import UNLIKE, Task

Kind = type[str] | type[int] | type[float]


@dataclass(frozen=True)
class ExtraColumns:
    """Columns that are added to each row of scores.

    Attributes:
        kinds: column name -> str, int or float, in order.
        values: scores of N photographs -> an (N,) array for each column that `Scores.to_dict` does not have already.
        leading: whether the columns come before the overall score, rather than after its percentile.
        shown: the columns that the table on a terminal shows and that rows can be ranked by.
        rank_by: the column that rows are ranked by unless the user chooses another; empty for none.
        id: added to the column ``model`` after a ``+``. Files with rows of another id are not resumed. Empty where the
            model alone decides the values.
        tasks: the columns that are scores on a scale, described for the report page.
    """

    kinds: Mapping[str, Kind]
    values: Callable[[Scores], Mapping[str, np.ndarray]]
    leading: bool = False
    shown: tuple[str, ...] = ()
    rank_by: str = ""
    id: str = ""
    tasks: tuple[Task, ...] = ()


def model_extras(info: ModelInfo) -> tuple[ExtraColumns, ...]:
    """What a model tells beside its tasks: which pictures are unlike those that were rated, and predicted votes.

    >>> import beholder
    >>> [list(extra.kinds) for extra in model_extras(beholder.load("fast").info)]
    [['unlike']]
    """
    flag = (ExtraColumns({UNLIKE: int}, lambda scores: {}),) if info.unlike is not None else ()
    return (*flag, *vote_extras(info.score_levels))


def vote_extras(score_levels: Sequence[float]) -> tuple[ExtraColumns, ...]:
    """Standard deviation and shares of predicted votes; nothing for a model that predicts none.

    >>> [list(extra.kinds) for extra in vote_extras((1, 2))]
    [['sd', 'p_1', 'p_2']]
    """
    names = vote_columns(score_levels)
    if not names:
        return ()
    return (ExtraColumns(dict.fromkeys(names, float), lambda scores: {}, shown=(names[0],)),)
