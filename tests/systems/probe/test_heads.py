"""Heads that start from known scores: where they start, what they keep, gaps, the average of what may be."""

import numpy as np
import pytest

from beholder.metrics import srcc
from beholder.systems.probe.heads import Known, fit, fit_plain, starts_of
from beholder.tasks import Task

TASKS = (Task("overall", 1, 7), Task("quality", 0, 1), Task("tilt", -9, 9, kind="edit", neutral=0))


def known(count: int, seed: int = 0) -> Known:
    """Photographs whose scores have little to do with their embedding of 40 numbers."""
    rng = np.random.default_rng(seed)
    scores = np.column_stack([rng.normal(4, 1, count), rng.uniform(0, 1, count), rng.normal(0, 3, count)])
    return Known(rng.normal(size=(count, 40)).astype(np.float32), scores, TASKS)


def test_a_task_starts_from_the_rating_of_its_name_or_from_every_rating() -> None:
    assert starts_of(Task("quality", 0, 10), TASKS) == [1]
    assert starts_of(Task("light", 0, 10), TASKS) == [0, 1]
    assert starts_of(Task("tilt", 0, 10), TASKS) == [0, 1]  # an edit is no rating


@pytest.mark.parametrize("count", [30, 200])
def test_a_score_that_is_right_stays_as_it_is_on_another_scale(count: int) -> None:
    given = known(count)
    ratings = (1 + 9 * given.scores[:, 1:2]) + np.random.default_rng(1).normal(0, 0.05, (count, 1))
    head = fit(given, ratings, [Task("quality", 1, 10)], np.ones(count, bool))
    assert head.on_scores[1, 0] == pytest.approx(9, rel=0.05) and not head.on_scores[[0, 2]].any()
    new = known(300, seed=5)
    np.testing.assert_allclose(head(new)[:, 0], 1 + 9 * new.scores[:, 1], atol=0.4)


def test_noise_does_not_spoil_the_start() -> None:
    """Of ratings that follow the score but for noise, few are learned from: the ranking stays that of the score."""
    given, new = known(40), known(500, seed=5)
    noisy = given.scores[:, :1] + np.random.default_rng(2).normal(0, 1, (40, 1))
    head = fit(given, noisy, [Task("overall", 1, 7)], np.ones(40, bool))
    plain = fit_plain([given.embedding], noisy, np.ones(40, bool))
    truth = new.scores[:, 0]
    assert srcc(truth, head(new)[:, 0]) > 0.95
    assert abs(srcc(truth, new.embedding @ plain.weight[:, 0])) < 0.3


def test_what_ratings_differ_by_is_learned() -> None:
    given, new = known(200), known(300, seed=5)

    def rated(each: Known) -> np.ndarray:
        return np.column_stack([each.scores[:, 0] + each.embedding[:, :10].sum(axis=1) / 3, 3 * each.scores[:, 1]])

    head = fit(given, rated(given), [Task("overall", 1, 7), Task("light", 0, 3)], np.ones(200, bool))
    found, truth = head(new), rated(new)
    assert srcc(truth[:, 0], found[:, 0]) > 0.9 > srcc(truth[:, 0], new.scores[:, 0]) + 0.1
    assert srcc(truth[:, 1], found[:, 1]) > 0.95  # which starts from quality, though it has another name


def test_each_task_learns_from_its_rated_photographs_alone() -> None:
    given = known(60)
    ratings = given.scores[:, :2].copy()
    tasks, learned = [Task("overall", 1, 7), Task("quality", 0, 1)], np.arange(60) < 50
    ratings[:20, 1] = np.nan
    whole = fit(given, ratings, tasks, learned)
    alone = fit(given.rows(np.arange(60) < 50), ratings[:50], tasks, np.ones(50, bool))
    np.testing.assert_allclose(whole.weight, alone.weight)
    np.testing.assert_allclose(whole.typical[:, 1], given.embedding[20:50].mean(axis=0), rtol=1e-5)
    ratings[55:] = 99
    np.testing.assert_allclose(fit(given, ratings, tasks, learned).bias, whole.bias)


def test_equal_ratings_of_a_part_are_a_constant() -> None:
    given = known(20)
    head = fit(given, np.full((20, 1), 3.0), [Task("overall", 1, 7)], np.ones(20, bool))
    assert (head(known(9)) == 3).all()
