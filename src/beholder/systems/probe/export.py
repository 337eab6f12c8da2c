"""Write the model file of a probe: an embedded model with other heads, or a backbone under linear heads.

The file of a probe on an embedded model is the graph of that model with a few nodes at its end. Its features and scores
are what they were, bit by bit; the sums that are added are computed in double precision, so that they too are the same
in any batch.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beholder.embedded import default
from beholder.extras import require
from beholder.files import explained, replacing
from beholder.models.backbones.base import Backbone, create_backbone
from beholder.models.backbones.dinov2 import PATCH
from beholder.models.dinov2_linear import DefaultModel
from beholder.models.photo_features import DIM, SCENE_LAYERS
from beholder.scoring.model_file import ModelInfo, read_model
from beholder.systems.probe.heads import Heads
from beholder.tasks import Task
from beholder.training.export import model_bytes

TYPICAL = "exact_typical"  # of `beholder.models.kernel_model`: mean patch tokens of rated photographs


def extend(model: Path, heads: Heads, info: ModelInfo, path: Path) -> None:
    """Write an embedded model with other heads.

    Args:
        model: file of an embedded model.
        heads: K heads on its scores and its embedding.
        info: what the new file says, of K tasks and the same size.
        path: replaced as a whole, or not at all.

    Raises:
        BeholderError: the file cannot be written.
    """
    onnx = require("onnx", "train", "writing a model file")
    graph_model = onnx.load_model_from_string(read_model(model)[0])
    _add_heads(onnx, graph_model.graph, heads, info)
    onnx.checker.check_model(graph_model)
    with replacing(path, "the model file") as partial, explained(path, "the model file"):
        partial.write_bytes(model_bytes(graph_model, info))


def _add_heads(onnx: Any, graph: Any, heads: Heads, info: ModelInfo) -> None:
    """Replace scores and evidence of a graph by those of the heads, in place."""
    helper = onnx.helper
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name in ("scores", "evidence"):
                    names[place] = f"known_{name}"
    low_high = np.array([(task.low, task.high) for task in info.tasks], np.float32)
    rows, columns = info.size[1] // PATCH, info.size[0] // PATCH
    on_patches, typical = (_of_patches(each) for each in (heads.weight, heads.typical))
    count = rows * columns
    constants = {
        "on_scores": heads.on_scores,
        "on_embedding": heads.weight,
        "bias": heads.bias,
        "low": low_high[:, 0],
        "high": low_high[:, 1],
        "scores_of_evidence": heads.on_scores.T.astype(np.float32),
        "on_patches": (on_patches / count).astype(np.float32),
        "typical_evidence": ((typical * on_patches).sum(axis=0) / count).astype(np.float32),
        "known_shape": np.array([-1, len(heads.on_scores), count]),
        "map_shape": np.array([-1, len(info.tasks), rows, columns]),
    }
    graph.initializer.extend(onnx.numpy_helper.from_array(value, f"probe.{name}") for name, value in constants.items())
    double, single = onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT

    def add(kind: str, made: str, *given: str, **attributes: Any) -> None:
        inputs = [f"probe.{name[1:]}" if name.startswith(".") else name for name in given]
        output = f"probe.{made[1:]}" if made.startswith(".") else made
        graph.node.append(helper.make_node(kind, inputs, [output], **attributes))

    add("Cast", ".known", "known_scores", to=double)
    add("MatMul", ".shared", ".known", ".on_scores")
    add("Cast", ".embedding", "embedding", to=double)
    add("MatMul", ".own", ".embedding", ".on_embedding")
    add("Add", ".sum", ".shared", ".own")
    add("Add", ".exact", ".sum", ".bias")
    add("Cast", ".scores", ".exact", to=single)
    add("Max", ".at_least", ".scores", ".low")
    add("Min", "scores", ".at_least", ".high")

    add("Reshape", ".known_evidence", "known_evidence", ".known_shape")
    add("MatMul", ".shared_evidence", ".scores_of_evidence", ".known_evidence")
    add("MatMul", ".by_patch", _patches(graph), ".on_patches")
    add("Sub", ".surplus", ".by_patch", ".typical_evidence")
    add("Transpose", ".own_evidence", ".surplus", perm=[0, 2, 1])
    add("Add", ".evidence", ".shared_evidence", ".own_evidence")
    add("Reshape", "evidence", ".evidence", ".map_shape")
    for output in graph.output:
        if output.name in ("scores", "evidence"):
            output.type.tensor_type.shape.dim[1].dim_value = len(info.tasks)


def _of_patches(values: np.ndarray) -> np.ndarray:
    """(2304, K) of an embedding -> (1152, K) of its mean patch tokens, layer by layer."""
    return values.reshape(len(SCENE_LAYERS), 2, DIM, -1)[:, 1].reshape(len(SCENE_LAYERS) * DIM, -1)


def _patches(graph: Any) -> str:
    """Name of the patch tokens (B, N, 1152), which an embedded model multiplies with what its typical ones are."""
    products = [node for node in graph.node if node.op_type == "MatMul"]
    (weights,) = (node.input[1] for node in products if node.input[0] == TYPICAL)
    (patches,) = (node.input[0] for node in products if node.input[1] == weights and node.input[0] != TYPICAL)
    return str(patches)


def backbone_network(name: str, heads: Heads, tasks: tuple[Task, ...]) -> nn.Module:
    """A backbone with its pretrained weights under K linear heads, as it goes into a model file.

    Args:
        heads: on the features of :func:`beholder.systems.probe.known.backbone_extractor`.
        tasks: K tasks.
    """
    low, high = torch.tensor([(task.low, task.high) for task in tasks], dtype=torch.float32).T
    weight, bias, typical = (
        torch.tensor(values, dtype=torch.float32) for values in (heads.weight.T, heads.bias, heads.typical.T)
    )
    if name == default.BACKBONE:
        return DefaultModel(default.frozen_features(default.DefaultRecipe()), weight, bias, typical, low, high)
    return BackboneProbe(create_backbone(name), weight, bias, typical, low, high)


class BackboneProbe(nn.Module):
    """A backbone under linear heads on its pooled features.

    Args:
        backbone: frozen.
        weight, bias: heads, (K, C) and (K,), native units.
        typical: (K, C), features of the average photograph, which evidence is relative to.
        low, high: (K,) ends of the scales; scores are clipped to them.
    """

    def __init__(
        self, backbone: Backbone, weight: Tensor, bias: Tensor, typical: Tensor, low: Tensor, high: Tensor
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.weight: Tensor
        self.bias: Tensor
        self.typical_evidence: Tensor
        self.low: Tensor
        self.high: Tensor
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.register_buffer("typical_evidence", (weight * typical).sum(dim=1))
        self.register_buffer("low", low)
        self.register_buffer("high", high)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.backbone.forward_features(pixels)  # (B, C, rows, columns)
        embedding = features.mean(dim=(2, 3))
        scores = embedding @ self.weight.T + self.bias
        by_place = torch.einsum("kc,bcij->bkij", self.weight, features)
        shares = (by_place - self.typical_evidence[:, None, None]) / (features.shape[2] * features.shape[3])
        return torch.minimum(torch.maximum(scores, self.low), self.high), embedding, shares
