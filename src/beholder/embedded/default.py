"""Make the default model: `beholder train default --root DATA`.

Features are those of a frozen DINOv2 in eight bits and statistics of the pixels (`beholder.models.photo_features`); the
heads are kernel machines (`beholder.embedded.kernel_heads`), which have a closed form. They learn from the ratings of
four data sets, and from copies of the photographs that were edited by known amounts (`beholder.embedded.copies`): what
is too dark, blurred or tilted, and that the picture loses by it.

All metrics come from predictions of photographs that the measured heads were not fitted to
(`beholder.embedded.out_of_fold`).

Time: 40 minutes on two cores, nearly all of it for features; these are cached, and a run that was stopped goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import appeal as appeal_set
from beholder.embedded import int8_encoder, out_of_fold
from beholder.embedded.columns import Column, mean_of, reference_of, tidy, training_data
from beholder.embedded.held_out_harms import measure_harms
from beholder.embedded.kernel_heads import EDIT_TASKS, RATED, Heads, HeadSettings, fit_heads
from beholder.embedded.material import Material, blocks_of, gather, load_photos
from beholder.embedded.out_of_fold import FamiliaritySettings, HeldOut
from beholder.embedded.photo_encoder import FeaturesOnly, PhotoEncoder
from beholder.embedded.unlike_photos import make_pictures
from beholder.metrics import Estimate, auroc, resampled
from beholder.models import registry
from beholder.models.backbones.base import pretrained_state
from beholder.models.backbones.dinov2 import DinoV2
from beholder.models.dinov2_linear import TokenFeatures
from beholder.models.kernel_model import Familiarity, KernelModel, MachineSpec, weighted
from beholder.models.photo_features import LAYERS, SCENE_LAYERS, PhotoFeatures
from beholder.photos.edits import EDITS
from beholder.scoring.model_file import ModelInfo
from beholder.tasks import Task
from beholder.training.features import Extractor

BACKBONE = "dinov2_vits14"
ATTRIBUTIONS = {
    "oasis": "OASIS (Kurdi et al. 2017; Brielmann & Pelli 2019)",
    "biq2021": "BIQ2021 (Ahmed & Asif 2022)",
    "appeal": "image appeal (Göring et al., TU Ilmenau; pictures CC0, tables from a GPL-3.0 repository)",
    "composition": "composition (Göring & Raake 2021; tables from a GPL-3.0 repository, pictures for research)",
}
DISAGREEMENT_HIGH = 3.0  # points: the largest standard deviation of votes on a scale from 1 to 7
PICTURES = 20  # of each kind that are no photographs


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
    photo = PhotoFeatures(int8_encoder.lean(frozen_features(recipe, LAYERS))).eval()
    rated = (photos["oasis"], photos["biq2021"])
    size = (recipe.side, recipe.side)
    body = int8_encoder.build_encoder(FeaturesOnly(photo).eval(), size, rated, recipe.calibration, recipe.keep)
    encoder = PhotoEncoder(int8_encoder.encoder_scorer(body), cache)
    material = gather(root, photos, encoder)
    held_out = out_of_fold.predict_held_out(material, recipe.heads, recipe.familiarity, recipe.folds, recipe.seed)
    heads = fit_heads(
        material, {name: np.ones(len(each), bool) for name, each in photos.items()}, recipe.heads, recipe.seed
    )
    info, thresholds = describe(root, material, held_out, encoder, recipe, body.float_layers)
    int8_encoder.write_quantized(assemble(photo, material, heads, thresholds, info, recipe), info, body, out)
    return info


def frozen_features(recipe: DefaultRecipe, layers: tuple[int, ...] | None = None) -> TokenFeatures:
    """The frozen network with its pretrained weights; ``layers`` are those of the recipe by default."""
    backbone = DinoV2()
    backbone.load_state_dict(pretrained_state(BACKBONE))
    return TokenFeatures(backbone, layers or recipe.layers).eval()


def assemble(
    photo: PhotoFeatures,
    material: Material,
    heads: Heads,
    thresholds: np.ndarray,
    info: ModelInfo,
    recipe: DefaultRecipe,
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
    support, _, _ = out_of_fold.familiarity_support(material, recipe.familiarity)
    familiarity = Familiarity(
        support,
        recipe.familiarity.weights,
        recipe.familiarity.sharpness,
        torch.tensor(thresholds, dtype=torch.float32),
    )
    low, high = torch.tensor([(task.low, task.high) for task in info.tasks], dtype=torch.float32).T
    typical = torch.tensor(material.typical, dtype=torch.float32)
    return KernelModel(photo, material.blocks, machines, familiarity, typical, low, high).eval()


def tasks_of(photos: Mapping[str, RatedPhotos]) -> tuple[Task, ...]:
    """The tasks of a model that learned from these data sets, in the order of the columns."""
    beauty, valence, arousal = photos["oasis"].tasks[:3]
    learned = {name: photos[name].tasks[0] for name in photos}
    said = "Beauty and appeal in one score, on the scale of beauty; it falls with light, focus, colour and framing"
    found = [Task("overall", beauty.low, beauty.high, said), beauty]
    found += [learned["appeal"]] if "appeal" in learned else []
    found += [valence, arousal, learned["biq2021"]]
    found += [learned["composition"]] if "composition" in learned else []
    for name in EDIT_TASKS:
        each = EDITS[name]
        found.append(Task(name, each.low, each.high, each.description, "edit", each.unit, each.neutral))
    found.append(
        Task(
            "disagreement",
            0,
            DISAGREEMENT_HIGH,
            "How much people disagree: standard deviation of the votes for beauty",
            "disagreement",
            "points",
        )
    )
    said = "How near the picture is to the rated photographs: percentile among those that were held out"
    return (*found, Task("familiarity", 0, 100, said, "familiarity", "%"))


def describe(
    root: Path,
    material: Material,
    held_out: HeldOut,
    encoder: PhotoEncoder,
    recipe: DefaultRecipe,
    float_layers: tuple[str, ...],
) -> tuple[ModelInfo, np.ndarray]:
    """What the model file says of the model, and the (101,) thresholds of familiarity."""
    coverage, folds, seed = recipe.coverage, recipe.folds, recipe.seed
    photos = material.photos
    split = f"{folds}-fold, seed {seed}"
    ratings = list(out_of_fold.rating_columns(material, held_out, folds, seed))
    edits = list(out_of_fold.edit_columns(material, held_out, split))
    widest = {each.task: each for each in (*ratings, *edits)}  # by theme where there are themes: those come last
    references = {each.task: each.predicted for each in reversed(ratings)}
    references |= {task: out_of_fold.unedited(material, held_out, task) for task in EDIT_TASKS}
    thresholds = out_of_fold.thresholds_of(held_out)
    known = {name: out_of_fold.percentages(values, thresholds) for name, values in held_out.familiarity.items()}
    references["familiarity"] = np.concatenate(list(known.values()))
    tasks = tasks_of(photos)
    rated = {task.name for task in tasks if task.kind == "rating"}
    judged = [widest[task] for task in (*RATED, "overall", "quality", "appeal") if task in rated]
    metrics = [found for column in ratings for found in column.measure(coverage)]
    if "appeal" in photos:
        sources = appeal_set.read_labels(root / "appeal").sources
        by_source = out_of_fold.overall_by_appeal(material, held_out, sources, split)
        metrics += [column.measure(coverage)[0] for column in by_source]
    metrics += [error for column in edits for error in _edit_errors(column)]
    metrics += out_of_fold.coverage_by_fifth(judged, known, coverage, split)
    metrics.append(_familiarity_metric(material, held_out, encoder, recipe, split))
    metrics += measure_harms(encoder, material.blocks, held_out.heads, photos["oasis"], held_out.folds["oasis"], split)
    settings = asdict(recipe)
    info = ModelInfo(
        name="default",
        description="Beauty, appeal, valence, arousal, technical quality and simplicity of a photograph, the edits "
        "that it seems to need, and how sure that is, from frozen DINOv2 features and pixel statistics",
        backbone=BACKBONE,
        size=(recipe.side, recipe.side),
        resize="squash",
        tasks=tasks,
        half_width=tuple(widest[task.name].half_width(coverage) if task.name in widest else 0.0 for task in tasks),
        reference=tuple(reference_of(references[task.name]) for task in tasks),
        data=tuple(map(training_data, photos.values())),
        metrics=tuple(map(tidy, metrics)),
        recipe={**_plain(settings), "kept": list(float_layers)},
        licence="Apache-2.0",
        attribution=attribution(photos),
        unlike=recipe.familiarity.unlike,
        widening=tuple(out_of_fold.widening_of(judged, known, coverage)),
    )
    return info, thresholds


def attribution(data: Iterable[str]) -> str:
    """Authors of the network, and of the data sets of these names."""
    rated = "; ".join(ATTRIBUTIONS[name] for name in data)
    return f"Contains DINOv2 ViT-S/14 by Meta Platforms, Inc. (Apache-2.0). Heads fitted to ratings of {rated}."


def _edit_errors(column: Column) -> list[Estimate]:
    """Mean error of the amount where there is an edit, and of always saying the mean."""
    made = column.truth != EDITS[column.task].neutral
    truth, predicted = column.truth[made], column.predicted[made]
    return [
        mean_of("mae", column.task, column.data, column.split, np.abs(truth - predicted)),
        mean_of("mae_of_mean", column.task, column.data, column.split, np.abs(truth - truth.mean())),
    ]


def _familiarity_metric(
    material: Material, held_out: HeldOut, encoder: PhotoEncoder, recipe: DefaultRecipe, split: str
) -> Estimate:
    """How well familiarity tells held-out photographs from pictures that are none."""
    made = [pixels for kind in make_pictures(PICTURES, recipe.seed).values() for pixels in kind]
    features = encoder.all_of((partial(encoder.resize, pixels) for pixels in made), len(made))
    settings = recipe.familiarity
    support, _, _ = out_of_fold.familiarity_support(material, settings)
    unlike = out_of_fold.levels(
        weighted(blocks_of(material.blocks, features), settings.weights), support, settings.sharpness
    )
    like = held_out.familiarity["oasis"]
    found = resampled(lambda rows: auroc(like[rows], unlike), len(like))
    return Estimate(
        "auroc", "familiarity", "oasis", f"against {len(made)} script-made pictures, {split}", len(like), *found
    )


def _plain(settings: dict[str, object]) -> dict[str, object]:
    """With lists for tuples, as JSON has them."""
    return {
        name: _plain(value) if isinstance(value, dict) else list(value) if isinstance(value, tuple) else value
        for name, value in settings.items()
    }
