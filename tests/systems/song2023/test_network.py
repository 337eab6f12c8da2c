"""The network of Song et al. (2023): layers, sizes, evidence."""

import numpy as np
import pytest
import torch

from beholder.models.backbones.base import create_backbone
from beholder.systems.song2023.network import (
    EVIDENCE_CELLS,
    PYRAMID_VALUES,
    ScoringSemantic,
    Semantic,
    overlaps,
    pyramid,
)

# Layers


@pytest.mark.parametrize(("split", "connected"), [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize("shape", [(16, 16), (16, 160), (37, 18), (2, 6)])
def test_any_shape_gives_distributions(split: bool, connected: bool, shape: tuple[int, int]) -> None:
    network = Semantic(create_backbone("tiny"), 5, 3, split=split, connected=connected).eval()
    answer = network(torch.randint(0, 256, (2, 3, *shape), dtype=torch.uint8))
    for shares in (answer.distribution, answer.activated):
        assert shares.shape == (2, 5) and (shares > 0).all()
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(2))
    assert answer.rebuilt.shape == (2, 3, *shape) and 0 <= answer.rebuilt.min() <= answer.rebuilt.max() <= 1
    assert network.out.weight.shape == (5, 3 * PYRAMID_VALUES * (1 if split else 5))


def test_the_activation_loss_reads_groups_or_a_layer_on_all_maps() -> None:
    features = torch.rand(1, 6, 5, 7)
    groups = Semantic(create_backbone("tiny"), 4, 2).eval()
    found = groups.project(features).unflatten(1, (4, 2))
    torch.testing.assert_close(groups.forward_tail(features).activated, found.mean(dim=(2, 3, 4)).softmax(dim=1))
    layer = Semantic(create_backbone("tiny"), 4, 2, connected=True).eval()
    assert layer.connected is not None
    means = layer.project(features).mean(dim=(2, 3))
    torch.testing.assert_close(layer.forward_tail(features).activated, layer.connected(means).softmax(dim=1))


def test_a_split_regressor_reads_its_own_group() -> None:
    network = Semantic(create_backbone("tiny"), 4, 2).eval()
    features = torch.rand(1, 6, 5, 7)
    before = network.forward_tail(features).distribution.log()
    with torch.no_grad():
        network.project.bias[2:4] += 1  # the maps of the second group
    ratios = network.forward_tail(features).distribution.log() - before
    torch.testing.assert_close(ratios[:, 0], ratios[:, 2])
    torch.testing.assert_close(ratios[:, 0], ratios[:, 3])
    assert not torch.isclose(ratios[0, 0], ratios[0, 1])


def brute(cells: np.ndarray, bins: int) -> np.ndarray:
    """Means over bins, by cutting every place into so many parts that bins have whole ones."""
    fine = cells.repeat(bins, axis=0).repeat(bins, axis=1)
    rows, columns = cells.shape
    return fine.reshape(bins, rows, bins, columns).mean(axis=(1, 3))


@pytest.mark.parametrize("shape", [(8, 8), (8, 10), (1, 1), (3, 17), (5, 2)])
def test_pyramid_is_exact(shape: tuple[int, int]) -> None:
    cells = np.random.default_rng(0).random(shape)
    found = pyramid(torch.from_numpy(cells).float()[None, None])[0, 0].numpy()
    expected = np.concatenate([brute(cells, bins).ravel() for bins in (1, 2, 4)])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    if shape == (8, 8):
        adaptive = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(cells)[None], 4).ravel()
        np.testing.assert_allclose(found[5:], adaptive, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 3, 16, 23])
def test_overlaps_give_each_place_away_once(length: int) -> None:
    found = overlaps(torch.zeros(length), EVIDENCE_CELLS)
    torch.testing.assert_close(found.sum(dim=0), torch.ones(length))
    torch.testing.assert_close(found.sum(dim=1), torch.full((EVIDENCE_CELLS,), length / EVIDENCE_CELLS))


@pytest.mark.parametrize("split", [True, False])
def test_evidence_is_the_slope_of_the_mean(split: bool) -> None:
    """Closed form against autograd, place by place, and its sum against the pooled features'."""
    torch.manual_seed(1)
    network = Semantic(create_backbone("tiny"), 4, 3, split=split).eval()
    values, typical = torch.tensor([1.0, 2, 4, 7]), torch.randn(12, PYRAMID_VALUES)
    scoring = ScoringSemantic(network, values, typical).eval()
    pixels = torch.randint(0, 256, (3, 3, 20, 26), dtype=torch.uint8)
    shares, pooled, places = scoring.places(pixels)
    torch.testing.assert_close(shares, network(pixels).distribution)
    features = network.project(network.backbone.forward_features(pixels)).detach().requires_grad_()
    network.project = torch.nn.Identity()
    mean = network.forward_tail(features).distribution @ values
    (by_feature,) = torch.autograd.grad(mean.sum(), features, retain_graph=True)
    scoring.typical = torch.zeros(12, PYRAMID_VALUES)  # then a place counts its slope times what it holds
    scoring.project = torch.nn.Identity()
    scoring.backbone = type("Given", (torch.nn.Module,), {"forward_features": lambda self, _: features})()
    torch.testing.assert_close(scoring.places(pixels)[2], (by_feature * features).sum(dim=1), rtol=1e-4, atol=1e-5)
    leaf = pooled.detach().requires_grad_()
    logits = leaf.flatten(1) @ scoring.weight.flatten(1).T + scoring.bias
    (by_pooled,) = torch.autograd.grad((logits.softmax(dim=1) @ values).sum(), leaf)
    expected = (by_pooled * (pooled - typical)).sum(dim=(1, 2))
    torch.testing.assert_close(places.sum(dim=(1, 2)), expected, rtol=1e-4, atol=1e-4)


def test_evidence_keeps_its_sum_on_its_grid() -> None:
    scoring = ScoringSemantic(
        Semantic(create_backbone("tiny"), 3, 2), torch.arange(3.0), torch.zeros(6, PYRAMID_VALUES)
    ).eval()
    pixels = torch.randint(0, 256, (2, 3, 20, 46), dtype=torch.uint8)
    scores, embedding, evidence, shares = scoring(pixels)
    assert evidence.shape == (2, 1, EVIDENCE_CELLS, EVIDENCE_CELLS) and embedding.shape == (2, 6 * PYRAMID_VALUES)
    torch.testing.assert_close(evidence.sum(dim=(2, 3))[:, 0], scoring.places(pixels)[2].sum(dim=(1, 2)))
    torch.testing.assert_close(scores[:, 0], shares @ torch.arange(3.0))
