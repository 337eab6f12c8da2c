"""Networks: parameters, shapes, any input size, and agreement with what was published."""

from pathlib import Path

import numpy as np
import pytest
import torch

from beholder.errors import BeholderError
from beholder.models import registry
from beholder.models.backbones.base import create_backbone
from beholder.models.backbones.dinov2 import DinoFeatures, DinoV2
from beholder.models.backbones.efficientnet_lite import SameConv2d
from beholder.models.cost import gflop, parameters
from beholder.models.dinov2_linear import DefaultModel, TokenFeatures
from beholder.models.registry import BACKBONES
from beholder.models.weights import _from_package_index, load_weights
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.systems.soydaner2023.cost import cost
from beholder.training.seeding import seeded

# Parameters, those that stage 2 trains, and GFLOP at the network's own size.
COUNTED = {
    "vgg16": (14_714_688, 4_719_616, 40.1),
    "resnet50": (23_508_032, 2_234_368, 8.2),
    "densenet121": (6_953_856, 639_360, 5.7),
    "mobilenet_v2": (2_223_872, 236_544, 0.6),
    "efficientnet_lite0": (3_371_008, 340_480, 0.8),
    "efficientnet_lite1": (4_135_680, 340_480, 1.2),
    "efficientnet_lite2": (4_811_072, 387_840, 1.7),
    "dinov2_vits14": (22_056_192, 3_550_464, 12.2),
}


@pytest.mark.parametrize("name", BACKBONES)
@seeded(0)
def test_backbone(name: str) -> None:
    """What every backbone promises: shapes at any size, a stem that is never trained, tuned layers in the tail."""
    network = create_backbone(name, pretrained=False)
    total, trained, billions = COUNTED[name]
    tuned = {key: value for key, value in network.named_parameters() if key.startswith(network.tuned)}
    assert parameters(network) == total
    assert sum(value.numel() for value in tuned.values()) == trained
    assert all(any(key.startswith(prefix) for key in tuned) for prefix in network.tuned)
    assert gflop(network, (network.side, network.side)) == pytest.approx(billions, abs=0.051)
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())
    assert network.side % network.multiple == 0
    step = 14 if network.multiple == 14 else 32
    for rows, columns in ((2, 2), (2, 3)):
        pixels = torch.randint(0, 256, (2, 3, rows * step, columns * step), dtype=torch.uint8)
        features = network.forward_features(pixels)
        assert features.shape == (2, network.channels, rows, columns) and features.isfinite().all()
        torch.testing.assert_close(network.tail(network.stem(pixels)), features, rtol=0, atol=0)
        torch.testing.assert_close(network(pixels), features.mean((2, 3)))
        torch.testing.assert_close(network.forward_features(pixels[1:]), features[1:], rtol=1e-4, atol=1e-4)
    for parameter in tuned.values():
        parameter.requires_grad_()
    assert not network.stem(pixels).requires_grad
    network.tail(network.stem(pixels)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in tuned.values())


@pytest.mark.parametrize("name", BACKBONES)
def test_training_leaves_running_statistics(name: str) -> None:
    network = create_backbone(name, pretrained=False)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    around = torch.nn.Sequential(network).train()
    around(torch.randint(0, 256, (2, 3, 56, 56), dtype=torch.uint8))
    assert network.training
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


@pytest.mark.parametrize("name", ["vgg16", "mobilenet_v2", "efficientnet_lite1", "resnet50", "densenet121"])
@pytest.mark.parametrize("side", [(64, 96), (96, 65)])
def test_convolutions_take_any_size(name: str, side: tuple[int, int]) -> None:
    features = create_backbone(name, pretrained=False).forward_features(torch.zeros(1, 3, *side, dtype=torch.uint8))
    up = name not in {"vgg16", "densenet121"}  # their poolings drop an odd row, the others' padding keeps it
    assert features.shape[2:] == tuple(-(-length // 32) if up else length // 32 for length in side)


@pytest.mark.parametrize(("kernel", "side", "before"), [(3, 8, 0), (3, 9, 1), (5, 8, 1), (5, 15, 2)])
def test_same_padding(kernel: int, side: int, before: int) -> None:
    """TensorFlow's SAME: what cannot be shared evenly goes below and to the right."""
    layer = SameConv2d(1, 1, kernel, stride=2)
    torch.nn.init.ones_(layer.weight)
    found = layer(torch.ones(1, 1, side, side))
    assert found.shape[2:] == (-(-side // 2),) * 2
    assert found[0, 0, 0, 0] == (kernel - before) ** 2  # how many of the kernel's places lie on the map


@seeded(0)
def test_dinov2_as_a_backbone_pools_to_mean_patch_and_class_token() -> None:
    network = DinoFeatures(dim=24, depth=12, heads=2).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    inner = DinoV2(dim=24, depth=12, heads=2).eval()
    inner.load_state_dict(network.state_dict())
    pixels = torch.randint(0, 256, (2, 3, 28, 42), dtype=torch.uint8)
    with torch.inference_mode():
        tokens = inner.forward_tokens(network.normalise(pixels))[0]
        torch.testing.assert_close(network(pixels), torch.cat([tokens[:, 1:].mean(1), tokens[:, 0]], dim=1))
        features = network.forward_features(pixels)
    torch.testing.assert_close(features[:, :24].flatten(2).transpose(1, 2), tokens[:, 1:])


def test_unknown_backbone() -> None:
    with pytest.raises(BeholderError, match="no backbone is called 'vgg99'; there are vgg16"):
        create_backbone("vgg99")


def test_cost_of_the_network_of_the_paper() -> None:
    """Soydaner & Wagemans 2023, Tables 2 and 8, and Section 4.2."""
    found = cost("vgg16")
    assert (found.backbone, found.outputs_12, found.outputs_5) == (14_714_688, 14_789_388, 14_788_933)
    assert (found.stage_1, found.stage_2) == (74_700, 74_700 + 4_719_616)


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
@seeded(0)
def test_backbone_goes_into_onnx(name: str, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    network = create_backbone(name, pretrained=False)
    pixels = torch.randint(0, 256, (2, 3, 56, 56), dtype=torch.uint8)
    path = tmp_path / "network.onnx"
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.onnx.export(
        network, (pixels,), input_names=["pixels"], dynamic_shapes=({0: batch},), dynamo=True, opset_version=20
    )
    program.save(path)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    expected = network(pixels).numpy()
    found = session.run(None, {"pixels": pixels.numpy()})[0]
    assert np.abs(found - expected).max() <= 1e-4 * max(1, np.abs(expected).max())
    assert session.run(None, {"pixels": pixels[:1].numpy()})[0].shape == (1, network.channels)


# Of the pooled features of a photograph of a cat: the strongest channel, its value, and the standard deviation.
SEEN = {
    "vgg16": (328, 8.838, 0.7296),
    "mobilenet_v2": (596, 3.624, 0.5772),
    "efficientnet_lite0": (287, 3.947, 0.3817),
    "efficientnet_lite1": (1030, 2.891, 0.3121),
    "efficientnet_lite2": (1132, 3.342, 0.2866),
    "dinov2_vits14": (643, 6.843, 2.1470),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEN)
def test_pretrained_backbone_sees_the_same(name: str, photos: list[Path]) -> None:
    """Values, preprocessing and padding together. With the classifiers of their files these features say tabby cat."""
    try:
        network = create_backbone(name)
    except BeholderError as error:
        if "did not give" in str(error):
            pytest.skip(f"no package index within reach: {error}")
        raise
    cat = read_photo(next(path for path in photos if path.name == "chelsea.jpg"))
    pixels = resize_exact(cat, (network.side, network.side)).transpose(2, 0, 1)
    with torch.inference_mode():
        pooled = network(torch.from_numpy(pixels.copy())[None])[0]
    channel, value, spread = SEEN[name]
    assert pooled.argmax() == channel
    assert (pooled.max().item(), pooled.std().item()) == pytest.approx((value, spread), rel=2e-3)


@pytest.mark.parametrize("grid", [(1, 1), (16, 16), (37, 37), (10, 20)])
def test_dinov2_takes_any_grid(grid: tuple[int, int]) -> None:
    network = DinoV2(dim=24, depth=2, heads=2).eval()
    tokens = network.forward_tokens(torch.randn(2, 3, grid[0] * 14, grid[1] * 14), (0, -1))
    assert [layer.shape for layer in tokens] == [(2, 1 + grid[0] * grid[1], 24)] * 2


def test_dinov2_keeps_trained_positions_at_the_trained_size() -> None:
    network = DinoV2(dim=24, depth=0, heads=2)
    torch.nn.init.normal_(network.pos_embed)
    same = network.positions(37, 37)
    # Upstream's 0.1 shifts the sampling points by 0.003 of a patch at most.
    assert (same - network.pos_embed).abs().mean() < 0.15
    assert not torch.allclose(network.positions(16, 16)[:, 1], network.pos_embed[:, 1])


@seeded(0)
def small_default(tasks: int = 3) -> DefaultModel:
    features = TokenFeatures(DinoV2(dim=24, depth=3, heads=2), layers=(1, 2)).eval()
    for parameter in features.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    width = 2 * 2 * 24
    return DefaultModel(
        features,
        torch.randn(tasks, width),
        torch.randn(tasks),
        torch.randn(tasks, width),
        torch.full((tasks,), -1e6),
        torch.full((tasks,), 1e6),
    ).eval()


def test_evidence_is_what_patches_add_to_the_score() -> None:
    model = small_default()
    pixels = torch.randint(0, 256, (4, 3, 56, 70), dtype=torch.uint8)
    with torch.inference_mode():
        scores, embedding, evidence = model(pixels)
    assert evidence.shape == (4, 3, 4, 5) and embedding.shape == (4, 96)
    parts = embedding.view(4, 2, 2, 24)
    weight = model.weight.view(3, 2, 2, 24)
    from_class_tokens = torch.einsum("blc,tlc->bt", parts[:, :, 0], weight[:, :, 0])
    expected = from_class_tokens + model.bias + model.typical_evidence + evidence.sum((2, 3))
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-3)


def test_scores_stay_on_their_scale() -> None:
    model = small_default()
    model.low.fill_(-0.5)
    model.high.fill_(0.5)
    with torch.inference_mode():
        scores = model(torch.randint(0, 256, (8, 3, 28, 28), dtype=torch.uint8))[0]
    assert scores.min() >= -0.5 and scores.max() <= 0.5 and (scores.abs() == 0.5).any()


@pytest.mark.slow
def test_dinov2_is_the_published_network(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Against the published export, run by another runtime; its positions were resampled linearly, so are ours here."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")

    entry = registry.REGISTRY["dinov2_vits14"]
    try:
        data = _from_package_index("dinov2_vits14", entry)
        arrays = load_weights("dinov2_vits14")
    except BeholderError as error:
        pytest.skip(f"no package index within reach: {error}")
    model = onnx.load_model_from_string(data)
    model.graph.output.append(onnx.helper.make_tensor_value_info("/norm/Add_1_output_0", 1, None))
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).normal(size=(2, 3, 224, 224)).astype(np.float32)
    expected = session.run(["/norm/Add_1_output_0"], {"input": images})[0]
    network = DinoV2().eval()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in arrays.items()})
    original = torch.nn.functional.interpolate
    try:
        torch.nn.functional.interpolate = lambda *a, **k: original(*a, **{**k, "mode": "bilinear"})
        with torch.inference_mode():
            found = network.forward_tokens(torch.from_numpy(images))[0].numpy()
    finally:
        torch.nn.functional.interpolate = original
    assert np.abs(found - expected).max() < 1e-3
