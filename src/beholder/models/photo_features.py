"""What the default model computes of a photograph: what is in it, how it is drawn, and statistics of its pixels.

- **scene**: class token and mean patch token of the last three blocks of DINOv2, (B, 2304);
- **detail**: class token, mean and standard deviation of the patch tokens of five earlier blocks, (B, 5760), which
  still know of focus and noise;
- **statistics**: of the pixels (`beholder.models.pixel_statistics`), (B, 574) at 224 x 224, which know of light and
  colour.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from beholder.models.dinov2_linear import TokenFeatures
from beholder.models.pixel_statistics import PixelStatistics

SCENE_LAYERS = (9, 10, 11)
DETAIL_LAYERS = (1, 3, 5, 7, 8)
LAYERS = DETAIL_LAYERS + SCENE_LAYERS
DIM = 384  # of a token
SCENE = 2 * DIM * len(SCENE_LAYERS)
DETAIL = 3 * DIM * len(DETAIL_LAYERS)


class FeatureParts(NamedTuple):
    """Features of B photographs: scene (B, 2304), detail (B, 5760), statistics (B, S); patches (B, N, 3 * 384)."""

    scene: Tensor
    detail: Tensor
    statistics: Tensor
    patches: Tensor


class PhotoFeatures(nn.Module):
    """uint8 pixels (B, 3, height, width) -> all features (B, D), in the order of :class:`FeatureParts`.

    Args:
        tokens: DINOv2 with the tokens of :data:`LAYERS`.
    """

    def __init__(self, tokens: TokenFeatures) -> None:
        super().__init__()
        self.features = tokens
        self.statistics = PixelStatistics()

    def parts(self, pixels: Tensor) -> FeatureParts:
        found = self.features.tokens(pixels)
        early, late = found[: len(DETAIL_LAYERS)], found[len(DETAIL_LAYERS) :]
        detail = [part for layer in early for part in (layer[:, 0], *_mean_and_spread(layer[:, 1:]))]
        return FeatureParts(
            TokenFeatures.pool(late),
            torch.cat(detail, dim=1),
            self.statistics(pixels),
            torch.cat([layer[:, 1:] for layer in late], dim=2),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        parts = self.parts(pixels)
        return torch.cat([parts.scene, parts.detail, parts.statistics], dim=1)


def _mean_and_spread(patches: Tensor) -> tuple[Tensor, Tensor]:
    mean = patches.mean(dim=1)
    return mean, ((patches * patches).mean(dim=1) - mean * mean).clamp(min=0).sqrt()
