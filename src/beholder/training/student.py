"""Make the fast model: `beholder train student --data FOLDER`.

The default model's network sees a smaller photograph, 133 tokens instead of 257, and computes in eight bits. What that
loses, a teacher gives back in part: heads on the default model's embedding say what it would score, for rated
photographs and for those of BIQ2021 that nobody rated for beauty, valence or arousal, and the student's heads learn
from both. The teacher's heads are fitted anew in every fold, to that fold's training ratings alone, so nothing that is
measured has been seen by teacher or student.

Features come from the very graph that is written, so its rounding is in everything that is measured.

Time: 15 minutes on two cores, most of it the teacher's embedding; that is kept, as the student's is, and a run that was
stopped goes on.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from beholder.data import load
from beholder.data.rated import RatedPhotos
from beholder.files import explained, replacing
from beholder.model_file import ModelInfo
from beholder.models.default import DefaultModel, TokenFeatures
from beholder.models.dinov2 import LeanDinoV2
from beholder.scorer import Scorer
from beholder.training import default, ridge
from beholder.training.export import export, packed
from beholder.training.features import Extractor, features, look
from beholder.training.heads import Seen, fit_heads
from beholder.training.quantise import rewritten


@dataclass(frozen=True)
class Recipe:
    """Settings of the fast model.

    Attributes:
        size: (width, height) in pixels that photographs are squashed to, multiples of 14.
        layers: blocks whose tokens the heads read.
        penalty: of the ridge regressions.
        rated: how many times a rated photograph counts, and
        unrated: one that the teacher alone has scored.
        trust: share of the teacher in what is learned of a rated photograph.
        calibration: photographs of each data set that the ranges of eight bits come from.
        folds, seed, coverage, beauty_loss: as of the default model.
    """

    size: tuple[int, int] = (168, 154)
    layers: tuple[int, ...] = (7, 9, 10, 11)
    penalty: float = 1.0
    rated: float = 2.0
    unrated: float = 0.3
    trust: float = 0.5
    calibration: int = 24
    folds: int = 5
    seed: int = 0
    coverage: float = 0.9
    beauty_loss: float = 0.01


def train(root: Path, out: Path, recipe: Recipe | None = None, cache: Path | None = None) -> ModelInfo:
    """Train, measure and write the fast model.

    Args:
        root: folder with ``oasis/`` and ``biq2021/``.
        out: model file to write.
        cache: folder for weights and features, the user's cache by default.

    Raises:
        BeholderError: data or weights that are missing or not as expected, or a file that cannot be written.
    """
    recipe = recipe or Recipe()
    oasis, biq = load("oasis", root), load("biq2021", root)
    teacher = Scorer("default")
    with TemporaryDirectory() as folder:
        student = body(recipe, (oasis, biq), Path(folder) / "body.onnx")
    taught, known = (
        [features(photos, embedder(each), cache)[0] for photos in (oasis, biq)] for each in (student, teacher)
    )
    heads = fit_heads(
        Seen(oasis, taught[0], learner(taught, known, oasis.ratings, recipe)),
        Seen(biq, taught[1], plain_learner(taught[1], biq.ratings, recipe.penalty)),
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
            "teacher": teacher.id,
            "blend": heads.blend.rounded,
        },
        licence="Apache-2.0",
        attribution=default.ATTRIBUTION,
    )
    write(heads.under(lean(recipe)), info, calibration((oasis, biq), recipe), out)
    return info


def body(recipe: Recipe, data: Sequence[RatedPhotos], path: Path) -> Scorer:
    """The fast model before it has heads, as a file: its embedding is that of the finished model."""
    network, draft = lean(recipe), Scorer("default").info
    width = len(recipe.layers) * 2 * network.backbone.norm.normalized_shape[0]
    nothing = torch.zeros(len(draft.tasks), width)
    headless = DefaultModel(network, nothing, nothing[:, 0], nothing, nothing[:, 0], nothing[:, 0])
    write(headless, replace(draft, size=recipe.size), calibration(data, recipe), path)
    return Scorer(path)


def lean(recipe: Recipe) -> TokenFeatures:
    """The network that sees, in the form for eight bits."""
    found = default.frozen(default.Recipe(layers=recipe.layers))
    return TokenFeatures(LeanDinoV2(found.backbone), recipe.layers).eval()


def embedder(scorer: Scorer) -> Extractor:
    """What a model file sees, as features of photographs."""

    def compute(pixels: np.ndarray) -> np.ndarray:
        return scorer.run(pixels, np.ones((len(pixels), 2), int)).embedding

    width = compute(np.zeros((1, *scorer.info.size[::-1], 3), np.uint8)).shape[1]
    return Extractor(f"embedding of {scorer.id}", scorer.info.size, 1, (width,), compute)


def learner(
    student: Sequence[np.ndarray], teacher: Sequence[np.ndarray], ratings: np.ndarray, recipe: Recipe
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


def calibration(data: Sequence[RatedPhotos], recipe: Recipe) -> np.ndarray:
    """Prepared pixels of some photographs of each data set, evenly spaced."""
    seen = Extractor("", recipe.size, 1, (), np.asarray)
    paths = [photos.paths[i] for photos in data for i in _spaced(len(photos), recipe.calibration)]
    return np.stack([look(path, seen) for path in paths])


def write(network: DefaultModel, info: ModelInfo, pixels: np.ndarray, path: Path) -> None:
    """A model file in eight bits, calibrated with these pixels."""
    with TemporaryDirectory() as folder:
        single = Path(folder) / "single.onnx"
        export(network, info, single)
        model = rewritten(single, pixels)
    with replacing(path, "the model file") as partial, explained(path, "the model file"):
        partial.write_bytes(packed(model, info))


def _spaced(count: int, wanted: int) -> list[int]:
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).astype(int)).tolist()
