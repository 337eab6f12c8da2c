"""VGG16's five convolutional blocks (Simonyan & Zisserman 2015, configuration D), under torchvision's parameter names.

14,714,688 parameters. The fully connected layers are left out, so any input of at least 32 px a side works.
"""

import torch
from torch import Tensor, nn

from beholder.models.imagenet import MEAN, STD

# Channels of each convolution, block by block; a 2 x 2 max pooling ends a block.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class Vgg16(nn.Module):
    """uint8 RGB pixels (B, 3, H, W) -> features (B, 512, H/32, W/32)."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for block in BLOCKS:
            for channels in block:
                layers += [nn.Conv2d(before, channels, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
                before = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def forward_features(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.features((pixels.float() - self.mean) / self.std)
        return features

    def forward(self, pixels: Tensor) -> Tensor:
        """Global average pooling of the features: (B, 512)."""
        return self.forward_features(pixels).mean(dim=(2, 3))
