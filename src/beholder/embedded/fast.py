"""Make the fast model: `beholder train fast --root DATA`.

The network of the default model reads a smaller photograph, 73 tokens instead of 257, and computes in eight bits. Two
steps recover most of the accuracy that this loses.

- The network is distilled (`beholder.embedded.distillation`) on photographs of BIQ2021, without ratings: it learns to
  compute from the small photograph what the default model's computes from the larger one. Then its parameters move part
  of the way back to the pretrained ones, which helps on photographs unlike those of BIQ2021.
- The heads learn from the heads of the default model (`beholder.embedded.student_heads`), for all photographs and their
  edited copies. These are fitted anew in every fold, to the photographs of that fold alone, so no rating that is tested
  on is used in training.

Features come from the same eight-bit graph that is written, so all metrics include its rounding.

Time: 90 minutes on two cores that compute in bf16, most of it for the distillation and for features, also those of the
default model; checkpoints and features are kept, and an interrupted run continues.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import default, distillation, int8_encoder
from beholder.embedded.build import build_network, write_model
from beholder.embedded.kernel_heads import Heads, HeadSettings, Rows, fit_heads
from beholder.embedded.material import gather, load_photos
from beholder.embedded.out_of_fold import FamiliaritySettings
from beholder.embedded.student_heads import StudentSettings, fit_student
from beholder.models.dinov2_linear import TokenFeatures
from beholder.models.photo_features import LAYERS
from beholder.scoring.model_file import ModelInfo
from beholder.training.loop import OnEpoch


@dataclass(frozen=True)
class FastRecipe:
    """Settings of the fast model.

    Attributes:
        size: (width, height) in pixels that photographs are squashed to, multiples of 14.
        layers: blocks whose tokens are distilled.
        distilling: settings of the distillation.
        before: weight of the pretrained parameters in the interpolation after distillation.
        heads: of the machines.
        teachers: of the machines that they learn from.
        familiarity: as of the default model.
        keep: number of layers that stay in single precision, of 72.
        calibration: number of photographs of each data set that calibrate the eight-bit ranges.
        folds, seed, coverage: as of the default model.
    """

    size: tuple[int, int] = (126, 112)
    layers: tuple[int, ...] = (7, 9, 10, 11)
    distilling: distillation.DistillationRecipe = field(default_factory=distillation.DistillationRecipe)
    before: float = 0.4
    heads: StudentSettings = field(default_factory=StudentSettings)
    teachers: HeadSettings = field(default_factory=HeadSettings)
    familiarity: FamiliaritySettings = field(default_factory=FamiliaritySettings)
    keep: int = 2
    calibration: int = 24
    folds: int = 5
    seed: int = 0
    coverage: float = 0.9


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
        root: folder with ``oasis/`` and ``biq2021/``, and if possible ``appeal/`` and ``composition/``.
        out: model file to write.
        checkpoint: file for the state of the distillation; None keeps none.
        cache: folder for weights and features, the user's cache by default.
        device: where the network is distilled; the CPU by default.
        on_epoch: called after each epoch of the network.

    Raises:
        BeholderError: missing or unexpected data or weights, or a file that cannot be written.
    """
    recipe = recipe or FastRecipe()
    photos = load_photos(root)
    pretrained = default.frozen_features(default.DefaultRecipe(layers=recipe.layers))
    student = distillation.distill(
        pretrained,
        recipe.size,
        photos["biq2021"],
        recipe.distilling,
        checkpoint=checkpoint,
        device=device or torch.device("cpu"),
        on_epoch=on_epoch,
    )
    student = distillation.interpolate(pretrained, student, recipe.before)
    student.layers = LAYERS
    return finish(root, out, photos, int8_encoder.lean(student), recipe, cache)


def finish(
    root: Path,
    out: Path,
    photos: Mapping[str, RatedPhotos],
    student: TokenFeatures,
    recipe: FastRecipe,
    cache: Path | None = None,
) -> ModelInfo:
    """Fit the heads to a distilled network, measure them and write the model file. Arguments as of :func:`train`."""
    teacher = default.build(default.DefaultRecipe(heads=recipe.teachers), photos, cache)
    known = gather(root, photos, teacher.encoder)
    network = build_network(student, recipe.size, photos, recipe.calibration, recipe.keep, cache)
    material = gather(root, photos, network.encoder, recipe.heads.widths)

    def fit(rows: Rows) -> Heads:
        teachers = fit_heads(known, rows, recipe.teachers, recipe.seed)
        return fit_student(material, known, teachers, rows, recipe.heads, recipe.seed)

    return write_model(
        root,
        out,
        network,
        material,
        fit,
        recipe,
        {**asdict(recipe), "teacher": teacher.encoder.scorer.id},
        name="fast",
        description="Beauty, appeal, valence, arousal, technical quality and simplicity of a photograph, the edits "
        "that it seems to need, and how sure that is, by the student of the default model",
        backbone=default.BACKBONE,
    )
