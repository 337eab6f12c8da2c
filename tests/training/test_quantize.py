"""Model files in 8 bits: the same photographs ranked the same, honest metadata, and a line for what cannot be done."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

import beholder
from beholder.cli.app import app
from beholder.errors import BeholderError
from beholder.systems.soydaner2023.network import MultiTask, ScoringMultiTask
from beholder.training import quantize as eight_bits
from beholder.training.export import export
from beholder.training.seeding import seeded
from helpers import tiny_backbones
from helpers.factories import save_model, save_photos

SIDE = 16


class Residual(nn.Module):
    """What has to be recognised in a convolutional network: a sum, a depthwise convolution, ReLU6, pooling."""

    channels = 64

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU6(), nn.MaxPool2d(2))
        self.deep = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.ReLU6(), nn.Conv2d(16, 16, 1))
        self.last = nn.Conv2d(16, 64, 1)

    def forward_features(self, pixels: Tensor) -> Tensor:
        first = self.first(pixels.float() / 127 - 1)
        return torch.relu(self.last(first + self.deep(first)))


class Blocks(nn.Module):
    """What has to be recognised in a transformer: a lone convolution, layer norms, large matrices beside small ones."""

    channels = 128

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 128, 4, stride=4)
        self.norm = nn.LayerNorm(128)
        self.fc1, self.fc2 = nn.Linear(128, 512), nn.Linear(512, 128)
        with torch.no_grad():
            self.norm.weight[::16] *= 30  # channels that run large

    def forward_features(self, pixels: Tensor) -> Tensor:
        tokens = self.patches(pixels.float() / 127 - 1).flatten(2).transpose(1, 2)
        tokens = tokens + self.fc2(nn.functional.gelu(self.fc1(self.norm(tokens))))
        return tokens.transpose(1, 2).unflatten(2, (4, 4))


BACKBONES = {"convolutional": Residual, "transformer": Blocks, "tiny": tiny_backbones.Tiny}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model files of drawn networks whose scores spread."""
    folder = tmp_path_factory.mktemp("models")
    info = beholder.load(save_model(folder / "colour.onnx")).info
    low, high = (
        torch.tensor([getattr(task, end) for task in info.tasks], dtype=torch.float32) for end in ("low", "high")
    )
    found = {}
    for name, make in BACKBONES.items():
        with seeded(3):
            backbone = make().eval()
            network = MultiTask(backbone, outputs=3)  # type: ignore[arg-type]
            for layer in network.out:
                nn.init.normal_(layer.weight, std=1)  # type: ignore[arg-type]
        scoring = ScoringMultiTask(network.eval(), low, high, torch.zeros(backbone.channels))
        export(scoring, replace(info, name=name, size=(SIDE, SIDE)), folder / f"{name}.onnx")
        found[name] = folder / f"{name}.onnx"
    return found


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [Path(path) for path in save_photos(tmp_path_factory.mktemp("photographs") / "in", 60)]


def _operators(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


@pytest.mark.parametrize("name", BACKBONES)
def test_scores_agree(name: str, models: dict[str, Path], photographs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    moved = eight_bits.quantize(models[name], photographs, out, calibration=20)
    before, after = beholder.load(models[name]), beholder.load(out)
    values = [scorer.score(photographs[20:]).values for scorer in (before, after)]
    spread = values[0].std(axis=0)
    assert (np.abs(values[0] - values[1]).mean(axis=0) < 0.15 * spread).all()
    assert not np.array_equal(*values)
    assert [each.task for each in moved] == [task.name for task in before.info.tasks]
    for each in moved:
        assert each.n == 40 and 0 < each.mean <= each.largest and each.srcc > 0.98
    with pytest.raises(BeholderError, match="already in 8 bits"):
        eight_bits.quantize(out, photographs, tmp_path / "again.onnx")


@pytest.mark.parametrize(
    ("name", "rounded", "weights"), [("convolutional", 7, 4), ("transformer", 2, 2), ("tiny", 4, 3)]
)
def test_what_is_quantized(
    name: str, rounded: int, weights: int, models: dict[str, Path], photographs: list[Path], tmp_path: Path
) -> None:
    eight_bits.quantize(models[name], photographs, tmp_path / "int8.onnx")
    model = onnx.load(tmp_path / "int8.onnx")
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert _operators(tmp_path / "int8.onnx").count("QuantizeLinear") == rounded
    kinds = [tensor.data_type for tensor in model.graph.initializer if len(tensor.dims) > 1]
    assert kinds.count(onnx.TensorProto.INT8) == weights


def test_metadata_is_honest(models: dict[str, Path], photographs: list[Path], tmp_path: Path) -> None:
    eight_bits.quantize(models["tiny"], photographs, tmp_path / "int8.onnx", calibration=20)
    before, after = beholder.load(models["tiny"]), beholder.load(tmp_path / "int8.onnx")
    assert before.info.metrics and after.info.metrics == ()
    assert after.info.name == "tiny-int8" and after.id.startswith("tiny-int8@")
    assert "int8" in after.info.description and before.id in after.info.description
    kept = ("tasks", "size", "resize", "half_width", "reference", "data", "licence", "attribution")
    assert all(getattr(before.info, name) == getattr(after.info, name) for name in kept)
    told = after.info.recipe.pop("int8")
    assert after.info.recipe == before.info.recipe
    assert told["of"] == before.id and told["calibration"] == 20 and told["kept"] == 0
    assert [each["task"] for each in told["moved"]] == [task.name for task in after.info.tasks]


def test_the_worst_layers_are_kept(models: dict[str, Path], photographs: list[Path], tmp_path: Path) -> None:
    moved = []
    for keep in (0, 1, 3):
        out = tmp_path / f"{keep}.onnx"
        moved.append(eight_bits.quantize(models["tiny"], photographs, out, keep=keep)[0].mean)
        integers = [tensor for tensor in onnx.load(out).graph.initializer if tensor.data_type == onnx.TensorProto.INT8]
        assert sum(len(tensor.dims) == 4 for tensor in integers) == 3 - keep
    assert moved[2] < 1e-5 < min(moved[:2])  # errors of single layers may cancel, so one kept need not be better
    scorer = beholder.load(models["tiny"])
    pixels = np.stack([scorer.pixels(beholder.read_photo(path, scorer.min_size)) for path in photographs])
    layers = eight_bits.most_sensitive_layers(models["tiny"], pixels, 3)

    def embedding(graph: onnx.ModelProto) -> np.ndarray:
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(["embedding"], {"image": pixels})[0]

    before = embedding(onnx.load(models["tiny"]))
    alone = [
        eight_bits.quantized_graph(models["tiny"], pixels, [other for other in layers if other != layer])
        for layer in layers
    ]
    drift = [float(np.square((embedding(each) - before) / (before.std(axis=0) + 1e-6)).mean()) for each in alone]
    assert drift == sorted(drift, reverse=True) and drift[0] > drift[2] > 0


def test_command(models: dict[str, Path], photographs: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "photographs" / "broken.jpg"
    broken.parent.mkdir()
    broken.write_bytes(b"no photograph")
    names = [str(path) for path in (models["tiny"], *photographs, broken)]
    done = CliRunner().invoke(app, ["quantize", *names, "--out", str(tmp_path / "int8.onnx")])
    assert done.exit_code == 0, done.output
    assert "SRCC" in done.stdout and "warmth" in done.stdout
    assert len(beholder.load(tmp_path / "int8.onnx").score(photographs[:3])) == 3
    done = CliRunner().invoke(app, ["quantize", str(models["tiny"]), str(broken), "--out", str(tmp_path / "no.onnx")])
    assert done.exit_code == 1 and not (tmp_path / "no.onnx").exists()


def test_nothing_to_quantize(photographs: list[Path], colour_model: Path, tmp_path: Path) -> None:
    with pytest.raises(BeholderError, match="nothing to quantize"):
        eight_bits.quantize(colour_model, photographs, tmp_path / "int8.onnx")
    assert not list(tmp_path.iterdir())
