"""Differences between two frames, and the probability that the first is preferred."""

from dataclasses import replace

import numpy as np
import pytest

from beholder.culling.preference import (
    DIFFERENCES,
    FrameEvidence,
    brighter,
    differences,
    probability,
    sharper,
    steadier,
)
from beholder.errors import BeholderError
from beholder.scoring.model_file import SeriesInfo
from helpers.frame_evidence import GOOD, MEASURES, SCORES

WORSE = {
    "overall": FrameEvidence(SCORES | {"overall": 4.0}, MEASURES),
    "quality": FrameEvidence(SCORES | {"quality": 0.3}, MEASURES),
    "sharpness_subject": FrameEvidence(SCORES, replace(MEASURES, sharpness_subject=50.0)),
    "sharpness_best": FrameEvidence(SCORES, replace(MEASURES, sharpness_best=100.0)),
    "motion": FrameEvidence(SCORES, replace(MEASURES, directions=(4.0, 9.0, 9.0, 9.0))),
    "clipped_high": FrameEvidence(SCORES, replace(MEASURES, clipped_high=12.0)),
    "clipped_low": FrameEvidence(SCORES, replace(MEASURES, clipped_low=20.0)),
    "noise": FrameEvidence(SCORES, replace(MEASURES, noise=5.0)),
    "exposure": FrameEvidence(SCORES | {"exposure": 1.0}, MEASURES),
    "brightness": FrameEvidence(SCORES | {"exposure": 1.1}, replace(MEASURES, brightness=-1.0)),
    "predicted_noise": FrameEvidence(SCORES | {"noise": 9.0}, MEASURES),
}
INFO = SeriesInfo(0.75, 0.9, tuple((name, 1.5) for name in DIFFERENCES), 0.1)


def test_every_difference_is_tried():
    assert WORSE.keys() == DIFFERENCES.keys()


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_is_positive_where_the_first_is_better_and_turns_its_sign(name):
    place = list(DIFFERENCES).index(name)
    assert differences(GOOD, WORSE[name])[place] > 0
    np.testing.assert_allclose(differences(WORSE[name], GOOD), -differences(GOOD, WORSE[name]))


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_better_frame_is_preferred(name):
    assert probability(INFO, GOOD, WORSE[name]) > 0.55
    assert probability(INFO, GOOD, WORSE[name]) + probability(INFO, WORSE[name], GOOD) == pytest.approx(1)


@pytest.mark.parametrize("frame", [GOOD, WORSE["motion"], FrameEvidence({"overall": 3.0}), FrameEvidence({})])
def test_equal_frames_are_at_one_half(frame):
    assert probability(INFO, frame, frame) == 0.5


def test_without_measures_only_scores_count():
    bare = FrameEvidence(SCORES)
    assert differences(bare, WORSE["sharpness_subject"])[2:6].tolist() == [0, 0, 0, 0]
    assert probability(INFO, bare, WORSE["overall"]) > 0.5


def test_pixels_of_pictures_of_different_sizes_are_not_compared():
    large = FrameEvidence(SCORES, replace(MEASURES, sharpness_subject=10.0, directions=(1.0,) * 4, size=(800, 600)))
    assert (sharper(GOOD, large), steadier(GOOD, large)) == (0, 0)
    assert brighter(GOOD, large) == 0


@pytest.mark.parametrize("value", [float("nan"), 0.0])
def test_what_cannot_be_told_is_no_difference(value):
    unknown = FrameEvidence(SCORES, replace(MEASURES, sharpness_subject=value, directions=(value,) * 4))
    assert (sharper(GOOD, unknown), steadier(unknown, GOOD)) == (0, 0)
    assert 0 < probability(INFO, GOOD, unknown) < 1


def test_no_difference_counts_without_end():
    awful = FrameEvidence(SCORES | {"overall": -1e9}, MEASURES)
    assert differences(GOOD, awful)[0] == 2
    assert 0 < probability(SeriesInfo(0.7, 0.9, (("overall", 1e6),)), awful, GOOD) < 1e-9


def test_a_weight_of_a_later_version_is_refused():
    with pytest.raises(BeholderError, match="weighs 'eyes', which this version cannot: pip install --upgrade"):
        probability(SeriesInfo(0.7, 0.9, (("eyes", 1.0),)), GOOD, GOOD)
