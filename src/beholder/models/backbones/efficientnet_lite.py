"""EfficientNet-lite 0, 1 and 2 (Tan & Le 2019; the lite variants of 2020), under the parameter names of their port.

The lite variants have ReLU6 in place of swish, no squeeze-and-excitation, and stem and head of EfficientNet-B0 whatever
the width. They come from TensorFlow, and so do three habits: pixels are (x - 127) / 128, batch normalisation has an
epsilon of 0.001, and a stride of 2 pads below and to the right where padding cannot be even. Padding depends on the
size of the map, so any input works.
"""

import math
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from beholder.models.backbones.base import Backbone

# EfficientNet-B0 (Tan & Le 2019, Table 1): kernel, stride of the first block, expansion, channels, blocks.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM = 32
EPSILON = 1e-3


class SameConv2d(nn.Conv2d):
    """A convolution without bias that gives ceil(side / stride), padded as TensorFlow's SAME."""

    def __init__(self, before: int, channels: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(before, channels, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        needed = [max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) for side in x.shape[2:]]
        rows, columns = needed
        if rows or columns:
            x = F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return super().forward(x)


class MBConv(nn.Module):
    """Inverted residual: expansion (unless it is 1), convolution in each channel, projection without activation."""

    def __init__(self, before: int, channels: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        self.expands = expansion > 1
        self.skip = stride == 1 and before == channels
        if self.expands:
            self._expand_conv = SameConv2d(before, wide)
            self._bn0 = nn.BatchNorm2d(wide, EPSILON)
        self._depthwise_conv = SameConv2d(wide, wide, kernel, stride, groups=wide)
        self._bn1 = nn.BatchNorm2d(wide, EPSILON)
        self._project_conv = SameConv2d(wide, channels)
        self._bn2 = nn.BatchNorm2d(channels, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.skip else y


class EfficientNetLite(Backbone):
    """Feature map (B, 1280, H/32, W/32), rounded up.

    Stage 2 trains the last two blocks at stride 16, of 112 channels times the width: what VGG16's block4_conv2 and
    block4_conv3 are, the end of the stage before the last.

    Attributes:
        width, depth: what channels and blocks of EfficientNet-B0 are multiplied by.
    """

    channels = 1280
    mean_rgb = (127.0, 127.0, 127.0)
    std_rgb = (128.0, 128.0, 128.0)
    width: ClassVar[float]
    depth: ClassVar[float]

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, STEM, 3, stride=2)
        self._bn0 = nn.BatchNorm2d(STEM, EPSILON)
        self._blocks = nn.Sequential()
        before = STEM
        for number, (kernel, stride, expansion, channels, blocks) in enumerate(STAGES):
            after = int(channels * self.width + 4) // 8 * 8  # to the nearest multiple of 8
            ends = number in {0, len(STAGES) - 1}  # the first and the last stage are as deep in all variants
            for place in range(blocks if ends else math.ceil(blocks * self.depth)):
                self._blocks.append(MBConv(before, after, kernel, 1 if place else stride, expansion))
                before = after
        self._conv_head = SameConv2d(before, self.channels)
        self._bn1 = nn.BatchNorm2d(self.channels, EPSILON)

    @property
    def cut(self) -> int:
        """How many blocks the stem has."""
        return int(self.tuned[0].removeprefix("_blocks."))

    def stem(self, pixels: Tensor) -> Tensor:
        x = F.relu6(self._bn0(self._conv_stem(self.normalise(pixels))))
        return self._blocks[: self.cut](x)

    def tail(self, middle: Tensor) -> Tensor:
        x = self._blocks[self.cut :](middle)
        return F.relu6(self._bn1(self._conv_head(x)))


class EfficientNetLite0(EfficientNetLite):
    """3,371,008 parameters without the classifier."""

    side = 224
    width, depth = 1.0, 1.0
    tuned = ("_blocks.9", "_blocks.10")


class EfficientNetLite1(EfficientNetLite):
    """4,135,680 parameters without the classifier."""

    side = 240
    width, depth = 1.0, 1.1
    tuned = ("_blocks.13", "_blocks.14")


class EfficientNetLite2(EfficientNetLite):
    """4,811,072 parameters without the classifier."""

    side = 260
    width, depth = 1.1, 1.2
    tuned = ("_blocks.13", "_blocks.14")
