"""Bayesian ridge regression from a start: the closed form, both decompositions, which start, what cannot be learned."""

import numpy as np
import pytest

from beholder.bayesian_ridge import Grid, Rows, spreads

GRID = Grid(scales=(0.0, 0.3, 1.0), noises=(0.1, 0.5, 1.0), slopes=(0.0, 0.5, 1.0))


def made(count: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Features whose rows have the mean squared length 1, and two starts."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, width)) / np.sqrt(width), rng.normal(size=(count, 2))


@pytest.mark.parametrize(("count", "width"), [(20, 50), (80, 5)])
def test_one_combination_is_ridge_regression(count: int, width: int) -> None:
    features, starts = made(count, width)
    targets = np.random.default_rng(1).normal(size=count)
    found = Rows(features).average(starts[:, :1], targets, Grid((0.7,), (0.5,), (0.25,)))
    x, left = (each - each.mean(axis=0) for each in (features, targets - 0.25 * starts[:, 0]))
    expected = np.linalg.solve(x.T @ x + (0.5 / 0.7) ** 2 * np.eye(width), x.T @ left)
    np.testing.assert_allclose(found.weights, expected, atol=1e-9)
    assert found.slopes.tolist() == [0.25] and found.scale == 0.7


def test_features_that_are_always_zero_change_nothing() -> None:
    """More rows than features are decomposed in another way than fewer."""
    features, starts = made(60, 8)
    targets = features.sum(axis=1) + 0.3 * starts[:, 1]
    few = Rows(features).average(starts, targets, GRID)
    many = Rows(np.hstack([features, np.zeros((60, 80))])).average(starts, targets, GRID)
    np.testing.assert_allclose(few.weights, many.weights[:8], atol=1e-9)
    np.testing.assert_allclose(few.slopes, many.slopes, atol=1e-9)
    assert few.scale == pytest.approx(many.scale)


def test_the_start_that_the_targets_follow_is_found() -> None:
    features, starts = made(60, 100)
    targets = starts[:, 1] + 0.1 * np.random.default_rng(1).normal(size=60)
    found = Rows(features).average(starts, targets / targets.std(), GRID)
    assert abs(found.slopes[0]) < 1e-6 and found.slopes[1] == pytest.approx(1, abs=0.05)
    predicted = starts @ found.slopes + features @ found.weights
    assert np.corrcoef(predicted, targets)[0, 1] > 0.99


def test_noise_leaves_the_start_as_it_is() -> None:
    features, starts = made(60, 100)
    targets = starts[:, 0] + np.random.default_rng(5).normal(size=60)
    noisy = Rows(features).average(starts[:, :1], (targets - targets.mean()) / targets.std(), GRID)
    told = features @ np.random.default_rng(6).normal(size=100) * 2 + starts[:, 0]
    clear = Rows(features).average(starts[:, :1], (told - told.mean()) / told.std(), GRID)
    assert noisy.scale < 0.3 < clear.scale


def test_nothing_but_the_start_may_be_likelier_than_each_scale() -> None:
    features, starts = made(60, 100)
    targets = starts[:, 0] + features[:, :10].sum(axis=1) + np.random.default_rng(5).normal(size=60)
    targets = (targets - targets.mean()) / targets.std()
    even, likely = (Grid(GRID.scales, GRID.noises, GRID.slopes, nothing) for nothing in (1 / 3, 0.999))
    found = [Rows(features).average(starts[:, :1], targets, grid) for grid in (GRID, even, likely)]
    np.testing.assert_allclose(found[0].weights, found[1].weights)
    assert found[2].scale < 0.1 * found[0].scale


def test_spreads_make_features_of_mean_length_1() -> None:
    features = np.random.default_rng(0).normal(size=(30, 7)) * np.arange(1, 8)
    scaled = (features - features.mean(axis=0)) / spreads(features)
    assert (scaled**2).sum(axis=1).mean() == pytest.approx(1)
    assert np.isinf(spreads(np.ones((4, 3)))).all()
