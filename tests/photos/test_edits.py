"""Edits change what they say by as much as they say, and nothing at their neutral amount."""

import numpy as np
import pytest

from beholder.photos.edits import (
    EDITS,
    add_noise,
    blur,
    blur_by_motion,
    cast_colour,
    change_contrast,
    change_saturation,
    compress,
    edit,
    expose,
    from_linear,
    tilt,
    tint,
    to_linear,
    vignette,
)
from beholder.photos.read import Pixels
from helpers.known_picture import PICTURE

SIZES = (1, 1), (1, 40), (40, 1), (2, 2), (48, 64)
STRONG = {  # amount of each edit, far from neutral
    "tilt": 12.0,
    "exposure": -2.0,
    "vignette": 3.0,
    "sharpness": 6.0,
    "motion": 30.0,
    "colour_cast": 100.0,
    "noise": 50.0,
    "contrast": 2.5,
    "saturation": 4.0,
    "compression": 10.0,
}
GREY = np.full((40, 60, 3), 100, np.uint8)


def picture(size: tuple[int, int]) -> Pixels:
    return np.resize(PICTURE, (*size, 3))


def light(pixels: Pixels) -> float:
    return float(to_linear(pixels).mean())


def test_there_is_a_strong_amount_of_each() -> None:
    assert STRONG.keys() == EDITS.keys()
    assert all(each.low <= STRONG[name] <= each.high for name, each in EDITS.items())
    assert all(each.low <= each.neutral <= each.high and each.name == name for name, each in EDITS.items())
    assert all(each.description and "\n" not in each.description and each.unit for each in EDITS.values())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", EDITS)
def test_neutral_amounts_change_nothing(name: str, size: tuple[int, int]) -> None:
    pixels = picture(size)
    same = edit(pixels, {name: EDITS[name].neutral})
    assert same.shape == pixels.shape and np.abs(same.astype(int) - pixels).max() <= 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", EDITS)
def test_any_size_and_the_same_again(name: str, size: tuple[int, int]) -> None:
    pixels = picture(size)
    before = pixels.copy()
    first, again = (edit(pixels, {name: STRONG[name]}) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(pixels, before)  # the photograph itself is left alone
    assert first.dtype == np.uint8 and first.ndim == 3 and first.shape[2] == 3 and min(first.shape) > 0
    if size == (48, 64):
        assert first.shape != pixels.shape or np.abs(first.astype(int) - pixels).mean() > 0.2


@pytest.mark.parametrize("name", EDITS)
def test_a_single_colour(name: str) -> None:
    """Only light and colour show in it, and noise."""
    edited = edit(GREY, {name: STRONG[name]})
    if name in ("tilt", "sharpness", "motion", "contrast", "saturation", "compression"):
        assert np.abs(edited.astype(int) - 100).max() <= 2  # JPEG rounds it
    else:
        assert np.abs(edited.astype(int) - 100).max() > 10


def test_combined_in_the_order_of_the_camera() -> None:
    amounts = {"compression": 30, "exposure": 1, "noise": 10}
    rng = np.random.default_rng(5)
    by_hand = compress(add_noise(expose(PICTURE, 1), 10, rng), 30)
    np.testing.assert_array_equal(edit(PICTURE, amounts, np.random.default_rng(5)), by_hand)
    assert (edit(PICTURE, amounts, np.random.default_rng(6)) != by_hand).any()
    with pytest.raises(KeyError, match="sparkle"):
        edit(PICTURE, {"exposure": 1, "sparkle": 2})
    assert edit(PICTURE, {}) is PICTURE


# Light


def test_linear_light_and_back() -> None:
    codes = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
    np.testing.assert_array_equal(from_linear(to_linear(codes)), codes)
    assert to_linear(np.array([0, 255], np.uint8)).tolist() == [0, 1]
    assert float(to_linear(np.array([188], np.uint8))[0]) == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("stops", [-2, -1, -0.5, 0.5, 1])
def test_a_stop_doubles_the_light(stops: float) -> None:
    dark = (PICTURE // 2).astype(np.uint8)  # nothing of it is clipped by a stop
    assert light(expose(dark, stops)) / light(dark) == pytest.approx(2**stops, rel=0.02)


def test_what_is_too_bright_is_clipped() -> None:
    bright = expose(PICTURE, 3)
    assert (bright == 255).any() and (bright.astype(int) >= PICTURE).all()
    assert expose(PICTURE, 20).max() == 255 and expose(PICTURE, -20).max() == 0


@pytest.mark.parametrize("stops", [1, 3])
def test_corners_are_darker_by_the_stops(stops: float) -> None:
    white = np.full((41, 61, 3), 200, np.uint8)
    shaded = vignette(white, stops)
    assert shaded[20, 30].tolist() == [200] * 3
    corners = [light(shaded[down, across]) for down in (0, -1) for across in (0, -1)]
    np.testing.assert_allclose(corners, light(white) / 2**stops, rtol=0.02)
    assert (np.diff(shaded[20, 30:, 0].astype(int)) <= 0).all()


def test_contrast_is_about_the_mean() -> None:
    flat, hard = change_contrast(PICTURE, 0.5), change_contrast(PICTURE, 1.5)
    assert flat.std() == pytest.approx(PICTURE.std() / 2, rel=0.05) and hard.std() > 1.2 * PICTURE.std()
    assert np.ptp(change_contrast(PICTURE, 0)) == 0


# Colour


def chroma(pixels: Pixels) -> float:
    return float(np.ptp(pixels.astype(int), axis=2).mean())


def test_saturation_multiplies_the_distance_from_grey() -> None:
    assert chroma(change_saturation(PICTURE, 0)) <= 1
    assert chroma(change_saturation(PICTURE, 0.5)) == pytest.approx(chroma(PICTURE) / 2, rel=0.05)
    assert chroma(change_saturation(PICTURE, 3)) > 1.5 * chroma(PICTURE)
    luma = np.array([0.2126, 0.7152, 0.0722])
    np.testing.assert_allclose(change_saturation(PICTURE, 0.5) @ luma, PICTURE @ luma, atol=1)


def test_casts_are_in_the_order_of_mired() -> None:
    """Warm light is redder and less blue, cool light the other way round; both are as bright."""
    shades = [light_ratio(cast_colour(GREY, mired)) for mired in (-110, -60, -20, 0, 20, 60, 110)]
    assert (np.diff(shades) > 0).all() and shades[3] == pytest.approx(1)
    for mired in (-110, 110):
        linear = to_linear(cast_colour(GREY, mired))[0, 0]
        assert linear @ [0.2126, 0.7152, 0.0722] == pytest.approx(to_linear(GREY)[0, 0, 0], rel=0.02)


def light_ratio(pixels: Pixels) -> float:
    """Red to blue."""
    red, _, blue = to_linear(pixels)[0, 0]
    return float(red / blue)


def test_a_cast_is_the_colour_of_the_planckian_locus() -> None:
    """6,504 K and 100 mired are 3,941 K: x .383, y .378 on the locus, of which the white of sRGB is a little above."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    daylight, warm = (
        to_xyz @ to_linear(cast_colour(np.full((1, 1, 3), 180, np.uint8), mired))[0, 0] for mired in (0, 100)
    )
    x, y, _ = warm / warm.sum()
    assert (x, y) == pytest.approx((0.383, 0.382), abs=0.012)
    assert daylight[:2] / daylight.sum() == pytest.approx((0.3127, 0.3290), abs=0.001)


def test_tints() -> None:
    green, magenta = (to_linear(tint(GREY, stops))[0, 0] for stops in (0.7, -0.7))
    assert green[1] / green[0] == pytest.approx(2**0.7, rel=0.02) and green[0] == green[2]
    assert magenta[1] / magenta[0] == pytest.approx(2**-0.7, rel=0.02)
    for each in (green, magenta):
        assert each @ [0.2126, 0.7152, 0.0722] == pytest.approx(to_linear(GREY)[0, 0, 0], rel=0.02)


# Focus, noise, compression


@pytest.mark.parametrize("radius", [2, 5, 8])
def test_blur_is_in_thousandths_of_the_long_side(radius: float) -> None:
    """An edge becomes a slope, the steps of which have the standard deviation that was asked for."""
    edge = np.zeros((30, 800, 3), np.uint8)
    edge[:, 400:] = 255
    steps = np.diff(blur(edge, radius)[15, :, 0].astype(float))
    places = np.arange(len(steps))
    middle = (places * steps).sum() / steps.sum()
    deviation = (((places - middle) ** 2 * steps).sum() / steps.sum()) ** 0.5
    assert deviation == pytest.approx(radius / 1000 * 800, rel=0.05)
    assert middle == pytest.approx(399, abs=0.5)


@pytest.mark.parametrize(("angle", "box"), [(0, (1, 21)), (90, (21, 1))])
def test_motion_draws_a_point_into_a_line(angle: float, box: tuple[int, int]) -> None:
    point = np.zeros((200, 200, 3), np.uint8)
    point[100, 100] = 255
    line = blur_by_motion(point, 100, angle)[..., 0]
    down, across = np.nonzero(line)
    assert np.ptp(down) + 1 == pytest.approx(box[0], abs=1) and np.ptp(across) + 1 == pytest.approx(box[1], abs=1)
    assert line.sum() == pytest.approx(255, rel=0.1)


@pytest.mark.parametrize(("side", "expected"), [(1000, 20), (500, 10), (2000, 40)])
def test_noise_looks_the_same_at_any_size(side: int, expected: float) -> None:
    grey = np.full((side // 10, side, 3), 128, np.uint8)
    noise = add_noise(grey, 20, np.random.default_rng(0)).astype(float) - 128
    assert noise.std() == pytest.approx(expected, rel=0.02) and abs(noise.mean()) < 0.3
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.02


def test_lower_quality_is_further_from_the_picture() -> None:
    detailed = np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8).repeat(3, axis=2)
    errors = [np.abs(compress(detailed, quality).astype(int) - detailed).mean() for quality in (100, 80, 50, 20, 5, 0)]
    assert (np.diff(errors) >= 0).all() and errors[0] < 2 and errors[-1] > 20


# Framing


@pytest.mark.parametrize("degrees", [-45, -15, -5, -0.3, 0.3, 5, 15, 45])
@pytest.mark.parametrize("size", [(80, 100), (100, 80), (100, 100), (40, 200)])
def test_no_corner_of_a_tilted_photograph_is_empty(degrees: float, size: tuple[int, int]) -> None:
    white = np.full((*size, 3), 255, np.uint8)
    tilted = tilt(white, degrees)
    assert tilted.min() > 240
    height, width = tilted.shape[:2]
    assert abs(width - height * size[1] / size[0]) < 1 + size[1] / size[0]


def test_clockwise_is_positive() -> None:
    half = np.zeros((101, 101, 3), np.uint8)
    half[50:] = 255  # a white ground under a black sky
    right = tilt(half, 10)[:, -5:, 0].mean()
    assert right < tilt(half, 0, cropped_for=10)[:, -5:, 0].mean() < tilt(half, -10)[:, -5:, 0].mean()


def test_the_same_crop_without_the_tilt() -> None:
    upright, tilted = tilt(PICTURE, 0, cropped_for=5), tilt(PICTURE, 5)
    assert upright.shape == tilted.shape == tilt(PICTURE, -5).shape
    top, left = (48 - upright.shape[0]) // 2, (64 - upright.shape[1]) // 2
    np.testing.assert_array_equal(upright, PICTURE[top : top + upright.shape[0], left : left + upright.shape[1]])
