"""Make the default model: `beholder train default --root DATA`.

Features are those of a frozen DINOv2 in eight bits and statistics of the pixels (`beholder.models.photo_features`); the
heads are kernel machines (`beholder.embedded.kernel_heads`), which have a closed form. They learn from the ratings of
four data sets, and from copies of the photographs that were edited by known amounts (`beholder.embedded.copies`): what
is too dark, blurred or tilted, and that the picture loses by it.

Time: 40 minutes on two cores, nearly all of it for features; these are cached, and a run that was stopped goes on.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import int8_encoder
from beholder.embedded.build import Network, build_network, write_model
from beholder.embedded.kernel_heads import HeadSettings, fit_heads
from beholder.embedded.material import gather, load_photos
from beholder.embedded.out_of_fold import FamiliaritySettings
from beholder.models import registry
from beholder.models.backbones.base import pretrained_state
from beholder.models.backbones.dinov2 import DinoV2
from beholder.models.dinov2_linear import TokenFeatures
from beholder.models.photo_features import LAYERS, SCENE_LAYERS
from beholder.scoring.model_file import ModelInfo
from beholder.training.features import Extractor

BACKBONE = "dinov2_vits14"


@dataclass(frozen=True)
class DefaultRecipe:
    """Settings of the default model.

    Attributes:
        side: side in pixels that photographs are squashed to.
        layers: blocks whose class token and mean patch token are the embedding.
        mirror: whether probes on the embedding train on mirror images as well.
        keep: number of layers that stay in single precision, of 72.
        calibration: number of photographs of each data set that calibrate the eight-bit ranges.
        folds: number of folds of the cross-validation.
        seed: of the folds, and of what is drawn for a support.
        coverage: of the prediction intervals.
        heads: of the machines.
        familiarity: of how near a picture is to what was rated.
    """

    side: int = 224
    layers: tuple[int, ...] = SCENE_LAYERS
    mirror: bool = True
    keep: int = 12
    calibration: int = 24
    folds: int = 5
    seed: int = 0
    coverage: float = 0.9
    heads: HeadSettings = field(default_factory=HeadSettings)
    familiarity: FamiliaritySettings = field(default_factory=FamiliaritySettings)


def extractor(recipe: DefaultRecipe) -> Extractor:
    """The frozen embedding in single precision, as a function of pixels: what linear probes are fitted to."""
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
        root: folder with ``oasis/`` and ``biq2021/``, and if possible ``appeal/`` and ``composition/``.
        out: model file to write.
        cache: folder for weights and features, the user's cache by default.

    Raises:
        BeholderError: missing or unexpected data or weights, or a file that cannot be written.
    """
    recipe = recipe or DefaultRecipe()
    photos = load_photos(root)
    network = build(recipe, photos, cache)
    material = gather(root, photos, network.encoder)
    return write_model(
        root,
        out,
        network,
        material,
        partial(fit_heads, material, settings=recipe.heads, seed=recipe.seed),
        recipe,
        asdict(recipe),
        name="default",
        description="Beauty, appeal, valence, arousal, technical quality and simplicity of a photograph, the edits "
        "that it seems to need, and how sure that is, from frozen DINOv2 features and pixel statistics",
        backbone=BACKBONE,
    )


def build(recipe: DefaultRecipe, photos: Mapping[str, RatedPhotos], cache: Path | None) -> Network:
    """The network of the default model; `beholder train fast` learns from its heads."""
    tokens = int8_encoder.lean(frozen_features(recipe, LAYERS))
    return build_network(tokens, (recipe.side, recipe.side), photos, recipe.calibration, recipe.keep, cache)


def frozen_features(recipe: DefaultRecipe, layers: tuple[int, ...] | None = None) -> TokenFeatures:
    """The frozen network with its pretrained weights; ``layers`` are those of the recipe by default."""
    backbone = DinoV2()
    backbone.load_state_dict(pretrained_state(BACKBONE))
    return TokenFeatures(backbone, layers or recipe.layers).eval()
