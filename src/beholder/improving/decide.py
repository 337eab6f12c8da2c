"""Which of the tried changes are worth suggesting.

The model judges a picture twice: by its overall score, and by the faults that it sees, as the amounts of edits that it
predicts. The score of one picture moves by a twentieth of a point when nothing of worth changes, and a picture that was
clipped scores no better when it is made darker again, though its fault is plain. So a change is measured by its
**worth**: the overall score, less :data:`COST` for each fault of a size that is just noticeable. What is suggested
raises the worth by more than its own noise and a margin, and does not lower the score beyond its noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beholder.improving.changes import BORDER, CROP, KINDS, STRAIGHTEN, Change, kind_that_undoes
from beholder.improving.search import TURNS, Tried, amounts_of
from beholder.tasks import Task

# Amounts that are just noticeable, of factors as powers of two: one to three times the spread of the amounts that the
# default model predicts of photographs that nobody edited.
NOTICEABLE = {"exposure": 0.45, "warmth": 25.0, "contrast": 0.35, "saturation": 1.1, "sharpening": 1.5}
COST = 0.16  # points, of a just noticeable fault, on a scale of six points
TILT_COST = 0.08  # points, of a degree that the model sees a picture lean
TURN_COST = 0.01  # points, of a degree of turning: a small turn rather than a large one
BORDER_COST, CLEAR_BORDER_COST = 0.1, 0.03  # points, of a border, and of each unit of how clear it is
MIN_LEAN = 1.0  # degrees that the model must see a picture lean, to be turned
ONE_SIDED = 0.1  # points that a turn must be better than one to the other side
MARGIN = {"": 0.18, CROP: 0.45, STRAIGHTEN: 0.04}  # points that the worth must rise by
NOISES = 0.5  # and so many standard deviations of the worth of versions of the photograph
FALL = 0.15  # points that the score may fall by, where a fault is mended


@dataclass(frozen=True)
class Rise:
    """What a change does.

    Attributes:
        change: the change.
        gain: rise of the overall score, points.
        worth: rise of the worth, points.
        excess: how far the worth rises above what is asked of it; negative where the change is not suggested.
    """

    change: Change
    gain: float
    worth: float
    excess: float


def worth(tasks: Sequence[Task], values: np.ndarray, *, tilted: bool = False) -> np.ndarray:
    """(N, T) scores -> (N,) overall scores less the costs of the faults that the model sees.

    Args:
        tilted: leaning counts as well; of pictures in one frame only, since a turn costs a part of the picture.
    """
    scale = _scale(tasks)
    found: np.ndarray = values[:, 0].astype(float)
    for column, task in enumerate(tasks):
        kind = kind_that_undoes(task)
        if kind == STRAIGHTEN:
            found -= tilted * TILT_COST * scale * np.abs(values[:, column])
        elif kind is not None:
            found -= COST * scale * sizes(kind, values[:, column])
    return found


def sizes(name: str, amounts: np.ndarray) -> np.ndarray:
    """Amounts (N,) of an edit -> how many times a just noticeable one each is."""
    is_factor = KINDS[name].task.neutral == 1
    away = np.log2(np.maximum(amounts, 0.2)) if is_factor else amounts
    found: np.ndarray = np.abs(away) / NOTICEABLE[name]
    return found


def asked_for(tasks: Sequence[Task], change: Change, noise: float) -> float:
    """What the worth must rise by for a change to be suggested, points; ``noise`` is its standard deviation."""
    if change.aspect == BORDER:
        margin = -BORDER_COST - CLEAR_BORDER_COST * change.amount
    else:
        margin = MARGIN.get(change.name, MARGIN[""])
    return margin * _scale(tasks) + NOISES * noise


def fall_allowed(tasks: Sequence[Task]) -> float:
    """What the overall score may fall by where a fault is mended, points."""
    return FALL * _scale(tasks)


def _scale(tasks: Sequence[Task]) -> float:
    """Points of the overall score for each of the default model's."""
    return (tasks[0].high - tasks[0].low) / 6


def suggested(tried: Tried, *, unlike: bool = False) -> list[Rise]:
    """What is worth doing, the most worth while first.

    Args:
        tried: of a photograph.
        unlike: whether it is unlike those that were rated. Then only a border is taken off: the model's scores of light
            and framing say little.
    """
    found = [each for each in rises(tried) if each.excess > 0]
    return [each for each in found if each.change.aspect == BORDER] if unlike else found


def rises(tried: Tried) -> list[Rise]:
    """The best change of each kind, crops of each aspect apart, the most worth while first."""
    before = worth(tried.tasks, tried.versions)
    noise = float(before.std())
    after = worth(tried.tasks, tried.values)
    best: dict[tuple[str, str], Rise] = {}
    for change, values, value in zip(tried.changes, tried.values, after, strict=True):
        gain, rise = float(values[0] - tried.versions[0, 0]), float(value - before[0])
        excess = rise - asked_for(tried.tasks, change, noise)
        if gain < -fall_allowed(tried.tasks):
            excess = min(excess, gain)
        key = (change.name, change.aspect)
        if key not in best or excess > best[key].excess:
            best[key] = Rise(change, gain, rise, excess)
    found = [*best.values(), _straightening(tried)]
    return sorted((each for each in found if each), key=lambda each: -each.excess)


def _straightening(tried: Tried) -> Rise | None:
    """The best turn; None where the model does not see that the picture leans, or predicts nothing of the kind.

    It is the top of the worths of all turns in one frame, smoothed, so that it is no noise of one of them; it is above
    the turn to the other side, and the model sees the picture lean the way that the turn mends.
    """
    if not len(tried.turned):
        return None
    straight = TURNS.index(0)
    value = _smoothed(worth(tried.tasks, tried.turned, tilted=True)) - TURN_COST * _scale(tried.tasks) * np.abs(TURNS)
    overall = _smoothed(tried.turned[:, 0].astype(float))
    best = int(value.argmax())
    lean = amounts_of(tried.tasks, tried.turned[straight])[STRAIGHTEN]
    if -np.sign(TURNS[best]) * lean < MIN_LEAN or value[best] - value[-1 - best] < ONE_SIDED * _scale(tried.tasks):
        return None
    change, rise = Change(STRAIGHTEN, _peak(value, best)), float(value[best] - value[straight])
    return Rise(change, float(overall[best] - overall[straight]), rise, rise - asked_for(tried.tasks, change, 0))


def _smoothed(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, 1, mode="edge")
    found: np.ndarray = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return found


def _peak(values: np.ndarray, place: int) -> float:
    """The angle of the top of a parabola through a value and its neighbours."""
    if not 0 < place < len(values) - 1:
        return TURNS[place]
    before, here, after = values[place - 1 : place + 2]
    bend = before - 2 * here + after
    offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(TURNS[place] + np.clip(offset, -0.5, 0.5) * (TURNS[1] - TURNS[0]))
