"""What would raise the score of a photograph: single edits and crops, and up to three of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.improving.borders import Box
from beholder.improving.changes import MIN_SIDE, STRAIGHTEN, Change, cropped
from beholder.improving.decide import Rise, asked_for, fall_allowed, suggested, worth
from beholder.improving.frames import ASPECTS, border_crops, windows
from beholder.improving.search import SIDE, Judge, amounts_of, changed, judge, proposals, reduced, try_edits
from beholder.photos.edits import kept_share
from beholder.photos.read import Photo, Pixels, Source, read_photo
from beholder.photos.sources import name_of
from beholder.scoring.input_size import UNNAMED
from beholder.scoring.scorer import Scorer
from beholder.scoring.scores import Scores, is_unlike
from beholder.tasks import Task

TOGETHER = 3  # changes at most
_CANDIDATES = 4  # of the best single changes that are tried together


@dataclass(frozen=True)
class Suggestion:
    """Changes that are worth making together.

    Attributes:
        changes: one to three, in the order in which they help.
        gain: rise of the overall score, in points, against the same frame where the photograph is straightened.
        worth: rise of the score less the costs of the faults that the model sees (:mod:`beholder.improving.decide`).
    """

    changes: tuple[Change, ...]
    gain: float
    worth: float

    @property
    def words(self) -> str:
        """What to do, as people read it."""
        return ", ".join(change.words for change in self.changes)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "changes": [each.as_dict() for each in self.changes],
            "gain": round(self.gain, 4),
            "worth": round(self.worth, 4),
        }


@dataclass(frozen=True, eq=False)
class Improvement:
    """What would raise the score of a photograph.

    Attributes:
        scores: of the photograph as it is, or in the crop that was asked for; length one.
        noise: standard deviation of its overall score when the frame is moved a little or mirrored, points.
        crop: that was asked for; None where none was.
        single: single changes that are worth it, the best first.
        together: the best two or three of them together; None where no two are worth it.
        pixels: (H, W, 3) uint8, the photograph, reduced.
    """

    scores: Scores
    noise: float
    crop: Change | None
    single: tuple[Suggestion, ...]
    together: Suggestion | None
    pixels: Pixels

    @property
    def best(self) -> Suggestion | None:
        """The changes together, or the best single one; None where nothing is worth it."""
        return self.together or (self.single[0] if self.single else None)

    @property
    def changes(self) -> tuple[Change, ...]:
        """All that makes the best copy: the crop that was asked for, and the best changes in it."""
        best = self.best.changes if self.best else ()
        return (self.crop, *best) if self.crop else best

    def after(self) -> Pixels:
        """(H, W, 3) uint8, the best copy of the reduced photograph."""
        inside = cropped(self.pixels, self.crop.box) if self.crop else self.pixels
        return changed(inside, self.best.changes) if self.best else inside


def improve(scorer: Scorer, image: Source | Photo, aspect: str = "") -> Improvement:
    """Try edits and crops of a photograph.

    Args:
        scorer: the model that judges.
        image: a photograph, as for :meth:`beholder.Scorer.score`.
        aspect: shape of a crop, such as ``4:5``: the best crop of this shape is taken whether it raises the score or
            not, and edits are tried inside it.

    Raises:
        PhotoError: the photograph cannot be read.
        BeholderError: it is too small to crop, or the shape cannot be had.

    >>> import beholder
    >>> from beholder.photos.edits import expose
    >>> dark = expose(beholder.read_photo("examples/photos/coffee.jpg").pixels, -2)
    >>> found = improve(beholder.load("fast"), dark)
    >>> found.single[0].changes[0].name
    'exposure'
    """
    name = name_of(image) or UNNAMED
    photo = read_photo(image, (SIDE, SIDE))
    if min(photo.pixels.shape[:2]) < 2 * MIN_SIDE:
        raise BeholderError(
            f"{name}: has {photo.width} x {photo.height} pixels, too few to try crops and edits; give one of "
            f"{2 * MIN_SIDE} or more on each side"
        )
    scores, tasks = judge(scorer), scorer.info.tasks
    whole = reduced(photo.pixels)
    crop = _best_crop(scores, whole, aspect) if aspect else None
    seen = cropped(whole, crop.box, name) if crop else whole
    tried = try_edits(scores, tasks, seen, [] if crop else crops_to_try(seen))
    before = scorer.pixels(Photo(seen, seen.shape[1], seen.shape[0]))
    scored = scorer.run(before[None], np.array([(photo.width, photo.height)]))
    unlike = is_unlike(scored)
    found = suggested(tried, unlike=unlike)
    return Improvement(
        scores=scored,
        noise=float(tried.versions[:, 0].std()),
        crop=crop,
        single=tuple(Suggestion((each.change,), each.gain, each.worth) for each in found),
        together=None if unlike else _together(scores, tasks, seen, found, float(worth(tasks, tried.versions).std())),
        pixels=whole,
    )


def crops_to_try(pixels: Pixels) -> list[Change]:
    """Crops of (H, W, 3) pixels, where none was asked for: without a border, and windows of several shapes."""
    height, width = pixels.shape[:2]
    found = [*border_crops(pixels), *windows(width, height)]
    for aspect in ASPECTS:
        try:
            found += windows(width, height, aspect, (1.0,))
        except BeholderError:  # too little would be left
            continue
    return found


def _best_crop(scores: Judge, pixels: Pixels, aspect: str) -> Change:
    height, width = pixels.shape[:2]
    crops = windows(width, height, aspect)
    values = scores([cropped(pixels, each.box) for each in crops])
    return crops[int(values[:, 0].argmax())]


def _together(
    scores: Judge, tasks: tuple[Task, ...], pixels: Pixels, found: Sequence[Rise], noise: float
) -> Suggestion | None:
    """Add to the best change, one after the other, what is worth it on top of it; None where nothing is."""
    if not found:
        return None
    made, gain, rise = [found[0].change], found[0].gain, found[0].worth
    here = scores([changed(pixels, made)])
    while len(made) < TOGETHER:
        names = {each.name for each in made}
        more = [each.change for each in found[1:] if each.change.name not in names][:_CANDIDATES]
        more += [each for each in proposals(amounts_of(tasks, here[0])) if each.name not in names]
        if not more:
            break
        after = scores([changed(pixels, [*made, change]) for change in more])
        before = np.repeat(here, len(more), axis=0)
        turns = np.array([change.name == STRAIGHTEN for change in more])
        for row in np.flatnonzero(turns):  # against the same frame
            frame = _frame_of_turn(pixels, more[row].amount)
            before[row] = scores([changed(cropped(pixels, frame), made)])[0]
        added = np.where(
            turns,
            worth(tasks, after, tilted=True) - worth(tasks, before, tilted=True),
            worth(tasks, after) - worth(tasks, before),
        )
        gains = after[:, 0] - before[:, 0]
        excess = added - [asked_for(tasks, change, noise) for change in more]
        excess[gains < -fall_allowed(tasks)] = -np.inf
        best = int(np.argmax(excess))
        if excess[best] <= 0:
            break
        made.append(more[best])
        here = after[best : best + 1]
        gain, rise = gain + float(gains[best]), rise + float(added[best])
    return Suggestion(tuple(made), gain, rise) if len(made) > 1 else None


def _frame_of_turn(pixels: Pixels, degrees: float) -> Box:
    margin = (1 - kept_share(pixels.shape[1], pixels.shape[0], degrees)) / 2
    return margin, margin, 1 - margin, 1 - margin
