"""The eight-bit encoder of an embedded model, without heads and with them.

Heads are fitted to the outputs of the eight-bit graph, so all metrics include its rounding. Quantized again with its
heads, the encoder is the same: calibrated with the same photographs, with the same layers in single precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn

from beholder.data.rated_photos import RatedPhotos
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

SENSITIVITY_STRIDE = 3  # one calibration photograph in this many chooses the layers that stay in single precision


@dataclass(frozen=True)
class Int8Encoder:
    """A network that is ready to be written in eight bits, with or without heads.

    Attributes:
        body: the network without heads: its embedding is what heads are fitted to. In single precision.
        size: (width, height) in pixels.
        pixels: prepared photographs (N, height, width, 3) that calibrate the eight-bit ranges.
        float_layers: names of the layers that stay in single precision.
    """

    body: nn.Module
    size: tuple[int, int]
    pixels: np.ndarray
    float_layers: tuple[str, ...]


def lean(network: TokenFeatures) -> TokenFeatures:
    """The network in the form that is fast in eight bits."""
    return TokenFeatures(LeanDinoV2(network.backbone), network.layers).eval()


def build_encoder(
    body: nn.Module, size: tuple[int, int], data: Sequence[RatedPhotos], calibration: int, keep: int
) -> Int8Encoder:
    """Choose calibration photographs and the layers that stay in single precision.

    Args:
        body: the network without heads.
        size: (width, height) in pixels.
        data: the encoder is calibrated with ``calibration`` photographs of each data set.
        keep: number of layers that stay in single precision: those that change the embedding most when quantized.
    """
    paths = [photos.paths[i] for photos in data for i in evenly_spaced(len(photos), calibration)]
    pixels = np.stack([resize_exact(read_photo(path, decode_size(size)), size) for path in paths])
    with TemporaryDirectory() as folder:
        single = Path(folder) / "single.onnx"
        export(body, placeholder_info(size), single)
        return Int8Encoder(body, size, pixels, tuple(most_sensitive_layers(single, pixels[::SENSITIVITY_STRIDE], keep)))


def encoder_scorer(encoder: Int8Encoder) -> Scorer:
    """A scorer of the eight-bit graph without heads; only its embedding is of use."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "body.onnx"
        write_quantized(encoder.body, placeholder_info(encoder.size), encoder, path)
        return Scorer(path)


def embedding_extractor(scorer: Scorer, views: int = 1) -> Extractor:
    """Extracts the embedding of a model file; the second view is the mirror image."""

    def compute(pixels: np.ndarray) -> np.ndarray:
        return scorer.run(pixels, np.ones((len(pixels), 2), int)).embedding

    width = compute(np.zeros((1, *scorer.info.size[::-1], 3), np.uint8)).shape[1]
    return Extractor(f"embedding of {scorer.id}", scorer.info.size, views, (width,), compute)


def write_quantized(network: nn.Module, info: ModelInfo, encoder: Int8Encoder, path: Path) -> None:
    """Write a model file in eight bits: the encoder's body, with heads or without. BeholderError where it cannot."""
    with TemporaryDirectory() as folder:
        single = Path(folder) / "single.onnx"
        export(network, info, single)
        model = quantized_graph(single, encoder.pixels, encoder.float_layers)
    with replacing(path, "the model file") as partial, explained(path, "the model file"):
        partial.write_bytes(model_bytes(model, info))


def without_heads(network: TokenFeatures) -> DefaultModel:
    nothing = torch.zeros(1, len(network.layers) * 2 * network.backbone.norm.normalized_shape[0])
    return DefaultModel(network, nothing, nothing[:, 0], nothing, nothing[:, 0], nothing[:, 0] + 1)


def placeholder_info(size: tuple[int, int]) -> ModelInfo:
    task = Task("none", 0, 1, "")
    return ModelInfo(
        name="body",  # part of the scorer's id, and so of the keys of cached features
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
