"""NIMA on MobileNet (Talebi & Milanfar 2018), with idealo's weights trained on AVA: ten vote shares for an image.

Written from the description of MobileNet (Howard et al. 2017): thirteen depthwise separable convolutions, ReLU6,
global average pooling, a dense softmax. Keras pads strided convolutions at the right and bottom only.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from beholder.models import registry
from beholder.models.backbones.base import pretrained_state
from beholder.training.features import Extractor

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


def extractor() -> Extractor:
    """uint8 pixels (B, 224, 224, 3) -> the mean vote of 1 to 10, (B, 1)."""
    arrays = pretrained_state("nima_mobilenet")

    def norm(x: Tensor, layer: str) -> Tensor:
        mean, variance, gamma, beta = (
            arrays[f"{layer}_bn/{part}"] for part in ("moving_mean", "moving_variance", "gamma", "beta")
        )
        return F.relu6(F.batch_norm(x, mean, variance, gamma, beta, eps=1e-3))

    def convolve(x: Tensor, kernel: Tensor, stride: int, groups: int = 1) -> Tensor:
        if kernel.shape[-1] == 3:
            x = F.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))
        return F.conv2d(x, kernel, stride=stride, groups=groups)

    def compute(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            x = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float() / 127.5 - 1
            x = norm(convolve(x, arrays["conv1/kernel"].permute(3, 2, 0, 1), stride=2), "conv1")
            for number, stride in enumerate(STRIDES, 1):
                depthwise = arrays[f"conv_dw_{number}/depthwise_kernel"].permute(2, 3, 0, 1)
                x = norm(convolve(x, depthwise, stride, groups=len(depthwise)), f"conv_dw_{number}")
                pointwise = arrays[f"conv_pw_{number}/kernel"].permute(3, 2, 0, 1)
                x = norm(convolve(x, pointwise, stride=1), f"conv_pw_{number}")
            votes = F.softmax(x.mean(dim=(2, 3)) @ arrays["dense_1/kernel"] + arrays["dense_1/bias"], dim=1)
            mean: np.ndarray = (votes @ torch.arange(1.0, 11.0))[:, None].numpy()
            return mean

    return Extractor(f"nima_mobilenet {registry.WEIGHTS['nima_mobilenet'].digest} 224", (224, 224), 1, (1,), compute)
