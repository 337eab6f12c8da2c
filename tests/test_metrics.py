"""Metrics against SciPy, intervals against what they promise."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from beholder.errors import BeholderError
from beholder.evaluation.conformal import covered, half_width
from beholder.metrics import METRICS, accuracy, bootstrap, mae, measure, paired_bootstrap, plcc, rmse, srcc

REFERENCE = {
    "srcc": lambda a, b: stats.spearmanr(a, b)[0],
    "krcc": lambda a, b: stats.kendalltau(a, b)[0],
    "mae": lambda a, b: np.abs(a - b).mean(),
    "plcc": lambda a, b: stats.pearsonr(a, b)[0],
    "rmse": lambda a, b: np.sqrt(np.mean((a - b) ** 2)),
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n", [2, 3, 10, 649])
@pytest.mark.parametrize("ties", [False, True])
def test_metric_is_scipys(metric: str, n: int, ties: bool) -> None:
    rng = np.random.default_rng(n)
    truth = rng.normal(size=n)
    predicted = truth + rng.normal(size=n)
    if ties and n > 3:
        truth, predicted = truth.round(), predicted.round()
    assert METRICS[metric](truth, predicted) == pytest.approx(REFERENCE[metric](truth, predicted), abs=1e-12)


ratings = st.integers(2, 60).flatmap(lambda n: st.tuples(*[st.lists(st.integers(-50, 50), min_size=n, max_size=n)] * 2))


@given(ratings)
def test_metrics_of_any_ratings(pair: tuple[list[int], list[int]]) -> None:
    """Against SciPy, within their bounds, and unmoved by what must not move them."""
    truth, predicted = (np.array(values) / 10 for values in pair)
    shuffle = np.random.default_rng(0).permutation(len(truth))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, of constant ratings
        for name, metric in METRICS.items():
            value = metric(truth, predicted)
            np.testing.assert_allclose(value, REFERENCE[name](truth, predicted), atol=1e-12)
            np.testing.assert_allclose(value, metric(truth[shuffle], predicted[shuffle]), atol=1e-12)
            np.testing.assert_allclose(value, metric(predicted, truth), atol=1e-12)
            np.testing.assert_allclose(value, metric(-truth, -predicted), atol=1e-12)
            if name in ("srcc", "plcc", "krcc"):
                assert np.isnan(value) == (len({*truth}) == 1 or len({*predicted}) == 1)
                assert np.isnan(value) or abs(value) <= 1 + 1e-12
                np.testing.assert_allclose(value, metric(3 * truth + 5, predicted), atol=1e-12)
                np.testing.assert_allclose(value, -metric(truth, -predicted), atol=1e-12)
                if name != "plcc":
                    np.testing.assert_allclose(value, metric(truth, np.exp(predicted)), atol=1e-12)
            else:
                assert value >= 0 and (value == 0) == (truth == predicted).all()
                np.testing.assert_allclose(2 * value, metric(2 * truth, 2 * predicted), atol=1e-12)
    assert mae(truth, predicted) <= rmse(truth, predicted) + 1e-12


@pytest.mark.parametrize("metric", [srcc, plcc])
def test_correlation_with_a_constant_is_unknown(metric) -> None:  # type: ignore[no-untyped-def]
    assert np.isnan(metric(np.arange(5.0), np.full(5, 2.0)))


def test_bootstrap_interval_is_seeded_holds_the_value_and_narrows() -> None:
    rng = np.random.default_rng(1)
    widths = []
    for n in (50, 800):
        truth = rng.normal(size=n)
        predicted = truth + rng.normal(size=n)
        value, low, high = bootstrap(srcc, truth, predicted, resamples=500)
        assert low < value < high
        assert (value, low, high) == bootstrap(srcc, truth, predicted, resamples=500)
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_bootstrap_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(2)
    true = 0.8
    hits = 0
    for _ in range(100):
        a = rng.normal(size=120)
        b = true * a + np.sqrt(1 - true**2) * rng.normal(size=120)
        _, low, high = bootstrap(plcc, a, b, resamples=300)
        hits += low <= true <= high
    assert hits >= 86  # 95 expected; below 86 once in a thousand runs of a right interval


def test_paired_bootstrap_sees_small_differences_that_apart_overlap() -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(size=400)
    noise = rng.normal(size=400)
    good, worse = truth + 0.9 * noise, truth + noise
    value, low, high = paired_bootstrap(srcc, truth, good, worse, resamples=500)
    assert 0 < low < value < high
    assert value == pytest.approx(srcc(truth, good) - srcc(truth, worse))
    apart = [bootstrap(srcc, truth, each, resamples=500) for each in (good, worse)]
    assert apart[0][1] < apart[1][2]  # the two intervals overlap
    _, low, high = paired_bootstrap(srcc, truth, good, good)
    assert low == high == 0


@pytest.mark.parametrize("threshold", [0.2, 0.5])
def test_accuracy_counts_both_sides(threshold: float) -> None:
    truth, predicted = np.array([0.1, 0.2, 0.6, 0.9]), np.array([0.3, 0.1, 0.5, 0.4])
    expected = np.mean([(t >= threshold) == (p >= threshold) for t, p in zip(truth, predicted, strict=True)])
    assert accuracy(truth, predicted, threshold) == expected


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((1,), (1,)), ((3, 1), (3, 1))])
def test_bootstrap_refuses_what_does_not_pair(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(BeholderError, match="equal length"):
        bootstrap(srcc, np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_measure_says_where_it_comes_from() -> None:
    measured = measure("srcc", np.arange(9.0), np.arange(9.0) ** 2, task="beauty", data="here", split="none")
    assert (measured.value, measured.n, measured.split) == (pytest.approx(1), 9, "none")
    assert str(measured) == "1.000 (1.000 to 1.000)"


@pytest.mark.parametrize("coverage", [0.5, 0.9])
@pytest.mark.parametrize("draw", ["normal", "exponential", "standard_cauchy"])
def test_half_width_covers_new_residuals(coverage: float, draw: str) -> None:
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(300):
        calibration, new = getattr(rng, draw)(size=(2, 60))
        shares.append((np.abs(new) <= half_width(calibration, coverage)).mean())
    assert coverage - 0.01 <= np.mean(shares) <= coverage + 0.03


def test_covered_does_not_calibrate_on_what_it_tests() -> None:
    residuals = np.concatenate([np.full(50, 0.1), np.full(50, 9.0)])
    folds = np.repeat([0, 1], 50)
    assert covered(residuals, folds).sum() == 50  # each half is judged by the other half's width
