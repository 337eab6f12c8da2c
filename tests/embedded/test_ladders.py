"""Copies of a photograph that are worse by a known amount, or as good."""

import numpy as np
import pytest

import beholder
from beholder.culling.preference import brighter, sharper
from beholder.embedded.ladders import MOVED, RUNGS, SAVED_TWICE, UNTOUCHED, ladders, moved
from beholder.photos.read import read_photo
from helpers.factories import REPOSITORY

PHOTO = REPOSITORY / "examples" / "photos" / "coffee.jpg"


@pytest.fixture(scope="module")
def ladder():
    (found,) = ladders(beholder.load("fast"), [PHOTO], seed=3)
    return found


@pytest.mark.parametrize("name", RUNGS)
def test_a_copy_is_a_photograph_of_about_the_size(name: str) -> None:
    pixels = read_photo(PHOTO).pixels[:120, :160]
    copy = RUNGS[name].apply(pixels, np.random.default_rng(0))
    assert copy.dtype == np.uint8 and copy.ndim == 3
    assert min(copy.shape[0] / 120, copy.shape[1] / 160) > 0.94


def test_the_names_are_of_rungs() -> None:
    assert set(MOVED) | set(SAVED_TWICE) <= set(RUNGS)
    assert {RUNGS[name].kind for name in (*MOVED, *SAVED_TWICE)} == {"same"}


def test_a_ladder_has_every_rung_and_what_was_done_is_measured(ladder) -> None:
    assert set(ladder) == {UNTOUCHED, *RUNGS}
    good = ladder[UNTOUCHED]
    softer = [sharper(good, ladder[name]) for name, rung in RUNGS.items() if rung.kind == "blur"]
    assert softer == sorted(softer) and softer[0] > 0.1
    assert brighter(ladder["+1 EV"], good) == pytest.approx(1, abs=0.25)
    assert {"overall", "quality", "exposure", "noise"} <= set(good.scores)


def test_the_same_seed_makes_the_same_ladder(ladder) -> None:
    (again,) = ladders(beholder.load("fast"), [PHOTO], seed=3)
    assert again == ladder


@pytest.mark.parametrize("share", [0.01, 0.02, 0.05])
def test_a_frame_is_moved_and_cut(share: float) -> None:
    pixels = np.arange(100 * 200 * 3, dtype=np.uint32).reshape(100, 200, 3).astype(np.uint8)
    found = moved(pixels, np.random.default_rng(1), share)
    assert found.shape == (100 - round(100 * share), 200 - round(200 * share), 3)
