"""Reasons name the measured difference that stands out, shortly and truly."""

from dataclasses import replace

import pytest

from beholder.culling.preference import FrameEvidence
from beholder.culling.reasons import WORSE as CODES
from beholder.culling.reasons import cause, why_better, why_worse
from helpers.frame_evidence import GOOD, MEASURES, SCORES

OTHERS = {
    "sharper": (
        replace(MEASURES, sharpness_subject=72.5, directions=(7.25,) * 4),
        "sharper by 38% at the subject than IMG_2.jpg",
        "softer by 28% at the subject than IMG_1.jpg",
    ),
    "less_motion": (
        replace(MEASURES, sharpness_subject=60.0, directions=(4.0, 6.0, 9.0, 6.0), motion=0.5),
        "less motion blur than IMG_2.jpg",
        "motion blur, sideways, against IMG_1.jpg",
    ),
    "better_exposed": (
        replace(MEASURES, clipped_high=12.0),
        "better exposed than IMG_2.jpg: highlights clipped 12% there",
        "highlights clipped 12%, against IMG_1.jpg",
    ),
    "less_noise": (replace(MEASURES, noise=6.0), "less noise than IMG_2.jpg", "more noise than IMG_1.jpg"),
}


@pytest.mark.parametrize("code", OTHERS)
def test_a_measured_difference_is_the_reason(code):
    measures, better, worse = OTHERS[code]
    other = FrameEvidence(SCORES, measures)
    found = why_better(GOOD, other, "IMG_2.jpg", 0.1), why_worse(other, GOOD, "IMG_1.jpg", 0.1)
    assert [each.code for each in found] == [code, CODES[code]]
    assert [each.text for each in found] == [better, worse]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"brightness": -3.0}, "darker by 1.0 EV than IMG_1.jpg"),
        ({"brightness": -1.5}, "brighter by 0.5 EV than IMG_1.jpg"),
        ({"clipped_low": 30.0}, "shadows clipped 30%, against IMG_1.jpg"),
        ({"clipped_low": 30.0, "clipped_high": 3.0}, "shadows clipped 30%, against IMG_1.jpg"),
        ({"clipped_low": 3.6, "clipped_high": 1.5}, "shadows clipped 4%, against IMG_1.jpg"),  # not 0.0 EV
    ],
)
def test_light_is_told_by_what_is_wrong(change, text):
    assert why_worse(FrameEvidence(SCORES, replace(MEASURES, **change)), GOOD, "IMG_1.jpg", 0.1).text == text


def test_a_frame_with_better_light_says_what_is_wrong_with_the_other():
    other = FrameEvidence(SCORES, replace(MEASURES, brightness=-3.0))
    assert why_better(GOOD, other, "b", 0.1).text == "better exposed than b, which is darker by 1.0 EV"


def test_without_a_measured_difference_it_is_the_score():
    other = FrameEvidence(SCORES | {"overall": 4.2}, MEASURES)
    found = why_better(GOOD, other, "b", 0.12)
    assert (found.code, found.text) == ("higher_score", "same sharpness, overall +0.3 (0.1 to 0.5) against b")
    assert why_worse(other, GOOD, "a", 0.12).text == "same sharpness, overall −0.3 (−0.5 to −0.1) against a"
    assert why_better(FrameEvidence(SCORES), FrameEvidence({"overall": 4.0}), "b", 0).text == "overall +0.5 against b"


def test_the_score_of_a_taste_is_told_on_its_own_scale():
    one, other = (FrameEvidence({"overall": value}, None, "taste", 0.5) for value in (5.0, 3.0))
    assert why_better(one, other, "b", 0).text == "taste +1.0 against b"


def test_a_name_cannot_send_a_terminal_a_command():
    assert "\x1b" not in why_better(GOOD, FrameEvidence({"overall": 1.0}), "a\x1b[2J\n.jpg", 0.1).text


@pytest.mark.parametrize("ratio", [0.95, 1.0, 1.05])
def test_what_is_not_noticeable_is_no_reason(ratio):
    other = FrameEvidence(SCORES, replace(MEASURES, sharpness_subject=100 * ratio, brightness=-2.1, noise=1.5))
    assert cause(GOOD, other) == "higher_score"
