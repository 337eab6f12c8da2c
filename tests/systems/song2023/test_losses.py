"""The losses of Song et al. (2023)."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

from beholder.models.backbones.base import create_backbone
from beholder.systems.song2023 import losses
from beholder.systems.song2023.network import (
    Semantic,
)
from beholder.systems.song2023.train import (
    total_loss,
)
from helpers.song2023 import RECIPE, shares


def test_losses_are_what_scipy_computes() -> None:
    found, truth = shares(0)
    pairs = list(zip(found.numpy(), truth.numpy(), strict=True))
    values = np.arange(7)
    moved = np.mean([wasserstein_distance(values, values, one, two) for one, two in pairs]) / 7
    assert float(losses.emd(found, truth, 1)) == pytest.approx(moved)
    assert float(losses.kl(found, truth)) == pytest.approx(np.mean([entropy(two, one) for one, two in pairs]))
    assert float(losses.js(found, truth)) == pytest.approx(np.mean([jensenshannon(*pair) ** 2 for pair in pairs]))
    assert float(losses.l1(found, truth)) == pytest.approx(np.mean([np.abs(one - two).sum() for one, two in pairs]))
    squared = [np.sqrt(np.mean((one.cumsum() - two.cumsum()) ** 2)) for one, two in pairs]
    assert float(losses.emd(found, truth)) == pytest.approx(np.mean(squared))


@pytest.mark.parametrize("loss", [losses.emd, *losses.ACTIVATION_LOSS.values()])
def test_losses_have_slopes_everywhere(loss: Any) -> None:
    """Where prediction and truth agree, and where votes for a value are none."""
    logits = torch.zeros(1, 3, requires_grad=True)
    for truth in ([1 / 3, 1 / 3, 1 / 3], [0.0, 1.0, 0.0]):
        value = loss(logits.softmax(dim=1), torch.tensor([truth]))
        (slope,) = torch.autograd.grad(value, logits)
        assert slope.isfinite().all() and float(value.detach()) >= -1e-6
    assert float(loss(*[torch.eye(3)] * 2)) == pytest.approx(0, abs=1e-6)


def test_the_total_is_weighted() -> None:
    network = Semantic(create_backbone("tiny"), 7, 2)
    targets = shares(0)[0].float()
    pixels = torch.rand(5, 3, 16, 16)
    answer = network.forward_tail(network.backbone.forward_features((pixels * 255).byte()), (16, 16))
    recipe = replace(RECIPE, weight_emd=2, weight_act=3, weight_rebuilt=5, activation="kl")
    parts = [
        2 * losses.emd(answer.distribution, targets),
        3 * losses.kl(answer.activated, targets),
        5 * ((answer.rebuilt - pixels) ** 2).mean(),
    ]
    torch.testing.assert_close(total_loss(answer, targets, pixels, recipe), sum(parts))
    torch.testing.assert_close(total_loss(answer, targets, pixels, replace(recipe, act=False, weight_emd=0)), parts[2])
    torch.testing.assert_close(total_loss(answer, targets, None, replace(recipe, act=False)), parts[0])
