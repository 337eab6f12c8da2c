"""What every backbone answers, and the list of them by name.

A backbone turns pixels into a feature map in two steps, cut where fine-tuning begins: ``stem`` is never trained, so
what it gives can be computed once and kept; ``tail`` holds the layers that stage 2 unfreezes, and what follows them.
"""

import importlib
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from beholder.models.registry import backbone_entry
from beholder.models.weights import load_weights, weights_identity

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


class Backbone(nn.Module):
    """uint8 RGB pixels (B, 3, H, W) -> feature map (B, channels, rows, columns).

    Attributes:
        channels: of the feature map.
        side: pixels a side of the input unless told otherwise.
        multiple: both sides of the input must be multiples of this.
        tuned: prefixes of the parameters that stage 2 trains, all of them in ``tail``.
        mean_rgb, std_rgb: of the pixels, 0 to 255, that the weights were trained with.
    """

    channels: ClassVar[int]
    side: ClassVar[int] = 256
    multiple: ClassVar[int] = 1
    tuned: ClassVar[tuple[str, ...]]
    mean_rgb: ClassVar[tuple[float, float, float]] = MEAN
    std_rgb: ClassVar[tuple[float, float, float]] = STD
    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(self.mean_rgb).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(self.std_rgb).view(1, 3, 1, 1), persistent=False)

    def train(self, mode: bool = True) -> Self:
        """As any module's, but batch normalisation keeps its running statistics: rated photographs are too few."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def normalise(self, pixels: Tensor) -> Tensor:
        return (pixels.float() - self.mean) / self.std

    def stem(self, pixels: Tensor) -> Tensor:
        """The part that is never trained."""
        raise NotImplementedError

    def tail(self, middle: Tensor) -> Tensor:
        """What ``stem`` gave -> feature map."""
        raise NotImplementedError

    def forward_features(self, pixels: Tensor) -> Tensor:
        return self.tail(self.stem(pixels))

    def forward(self, pixels: Tensor) -> Tensor:
        """Global average pooling of the feature map: (B, channels)."""
        return self.forward_features(pixels).mean(dim=(2, 3))


def create_backbone(name: str, pretrained: bool = True) -> Backbone:
    """A backbone by name, frozen in evaluation mode.

    Args:
        pretrained: with its ImageNet (or self-supervised) weights, fetched the first time; else as initialised.

    Raises:
        BeholderError: no such backbone, or its weights are not to be had.
    """
    entry = backbone_entry(name)
    network: Backbone = getattr(importlib.import_module(entry.module), entry.network)()
    if pretrained:
        network.load_state_dict({key: torch.from_numpy(value) for key, value in load_weights(entry.weights).items()})
    return network.eval().requires_grad_(False)


def backbone_identity(name: str) -> str:
    """What the pretrained values of a backbone are known by: their digest. Raises as :func:`create`."""
    return weights_identity(backbone_entry(name).weights)
