"""Why one frame of a series is preferred to another: the measured difference that stands out most, in a few words.

Each kind of difference is counted in steps that are just noticeable. What has most steps is the reason; where nothing
has one, it is the score.
"""

from __future__ import annotations

from dataclasses import dataclass

from beholder.culling.preference import FrameEvidence, brighter, comparable, sharper, steadier
from beholder.text import printable

SHARPER_STEP = 0.14  # powers of two: 10% sharper
STEADIER_STEP = 0.16  # powers of two, one direction against the one across it
BRIGHTER_STEP = 0.25  # stops
CLIPPED_STEP = 2.0  # percent of the picture
NOISE_STEP = 1.5  # standard deviations of 255
MOTION_SHARE = 0.42  # of the loss of sharpness that is in one direction, for it to be called motion
MANY_TIMES = 3.5  # from which "5 times as sharp" is easier to read than a percentage
ERROR_90 = 1.645  # standard deviations to each end of a 90% interval

SHARPER, STEADIER, EXPOSED, CLEANER, HIGHER = "sharper", "less_motion", "better_exposed", "less_noise", "higher_score"
WORSE = {  # reason of the preferred frame -> reason of the other
    SHARPER: "softer",
    STEADIER: "motion",
    EXPOSED: "worse_exposed",
    CLEANER: "more_noise",
    HIGHER: "lower_score",
}


@dataclass(frozen=True)
class Reason:
    """Why.

    Attributes:
        code: one of a short list, for programs.
        text: one short line, for people.
    """

    code: str
    text: str


def steps(better: FrameEvidence, other: FrameEvidence) -> dict[str, float]:
    """How many just noticeable steps the first frame is better in each way; below 0 where it is worse."""
    soft, shaken = sharper(better, other) / SHARPER_STEP, steadier(better, other) / STEADIER_STEP
    found = {SHARPER: soft, STEADIER: 0.0, EXPOSED: 0.0, CLEANER: 0.0}
    if soft >= 1 and shaken >= 1 and shaken * STEADIER_STEP >= MOTION_SHARE * soft * SHARPER_STEP:
        found |= {STEADIER: max(soft, shaken), SHARPER: 0.0}
    if better.measures is not None and other.measures is not None:
        clipped = _clipped(other) - _clipped(better)
        found[EXPOSED] = max(abs(brighter(better, other)) / BRIGHTER_STEP, clipped / CLIPPED_STEP)
        if comparable(better, other):
            found[CLEANER] = (other.measures.noise - better.measures.noise) / NOISE_STEP
    return found


def _clipped(frame: FrameEvidence) -> float:
    return frame.measures.clipped_high + frame.measures.clipped_low if frame.measures else 0.0


def cause(better: FrameEvidence, other: FrameEvidence) -> str:
    """The kind of difference that stands out most; :data:`HIGHER` where no measured one is noticeable."""
    found = steps(better, other)
    most = max(found, key=lambda name: found[name])
    return most if found[most] >= 1 else HIGHER


def is_told_apart(better: FrameEvidence, other: FrameEvidence, spread: float) -> bool:
    """Whether there is a reason to prefer a frame: a noticeable difference, or a score that is higher beyond chance.

    Many differences too small to notice can add up to a preference, but nobody could say why.
    """
    gain = better.scores["overall"] - other.scores["overall"]
    return cause(better, other) != HIGHER or gain > ERROR_90 * spread


def why_better(better: FrameEvidence, other: FrameEvidence, name: str, spread: float) -> Reason:
    """Why a frame is preferred.

    Args:
        better: the preferred frame.
        other: the frame that it is compared with.
        name: of the other frame, to be shown.
        spread: standard deviation of a difference of overall scores that means nothing, native units.
    """
    found, than = cause(better, other), f"than {printable(name)}"
    if found == SHARPER:
        ratio = 2 ** sharper(better, other)
        if ratio >= MANY_TIMES:
            return Reason(found, f"{ratio:.0f} times as sharp at the subject as {printable(name)}")
        return Reason(found, f"sharper by {100 * (ratio - 1):.0f}% at the subject {than}")
    if found == STEADIER:
        return Reason(found, f"less motion blur {than}")
    if found == EXPOSED:
        clipped, stops = _clipping(other, better), brighter(other, better)
        wrong = f": {clipped} there" if clipped else f", which is {_by(stops)}"
        return Reason(found, f"better exposed {than}{wrong}")
    if found == CLEANER:
        return Reason(found, f"less noise {than}")
    return Reason(found, f"{_sharpness(better, other)}{_gain(better, other, spread)} against {printable(name)}")


def why_worse(worse: FrameEvidence, best: FrameEvidence, name: str, spread: float) -> Reason:
    """Why a frame comes after the best of its series; arguments as of :func:`why_better`, ``name`` of the best."""
    found, than = cause(best, worse), f"than {printable(name)}"
    code = WORSE[found]
    if found == SHARPER:
        return Reason(code, f"softer by {100 * (1 - 2 ** sharper(worse, best)):.0f}% at the subject {than}")
    if found == STEADIER:
        angle = worse.measures.motion_angle if worse.measures else 0
        return Reason(code, f"motion blur, {_DIRECTIONS[angle]}, against {printable(name)}")
    if found == EXPOSED:
        clipped, stops = _clipping(worse, best), brighter(worse, best)
        return Reason(code, f"{clipped}, against {printable(name)}" if clipped else f"{_by(stops)} {than}")
    if found == CLEANER:
        return Reason(code, f"more noise {than}")
    return Reason(code, f"{_sharpness(worse, best)}{_gain(worse, best, spread)} against {printable(name)}")


_DIRECTIONS = {0: "sideways", 90: "up and down", 45: "slanting", 135: "slanting"}


def _clipping(frame: FrameEvidence, than: FrameEvidence) -> str:
    """What is clipped in a frame and not in another one; empty where that is not what is wrong with its light."""
    if frame.measures is None or than.measures is None:
        return ""
    shares = {
        word: (getattr(frame.measures, name), getattr(than.measures, name))
        for word, name in (("highlights", "clipped_high"), ("shadows", "clipped_low"))
    }
    word, (share, other) = max(shares.items(), key=lambda item: item[1][0] - item[1][1])
    lost, stops = share - other, abs(brighter(frame, than))
    return f"{word} clipped {share:.0f}%" if lost >= CLIPPED_STEP or stops < BRIGHTER_STEP else ""


def _by(stops: float) -> str:
    return f"{'brighter' if stops > 0 else 'darker'} by {abs(stops):.1f} EV"


def _sharpness(frame: FrameEvidence, than: FrameEvidence) -> str:
    return "same sharpness, " if comparable(frame, than) and abs(sharper(frame, than)) < SHARPER_STEP else ""


def _gain(frame: FrameEvidence, than: FrameEvidence, spread: float) -> str:
    """The difference of the scores, with its 90% interval."""
    gain = frame.score_points * (frame.scores["overall"] - than.scores["overall"])
    margin = frame.score_points * ERROR_90 * spread
    interval = f" ({gain - margin:.1f} to {gain + margin:.1f})" if spread else ""
    return f"{frame.score_name} {gain:+.1f}{interval}".replace("-", "\u2212")
