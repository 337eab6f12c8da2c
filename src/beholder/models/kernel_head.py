"""What the heads of the default model are: sums of similarities to known photographs, and sums of features."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

CLIP = 5.0  # standard deviations that features are limited to
ROWS = 4096  # rows of similarities that are computed at a time
STEP = 2.0**-9  # supports are rounded to multiples of it


@dataclass(frozen=True)
class Projection:
    """``clip((x - mean) / scale) @ matrix``: mean and scale (D,), matrix (D, K)."""

    mean: Tensor
    scale: Tensor
    matrix: Tensor

    def standard(self, features: np.ndarray) -> Tensor:
        """(N, D) -> (N, D), standardised and clipped."""
        values = (torch.from_numpy(np.asarray(features, dtype=np.float32)) - self.mean) / self.scale
        return values.clamp(-CLIP, CLIP)

    def __call__(self, features: np.ndarray) -> Tensor:
        """(N, D) -> (N, K)."""
        return self.standard(features) @ self.matrix


@dataclass(frozen=True)
class KernelHead:
    """``similarities(x, support) @ weight + bias``, in units of the targets.

    Attributes:
        support: (M, D).
        weight: (M, K).
        bias: (K,).
    """

    support: Tensor
    weight: Tensor
    bias: Tensor

    def times(self, part: float) -> "KernelHead":
        """A share of what it predicts."""
        return KernelHead(self.support, part * self.weight, part * self.bias)

    def __call__(self, features: Tensor) -> np.ndarray:
        """(N, D) features -> (N, K) predictions."""
        parts = [similarities(part, self.support) @ self.weight + self.bias for part in torch.split(features, ROWS)]
        found: np.ndarray = torch.cat(parts).numpy()
        return found


@dataclass(frozen=True)
class LinearHead:
    """``x @ weight + bias``, in units of the targets.

    Attributes:
        weight: (D, K).
        bias: (K,).
    """

    weight: Tensor
    bias: Tensor

    def times(self, part: float) -> "LinearHead":
        """A share of what it predicts."""
        return LinearHead(part * self.weight, part * self.bias)

    def __call__(self, features: Tensor) -> np.ndarray:
        """(N, D) features -> (N, K) predictions."""
        found: np.ndarray = (features.float() @ self.weight + self.bias).numpy()
        return found


def on_grid(support: Tensor) -> Tensor:
    """Rounded to multiples of :data:`STEP`, which half precision stores exactly up to 4.

    >>> on_grid(torch.tensor([0.001, 0.3]))
    tensor([0.0020, 0.3008])
    """
    return torch.round(support / STEP) * STEP


def similarities(a: Tensor, b: Tensor) -> Tensor:
    """(N, D) and (M, D) -> (N, M), exp of minus the squared distance.

    >>> similarities(torch.zeros(1, 2), torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    tensor([[1.0000, 0.3679]])
    """
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
    return torch.exp(-squared.clamp(min=0))
