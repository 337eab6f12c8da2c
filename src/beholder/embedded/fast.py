"""Make the fast model: `beholder train fast --data FOLDER`.

The default model's network sees a smaller photograph, 73 tokens instead of 257, and computes in eight bits. What that
loses is given back in two ways.

- The network learns to see in the small photograph what it saw in the larger one (`beholder.embedded.distillation`), on
  photographs of BIQ2021, without ratings. Then its parameters go back a part of the way that they went, which serves
  photographs unlike those.
- Heads on the default model's embedding say what it would score, for rated photographs and for those of BIQ2021 that
  nobody rated for beauty, valence or arousal, and the student's heads learn from both. These heads are fitted anew in
  every fold, to that fold's training ratings alone, so no rating that is measured with has been seen.

Features come from the very graph that is written, so its rounding is in everything that is measured.

Time: 50 minutes on two cores that compute in bf16, most of it the network's; checkpoints and features are kept, and a
run that was stopped goes on.
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
from beholder.training.features import features
from beholder.training.loop import OnEpoch


@dataclass(frozen=True)
class FastRecipe:
    """Settings of the fast model.

    Attributes:
        size: (width, height) in pixels that photographs are squashed to, multiples of 14.
        layers: blocks whose tokens the heads read.
        distilling: how the network learns.
        before: share of what its parameters were before in what they become.
        penalty: of the ridge regressions.
        rated: how many times a rated photograph counts, and
        unrated: one that the teacher alone has scored.
        trust: share of the teacher in what is learned of a rated photograph.
        keep: layers that stay in single precision, of 72.
        calibration: photographs of each data set that the ranges of eight bits come from.
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
    """Train, measure and write the fast model.

    Args:
        root: folder with ``oasis/`` and ``biq2021/``.
        out: model file to write.
        checkpoint: of the network that learns; None keeps none.
        cache: folder for weights and features, the user's cache by default.
        where: the network learns; on the CPU by default.
        on_epoch: called after each epoch of the network.

    Raises:
        BeholderError: data or weights that are missing or not as expected, or a file that cannot be written.
    """
    recipe = recipe or FastRecipe()
    oasis, biq = load_data("oasis", root), load_data("biq2021", root)
    pretrained = default.frozen(default.DefaultRecipe(layers=recipe.layers))
    network = distillation.distil(
        pretrained,
        recipe.size,
        biq,
        recipe.distilling,
        checkpoint=checkpoint,
        device=device or torch.device("cpu"),
        on_epoch=on_epoch,
    )
    teacher = Scorer("default")
    network = distillation.mixed(pretrained, network, recipe.before)
    sees = int8_encoder.body(network, recipe.size, (oasis, biq), recipe.calibration, recipe.keep)
    taught, known = (
        [features(photos, int8_encoder.embedder(scorer), cache)[0] for photos in (oasis, biq)]
        for scorer in (int8_encoder.scorer(sees), teacher)
    )
    heads = fit_heads(
        RatedFeatures(oasis, taught[0], learner(taught, known, oasis.ratings, recipe)),
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
        **heads.described,
        recipe={
            **asdict(recipe),
            "size": list(recipe.size),
            "layers": list(recipe.layers),
            "kept": list(sees.kept),
            "teacher": teacher.id,
            "blend": heads.blend.rounded,
        },
        licence="Apache-2.0",
        attribution=default.ATTRIBUTION,
    )
    int8_encoder.write(sees, heads, info, out)
    return info


def learner(
    student: Sequence[np.ndarray], teacher: Sequence[np.ndarray], ratings: np.ndarray, recipe: FastRecipe
) -> ridge.Learn:
    """From ratings, and from what heads that were fitted to the same ratings make of the teacher's embedding.

    Args:
        student: features of the rated photographs (N, D) and of others (M, D).
        teacher: likewise, of its own width.
        ratings: (N, K).
        recipe: how much each counts.
    """
    teach = ridge.learner(teacher[:1], ratings)

    def learn(rows: np.ndarray, groups: Sequence[str] | None = None) -> ridge.Linear:
        head = teach(rows, groups)
        mixed = (1 - recipe.trust) * ratings[rows] + recipe.trust * head(teacher[0][rows])
        counts = np.repeat([recipe.rated, recipe.unrated], [len(mixed), len(teacher[1])])
        seen, targets = np.concatenate([student[0][rows], student[1]]), np.concatenate([mixed, head(teacher[1])])
        return ridge.fit_path(seen, targets, (recipe.penalty,), counts)[0]

    return learn


def plain_learner(seen: np.ndarray, ratings: np.ndarray, penalty: float) -> ridge.Learn:
    """From ratings alone, with a given penalty."""

    def learn(rows: np.ndarray, groups: Sequence[str] | None = None) -> ridge.Linear:
        return ridge.fit_path(seen[rows], ratings[rows], (penalty,))[0]

    return learn
