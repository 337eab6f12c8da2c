"""The results of an evaluation, as values and as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.evaluation.selection import TaskPair, scale_of
from beholder.metrics import Estimate


@dataclass(frozen=True)
class Agreement:
    """How well one task of a model agrees with the ratings.

    Attributes:
        pair: the task of the data and that of the model.
        n: number of photographs that have this rating and a score.
        metrics: srcc, plcc, krcc (with SciPy), rmse, mae, accuracy; coverage90 for pairs of the same task.
        p: two-sided p-value of srcc, NaN without SciPy.
        threshold: threshold of the accuracy, native units of the data.
        above: share of the ratings at or above the threshold. A model that always predicts the more frequent side has
            the accuracy ``max(above, 1 - above)``.
    """

    pair: TaskPair
    n: int
    metrics: tuple[Estimate, ...]
    p: float
    threshold: float
    above: float


@dataclass(frozen=True)
class ModelEvaluation:
    """The results of one model.

    Attributes:
        model: its id.
        agreements: the overall task first.
        predicted: name of a task pair -> (N,) scores in the units of the data, NaN for photographs without a score.
        warnings: why the photographs may not be new to the model.
        notes: other remarks on how to read the numbers.
    """

    model: str
    agreements: tuple[Agreement, ...]
    predicted: dict[str, np.ndarray]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A metric of the first model minus that of the second, on the same photographs, and what it means in words."""

    measured: Estimate
    verdict: str


@dataclass(frozen=True)
class Evaluation:
    """The results of one or two models on one part of a data set.

    Attributes:
        photos: N photographs of that part.
        sha256: content hash of the whole data set.
        part: name of the part.
        split: origin of the split, in words.
        models: one or two.
        differences: those between two models, otherwise empty.
        failures: file name of a photograph -> why it has no score.
        refused: why two models are not compared, and what to do; None if they are, or if there is one.
    """

    photos: RatedPhotos
    sha256: str
    part: str
    split: str
    models: tuple[ModelEvaluation, ...]
    differences: tuple[Difference, ...]
    failures: dict[str, str]
    refused: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The results for JSON."""
        return {
            "data": self.photos.name,
            "sha256": self.sha256,
            "part": self.part,
            "split": self.split,
            "photographs": len(self.photos),
            "models": [_model_dict(model) for model in self.models],
            "differences": [{**asdict(each.measured), "verdict": each.verdict} for each in self.differences],
            "no_verdict": self.refused,
            "not_evaluated": [{"image": file, "error": reason} for file, reason in self.failures.items()],
        }


def _model_dict(evaluation: ModelEvaluation) -> dict[str, Any]:
    tasks = [
        {
            "task": each.pair.rated.name,
            "predicted_by": each.pair.scored.name,
            "scale": scale_of(each.pair.rated),
            "model_scale": scale_of(each.pair.scored),
            "n": each.n,
            "srcc_p": each.p,
            "threshold": each.threshold,
            "above_threshold": each.above,
            "metrics": [metric.as_dict() for metric in each.metrics],
        }
        for each in evaluation.agreements
    ]
    return {
        "model": evaluation.model,
        "warnings": evaluation.warnings,
        "notes": evaluation.notes,
        "tasks": tasks,
    }
