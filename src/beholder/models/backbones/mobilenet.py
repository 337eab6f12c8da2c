"""MobileNetV2 at width 1 (Sandler et al. 2018, Table 2), under torchvision's parameter names.

2,223,872 parameters without the classifier. Batch normalisation keeps ImageNet's running statistics throughout.
"""

from typing import cast

from torch import Tensor, nn

from beholder.models.backbones.base import Backbone

# Table 2 of the paper: expansion, channels, blocks, stride of the first block.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
CUT = 12  # where the stem ends: after the first of the three 96-channel blocks


def _conv(before: int, channels: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU6."""
    padding = kernel // 2
    return nn.Sequential(
        nn.Conv2d(before, channels, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU6(),
    )


class InvertedResidual(nn.Module):
    """1 x 1 expansion, 3 x 3 convolution in each channel, 1 x 1 projection without activation (Figure 4d)."""

    def __init__(self, before: int, channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        self.skip = stride == 1 and before == channels
        self.conv = nn.Sequential(
            *([_conv(before, wide)] if expansion > 1 else []),
            _conv(wide, wide, kernel=3, stride=stride, groups=wide),
            nn.Conv2d(wide, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = cast(Tensor, self.conv(x))
        return x + y if self.skip else y


class MobileNetV2(Backbone):
    """Feature map (B, 1280, H/32, W/32), rounded up.

    Stage 2 trains the last two blocks at stride 16, of 96 channels: what VGG16's block4_conv2 and block4_conv3 are, the
    end of the stage before the last. They are 236,544 parameters.
    """

    channels = 1280
    side = 224
    tuned = ("features.12", "features.13")

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_conv(3, 32, kernel=3, stride=2)]
        before = 32
        for expansion, channels, blocks, stride in STAGES:
            for place in range(blocks):
                layers.append(InvertedResidual(before, channels, 1 if place else stride, expansion))
                before = channels
        layers.append(_conv(before, self.channels))
        self.features = nn.Sequential(*layers)

    def stem(self, pixels: Tensor) -> Tensor:
        return self.features[:CUT](self.normalise(pixels))

    def tail(self, middle: Tensor) -> Tensor:
        return self.features[CUT:](middle)
