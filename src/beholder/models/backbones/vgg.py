"""VGG16's five convolutional blocks (Simonyan & Zisserman 2015, configuration D), under torchvision's parameter names.

14,714,688 parameters. The fully connected layers are left out, so any input of at least 32 px a side works.
"""

from torch import Tensor, nn

from beholder.models.backbones.base import Backbone

# Channels of each convolution, block by block; a 2 x 2 max pooling ends a block.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
BLOCK4_CONV2 = 19  # where the stem ends: after block4_conv1 and its ReLU


class Vgg16(Backbone):
    """Feature map (B, 512, H/32, W/32). Stage 2 trains block4_conv2 and block4_conv3 (Soydaner & Wagemans 2023)."""

    channels = 512
    tuned = ("features.19", "features.21")

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for block in BLOCKS:
            for channels in block:
                layers += [nn.Conv2d(before, channels, kernel_size=3, padding=1), nn.ReLU()]
                before = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def stem(self, pixels: Tensor) -> Tensor:
        return self.features[:BLOCK4_CONV2](self.normalise(pixels))

    def tail(self, middle: Tensor) -> Tensor:
        return self.features[BLOCK4_CONV2:](middle)
