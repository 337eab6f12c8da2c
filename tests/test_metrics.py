"""Metrics against SciPy, intervals against what they promise."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from beholder.errors import BeholderError
from beholder.metrics import (
    METRICS,
    Estimate,
    Interval,
    accuracy,
    auroc,
    b_cubed,
    bootstrap,
    bootstrap_mean,
    deviations,
    emd,
    mae,
    means,
    measure,
    p_text,
    p_value,
    paired_bootstrap,
    plcc,
    ranks,
    rmse,
    srcc,
    srcc_matrix,
)

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


@pytest.mark.parametrize("count", [1, 2, 5, 12])
@pytest.mark.parametrize("ties", [False, True])
def test_srcc_matrix_is_scipys(count: int, ties: bool) -> None:
    columns = np.random.default_rng(count).normal(size=(60, count))
    columns = columns.round() if ties else columns
    expected = [[stats.spearmanr(first, second)[0] for second in columns.T] for first in columns.T]
    np.testing.assert_allclose(srcc_matrix(columns), expected, atol=1e-12)


def test_srcc_matrix_uses_the_rows_that_both_columns_have() -> None:
    columns = np.random.default_rng(0).normal(size=(40, 3))
    columns[:10, 0], columns[30:, 1], columns[1:, 2] = np.nan, np.nan, np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = srcc_matrix(columns)
    assert found[0, 1] == found[1, 0] == pytest.approx(stats.spearmanr(columns[10:30, 0], columns[10:30, 1])[0])
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()  # one row, or none
    assert found[0, 0] == pytest.approx(1)


@pytest.mark.parametrize("count", [1, 2, 7, 100])
@pytest.mark.parametrize("n", [1, 9])
def test_emd_is_scipys_wasserstein_distance_on_a_scale_of_length_one(n: int, count: int) -> None:
    truth, predicted = np.random.default_rng(count).dirichlet(np.ones(count), (2, n))
    values = np.arange(count) / count
    expected = [stats.wasserstein_distance(values, values, *pair) for pair in zip(truth, predicted, strict=True)]
    np.testing.assert_allclose(emd(truth, predicted), expected, atol=1e-12)
    np.testing.assert_allclose(emd(predicted, truth), expected, atol=1e-12)
    assert (emd(truth, truth, exponent=2) == 0).all()
    by_energy = [stats.energy_distance(values, values, *pair) for pair in zip(truth, predicted, strict=True)]
    # The energy distance is sqrt(2 integral (CDF - CDF')^2).
    np.testing.assert_allclose(emd(truth, predicted, exponent=2), np.array(by_energy) / np.sqrt(2), atol=1e-12)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_moments_of_distributions_are_those_of_the_single_ratings(count: int) -> None:
    rng = np.random.default_rng(count)
    values = np.sort(rng.normal(size=count))
    votes = rng.integers(1, 9, (4, count))
    shares = votes / votes.sum(axis=1, keepdims=True)
    single = [np.repeat(values, row) for row in votes]
    np.testing.assert_allclose(means(shares, values), [one.mean() for one in single])
    np.testing.assert_allclose(deviations(shares, values), [one.std() for one in single], atol=1e-12)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40))
def test_ranks_are_scipys(values: list[int]) -> None:
    np.testing.assert_array_equal(ranks(np.array(values)), stats.rankdata(values))


@pytest.mark.parametrize("n", [3, 10, 500])
def test_p_value_is_scipys(n: int) -> None:
    truth, predicted = np.random.default_rng(n).normal(size=(2, n))
    found = stats.spearmanr(truth, predicted)
    assert p_value(float(found[0]), n) == pytest.approx(found[1], rel=1e-9)


def test_p_value_is_never_zero_and_undefined_where_the_correlation_is() -> None:
    assert p_text(p_value(-1.0, 5000)) == "< 1e-300"
    assert np.isnan(p_value(float("nan"), 9)) and np.isnan(p_value(1.0, 2)) and p_text(float("nan")) == "undefined"


def test_bootstrap_mean_is_the_bootstrap_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert bootstrap_mean(values, resamples=100) == bootstrap(
        lambda truth, _: float(truth.mean()), values, values, resamples=100
    )


def test_an_estimate_and_its_interval_read_the_same() -> None:
    interval = Interval(0.7123, 0.6894, 0.7341)
    found = Estimate("srcc", "beauty", "OASIS", "5 folds, seed 0", 900, *interval)
    assert found.interval == interval and str(found) == str(interval) == "0.712 (0.689 to 0.734)"
    assert list(found.as_dict()) == ["metric", "task", "data", "split", "n", "value", "low", "high"]


def test_auroc_is_that_of_scikit_learn() -> None:
    ranking = pytest.importorskip("sklearn.metrics", reason="compared with scikit-learn")
    rng = np.random.default_rng(0)
    higher, lower = rng.integers(2, 9, 40).astype(float), rng.integers(0, 7, 25).astype(float)
    truth = np.repeat([1, 0], [40, 25])
    assert auroc(higher, lower) == pytest.approx(ranking.roc_auc_score(truth, np.concatenate([higher, lower])))
    assert auroc(lower, higher) == pytest.approx(1 - auroc(higher, lower))
    assert np.isnan(auroc(higher, lower[:0])) and np.isnan(auroc(higher[:0], lower))


@pytest.mark.parametrize(
    ("truth", "found", "precision", "recall"),
    [
        ("aabb", "xxyy", 1, 1),
        ("aabb", "xyzw", 1, 0.5),
        ("aabb", "xxxx", 0.5, 1),
        ("aab", "xyy", (1 + 0.5 + 0.5) / 3, (0.5 + 0.5 + 1) / 3),
        ("a", "x", 1, 1),
    ],
)
def test_b_cubed(truth: str, found: str, precision: float, recall: float) -> None:
    assert b_cubed(np.array(list(truth)), np.array(list(found))) == pytest.approx((precision, recall))
