"""The two domains of Li et al. (2019) and their inputs."""

from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.models.backbones.base import create_backbone
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.training.inputs import ViewSpec, cached_inputs, direct_inputs
from helpers.li2019 import CPU

# Where the inputs come from


def test_crops_kept_are_the_centre_and_the_corners(photos: RatedPhotos, tmp_path: Path) -> None:
    look = ViewSpec("tiny", 16, True, 24)
    kept, direct = cached_inputs(photos, look, CPU, cache=tmp_path), direct_inputs(photos, look, CPU)
    assert kept.views == 5 * 2 and direct.views == 9 * 9 * 2
    pixels = resize_exact(read_photo(photos.paths[3]), (24, 24))
    network = create_backbone("tiny")
    for view, (top, left) in enumerate([(4, 4), (0, 0), (0, 8), (8, 0), (8, 8)]):
        for mirrored in (0, 1):
            cut = np.ascontiguousarray(pixels[top : top + 16, left : left + 16][:, :: -1 if mirrored else 1])
            with torch.inference_mode():
                expected = network.stem(torch.from_numpy(cut).permute(2, 0, 1)[None])
            found = kept.middle(np.array([3]), np.array([2 * view + mirrored]))
            torch.testing.assert_close(found, expected, rtol=2e-3, atol=2e-3)
    every = {direct.pixels(np.array([3]), np.array([view])).numpy().tobytes() for view in range(direct.views)}
    assert len(every) == direct.views  # each place once
    for view in (0, 1):
        rows, views = np.array([3]), np.array([view])
        torch.testing.assert_close(direct.middle(rows, views), kept.middle(rows, views), rtol=2e-3, atol=2e-3)
