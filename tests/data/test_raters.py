"""How well people agree: against a plain loop, on cases worked out by hand, and on the real votes."""

from pathlib import Path

import numpy as np
import pytest

from beholder.data import raters
from beholder.data.registry import load_data
from beholder.data.votes import Votes
from beholder.metrics import srcc


def votes(*rows: tuple[int, str, float]) -> Votes:
    photo, rater, value = zip(*rows, strict=True)
    return Votes(np.array(photo), np.array(rater), np.array(value, dtype=float))


def looped(found: Votes, rater: str) -> float:
    mine = {
        photo: value for photo, who, value in zip(found.photo, found.rater, found.value, strict=True) if who == rater
    }
    own, others = [], []
    for photo, value in mine.items():
        rest = found.value[(found.photo == photo) & (found.rater != rater)]
        if len(rest):
            own.append(value)
            others.append(rest.mean())
    return srcc(np.array(own), np.array(others)) if len(own) > 1 else float("nan")


def test_agrees_with_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    cells = [(photo, f"r{rater}") for rater in range(12) for photo in rng.permutation(30)[: rng.integers(1, 25)]]
    found = votes(*((photo, rater, float(rng.integers(1, 8))) for photo, rater in cells))
    agreement = raters.rater_agreement(found, 40)
    assert agreement.rater.tolist() == sorted({rater for _, rater in cells})
    assert agreement.images.tolist() == [sum(who == rater for _, who in cells) for rater in agreement.rater]
    np.testing.assert_allclose(agreement.srcc, [looped(found, rater) for rater in agreement.rater], atol=1e-12)


def test_own_vote_is_not_in_the_mean() -> None:
    # With the own vote the means would be 3, 2 and 4: the same order as the votes of neither.
    found = votes((0, "a", 1), (1, "a", 2), (2, "a", 3), (0, "b", 5), (1, "b", 2), (2, "b", 1))
    np.testing.assert_allclose(raters.rater_agreement(found, 3).srcc, [-1, -1])


def test_who_has_no_correlation() -> None:
    found = votes(
        *((photo, "x", photo) for photo in range(4)),
        *((photo, "same", 3) for photo in range(4)),
        (0, "once", 5),
        *((photo, "alone", photo) for photo in (5, 6, 7)),
    )
    agreement = raters.rater_agreement(found, 8)
    by_name = dict(zip(agreement.rater, zip(agreement.images, agreement.srcc, strict=True), strict=True))
    assert by_name["alone"][0] == 3 and by_name["once"][0] == 1
    assert [name for name, (_, value) in by_name.items() if np.isnan(value)] == ["alone", "once", "same"]


def test_votes_twice_count_once() -> None:
    once = votes((0, "a", 2), (1, "a", 5), (2, "a", 3), (0, "b", 1), (1, "b", 2), (2, "b", 3), (0, "c", 4), (1, "c", 1))
    twice = votes(*zip(once.photo, once.rater, once.value, strict=True), (0, "a", 2), (0, "a", 2))
    first, second = raters.rater_agreement(once, 3), raters.rater_agreement(twice, 3)
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_allclose(first.srcc, second.srcc)


def agreement(images: list[int], values: list[float]) -> raters.RaterAgreement:
    return raters.RaterAgreement(np.arange(len(images)), np.array(images), np.array(values))


def test_groups_by_experience_are_closed_at_the_left() -> None:
    found = agreement([1, 99, 100, 199, 200, 500, 5], [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, np.nan])
    groups = raters.by_experience(found)
    assert [(group.images, group.raters) for group in groups] == [((0, 100), 2), ((100, 200), 2), ((200, np.inf), 2)]
    np.testing.assert_allclose([group.srcc for group in groups], [0.2, 0.6, 0.85])
    np.testing.assert_allclose(groups[0].interval, [0.1, 0.3])
    (nobody,) = raters.by_experience(found, (1000, np.inf))
    assert nobody.raters == 0 and np.isnan([nobody.srcc, *nobody.interval]).all()


def test_interval_narrows_with_raters() -> None:
    rng = np.random.default_rng(1)
    widths = []
    for count in (20, 2000):
        (group,) = raters.by_experience(agreement([150] * count, list(rng.normal(0.6, 0.1, count))), (0, np.inf))
        assert group.interval[0] < group.srcc < group.interval[1]
        widths.append(group.interval[1] - group.interval[0])
    assert widths[1] == pytest.approx(2 * 1.96 * 0.1 / np.sqrt(2000), rel=0.15) and widths[0] > 5 * widths[1]


def test_tertiles_where_the_bins_of_the_paper_part_nobody() -> None:
    assert raters.edges_for(agreement([50, 150], [0.5, 0.5])) == raters.EDGES
    assert raters.edges_for(agreement([150, 50], [0.5, np.nan])) != raters.EDGES  # of one who counts
    found = agreement(list(range(101, 191)), [0.5] * 90)
    edges = raters.edges_for(found)
    assert [group.raters for group in raters.by_experience(found, edges)] == [30, 30, 30]
    assert raters.tertile_edges(np.array([150, 150, 150])) == (0, 150, np.inf)


@pytest.mark.slow
def test_real_votes(data_root: Path) -> None:
    photos = load_data("oasis", data_root)
    assert photos.votes is not None
    found = raters.rater_agreement(photos.votes, len(photos))
    for place in (0, 400, 756):
        assert found.srcc[place] == pytest.approx(looped(photos.votes, found.rater[place]), abs=1e-9)
    (everyone,) = raters.by_experience(found, (0, np.inf))
    assert len(found.rater) == 757 and everyone.raters == 755
    assert round(everyone.srcc, 3) == 0.624
