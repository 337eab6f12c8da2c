"""The network of Li et al. (2019): layers, sizes, evidence."""

import pytest
import torch

from beholder.models.backbones.base import create_backbone
from beholder.systems.li2019.network import Personality, laid_over
from beholder.systems.li2019.train import make_network
from helpers.li2019 import RECIPE

# The network


def test_parameters_as_published() -> None:
    """DenseNet-121 has 7,978,856 with its classifier of 1,000 classes (Huang et al. 2017)."""
    with torch.device("meta"):
        network = Personality(create_backbone("densenet121", pretrained=False))
    count = {name: sum(value.numel() for value in part.parameters()) for name, part in network.named_children()}
    assert count == {"backbone": 6_953_856, "aesthetic": 1_574_913, "personality": 1_576_965}
    assert count["backbone"] + 1024 * 1000 + 1000 == 7_978_856
    assert network.inter_task.shape == (5,)
    assert network(torch.zeros(2, 3, 64, 64, dtype=torch.uint8, device="meta")).shape == (2, 6)


def test_equations() -> None:
    """1, 3 and 5, and the ranges that they give."""
    network = make_network(RECIPE, 3)
    pooled = 50 * torch.randn(200, 6)
    with torch.no_grad():
        before = network.aesthetic(pooled), network.personality(pooled)
        branches = network.forward_branches(pooled)
        torch.testing.assert_close(branches[:, :1], 1 / (1 + torch.exp(-before[0])))
        torch.testing.assert_close(branches[:, 1:], torch.tanh(before[1]))
        assert branches[:, 0].min() >= 0 and branches[:, 0].max() <= 1 and branches[:, 1:].abs().max() <= 1
        assert branches[:, 1:].min() < -0.9
        assert torch.equal(network.forward_head(pooled), branches)  # weights start at 0
        network.inter_task.copy_(torch.tensor([0.5, -0.25, 0.1]))
        expected = branches[:, 0] + branches[:, 1:] @ network.inter_task
        torch.testing.assert_close(network.forward_head(pooled)[:, 0], expected)


@pytest.mark.parametrize(("size", "side", "cells"), [(256, 224, 7), (256, 224, 14), (24, 16, 4), (250, 224, 7)])
def test_evidence_of_the_centre_is_laid_over_the_whole(size: int, side: int, cells: int) -> None:
    spread = laid_over(size, side, cells)
    torch.testing.assert_close(spread.sum(0), torch.ones(cells))
    assert len(spread) == -(-size * cells // side)
    torch.testing.assert_close(spread, spread.flip(0, 1))
    places = (torch.arange(len(spread)) + 0.5) * size / len(spread)
    centres = (size - side) / 2 + (torch.arange(cells) + 0.5) * side / cells
    torch.testing.assert_close(places @ spread, centres, atol=size / len(spread) / 2, rtol=0)
