"""What becomes of each frame of a series: the one to pick, those too close to call, and a rank for the others.

Nothing is rejected for being second: photographers keep many of them. A frame is rejected only where that is asked for,
for one defect that was measured, and never the last one of its scene.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from beholder.culling.preference import FrameEvidence, probability, sharper
from beholder.culling.reasons import CLIPPED_STEP, Reason, is_told_apart, why_better, why_worse
from beholder.culling.reasons import steps as noticeable_steps
from beholder.scoring.model_file import SeriesInfo
from beholder.text import printable

PICK, MAYBE, OTHER, REJECT = "pick", "maybe", "other", "reject"
DECISIONS = (PICK, MAYBE, OTHER, REJECT)
COMPARED = 40  # frames of a series of which each is compared with each
SURE = 0.7  # probability of being preferred, below which two frames are too close to call
BRACKET = "bracket"  # kind of a series that is kept together
# Defects, each against the best frame of the series but for the last two:
SOFT = 0.5  # powers of two: 30% softer at the subject
CLIPPED = 15.0  # percent of the picture
BLANK = 99.0  # percent of the picture that is pure white or black


@dataclass(frozen=True)
class Decision:
    """What was decided about one frame.

    Attributes:
        rank: in its series, from 1; 1 for each frame of a bracket.
        decision: ``pick``, ``maybe``, ``other`` or ``reject``.
        reason: why.
        p_best: of the first, the probability that it is preferred to the one that comes nearest; of the others, that
            they are preferred to the first. None for a frame alone and in a bracket.
    """

    rank: int
    decision: str
    reason: Reason
    p_best: float | None = None


def decide(series: SeriesInfo, kind: str, frames: Sequence[FrameEvidence], names: Sequence[str]) -> list[Decision]:
    """Decide about the frames of one series.

    Args:
        series: what the model knows of series.
        kind: of the series.
        frames: in a fixed order; of equal ones the first comes first.
        names: of the frames, for reasons.

    >>> info = SeriesInfo(0.75, 0.9, (("overall", 2.0),), 0.1)
    >>> found = decide(info, "burst", [FrameEvidence({"overall": 4.0}), FrameEvidence({"overall": 5.0})], ["a", "b"])
    >>> [(each.decision, each.rank, each.reason.code) for each in found]
    [('other', 2, 'lower_score'), ('pick', 1, 'higher_score')]
    """
    if len(frames) == 1:
        return [Decision(1, PICK, Reason("only", "no other frame like it"))]
    if kind == BRACKET:
        together = Reason("bracket", f"bracket of {len(frames)} exposures, kept together")
        return [Decision(1, PICK, together)] * len(frames)
    first = _first(series, frames)
    odds = [probability(series, frames[first], other) for other in frames]
    others = sorted(
        (place for place in range(len(frames)) if place != first), key=lambda place: (-_worth(1 - odds[place]), place)
    )
    nearest = others[0]
    spread = series.overall_spread
    close = [place for place in others if odds[place] < SURE or not is_told_apart(frames[first], frames[place], spread)]
    found: dict[int, Decision] = {}
    if close:
        reason = _too_close([names[place] for place in close])
    else:
        reason = why_better(frames[first], frames[nearest], names[nearest], spread)
    found[first] = Decision(1, MAYBE if close else PICK, reason, odds[nearest])
    for rank, place in enumerate(others, 2):
        if place in close:
            decision, reason = MAYBE, _too_close([names[first]])
        else:
            decision, reason = OTHER, why_worse(frames[place], frames[first], names[first], spread)
        found[place] = Decision(rank, decision, reason, 1 - odds[place])
    return [found[place] for place in range(len(frames))]


def _first(series: SeriesInfo, frames: Sequence[FrameEvidence]) -> int:
    """Place of the frame that is preferred most to the others; of a long series, among the best against its first."""
    places = list(range(len(frames)))
    if len(frames) > COMPARED:
        against = {place: _worth(probability(series, frames[place], frames[0])) for place in places}
        places = sorted(sorted(places, key=lambda place: (-against[place], place))[:COMPARED])
    worth = {
        place: round(sum(_worth(probability(series, frames[place], frames[other])) for other in places), 6)
        for place in places
    }
    return max(places, key=lambda place: (worth[place], -place))


def _worth(odds: float) -> float:
    """A probability as log odds; rounded, so that equal frames stay in their order."""
    clear = min(max(odds, 1e-6), 1 - 1e-6)
    return round(math.log(clear / (1 - clear)), 6)


def _too_close(names: Sequence[str]) -> Reason:
    shown = printable(names[0]) + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    return Reason("too_close", f"too close to call with {shown}")


def defect(frame: FrameEvidence, best: FrameEvidence | None) -> Reason | None:
    """The defect that a frame may be rejected for; None if nothing of the kind was measured.

    Args:
        frame: measured.
        best: the frame of its series that is kept; None for a frame alone, where only a blank picture is a defect.
    """
    if frame.measures is None:
        return None
    for name, share in (("black", frame.measures.clipped_low), ("white", frame.measures.clipped_high)):
        if share >= BLANK:
            return Reason(f"defect_{name}", f"nothing but {name}")
    if best is None or best.measures is None:
        return None
    soft = sharper(best, frame)
    if soft >= SOFT:
        moved = noticeable_steps(best, frame)["less_motion"] > 0
        what = "blurred by motion" if moved else "out of focus"
        return Reason("defect_motion" if moved else "defect_focus", f"{what}: {1 - 2**-soft:.0%} softer than the best")
    lost = frame.measures.clipped_high
    if lost >= CLIPPED and lost - best.measures.clipped_high >= CLIPPED - CLIPPED_STEP:
        return Reason("defect_exposure", f"highlights clipped {lost:.0f}%")
    return None


def reject_defects(
    decisions: Sequence[Decision],
    frames: Sequence[FrameEvidence],
    series_of: Sequence[int],
    scene_of: Sequence[int],
) -> list[Decision]:
    """Reject frames for a measured defect, but never all of a scene, and none that is picked.

    Args:
        decisions, frames: of N frames.
        series_of, scene_of: numbers of the series and of the scene of each frame.
    """
    best = {series_of[place]: place for place, each in enumerate(decisions) if each.rank == 1}
    left: dict[int, int] = {}
    for scene in scene_of:
        left[scene] = left.get(scene, 0) + 1
    found = list(decisions)
    for place in sorted(range(len(found)), key=lambda place: -found[place].rank):
        each, scene = found[place], scene_of[place]
        first = best.get(series_of[place], place)
        why = defect(frames[place], None if first == place else frames[first])
        blank = why is not None and why.code in ("defect_black", "defect_white")
        if why is None or left[scene] < 2 or each.reason.code == BRACKET or (each.decision == PICK and not blank):
            continue
        found[place] = replace(each, decision=REJECT, reason=why)
        left[scene] -= 1
    return found
