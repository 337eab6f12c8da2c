"""What is known of photographs before their ratings are learned: by an embedded model, or by a backbone."""

from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.models import registry
from beholder.models.backbones.base import Backbone
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
    scores, embedding = np.split(compute_features(photos, extractor, cache)[0], [count], axis=1)
    return Known(embedding, scores, scorer.info.tasks)


def by_backbone(photos: RatedPhotos, name: str, backbone: Backbone, cache: Path | None = None) -> list[np.ndarray]:
    """Pooled features (N, D) by a backbone with its pretrained weights, of the photographs and of their mirror images.

    Raises as :func:`by_embedded`.
    """

    def compute(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            found: np.ndarray = backbone(torch.from_numpy(pixels.transpose(0, 3, 1, 2))).numpy()
        return found

    key = f"{name} {registry.WEIGHTS[name].digest} squash {backbone.side}"
    extractor = Extractor(key, (backbone.side, backbone.side), 2, (backbone.channels,), compute)
    return list(compute_features(photos, extractor, cache))
