"""Make the default model: `beholder train default --root DATA`.

Features are those of a frozen DINOv2 in eight bits, of every rated photograph and its mirror image. One linear head has
a row for each task, fitted to the photographs that were rated for it. With a squared-error ridge a joint masked fit and
separate fits of the tasks are the same, so the tasks are solved one at a time, exactly.

All metrics come from out-of-fold predictions (`beholder.embedded.heads`).

Time: 7 minutes on two cores, nearly all of it for features; these are cached, and a second run takes two minutes.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from beholder.data.registry import load_data
from beholder.embedded import int8_encoder
from beholder.embedded.heads import RatedFeatures, fit_heads
from beholder.models import registry
from beholder.models.backbones.base import pretrained_state
from beholder.models.backbones.dinov2 import DinoV2
from beholder.models.dinov2_linear import TokenFeatures
from beholder.scoring.model_file import ModelInfo
from beholder.training import ridge
from beholder.training.features import Extractor, compute_features

BACKBONE = "dinov2_vits14"
ATTRIBUTION = (
    "Contains DINOv2 ViT-S/14 by Meta Platforms, Inc. (Apache-2.0). Head fitted to ratings of OASIS "
    "(Kurdi et al. 2017; Brielmann & Pelli 2019) and BIQ2021 (Ahmed & Asif 2022)."
)


@dataclass(frozen=True)
class DefaultRecipe:
    """Settings of the default model.

    Attributes:
        side: side in pixels that photographs are squashed to.
        layers: indices of the blocks whose tokens the head reads.
        mirror: train on mirror images as well.
        keep: number of layers that stay in single precision, of 72.
        calibration: number of photographs of each data set that calibrate the eight-bit ranges.
        folds: number of folds of the cross-validation.
        seed: of the folds.
        coverage: of the prediction intervals.
        beauty_loss: maximum drop of SRCC with rated beauty, out of fold, allowed when blending in quality.
    """

    side: int = 224
    layers: tuple[int, ...] = (9, 10, 11)
    mirror: bool = True
    keep: int = 12
    calibration: int = 24
    folds: int = 5
    seed: int = 0
    coverage: float = 0.9
    beauty_loss: float = 0.01


def extractor(recipe: DefaultRecipe) -> Extractor:
    """The frozen part of the model in single precision, as a function of pixels."""
    network = frozen_features(recipe)

    def compute(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            found: np.ndarray = network(torch.from_numpy(pixels.transpose(0, 3, 1, 2))).numpy()
        return found

    width = len(recipe.layers) * 2 * network.backbone.norm.normalized_shape[0]
    key = f"{BACKBONE} {registry.WEIGHTS[BACKBONE].digest} squash {recipe.side} layers {recipe.layers}"
    return Extractor(key, (recipe.side, recipe.side), 2 if recipe.mirror else 1, (width,), compute)


def train(root: Path, out: Path, recipe: DefaultRecipe | None = None, cache: Path | None = None) -> ModelInfo:
    """Train the default model, measure it and write its file.

    Args:
        root: folder with ``oasis/`` and ``biq2021/``.
        out: model file to write.
        cache: folder for weights and features, the user's cache by default.

    Raises:
        BeholderError: missing or unexpected data or weights, or a file that cannot be written.
    """
    recipe = recipe or DefaultRecipe()
    oasis, biq = load_data("oasis", root), load_data("biq2021", root)
    size = (recipe.side, recipe.side)
    encoder = int8_encoder.build_encoder(frozen_features(recipe), size, (oasis, biq), recipe.calibration, recipe.keep)
    views = 2 if recipe.mirror else 1
    embedding = int8_encoder.embedding_extractor(int8_encoder.encoder_scorer(encoder), views)
    oasis_views, biq_views = (list(compute_features(photos, embedding, cache)) for photos in (oasis, biq))

    heads = fit_heads(
        RatedFeatures(oasis, oasis_views[0], ridge.learner(oasis_views, oasis.ratings)),
        RatedFeatures(biq, biq_views[0], ridge.learner(biq_views, biq.ratings)),
        recipe,
    )
    info = ModelInfo(
        name="default",
        description="Beauty, valence, arousal and technical quality of a photograph, from frozen DINOv2 features",
        backbone=BACKBONE,
        size=size,
        resize="squash",
        **heads.metadata,
        recipe={
            **asdict(recipe),
            "layers": list(recipe.layers),
            "kept": list(encoder.float_layers),
            "blend": heads.blend.rounded,
        },
        licence="Apache-2.0",
        attribution=ATTRIBUTION,
    )
    int8_encoder.write_model(encoder, heads, info, out)
    return info


def frozen_features(recipe: DefaultRecipe) -> TokenFeatures:
    """The frozen network with its pretrained weights."""
    backbone = DinoV2()
    backbone.load_state_dict(pretrained_state(BACKBONE))
    return TokenFeatures(backbone, recipe.layers).eval()
