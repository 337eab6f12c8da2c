"""The part of `benchmarks.harms` on edits by known amounts: errors, what is taken for what, false alarms."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.table import Table

from beholder.embedded.edit_checks import (
    MAX_FALSE_ALARMS,
    NOTHING,
    draw_amount,
    draw_combination,
    extremes,
    false_alarms,
    light_and_colour,
    taken_for,
)
from beholder.photos.edits import EDITS, edit
from beholder.photos.read import Pixels
from beholder.scoring.scorer import Scorer
from beholder.scoring.scores import Scores
from beholder.tasks import EDIT
from benchmarks.harms_rivals import SEED, scores_of

EDITED_PHOTOS = 30  # photographs that are edited by known amounts
COMBINATIONS = 2  # of edits, a photograph


def edit_names(scorer: Scorer) -> list[str]:
    """Names of the edits whose amounts a model tells, in its order."""
    return [task.name for task in scorer.info.tasks if task.kind == EDIT and task.name in EDITS]


def edit_tables(name: str, scorer: Scorer, photos: Sequence[Pixels]) -> Iterator[Table]:
    """Errors of the amounts, what is taken for what, and false alarms on photographs that were not edited."""
    names = edit_names(scorer)
    columns = [scorer.info.tasks.index(task) for task in scorer.info.tasks if task.name in names]
    neutral = np.array([EDITS[each].neutral for each in names])
    half_width = np.array(scorer.info.half_width)[columns]
    rng = np.random.default_rng([SEED, 1])
    singles, combined = [], []
    for pixels in photos[:EDITED_PHOTOS]:
        singles += [({each: draw_amount(each, rng)}, pixels) for each in names]
        combined += [(draw_combination(rng), pixels) for _ in range(COMBINATIONS)]
    table = Table(title=f"{name}: mean error of amounts, {min(len(photos), EDITED_PHOTOS)} photographs")
    for head in ("edit", "unit", "one edit", "the mean of all", "several edits", "the mean of all"):
        table.add_column(head, justify="left" if head in ("edit", "unit") else "right")
    parts = []
    for made in (singles, combined):
        amounts = [each for each, _ in made]
        pictures = (edit(pixels, each, rng) for each, pixels in made)
        parts.append((amounts, scores_of(scorer, pictures).values[:, columns]))
    for place, each in enumerate(names):
        cells = []
        for amounts, predicted in parts:
            rows = [row for row, made_of in enumerate(amounts) if each in made_of]
            truth = np.array([amounts[row][each] for row in rows])
            errors = np.abs(predicted[rows, place] - truth)
            cells += [_mean(errors), _mean(np.abs(truth - truth.mean()) if len(truth) else truth)]
        table.add_row(each, EDITS[each].unit, *cells)
    yield table
    yield _confusion_table(name, names, parts[0], neutral, half_width)
    yield _false_alarm_table(name, names, scores_of(scorer, photos), columns, neutral, photos)


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.2f}" if len(values) else ""


def _confusion_table(
    name: str,
    names: Sequence[str],
    singles: tuple[list[dict[str, float]], np.ndarray],
    neutral: np.ndarray,
    half_width: np.ndarray,
) -> Table:
    amounts, predicted = singles
    table = Table(title=f"{name}: what one edit, by more than a quarter of its scale, is taken for (% of a row)")
    table.add_column("made")
    for head in (*names, NOTHING):
        table.add_column(head, justify="right")
    said = taken_for(names, predicted, neutral, half_width)
    for each in names:
        limit = (EDITS[each].high - EDITS[each].low) / 4
        rows = [
            row
            for row, made in enumerate(amounts)
            if abs(made.get(each, EDITS[each].neutral) - EDITS[each].neutral) > limit
        ]
        shares = [sum(said[row] == head for row in rows) / max(len(rows), 1) for head in (*names, NOTHING)]
        table.add_row(each, *(f"{share:.0%}" if share else "" for share in shares))
    return table


def _false_alarm_table(
    name: str,
    names: Sequence[str],
    scores: Scores,
    columns: Sequence[int],
    neutral: np.ndarray,
    photos: Sequence[Pixels],
) -> Table:
    table = Table(
        title=f"{name}: unedited photographs called edited, beyond the interval; goal: {MAX_FALSE_ALARMS:.0%} at most"
    )
    table.add_column("photographs")
    table.add_column("number", justify="right")
    for each in names:
        table.add_column(each, justify="right")
    groups = {"all": np.arange(len(photos)), **extremes([light_and_colour(pixels) for pixels in photos])}
    for group, rows in groups.items():
        shares = [
            false_alarms(scores.low[rows, column], scores.high[rows, column], value)
            for column, value in zip(columns, neutral, strict=True)
        ]
        table.add_row(group, str(len(rows)), *(f"{share:.0%}" for share in shares))
    return table
