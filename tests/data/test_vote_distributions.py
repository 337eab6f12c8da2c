"""Distributions of votes: counting, means, deviations, agreement with ratings."""

import dataclasses
from pathlib import Path

import numpy as np

from beholder import metrics
from beholder.data import vote_distributions
from beholder.data.votes import Histogram, Votes
from helpers.layouts import VOTE_COUNTS, VOTE_VALUES, make_voted, refused


def test_distribution_mean_and_deviation() -> None:
    histogram = Histogram(VOTE_VALUES, VOTE_COUNTS)
    shares = vote_distributions.distribution(histogram)
    np.testing.assert_allclose(shares, [[2 / 3, 0, 1 / 3], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(metrics.deviations(shares, VOTE_VALUES), [np.std([1, 1, 3]), 0, 0])
    mean, sd, n = vote_distributions.summary(histogram)
    np.testing.assert_allclose(mean, [5 / 3, 2, 3])
    np.testing.assert_allclose(sd, [np.std([1, 1, 3], ddof=1), 0, np.nan])
    assert n.tolist() == [3, 4, 1]


def test_votes_are_counted() -> None:
    votes = Votes(np.array([1, 0, 1, 1]), np.array(list("abca")), np.array([7.0, 1.0, 6.0, 7.0]))
    counted = vote_distributions.histogram_of(votes, 2, np.arange(1, 8))
    assert counted is not None and counted.counts.tolist() == [[1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 2]]
    assert vote_distributions.histogram_of(votes, 3, np.arange(1, 8)) is None  # nobody rated the third
    refused(
        "votes: 7 by a is not on the scale of 6 values from 1 to 6 .2 such",
        vote_distributions.histogram_of,
        votes,
        2,
        1 + np.arange(6),
    )
    half = dataclasses.replace(votes, value=np.array([7, 1, 6.5, 7]))
    refused(r"6\.5 by c is not on the scale", vote_distributions.histogram_of, half, 2, np.arange(1, 8))


def test_means_agree_with_the_ratings(tmp_path: Path) -> None:
    photos = make_voted(tmp_path)
    vote_distributions.check_means(photos)
    vote_distributions.check_means(dataclasses.replace(photos, ratings=photos.ratings.round(1)))
    other = dataclasses.replace(photos, ratings=np.array([[5 / 3], [2.2], [2.8]]))
    refused(r"t of 1\.png is 2\.2, the mean of its votes 2\.000; .* \(2 such", vote_distributions.check_means, other)
    vote_distributions.check_means(dataclasses.replace(other, histogram=None))
