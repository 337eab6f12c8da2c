"""What is said of a photograph: only what is clear, in words, and careful where little is known."""

from typing import Any

import numpy as np
import pytest

from beholder import Scores
from beholder.photos.edits import EDITS
from beholder.scoring.words import NOTHING, faults, sentences
from beholder.tasks import Task

HALF = {"exposure": 0.9, "contrast": 0.5, "colour_cast": 43, "saturation": 0.95, "sharpness": 1.2, "motion": 6.6}
HALF |= {"noise": 7.3, "compression": 30, "tilt": 8.7, "vignette": 1.3}
TASKS = (
    Task("overall", 1, 7),
    Task("beauty", 1, 7),
    Task("quality", 0, 1),
    *(Task(each.name, each.low, each.high, "", "edit", each.unit, each.neutral) for each in EDITS.values()),
    Task("disagreement", 0, 3, "", "disagreement", "points"),
    Task("familiarity", 0, 100, "", "familiarity", "%"),
)
PLAIN = {"overall": (3.9, 38), "beauty": (4.6, 42), "quality": (0.7, 60), "disagreement": (1.4, 50)}


def scores(tasks: tuple[Task, ...] = TASKS, **changes: Any) -> Scores:
    """Of one photograph: name of a task -> value and percentile, or a value that 1 in 200 unedited ones reaches."""
    given = {"familiarity": (60.0, 60.0), **PLAIN, **changes}
    values, ends, percentiles = [], [], []
    for task in tasks:
        value = given.get(task.name, (task.neutral, 50.0))
        if not isinstance(value, tuple):
            value = value, 50.0 if task.neutral is None else 99.5 if value > task.neutral else 0.5
        half = HALF.get(task.name, 1.0)
        values.append(value[0])
        ends.append((max(task.low, value[0] - half), min(task.high, value[0] + half)))
        percentiles.append(value[1])
    low, high = np.array(ends).T[:, None]
    row, shares = np.array([values]), np.array([percentiles])
    cells = np.zeros((1, len(tasks), 1, 1))
    return Scores(tasks, row, low, high, shares, row, cells, np.array([[80, 60]]), "made", unlike_below=3.0)


def test_how_good_what_is_wrong_and_what_is_shown() -> None:
    said = sentences(scores(exposure=-1.3, sharpness=1.9))
    assert said == [
        "Overall 3.9 of 1 to 7, give or take 1.0: lower than 62% of rated photographs.",
        "Soft or out of focus; under-exposed by about 1.3 EV.",
        "What is shown is rated 4.6 for beauty, lower than 58%.",
    ]


@pytest.mark.parametrize(
    ("name", "amount", "said"),
    [
        ("exposure", -1.26, "Under-exposed by about 1.3 EV."),
        ("exposure", 2.0, "Over-exposed by about 2.0 EV."),
        ("contrast", 0.3, "Flat, with little contrast."),
        ("contrast", 1.9, "Harsh contrast."),
        ("colour_cast", 80, "A warm colour cast."),
        ("colour_cast", -80, "A cool colour cast."),
        ("saturation", 0, "Pale, or without colour."),
        ("saturation", 3, "Very saturated."),
        ("sharpness", 1.6, "Soft or out of focus."),
        ("motion", 20, "Motion blur."),
        ("noise", 20, "Noisy."),
        ("compression", 20, "Strong JPEG compression."),
        ("tilt", 10.2, "Leans about 10° to the right (clockwise)."),
        ("tilt", -10.2, "Leans about 10° to the left (counter-clockwise)."),
        ("vignette", 3, "Dark corners."),
    ],
)
def test_every_edit_has_words(name: str, amount: float, said: str) -> None:
    assert faults(scores(**{name: amount})) == said


@pytest.mark.parametrize("name", list(HALF))
def test_what_is_not_clear_is_not_named(name: str) -> None:
    away = 0.99 * HALF[name]
    amount = EDITS[name].neutral + (away if name != "compression" else -away)
    assert faults(scores(**{name: amount})) == f"{NOTHING}."


def test_what_is_clear_but_not_rare_is_perhaps() -> None:
    assert faults(scores(exposure=(-1.0, 2.0))) == "Perhaps under-exposed by about 1.0 EV."
    assert faults(scores(exposure=(-1.0, 1.0))) == "Under-exposed by about 1.0 EV."
    assert faults(scores(vignette=(1.5, 98), noise=30)) == "Noisy. Perhaps dark corners."


def test_edits_that_are_often_mistaken_need_more() -> None:
    assert faults(scores(motion=8)) == f"{NOTHING}." and faults(scores(motion=11)) == "Perhaps motion blur."
    assert faults(scores(compression=60)) == f"{NOTHING}." and faults(scores(saturation=2)) == "Perhaps very saturated."


def test_what_is_unlike_is_said_first_and_nothing_is_named() -> None:
    odd = scores(familiarity=2.0, exposure=-2, quality=(0.1, 1))
    assert faults(odd) == ""
    assert sentences(odd) == [
        "Unlike the photographs that were rated: its numbers say little.",
        "Overall 3.9 of 1 to 7, give or take 1.0: lower than 62% of rated photographs.",
    ]


def test_low_quality_is_told_where_no_fault_is_clear() -> None:
    said = f"{NOTHING}, but technical quality is only 0.31 of 0 to 1, lower than 91%."
    assert faults(scores(quality=(0.31, 9.0))) == said
    assert faults(scores(quality=(0.31, 9.0), noise=30)) == "Noisy."


def test_how_it_was_taken_costs_what_is_shown_is_worth_more() -> None:
    assert sentences(scores(overall=(3.9, 38), beauty=(4.7, 60)))[-1] == (
        "What is shown is rated 4.7 for beauty, higher than 60%: the way it was taken costs it something."
    )


def test_disagreement_is_told_where_it_is_high() -> None:
    assert "disagree" not in " ".join(sentences(scores()))
    assert sentences(scores(disagreement=(1.8, 97)))[-1] == "People would disagree about it more than about most."


def test_a_model_of_ratings_tells_where_it_stands_and_no_more() -> None:
    tasks = (Task("warm_light", 0, 100), Task("beauty", 1, 7))
    for percentile, beside in ((99.9, "higher than 99%"), (50, "higher than 50%"), (0, "lower than 99%")):
        made = scores(tasks, warm_light=(20.0, float(percentile)))
        assert faults(made) == ""
        assert sentences(made) == [f"Warm light 20 of 0 to 100, give or take 1: {beside} of rated photographs."]


def test_an_edit_without_words_is_told_by_its_amount() -> None:
    tasks = (*TASKS, Task("grain_size", 0, 9, "", "edit", "pixels", 0))
    assert faults(scores(tasks, grain_size=4.0)) == "Grain size 4.0 pixels."


def test_nothing_is_said_without_a_score() -> None:
    assert sentences(scores(overall=(np.nan, np.nan))) == [] and faults(scores(exposure=(np.nan, np.nan))) == ""
