"""What the default model learns from, in small: drawn features, and ratings and amounts that follow from some."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch.nn import functional as F

from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import appeal as appeal_set
from beholder.data.sets import biq2021, oasis
from beholder.data.sets import composition as composition_set
from beholder.embedded.copies import cost, draw_copies
from beholder.embedded.kernel_heads import HeadSettings
from beholder.embedded.material import EditedViews, Material, Parts, Views
from beholder.embedded.out_of_fold import FamiliaritySettings
from beholder.photos.edits import EDITS
from beholder.tasks import Task
from helpers.factories import save_photos
from helpers.kernel_models import DIM, FEATURES, WIDTHS, small

COUNTS = {"oasis": 90, "biq2021": 60, "appeal": 50, "composition": 40}
TASKS: dict[str, tuple[Task, ...]] = {
    "oasis": oasis.TASKS,
    "biq2021": biq2021.TASKS,
    "appeal": appeal_set.TASKS,
    "composition": composition_set.TASKS[:1],
}
COPIES = {"oasis": (len(EDITS), 2, 1), "biq2021": (3, 1, 1)}
BEST, SMALL_STRIDE = 20, 4
SETTINGS = HeadSettings(support=400, plain_support=60, quality_support=90)
FAMILIARITY = FamiliaritySettings(support=60)
AnyViews = TypeVar("AnyViews", bound=Views)


def material(folder: Path, without: Sequence[str] = ()) -> Material:
    """Photographs in ``folder``, which is new, and all that is known of them.

    What is in the picture has four causes, in the scene: beauty, valence, arousal and appeal follow from two of them
    each, simplicity and disagreement from one. Quality follows from detail, the amounts of edits from statistics.
    """
    rng = np.random.default_rng(0)
    photos, views, causes = {}, {}, {}
    for name, count in COUNTS.items():
        scene, detail, statistics = (rng.normal(size=(count, width)) for width in WIDTHS)
        scene[:, 4:] *= 0.2
        detail[:, 1:] *= 0.2
        statistics[:] = 0  # nothing was edited
        causes[name] = scene, detail, statistics
        ratings = planted(name, scene, detail) + rng.normal(0, 0.02, (count, len(TASKS[name])))
        files = [Path(path).name for path in save_photos(folder / name, count, side=8)]
        photos[name] = RatedPhotos(
            name,
            folder / name,
            tuple(files),
            TASKS[name],
            np.clip(ratings, [task.low for task in TASKS[name]], [task.high for task in TASKS[name]]),
            groups=tuple(f"theme {row // 3}" for row in range(count)) if name == "oasis" else None,
            sd=np.repeat(1.5 + 0.3 * scene[:, 3:4], 3, axis=1).clip(0.1) if name == "oasis" else None,
        )
        versions = {"oasis": 3, "biq2021": 1}.get(name, 2)
        views[name] = Views(
            tuple(parts(*causes[name], rng, 0.05 * (place > 0)) for place in range(versions)), np.arange(count)
        )
    best = np.sort(np.argsort(-photos["biq2021"].ratings[:, 0])[:BEST])
    some = np.arange(0, COUNTS["biq2021"], SMALL_STRIDE)
    found = Material(
        photos=photos,
        views=views,
        small=Views((parts(*(each[some] for each in causes["biq2021"]), rng, 0.1),), some),
        copies={
            "oasis": copies(causes["oasis"], np.arange(COUNTS["oasis"]), COPIES["oasis"], rng),
            "biq2021": copies(causes["biq2021"], best, COPIES["biq2021"], rng),
        },
        blocks=small().blocks,
        typical=rng.normal(0, 0.1, 3 * DIM),
    )
    for name in without:
        del photos[name], views[name]
    return found


def planted(name: str, scene: np.ndarray, detail: np.ndarray) -> np.ndarray:
    """(N, K) ratings, without chance."""
    beauty = 0.8 * scene[:, 0] + 0.4 * scene[:, 1]
    return {
        "oasis": 4 + np.stack([beauty, 0.8 * scene[:, 1], 0.8 * scene[:, 2]], axis=1),
        "biq2021": 0.5 + 0.15 * detail[:, :1],
        "appeal": 3 + 0.6 * beauty[:, None],
        "composition": 0.5 + 0.15 * scene[:, 3:4],
    }[name]


def parts(
    scene: np.ndarray, detail: np.ndarray, statistics: np.ndarray, rng: np.random.Generator, spread: float
) -> Parts:
    """Blocks of one version, at distances of about 1; features, of which the first of each kind are the causes."""
    blocks, standard = [], []
    for causes, count in zip((scene, detail, statistics), FEATURES, strict=True):
        seen = torch.from_numpy((causes + rng.normal(0, spread, causes.shape)).astype(np.float32))
        blocks.append(0.35 * seen)
        few = causes.shape[1]
        standard.append(F.pad((count / few) ** 0.5 * seen, (0, count - few)))  # as large together as all would be
    return Parts(*blocks, torch.cat(standard, dim=1).half())


def copies(
    causes: tuple[np.ndarray, ...], rows: np.ndarray, numbers: tuple[int, int, int], rng: np.random.Generator
) -> EditedViews:
    """Copies whose statistics show their amounts; those of other harms show something else."""
    plans = [draw_copies(place, *numbers) for place in range(len(rows))]
    by_view = list(zip(*plans, strict=True))
    amounts = np.array([[copy.vector() for copy in view] for view in by_view])
    neutral, spans = np.array([(each.neutral, each.high - each.low) for each in EDITS.values()]).T
    shown = 3 * (amounts - neutral) / spans
    harmed = np.isnan(shown).any(axis=2)
    shown[harmed] = 0
    statistics = np.concatenate([shown, 2.0 * harmed[..., None], np.zeros((*harmed.shape, 1))], axis=2)
    scene, detail, _ = (each[rows] for each in causes)
    return EditedViews(
        tuple(parts(scene, detail, each, rng, 0.05) for each in statistics),
        rows,
        np.array([[copy.kind for copy in view] for view in by_view]),
        amounts,
        np.array([[cost(copy) for copy in view] for view in by_view]),
    )


def rated_otherwise(given: Material, name: str, rows: np.ndarray) -> Material:
    """With the opposite ratings, and other disagreement, of some photographs of a data set."""
    photos = given.photos[name]
    ends = np.array([task.low + task.high for task in photos.tasks])
    ratings = np.where(rows[:, None], ends - photos.ratings, photos.ratings)
    sd = None if photos.sd is None else np.where(rows[:, None], 3 - photos.sd.clip(0, 2.9), photos.sd)
    return replace(given, photos={**given.photos, name: replace(photos, ratings=ratings, sd=sd)})


def seen_otherwise(given: Material, name: str, change: Callable[[Parts, np.ndarray], Parts]) -> Material:
    """With other features of a data set: ``change`` gets those of each version, and the numbers of its photographs."""

    def changed(views: AnyViews) -> AnyViews:
        return replace(views, parts=tuple(change(each, views.rows) for each in views.parts))

    return replace(
        given,
        views={**given.views, name: changed(given.views[name])},
        copies={key: changed(views) if key == name else views for key, views in given.copies.items()},
        small=changed(given.small) if name == "biq2021" else given.small,
    )


def all_alike(given: Material, name: str, rows: np.ndarray) -> Material:
    """With the same features for some photographs of a data set and for all their versions."""

    def alike(parts: Parts, numbers: np.ndarray) -> Parts:
        chosen = torch.from_numpy(rows[numbers])[:, None]
        return Parts(*(torch.where(chosen, 1.0, part) for part in parts))

    return seen_otherwise(given, name, alike)
