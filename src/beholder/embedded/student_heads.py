"""Fit the heads of the fast model: machines that learn to predict what the heads of the default model do.

Its teachers see each photograph, mirrored, small and edited, by the features of the default model, and predict every
task, rated or not. Where the truth is known (a rating, the amount of an edit), the target is between the two. Teachers
were fitted to the same photographs alone, so what is held out is held out from both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from beholder.embedded.kernel_heads import (
    EDIT_TASKS,
    RATED,
    FittedMachine,
    Heads,
    Rows,
    Weights,
    plane_scale,
    some,
    with_plane,
)
from beholder.embedded.material import EditedViews, Material, Views
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
        is_rated = "quality" in truths
        for version, (part, taught) in enumerate(zip(mine.parts, theirs.parts, strict=True)):
            own.append([block[numbers] for block in part.blocks])
            if is_rated:
                standard.append(part.standard[numbers])
            found = teachers.predict(taught.rows(numbers))
            for task, truth in truths.items():
                values = truth[version, numbers]
                mixed = settings.trust * found[task] + (1 - settings.trust) * values
                found[task] = np.where(np.isfinite(values), mixed, found[task])
            targets.append(found)
            rated.append(np.full(len(numbers), is_rated))
    by_task = {task: np.concatenate([each[task] for each in targets]) for task in targets[0]}
    blocks = [torch.cat(each) for each in zip(*own, strict=True)]
    for_quality = np.concatenate(rated)

    def fit(
        names: Iterable[str], weights: Weights, noise: np.ndarray | float, among: Tensor | None = None
    ) -> FittedMachine:
        """A machine of these tasks; ``among`` are the photographs that its support is drawn from."""
        tasks = sorted(names, key=lambda task: task in (*EDIT_TASKS, "disagreement"))  # what has evidence comes first
        x = weighted(blocks, weights)
        support = some(x if among is None else x[among], settings.support, seed)
        columns = np.stack([by_task[task] for task in tasks], axis=1)
        return FittedMachine(tuple(tasks), weights, kernel_ridge.fit_reduced(support, x, columns, noise))

    scene = fit((task for task in by_task if task in SCENE), settings.scene, settings.scene_noise)
    others = (task for task in by_task if task not in SCENE + QUALITY)
    picture = fit(others, settings.picture, settings.picture_noise)
    of_quality = np.where(for_quality, settings.quality_noise, settings.guessed_noise)
    machine = fit(QUALITY, settings.quality, of_quality, torch.from_numpy(for_quality))
    scale = plane_scale(material.blocks, settings.quality_plane)
    features, rated_quality = torch.cat(standard).float() * scale, by_task["quality"][for_quality, None]
    plane = kernel_ridge.fit_linear(features, rated_quality, settings.quality_noise * settings.plane_noise)
    quality, quality_plane = with_plane(machine, plane, scale, settings.plane_part)
    return Heads((scene, picture, quality), (quality_plane,))


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
