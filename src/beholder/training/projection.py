"""Scale features to comparable distances, and project them to fewer numbers.

Principal components of standardised features; no rating is used. Squared distances are 1 for the median pair.
"""

import numpy as np
import torch

from beholder.models.kernel_head import CLIP, Projection

SAMPLE = 2000  # photographs whose principal components are taken
PAIRS = 800  # photographs whose distances set the scale


def fit_projection(
    features: np.ndarray, size: int, whitening: float = 0.0, emphasis: np.ndarray | None = None
) -> Projection:
    """The projection to the ``size`` directions with the largest variance.

    Args:
        features: (N, D).
        size: K, less than N and D.
        whitening: 0 keeps the variances of the directions, 1 makes them equal.
        emphasis: (D,) weights of the standardised features; 1 by default.

    >>> values = np.random.default_rng(0).normal(size=(50, 8))
    >>> fit_projection(values, 3)(values).shape
    torch.Size([50, 3])
    """
    values = np.asarray(features, dtype=np.float32)
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-3
    standard = torch.from_numpy(np.clip((values - mean) / scale, -CLIP, CLIP))
    weights = torch.ones(values.shape[1]) if emphasis is None else torch.from_numpy(emphasis.astype(np.float32))
    sample = (standard * weights)[:: max(1, len(standard) // SAMPLE)]
    variances, known = torch.linalg.eigh(sample @ sample.T / len(sample))  # of photographs: fewer than features
    variances, known = variances.flip(0)[:size].clamp(min=1e-9), known.flip(1)[:, :size]
    directions = sample.T @ known / (variances * len(sample)).sqrt()
    matrix = weights[:, None] * directions / variances ** (whitening / 2)
    projected = standard[:: max(1, len(standard) // PAIRS)] @ matrix
    matrix = matrix / torch.cdist(projected, projected).square().median().sqrt()
    # rounded to what a model file stores
    return Projection(torch.from_numpy(mean), torch.from_numpy(scale), matrix.half().float())
