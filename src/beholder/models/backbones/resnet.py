"""ResNet-50 (He et al. 2016, Table 1; the stride in the 3 x 3 convolution), under torchvision's parameter names.

23,508,032 parameters without the classifier. Soydaner & Wagemans 2023, Table 2, print 23,587,712: that is Keras' count,
which adds a bias to each convolution (26,560) and counts the running means and variances (53,120).
"""

from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from beholder.models.backbones.base import Backbone

EXPANSION = 4
CUT = 4  # blocks of layer3 that belong to the stem


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions around a skip connection (Figure 5, right)."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        after = width * EXPANSION
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.downsample = nn.Sequential()  # the identity, unless the shape changes
        if before != after or stride != 1:
            self.downsample.append(nn.Conv2d(before, after, 1, stride, bias=False)).append(nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


def _stage(before: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    after = width * EXPANSION
    rest = (Bottleneck(after, width, 1) for _ in range(blocks - 1))
    return nn.Sequential(Bottleneck(before, width, stride), *rest)


class ResNet50(Backbone):
    """Feature map (B, 2048, H/32, W/32), rounded up.

    Stage 2 trains the last two blocks of layer3, 2,234,368 parameters: what VGG16's block4_conv2 and block4_conv3 are,
    the end of the stage before the last.
    """

    channels = 2048
    side = 224
    tuned = ("layer3.4", "layer3.5")

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _stage(64, 64, 3, 1)
        self.layer2 = _stage(256, 128, 4, 2)
        self.layer3 = _stage(512, 256, 6, 2)
        self.layer4 = _stage(1024, 512, 3, 2)

    def stem(self, pixels: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(self.normalise(pixels))))
        x = F.max_pool2d(x, kernel_size=3, stride=2, padding=1)
        return self.layer3[:CUT](self.layer2(self.layer1(x)))

    def tail(self, middle: Tensor) -> Tensor:
        return cast(Tensor, self.layer4(self.layer3[CUT:](middle)))
