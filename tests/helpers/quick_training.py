"""The trainings of the embedded models on little data, with quick encoders in place of networks in eight bits."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.embedded import default, fast, held_out_harms, int8_encoder, material, metadata
from beholder.embedded.build import Network
from beholder.embedded.int8_encoder import Int8Encoder
from beholder.embedded.photo_encoder import FeaturesOnly, PhotoEncoder
from beholder.metrics import resampled
from beholder.models.kernel_model import Blocks, KernelModel
from beholder.scoring.model_file import ModelInfo
from helpers.kernel_models import SIZE, photo_features, small
from helpers.quick_encoder import quick_encoder

STUDENT_GAIN = -0.8  # of the features of the fast model


@dataclass
class QuickTraining:
    """What trainings ask for, and what they write.

    Attributes:
        networks: arguments of `default.build`, and of `build_network` for the fast model.
        widths: of the blocks of each material.
        written: model, metadata, body and path of each file.
    """

    networks: list[tuple[Any, ...]] = field(default_factory=list)
    widths: list[tuple[int, ...]] = field(default_factory=list)
    written: list[tuple[KernelModel, ModelInfo, Int8Encoder, Path]] = field(default_factory=list)


def quick_training(patch: pytest.MonkeyPatch, cache: Path) -> QuickTraining:
    """Put quick encoders in place: the fast model's sees photographs otherwise than the default's."""
    found = QuickTraining()

    def network(encoder: PhotoEncoder) -> Network:
        photo = photo_features()
        body = Int8Encoder(FeaturesOnly(photo), SIZE, np.zeros((0, *SIZE, 3), np.uint8), ("kept layer",))
        return Network(photo, body, encoder)

    def build(*given: Any) -> Network:
        found.networks.append(given)
        return network(quick_encoder(cache)[0])

    def build_fast(*given: Any) -> Network:
        found.networks.append(given)
        return network(quick_encoder(cache, gain=STUDENT_GAIN)[0])

    def fit_blocks(photographs: np.ndarray, copies: np.ndarray, widths: tuple[int, ...]) -> Blocks:
        found.widths.append(widths)
        return small().blocks

    patch.setattr(default, "build", build)
    patch.setattr(fast, "build_network", build_fast)
    patch.setattr(int8_encoder, "write_quantized", lambda *given: found.written.append(given))
    patch.setattr(material, "fit_blocks", fit_blocks)
    patch.setattr(material, "BEST", 10)
    patch.setattr(held_out_harms, "PHOTOS", 4)
    patch.setattr(held_out_harms, "SERIES_PHOTOS", 2)
    patch.setattr(metadata, "PICTURES", 1)
    for module in ("beholder.metrics", "beholder.embedded.metadata"):
        patch.setattr(f"{module}.resampled", lambda *given, **options: resampled(*given, resamples=20))
    return found
