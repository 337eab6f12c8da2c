"""Edits of a photograph are tried, and the model judges them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from beholder.improving.changes import KINDS, STRAIGHTEN, Change, apply, kind_that_undoes
from beholder.photos.edits import tilt
from beholder.photos.read import Photo, Pixels
from beholder.scoring.scorer import SCORE_BATCH, Scorer
from beholder.tasks import Task

SIDE = 640  # pixels of the long side at which edits are tried
_FINE_SIDE = 960  # at which a picture is turned, so that turning blurs nothing that the model sees
TURNS = (-7.5, -5.0, -2.5, 0.0, 2.5, 5.0, 7.5)  # degrees that are tried, all in the crop of the largest
_SHIFT = 0.02  # of each side, by which the frame is moved for the noise of the score
_STRENGTHS = (0.7, 1.0, 1.4)  # times the amount that the model predicts
_UNSEEN = {"tint": (-0.35, 0.35), "sharpening": (0.4, 0.8)}  # amounts of kinds that no model predicts
_BLIND = {  # and of the others, for a model that predicts no edits
    "exposure": (-1.0, -0.5, 0.5, 1.0),
    "warmth": (-50.0, -25.0, 25.0, 50.0),
    "contrast": (0.7, 0.85, 1.2, 1.5),
    "saturation": (0.6, 0.8, 1.25, 1.6),
}


@dataclass(frozen=True)
class Tried:
    """What the model says of changed copies.

    Attributes:
        tasks: of the model.
        versions: (V, T) scores of the photograph as it is: whole, mirrored, and with the frame moved a little.
        turned: (A, T) scores of the photograph turned by each of :data:`TURNS`, in one frame; means of the picture and
            its mirror image. None (0, T) where the model predicts no tilt.
        changes: N changes.
        values: (N, T) scores of the photograph with each of the changes.
    """

    tasks: tuple[Task, ...]
    versions: np.ndarray
    turned: np.ndarray
    changes: tuple[Change, ...]
    values: np.ndarray


Judge = Callable[[Sequence[Pixels]], np.ndarray]


def judge(scorer: Scorer) -> Judge:
    """Pictures -> (N, T) scores."""

    def scores(pictures: Sequence[Pixels]) -> np.ndarray:
        parts = []
        for start in range(0, len(pictures), SCORE_BATCH):
            inputs = [scorer.pixels(Photo(each, *each.shape[1::-1])) for each in pictures[start : start + SCORE_BATCH]]
            parts.append(scorer.run(inputs, np.ones((len(inputs), 2), int)).values)
        return np.concatenate(parts)

    return scores


def reduced(pixels: Pixels, side: int = SIDE) -> Pixels:
    """The picture with a long side of at most ``side`` pixels."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.array(image)


def try_edits(scores: Judge, tasks: tuple[Task, ...], pixels: Pixels, crops: Sequence[Change]) -> Tried:
    """Score a photograph as it is, turned, and with each single change.

    Args:
        scores: of pictures.
        tasks: of the model.
        pixels: (H, W, 3) uint8, the photograph at the size at which it is tried.
        crops: that are tried beside the edits.
    """
    versions = scores([pixels, pixels[:, ::-1], *_moved(pixels)])
    amounts = mean_amounts(tasks, versions)
    changes = (*proposals(amounts), *crops)
    values = scores([apply(pixels, [change]) for change in changes])
    turned = _turned(scores, tasks, pixels) if STRAIGHTEN in amounts else np.empty((0, len(tasks)))
    return Tried(tasks, versions, turned, changes, values)


def changed(pixels: Pixels, changes: Sequence[Change]) -> Pixels:
    """A changed copy for the model to see."""
    return apply(_fine(pixels) if any(each.name == STRAIGHTEN for each in changes) else pixels, changes)


def mean_amounts(tasks: Sequence[Task], versions: np.ndarray) -> dict[str, float]:
    """The mean of :func:`amounts_of` versions of a photograph (V, T), the second of which is the mirror image."""
    found = [amounts_of(tasks, values) for values in versions]
    if STRAIGHTEN in found[1]:
        found[1][STRAIGHTEN] *= -1  # it leans to the other side
    return {kind: float(np.mean([each[kind] for each in found])) for kind in found[0]}


def amounts_of(tasks: Sequence[Task], values: np.ndarray) -> dict[str, float]:
    """Kind of change -> the predicted amount of the edit that it would undo, of (T,) scores."""
    found = {}
    for task, value in zip(tasks, values, strict=True):
        kind = kind_that_undoes(task)
        if kind is not None:
            found[kind] = float(value)
    return found


def _turned(scores: Judge, tasks: Sequence[Task], pixels: Pixels) -> np.ndarray:
    """(A, T) means of the scores of each turn and of its mirror image, which leans to the other side."""
    fine = _fine(pixels)
    turned = [tilt(fine, angle, cropped_for=max(TURNS)) for angle in TURNS]
    plain, mirrored = scores([*turned, *(each[:, ::-1] for each in turned)]).reshape(2, len(turned), len(tasks))
    signs = np.array([-1 if kind_that_undoes(task) == STRAIGHTEN else 1 for task in tasks])
    found: np.ndarray = (plain + mirrored * signs) / 2
    return found


def proposals(amounts: dict[str, float]) -> list[Change]:
    """Single edits to try, given the amounts that the model predicts; crops and turns are not among them."""
    wanted: dict[str, tuple[float, ...]] = dict(_UNSEEN)
    for name, kind in KINDS.items():
        if name in amounts and name not in (STRAIGHTEN, "sharpening"):
            wanted[name] = tuple(undoing(kind.task, amounts[name], strength) for strength in _STRENGTHS)
        elif name in _BLIND:
            wanted[name] = _BLIND[name]
    return [Change(name, amount) for name in KINDS for amount in wanted.get(name, ())]


def undoing(task: Task, amount: float, strength: float = 1.0) -> float:
    """The amount that undoes an edit of this amount: minus it, or one by it for a factor."""
    found = max(amount, 0.2) ** -strength if task.neutral == 1 else -amount * strength
    return float(np.clip(found, task.low, task.high))


def _moved(pixels: Pixels) -> list[Pixels]:
    height, width = pixels.shape[:2]
    rows, columns = round(height * _SHIFT), round(width * _SHIFT)
    corners = [(top, left) for top in (0, rows) for left in (0, columns)]
    return [pixels[top : top + height - rows, left : left + width - columns] for top, left in corners]


def _fine(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    share = _FINE_SIDE / max(height, width)
    if share <= 1:
        return pixels
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
