"""DenseNet-121 (Huang et al. 2017, Table 1), under torchvision's parameter names; the backbone of Li et al. 2019.

6,953,856 parameters without the classifier.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from beholder.models.backbones.base import Backbone

GROWTH = 32  # channels that a layer adds
BLOCKS = (6, 12, 24, 16)  # layers of each dense block
THIRD = 8  # place of the third dense block among the features
CUT = 20  # layers of the third dense block that belong to the stem


class DenseLayer(nn.Module):
    """Appends 32 channels to those it reads: 1 x 1 convolution to 128, then 3 x 3; each after a norm and a ReLU."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, 4 * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * GROWTH)
        self.conv2 = nn.Conv2d(4 * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        return torch.cat([x, y], dim=1)


class Transition(nn.Module):
    """Halves channels and sides."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(before)
        self.conv = nn.Conv2d(before, before // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)


class DenseNet121(Backbone):
    """Feature map (B, 1024, H/32, W/32), after the last normalisation and a ReLU.

    Stage 2 trains the last four layers of the third dense block, 639,360 parameters: what VGG16's block4_conv2 and
    block4_conv3 are, the end of the stage before the last.
    """

    channels = 1024
    side = 224  # what Li et al. crop to (4.1)
    tuned = tuple(f"features.denseblock3.denselayer{place}" for place in range(CUT + 1, BLOCKS[2] + 1))

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(3, 2 * GROWTH, 7, stride=2, padding=3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(2 * GROWTH))
        self.features.add_module("relu0", nn.ReLU())
        self.features.add_module("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        width = 2 * GROWTH
        for number, layers in enumerate(BLOCKS, 1):
            block = nn.Sequential()
            for place in range(1, layers + 1):
                block.add_module(f"denselayer{place}", DenseLayer(width))
                width += GROWTH
            self.features.add_module(f"denseblock{number}", block)
            if number < len(BLOCKS):
                self.features.add_module(f"transition{number}", Transition(width))
                width //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(width))

    def stem(self, pixels: Tensor) -> Tensor:
        return self._third()[:CUT](self.features[:THIRD](self.normalise(pixels)))

    def tail(self, middle: Tensor) -> Tensor:
        return F.relu(self.features[THIRD + 1 :](self._third()[CUT:](middle)))

    def _third(self) -> nn.Sequential:
        return cast(nn.Sequential, self.features[THIRD])
