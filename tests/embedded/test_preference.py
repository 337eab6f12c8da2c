"""The weights of differences are learned from frames that are worse, and from frames that are as good."""

from dataclasses import replace

import numpy as np
import pytest

from beholder.culling.preference import DIFFERENCES, FrameEvidence, probability
from beholder.embedded.ladders import RUNGS, UNTOUCHED
from beholder.embedded.preference import learn_preference, overall_spread, training_pairs
from beholder.scoring.model_file import SeriesInfo
from helpers.frame_evidence import MEASURES, SCORES


def _ladder(seed: int) -> dict[str, FrameEvidence]:
    """A photograph as it would be measured: blur costs sharpness, light costs exposure, chance moves the score."""
    rng = np.random.default_rng(seed)

    def frame(kind: str) -> FrameEvidence:
        scores = SCORES | {"overall": 4.5 + 0.1 * float(rng.normal()) - 0.5 * (kind != "same"), "exposure": 0.0}
        measures = replace(MEASURES, sharpness_subject=float(100 + rng.normal()))
        if kind in ("blur", "motion"):
            measures = replace(measures, sharpness_subject=60.0, sharpness_best=120.0)
        if kind == "exposure":
            scores["exposure"] = 1.0
        if kind == "noise":
            measures = replace(measures, noise=6.0)
        return FrameEvidence(scores, measures)

    return {UNTOUCHED: frame("same")} | {name: frame(rung.kind) for name, rung in RUNGS.items()}


@pytest.fixture(scope="module")
def ladders() -> list[dict[str, FrameEvidence]]:
    return [_ladder(seed) for seed in range(30)]


@pytest.fixture(scope="module")
def learned(ladders) -> SeriesInfo:
    return SeriesInfo(0.75, 0.9, learn_preference(ladders), overall_spread(ladders))


def test_what_makes_frames_worse_is_weighed_and_nothing_the_wrong_way(learned: SeriesInfo) -> None:
    weights = dict(learned.preference)
    assert {"overall", "sharpness_subject", "exposure", "noise"} <= set(weights) <= set(DIFFERENCES)
    assert all(weight > 0 for weight in weights.values())


def test_other_ladders_are_judged_rightly(learned: SeriesInfo) -> None:
    other = _ladder(99)
    for name, rung in RUNGS.items():
        odds = probability(learned, other[UNTOUCHED], other[name])
        assert odds > 0.7 if rung.kind != "same" else 0.25 < odds < 0.75, name


def test_the_spread_is_that_of_frames_that_are_as_good(learned: SeriesInfo) -> None:
    assert learned.overall_spread == pytest.approx(0.1 * np.sqrt(2), rel=0.2)


def test_pairs_of_good_frames_are_undecided(ladders) -> None:
    x, y, weight = training_pairs(ladders[:1])
    assert x.shape[1] == len(DIFFERENCES) and len(x) == len(y) == len(weight)
    assert (y == 0.5).sum() == sum(rung.kind == "same" for rung in RUNGS.values())
    assert weight.sum() == pytest.approx(len(RUNGS))
