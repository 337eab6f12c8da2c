"""Heads: layers as published, gradients in closed form, and an adversary that trains what is its own."""

from typing import Any

import numpy as np
import pytest
import torch

from beholder.systems.compared.heads import Batch, Head, KongHead, PanHead, VotesHead
from beholder.systems.compared.recipes import KongRecipe

LEVELS = torch.linspace(0, 1, 7)
HEADS: dict[str, Any] = {
    "votes": lambda: VotesHead(10, LEVELS, 0.75, squared=False),
    "bins": lambda: VotesHead(10, LEVELS, 0.0, squared=True),
    "regression": lambda: KongHead(10, 0, KongRecipe()),
    "attributes": lambda: KongHead(10, 4, KongRecipe(hidden=(12, 6), attribute_units=5)),
    "content": lambda: KongHead(10, 0, KongRecipe(hidden=(12, 6), classes=3)),
    "attributes, content": lambda: KongHead(10, 4, KongRecipe(hidden=(12, 6), attribute_units=5, classes=3)),
    "multi-task": lambda: PanHead(10, 3, (12, 6), 0.0),
}


@pytest.mark.parametrize("name", HEADS)
def test_slope_is_the_gradient_of_the_scores(name: str) -> None:
    torch.manual_seed(0)
    head: Head = HEADS[name]().eval()
    pooled = torch.rand(6, 10, requires_grad=True)
    scores, slope, shares = head.with_slope(pooled)
    torch.testing.assert_close(scores, head(pooled))
    for task in range(scores.shape[1]):
        (expected,) = torch.autograd.grad(head(pooled)[:, task].sum(), pooled)
        assert expected.abs().max() > 1e-4
        torch.testing.assert_close(slope[:, task], expected)
    assert (shares is not None) == isinstance(head, VotesHead)


def size(head: torch.nn.Module) -> int:
    return sum(value.numel() for value in head.parameters())


def test_pan_has_as_many_parameters_as_published() -> None:
    """Soydaner & Wagemans (2023), Table 2: layers on ResNet-50, and 12 outputs."""
    head = PanHead(2048, 12, (512, 128), 0.0)
    assert size(head.fc1) + size(head.fc2) == 1_114_752 and size(head.out) == 1_548 and head.discriminator is None


def test_kong_has_a_branch_for_each_attribute_and_joins_them() -> None:
    head = KongHead(100, 11, KongRecipe(attributes=True))
    assert head.branches.out_features == 512 + 11 * 256 and head.attribute_weight.shape == (11, 256)
    assert head.join is not None and head.join.out_features == 128 and head.out.in_features == 128
    alone = KongHead(100, 0, KongRecipe())
    assert alone.join is None and alone.out.in_features == 512


def test_nima_predicts_the_expectation_of_its_distribution() -> None:
    head = VotesHead(10, LEVELS, 0.75, squared=False).eval()
    pooled = torch.rand(4, 10)
    shares = head.shares(pooled).detach().numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(head(pooled).detach().numpy()[:, 0], shares @ LEVELS.numpy(), rtol=1e-5)


def test_adversaries_train_in_turn() -> None:
    head = PanHead(10, 3, (12, 6), 0.5)
    batch = Batch(torch.rand(8, 3))
    rating, discriminator = head.losses()
    assert head.discriminator is not None
    own = {f"discriminator.{name}" for name, _ in head.discriminator.named_parameters()}
    for loss, trained in ((rating, {name for name, _ in head.named_parameters()} - own), (discriminator, own)):
        head.zero_grad(set_to_none=True)
        loss(torch.rand(8, 10), batch).backward()  # type: ignore[no-untyped-call]
        assert {name for name, value in head.named_parameters() if value.grad is not None} == trained


def test_a_discriminator_learns_from_whole_vectors_only() -> None:
    head = PanHead(10, 3, (12, 6), 0.5)
    targets, pooled = torch.rand(8, 3), torch.rand(8, 10)
    gaps = targets.clone()
    gaps[4:, 1] = torch.nan
    _, loss = head.losses()
    found = float(loss(pooled, Batch(gaps)).detach())
    gaps[4:, 0] = 100.0  # beside a gap: not seen
    assert float(loss(pooled, Batch(gaps)).detach()) == found
    assert float(loss(pooled, Batch(torch.full((8, 3), torch.nan))).detach()) == 0


def test_pairs_attributes_and_content_add_to_the_loss() -> None:
    torch.manual_seed(0)
    head = KongHead(10, 2, KongRecipe(hidden=(12, 6), classes=3, weight_rank=1.0, margin=0.3))
    pooled, targets = torch.rand(8, 10), torch.rand(8, 3)
    (loss,) = head.losses()
    alone = float(loss(pooled, Batch(targets)).detach())
    higher, lower = head(pooled)[:, 0].chunk(2)
    ranked = float(torch.relu(0.3 - (higher - lower)).mean().detach()) / 2
    assert float(loss(pooled, Batch(targets, paired=True)).detach()) == pytest.approx(alone + ranked, rel=1e-5)
    assert float(loss(pooled, Batch(targets, torch.zeros(8, dtype=torch.long))).detach()) > alone
    assert float(head.validation_loss(pooled, Batch(targets)).detach()) < alone
