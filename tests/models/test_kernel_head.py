"""Projections and sums of similarities, as functions of features."""

import numpy as np
import pytest
import torch

from beholder.models import kernel_head
from beholder.models.kernel_head import CLIP, KernelHead, Projection, similarities


def test_projection_standardises_clips_and_mixes() -> None:
    projection = Projection(
        torch.tensor([1.0, 0.0]), torch.tensor([2.0, 1.0]), torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    )
    for features, expected in (
        ((1, 0), (0, 0, 0)),
        ((3, 2), (1, 2, 3)),
        ((1 + 2 * CLIP, -CLIP), (CLIP, -CLIP, 0)),
        ((6e4, -6e4), (CLIP, -CLIP, 0)),
    ):
        assert projection(np.array([features], np.float16))[0].tolist() == list(expected)


def test_head_is_a_sum_of_similarities(monkeypatch: pytest.MonkeyPatch) -> None:
    support = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    head = KernelHead(support, torch.tensor([[2.0, 0.0], [0.0, 5.0]]), torch.tensor([1.0, -1.0]))
    at = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0], [100.0, 100.0]])
    expected = [[3, -1], [1, 4], [1 + 2 * np.exp(-1), -1 + 5 * np.exp(-18)], [1, -1]]
    np.testing.assert_allclose(head(at), expected, atol=1e-6)
    monkeypatch.setattr(kernel_head, "ROWS", 3)  # computed in parts
    np.testing.assert_allclose(head(at), expected, atol=1e-6)


def test_no_similarity_is_above_one() -> None:
    """Squared distances of the same features come out a little below 0 where these are large."""
    x = 100 * torch.randn(50, 30, generator=torch.Generator().manual_seed(0))
    near = similarities(x, x)
    assert (near <= 1).all() and (near >= 0).all()
