"""Statistics of pixels: each reacts to what it is for, in the right direction, and to nothing else of the batch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from beholder.embedded.int8_encoder import placeholder_info
from beholder.models.pixel_statistics import PixelStatistics
from beholder.photos.edits import add_noise, blur, cast_colour, change_saturation, expose, vignette
from beholder.photos.read import Pixels
from beholder.photos.resize import resize_exact
from beholder.training.export import export
from helpers.photo_files import CHINA, FLOWER

SIZE = (224, 224)
GREY = np.full((224, 224, 3), 118, np.uint8)  # a fifth of the light of white
DIRECTIONS = ("rows", "columns", "falling", "rising", "cross", "noise", "blue", "red")  # filters of differences
# name -> first place and width, in the order of the module
WIDTHS = {
    "bright": 3, "dark": 3,
    "levels 0": 8, "spread 0": 8, "mean 0": 8, "activity 0": 120, "placed 0": 36,
    "levels 1": 8, "spread 1": 8, "mean 1": 8, "change 1": 8, "activity 1": 120, "placed 1": 18,
    "levels 2": 8, "spread 2": 8, "mean 2": 8, "change 2": 8, "placed 2": 18,
    "luminance shares": 26, "luminance grid": 64, "stops": 1, "spread of stops": 1,
    "colour shares": 14, "chroma and saturation": 2, "spreads of these": 2,
    "weights": 6, "balance": 12, "spread of balance": 2, "balance grid": 32,
    "values": 3, "spread of values": 3,
}  # fmt: skip
PLACES = dict(zip(WIDTHS, np.cumsum([0, *WIDTHS.values()])[:-1].tolist(), strict=True))


def of(*pixels: Pixels) -> np.ndarray:
    """(N, 574)."""
    batch = torch.from_numpy(np.stack([resize_exact(each, SIZE) for each in pixels]).transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        return PixelStatistics()(batch).numpy()


def group(found: np.ndarray, name: str) -> np.ndarray:
    return found[:, PLACES[name] : PLACES[name] + WIDTHS[name]]


def noisy(pixels: Pixels, sigma: float) -> Pixels:
    return add_noise(pixels, sigma, np.random.default_rng(0))


def test_width() -> None:
    assert of(CHINA).shape == (1, 574) == (1, sum(WIDTHS.values()))
    of_fast = PixelStatistics()(torch.zeros(1, 3, 112, 126, dtype=torch.uint8))  # fewer places
    assert of_fast.shape == (1, 502) and of_fast.isfinite().all()


Change = Callable[[Pixels], Pixels]
RISES: dict[str, tuple[Change, str, slice]] = {  # what is done, group, places in it that rise
    "light: mean of stops": (lambda p: expose(p, 1), "stops", slice(None)),
    "light: bright shares": (lambda p: expose(p, 3), "bright", slice(None)),
    "darkness: dark shares": (lambda p: expose(p, -5), "dark", slice(None)),
    "darkness: shares below a luminance": (lambda p: expose(p, -2), "luminance shares", slice(8, 24)),
    "darkness: weight of deep shadow": (lambda p: expose(p, -4), "weights", slice(5, 6)),
    "vignette: spread of stops": (lambda p: vignette(p, 4), "spread of stops", slice(None)),
    "noise: differences at full size": (lambda p: noisy(p, 60), "levels 0", slice(None)),
    "noise: second differences": (lambda p: noisy(p, 60), "mean 0", slice(4, 6)),
    "blur: shares of places without detail": (lambda p: blur(p, 4), "activity 0", slice(60, 75)),
    "blur: coarse detail beside fine": (lambda p: blur(p, 4), "change 1", slice(0, 6)),
    "colour: chroma and saturation": (lambda p: change_saturation(p, 2), "chroma and saturation", slice(None)),
    "greyness: shares of little colour": (lambda p: change_saturation(p, 0.3), "colour shares", slice(2, 5)),
    "warmth: red against green": (lambda p: cast_colour(p, 90), "balance", slice(0, 4, 2)),
    "coolness: blue against green": (lambda p: cast_colour(p, -90), "balance", slice(1, 4, 2)),
    "warmth: red in every place": (lambda p: cast_colour(p, 90), "balance grid", slice(0, 16)),
}


@pytest.mark.parametrize("photograph", [CHINA, FLOWER], ids=["china", "flower"])
@pytest.mark.parametrize(("change", "name", "places"), RISES.values(), ids=RISES)
def test_what_rises(photograph: Pixels, change: Change, name: str, places: slice) -> None:
    before, after = (group(of(each), name)[0, places] for each in (photograph, change(photograph)))
    assert (after >= before).all() and after.mean() > before.mean(), (before, after)


FALLS: dict[str, tuple[Change, str, slice]] = {
    "darkness: mean of stops": (lambda p: expose(p, -1), "stops", slice(None)),
    "darkness: each place": (lambda p: expose(p, -1), "luminance grid", slice(None)),
    "blur: fine differences": (lambda p: blur(p, 2), "mean 0", slice(0, 6)),
    "blur: differences in every place": (lambda p: blur(p, 4), "placed 0", slice(18, 27)),
    "noise: coarse detail beside fine": (lambda p: noisy(p, 60), "change 1", slice(None)),
    "greyness: chroma and saturation": (lambda p: change_saturation(p, 0.3), "chroma and saturation", slice(None)),
    "greyness: balance is nothing": (lambda p: change_saturation(p, 0), "spread of balance", slice(None)),
}


@pytest.mark.parametrize("photograph", [CHINA, FLOWER], ids=["china", "flower"])
@pytest.mark.parametrize(("change", "name", "places"), FALLS.values(), ids=FALLS)
def test_what_falls(photograph: Pixels, change: Change, name: str, places: slice) -> None:
    before, after = (group(of(each), name)[0, places] for each in (photograph, change(photograph)))
    assert (after <= before).all() and after.mean() < before.mean(), (before, after)


def test_a_stop_less_light_is_a_stop_less() -> None:
    """In linear light, above the darkest values that a logarithm is kept from."""
    grey, darker, lighter = (group(of(expose(GREY, stops)), "stops")[0, 0] for stops in (0, -1, 1))
    assert lighter - grey == pytest.approx(1, abs=0.04) and grey - darker == pytest.approx(1, abs=0.04)
    assert grey == pytest.approx(np.log2(((118 / 255 + 0.055) / 1.055) ** 2.4), abs=0.04)


def test_a_cast_is_known_by_what_is_grey() -> None:
    """Grey paper in yellow light: all balances tell the light. In daylight they are 0."""
    neutral, warm = (group(of(each), "balance")[0] for each in (GREY, cast_colour(GREY, 60)))
    np.testing.assert_allclose(neutral, 0, atol=1e-4)
    of_all, of_grey = warm[0:2], warm[4:6]
    assert (warm[[0, 2, 4, 6]] > 0.1).all() and (warm[[1, 3, 5, 7]] < -0.1).all()
    np.testing.assert_allclose(of_all, of_grey, rtol=0.02)


@pytest.mark.parametrize(("axis", "still"), [(0, 0), (1, 1)])
def test_differences_know_their_direction(axis: int, still: int) -> None:
    """Stripes: along them there is no difference, across them there is."""
    stripes = np.where(np.arange(224) // 8 % 2, 200, 40).astype(np.uint8)
    pixels = np.broadcast_to(stripes[:, None, None] if axis == 0 else stripes[None, :, None], GREY.shape)
    found = group(of(np.ascontiguousarray(pixels)), "mean 0")[0, :2]
    assert found[still] == pytest.approx(np.log2(1 / 1024)) and found[1 - still] > found[still] + 5


def test_places_are_where_they_are() -> None:
    """Light at the top left, detail at the bottom right."""
    pixels = GREY // 4
    pixels[:112, :112] = 230
    rng = np.random.default_rng(0)
    pixels[150:, 150:] += rng.integers(0, 120, (74, 74, 1), dtype=np.uint8)
    found = of(pixels)
    light = group(found, "luminance grid").reshape(8, 8)
    assert light[:4, :4].min() > light[4:, :].max() and light[:4, :4].min() > light[:, 4:].max()
    for name, filters in (("placed 0", 4), ("placed 1", 2), ("placed 2", 2)):
        detail = group(found, name).reshape(filters, 3, 3)
        assert (detail.reshape(filters, 9).argmax(axis=1) == 8).all(), name


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255), (1, 2, 3), (118, 118, 118)])
def test_one_colour(colour: tuple[int, int, int]) -> None:
    found = of(np.full((224, 224, 3), colour, np.uint8))
    assert np.isfinite(found).all() and np.abs(found).max() <= 15
    np.testing.assert_allclose(group(found, "mean 0"), np.log2(1 / 1024), atol=1e-3)
    assert group(found, "bright")[0].tolist() == [float(value >= 250) for value in colour]
    assert group(found, "dark")[0].tolist() == [float(value <= 4) for value in colour]
    np.testing.assert_allclose(group(found, "values")[0], np.array(colour) / 255, atol=1e-5)


BATCH = np.stack([resize_exact(each, SIZE) for each in (CHINA, FLOWER, GREY, GREY * 0, noisy(GREY, 200))])


@pytest.mark.parametrize("size", [2, 3, 5])
def test_others_in_the_batch_do_not_matter(size: int) -> None:
    alone = np.concatenate([of(each) for each in BATCH])
    together = np.concatenate([of(*BATCH[start : start + size]) for start in range(0, len(BATCH), size)])
    np.testing.assert_allclose(together, alone, atol=1e-4)  # logarithms of what is rounded to nearly 0


class Alone(nn.Module):
    """The statistics as a model file's embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.statistics = PixelStatistics()

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found = self.statistics(pixels)
        return found[:, :1], found, found[:, :1, None, None]


def test_a_model_file_computes_the_same(tmp_path: Path) -> None:
    export(Alone(), placeholder_info(SIZE), tmp_path / "statistics.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "statistics.onnx"), providers=["CPUExecutionProvider"])
    for batch in (BATCH, BATCH[:1]):
        np.testing.assert_allclose(session.run(["embedding"], {"image": batch})[0], of(*batch), atol=1e-4)
