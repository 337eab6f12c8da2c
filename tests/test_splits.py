"""Folds and holdout splits: shares, whole groups, seeds."""

import numpy as np
import pytest

from beholder.splits import fold_split, grouped_folds, holdout_split
from helpers.layouts import refused


@pytest.mark.parametrize("count", [10, 37, 1000])
def test_holdout_has_its_shares_and_is_seeded(count: int) -> None:
    parts = holdout_split(count, 0.2, 0.1, seed=3)
    for part, share in (("test", 0.2), ("validation", 0.1), ("train", 0.7)):
        assert abs((parts == part).sum() - share * count) <= 1
    np.testing.assert_array_equal(parts, holdout_split(count, 0.2, 0.1, seed=3))
    assert (parts != holdout_split(count, 0.2, 0.1, seed=4)).any()
    assert "validation" not in holdout_split(count, 0.2, 0)


def test_holdout_cuts_through_no_group() -> None:
    groups = [f"g{number}" for number in np.random.default_rng(0).integers(0, 60, 600)]
    parts = holdout_split(600, 0.2, 0.1, groups=groups)
    assert all(len(set(parts[np.array(groups) == group])) == 1 for group in groups)
    assert abs((parts == "test").mean() - 0.2) < 0.02 and abs((parts == "validation").mean() - 0.1) < 0.02
    refused("5 photographs in 2 groups that must stay whole leave the", holdout_split, 5, groups=list("aaabb"))
    refused("2 photographs leave the test part empty", holdout_split, 2)


def test_fold_parts_test_each_photograph_once() -> None:
    groups = [f"g{number // 4}" for number in range(200)]
    fold_of = grouped_folds(groups)
    rounds = [fold_split(fold_of, fold, 0.1, groups=groups) for fold in range(5)]
    tested = np.sum([parts == "test" for parts in rounds], axis=0)
    assert (tested == 1).all()
    for fold, parts in enumerate(rounds):
        np.testing.assert_array_equal(parts == "test", fold_of == fold)
        assert (parts == "validation").sum() == 20  # a tenth of all, not of the rest
        assert all(len(set(parts[start : start + 4])) == 1 for start in range(0, 200, 4))
    assert "validation" not in fold_split(fold_of, 0, 0)
    refused("fold 7 of .* leaves no photographs", fold_split, fold_of, 7)
