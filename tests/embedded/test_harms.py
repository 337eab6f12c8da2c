"""Harms change a photograph, harmless changes hardly; each is the same again for the same random numbers."""

from collections.abc import Callable

import numpy as np
import pytest

from beholder.embedded.harms import HARMLESS, HARMS, SERIES, Harm, Series, is_falling, reduce_to, share_above, shift
from beholder.photos.edits import tilt
from beholder.photos.read import Pixels
from helpers.known_picture import PICTURE

DETAILED = np.kron(PICTURE, np.ones((8, 8, 1), np.uint8)) // 2
DETAILED += np.random.default_rng(0).integers(0, 128, DETAILED.shape, dtype=np.uint8)
SIZES = (1, 1), (1, 50), (50, 1), (48, 64)
CHANGES = {
    **{f"{name}: {part}": getattr(each, part) for name, each in HARMS.items() for part in ("apply", "reference")},
    **{name: each.apply for name, each in HARMLESS.items()},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_photographs_of_any_size(change: Callable[[Pixels, np.random.Generator], Pixels]) -> None:
    for size in SIZES:
        pixels = np.resize(PICTURE, (*size, 3))
        before = pixels.copy()
        first, again = (change(pixels, np.random.default_rng(3)) for _ in range(2))
        assert first.dtype == np.uint8 and first.ndim == 3 and first.shape[2] == 3 and min(first.shape) > 0
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_harms_change_the_photograph(harm: Harm) -> None:
    harmed, good = harm.apply(DETAILED, np.random.default_rng(0)), DETAILED
    if harm.name == "tilt 5°":
        good = tilt(DETAILED, 0, cropped_for=5)
    assert 0.5 < harm.goal < 1 and np.abs(harmed.astype(int) - good).mean() > 1


@pytest.mark.parametrize("series", SERIES.values(), ids=SERIES)
def test_series_begin_with_the_photograph(series: Series) -> None:
    """What tilting cuts off, it cuts off without tilt too."""
    first, *others = (series.apply(DETAILED, each, np.random.default_rng(0)).astype(int) for each in series.strengths)
    unchanged = tilt(DETAILED, 0, cropped_for=15) if series.name == "tilt" else DETAILED
    assert list(series.strengths) == sorted(set(series.strengths)) and np.abs(first - unchanged).max() <= 1
    changes = [np.abs(changed - first).mean() for changed in others]
    assert changes[0] > 0.5 and (series.name == "tilt" or (np.diff(changes) > 0).all())


def test_frame_is_moved_by_one_to_two_per_cent() -> None:
    pixels = np.arange(100 * 200 * 3, dtype=np.uint32).reshape(100, 200, 3)
    for seed in range(20):
        moved = shift(pixels, np.random.default_rng(seed))
        assert 98 <= moved.shape[0] <= 99 and 196 <= moved.shape[1] <= 198
        places = [(down, across) for down in (0, -1) for across in (0, -1)]
        assert sum(moved[place].tolist() == pixels[place].tolist() for place in places) == 1


def test_photographs_that_are_small_already_are_not_reduced() -> None:
    reduced = HARMLESS["reduced to 1,024 px"]
    large = np.zeros((1025, 3, 3), np.uint8)
    assert not reduced.applies(PICTURE) and reduce_to(PICTURE, 64) is PICTURE
    assert reduced.applies(large) and reduced.apply(large, np.random.default_rng(0)).shape == (1024, 3, 3)


def test_what_is_counted() -> None:
    assert share_above(np.array([2.0, 2.0]), np.array([1.0, 2.0])) == 0.75
    assert is_falling(np.array([3, 2, 1])) and not is_falling(np.array([3, 3, 1]))
