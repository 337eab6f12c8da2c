"""What is measured of out-of-fold predictions of one task."""

import numpy as np
import pytest

from beholder.embedded.columns import Column, mean_of, reference_of, tidy
from beholder.evaluation.conformal import covered
from beholder.metrics import srcc

RNG = np.random.default_rng(0)
TRUTH = RNG.uniform(1, 7, 200)
COLUMN = Column("beauty", "mine", TRUTH, TRUTH + RNG.normal(0, 0.5, 200), np.arange(200) % 5, "5-fold")


def test_intervals_hold_the_share_that_is_asked_for() -> None:
    errors = np.abs(COLUMN.truth - COLUMN.predicted)
    for coverage in (0.5, 0.9):
        assert (errors <= COLUMN.half_width(coverage) * 1.00001).mean() == pytest.approx(coverage, abs=0.015)


def test_measures() -> None:
    found = {each.metric: each for each in COLUMN.measure(0.9)}
    assert list(found) == ["srcc", "plcc", "rmse", "coverage90"]
    assert {(each.task, each.data, each.split, each.n) for each in found.values()} == {
        ("beauty", "mine", "5-fold", 200)
    }
    assert found["srcc"].value == srcc(COLUMN.truth, COLUMN.predicted)
    assert found["rmse"].value == pytest.approx(np.sqrt(np.square(COLUMN.truth - COLUMN.predicted).mean()))
    inside = covered(COLUMN.truth - COLUMN.predicted, COLUMN.folds, 0.9)
    assert found["coverage90"].value == inside.mean() < 1


def test_numbers_of_a_file_have_few_decimals() -> None:
    found = mean_of("above", "a", "b", "c", np.array([0, 1, 1]) > 0)
    assert (found.n, found.value) == (3, 2 / 3) and found.low < 2 / 3 < found.high
    assert tidy(found).value == 0.666667
    assert reference_of(np.linspace(0, 1, 1001) ** 2)[50] == 0.25
    assert len(reference_of(TRUTH)) == 101 and list(reference_of(TRUTH)) == sorted(reference_of(TRUTH))
