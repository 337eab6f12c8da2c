"""Grad-CAM against what is known exactly: linear networks, the written-out maps of a model file, differences."""

import pytest
import torch
from torch import Tensor, nn

from beholder.errors import BeholderError
from beholder.models.backbones.base import Backbone
from beholder.models.gradcam import grad_cam, layer_names, task
from beholder.systems.soydaner2023.network import MultiTask, ScoringMultiTask
from beholder.training.seeding import seeded

LAST, INNER = "backbone.features.5", "backbone.features.3"


class Small(Backbone):
    channels = 7
    tuned = ("features.3",)

    def __init__(self) -> None:
        super().__init__()
        layers = (nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers, nn.Conv2d(5, 7, 3, padding=1), nn.BatchNorm2d(7), nn.ReLU(inplace=True))

    def stem(self, pixels: Tensor) -> Tensor:
        return self.features[:3](self.normalise(pixels))

    def tail(self, middle: Tensor) -> Tensor:
        return self.features[3:](middle)


class Linear(nn.Module):
    """A 1 x 1 convolution, average pooling and a linear output: every place adds exactly what the map must say."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 1), nn.Linear(4, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(self.conv(pixels.float()).mean((2, 3)))


@pytest.fixture
@seeded(0)
def network() -> MultiTask:
    made = MultiTask(Small(), outputs=4)
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.15)  # small enough that no sigmoid saturates
    return made.eval().requires_grad_(False)


@pytest.fixture
@seeded(0)
def linear() -> Linear:
    made = Linear().requires_grad_(False)
    made.conv.bias.copy_(-127 * made.conv.weight.sum((1, 2, 3)))  # places of both signs
    return made


@pytest.fixture
def pixels() -> Tensor:
    return torch.randint(0, 256, (3, 3, 12, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("index", [0, 1])
def test_map_is_what_each_place_adds(index: int, linear: Linear, pixels: Tensor) -> None:
    found = grad_cam(linear, pixels, task(index), "conv")
    expected = torch.einsum("c,bcij->bij", linear.head.weight[index], linear.conv(pixels.float())) / (12 * 16)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.sum((1, 2)), linear(pixels)[:, index] - linear.head.bias[index])
    assert (found < 0).any() and (found > 0).any()


def test_baseline_is_the_average_place(linear: Linear, pixels: Tensor) -> None:
    typical = torch.tensor([1.0, -2.0, 30.0, 4.0])
    found = grad_cam(linear, pixels, task(1), linear.conv, typical)
    surplus = linear.conv(pixels.float()).mean((2, 3)) - typical
    torch.testing.assert_close(found.sum((1, 2)), surplus @ linear.head.weight[1])


@pytest.mark.parametrize("index", range(4))
def test_last_map_is_the_model_files(index: int, network: MultiTask, pixels: Tensor) -> None:
    low, high, typical = torch.tensor([1.0, 0, -1, 2]), torch.tensor([7.0, 1, 1, 9]), torch.rand(7)
    scoring = ScoringMultiTask(network, low, high, typical).eval()
    evidence = scoring(pixels)[2][:, index]
    assert evidence.abs().max() > 1e-5
    in_units = grad_cam(network, pixels, lambda unit: (low + unit * (high - low))[:, index], LAST, typical)
    torch.testing.assert_close(in_units, evidence)
    torch.testing.assert_close(grad_cam(scoring, pixels, lambda outputs: outputs[0][:, index], LAST, typical), evidence)


def test_inner_map_sums_to_the_derivative_along_the_channel_means(network: MultiTask, pixels: Tensor) -> None:
    network.double()
    inner = network.get_submodule(INNER)

    def moved(step: float) -> Tensor:
        handle = inner.register_forward_hook(lambda _m, _i, out: out + step * out.mean((2, 3), keepdim=True))
        try:
            return _as_double(network)(pixels)[:, 2]
        finally:
            handle.remove()

    slope = (moved(1e-6) - moved(-1e-6)) / 2e-6
    found = grad_cam(_as_double(network), pixels, task(2), inner)
    assert found.shape == (3, 6, 8) and slope.abs().min() > 1e-6
    torch.testing.assert_close(found.sum((1, 2)), slope, rtol=1e-4, atol=1e-9)


def _as_double(network: MultiTask) -> nn.Module:
    """In double precision, for differences; pixels are made single by the backbone."""
    network.backbone.normalise = lambda pixels: (pixels.double() - network.backbone.mean) / network.backbone.std
    return network


def test_opposite_targets_have_opposite_maps(network: MultiTask, pixels: Tensor) -> None:
    found = grad_cam(network, pixels, task(0), INNER)
    torch.testing.assert_close(grad_cam(network, pixels, lambda outputs: -outputs[:, 0], INNER), -found)


@pytest.mark.parametrize("training", [False, True])
def test_a_photograph_alone_has_the_map_that_it_has_among_others(
    training: bool, network: MultiTask, pixels: Tensor
) -> None:
    network.train(training)
    together = grad_cam(network, pixels, task(1), INNER)
    alone = torch.cat([grad_cam(network, each[None], task(1), INNER) for each in pixels])
    torch.testing.assert_close(together, alone)


def test_channels_last(network: MultiTask, pixels: Tensor) -> None:
    expected = grad_cam(network, pixels, task(3), INNER)
    network.to(memory_format=torch.channels_last)
    found = grad_cam(network, pixels.to(memory_format=torch.channels_last), task(3), INNER)
    torch.testing.assert_close(found, expected)


def test_any_context_and_any_parameters(network: MultiTask, pixels: Tensor) -> None:
    expected = grad_cam(network, pixels, task(0), INNER)
    network.requires_grad_(True)
    with torch.no_grad():
        torch.testing.assert_close(grad_cam(network, pixels, task(0), INNER), expected)
    with torch.inference_mode():
        torch.testing.assert_close(grad_cam(network, pixels + 0, task(0), INNER, torch.zeros(7)), expected)


def test_pixels_made_in_inference_mode(linear: Linear, pixels: Tensor) -> None:
    expected = grad_cam(linear, pixels, task(0), "conv")
    linear.requires_grad_(True)
    with torch.inference_mode():
        made = pixels.float()
    torch.testing.assert_close(grad_cam(linear, made, task(0), "conv"), expected)


def test_a_layer_that_is_overwritten_by_the_next(network: MultiTask, pixels: Tensor) -> None:
    found = grad_cam(network, pixels, task(0), "backbone.features.4")
    network.backbone.features[5].inplace = False
    torch.testing.assert_close(found, grad_cam(network, pixels, task(0), "backbone.features.4"))


@pytest.mark.parametrize("fails", [False, True])
def test_the_network_is_left_as_it_was(fails: bool, network: MultiTask, pixels: Tensor) -> None:
    network.train()
    network.fc1.eval()
    network.fc1.requires_grad_(True)
    before = _state(network)

    def target(outputs: Tensor) -> Tensor:
        if fails:
            raise ZeroDivisionError
        return outputs[:, 0]

    if fails:
        with pytest.raises(ZeroDivisionError):
            grad_cam(network, pixels, target, INNER)
    else:
        grad_cam(network, pixels, target, INNER)
    after = _state(network)
    assert after[:3] == before[:3]
    torch.testing.assert_close(after[3], before[3])


def _state(network: nn.Module) -> tuple[list[bool], list[bool], list[int], dict[str, Tensor]]:
    modules, parameters = list(network.modules()), list(network.parameters())
    assert all(parameter.grad is None for parameter in parameters)
    hooks = [len(module._forward_hooks) for module in modules]
    values = {name: value.clone() for name, value in network.state_dict().items()}
    return [module.training for module in modules], [each.requires_grad for each in parameters], hooks, values


def test_what_does_not_depend_on_the_layer_has_an_empty_map(pixels: Tensor) -> None:
    class Beside(Linear):
        def forward(self, pixels: Tensor) -> Tensor:
            return super().forward(pixels) * torch.tensor([1.0, 0.0])

    assert not grad_cam(Beside(), pixels, task(1), "conv").any()


def test_layer_names(network: MultiTask) -> None:
    assert layer_names(network) == ["backbone.features.0", "backbone.features.3"]


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("features.3", "no layer 'features.3'; convolutions are backbone.features.0, backbone.features.3"),
        ("backbone.features", "'backbone.features' ran 0 times .* backbone.features.0, backbone.features.3"),
        (nn.Conv2d(3, 4, 1), "Conv2d ran 0 times"),
        ("fc1", r"'fc1' gives \(3, 128\), not a map"),
    ],
)
def test_wrong_layer_is_one_line(layer: str | nn.Module, words: str, network: MultiTask, pixels: Tensor) -> None:
    with pytest.raises(BeholderError, match=words) as raised:
        grad_cam(network, pixels, task(0), layer)
    assert "\n" not in str(raised.value)


def test_wrong_shapes_are_one_line(network: MultiTask, pixels: Tensor) -> None:
    with pytest.raises(BeholderError, match=r"target gave shape \(3, 4\) for 3 photographs"):
        grad_cam(network, pixels, lambda outputs: outputs, LAST)
    with pytest.raises(BeholderError, match=r"baseline has shape \(5,\), layer 'backbone.features.5' 7 channels"):
        grad_cam(network, pixels, task(0), LAST, torch.zeros(5))
