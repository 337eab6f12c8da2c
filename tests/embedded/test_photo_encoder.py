"""Features of photographs and of their copies: each in its place, computed once."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.copies import draw_copies
from beholder.embedded.photo_encoder import (
    AHEAD,
    BATCH,
    FeaturesOnly,
    PhotoEncoder,
    as_small_as,
    copy_views,
    mirrored,
    whole,
)
from beholder.photos.read import Pixels, read_photo
from beholder.tasks import Task
from helpers.factories import save_photos
from helpers.kernel_models import FEATURES, photo_features, photographs
from helpers.photo_files import SMALL
from helpers.quick_encoder import SIZE, features_of, quick_encoder

DRAWN = np.random.default_rng(0).integers(0, 256, (BATCH + AHEAD + 5, *SIZE, 3), dtype=np.uint8)


def encoder_with_width(cache: Path | None = None) -> tuple[PhotoEncoder, list[int]]:
    """A quick one that knows its width already."""
    encoder, batches = quick_encoder(cache)
    assert encoder.width == sum(FEATURES)
    batches.clear()
    return encoder, batches


@pytest.fixture
def photos(tmp_path: Path) -> RatedPhotos:
    paths = [Path(path) for path in save_photos(tmp_path / "photos", 11)]
    names = tuple(path.name for path in paths)
    return RatedPhotos("mine", paths[0].parent, names, (Task("a", 0, 1),), np.linspace(0, 1, 11)[:, None])


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1, len(DRAWN)])
def test_features_are_in_the_order_of_the_photographs(count: int) -> None:
    encoder, batches = encoder_with_width()
    made: list[int] = []

    def make(number: int) -> Pixels:
        made.append(number)
        return DRAWN[number]

    found = encoder.all_of((partial(make, number) for number in range(count)), count)
    np.testing.assert_allclose(found, features_of(DRAWN[:count]), rtol=1e-5, atol=1e-6)
    assert sorted(made) == list(range(count)) and sum(batches) == count and max(batches) <= BATCH


def test_width_is_that_of_the_network_asked_once() -> None:
    encoder, batches = quick_encoder()
    assert [encoder.width, encoder.width] == [features_of(DRAWN[:1]).shape[1]] * 2
    assert batches == [1]


def test_no_more_than_a_few_photographs_are_in_memory() -> None:
    encoder, batches = quick_encoder()
    started = 0

    def making():  # type: ignore[no-untyped-def]
        nonlocal started
        for pixels in DRAWN:
            started += 1
            assert started <= sum(batches) + AHEAD + BATCH
            yield lambda pixels=pixels: pixels

    encoder.all_of(making(), len(DRAWN))
    assert started == len(DRAWN)


def test_what_cannot_be_made_is_told() -> None:
    def broken() -> Pixels:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        quick_encoder()[0].all_of(iter([broken]), 1)


def test_views_are_those_of_each_photograph_and_computed_once(photos: RatedPhotos, tmp_path: Path) -> None:
    encoder, batches = encoder_with_width(tmp_path / "cache")
    changes = [whole, mirrored, as_small_as(4)]
    found = encoder.views(photos, changes, "three")
    assert found.shape == (3, 11, sum(FEATURES)) and found.dtype == np.float16
    for number, path in enumerate(photos.paths):
        pixels = read_photo(path).pixels
        for place, change in enumerate(changes):
            expected = features_of(encoder.resize(change(pixels, number))[None])[0]
            np.testing.assert_allclose(found[place, number], expected, atol=0.01)
    assert np.abs(found[0] - found[1]).max() > 0.1 < np.abs(found[0] - found[2]).max()
    computed = sum(batches)
    assert computed == 33
    np.testing.assert_array_equal(encoder.views(photos, changes, "three"), found)
    assert sum(batches) == computed
    encoder.views(photos, [whole], "one")
    assert sum(batches) == computed + 11


def test_views_of_photographs_that_are_read_otherwise(photos: RatedPhotos, tmp_path: Path) -> None:
    encoder, _ = quick_encoder(tmp_path / "cache")
    found = encoder.views(photos, [whole], "black", lambda path: np.zeros((5, 9, 3), np.uint8))
    expected = np.broadcast_to(features_of(np.zeros((1, *SIZE, 3), np.uint8)), (11, sum(FEATURES)))
    np.testing.assert_allclose(found[0], expected, atol=0.01)


def test_changes() -> None:
    assert whole(SMALL, 3) is SMALL
    np.testing.assert_array_equal(mirrored(SMALL, 3)[:, 0], SMALL[:, -1])
    assert as_small_as(20)(SMALL, 3).shape == (20, 20, 3)
    plans = [draw_copies(number, 1, 1, 1) for number in range(3)]
    views = copy_views(plans.__getitem__, 5)
    assert len(views) == 5
    for place, view in enumerate(views):
        for number, plan in enumerate(plans):
            np.testing.assert_array_equal(view(SMALL, number), plan[place].make(SMALL))


def test_the_network_without_heads_gives_all_features() -> None:
    network = photo_features()
    with torch.inference_mode():
        scores, embedding, evidence = FeaturesOnly(network)(photographs()[:2])
        expected = network(photographs()[:2])
    torch.testing.assert_close(embedding, expected, atol=1e-4, rtol=1e-3)
    assert scores.shape == (2, 1) and evidence.shape == (2, 1, 1, 1) and not scores.any() and not evidence.any()
