"""The default model: frozen DINOv2 tokens under one linear multi-task head.

The head reads, from each of three layers, the class token and the mean patch token. As the head is linear,
the share of the mean patch token splits exactly over patches: the evidence of a patch is what it adds to the score or
subtracts from it, compared with the average patch of the rated photographs. Class tokens have no place in the image, so
their share is not in the map.
"""

import torch
from torch import Tensor, nn

from beholder.models.backbones.base import MEAN, STD
from beholder.models.backbones.dinov2 import PATCH, DinoV2


class TokenFeatures(nn.Module):
    """uint8 pixels (B, 3, H, W) -> class token and mean patch token of each layer, (B, layers * 2 * C)."""

    def __init__(self, backbone: DinoV2, layers: tuple[int, ...]) -> None:
        super().__init__()
        self.backbone = backbone
        self.layers = layers
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def tokens(self, pixels: Tensor) -> list[Tensor]:
        return self.backbone.forward_tokens((pixels.float() - self.mean) / self.std, self.layers)

    @staticmethod
    def pool(tokens: list[Tensor]) -> Tensor:
        return torch.cat([part for layer in tokens for part in (layer[:, 0], layer[:, 1:].mean(dim=1))], dim=1)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.pool(self.tokens(pixels))


class DefaultModel(nn.Module):
    """Features, head and evidence, as they go into the model file.

    Args:
        features: the frozen network.
        weight, bias: head, (T, layers * 2 * C) and (T,), native units.
        typical: (T, layers * 2 * C), features of the average rated photograph, which evidence is relative to.
        low, high: (T,) ends of the scales; scores are clipped to them.
    """

    def __init__(
        self, features: TokenFeatures, weight: Tensor, bias: Tensor, typical: Tensor, low: Tensor, high: Tensor
    ) -> None:
        super().__init__()
        self.features = features
        self.weight: Tensor
        self.bias: Tensor
        self.typical_evidence: Tensor
        self.low: Tensor
        self.high: Tensor
        per_part = (len(bias), len(features.layers), 2, -1)
        patch_weight = weight.view(per_part)[:, :, 1]  # (T, layers, C)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.register_buffer("typical_evidence", (patch_weight * typical.view(per_part)[:, :, 1]).sum((1, 2)))
        self.register_buffer("low", low)
        self.register_buffer("high", high)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        tokens = self.features.tokens(pixels)
        embedding = self.features.pool(tokens)
        scores = embedding @ self.weight.T + self.bias
        scores = torch.minimum(torch.maximum(scores, self.low), self.high)
        patches = torch.cat([layer[:, 1:] for layer in tokens], dim=2)  # (B, N, layers * C)
        patch_weight = self.weight.view(len(self.bias), len(self.features.layers), 2, -1)[:, :, 1].flatten(1)
        evidence = (patches @ patch_weight.T - self.typical_evidence) / patches.shape[1]  # (B, N, T)
        rows, columns = pixels.shape[2] // PATCH, pixels.shape[3] // PATCH
        evidence = evidence.transpose(1, 2).reshape(-1, len(self.bias), rows, columns)
        return scores, embedding, evidence
