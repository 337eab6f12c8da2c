"""Train the multi-task network in two stages (Soydaner & Wagemans 2023, Section 4.2).

Stage 1 trains the fully connected layers on a frozen backbone. A frozen backbone gives the same features in every
epoch, so they are computed once, for each photograph and its mirror image, and an epoch takes a second. Stage 2 also
trains the backbone's last layers; it starts from what the part below them gave, kept in half precision (1 MiB for one
view of a photograph by VGG16 at 256 px). Compared with running the whole network in every step, the numbers agree to
1e-3 of the unit interval, and both stages on two cores take 0.4 of a plain loop's time (``benchmarks/train.py``).

A run that was killed resumes with the epoch that it was in, to the same result (`beholder.training.loop`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from beholder.data.rated_photos import RatedPhotos
from beholder.models.backbones.base import create_backbone
from beholder.systems.soydaner2023.network import MultiTask
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.two_stages import TwoStageResult, train_stages
from beholder.tasks import Task, check_column_names
from beholder.training.checkpoint import Checkpoint
from beholder.training.device import choose_device
from beholder.training.inputs import FeatureInputs, Inputs, ViewSpec, stage_inputs
from beholder.training.loop import OnEpoch, Stage, Step, batch_slices
from beholder.training.seeding import seeded
from beholder.training.supervised import check_rated, masked_mse, predict, rated_srcc, split_rows, training_identity

_RATES = {1: "lr_head", 2: "lr_finetune"}  # stage -> its setting in the recipe


SoydanerResult = TwoStageResult[MultiTask]


def make_network(recipe: SoydanerRecipe, outputs: int, pretrained: bool = True) -> MultiTask:
    """The network before training; its new layers follow from the seed."""
    backbone = create_backbone(recipe.backbone, pretrained)
    with seeded(recipe.seed):
        network = MultiTask(
            backbone, 1 if recipe.single else outputs, recipe.hidden, recipe.dropout, separate=recipe.separate
        )
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def inputs(
    photos: RatedPhotos,
    recipe: SoydanerRecipe,
    device: torch.device,
    *,
    second: RatedPhotos | None = None,
    keep: bool = True,
    cache: Path | None = None,
) -> FeatureInputs:
    """Inputs for a recipe: kept in the cache, or computed in every step. ``second`` is not used. Raises as `fit`."""
    view_spec = ViewSpec(recipe.backbone, recipe.side, recipe.mirror)
    return stage_inputs(photos, view_spec, device, middle=recipe.epochs2 > 0, keep=keep, cache=cache)


def check(
    photos: RatedPhotos, recipe: SoydanerRecipe, checkpoint: Path | None = None, *, second: RatedPhotos | None = None
) -> Checkpoint:
    """Validate data and checkpoint before any photograph is read. ``second`` is not used.

    Raises:
        BeholderError: as `fit`.
    """
    tasks, unit = _targets(photos, recipe)
    check_rated(photos, tasks, unit, needs_validation=False)
    check_column_names(tasks)
    return Checkpoint(checkpoint, training_identity(photos, recipe))


def fit(
    photos: RatedPhotos,
    recipe: SoydanerRecipe,
    *,
    second: RatedPhotos | None = None,
    source: FeatureInputs | None = None,
    checkpoint: Path | None = None,
    device: torch.device | None = None,
    on_epoch: OnEpoch = lambda row: None,
) -> SoydanerResult:
    """Train on the photographs whose split is ``train``, choose epochs on ``validation``, predict those held out.

    Without a validation part each stage ends with its last epoch, as in the paper.

    Args:
        photos: with splits.
        recipe: settings.
        second: not used; this system learns from one data set.
        source: of the inputs, for all ``photos`` in their order, as `inputs` makes it.
        checkpoint: file that is written after each epoch; a training resumes from it where it exists.
        device: chosen automatically by default.
        on_epoch: called with each row of the history.

    Raises:
        BeholderError: no split, too few photographs or ratings, no room, a checkpoint of another training, or a
            learning rate at which the loss is no longer a number.
        PhotoError: a photograph that does not decode.
    """
    state = check(photos, recipe, checkpoint)
    _, _, held_out = split_rows(photos)
    tasks, unit = _targets(photos, recipe)
    device = device or choose_device()
    source = source or inputs(photos, recipe, device)
    network = make_network(recipe, len(photos.tasks)).to(device)
    stages = {
        1: StageInputs(source.pooled, network.forward_head),
        2: StageInputs(source.middle, network.forward_tail),
    }

    def predict_native(number: int) -> np.ndarray:
        predicted = np.full((len(photos), len(tasks)), np.nan)
        predicted[held_out] = _native(tasks, predict(network, stages[number].answer, stages[number].inputs, held_out))
        return predicted

    return train_stages(
        network,
        (1, 2) if recipe.epochs2 else (1,),
        lambda number: _stage(number, network, stages[number], photos, unit, recipe),
        predict_native,
        state,
        recipe.seed,
        on_epoch,
    )


@dataclass(frozen=True)
class StageInputs:
    """What a stage trains from, and the part of the network that follows."""

    inputs: Inputs
    answer: Callable[[Tensor], Tensor]


def _stage(
    number: int,
    network: MultiTask,
    given: StageInputs,
    photos: RatedPhotos,
    unit: np.ndarray,
    recipe: SoydanerRecipe,
) -> Stage:
    """Stage 1 or 2 of Section 4.2."""
    train, validation, _ = split_rows(photos)
    inputs, answer = given.inputs, given.answer
    parameters = network.trainable_parameters(number)
    first_rate = recipe.lr_head if number == 1 else recipe.lr_finetune
    targets = torch.from_numpy(unit).float().to(next(network.parameters()).device)

    def steps(rng: np.random.Generator) -> list[Step]:
        order = rng.permutation(train)
        mirrored = rng.random(len(order)) < 0.5 if recipe.mirror else np.zeros(len(order), bool)

        def step(rows: slice) -> Step:
            chosen = order[rows]
            return Step(lambda: masked_mse(answer(inputs(chosen, mirrored[rows])), targets[chosen]), len(chosen))

        return [step(rows) for rows in batch_slices(len(order), recipe.batch)]

    def validate() -> dict[str, float]:
        if not len(validation):
            return {}
        found = predict(network, answer, inputs, validation)
        if not np.isfinite(found).all():
            return {"validation_loss": float("nan")}
        loss = float(np.nanmean((found - unit[validation]) ** 2))
        return {"validation_loss": loss, "validation_srcc": rated_srcc(unit[validation, 0], found[:, 0])}

    return Stage(
        number=number,
        network=network,
        groups=[parameters],
        optimizer=torch.optim.Adam(parameters.values(), lr=first_rate),
        rates=lambda done, epoch: [first_rate * (decayed(recipe, done) if number == 2 else 1)],
        epochs=stage1_epochs(recipe, len(train)) if number == 1 else recipe.epochs2,
        steps=steps,
        validate=validate,
        advice=f"give a smaller {_RATES[number]} than {first_rate:g}",
        buffers={},
    )


def decayed(recipe: SoydanerRecipe, done: int) -> float:
    """Factor of the learning rate after ``done`` steps of stage 2 (Section 4.2), smooth or in stairs.

    >>> recipe = SoydanerRecipe()
    >>> decayed(recipe, 125), decayed(SoydanerRecipe(staircase=True), 249)
    (0.5, 0.5)
    """
    times = done / recipe.decay_steps
    return float(recipe.decay ** (math.floor(times) if recipe.staircase else times))


def stage1_epochs(recipe: SoydanerRecipe, count: int) -> int:
    """Epochs of stage 1 for ``count`` training photographs: as many as the recipe says, and as its steps need.

    >>> stage1_epochs(SoydanerRecipe(), 3500), stage1_epochs(SoydanerRecipe(), 454)
    (5, 32)
    """
    return max(recipe.epochs1, -(-recipe.steps1 // -(-count // recipe.batch)))


def learned_tasks(photos: RatedPhotos, recipe: SoydanerRecipe) -> tuple[Task, ...]:
    """All tasks, or the first one of a ``single`` recipe."""
    return photos.tasks[:1] if recipe.single else photos.tasks


def _targets(photos: RatedPhotos, recipe: SoydanerRecipe) -> tuple[tuple[Task, ...], np.ndarray]:
    """The tasks that are learned, and (N, T) their ratings in the unit interval."""
    tasks = learned_tasks(photos, recipe)
    columns = zip(tasks, photos.ratings.T, strict=False)
    return tasks, np.stack([task.to_unit(column) for task, column in columns], axis=1)


def _native(tasks: tuple[Task, ...], unit: np.ndarray) -> np.ndarray:
    return np.stack([task.from_unit(column) for task, column in zip(tasks, unit.T, strict=True)], axis=1)
