"""Which changes are suggested, decided on scores that are made up so that the right answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from beholder.improving.changes import CROP, Change
from beholder.improving.decide import MARGIN, asked_for, rises, worth
from beholder.improving.search import TURNS, Tried
from beholder.tasks import Task

TASKS = (
    Task("overall", 1, 7),
    Task("exposure", -3, 3, kind="edit", unit="EV", neutral=0),
    Task("contrast", 0, 3, kind="edit", unit="×", neutral=1),
    Task("tilt", -15, 15, kind="edit", unit="°", neutral=0),
)


def scores(overall: float, exposure: float = 0, contrast: float = 1, tilt: float = 0) -> list[float]:
    return [overall, exposure, contrast, tilt]


@pytest.fixture
def tried() -> Tried:
    """A photograph without a fault whose score nothing raises."""
    changes = (Change("exposure", 0.5), Change("contrast", 1.3), Change(CROP, box=(0, 0, 0.8, 0.8)))
    values = np.array([scores(3.98), scores(3.97), scores(3.9)])
    versions = np.array([scores(4 + 0.02 * place) for place in (0, -1, 1, -1, 1, 0)])
    turned = np.array([scores(4 - 0.03 * abs(angle), tilt=angle) for angle in TURNS])
    return Tried(TASKS, versions, turned, changes, values)


def suggested(tried: Tried) -> list[str]:
    return [each.change.name for each in rises(tried) if each.excess > 0]


def test_nothing_is_worth_it(tried: Tried) -> None:
    assert suggested(tried) == []


def test_a_higher_score_is(tried: Tried) -> None:
    values = tried.values.copy()
    values[1, 0] += 0.4
    assert suggested(replace(tried, values=values)) == ["contrast"]


def test_not_where_the_score_itself_is_as_noisy(tried: Tried) -> None:
    values, versions = tried.values.copy(), tried.versions.copy()
    values[1, 0] += 0.25
    assert suggested(replace(tried, values=values)) == ["contrast"]
    versions[1:, 0] += [0.4, -0.4, 0.4, -0.4, 0]
    assert suggested(replace(tried, values=values, versions=versions)) == []


def test_a_fault_that_goes_counts_where_the_score_stays(tried: Tried) -> None:
    versions, values = tried.versions.copy(), tried.values.copy()
    versions[:, 1] = -1
    values[:, 1] = [-0.2, -1, -1]
    assert suggested(replace(tried, versions=versions, values=values)) == ["exposure"]
    values[0, 0] -= 0.5  # the picture is worse for it
    assert suggested(replace(tried, versions=versions, values=values)) == []


def test_a_crop_must_gain_more(tried: Tried) -> None:
    values = tried.values.copy()
    values[:, 0] = [4.25, 4, 4.25]
    assert suggested(replace(tried, values=values)) == ["exposure"]
    values[2, 0] = 4.6
    assert suggested(replace(tried, values=values)) == ["crop", "exposure"]


def test_a_leaning_picture_is_turned_back(tried: Tried) -> None:
    leaning = np.array([scores(4 - 0.05 * abs(angle + 5), tilt=angle + 5) for angle in TURNS])
    (first, *_) = rises(replace(tried, turned=leaning))
    assert first.change.name == "straighten" and first.change.amount == pytest.approx(-5, abs=1.3)
    assert first.gain > 0.05


def test_worth_counts_faults_on_any_scale() -> None:
    plain, faulty = np.array([scores(4)]), np.array([scores(4, exposure=-1, contrast=0.5)])
    assert worth(TASKS, plain)[0] == 4 and worth(TASKS, faulty)[0] < 3.7
    percent = (Task("overall", 0, 100), *TASKS[1:])
    assert worth(percent, faulty)[0] == pytest.approx(4 - (4 - worth(TASKS, faulty)[0]) * 100 / 6)
    assert asked_for(percent, Change("contrast", 1.2), 0) == pytest.approx(MARGIN[""] * 100 / 6)
