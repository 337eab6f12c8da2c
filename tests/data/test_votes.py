"""Single votes and histograms: fields that must agree."""

import numpy as np
import pytest

from beholder.data.votes import Histogram, Votes, sums_per_photo
from helpers.layouts import VOTE_COUNTS, VOTE_VALUES, refused


def test_votes_are_rows_of_three() -> None:
    refused("a vote is one of each", Votes, np.array([0, 1]), np.array(["a"]), np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("values", "counts", "message"),
    [
        (VOTE_VALUES, VOTE_COUNTS[:, :2], r"counts of shape \(3, 2\) for rating values of shape \(3,\)"),
        (VOTE_VALUES[:1], VOTE_COUNTS[:, :1], "two values at least"),
        (VOTE_VALUES[::-1], VOTE_COUNTS, "the rating values 3, 2, 1 do not rise"),
        (np.array([1, np.nan, 3]), VOTE_COUNTS, "do not rise"),
        (VOTE_VALUES, VOTE_COUNTS - 1, "photograph 1 has -1 votes for 2"),
        (VOTE_VALUES, VOTE_COUNTS + 0.5, r"photograph 1 has 2\.5 votes for 1"),
        (VOTE_VALUES, np.where(VOTE_COUNTS == 4, np.nan, VOTE_COUNTS), "photograph 2 has nan votes"),
        (VOTE_VALUES, VOTE_COUNTS * [[1], [0], [1]], "photograph 2 has no votes"),
    ],
)
def test_bad_histograms_are_one_line(values: np.ndarray, counts: np.ndarray, message: str) -> None:
    refused(message, Histogram, values, counts)


def test_sums_are_over_the_rows_of_each_photograph() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert sums_per_photo(np.array([2, 0, 2]), values, 4).tolist() == [[3, 4], [0, 0], [6, 8], [0, 0]]
