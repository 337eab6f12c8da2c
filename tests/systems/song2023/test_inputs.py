"""Inputs of Song et al. (2023): photographs of several shapes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError, PhotoError
from beholder.systems.song2023.inputs import VariableSizeInputs, by_shape, shapes_of
from beholder.systems.song2023.train import (
    inputs,
)
from helpers.song2023 import CPU, RECIPE, Strided, voted


def test_batches_hold_one_shape(photos: RatedPhotos, source: VariableSizeInputs) -> None:
    assert source.shapes.tolist() == shapes_of(photos, 16).tolist()
    assert {tuple(shape) for shape in source.shapes.tolist()} == {(16, 16), (24, 16), (16, 32)}
    rows = np.random.default_rng(0).permutation(len(photos))
    batches = list(by_shape(source.shapes, rows, 4))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(photos)))
    for batch in batches:
        assert len(batch) <= 4 and len(np.unique(source.shapes[batch], axis=0)) == 1
        width, height = source.shapes[batch[0]]
        mirrored = np.arange(len(batch)) % 2 == 0
        pixels = source.pixels(batch, mirrored)
        assert pixels.shape == (len(batch), 3, height, width)
        np.testing.assert_array_equal(pixels[0], source.pixels(batch[:1], np.zeros(1, bool))[0].flip(-1))


def test_too_long_photographs_are_named(tmp_path: Path) -> None:
    photos = voted(tmp_path)
    Image.new("RGB", (221, 20)).save(tmp_path / "3.png")
    with pytest.raises(PhotoError, match=r"3\.png: 221 x 20 pixels, more than 10:1"):
        inputs(photos, RECIPE, CPU, keep=False)


def test_backbones_of_fixed_multiples_are_told(photos: RatedPhotos, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(BeholderError, match="multiples of 2"):
        patch.setattr(Strided, "multiple", 2)
        inputs(photos, RECIPE, CPU, cache=tmp_path)
