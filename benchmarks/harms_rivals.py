"""The models that `benchmarks.harms` measures: model files, and NIMA-MobileNet."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.errors import BeholderError
from beholder.photos.read import Pixels
from beholder.photos.resize import resize_exact
from beholder.scoring.batch import THREADS, score_photos
from beholder.scoring.scorer import Scorer
from beholder.scoring.scores import Scores

SEED = 0
RESAMPLES = 1000  # of intervals


@dataclass(frozen=True)
class Rival:
    """A model that is measured.

    Attributes:
        name: in the heads of tables.
        score: photographs -> task -> (N,) scores; the overall score is called ``overall``.
        scorer: of a model file; None for a program of others.
    """

    name: str
    score: Callable[[Sequence[Pixels]], dict[str, np.ndarray]]
    scorer: Scorer | None = None


def ours(model: str) -> Rival:
    """A model file, or an embedded model. Raises ModelError if it cannot be opened."""
    scorer = Scorer(model, THREADS)

    def score(pixels: Sequence[Pixels]) -> dict[str, np.ndarray]:
        scores = scores_of(scorer, pixels)
        return {"overall": scores.overall, **scores.attributes}

    return Rival(scorer.info.name if model in ("default", "fast") else Path(model).stem, score, scorer)


def nima_mobilenet() -> Rival:
    """NIMA-MobileNet, whose overall score is its mean vote of 1 to 10. Raises where it does not run."""
    from benchmarks import nima  # needs PyTorch

    extractor = nima.extractor()

    def score(pixels: Sequence[Pixels]) -> dict[str, np.ndarray]:
        resized = [resize_exact(each, extractor.size) for each in pixels]
        parts = [extractor.compute(np.stack(resized[start : start + 8])) for start in range(0, len(resized), 8)]
        return {"overall": np.concatenate(parts)[:, 0]}

    return Rival("NIMA-MobileNet (1 to 10)", score)


def scores_of(scorer: Scorer, pixels: Iterable[Pixels]) -> Scores:
    """Scores of N pictures. Raises BeholderError for one that cannot be scored."""
    parts = []
    for result in score_photos(scorer, pixels):
        if result.scores is None:
            raise BeholderError(str(result.error))
        parts.append(result.scores)
    return Scores.concatenate(parts)


def told(rival: Rival, data: str | None) -> str:
    if rival.scorer is None:
        return "was trained on AVA"
    names = [each.name for each in rival.scorer.info.data]
    if data in names:
        return "these photographs were IN ITS TRAINING"
    return f"was trained on {', '.join(names) or 'data that its file does not name'}"
