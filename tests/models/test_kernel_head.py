"""Projections, sums of similarities and sums of features, as functions of features."""

import numpy as np
import pytest
import torch

from beholder.models import kernel_head
from beholder.models.kernel_head import CLIP, STEP, KernelHead, LinearHead, Projection, on_grid, similarities


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
        given = np.array([features], np.float16)
        assert projection.standard(given)[0].tolist() == list(expected[:2])
        assert projection(given)[0].tolist() == list(expected)


def test_head_is_a_sum_of_similarities(monkeypatch: pytest.MonkeyPatch) -> None:
    support = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    head = KernelHead(support, torch.tensor([[2.0, 0.0], [0.0, 5.0]]), torch.tensor([1.0, -1.0]))
    at = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0], [100.0, 100.0]])
    expected = [[3, -1], [1, 4], [1 + 2 * np.exp(-1), -1 + 5 * np.exp(-18)], [1, -1]]
    np.testing.assert_allclose(head(at), expected, atol=1e-6)
    monkeypatch.setattr(kernel_head, "ROWS", 3)  # computed in parts
    np.testing.assert_allclose(head(at), expected, atol=1e-6)


def test_plane_is_a_weighted_sum_of_features() -> None:
    plane = LinearHead(torch.tensor([[1.0, 0.0], [10.0, -2.0]]), torch.tensor([0.5, 3.0]))
    found = plane(torch.tensor([[1.0, 2.0], [0.0, 0.0]]).half())  # as features are kept
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[21.5, -1], [0.5, 3]])


@pytest.mark.parametrize(
    "head", [KernelHead(torch.eye(2), torch.eye(2), torch.ones(2)), LinearHead(torch.eye(2), torch.ones(2))]
)
def test_a_share_of_a_head_predicts_that_share(head: KernelHead | LinearHead) -> None:
    at = torch.tensor([[0.3, -2.0], [1.0, 0.0]])
    np.testing.assert_allclose(head.times(0.3)(at), 0.3 * head(at), rtol=1e-6)


def test_supports_are_rounded_to_what_half_precision_stores_exactly() -> None:
    drawn = 4 * torch.rand(1000, generator=torch.Generator().manual_seed(0))
    values = torch.cat([drawn, -drawn, torch.tensor([0.0, STEP, 4.0])])
    found = on_grid(values)
    assert (found - values).abs().max() <= STEP / 2 and torch.equal(found[-3:], values[-3:])
    assert torch.equal(found.half().float(), found) and torch.equal(on_grid(found), found)
    assert torch.equal(found / STEP, (found / STEP).round())


def test_no_similarity_is_above_one() -> None:
    """Squared distances of the same features come out a little below 0 where these are large."""
    x = 100 * torch.randn(50, 30, generator=torch.Generator().manual_seed(0))
    near = similarities(x, x)
    assert (near <= 1).all() and (near >= 0).all()
