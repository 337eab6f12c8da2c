"""What is known of photographs before their ratings are learned: by an embedded model, or by a backbone."""

from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import default
from beholder.models import registry
from beholder.models.backbones.base import create_backbone
from beholder.scoring.scorer import Scorer
from beholder.systems.probe.heads import Known
from beholder.training.features import Extractor, compute_features


def by_embedded(photos: RatedPhotos, scorer: Scorer, cache: Path | None = None) -> Known:
    """Scores and embedding of a model file, cached.

    Raises:
        PhotoError: a photograph that does not decode.
        BeholderError: the cache folder cannot be written.
    """
    count = len(scorer.info.tasks)

    def compute(pixels: np.ndarray) -> np.ndarray:
        found = scorer.run(pixels, np.ones((len(pixels), 2), int))
        return np.hstack([found.values, found.embedding])

    width = compute(np.zeros((1, *scorer.info.size[::-1], 3), np.uint8)).shape[1]
    extractor = Extractor(f"scores and embedding of {scorer.id}", scorer.info.size, 1, (width,), compute)
    scores, embedding = np.split(np.array(compute_features(photos, extractor, cache)[0]), [count], axis=1)
    return Known(embedding, scores, scorer.info.tasks)


def backbone_extractor(name: str) -> Extractor:
    """The features of a backbone with its pretrained weights, as a function of pixels.

    Those of the default model's network are its embedding in single precision; those of others are pooled from the last
    layer.

    Raises:
        BeholderError: the weights cannot be fetched.
    """
    if name == default.BACKBONE:
        return default.extractor(default.DefaultRecipe())
    backbone = create_backbone(name)

    def compute(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            found: np.ndarray = backbone(torch.from_numpy(pixels.transpose(0, 3, 1, 2))).numpy()
        return found

    key = f"{name} {registry.WEIGHTS[name].digest} squash {backbone.side}"
    return Extractor(key, (backbone.side, backbone.side), 2, (backbone.channels,), compute)
