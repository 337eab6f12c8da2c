"""The changes that `beholder improve` tries, and how they are made on pixels of 8 or 16 bits a channel."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.improving.borders import Box
from beholder.photos.edits import (
    cast_colour,
    change_contrast,
    change_saturation,
    expose,
    sharpen,
    tilt,
    tint,
)
from beholder.photos.read import Pixels
from beholder.tasks import EDIT, Task

CROP, STRAIGHTEN = "crop", "straighten"
BORDER = "border"  # in the place of an aspect: of a crop that leaves a border out
MIN_SIDE = 16  # pixels that a crop leaves of each side


@dataclass(frozen=True)
class Kind:
    """A kind of change that has an amount.

    Attributes:
        task: how amounts are written, between which ends, and which one changes nothing.
        undoes: name of the edit that it undoes, as a model may predict it; None if models predict none of that kind.
        more, less: what it does above and below neutral, in a word.
        apply: pixels (H, W, 3), amount -> changed pixels of the same type.
    """

    task: Task
    undoes: str | None
    more: str
    less: str
    apply: Callable[[Pixels, float], Pixels]


def _kind(
    name: str,
    ends: tuple[float, float, float],
    unit: str,
    undoes: str | None,
    words: tuple[str, str],
    apply: Callable[[Pixels, float], Pixels],
) -> Kind:
    low, neutral, high = ends
    return Kind(Task(name, low, high, kind=EDIT, unit=unit, neutral=neutral), undoes, *words, apply)


KINDS: dict[str, Kind] = {  # in the order in which they are made
    each.task.name: each
    for each in (
        _kind(STRAIGHTEN, (-15, 0, 15), "°", "tilt", ("turn clockwise", "turn counter-clockwise"), tilt),
        _kind("exposure", (-3, 0, 3), "EV", "exposure", ("brighter", "darker"), expose),
        _kind("warmth", (-110, 0, 110), "mired", "colour_cast", ("warmer", "cooler"), cast_colour),
        _kind("tint", (-1, 0, 1), "stops of green", None, ("greener", "less green"), tint),
        _kind("contrast", (0.4, 1, 3), "×", "contrast", ("more contrast", "less contrast"), change_contrast),
        _kind("saturation", (0.3, 1, 3), "×", "saturation", ("more colour", "less colour"), change_saturation),
        _kind("sharpening", (0, 0, 2), "×", "sharpness", ("sharper", ""), sharpen),
    )
}
_UNDOING = {kind.undoes: name for name, kind in KINDS.items() if kind.undoes}  # edit -> kind of change


@dataclass(frozen=True)
class Change:
    """One change of a photograph.

    Attributes:
        name: ``crop`` or a key of :data:`KINDS`.
        amount: in the unit of the kind; a straightening turns clockwise by so many degrees. Of a crop 0, or how clear
            the border is that it leaves out.
        box: of a crop: left, top, right and bottom of what stays, as shares of the width and height.
        aspect: of a crop: its shape, such as ``4:5``; empty for the photograph's own, ``border`` where a border goes.

    >>> Change("exposure", 1.04).words, Change("crop", box=(0, 0, 0.5, 1), aspect="1:1").words
    ('exposure +1.0 EV (brighter)', 'crop 1:1, 50% left')
    """

    name: str
    amount: float = 0.0
    box: Box | None = None
    aspect: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the name, and the amount with its unit or the box with its aspect.

        >>> Change("exposure", 0.5).as_dict()
        {'name': 'exposure', 'amount': 0.5, 'unit': 'EV'}
        """
        if self.box is not None:
            return {"name": self.name, "box": [round(side, 4) for side in self.box], "aspect": self.aspect or None}
        return {"name": self.name, "amount": round(self.amount, 3), "unit": self.unit}

    @property
    def unit(self) -> str:
        """Of the amount; empty for a crop."""
        return "" if self.name == CROP else KINDS[self.name].task.unit

    @property
    def words(self) -> str:
        """What is done, as people read it."""
        if self.box is not None:
            left, top, right, bottom = self.box
            shape = "crop the border off" if self.aspect == BORDER else f"crop {self.aspect}".rstrip()
            return f"{shape}, {100 * (right - left) * (bottom - top):.0f}% left"
        kind = KINDS[self.name]
        task = kind.task
        assert task.neutral is not None
        return f"{self.name} {task.amount(self.amount)} ({kind.more if self.amount > task.neutral else kind.less})"


def apply(pixels: Pixels, changes: Iterable[Change], name: str = "photograph") -> Pixels:
    """Change a photograph: turned first, then cropped, then light and colour.

    Args:
        pixels: (H, W, 3) of 8 or 16 bits a channel.
        changes: each kind once at most.
        name: of the photograph, for error messages.

    Returns:
        Pixels of the same type; fewer where it was turned or cropped.

    Raises:
        BeholderError: nothing would be left of a side.

    >>> picture = np.full((40, 60, 3), 1000, np.uint16)
    >>> changed = apply(picture, [Change("exposure", 1), Change("crop", box=(0, 0, 0.5, 1))])
    >>> changed.shape, changed.dtype
    ((40, 30, 3), dtype('uint16'))
    """
    wanted = {each.name: each for each in changes}
    if STRAIGHTEN in wanted:
        pixels = KINDS[STRAIGHTEN].apply(pixels, wanted[STRAIGHTEN].amount)
    if CROP in wanted:
        pixels = cropped(pixels, wanted[CROP].box, name)
    for key, kind in KINDS.items():
        if key in wanted and key != STRAIGHTEN:
            pixels = kind.apply(pixels, wanted[key].amount)
    return pixels


def cropped(pixels: Pixels, box: Box | None, name: str = "photograph") -> Pixels:
    """What is inside a box of (H, W, 3) pixels.

    Raises:
        BeholderError: fewer than :data:`MIN_SIDE` pixels would be left of a side.
    """
    left, top, right, bottom = box or (0, 0, 1, 1)
    height, width = pixels.shape[:2]
    columns, rows = slice(round(left * width), round(right * width)), slice(round(top * height), round(bottom * height))
    inside = pixels[rows, columns]
    if min(inside.shape[:2]) < MIN_SIDE:
        raise BeholderError(
            f"{name}: has {width} x {height} pixels, and the crop would leave {inside.shape[1]} x {inside.shape[0]}; "
            f"give a photograph with more pixels, or a crop that leaves {MIN_SIDE} of each side"
        )
    return np.ascontiguousarray(inside)


def kind_that_undoes(task: Task) -> str | None:
    """The kind of change against an edit that a model predicts; None if there is none, or the task is no edit.

    >>> tilt, quality = Task("tilt", -9, 9, kind="edit", neutral=0), Task("quality", 0, 1)
    >>> kind_that_undoes(tilt), kind_that_undoes(quality)
    ('straighten', None)
    """
    return _UNDOING.get(task.name) if task.kind == EDIT else None
