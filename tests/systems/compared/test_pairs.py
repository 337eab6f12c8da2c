"""Pairs that are ranked: all of them and no others, each as often as the others, and from the train part only."""

from collections import Counter
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.data.votes import Votes
from beholder.errors import BeholderError
from beholder.systems.compared.pairs import pairs_across, pairs_of, pairs_within
from beholder.systems.compared.targets import divided
from beholder.training.supervised import split_rows


@pytest.mark.parametrize("gap", [0, 2])
def test_every_pair_is_drawn_and_no_other(gap: float) -> None:
    rng = np.random.default_rng(1)
    group, value, photo = rng.integers(0, 3, 15), rng.integers(1, 6, 15), np.arange(100, 115)
    expected = {
        (int(photo[one]), int(photo[other]))
        for one, other in permutations(range(15), 2)
        if group[one] == group[other] and value[one] - value[other] >= max(gap, 1)
    }
    found = pairs_of(photo, group, value, gap)
    drawn = Counter(map(tuple, found.draw(rng, 400 * len(expected)).tolist()))
    assert len(found) == len(expected) and set(drawn) == expected
    assert min(drawn.values()) > 300 and max(drawn.values()) < 500  # five standard deviations about 400


def test_pairs_within_a_rater_are_those_that_one_rater_told_apart(photos: RatedPhotos) -> None:
    train = split_rows(photos)[0]
    votes = photos.votes
    assert votes is not None
    expected = 0
    for rater in np.unique(votes.rater):
        own = votes.value[(votes.rater == rater) & np.isin(votes.photo, train)]
        expected += sum(one > other for one, other in permutations(own, 2))
    found = pairs_within(photos, train)
    assert len(found) == expected and set(found.draw(np.random.default_rng(0), 500).ravel()) <= set(train)


def test_pairs_across_raters_are_told_apart_by_mean_ratings(photos: RatedPhotos) -> None:
    train = split_rows(photos)[0]
    higher, lower = pairs_across(photos, train, 0.1).draw(np.random.default_rng(0), 200).T
    assert (photos.ratings[higher, 0] - photos.ratings[lower, 0]).min() >= 0.1 * 6 - 1e-9
    assert set(higher) | set(lower) <= set(train)


def with_votes(photos: RatedPhotos, votes: Votes | None) -> RatedPhotos:
    return replace(photos, votes=votes)


def test_what_pairs_need_is_told(photos: RatedPhotos) -> None:
    train = split_rows(photos)[0]
    votes = photos.votes
    assert votes is not None
    one = Votes(votes.photo, np.full(len(votes), "ann"), votes.value)
    each_once = Votes(np.arange(3), np.array(["a", "b", "c"]), np.arange(1.0, 4))
    cases = (
        (None, "oasis: no single votes with their raters, which pairs within a rater need; give a table with one row"),
        (one, "oasis: all votes are by one rater, ann; pairs within a rater need at least two"),
        (each_once, "oasis: no rater voted differently for two photographs of the train part"),
    )
    for changed, message in cases:
        with pytest.raises(BeholderError) as caught:
            pairs_within(with_votes(photos, changed), train)
        assert str(caught.value).startswith(message) and "\n" not in str(caught.value)
    with pytest.raises(BeholderError, match="no two photographs of the train part differ by 2 of the scale of beauty"):
        pairs_across(photos, train, 2)


def test_a_rating_is_divided_between_its_two_nearest_levels() -> None:
    levels = np.array([0.0, 0.1, 0.5, 1.0])
    values = np.array([0.0, 0.05, 0.3, 0.5, 0.9, 1.0, np.nan])
    found = divided(values, levels)
    np.testing.assert_allclose(found @ levels, values)
    assert np.isnan(found[-1]).all()
    assert ((found[:-1] > 0).sum(axis=1) <= 2).all() and (found[:-1] >= 0).all()
    np.testing.assert_allclose(found[:-1].sum(axis=1), 1)
    assert (np.diff(np.argwhere(found[4] > 0).ravel()) == 1).all()  # neighbours
