"""What is added to the scores of a model in a run: what the model tells beside its tasks, and one person's taste."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beholder.scoring.extra_columns import ExtraColumns
    from beholder.scoring.scorer import Scorer


def open_extras(scorer: Scorer, taste: str | os.PathLike[str] | None) -> tuple[ExtraColumns, ...]:
    """The columns that are added to the scores of this model.

    Args:
        scorer: the model.
        taste: file of `beholder taste fit`, if any.

    Raises:
        BeholderError: the taste cannot be read or is of another model, or a column has the name of another one.
    """
    from pathlib import Path

    from beholder.scoring.extra_columns import model_extras
    from beholder.tasks import check_column_names

    extras = model_extras(scorer.info)
    if taste is not None:
        from beholder.personal.taste import columns, read_taste

        extras = (columns(read_taste(Path(taste), scorer.id)), *extras)
    check_column_names(scorer.info.tasks, (name for each in extras for name in each.kinds))
    return extras
