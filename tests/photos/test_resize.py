"""Resizing is exact and antialiased."""

import numpy as np

from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from helpers.photo_files import CHINA


def test_resize_exact():
    resized = resize_exact(read_photo(CHINA), (224, 112))
    np.testing.assert_array_equal(resized, resize_exact(CHINA, (224, 112)))
    assert resized.shape == (112, 224, 3) and resized.dtype == np.uint8
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert set(np.unique(resize_exact(stripes, (16, 16))[:, 1:-1])) <= {126, 127, 128, 129}  # antialiased
