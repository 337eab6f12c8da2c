"""The network of Soydaner & Wagemans (2023): layers, sizes, evidence."""

from dataclasses import replace

import pytest
import torch

from beholder.models.backbones.base import create_backbone
from beholder.systems.soydaner2023.network import MultiTask
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import make_network
from helpers.soydaner2023 import RECIPE

# The network


@pytest.mark.parametrize(
    ("outputs", "separate", "last", "total"),
    [
        (12, False, 780, 14_789_388),
        (12, True, 780, 14_789_388),
        (5, False, 325, 14_788_933),
        (5, True, 325, 14_788_933),
        (1, False, 65, 14_788_673),
    ],
)
def test_parameters_as_published(outputs: int, separate: bool, last: int, total: int) -> None:
    """Table 2 and Section 5.2.1 of Soydaner & Wagemans 2023."""
    with torch.device("meta"):
        network = MultiTask(create_backbone("vgg16", pretrained=False), outputs, separate=separate)
    assert len(network.out) == (outputs if separate else 1)
    count = {name: sum(value.numel() for value in part.parameters()) for name, part in network.named_children()}
    assert count == {"backbone": 14_714_688, "fc1": 65_664, "fc2": 8_256, "dropout": 0, "out": last}
    assert count["fc1"] + count["fc2"] == 73_920 and sum(count.values()) == total
    assert network(torch.zeros(2, 3, 64, 64, dtype=torch.uint8, device="meta")).shape == (2, outputs)


@pytest.mark.parametrize("single", [False, True])
def test_what_a_stage_trains(single: bool) -> None:
    with torch.device("meta"):
        network = make_network(SoydanerRecipe(single=single), 12, pretrained=False)
    head = {f"{layer}.{kind}" for layer in ("fc1", "fc2", "out.0") for kind in ("weight", "bias")}
    assert set(network.trainable_parameters(1)) == head
    # Convolutions 7, 8 and 9, counted from 0, are the fourth block's.
    convolutions = [name for name, layer in network.named_modules() if isinstance(layer, torch.nn.Conv2d)]
    block4_conv2_and_3 = {f"{name}.{kind}" for name in convolutions[8:10] for kind in ("weight", "bias")}
    assert set(network.trainable_parameters(2)) == head | block4_conv2_and_3
    assert network.out[0].out_features == (1 if single else 12)


@pytest.mark.parametrize("separate", [False, True])
def test_first_values(separate: bool) -> None:
    """Glorot's uniform range, zero biases; the same seed gives the same values."""
    recipe = replace(RECIPE, hidden=(128, 64), separate=separate)
    network = make_network(recipe, 12)
    for layer in (network.fc1, network.fc2, *network.out):
        ends = (6 / (layer.in_features + layer.out_features)) ** 0.5
        assert 0.85 * ends < float(layer.weight.detach().abs().max()) <= ends
        assert float(layer.weight.detach().std()) == pytest.approx(ends / 3**0.5, rel=0.25)
        assert not layer.bias.any()
    assert torch.equal(network.fc2.weight, make_network(recipe, 12).fc2.weight)
    assert not torch.equal(network.fc2.weight, make_network(replace(recipe, seed=1), 12).fc2.weight)


def test_dropout_is_before_the_output_only() -> None:
    network = make_network(replace(RECIPE, dropout=0.35), 3).train()
    assert [layer.p for layer in network.modules() if isinstance(layer, torch.nn.Dropout)] == [0.35]
    seen: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for name in ("fc1", "fc2", "dropout", "out.0"):
        network.get_submodule(name).register_forward_hook(
            lambda _, given, found, name=name: seen.update({name: (given[0], found)})
        )
    found = network.forward_head(torch.rand(50, 6))
    assert torch.equal(seen["fc2"][0], torch.relu(seen["fc1"][1]))
    assert torch.equal(seen["dropout"][0], torch.relu(seen["fc2"][1]))
    assert torch.equal(seen["out.0"][0], seen["dropout"][1])
    assert not torch.equal(seen["dropout"][0], seen["dropout"][1])
    assert torch.equal(found, torch.sigmoid(seen["out.0"][1]))
