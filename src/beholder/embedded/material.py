"""What the default model learns from: rated photographs, their edited copies, and the blocks of their features."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import data_set, load_data
from beholder.data.sets import appeal as appeal_set
from beholder.embedded.copies import Copy, cost, draw_copies
from beholder.embedded.photo_encoder import PhotoEncoder, as_small_as, copy_views, mirrored, whole
from beholder.errors import BeholderError
from beholder.models.kernel_model import Blocks
from beholder.models.photo_features import DETAIL, DIM, SCENE, SCENE_LAYERS
from beholder.photos.edits import EDITS
from beholder.splits import grouped_folds, random_folds
from beholder.terminal import say
from beholder.training.projection import fit_projection

SMALL = 80  # pixels a side: what is known of the photographs of `appeal`
LAST_LAYER = 1.4  # emphasis of the last layer's tokens
OASIS_COPIES = (10, 2, 5)  # edits, combinations and harms of each photograph
BIQ_COPIES = (3, 1, 1)
BEST, SMALL_STRIDE = 600, 5  # photographs of BIQ2021 that are edited (the best), one in this many is made small
WIDTHS = (384, 192, 128)  # of the blocks of the default model
WHITENING = (0.0, 0.0, 0.5)


class Parts(NamedTuple):
    """N photographs: blocks of scene, detail and statistics, and all standardised features (N, D) in half precision."""

    scene: Tensor
    detail: Tensor
    statistics: Tensor
    standard: Tensor

    @property
    def blocks(self) -> tuple[Tensor, Tensor, Tensor]:
        return self[:3]

    def rows(self, numbers: np.ndarray) -> "Parts":
        """Those of some of the photographs."""
        chosen = torch.from_numpy(numbers)
        return Parts(*(part[chosen] for part in self))


@dataclass(frozen=True)
class Views:
    """V versions of N photographs.

    Attributes:
        parts: blocks of each version, (N, ...) each.
        rows: (N,) numbers of the photographs in their data set.
    """

    parts: tuple[Parts, ...]
    rows: np.ndarray


@dataclass(frozen=True)
class EditedViews(Views):
    """V edited copies of N photographs.

    Attributes:
        kinds: (V, N) names of what was done.
        amounts: (V, N, E) amounts of edits, in the order of :data:`beholder.photos.edits.EDITS`; NaN where unknown.
        costs: (V, N) what overall and quality lose, in standard deviations of beauty.
    """

    kinds: np.ndarray
    amounts: np.ndarray
    costs: np.ndarray


@dataclass(frozen=True)
class Material:
    """All that is learned from.

    Attributes:
        photos: the data sets by name: ``oasis`` and ``biq2021``, and where they are at hand ``appeal`` and
            ``composition``.
        views: the photographs themselves, their mirror images, and how they look as small as those of ``appeal``.
        small: small versions of some of BIQ2021.
        copies: edited copies of OASIS and of the best of BIQ2021.
        blocks: the projections that gave the parts.
        typical: (3 * 384,) mean patch tokens of the photographs.
    """

    photos: Mapping[str, RatedPhotos]
    views: Mapping[str, Views]
    small: Views
    copies: Mapping[str, EditedViews]
    blocks: Blocks
    typical: np.ndarray

    def folds(self, count: int, seed: int) -> dict[str, np.ndarray]:
        """Random folds of each data set; ``themes`` are those of OASIS by theme."""
        oasis = self.photos["oasis"]
        if oasis.groups is None:
            raise BeholderError(f"{oasis.name}: has no themes to hold out")
        found = {name: random_folds(len(photos), count, seed) for name, photos in self.photos.items()}
        return {**found, "themes": grouped_folds(oasis.groups, count, seed)}


OPTIONAL = {  # data set -> what is left out without it
    "appeal": "the task appeal, and what overall learns of photographers' pictures",
    "composition": "the task simplicity",
}


def load_photos(root: Path) -> dict[str, RatedPhotos]:
    """The data sets under a folder. Says which tasks are left out where an optional one is missing.

    Raises:
        BeholderError: OASIS or BIQ2021 is missing, or a data set is not as published.
    """
    found = {name: load_data(name, root) for name in ("oasis", "biq2021")}
    for name, loss in OPTIONAL.items():
        if (root / name).is_dir():
            found[name] = load_data(name, root)
        else:
            say(f"{root / name}: no such folder; left out: {loss}. It holds {data_set(name).description}")
    return found


def gather(
    root: Path, photos: Mapping[str, RatedPhotos], encoder: PhotoEncoder, widths: tuple[int, int, int] = WIDTHS
) -> Material:
    """Compute, or take from the cache, all features; then project them to blocks of these widths."""
    originals = [whole, mirrored]
    features = {"oasis": encoder.views(photos["oasis"], [*originals, as_small_as(SMALL)], "whole, mirrored, small")}
    if "appeal" in photos:
        read = appeal_set.photo_reader(root / "appeal")
        features["appeal"] = encoder.views(photos["appeal"], originals, "whole, mirrored", read)
    if "composition" in photos:
        features["composition"] = encoder.views(photos["composition"], originals, "whole, mirrored")
    biq = photos["biq2021"]
    features["biq2021"] = encoder.views(biq, [whole], "whole")
    best = np.sort(np.argsort(-biq.ratings[:, 0], kind="stable")[:BEST])
    some = np.arange(0, len(biq), SMALL_STRIDE)
    small = encoder.views(biq.subset(some), [as_small_as(SMALL)], "small")
    plans = {
        "oasis": [draw_copies(row, *OASIS_COPIES) for row in range(len(photos["oasis"]))],
        "biq2021": [draw_copies(row, *BIQ_COPIES) for row in range(len(best))],
    }
    edited = {"oasis": photos["oasis"], "biq2021": biq.subset(best)}
    copies = {
        name: encoder.views(edited[name], copy_views(plan.__getitem__, len(plan[0])), f"copies {len(plan[0])}")
        for name, plan in plans.items()
    }

    known = np.concatenate([features[name][0] for name in features]).astype(np.float32)
    blocks = fit_blocks(known, np.concatenate(copies["oasis"][:, ::4]).astype(np.float32), widths)

    def project(values: np.ndarray) -> tuple[Parts, ...]:
        return tuple(parts_of(blocks, each) for each in values)

    scene = known[:, :SCENE].reshape(len(known), len(SCENE_LAYERS), 2, DIM)
    return Material(
        photos=photos,
        views={name: Views(project(values), np.arange(values.shape[1])) for name, values in features.items()},
        small=Views(project(small), some),
        copies={
            name: _edited(project(values), best if name == "biq2021" else np.arange(values.shape[1]), plans[name])
            for name, values in copies.items()
        },
        blocks=blocks,
        typical=scene[:, :, 1].mean(axis=0).reshape(-1),
    )


def fit_blocks(photographs: np.ndarray, copies: np.ndarray, widths: tuple[int, int, int] = WIDTHS) -> Blocks:
    """Projections of features (N, D) of photographs; those of pixel statistics also of edited copies."""
    emphasis = np.repeat([1.0, 1.0, LAST_LAYER], 2 * DIM)
    scene, detail, _ = _split(photographs)
    statistics = np.concatenate([_split(photographs)[2], _split(copies)[2]])
    return Blocks(
        fit_projection(scene, widths[0], WHITENING[0], emphasis),
        fit_projection(detail, widths[1], WHITENING[1]),
        fit_projection(statistics, widths[2], WHITENING[2]),
    )


def parts_of(blocks: Blocks, features: np.ndarray) -> Parts:
    """(N, D) features -> their blocks, and themselves, standardised."""
    standard = [project.standard(part) for project, part in zip(blocks, _split(features), strict=True)]
    scene, detail, statistics = (part @ project.matrix for project, part in zip(blocks, standard, strict=True))
    return Parts(scene, detail, statistics, torch.cat(standard, dim=1).half())


def _split(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ends = SCENE, SCENE + DETAIL
    return features[:, : ends[0]], features[:, ends[0] : ends[1]], features[:, ends[1] :]


def _edited(parts: tuple[Parts, ...], rows: np.ndarray, plans: list[list[Copy]]) -> EditedViews:
    by_view = list(zip(*plans, strict=True))
    return EditedViews(
        parts,
        rows,
        np.array([[copy.kind for copy in view] for view in by_view]),
        np.array([[copy.vector() for copy in view] for view in by_view]).reshape(len(by_view), len(rows), len(EDITS)),
        np.array([[cost(copy) for copy in view] for view in by_view]),
    )
