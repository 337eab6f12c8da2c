"""The network of an embedded model in eight bits, before it has heads and with them.

Heads are fitted to what the eight-bit graph itself gives, so its rounding is in all that is measured. Quantized again
with heads on it, the network is the same: calibrated by the same photographs, with the same layers left as they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.heads import Heads
from beholder.files import explained, replacing
from beholder.models.backbones.dinov2 import LeanDinoV2
from beholder.models.dinov2_linear import DefaultModel, TokenFeatures
from beholder.photos.read import read_photo
from beholder.photos.resize import decode_size, resize_exact
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scorer import Scorer
from beholder.tasks import Task
from beholder.training.export import export, model_bytes
from beholder.training.features import Extractor
from beholder.training.quantize import evenly_spaced, most_sensitive_layers, quantized_graph

SENSITIVITY_STRIDE = 3  # of the photographs that are calibrated with, one in so many chooses the layers that stay


@dataclass(frozen=True)
class Int8Encoder:
    """What a model in eight bits sees with.

    Attributes:
        network: in single precision, in the form for eight bits.
        size: (width, height) in pixels.
        pixels: prepared photographs (N, height, width, 3) that the ranges of eight bits come from.
        kept: layers in single precision.
    """

    network: TokenFeatures
    size: tuple[int, int]
    pixels: np.ndarray
    float_layers: tuple[str, ...]


def build_encoder(
    network: TokenFeatures, size: tuple[int, int], data: Sequence[RatedPhotos], calibration: int, keep: int
) -> Int8Encoder:
    """A network made ready for eight bits.

    Args:
        network: DINOv2.
        size: (width, height) in pixels.
        data: ``calibration`` photographs of each are calibrated with.
        keep: this many layers stay in single precision: those that move the embedding most.
    """
    lean = TokenFeatures(LeanDinoV2(network.backbone), network.layers).eval()
    paths = [photos.paths[i] for photos in data for i in evenly_spaced(len(photos), calibration)]
    pixels = np.stack([resize_exact(read_photo(path, decode_size(size)), size) for path in paths])
    with TemporaryDirectory() as folder:
        single = Path(folder) / "single.onnx"
        export(_headless(lean), _nothing(size), single)
        return Int8Encoder(lean, size, pixels, tuple(most_sensitive_layers(single, pixels[::SENSITIVITY_STRIDE], keep)))


def encoder_scorer(encoder: Int8Encoder) -> Scorer:
    """The eight-bit graph without heads, ready to run; of use for its embedding."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "body.onnx"
        _write(_headless(encoder.network), _nothing(encoder.size), encoder, path)
        return Scorer(path)


def embedding_extractor(scorer: Scorer, views: int = 1) -> Extractor:
    """The embedding of a model file as features of photographs, and in the second view of their mirror images."""

    def compute(pixels: np.ndarray) -> np.ndarray:
        return scorer.run(pixels, np.ones((len(pixels), 2), int)).embedding

    width = compute(np.zeros((1, *scorer.info.size[::-1], 3), np.uint8)).shape[1]
    return Extractor(f"embedding of {scorer.id}", scorer.info.size, views, (width,), compute)


def write_model(encoder: Int8Encoder, heads: Heads, info: ModelInfo, path: Path) -> None:
    """The model file. Raises BeholderError where it cannot be written."""
    _write(heads.attach_to(encoder.network), info, encoder, path)


def _write(network: DefaultModel, info: ModelInfo, encoder: Int8Encoder, path: Path) -> None:
    with TemporaryDirectory() as folder:
        single = Path(folder) / "single.onnx"
        export(network, info, single)
        model = quantized_graph(single, encoder.pixels, encoder.float_layers)
    with replacing(path, "the model file") as partial, explained(path, "the model file"):
        partial.write_bytes(model_bytes(model, info))


def _headless(network: TokenFeatures) -> DefaultModel:
    nothing = torch.zeros(1, len(network.layers) * 2 * network.backbone.norm.normalized_shape[0])
    return DefaultModel(network, nothing, nothing[:, 0], nothing, nothing[:, 0], nothing[:, 0] + 1)


def _nothing(size: tuple[int, int]) -> ModelInfo:
    task = Task("none", 0, 1, "")
    return ModelInfo(
        name="body",
        description="",
        backbone="",
        size=size,
        resize="squash",
        tasks=(task,),
        half_width=(0.0,),
        reference=((0.0,) * 101,),
        data=(),
        metrics=(),
        recipe={},
        licence="",
        attribution="",
    )
