"""A taste is found if there is one, and is absent if ratings are noise."""

from pathlib import Path

import numpy as np
import pytest

from beholder.errors import BeholderError
from beholder.metrics import srcc
from beholder.personal import fit
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores
from beholder.tasks import Task
from helpers.factories import REPOSITORY
from helpers.tastes import SCALE, rated, seen


def gain(info: ModelInfo, count: int, own: float, noise: float, seed: int) -> float:
    """How much better the personal score ranks 400 other photographs of the same person, by SRCC."""
    scores = seen(info, count + 400, seed)
    ratings = rated(scores, own, noise, seed)
    found = fit.fit(scores[:count], info, ratings[:count], SCALE, "")
    rest = scores[count:]
    return srcc(ratings[count:], found(rest)) - srcc(ratings[count:], rest.overall)


def test_a_taste_of_ones_own_is_found(info: ModelInfo) -> None:
    for seed in range(3):
        assert gain(info, 100, own=1.5, noise=0.5, seed=seed) > 0.2
    assert np.mean([gain(info, 30, own=1.5, noise=0.5, seed=seed) for seed in range(10)]) > 0.05


@pytest.mark.parametrize("count", [10, 30, 100])
def test_without_a_taste_of_ones_own_little_is_lost(info: ModelInfo, count: int) -> None:
    assert np.mean([gain(info, count, own=0, noise=1.5, seed=seed) for seed in range(40)]) > -0.02


def test_ratings_by_chance_leave_the_generic_order(info: ModelInfo) -> None:
    agreement = []
    for seed in range(20):
        scores = seen(info, 430, seed)
        ratings = np.random.default_rng(seed).integers(1, 11, 30).astype(float)
        found = fit.fit(scores[:30], info, ratings, SCALE, "")(scores[30:])
        agreement.append(srcc(found, scores.overall[30:]))
    assert np.mean(agreement) > 0.6


def test_more_of_a_taste_moves_it_further(info: ModelInfo) -> None:
    scores = seen(info, 100, 1)
    none, much = (fit.fit(scores, info, rated(scores, own, 0.5, 1), SCALE, "").personal for own in (0, 2))
    assert 0 <= none < much <= max(fit.OASIS_PRIOR.scales)


def test_cross_validation_says_what_new_photographs_confirm(info: ModelInfo) -> None:
    scores = seen(info, 600, 4)
    ratings = rated(scores, 1.5, 0.5, 4)
    found = fit.fit(scores[:200], info, ratings[:200], SCALE, "")
    assert found.srcc == pytest.approx(srcc(ratings[200:], found(scores[200:])), abs=0.1)
    assert found.srcc_generic == pytest.approx(srcc(ratings[:200], scores[:200].overall), abs=1e-5)
    assert found.srcc > found.srcc_generic + 0.1


def test_the_score_is_on_the_persons_scale(info: ModelInfo) -> None:
    scores = seen(info, 500, 2)
    ratings = rated(scores, 1, 0.3, 2)
    found = fit.fit(scores[:100], info, ratings[:100], SCALE, "")(scores[100:])
    assert found.mean() == pytest.approx(ratings[100:].mean(), abs=0.4)
    turned = fit.fit(scores[:100], info, 100 * ratings[:100], Task("points", 100, 1000), "")
    np.testing.assert_allclose(turned(scores[100:]), 100 * found, rtol=1e-3)


@pytest.mark.parametrize("count", [5, 10])
def test_few_ratings_will_do(info: ModelInfo, count: int) -> None:
    scores = seen(info, count, 3)
    found = fit.fit(scores, info, np.arange(count) % 5 + 1.0, SCALE, "")
    assert found.n == count and np.isfinite(found(scores)).all()


def test_photographs_that_the_model_cannot_tell_apart(info: ModelInfo) -> None:
    one = seen(info, 1, 0)
    scores = Scores.concatenate([one] * 8)
    found = fit.fit(scores, info, np.arange(8) % 5 + 1.0, SCALE, "")
    assert found.srcc_generic is None
    np.testing.assert_allclose(found(scores), np.mean(np.arange(8) % 5 + 1.0), rtol=1e-5)


def test_fit_asks_for_what_it_needs(info: ModelInfo) -> None:
    with pytest.raises(BeholderError, match="5 at least"):
        fit.fit(seen(info, 4, 0), info, np.arange(4.0), SCALE, "")


@pytest.mark.slow
@pytest.mark.usefixtures("kept_features")
def test_people_are_ranked_for_better_from_30_ratings(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    from benchmarks import taste as benchmark

    found = benchmark.people(data_root)
    raters = [rater for rater in range(len(found.votes)) if rater % benchmark.SET_ON][:120]
    trials = [benchmark.trial(found, rater, 30) for rater in raters]
    values = np.array([trial for trial in trials if trial is not None])
    assert len(values) > 100
    generic, personal, _ = values.mean(axis=0)
    assert personal > generic
