"""Which of two frames of one series is the better one, and how sure that is.

A score says how a photograph compares with all others; its 90% interval is wider than a whole series. Frames of one
series share nearly everything that a score can be wrong about, so here their differences are compared: of the scores,
and of what was measured. Each difference is the same for two frames in the other order, but for its sign; the log odds
that the first frame is preferred are their weighted sum, without a constant. So two equal frames are always at one
half. The weights belong to a model and travel in its file (:class:`beholder.scoring.model_file.SeriesInfo`); they were
learned from photographs and copies of them that are worse by a known amount, or as good
(:mod:`beholder.embedded.preference`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from beholder.culling.measures import Measures
from beholder.errors import BeholderError
from beholder.scoring.model_file import SeriesInfo

MOST = 2.0  # of a difference that counts: beyond, a frame is as bad as it gets
SAME_SIZE = 1.1  # ratio of the sizes of two frames up to which their pixels can be compared


@dataclass(frozen=True)
class FrameEvidence:
    """What two frames are compared by.

    Attributes:
        scores: name of a task -> score in native units; ``overall`` among them.
        measures: at full resolution; None if the frame was not measured.
        score_name: of what stands for ``overall``: it, or one person's taste.
        score_points: points of that on its own scale for each point of ``overall``.
    """

    scores: Mapping[str, float]
    measures: Measures | None = None
    score_name: str = "overall"
    score_points: float = 1.0


def comparable(one: FrameEvidence, other: FrameEvidence) -> bool:
    """Whether the measures of two frames can be compared: both are there, of pictures of about one size."""
    if one.measures is None or other.measures is None:
        return False
    sides = sorted(max(each.measures.size) for each in (one, other) if each.measures)
    return sides[1] <= SAME_SIZE * sides[0]


def sharper(one: FrameEvidence, other: FrameEvidence, name: str = "sharpness_subject") -> float:
    """How much sharper the first frame is, in powers of two; 0 where that cannot be told."""
    if not comparable(one, other):
        return 0.0
    first, second = getattr(one.measures, name), getattr(other.measures, name)
    return float(np.log2(first / second)) if first > 0 and second > 0 else 0.0


def steadier(one: FrameEvidence, other: FrameEvidence) -> float:
    """How much of the second frame's blur is in one direction, in powers of two; 0 where that cannot be told.

    Negative where the blur is in the first frame.
    """
    if not comparable(one, other) or one.measures is None or other.measures is None:
        return 0.0
    first, second = np.array(one.measures.directions), np.array(other.measures.directions)
    if not ((first > 0).all() and (second > 0).all()):
        return 0.0
    lost = np.log2(first / second)
    sideways, slanting = lost[0] - lost[2], lost[1] - lost[3]  # less what is lost in the direction across
    return float(np.hypot(sideways, slanting) * np.sign(lost.sum()))


def brighter(one: FrameEvidence, other: FrameEvidence) -> float:
    """How much brighter the first frame is, in stops; 0 where that was not measured."""
    if one.measures is None or other.measures is None:
        return 0.0
    return one.measures.brightness - other.measures.brightness


def _score(name: str) -> Callable[[FrameEvidence, FrameEvidence], float]:
    return lambda one, other: one.scores.get(name, 0.0) - other.scores.get(name, 0.0)


def _less_clipped(name: str) -> Callable[[FrameEvidence, FrameEvidence], float]:
    def found(one: FrameEvidence, other: FrameEvidence) -> float:
        if one.measures is None or other.measures is None:
            return 0.0
        return math.log1p(getattr(other.measures, name)) - math.log1p(getattr(one.measures, name))

    return found


def _less_noise(one: FrameEvidence, other: FrameEvidence) -> float:
    if not comparable(one, other) or one.measures is None or other.measures is None:
        return 0.0
    return math.log2((other.measures.noise + 1) / (one.measures.noise + 1))


def _less_edited(name: str) -> Callable[[FrameEvidence, FrameEvidence], float]:
    return lambda one, other: abs(other.scores.get(name, 0.0)) - abs(one.scores.get(name, 0.0))


def _right_brightness(one: FrameEvidence, other: FrameEvidence) -> float:
    """Of two frames that the model finds too dark together, the brighter one is right; stops, squared."""
    together = one.scores.get("exposure", 0.0) + other.scores.get("exposure", 0.0)
    return -brighter(one, other) * together / 2


DIFFERENCES: Mapping[str, Callable[[FrameEvidence, FrameEvidence], float]] = {
    "overall": _score("overall"),
    "quality": _score("quality"),
    "sharpness_subject": sharper,
    "sharpness_best": lambda one, other: sharper(one, other, "sharpness_best"),
    "motion": steadier,
    "clipped_high": _less_clipped("clipped_high"),
    "clipped_low": _less_clipped("clipped_low"),
    "noise": _less_noise,
    "exposure": _less_edited("exposure"),
    "brightness": _right_brightness,
    "predicted_noise": _less_edited("noise"),
}


def differences(one: FrameEvidence, other: FrameEvidence) -> np.ndarray:
    """(F,) differences of two frames in the order of :data:`DIFFERENCES`; positive where the first is better."""
    found = [each(one, other) for each in DIFFERENCES.values()]
    return np.clip(np.nan_to_num(found), -MOST, MOST)


def probability(series: SeriesInfo, one: FrameEvidence, other: FrameEvidence) -> float:
    """The probability that the first of two frames of a series is preferred, 0 to 1.

    Raises:
        BeholderError: the model weighs a difference that this version does not know.

    >>> info = SeriesInfo(0.75, 0.9, (("overall", 2.0),))
    >>> good, bad = FrameEvidence({"overall": 5.0}), FrameEvidence({"overall": 4.0})
    >>> round(probability(info, good, bad), 2), probability(info, good, good)
    (0.88, 0.5)
    """
    weights = dict(series.preference)
    if unknown := sorted(weights.keys() - DIFFERENCES.keys()):
        raise BeholderError(
            f"the model weighs {unknown[0]!r}, which this version cannot: pip install --upgrade beholder"
        )
    found = dict(zip(DIFFERENCES, differences(one, other), strict=True))
    odds = sum(weight * float(found[name]) for name, weight in weights.items())
    return 1 / (1 + math.exp(-max(-500.0, min(500.0, odds))))
