"""Losses against numbers by hand, PyTorch's own and SciPy's."""

import numpy as np
import pytest
import torch
from scipy import stats

from beholder.systems.compared.losses import euclidean, rank_loss, squared_emd, taken_for_rated, told_apart
from beholder.systems.song2023.losses import emd


def shares(seed: int, bins: int = 5) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(bins), 4)).float()


def test_squared_emd_is_half_the_square_of_energy_distance() -> None:
    first, second = shares(0), shares(1)
    levels = np.arange(5)
    expected = [
        stats.energy_distance(levels, levels, one.numpy(), other.numpy()) ** 2 / 2
        for one, other in zip(first, second, strict=True)
    ]
    assert float(squared_emd(first, second)) == pytest.approx(np.mean(expected), rel=1e-5)


def test_squared_emd_leaves_out_what_is_not_rated() -> None:
    first, second = shares(0), shares(1)
    gap = second.clone()
    gap[1:] = torch.nan
    assert float(squared_emd(first, gap)) == pytest.approx(float(squared_emd(first[:1], second[:1])))
    assert float(squared_emd(first, torch.full_like(second, torch.nan))) == 0


def test_emd_of_nima_by_hand() -> None:
    predicted, voted = torch.tensor([[0.5, 0.5, 0.0, 0.0]]), torch.tensor([[0.0, 0.5, 0.0, 0.5]])
    assert float(emd(predicted, voted)) == pytest.approx(((0.5**2 * 3) / 4) ** 0.5)  # apart by .5, .5, .5, 0


def test_euclidean_is_half_of_the_mean_square_of_what_is_rated() -> None:
    predicted, rated = torch.tensor([[0.2], [0.9], [0.4]]), torch.tensor([[0.4], [float("nan")], [0.8]])
    assert float(euclidean(predicted, rated)) == pytest.approx((0.04 + 0.16) / 4)


@pytest.mark.parametrize("margin", [0.01, 0.2])
def test_rank_loss_is_half_the_margin_ranking_loss(margin: float) -> None:
    draw = torch.Generator().manual_seed(0)
    first, second = torch.rand(20, generator=draw), torch.rand(20, generator=draw)
    order = torch.where(torch.rand(20, generator=draw) < 0.5, 1.0, -1.0)
    expected = torch.nn.MarginRankingLoss(margin)(first, second, order) / 2
    assert float(rank_loss(first, second, order, margin)) == pytest.approx(float(expected))
    assert float(rank_loss(first, second, order, margin)) == pytest.approx(
        float(rank_loss(second, first, -order, margin))
    )


def test_losses_of_adversaries_are_cross_entropies() -> None:
    rated, predicted = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 0.0, -3.0])
    entropy = torch.nn.BCEWithLogitsLoss()
    expected = entropy(rated, torch.ones(2)) + entropy(predicted, torch.zeros(3))
    assert float(told_apart(rated, predicted)) == pytest.approx(float(expected))
    assert float(taken_for_rated(predicted)) == pytest.approx(float(entropy(predicted, torch.ones(3))))
