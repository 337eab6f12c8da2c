"""A pretrained backbone under the head of a compared system, for training and as it goes into a model file."""

import torch
from torch import Tensor, nn

from beholder.models.backbones.base import Backbone
from beholder.models.head import evidence
from beholder.systems.compared.heads import Head
from beholder.systems.two_stages import TwoStageNetwork


class Compared(TwoStageNetwork):
    """uint8 RGB pixels (B, 3, H, W) -> (B, T) scores in the unit interval, the first task first."""

    def __init__(self, backbone: Backbone, head: Head) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, pixels: Tensor) -> Tensor:
        found: Tensor = self.head(self.backbone(pixels))
        return found


class ScoringCompared(nn.Module):
    """The trained network as it goes into a model file: native units inside the scale, and Grad-CAM in the graph.

    Args:
        network: trained.
        low, high: (T,) ends of the scales; linear outputs are clipped to them.
        typical: (C,) mean pooled features of the training photographs.
    """

    low: Tensor
    high: Tensor
    typical: Tensor

    def __init__(self, network: Compared, low: Tensor, high: Tensor, typical: Tensor) -> None:
        super().__init__()
        self.backbone, self.head = network.backbone, network.head
        self.register_buffer("low", low)
        self.register_buffer("high", high)
        self.register_buffer("typical", typical)

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """(B, T) scores, (B, C) pooled features, (B, T, rows, columns) evidence, and (B, M) shares if there are any."""
        features = self.backbone.forward_features(pixels)
        pooled = features.mean(dim=(2, 3))
        unit, slope, shares = self.head.with_slope(pooled)
        span = self.high - self.low
        scores = torch.minimum(torch.maximum(self.low + unit * span, self.low), self.high)
        found = (scores, pooled, evidence(span[:, None] * slope, features, self.typical))
        return found if shares is None else (*found, shares)
