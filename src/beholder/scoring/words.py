"""What the numbers of one photograph say, as a photographer would put it: scores -> sentences.

Nothing is said that the numbers do not carry:

- An edit is named only where it is clear: an unedited picture lies outside its 90% interval.
- It is named without "perhaps" only where it is also rare: at most 1% of the rated photographs, which nobody edited,
  have a larger amount out of fold.
- Some edits are seen where there are none, in pictures with a soft background or little detail. They are named from an
  amount that at most 1 in 100 good photographs of another collection have (`docs/how-it-works.md`).
- Of a picture that is unlike what was rated nothing is named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from beholder.scoring.scores import Scores, is_unlike
from beholder.tasks import DISAGREEMENT, RATING, Task

RARE = 1.0  # percent of unedited photographs that have a larger amount, up to which an edit is not "perhaps"
COSTS = 15.0  # percentiles between beauty and overall, from which the way a picture was taken is said to cost something
LOW_QUALITY = 15.0  # percentile of technical quality up to which it is mentioned where no fault is clear
DIVIDED = 95.0  # percentile of disagreement from which it is mentioned
NOTHING = "No clear fault in light, focus or colour"


@dataclass(frozen=True)
class _Words:
    """What is said of an edit on one side of no change.

    Attributes:
        text: the words, with {} in the place of the amount, if there is one.
        named, sure: distance from no change from which it is named at all, and without "perhaps".
        digits: of the amount.
    """

    text: str
    named: float = 0.0
    sure: float = 0.0
    digits: int = 0

    def say(self, value: float) -> str:
        return self.text.replace("{}", f"{abs(value):.{self.digits}f}")


_EDITS: dict[str, tuple[_Words | None, _Words | None]] = {  # below no change, above it
    "exposure": (_Words("under-exposed by about {} EV", digits=1), _Words("over-exposed by about {} EV", digits=1)),
    "contrast": (_Words("flat, with little contrast"), _Words("harsh contrast")),
    "colour_cast": (_Words("a cool colour cast"), _Words("a warm colour cast")),
    "saturation": (_Words("pale, or without colour"), _Words("very saturated", sure=1.2)),
    "sharpness": (None, _Words("soft or out of focus")),
    "motion": (None, _Words("motion blur", named=10, sure=13)),
    "noise": (None, _Words("noisy")),
    "compression": (_Words("strong JPEG compression", named=50, sure=60), None),
    "tilt": (
        _Words("leans about {}° to the left (counter-clockwise)"),
        _Words("leans about {}° to the right (clockwise)"),
    ),
    "vignette": (None, _Words("dark corners")),
}


def sentences(scores: Scores) -> list[str]:
    """What the scores of a photograph say, in the order in which people ask: how good, what is wrong, what is shown.

    Args:
        scores: of length one.

    Returns:
        Sentences; none where the photograph has no scores.

    >>> import beholder
    >>> for sentence in sentences(beholder.load("fast").score("examples/photos/chelsea.jpg")):
    ...     print(sentence)
    Overall 5.5 of 1 to 7, give or take 1.1: higher than 92% of rated photographs.
    No clear fault in light, focus or colour.
    What is shown is rated 5.7 for beauty, higher than 92%.
    """
    value, percentile = (float(each[0, 0]) for each in (scores.values, scores.percentiles))
    if not np.isfinite(value):
        return []
    task, half = scores.tasks[0], float(scores.high[0, 0] - scores.low[0, 0]) / 2
    texts = ["Unlike the photographs that were rated: its numbers say little."] if is_unlike(scores) else []
    texts.append(
        f"{_capital(task.words)} {_of(task, value)}, give or take {half:.{_digits(task)}f}: "
        f"{_beside(percentile)} of rated photographs."
    )
    if fault := faults(scores):
        texts.append(fault)
    if not is_unlike(scores):
        texts += _shown(scores)
        texts += _divided(scores)
    return texts


def faults(scores: Scores) -> str:
    """What is clear of light, focus, colour and framing, in one sentence or two.

    Args:
        scores: of length one.

    Returns:
        Sentences; empty if the model predicts no edits, or the photograph is unlike those that were rated.

    >>> import beholder
    >>> faults(beholder.load("fast").score("examples/photos/flower.jpg"))
    'No clear fault in light, focus or colour.'
    """
    if not scores.edits or is_unlike(scores) or not np.isfinite(scores.values[0]).all():
        return ""
    sure, perhaps = (list(each.values()) for each in named(scores))
    parts = [_capital("; ".join(sure)) + "."] if sure else []
    if perhaps:
        parts.append(f"Perhaps {'; '.join(perhaps)}.")
    return " ".join(parts) or f"{NOTHING}{_low_quality(scores)}."


def named(scores: Scores) -> tuple[dict[str, str], dict[str, str]]:
    """Edits that words name: those that are sure, and those that are "perhaps"; in both the furthest one first.

    Args:
        scores: of length one.

    Returns:
        For each the words by the name of the edit.

    >>> import beholder
    >>> named(beholder.load("fast").score("examples/photos/flower.jpg"))
    ({}, {})
    """
    if is_unlike(scores):
        return {}, {}
    found: list[tuple[float, bool, str, str]] = []
    for index, task in enumerate(scores.tasks):
        value, low, high, percentile = (
            float(each[0, index]) for each in (scores.values, scores.low, scores.high, scores.percentiles)
        )
        if task.neutral is None or not task.is_clear(low, high):
            continue
        above = value > task.neutral
        known = _EDITS.get(task.name)
        words = known[above] if known else _Words(f"{task.words} {task.amount(value)}")
        away = abs(value - task.neutral)
        if words is None or away < words.named:
            continue
        rare = percentile >= 100 - RARE if above else percentile <= RARE
        # The end of the interval that is nearer to no change is never cut off by the end of the scale.
        half = value - low if above else high - value
        found.append((away / max(half, 1e-9), rare and away >= words.sure, task.name, words.say(value)))
    found.sort(key=lambda each: -each[0])
    return {name: text for _, sure, name, text in found if sure}, {
        name: text for _, sure, name, text in found if not sure
    }


def _low_quality(scores: Scores) -> str:
    found = _rating(scores, "quality")
    if found is None or found[2] > LOW_QUALITY:
        return ""
    task, value, percentile = found
    return f", but technical quality is only {_of(task, value)}, {_beside(percentile)}"


def _shown(scores: Scores) -> list[str]:
    """Whether it is low for what it shows or for how it was taken: beauty, which is of the subject, beside overall."""
    found = _rating(scores, "beauty")
    if found is None or scores.tasks[0].name != "overall" or not scores.edits:
        return []
    task, value, percentile = found
    overall = float(scores.percentiles[0, 0])
    text = f"What is shown is rated {value:.{_digits(task)}f} for beauty, {_beside(percentile)}"
    if percentile - overall >= COSTS:
        return [f"{text}: the way it was taken costs it something."]
    return [f"{text}."]


def _divided(scores: Scores) -> list[str]:
    for index, task in enumerate(scores.tasks):
        if task.kind == DISAGREEMENT and scores.percentiles[0, index] >= DIVIDED:
            return ["People would disagree about it more than about most."]
    return []


def _rating(scores: Scores, name: str) -> tuple[Task, float, float] | None:
    """A rating by name, with its value and percentile; None if there is none."""
    for index, task in enumerate(scores.tasks):
        if task.name == name and task.kind == RATING and np.isfinite(scores.values[0, index]):
            return task, float(scores.values[0, index]), float(scores.percentiles[0, index])
    return None


def _digits(task: Task) -> int:
    return max(0, int(np.ceil(-np.log10((task.high - task.low) / 30))))


def _of(task: Task, value: float) -> str:
    return f"{value:.{_digits(task)}f} of {task.low:g} to {task.high:g}"


def _beside(percentile: float) -> str:
    """Where a score stands among those of rated photographs."""
    if percentile >= 50:
        return f"higher than {min(99, int(percentile))}%"
    return f"lower than {min(99, int(100 - percentile))}%"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
