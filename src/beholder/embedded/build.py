"""Build an embedded model: features in eight bits, heads on them, and the file of both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import int8_encoder, out_of_fold
from beholder.embedded.int8_encoder import Int8Encoder
from beholder.embedded.kernel_heads import Heads, Rows
from beholder.embedded.material import Material
from beholder.embedded.metadata import Recipe, describe
from beholder.embedded.out_of_fold import FamiliaritySettings
from beholder.embedded.photo_encoder import FeaturesOnly, PhotoEncoder
from beholder.embedded.series_info import enough_for_series, learn_series, write_series
from beholder.models.dinov2_linear import TokenFeatures
from beholder.models.kernel_head import LinearHead
from beholder.models.kernel_model import Familiarity, KernelModel, MachineSpec
from beholder.models.photo_features import PhotoFeatures
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scorer import Scorer
from beholder.training.settings import plain


@dataclass(frozen=True)
class Network:
    """What computes the features of a model.

    Attributes:
        photo: in single precision.
        body: ready to be written in eight bits.
        encoder: in eight bits: heads are fitted to what it computes.
    """

    photo: PhotoFeatures
    body: Int8Encoder
    encoder: PhotoEncoder


def build_network(
    tokens: TokenFeatures,
    size: tuple[int, int],
    photos: Mapping[str, RatedPhotos],
    calibration: int,
    keep: int,
    cache: Path | None,
) -> Network:
    """Quantize a network.

    Args:
        tokens: in lean form, with the layers of :data:`beholder.models.photo_features.LAYERS`.
        size: (width, height) in pixels.
        photos: OASIS and BIQ2021 calibrate the eight-bit ranges, with ``calibration`` photographs of each.
        keep: number of layers that stay in single precision.
        cache: folder for features, the user's cache by default.
    """
    photo = PhotoFeatures(tokens).eval()
    rated = (photos["oasis"], photos["biq2021"])
    body = int8_encoder.build_encoder(FeaturesOnly(photo).eval(), size, rated, calibration, keep)
    return Network(photo, body, PhotoEncoder(int8_encoder.encoder_scorer(body), cache))


def write_model(
    root: Path,
    out: Path,
    network: Network,
    material: Material,
    fit: Callable[[Rows], Heads],
    recipe: Recipe,
    made_by: Mapping[str, Any],
    **said: str,
) -> ModelInfo:
    """Fit the heads, measure them out of fold, and write the model file.

    Args:
        root: folder of the data sets.
        out: model file to write.
        material: what is learned from, by the network's features.
        fit: heads for the photographs of these rows.
        recipe: how the model is measured.
        made_by: settings, for the model file.
        said: name, description and backbone.
    """
    held_out = out_of_fold.predict_held_out(material, fit, recipe.familiarity, recipe.folds, recipe.seed)
    heads = fit({name: np.ones(len(each), bool) for name, each in material.photos.items()})
    settings = {**plain(made_by), "kept": list(network.body.float_layers)}
    info, thresholds = describe(
        root, material, held_out, network.encoder, recipe, size=network.body.size, made_by=settings, **said
    )
    model = assemble(network.photo, material, heads, thresholds, info, recipe.familiarity)
    int8_encoder.write_quantized(model, info, network.body, out)
    if enough_for_series(material.photos):
        info = replace(info, series=learn_series(Scorer(out), material.photos))
        write_series(out, info)
    return info


def assemble(
    photo: PhotoFeatures,
    material: Material,
    heads: Heads,
    thresholds: np.ndarray,
    info: ModelInfo,
    settings: FamiliaritySettings,
) -> KernelModel:
    """The whole model: the network that computes the features, then the heads."""
    at = {task.name: place for place, task in enumerate(info.tasks)}
    ratings = {task.name for task in info.tasks if task.kind == "rating"}
    machines = [
        MachineSpec(
            each.head, each.weights, tuple(at[task] for task in each.tasks), len(ratings.intersection(each.tasks))
        )
        for each in heads.machines
    ]
    width, columns = sum(len(block.mean) for block in material.blocks), len(at) - 1
    linear = LinearHead(torch.zeros(width, columns), torch.zeros(columns))
    for plane in heads.planes:
        places = [at[task] for task in plane.tasks]
        linear.weight[:, places] += plane.head.weight
        linear.bias[places] += plane.head.bias
    support, _, _ = out_of_fold.familiarity_support(material, settings)
    familiarity = Familiarity(support, settings.weights, settings.sharpness, torch.from_numpy(thresholds))
    low, high = torch.tensor([(task.low, task.high) for task in info.tasks], dtype=torch.float32).T
    typical = torch.tensor(material.typical, dtype=torch.float32)
    return KernelModel(photo, material.blocks, machines, linear, familiarity, typical, low, high).eval()
