"""Parts that the reports of several systems share."""

from collections.abc import Sequence

import numpy as np

from beholder.metrics import Estimate
from beholder.reporting import charts
from beholder.reporting.document import Picture
from beholder.systems.study import Study
from beholder.systems.two_stages import best_epoch


def ratings_and_predictions(study: Study, predicted: np.ndarray, number: str, note: str) -> Picture:
    """Scatter of the first task.

    Args:
        predicted: (seeds, n, T), of which the first seed is drawn.
        number: of the figure in the paper, or "".
        note: text below.
    """
    rated = study.photos.tasks[0]
    label = f"{rated.name} ({rated.low:g} to {rated.high:g})"
    return Picture(
        number,
        "Ratings and predictions",
        charts.scatter(study.truth[:, 0], predicted[0, :, 0], label, rated.low, rated.high),
        f"Scatter of {len(study.rows)} photographs, mean rating against prediction.",
        note,
    )


def differences(gaps: Sequence[tuple[str, Estimate]]) -> Picture:
    """Paired differences in SRCC by label, with their intervals."""
    return Picture(
        "",
        "Differences on the same photographs",
        charts.intervals([(label, gap.value, gap.low, gap.high) for label, gap in gaps]),
        "Paired differences in SRCC with 95% intervals, and the line of no difference.",
        "Positive: the first is better. Each side is the mean over its seeds.",
    )


def last_stage_sentence(study: Study, setting: str) -> str:
    """Says that a report is about the last stage, and in which trainings of a setting the first one was better."""
    better, count = [], 0
    for result in study.results:
        history = result.outcome.history
        if result.setting != setting or max(row["stage"] for row in history) == 1:
            continue
        count += 1
        first, last = (best_epoch(history, stage).get("validation_loss", np.inf) for stage in (1, 2))
        if first < last:
            better.append(f"seed {result.seed} in round {result.fold + 1}")
    if not count:
        return "There is one stage."
    which = f" ({', '.join(better)})" if better else ""
    return (
        "Numbers, figures and networks are those of the last stage; stage 1 had the lower validation loss in "
        f"{len(better)} of {count} trainings of `{setting}`{which}."
    )
