"""Make the default model: `beholder train default --data FOLDER`.

Frozen DINOv2 features of every rated photograph and its mirror image, one linear head with a row for each task, each
row fitted to the photographs that were rated for it. With a squared-error ridge the joint masked fit and the fits one
task at a time are the same, so nothing is lost by solving them exactly.

Everything that is claimed of the model comes from out-of-fold predictions: the metrics, the widths of the intervals,
the percentile reference and the blend. The penalties are chosen inside each training part.

Time: 12 to 20 minutes on two cores, nearly all of it features; those are kept, and a second run takes two minutes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from beholder import weights
from beholder.data import load
from beholder.data.folds import grouped_folds, random_folds
from beholder.evaluation.conformal import covered, half_width
from beholder.evaluation.metrics import Measured, bootstrap, measure, srcc
from beholder.model_file import ModelInfo, TrainingData, rounded
from beholder.models.default import DefaultModel, TokenFeatures
from beholder.models.dinov2 import DinoV2
from beholder.tasks import Task
from beholder.training import ridge
from beholder.training.export import export
from beholder.training.features import Extractor, features

BACKBONE = "dinov2_vits14"


@dataclass(frozen=True)
class Recipe:
    """Settings of the default model.

    Attributes:
        side: pixels a side that photographs are squashed to.
        layers: blocks whose tokens the head reads.
        mirror: train on the mirror image too.
        folds: of the cross-validation.
        seed: of its splits.
        coverage: of the intervals.
        beauty_loss: how much SRCC with rated beauty the overall score may give up, out of fold, for seeing quality.
    """

    side: int = 224
    layers: tuple[int, ...] = (9, 10, 11)
    mirror: bool = True
    folds: int = 5
    seed: int = 0
    coverage: float = 0.9
    beauty_loss: float = 0.01


@dataclass(frozen=True)
class Blend:
    """overall = bias + beauty * beauty_score + quality * quality_score, in points of beauty.

    ``share`` is the weight of quality when both are in units of their standard deviation.
    """

    bias: float
    beauty: float
    quality: float
    share: float

    def __call__(self, beauty: np.ndarray, quality: np.ndarray) -> np.ndarray:
        return self.bias + self.beauty * beauty + self.quality * quality


def extractor(recipe: Recipe) -> Extractor:
    """The frozen part of the model as a function of pixels."""
    network = frozen(recipe)

    def compute(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            found: np.ndarray = network(torch.from_numpy(pixels.transpose(0, 3, 1, 2))).numpy()
        return found

    width = len(recipe.layers) * 2 * network.backbone.norm.normalized_shape[0]
    key = f"{BACKBONE} {weights.REGISTRY[BACKBONE].digest} squash {recipe.side} layers {recipe.layers}"
    return Extractor(key, (recipe.side, recipe.side), 2 if recipe.mirror else 1, (width,), compute)


def train(root: Path, out: Path, recipe: Recipe | None = None, cache: Path | None = None) -> ModelInfo:
    """Train, measure and write the default model.

    Args:
        root: folder with ``oasis/`` and ``biq2021/``.
        out: model file to write.
        cache: folder for weights and features, the user's cache by default.

    Raises:
        BeholderError: data or weights that are missing or not as expected, or a file that cannot be written.
    """
    recipe = recipe or Recipe()
    oasis, biq = load("oasis", root), load("biq2021", root)
    look = extractor(recipe)
    seen_oasis, seen_biq = list(features(oasis, look, cache)), list(features(biq, look, cache))

    folds_oasis = random_folds(len(oasis), recipe.folds, recipe.seed)
    folds_biq = random_folds(len(biq), recipe.folds, recipe.seed)
    assert oasis.groups is not None
    folds_theme = grouped_folds(oasis.groups, recipe.folds, recipe.seed)
    held_out = ridge.out_of_fold(seen_oasis, oasis.ratings, folds_oasis)
    held_out_theme = ridge.out_of_fold(seen_oasis, oasis.ratings, folds_theme, oasis.groups)
    held_out_quality = ridge.out_of_fold(seen_biq, biq.ratings, folds_biq)[:, 0]

    head_oasis = ridge.fit(seen_oasis, oasis.ratings)
    head_biq = ridge.fit(seen_biq, biq.ratings)
    quality_of_oasis = head_biq(seen_oasis[0])[:, 0]  # none of these photographs is in BIQ2021
    beauty = oasis.ratings[:, 0]
    blend = choose_blend(beauty, (held_out[:, 0], held_out_theme[:, 0]), quality_of_oasis, recipe.beauty_loss)

    random = f"{recipe.folds}-fold, seed {recipe.seed}"
    by_theme = f"{recipe.folds}-fold by theme, seed {recipe.seed}"
    tasks = (
        Task(
            "overall",
            oasis.tasks[0].low,
            oasis.tasks[0].high,
            f"Beauty and technical quality in one score, on the scale of beauty: {blend.share:.0%} of it is quality",
        ),
        *oasis.tasks,
        *biq.tasks,
    )
    columns = [
        _Column("overall", "oasis", beauty, blend(held_out[:, 0], quality_of_oasis), folds_oasis, random),
        *(
            _Column(task.name, "oasis", oasis.ratings[:, index], held_out[:, index], folds_oasis, random)
            for index, task in enumerate(oasis.tasks)
        ),
        _Column("quality", "biq2021", biq.ratings[:, 0], held_out_quality, folds_biq, random),
    ]
    themed = [
        _Column("overall", "oasis", beauty, blend(held_out_theme[:, 0], quality_of_oasis), folds_theme, by_theme),
        *(
            _Column(task.name, "oasis", oasis.ratings[:, index], held_out_theme[:, index], folds_theme, by_theme)
            for index, task in enumerate(oasis.tasks)
        ),
    ]

    weight = np.concatenate([head_oasis.weight, head_biq.weight])
    bias = np.concatenate([head_oasis.bias, head_biq.bias])
    mix = np.zeros(len(bias))
    mix[0], mix[-1] = blend.beauty, blend.quality
    weight, bias = np.vstack([mix @ weight, weight]), np.concatenate([[blend.bias + mix @ bias], bias])
    typical_oasis, typical_biq = seen_oasis[0].mean(axis=0), seen_biq[0].mean(axis=0)
    typical = np.stack([typical_biq if task.name == "quality" else typical_oasis for task in tasks])

    info = ModelInfo(
        name="default",
        description="Beauty, valence, arousal and technical quality of a photograph, from frozen DINOv2 features",
        backbone=BACKBONE,
        size=(recipe.side, recipe.side),
        resize="squash",
        tasks=tasks,
        half_width=tuple(rounded(half_width(column.truth - column.predicted, recipe.coverage)) for column in columns),
        reference=tuple(tuple(map(rounded, np.percentile(column.predicted, range(101)))) for column in columns),
        data=tuple(
            TrainingData(data.name, len(data), data.content_hash, tuple(task.name for task in data.tasks))
            for data in (oasis, biq)
        ),
        metrics=tuple(
            replace(measured, value=rounded(measured.value), low=rounded(measured.low), high=rounded(measured.high))
            for column in (*columns, *themed)
            for measured in column.measure(recipe.coverage)
        ),
        recipe={
            **asdict(recipe),
            "layers": list(recipe.layers),
            "blend": {name: rounded(value) for name, value in asdict(blend).items()},
        },
        licence="Apache-2.0",
        attribution="Contains DINOv2 ViT-S/14 by Meta Platforms, Inc. (Apache-2.0). Head fitted to ratings of OASIS "
        "(Kurdi et al. 2017; Brielmann & Pelli 2019) and BIQ2021 (Ahmed & Asif 2022).",
    )
    low_high = [[task.low, task.high] for task in tasks]
    numbers = [torch.tensor(values, dtype=torch.float32) for values in (weight, bias, typical, low_high)]
    network = DefaultModel(frozen(recipe), numbers[0], numbers[1], numbers[2], numbers[3][:, 0], numbers[3][:, 1])
    export(network, info, out)
    return info


def choose_blend(rated: np.ndarray, beauty: Sequence[np.ndarray], quality: np.ndarray, allowed: float) -> Blend:
    """The largest share of quality whose SRCC with rated beauty falls by at most ``allowed`` in every split.

    Args:
        rated: (N,) mean beauty ratings.
        beauty: out-of-fold beauty predictions, one (N,) a split; the first sets the scale.
        quality: (N,) quality predictions for the same photographs.

    The blend is put on the scale of rated beauty by least squares, two numbers for N photographs.
    """
    share = 0.0
    for candidate in np.arange(0, 1, 0.01):
        falls = [srcc(rated, part) - srcc(rated, _mix(part, quality, float(candidate))) for part in beauty]
        if max(falls) > allowed:
            break
        share = float(candidate)
    slope, offset = np.polyfit(_mix(beauty[0], quality, share), rated, 1)
    per_beauty = slope * (1 - share) / beauty[0].std()
    per_quality = slope * share / quality.std()
    bias = offset - per_beauty * beauty[0].mean() - per_quality * quality.mean()
    return Blend(float(bias), float(per_beauty), float(per_quality), round(share, 2))


@dataclass(frozen=True)
class _Column:
    """Out-of-fold predictions of one task."""

    task: str
    data: str
    truth: np.ndarray
    predicted: np.ndarray
    folds: np.ndarray
    split: str

    def measure(self, coverage: float) -> list[Measured]:
        names = {"task": self.task, "data": self.data, "split": self.split}
        found = [measure(metric, self.truth, self.predicted, **names) for metric in ("srcc", "plcc", "rmse")]
        inside = covered(self.truth - self.predicted, self.folds, coverage).astype(float)
        share = bootstrap(lambda truth, _: float(truth.mean()), inside, inside)
        return [
            *found,
            Measured(
                f"coverage{coverage * 100:.0f}", **names, n=len(inside), value=share[0], low=share[1], high=share[2]
            ),
        ]


def _mix(beauty: np.ndarray, quality: np.ndarray, share: float) -> np.ndarray:
    mixed: np.ndarray = (1 - share) * (beauty - beauty.mean()) / beauty.std() + share * (
        quality - quality.mean()
    ) / quality.std()
    return mixed


def frozen(recipe: Recipe) -> TokenFeatures:
    """The part that is not trained, with its pretrained weights."""
    backbone = DinoV2()
    backbone.load_state_dict({name: torch.from_numpy(value) for name, value in weights.load(BACKBONE).items()})
    return TokenFeatures(backbone, recipe.layers).eval()
