"""Ridge against scikit-learn's, and the honesty of its cross-validation."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from beholder.splits import grouped_folds, random_folds
from beholder.training import ridge


@pytest.mark.parametrize("shape", [(30, 80), (80, 30), (40, 40)])
@pytest.mark.parametrize("penalty", [0.1, 3.0])
def test_fit_is_scikit_learns(shape: tuple[int, int], penalty: float) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(2, 3, size=shape)
    targets = rng.normal(5, 1, size=(shape[0], 2))
    standardised = (features - features.mean(0)) / (features.std(0) + 1e-6)
    expected = Ridge(alpha=penalty * shape[1]).fit(standardised, targets).predict(standardised)
    found = ridge.fit_path(features, targets, [penalty])[0](features)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_each_target_has_its_own_penalty() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(120, 20))
    clean = features @ rng.normal(size=20)
    targets = np.stack([clean, rng.normal(size=120)], axis=1)
    chosen = ridge.choose_penalties([features], targets)
    assert chosen[0] == min(ridge.PENALTIES) and chosen[1] == max(ridge.PENALTIES)
    head = ridge.fit([features], targets)
    for task in range(2):
        alone = ridge.fit_path(features, targets[:, [task]], [chosen[task]])[0]
        np.testing.assert_allclose(head.weight[task], alone.weight[0], atol=1e-10)


def test_out_of_fold_predictions_do_not_know_their_photograph() -> None:
    rng = np.random.default_rng(2)
    features, noise = rng.normal(size=(100, 300)), rng.normal(size=(100, 1))
    predicted = ridge.out_of_fold([features], noise, random_folds(100))
    assert np.isfinite(predicted).all()
    assert abs(np.corrcoef(predicted[:, 0], noise[:, 0])[0, 1]) < 0.35
    inside = ridge.fit_path(features, noise, [0.1])[0](features)
    assert np.corrcoef(inside[:, 0], noise[:, 0])[0, 1] > 0.9  # what a leak would look like


@pytest.mark.parametrize(("count", "folds"), [(649, 5), (7, 3), (5, 5)])
def test_random_folds_are_even_and_seeded(count: int, folds: int) -> None:
    sizes = np.bincount(random_folds(count, folds, 3), minlength=folds)
    assert sizes.sum() == count and sizes.max() - sizes.min() <= 1
    np.testing.assert_array_equal(random_folds(count, folds, 3), random_folds(count, folds, 3))


def test_grouped_folds_cut_through_no_group() -> None:
    groups = [f"theme {number % 17}" for number in range(200)]
    folds = grouped_folds(groups, 5, seed=1)
    assert set(folds) == set(range(5))
    assert all(len({fold for fold, name in zip(folds, groups, strict=True) if name == theme}) == 1 for theme in groups)


def test_probe_learns_each_task_from_what_was_rated_for_it() -> None:
    rng = np.random.default_rng(0)
    features, weights = rng.normal(size=(60, 4)), rng.normal(size=(4, 2))
    ratings = features @ weights
    test = np.arange(60) >= 45
    gaps = ratings.copy()
    gaps[:20, 1] = np.nan
    found = ridge.predict_test([features], gaps, test)
    assert np.isnan(found[~test]).all()
    np.testing.assert_allclose(found[test], ratings[test], atol=0.2)
    spoilt = np.where(test[:, None], 100.0, gaps)  # what is tested is not seen
    np.testing.assert_array_equal(ridge.predict_test([features], spoilt, test), found)


def test_tasks_with_the_same_rated_rows_are_solved_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task has the numbers that it has alone, and a system of equations is solved once for all of them."""
    rng = np.random.default_rng(4)
    features = rng.normal(size=(80, 20))
    signal = features @ rng.normal(size=(20, 7)) + rng.normal(size=(80, 7)) * np.geomspace(0.01, 100, 7)
    ratings = np.where((np.arange(80) < 10)[:, None] & (np.arange(7) >= 4), np.nan, signal)  # four tasks, and three
    test, views = np.arange(80) >= 60, [features, features[:, ::-1].copy()]
    alone = np.hstack([ridge.predict_test(views, ratings[:, [task]], test) for task in range(7)])
    solved = []
    solve = np.linalg.solve
    monkeypatch.setattr(np.linalg, "solve", lambda *given: solved.append(given[1].shape[1]) or solve(*given))
    together = ridge.predict_test(views, ratings, test)
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12 * np.nanmax(np.abs(ratings)))
    assert set(solved) == {4, 3}
    choosing = 4 * len(ridge.PENALTIES)  # folds in which each penalty is tried
    assert 2 * choosing < len(solved) <= 2 * (choosing + len(ridge.PENALTIES))


def test_rows_may_count_more_than_once() -> None:
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(30, 8)), rng.normal(size=(30, 2))
    counts = rng.integers(1, 4, 30)
    repeated = ridge.fit_path(np.repeat(features, counts, axis=0), np.repeat(targets, counts, axis=0), (0.3,))[0]
    counted = ridge.fit_path(features, targets, (0.3,), counts)[0]
    np.testing.assert_allclose(counted.weight, repeated.weight, atol=1e-6)
    np.testing.assert_allclose(counted.bias, repeated.bias, atol=1e-6)
