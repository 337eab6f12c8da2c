"""Changes of photographs: all kinds, both depths, nothing lost that need not be."""

import numpy as np
import pytest

from beholder.errors import BeholderError
from beholder.improving.changes import CROP, KINDS, Change, apply, cropped, kind_that_undoes
from beholder.photos.edits import EDITS
from beholder.photos.read import Pixels
from beholder.tasks import Task

every_kind = pytest.mark.parametrize("name", KINDS)


@pytest.fixture
def picture() -> Pixels:
    rng = np.random.default_rng(0)
    smooth = (
        np.linspace(40, 180, 600)[None, :, None] + np.linspace(-20, 20, 400)[:, None, None] + np.array([0, 10, -15])
    )
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def amount(name: str) -> float:
    """One that can be seen."""
    task = KINDS[name].task
    assert task.neutral is not None
    return task.neutral + (task.high - task.neutral) / 4


@every_kind
def test_sixteen_bits_are_changed_like_eight(name: str, picture: Pixels) -> None:
    change = Change(name, amount(name))
    coarse = apply(picture, [change])
    between = np.random.default_rng(1).integers(0, 128, picture.shape, dtype=np.uint16)
    fine = apply(picture.astype(np.uint16) * 257 + between, [change])
    assert coarse.dtype == np.uint8 and fine.dtype == np.uint16 and coarse.shape == fine.shape
    assert not np.array_equal(coarse, picture)
    assert np.abs(fine / 257 - coarse).mean() <= 1
    assert len(np.unique(fine)) > len(np.unique(coarse))  # steps between those of eight bits


@every_kind
def test_the_neutral_amount_changes_nothing(name: str, picture: Pixels) -> None:
    neutral = KINDS[name].task.neutral
    assert neutral is not None
    for pixels in (picture, picture.astype(np.uint16) * 257):
        assert np.abs(apply(pixels, [Change(name, neutral)]).astype(int) - pixels).max() <= 1


@every_kind
def test_words(name: str) -> None:
    words = Change(name, amount(name)).words
    assert words.startswith(f"{name} ") and words.endswith(f"({KINDS[name].more})")


def test_kinds_undo_edits_that_models_predict() -> None:
    undone = [kind.undoes for kind in KINDS.values() if kind.undoes]
    assert set(undone) <= set(EDITS) and len(set(undone)) == len(undone)
    tasks = [Task(name, each.low, each.high, kind="edit", neutral=each.neutral) for name, each in EDITS.items()]
    assert [kind_that_undoes(task) in KINDS for task in tasks] == [task.name in undone for task in tasks]


def test_turned_then_cropped_then_light(picture: Pixels) -> None:
    box = (0.25, 0.0, 1.0, 0.5)
    turn, crop, light = Change("straighten", 6), Change(CROP, box=box), Change("contrast", 1.5)
    step = apply(cropped(apply(picture, [turn]), box), [light])
    assert np.array_equal(apply(picture, [light, crop, turn]), step)


def test_a_crop_that_leaves_nothing(picture: Pixels) -> None:
    with pytest.raises(BeholderError, match=r"a\.jpg: has 600 x 400 pixels, and the crop would leave 6 x 400; give"):
        apply(picture, [Change(CROP, box=(0, 0, 0.01, 1))], "a.jpg")
