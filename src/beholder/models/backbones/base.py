"""The interface of all backbones, and how to create one by name.

A backbone turns pixels into a feature map in two steps, split where fine-tuning begins: ``stem`` is never trained, so
its output can be computed once and cached; ``tail`` holds the layers that stage 2 unfreezes, and those after them.
"""

import importlib
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from beholder.models.registry import backbone_class
from beholder.models.weights import digest, load_weights

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


class Backbone(nn.Module):
    """uint8 RGB pixels (B, 3, H, W) -> feature map (B, channels, rows, columns).

    Attributes:
        channels: number of channels of the feature map.
        side: default side of the input in pixels.
        multiple: both sides of the input must be multiples of this.
        tuned: prefixes of the parameters that stage 2 trains, all of them in ``tail``.
        mean_rgb, std_rgb: mean and standard deviation of the pixels, 0 to 255, that the weights were trained with.
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
        """Set the mode, except of batch normalisation: rated photographs are too few to estimate its statistics."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def normalise(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) of 0 to 255 -> the same in standard deviations from the mean of the weights' training."""
        return (pixels.float() - self.mean) / self.std

    def stem(self, pixels: Tensor) -> Tensor:
        """The part that is never trained."""
        raise NotImplementedError

    def tail(self, middle: Tensor) -> Tensor:
        """Output of ``stem`` -> feature map."""
        raise NotImplementedError

    def forward_features(self, pixels: Tensor) -> Tensor:
        """The feature map: (B, channels, rows, columns)."""
        return self.tail(self.stem(pixels))

    def forward(self, pixels: Tensor) -> Tensor:
        """Global average pooling of the feature map: (B, channels)."""
        return self.forward_features(pixels).mean(dim=(2, 3))


def create_backbone(name: str, pretrained: bool = True) -> Backbone:
    """A backbone by name, frozen in evaluation mode.

    Args:
        pretrained: with its ImageNet (or self-supervised) weights, fetched the first time; else with random values.

    Raises:
        BeholderError: no such backbone, or its weights cannot be fetched.
    """
    module, network_class = backbone_class(name)
    network: Backbone = getattr(importlib.import_module(module), network_class)()
    if pretrained:
        network.load_state_dict(pretrained_state(name))
    return network.eval().requires_grad_(False)


def pretrained_state(name: str) -> dict[str, Tensor]:
    """Pretrained weights as a state dict, fetched the first time. Raises BeholderError where they cannot be fetched."""
    return {key: torch.tensor(value) for key, value in load_weights(name, parameter_shapes).items()}


def parameter_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter and running statistic of a backbone, by name. Raises as :func:`create_backbone`."""
    with torch.device("meta"):
        state = create_backbone(name, pretrained=False).state_dict()
    return {key: tuple(value.shape) for key, value in state.items() if not key.endswith("num_batches_tracked")}


def backbone_identity(name: str) -> str:
    """The digest of the pretrained values that a backbone is given. Raises as :func:`create_backbone`."""
    backbone_class(name)
    return digest(load_weights(name, parameter_shapes))
