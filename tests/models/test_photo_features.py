"""What is computed of a photograph: tokens of the right blocks, pooled in the right order, and statistics of pixels."""

from functools import cache

import torch
from torch import Tensor

from beholder.models import photo_features as module
from beholder.models.pixel_statistics import PixelStatistics
from helpers.kernel_models import parts, photo_features, photographs

DIM = module.DIM


@cache
def tokens() -> list[Tensor]:
    """Normalised tokens (8, 257, 384) of each of the three blocks, from the backbone itself."""
    features = photo_features().features
    with torch.inference_mode():
        return features.backbone.forward_tokens((photographs().float() - features.mean) / features.std, (0, 1, 2))


def test_widths_are_those_of_the_published_network() -> None:
    assert (module.SCENE, module.DETAIL) == (2304, 5760)
    assert len(module.LAYERS) == len(set(module.LAYERS)) and max(module.DETAIL_LAYERS) < min(module.SCENE_LAYERS)
    assert [part.shape[1] for part in parts()[:3]] == [module.SCENE, module.DETAIL, 574]


def test_scene_is_class_token_and_mean_patch_of_the_last_layers() -> None:
    for place, layer in enumerate(tokens()):
        found = parts().scene[:, 2 * place * DIM :]
        torch.testing.assert_close(found[:, :DIM], layer[:, 0])
        torch.testing.assert_close(found[:, DIM : 2 * DIM], layer[:, 1:].mean(dim=1))


def test_detail_is_class_token_mean_and_spread_of_earlier_layers() -> None:
    for place, layer in enumerate([0, 1, 2, 0, 1]):
        found, seen = parts().detail[:, 3 * place * DIM :], tokens()[layer]
        torch.testing.assert_close(found[:, :DIM], seen[:, 0])
        torch.testing.assert_close(found[:, DIM : 2 * DIM], seen[:, 1:].mean(dim=1))
        spread = seen[:, 1:].std(dim=1, correction=0)
        torch.testing.assert_close(found[:, 2 * DIM : 3 * DIM], spread, atol=1e-3, rtol=1e-3)


def test_statistics_are_of_the_pixels_and_patches_of_the_last_layers() -> None:
    torch.testing.assert_close(parts().statistics, PixelStatistics()(photographs()))
    torch.testing.assert_close(parts().patches, torch.cat([layer[:, 1:] for layer in tokens()], dim=2))


def test_all_features_are_the_parts_side_by_side() -> None:
    found = parts()
    with torch.inference_mode():
        together = photo_features()(photographs()[:2])
    expected = torch.cat([found.scene, found.detail, found.statistics], dim=1)[:2]
    torch.testing.assert_close(together, expected, atol=1e-4, rtol=1e-3)


def test_a_picture_of_one_colour_has_finite_features() -> None:
    black_and_white = torch.stack([torch.zeros(3, 224, 224), torch.full((3, 224, 224), 255.0)]).to(torch.uint8)
    with torch.inference_mode():
        found = photo_features()(black_and_white)
    assert found.isfinite().all() and (found[0] != found[1]).any()
