"""Decisions: one pick, what is too close to call, ranks for the others, and rejections only for a defect."""

from dataclasses import replace

import pytest

from beholder.culling.decisions import BRACKET, SURE, decide, defect, reject_defects
from beholder.culling.preference import FrameEvidence
from beholder.scoring.model_file import SeriesInfo
from helpers.frame_evidence import GOOD, MEASURES, SCORES

INFO = SeriesInfo(0.75, 0.9, (("overall", 2.0), ("sharpness_subject", 2.0)), 0.1)


def _frames(*overall):
    return [FrameEvidence({"overall": value}) for value in overall]


def _decide(frames, kind="burst"):
    return decide(INFO, kind, frames, [f"IMG_{place}.jpg" for place in range(len(frames))])


def test_a_frame_alone_is_picked():
    (found,) = _decide(_frames(3.0), "single")
    assert (found.decision, found.rank, found.reason.code, found.p_best) == ("pick", 1, "only", None)


def test_the_best_is_picked_and_the_others_are_ranked():
    found = _decide(_frames(3.0, 5.0, 4.0))
    assert [each.decision for each in found] == ["other", "pick", "other"]
    assert [each.rank for each in found] == [3, 1, 2]
    assert found[1].p_best > SURE and found[1].p_best + found[2].p_best == pytest.approx(1)
    assert "IMG_2.jpg" in found[1].reason.text and "IMG_1.jpg" in found[0].reason.text


def test_frames_too_close_to_call_stay_maybe():
    found = _decide(_frames(4.9, 5.0, 3.0))
    assert [each.decision for each in found] == ["maybe", "maybe", "other"]
    assert [each.reason.text for each in found][:2] == [
        "too close to call with IMG_1.jpg",
        "too close to call with IMG_0.jpg",
    ]


@pytest.mark.parametrize("count", [2, 3, 30])
def test_identical_frames_are_all_maybe_in_their_order(count):
    found = _decide([GOOD] * count)
    assert {each.decision for each in found} == {"maybe"}
    assert [each.rank for each in found] == list(range(1, count + 1))
    assert found[0].reason.text.endswith("IMG_1.jpg" + (f" and {count - 2} more" if count > 2 else ""))


def test_a_bracket_is_kept_together():
    found = _decide(_frames(3.0, 5.0, 4.0), BRACKET)
    assert {(each.decision, each.rank, each.reason.text) for each in found} == {
        ("pick", 1, "bracket of 3 exposures, kept together")
    }


SOFT = FrameEvidence(SCORES, replace(MEASURES, sharpness_subject=50.0, directions=(5.0,) * 4))
DEFECTS = {
    "defect_focus": SOFT,
    "defect_motion": FrameEvidence(SCORES, replace(MEASURES, sharpness_subject=50.0, directions=(3.0, 5, 9.0, 5))),
    "defect_exposure": FrameEvidence(SCORES, replace(MEASURES, clipped_high=30.0)),
    "defect_black": FrameEvidence(SCORES, replace(MEASURES, clipped_low=99.9)),
    "defect_white": FrameEvidence(SCORES, replace(MEASURES, clipped_high=99.9)),
}


@pytest.mark.parametrize("code", DEFECTS)
def test_a_defect_is_named(code):
    found = defect(DEFECTS[code], GOOD)
    assert found is not None and found.code == code and len(found.text) < 60


@pytest.mark.parametrize("frame", [GOOD, FrameEvidence({"overall": 1.0}), FrameEvidence({"overall": 1.0}, MEASURES)])
def test_a_low_score_is_no_defect(frame):
    assert defect(frame, GOOD) is None


def _rejected(frames, series_of, scene_of):
    decisions = {}
    for number in set(series_of):
        members = [place for place, each in enumerate(series_of) if each == number]
        found = decide(INFO, "burst", [frames[place] for place in members], ["x"] * len(members))
        decisions |= zip(members, found, strict=True)
    found = reject_defects([decisions[place] for place in range(len(frames))], frames, series_of, scene_of)
    return [each.decision for each in found]


def test_a_defect_is_rejected_and_the_pick_is_not():
    assert _rejected([GOOD, SOFT], [0, 0], [0, 0]) == ["pick", "reject"]


def test_the_last_of_a_scene_is_never_rejected():
    black = DEFECTS["defect_black"]
    assert _rejected([black], [0], [0]) == ["pick"]
    assert _rejected([black, black], [0, 1], [0, 0]).count("reject") == 1
    assert _rejected([black, GOOD], [0, 1], [0, 0]) == ["reject", "pick"]
