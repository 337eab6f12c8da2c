"""What is measured at full resolution changes with what it is about, and with little else."""

import numpy as np
import pytest

from beholder.culling.measures import Measures, measure, tile_size
from beholder.photos.edits import blur, blur_by_motion, compress, expose
from beholder.photos.read import read_photo

PHOTOS = ("rocket", "flower", "astronaut")


@pytest.fixture(scope="module", params=PHOTOS)
def pixels(request):
    return read_photo(f"examples/photos/{request.param}.jpg").pixels


def _pixels_long(pixels, length):
    """Pixels -> ‰ of the long side."""
    return 1000 * length / max(pixels.shape[:2])


def _noisy(pixels, sigma):
    noise = np.random.default_rng(0).normal(0, sigma, pixels.shape)
    return np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)


def _ratio(one: Measures, other: Measures, name="sharpness_subject"):
    return getattr(one, name) / getattr(other, name)


@pytest.mark.parametrize("sigma", [1, 2, 4])
def test_blur_lowers_sharpness(pixels, sigma):
    before, after = measure(pixels), measure(blur(pixels, _pixels_long(pixels, sigma)))
    assert _ratio(after, before) < 0.8
    assert after.sharpness_best < before.sharpness_best


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: expose(pixels, -1),
        lambda pixels: expose(pixels, 0.5),
        lambda pixels: _noisy(pixels, 4),
        lambda pixels: _noisy(pixels, 10),
        lambda pixels: compress(pixels, 95),
        lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
        lambda pixels: np.ascontiguousarray(pixels[5:-6, 9:-3]),
    ],
    ids=["darker", "brighter", "noise 4", "noise 10", "JPEG 95", "mirrored", "moved"],
)
def test_what_is_not_blur_leaves_sharpness(pixels, change):
    assert _ratio(measure(change(pixels)), measure(pixels)) == pytest.approx(1, abs=0.09)


@pytest.mark.parametrize(("angle", "expected"), [(0, 0), (90, 90), (45, 45), (135, 135)])
def test_motion_is_found_and_its_direction(pixels, angle, expected):
    before, after = measure(pixels), measure(blur_by_motion(pixels, _pixels_long(pixels, 9), angle))
    assert after.motion > before.motion + 0.15
    assert after.motion_angle == expected


def test_blur_is_no_motion(pixels):
    assert measure(blur(pixels, _pixels_long(pixels, 2))).motion < measure(pixels).motion + 0.08


@pytest.mark.parametrize("sigma", [4, 8, 16])
def test_noise_is_that_of_the_luma(pixels, sigma):
    # Noise of three independent channels is 0.67 of one channel's in the luma.
    added = np.sqrt(max(measure(_noisy(pixels, sigma)).noise ** 2 - measure(pixels).noise ** 2, 0))
    assert added == pytest.approx(0.67 * sigma, rel=0.35)


def test_clipped_light_is_a_share_of_the_picture():
    pixels = np.full((200, 300, 3), 128, np.uint8)
    pixels[:, :30], pixels[:, 240:] = 255, 0
    found = measure(pixels)
    assert (found.clipped_high, found.clipped_low) == pytest.approx((10, 20))
    pixels[:, :30, 0] = 200  # one channel has detail left
    assert measure(pixels).clipped_high == 0


@pytest.mark.parametrize("stops", [-2, -1, 1])
def test_brightness_is_in_stops(stops):
    pixels = read_photo("examples/photos/coffee.jpg").pixels // 2
    assert measure(expose(pixels, stops)).brightness - measure(pixels).brightness == pytest.approx(stops, abs=0.1)


def test_the_subject_is_where_the_weights_are():
    photo = read_photo("examples/photos/astronaut.jpg").pixels
    soft = blur(photo, 8)
    half = photo.shape[1] // 2
    mixed = np.concatenate([photo[:, :half], soft[:, half:]], axis=1)
    left, right = (np.eye(1, 12, place) for place in (2, 9))
    assert measure(mixed, left).sharpness_subject > 1.5 * measure(mixed, right).sharpness_subject
    assert measure(mixed).sharpest[2] <= half + tile_size(max(photo.shape))


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (15, 17), (16, 16), (40, 33)])
def test_small_and_odd_pictures(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    found = measure(pixels, np.ones((3, 3)))
    assert found.size == shape[::-1] and found.noise >= 0
    assert 0 <= found.sharpest[0] < found.sharpest[2] and 0 <= found.sharpest[1] < found.sharpest[3]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_what_has_no_edges_has_no_sharpness(value):
    found = measure(np.full((100, 100, 3), value, np.uint8))
    assert np.isnan([found.sharpness_subject, found.sharpness_best, found.motion]).all()


@pytest.mark.parametrize("subject", [np.zeros((2, 2)), np.full((2, 2), np.nan), None])
def test_a_map_that_says_nothing_weighs_all_alike(subject):
    pixels = read_photo("examples/photos/rocket.jpg").pixels
    assert measure(pixels, subject).sharpness_subject == measure(pixels).sharpness_subject
