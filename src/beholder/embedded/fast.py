"""Make the fast model: `beholder train fast --root DATA`.

The network of the default model reads a smaller photograph, 73 tokens instead of 257, and computes in eight bits. Two
steps recover most of the accuracy that this loses.

- The network is distilled (`beholder.embedded.distillation`) on photographs of BIQ2021, without ratings: it learns to
  compute from the small photograph what the default model's computes from the larger one. Then its parameters move part
  of the way back to the pretrained ones, which helps on photographs unlike those of BIQ2021.
- The heads learn from ratings and from the predictions of teacher heads on the default model's embedding: for rated
  photographs, and for those of BIQ2021, which nobody rated for beauty, valence or arousal. Teacher heads are fitted in
  every fold to the training ratings of that fold alone, so no rating that is tested on is used in training.

Features come from the same eight-bit graph that is written, so all metrics include its rounding.

Time: 50 minutes on two cores that compute in bf16, most of it for the distillation; checkpoints and features are kept,
and an interrupted run continues.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from beholder.data.registry import load_data
from beholder.embedded import default, distillation, int8_encoder
from beholder.embedded.heads import RatedFeatures, fit_heads
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scorer import Scorer
from beholder.training import ridge
from beholder.training.features import compute_features
from beholder.training.loop import OnEpoch


@dataclass(frozen=True)
class FastRecipe:
    """Settings of the fast model.

    Attributes:
        size: (width, height) in pixels that photographs are squashed to, multiples of 14.
        layers: blocks whose tokens the heads read.
        distilling: settings of the distillation.
        before: weight of the pretrained parameters in the interpolation after distillation.
        penalty: of the ridge regression.
        rated: weight of a rated photograph.
        unrated: weight of a photograph with teacher predictions only.
        trust: weight of the teacher prediction in the target of a rated photograph; the rest is the rating.
        keep: number of layers that stay in single precision, of 72.
        calibration: number of photographs of each data set that calibrate the eight-bit ranges.
        folds, seed, coverage, beauty_loss: as of the default model.
    """

    size: tuple[int, int] = (126, 112)
    layers: tuple[int, ...] = (7, 9, 10, 11)
    distilling: distillation.DistillationRecipe = field(default_factory=distillation.DistillationRecipe)
    before: float = 0.4
    penalty: float = 1.0
    rated: float = 2.0
    unrated: float = 0.3
    trust: float = 0.5
    keep: int = 2
    calibration: int = 24
    folds: int = 5
    seed: int = 0
    coverage: float = 0.9
    beauty_loss: float = 0.01


def train(
    root: Path,
    out: Path,
    recipe: FastRecipe | None = None,
    *,
    checkpoint: Path | None = None,
    cache: Path | None = None,
    device: torch.device | None = None,
    on_epoch: OnEpoch = lambda row: None,
) -> ModelInfo:
    """Train the fast model, measure it and write its file.

    Args:
        root: folder with ``oasis/`` and ``biq2021/``.
        out: model file to write.
        checkpoint: file for the state of the distillation; None keeps none.
        cache: folder for weights and features, the user's cache by default.
        device: where the network is distilled; the CPU by default.
        on_epoch: called after each epoch of the network.

    Raises:
        BeholderError: missing or unexpected data or weights, or a file that cannot be written.
    """
    recipe = recipe or FastRecipe()
    oasis, biq = load_data("oasis", root), load_data("biq2021", root)
    pretrained = default.frozen_features(default.DefaultRecipe(layers=recipe.layers))
    network = distillation.distill(
        pretrained,
        recipe.size,
        biq,
        recipe.distilling,
        checkpoint=checkpoint,
        device=device or torch.device("cpu"),
        on_epoch=on_epoch,
    )
    teacher = Scorer("default")
    network = distillation.interpolate(pretrained, network, recipe.before)
    network = int8_encoder.lean(network)
    body = int8_encoder.without_heads(network)
    encoder = int8_encoder.build_encoder(body, recipe.size, (oasis, biq), recipe.calibration, recipe.keep)
    taught, known = (
        [compute_features(photos, int8_encoder.embedding_extractor(scorer), cache)[0] for photos in (oasis, biq)]
        for scorer in (int8_encoder.encoder_scorer(encoder), teacher)
    )
    heads = fit_heads(
        RatedFeatures(oasis, taught[0], distilled_learner(taught, known, oasis.ratings, recipe)),
        RatedFeatures(biq, taught[1], plain_learner(taught[1], biq.ratings, recipe.penalty)),
        recipe,
    )
    info = ModelInfo(
        name="fast",
        description="Beauty, valence, arousal and technical quality of a photograph, "
        "by the student of the default model",
        backbone=default.BACKBONE,
        size=recipe.size,
        resize="squash",
        **heads.metadata,
        recipe={
            **asdict(recipe),
            "size": list(recipe.size),
            "layers": list(recipe.layers),
            "kept": list(encoder.float_layers),
            "teacher": teacher.id,
            "blend": heads.blend.rounded,
        },
        licence="Apache-2.0",
        attribution=default.attribution(("oasis", "biq2021")),
    )
    int8_encoder.write_quantized(heads.attach_to(network), info, encoder, out)
    return info


def distilled_learner(
    student: Sequence[np.ndarray], teacher: Sequence[np.ndarray], ratings: np.ndarray, recipe: FastRecipe
) -> ridge.Learner:
    """Learn heads from ratings and from the predictions of teacher heads fitted to the same ratings.

    Args:
        student: features of the rated photographs (N, D) and of others (M, D).
        teacher: features of the same photographs by the teacher, of its own width.
        ratings: (N, K).
        recipe: the weights of ratings and predictions.
    """
    teach = ridge.learner(teacher[:1], ratings)

    def learn(rows: np.ndarray, groups: Sequence[str] | None = None) -> ridge.LinearHead:
        head = teach(rows, groups)
        mixed = (1 - recipe.trust) * ratings[rows] + recipe.trust * head(teacher[0][rows])
        counts = np.repeat([recipe.rated, recipe.unrated], [len(mixed), len(teacher[1])])
        features, targets = np.concatenate([student[0][rows], student[1]]), np.concatenate([mixed, head(teacher[1])])
        return ridge.fit_path(features, targets, (recipe.penalty,), counts)[0]

    return learn


def plain_learner(features: np.ndarray, ratings: np.ndarray, penalty: float) -> ridge.Learner:
    """Learn heads from ratings alone, with a given penalty."""

    def learn(rows: np.ndarray, groups: Sequence[str] | None = None) -> ridge.LinearHead:
        return ridge.fit_path(features[rows], ratings[rows], (penalty,))[0]

    return learn
