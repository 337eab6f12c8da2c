"""Two hidden layers on pooled features, shared by several systems: initialisation, and gradients in closed form."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def init_glorot(layers: Iterable[nn.Linear]) -> None:
    """Initialise weights uniformly in the range of Glorot & Bengio (2010), biases with zero."""
    for layer in layers:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)


def head_outputs(
    pooled: Tensor, fc1: nn.Linear, fc2: nn.Linear, weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Outputs before their activation (B, T), and their gradients by the pooled features (B, T, C).

    The hidden layers are piecewise linear, so the gradient is a product of matrices, which a model file can contain.

    Args:
        pooled: (B, C).
        weight, bias: (T, H) and (T,) of the output layer.
    """
    before1 = fc1(pooled)
    before2 = fc2(torch.relu(before1))
    outputs = nn.functional.linear(torch.relu(before2), weight, bias)
    through2 = weight * (before2 > 0).float()[:, None]  # (B, T, H)
    through1 = (through2 @ fc2.weight) * (before1 > 0).float()[:, None]
    return outputs, through1 @ fc1.weight


def evidence(slope: Tensor, features: Tensor, typical: Tensor) -> Tensor:
    """Grad-CAM at a feature map that is average-pooled: (B, T, rows, columns), in the units of the slope.

    Args:
        slope: (B, T, C) gradient by the pooled features.
        features: (B, C, rows, columns).
        typical: (C,) mean pooled features of the training photographs, with which each place is compared.
    """
    rows, columns = features.shape[2:]
    surplus = (features - typical[:, None, None]).flatten(2)  # (B, C, rows * columns)
    found: Tensor = (slope @ surplus / (rows * columns)).unflatten(2, (rows, columns))  # type: ignore[no-untyped-call]
    return found
