"""Make the default model: `beholder train default --data FOLDER`.

Frozen DINOv2 features of every rated photograph and its mirror image, in eight bits, one linear head with a row for
each task, each row fitted to the photographs that were rated for it. With a squared-error ridge the joint masked fit
and the fits one task at a time are the same, so nothing is lost by solving them exactly.

What is claimed of the model comes from out-of-fold predictions (`beholder.embedded.heads`).

Time: 7 minutes on two cores, nearly all of it features; those are kept, and a second run takes two minutes.
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
        side: pixels a side that photographs are squashed to.
        layers: blocks whose tokens the head reads.
        mirror: train on the mirror image too.
        keep: layers that stay in single precision, of 72.
        calibration: photographs of each data set that the ranges of eight bits come from.
        folds: of the cross-validation.
        seed: of its splits.
        coverage: of the intervals.
        beauty_loss: how much SRCC with rated beauty the overall score may give up, out of fold, for seeing quality.
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
    """Train, measure and write the default model.

    Args:
        root: folder with ``oasis/`` and ``biq2021/``.
        out: model file to write.
        cache: folder for weights and features, the user's cache by default.

    Raises:
        BeholderError: data or weights that are missing or not as expected, or a file that cannot be written.
    """
    recipe = recipe or DefaultRecipe()
    oasis, biq = load_data("oasis", root), load_data("biq2021", root)
    size = (recipe.side, recipe.side)
    encoder = int8_encoder.build_encoder(frozen_features(recipe), size, (oasis, biq), recipe.calibration, recipe.keep)
    default_extractor = int8_encoder.embedding_extractor(
        int8_encoder.encoder_scorer(encoder), 2 if recipe.mirror else 1
    )
    oasis_views, biq_views = (
        list(compute_features(oasis, default_extractor, cache)),
        list(compute_features(biq, default_extractor, cache)),
    )

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
    """The part that is not trained, with its pretrained weights."""
    backbone = DinoV2()
    backbone.load_state_dict(pretrained_state(BACKBONE))
    return TokenFeatures(backbone, recipe.layers).eval()
