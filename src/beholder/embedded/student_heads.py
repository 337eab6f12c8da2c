"""Fit the heads of the fast model: machines that learn to predict what the heads of the default model do.

Its teachers see each photograph, mirrored, small and edited, by the features of the default model, and predict every
task, rated or not. Where the truth is known (a rating, the amount of an edit), the target is between the two. Teachers
were fitted to the same photographs alone, so what is held out is held out from both.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from beholder.embedded.kernel_heads import (
    EDIT_TASKS,
    RATED,
    FittedMachine,
    FittedPlane,
    Heads,
    Rows,
    Weights,
    plane_scale,
    some,
)
from beholder.embedded.material import EditedViews, Material, Views
from beholder.models.kernel_head import LinearHead
from beholder.models.kernel_model import weighted
from beholder.photos.edits import EDITS
from beholder.training import kernel_ridge

SCENE, QUALITY = (*RATED, "appeal", "simplicity", "disagreement"), ("quality",)  # all others see light and focus
LEARNED = {"oasis": RATED, "appeal": ("appeal",), "composition": ("simplicity",), "biq2021": QUALITY}


@dataclass(frozen=True)
class StudentSettings:
    """Settings of the machines of the fast model.

    Attributes:
        widths: of the blocks.
        scene, picture, quality: weights of scene, detail and statistics in squared distances, of the three machines.
        scene_noise, picture_noise, quality_noise: variance of the error of a target, in variances of the targets.
        guessed_noise: of quality that nobody rated.
        quality_plane, plane_part, plane_noise: as of :class:`beholder.embedded.kernel_heads.HeadSettings`, of quality.
        support: number of photographs in the support of each machine.
        trust: weight of the teacher's prediction in the target where the truth is known.
    """

    widths: tuple[int, int, int] = (256, 128, 96)
    scene: Weights = (0.8, 0.2, 0.0)
    picture: Weights = (0.4, 0.4, 0.2)
    quality: Weights = (0.8, 1.0, 0.2)
    scene_noise: float = 0.2
    picture_noise: float = 0.05
    quality_noise: float = 0.1
    guessed_noise: float = 1.0
    quality_plane: Weights = (0.43, 0.43, 0.14)
    plane_part: float = 0.3
    plane_noise: float = 6.0
    support: int = 2000
    trust: float = 0.5


def fit_student(
    material: Material, known: Material, teachers: Heads, rows: Rows, settings: StudentSettings, seed: int
) -> Heads:
    """Fit all machines.

    Args:
        material: by the features of the fast model.
        known: the same by those of the default model, in the same order.
        teachers: fitted to the photographs of ``rows``.
        rows: the photographs that are learned from.
    """
    own, targets, rated, standard = [], [], [], []
    for mine, theirs, kept, truths in _groups(material, known, rows):
        numbers = np.flatnonzero(kept)
        for version, (part, taught) in enumerate(zip(mine.parts, theirs.parts, strict=True)):
            chosen = part.rows(numbers)
            own.append(chosen.blocks)
            if truths.keys() == set(QUALITY):
                standard.append(chosen.standard)
            found = teachers.predict(taught.rows(numbers))
            for task, truth in truths.items():
                values = truth[version, numbers]
                mixed = settings.trust * found[task] + (1 - settings.trust) * values
                found[task] = np.where(np.isfinite(values), mixed, found[task])
            targets.append(found)
            rated.append(np.full(len(numbers), truths.keys() == set(QUALITY)))
    by_task = {task: np.concatenate([each[task] for each in targets]) for task in targets[0]}
    blocks = [torch.cat(each) for each in zip(*own, strict=True)]
    for_quality = np.concatenate(rated)
    everything = np.ones(len(for_quality), bool)
    of_quality = np.where(for_quality, settings.quality_noise, settings.guessed_noise)
    machines = []
    for weights, noise, among, names in (
        (settings.scene, settings.scene_noise, everything, [task for task in by_task if task in SCENE]),
        (
            settings.picture,
            settings.picture_noise,
            everything,
            [task for task in by_task if task not in SCENE + QUALITY],
        ),
        (settings.quality, of_quality, for_quality, list(QUALITY)),
    ):
        tasks = sorted(names, key=lambda task: task in (*EDIT_TASKS, "disagreement"))  # what has evidence comes first
        x = weighted(blocks, weights)
        columns = np.stack([by_task[task] for task in tasks], axis=1)
        support = some(x[torch.from_numpy(among)], settings.support, seed)
        fitted = kernel_ridge.fit_reduced(support, x, columns, noise)
        machines.append(FittedMachine(tuple(tasks), weights, fitted))
    scale = plane_scale(material.blocks, settings.quality_plane)
    features, rated_quality = torch.cat(standard).float() * scale, by_task["quality"][for_quality, None]
    plane = kernel_ridge.fit_linear(features, rated_quality, settings.quality_noise * settings.plane_noise)
    machines[-1] = replace(machines[-1], head=machines[-1].head.times(1 - settings.plane_part))
    head = LinearHead(scale[:, None] * plane.weight, plane.bias).times(settings.plane_part)
    return Heads(tuple(machines), (FittedPlane(QUALITY, head),))


def _groups(
    material: Material, known: Material, rows: Rows
) -> Iterator[tuple[Views, Views, np.ndarray, dict[str, np.ndarray]]]:
    """Views of both materials, the photographs of them that are learned from, and task -> (V, N) truths."""
    for name, views in material.views.items():
        ratings = material.photos[name].ratings
        truths = {task: np.tile(ratings[:, place], (len(views.parts), 1)) for place, task in enumerate(LEARNED[name])}
        yield views, known.views[name], rows[name], truths
    small, of_biq = material.small, material.photos["biq2021"].ratings[:, 0]
    yield small, known.small, rows["biq2021"][small.rows], {"quality": of_biq[None, small.rows]}
    for name, copies in material.copies.items():
        yield copies, known.copies[name], rows[name][copies.rows], _amounts(copies)


def _amounts(copies: EditedViews) -> dict[str, np.ndarray]:
    return {task: copies.amounts[:, :, list(EDITS).index(task)] for task in EDIT_TASKS}
