"""The map between native units and the unit interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholder.errors import BeholderError
from beholder.tasks import SCORE_COLUMNS, Task, check_column_names

ends = st.tuples(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(ends, st.lists(st.floats(0, 1), min_size=1))
def test_there_and_back(scale: tuple[float, float], units: list[float]) -> None:
    task = Task("t", *scale)
    native = task.from_unit(units)
    assert (native >= scale[0] - 1e-9).all() and (native <= scale[1] + 1e-9).all()
    np.testing.assert_allclose(task.to_unit(native), units, atol=1e-9)


@given(ends, st.lists(st.floats(-10, 10), min_size=2, unique=True))
def test_order_is_kept_and_the_ends_meet(scale: tuple[float, float], units: list[float]) -> None:
    task = Task("t", *scale)
    rising = np.sort(units)
    assert (np.diff(task.from_unit(rising)) >= 0).all() and (np.diff(task.to_unit(rising)) >= 0).all()
    assert task.to_unit(scale).tolist() == [0, 1] and task.from_unit(0) == scale[0]
    apart = np.diff(rising) > 1e-6  # beyond rounding
    assert (np.diff(task.to_unit(task.from_unit(rising)))[apart] > 0).all()


def test_missing_ratings_stay_missing() -> None:
    np.testing.assert_array_equal(np.isnan(Task("t", 1, 7).to_unit([1.0, np.nan])), [False, True])


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (0, float("inf")), (float("nan"), 1), (0, 1e300)])
def test_an_empty_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(BeholderError, match="range"):
        Task("t", low, high)


@pytest.mark.parametrize("name", ["", "a b", "a,b", "[bold]"])
def test_a_name_that_is_no_column_is_refused(name: str) -> None:
    with pytest.raises(BeholderError, match="letters"):
        Task(name, 0, 1)


@pytest.mark.parametrize("name", [*SCORE_COLUMNS, "taste"])
def test_a_task_named_as_a_column_is_refused(name: str) -> None:
    with pytest.raises(BeholderError, match=f"a task called '{name}', which names another column; rename the task"):
        check_column_names((Task("overall", 0, 1), Task(name, 0, 1)), ["taste"])


def test_two_tasks_of_one_name_are_refused_but_the_first_may_have_any() -> None:
    with pytest.raises(BeholderError, match="rename the task"):
        check_column_names((Task("beauty", 0, 1), Task("warmth", 0, 1), Task("warmth", 0, 1)))
    check_column_names((Task("path", 0, 1), Task("warmth", 0, 1)))


AMOUNTS: tuple[tuple[Task, float, str], ...] = (
    (Task("exposure", -3, 3, "", "edit", "EV", 0), -1.27, "−1.3 EV"),
    (Task("exposure", -3, 3, "", "edit", "EV", 0), -0.04, "0.0 EV"),
    (Task("contrast", 0.3, 2, "", "edit", "×", 1), 0.816, "×0.82"),
    (Task("colour_cast", -120, 120, "", "edit", "mired", 0), 34.4, "+34 mired"),
    (Task("motion", 0, 40, "", "edit", "‰ of the long side", 0), 12.3, "12‰ of the long side"),
    (Task("noise", 0, 60, "", "edit", "σ of 255", 0), 20.6, "σ 21 of 255"),
    (Task("compression", 0, 100, "", "edit", "JPEG quality", 100), 35.2, "JPEG quality 35"),
    (Task("tilt", -15, 15, "", "edit", "°", 0), 3, "+3.0°"),
    (Task("vignette", 0, 4, "", "edit", "stops", 0), 1.25, "1.2 stops"),
    (Task("familiarity", 0, 100, "", "familiarity", "percent"), 45.6, "46%"),
    (Task("odd", 0, 1, "", unit="{x} {}"), 0.5, "0.50 {x} {}"),
)


@pytest.mark.parametrize(("task", "value", "text"), AMOUNTS)
def test_amounts_are_written_as_photographers_read_them(task: Task, value: float, text: str) -> None:
    assert task.amount(value) == text


BAD_KINDS = {
    "kind": ({"kind": "guess"}, "its kind is 'guess', this version knows rating, edit, disagreement, familiarity: pip"),
    "unit": ({"unit": "a\nb"}, "its unit is not one line"),
    "no neutral": ({"kind": "edit"}, "an edit has a neutral value, and nothing else has one"),
    "neutral of a rating": ({"neutral": 1}, "an edit has a neutral value, and nothing else has one"),
    "neutral outside": ({"kind": "edit", "neutral": 8}, "neutral value 8 is outside its range, 1 to 7"),
    "neutral is no number": ({"kind": "edit", "neutral": float("nan")}, "neutral value nan is outside"),
}


@pytest.mark.parametrize("case", BAD_KINDS)
def test_a_kind_that_cannot_be_is_refused(case: str) -> None:
    fields, says = BAD_KINDS[case]
    with pytest.raises(BeholderError, match=says):
        Task("t", 1, 7, **fields)  # type: ignore[arg-type]


def test_the_ends_of_an_edit_are_columns_too() -> None:
    tilt = Task("tilt", -9, 9, kind="edit", neutral=0)
    check_column_names((Task("overall", 0, 1), tilt))
    with pytest.raises(BeholderError, match="a task called 'tilt_low', which names another column"):
        check_column_names((Task("overall", 0, 1), Task("tilt_low", 0, 1), tilt))
    with pytest.raises(BeholderError, match="a task called 'unlike'"):
        check_column_names((Task("overall", 0, 1), Task("unlike", 0, 1)), ["unlike"])
