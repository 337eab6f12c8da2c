"""What would raise the score of a photograph."""

from pathlib import Path

import numpy as np
import pytest

from beholder import Scorer, load
from beholder.errors import BeholderError
from beholder.improving.changes import CROP, KINDS
from beholder.improving.improve import TOGETHER, Improvement, improve
from beholder.improving.sheet import draw, report
from beholder.photos.edits import cast_colour, expose
from beholder.photos.read import Pixels, read_photo
from helpers.factories import REPOSITORY

EXAMPLES = REPOSITORY / "examples" / "photos"


@pytest.fixture(scope="module")
def fast() -> Scorer:
    return load("fast")


@pytest.fixture(scope="module")
def coffee() -> Pixels:
    return read_photo(EXAMPLES / "coffee.jpg").pixels


@pytest.fixture(scope="module")
def dark_and_cool(fast: Scorer) -> Improvement:
    photo = read_photo(EXAMPLES / "chelsea.jpg", (300, 300))
    return improve(fast, cast_colour(expose(photo.pixels, -2), -90))


def test_the_embedded_model_mends_what_was_done(dark_and_cool: Improvement) -> None:
    best = dark_and_cool.best
    assert best is dark_and_cool.together and best is not None
    amounts = {each.name: each.amount for each in best.changes}
    assert amounts["exposure"] > 0.8 and amounts["warmth"] > 25
    assert len(amounts) == len(best.changes) <= TOGETHER
    assert best.worth > dark_and_cool.single[0].worth


def test_single_changes_come_best_first(dark_and_cool: Improvement) -> None:
    names = [each.changes[0].name for each in dark_and_cool.single]
    assert names[0] == "exposure" and set(names) <= {CROP, *KINDS}
    assert all(len(each.changes) == 1 for each in dark_and_cool.single)


def test_the_same_each_time(fast: Scorer, coffee: Pixels) -> None:
    dark = expose(coffee, -2)
    first, second = improve(fast, dark), improve(fast, dark)
    assert first.single == second.single and first.together == second.together


def test_a_crop_that_was_asked_for(fast: Scorer, coffee: Pixels) -> None:
    found = improve(fast, coffee, "1:1")
    assert found.crop is not None and found.changes[0] is found.crop
    assert all(each.name != CROP for each in found.changes[1:])
    after = found.after()
    assert abs(after.shape[0] - after.shape[1]) <= 1
    assert report(found)[0].startswith("crop 1:1, ")


def test_nothing_helps(detailed_model: Path) -> None:
    """A picture of the grey that the model takes for right, of which it predicts no edit."""
    found = improve(load(detailed_model), np.full((120, 160, 3), 50, np.uint8))
    exposures = [each for each in found.single if each.changes[0].name == "exposure"]
    assert exposures == []
    plain = Improvement(found.scores, found.noise, None, (), None, found.pixels)
    assert plain.changes == () and report(plain) == [
        f"overall 3.00, noise {found.noise:.2f}: no edit raises it clearly"
    ]


def test_of_a_picture_unlike_what_was_rated_only_a_border_is_told(detailed_model: Path) -> None:
    """Red is unfamiliar to it; dark red would be told to be brighter."""
    red = np.zeros((120, 160, 3), np.uint8)
    red[..., 0] = 70
    found = improve(load(detailed_model), red)
    assert found.best is None and "unlike the photographs that were rated" in report(found)[0]


def test_models_without_edits_try_fixed_amounts(colour_model: Path) -> None:
    """It rates by mean colour: what is brighter scores higher."""
    found = improve(load(colour_model), np.full((120, 160, 3), 60, np.uint8))
    assert found.single[0].changes[0].as_dict() == {"name": "exposure", "amount": 1.0, "unit": "EV"}


@pytest.mark.parametrize("size", [(31, 400), (400, 31), (1, 1)])
def test_too_small(fast: Scorer, size: tuple[int, int]) -> None:
    with pytest.raises(BeholderError, match=r"has \d+ x \d+ pixels, too few to try crops and edits; give one of 32"):
        improve(fast, np.zeros((*size, 3), np.uint8))


@pytest.mark.parametrize("size", [(64, 64), (60, 900), (900, 60)])
def test_any_shape_is_drawn(fast: Scorer, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    picture = (np.linspace(0, 60, size[1])[None, :, None] + rng.integers(0, 20, (*size, 3))).astype(np.uint8)
    found = improve(fast, picture)
    sheet = draw(found, "\N{SNOWMAN}" * 200)
    assert sheet.mode == "RGB" and min(sheet.size) > 100


def test_sheet_shows_both(dark_and_cool: Improvement) -> None:
    sheet = np.asarray(draw(dark_and_cool, "cat.jpg")).astype(int)
    half = sheet.shape[1] // 2
    before, after = sheet[120:400, 60 : half - 60], sheet[120:400, half + 60 : -60]
    assert after.mean() > before.mean() + 20
    assert len(report(dark_and_cool)) == 2 + len(dark_and_cool.single)
