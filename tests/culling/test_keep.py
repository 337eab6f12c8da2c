"""A number of keepers: the words for it, and how it is filled."""

import numpy as np
import pytest

from beholder.culling.decisions import Decision
from beholder.culling.keep import _why_left, fill_quota, parse_keep
from beholder.culling.quota import choose
from beholder.culling.reasons import Reason
from beholder.errors import BeholderError


@pytest.mark.parametrize(
    ("text", "total", "count"),
    [
        ("200", 400, 200),
        ("20%", 400, 80),
        ("20%", 1, 1),
        ("0.5%", 400, 2),
        ("100%", 7, 7),
        (" One-Per-Series ", 9, None),
    ],
)
def test_what_is_kept(text, total, count):
    assert parse_keep(text).of(total) == count


@pytest.mark.parametrize("text", ["", "0", "-3", "0%", "101%", "ten", "2.5", "nan%", "inf%", "20 percent", "one"])
def test_other_words_are_refused_with_what_to_give(text):
    with pytest.raises(BeholderError, match=r"give a number \(200\), a share \(20%\) or one-per-series"):
        parse_keep(text)


def test_twenty_keepers_are_not_twenty_sunsets():
    sunsets = np.tile(np.eye(1, 8), (20, 1))
    others = np.eye(8)[1:6]
    scores = np.concatenate([np.linspace(4.2, 5.2, 20), np.linspace(4.2, 5.0, 5)])
    chosen = choose(scores, np.concatenate([sunsets, others]), list(range(25)), 6, 0)
    assert sum(place < 20 for place in chosen) < 4


def test_every_scene_comes_before_a_second_one_of_any():
    scores = np.array([5.0, 4.9, 4.8, 1.0, 1.1])
    scenes = [0, 0, 0, 1, 2]
    assert sorted(choose(scores, np.eye(5), scenes, 3, 1)) == [0, 3, 4]
    assert sorted(choose(scores, np.eye(5), scenes, 2, 1))[0] == 0
    assert sorted(choose(scores, np.eye(5), scenes, 3, 0)) == [0, 1, 2]


@pytest.mark.parametrize("scores", [[], [1.0], [np.nan, np.nan], [3.0, np.nan]])
def test_few_or_unknown_scores(scores):
    assert sorted(choose(np.array(scores), np.eye(len(scores) or 1), [0] * len(scores), 9)) == list(range(len(scores)))


def _decisions(*words):
    """pick 1, maybe 2, ...: decision and rank."""
    codes = {"pick": "sharper", "maybe": "too_close", "other": "softer", "reject": "defect_focus", "bracket": "bracket"}
    return [
        Decision(int(rank), "pick" if word == "bracket" else word, Reason(codes[word], word))
        for word, rank in (each.split() for each in words)
    ]


def _filled(decisions, scores, series, count):
    found = fill_quota(decisions, np.array(scores, float), np.eye(len(scores)), series, series, count, 1)
    return [each.decision for each in found], [each.reason.code for each in found]


def test_a_quota_picks_the_best_series_and_says_why_others_are_left():
    decisions = _decisions("pick 1", "other 2", "pick 1", "pick 1")
    found, codes = _filled(decisions, [5, 4.9, 3, 4], [0, 0, 1, 2], 2)
    assert found == ["pick", "other", "other", "pick"] and codes[2] == "quota"


def test_of_a_series_too_close_to_call_the_first_is_picked_for_a_number():
    found, codes = _filled(_decisions("maybe 1", "maybe 2", "pick 1"), [5, 4.9, 3], [0, 0, 1], 1)
    assert found == ["pick", "maybe", "other"] and codes[:2] == ["too_close", "too_close"]


def test_a_bracket_counts_once():
    found, _ = _filled(
        _decisions("bracket 1", "bracket 1", "bracket 1", "pick 1", "pick 1"), [5, 4, 3, 2, 1], [0, 0, 0, 1, 2], 2
    )
    assert found == ["pick", "pick", "pick", "pick", "other"]


def test_second_frames_come_when_every_series_has_one():
    found, _ = _filled(_decisions("pick 1", "other 2", "other 3", "reject 4"), [5, 4, 3, 2], [0] * 4, 2)
    assert found == ["pick", "pick", "other", "reject"]


@pytest.mark.parametrize(
    ("count", "score", "lowest", "text"),
    [
        (80, 4.1, 4.8, "not among the 80 to keep: overall 4.1, the lowest kept has 4.8"),
        (80, 4.76, 4.84, "not among the 80 to keep: overall 4.76, the lowest kept has 4.84"),
        (80, 4.9, 4.8, "not among the 80 to keep: overall 4.9, but like others that are kept"),
        (1, 4.1, 4.8, "not the one to keep: overall 4.1, the lowest kept has 4.8"),
    ],
)
def test_why_a_frame_is_left_is_told_with_numbers_that_differ(count, score, lowest, text):
    assert _why_left(count, "overall", score, lowest) == text
