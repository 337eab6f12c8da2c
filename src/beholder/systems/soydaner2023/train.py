"""Train the multi-task network in two stages (Soydaner & Wagemans 2023, Section 4.2).

Stage 1 trains the fully connected layers on a frozen backbone. A frozen backbone gives the same features in every
epoch, so they are computed once, for each photograph and its mirror image, and an epoch takes a second. Stage 2 also
trains the backbone's last layers; it starts from what the part below them gave, kept in half precision (1 MiB for one
view of a photograph by VGG16 at 256 px). Compared with running the whole network in every step, the numbers agree to
1e-3 of the unit interval, and both stages on two cores take 0.4 of a plain loop's time (``benchmarks/train.py``).

A run that was killed goes on with the epoch that it was in, to the same result (`beholder.training.loop`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from beholder.data.rated_photos import RatedPhotos
from beholder.models.backbones.base import create_backbone
from beholder.systems.soydaner2023.network import MultiTask
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.tasks import Task, check_column_names
from beholder.training.checkpoint import Checkpoint
from beholder.training.device import choose_device
from beholder.training.inputs import FeatureInputs, Inputs, ViewSpec, cached_inputs, direct_inputs
from beholder.training.loop import OnEpoch, Stage, Step, batch_slices, train_stage
from beholder.training.supervised import check_rated, masked_mse, predict, rated_srcc, split_rows, training_identity

_RATES = {1: "lr_head", 2: "lr_finetune"}  # stage -> its setting in the recipe


@dataclass(frozen=True)
class SoydanerResult:
    """What a training came to.

    Attributes:
        network: with the parameters of the best epoch.
        history: one row an epoch: stage, epoch, loss, validation loss and SRCC, seconds, whether it is the best so far.
        stage1, stage2: (N, T) predictions in native units for all photographs after each stage, NaN for photographs of
            the training part; ``stage2`` is None where it was left out.
        best: the stage that has the lower validation loss, whose parameters ``network`` holds.
    """

    network: MultiTask
    history: list[dict[str, Any]]
    stage1: np.ndarray
    stage2: np.ndarray | None
    best: int


def make_network(recipe: SoydanerRecipe, outputs: int, pretrained: bool = True) -> MultiTask:
    """The network as a training begins, repeatable by the seed."""
    backbone = create_backbone(recipe.backbone, pretrained)
    torch.manual_seed(recipe.seed)
    network = MultiTask(backbone, 1 if recipe.single else outputs, recipe.hidden, recipe.dropout, recipe.separate)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def source_for(
    photos: RatedPhotos, recipe: SoydanerRecipe, device: torch.device, *, keep: bool = True, cache: Path | None = None
) -> FeatureInputs:
    """Inputs for a recipe: kept in the cache, or computed in every step. Raises as :func:`fit`."""
    view_spec = ViewSpec(recipe.backbone, recipe.side, recipe.mirror)
    if keep:
        return cached_inputs(photos, view_spec, device, middle=recipe.epochs2 > 0, cache=cache)
    return direct_inputs(photos, view_spec, device)


def check(photos: RatedPhotos, recipe: SoydanerRecipe, checkpoint: Path | None = None) -> Checkpoint:
    """Finds out before the first photograph is looked at whether there is enough to train on, and where it stood.

    Raises:
        BeholderError: as :func:`fit`.
    """
    tasks, unit = _learned(photos, recipe)
    check_rated(photos, tasks, unit)
    check_column_names(tasks)
    return Checkpoint(checkpoint, training_identity(photos, recipe))


def fit(
    photos: RatedPhotos,
    recipe: SoydanerRecipe,
    *,
    source: FeatureInputs | None = None,
    checkpoint: Path | None = None,
    device: torch.device | None = None,
    on_epoch: OnEpoch = lambda row: None,
) -> SoydanerResult:
    """Train on the photographs whose split is ``train``, choose epochs on ``validation``, predict those held out.

    Args:
        photos: with splits.
        recipe: settings.
        source: of the inputs, for all ``photos`` in their order; :func:`source_for` makes it.
        checkpoint: file that is written after each epoch and gone on with where it is there.
        device: device, chosen by itself without one.
        on_epoch: called with each row of the history.

    Raises:
        BeholderError: no split, too few photographs or ratings, no room, a checkpoint of another training, or a
            learning rate at which the loss is no longer a number.
        PhotoError: a photograph that does not decode.
    """
    state = check(photos, recipe, checkpoint)
    train, validation, held_out = split_rows(photos)
    tasks, unit = _learned(photos, recipe)
    device = device or choose_device()
    source = source or source_for(photos, recipe, device)
    network = make_network(recipe, len(photos.tasks)).to(device)
    predicted: dict[int, np.ndarray] = {}
    losses: dict[int, float] = {}
    for number in (1, 2) if recipe.epochs2 else (1,):
        inputs = source.pooled if number == 1 else source.middle
        answer = network.forward_head if number == 1 else network.forward_tail
        losses[number] = train_stage(
            _stage(number, network, inputs, answer, train, validation, unit, recipe), state, recipe.seed, on_epoch
        )
        predicted[number] = np.full((len(photos), len(tasks)), np.nan)
        predicted[number][held_out] = _native(tasks, predict(network, answer, inputs, held_out))
    best = min(losses, key=lambda stage: losses[stage])
    if best == 1 and recipe.epochs2:
        network = make_network(recipe, len(photos.tasks)).to(device)
        state.best(1, network.trained(1))
    return SoydanerResult(network.eval().requires_grad_(False), state.history, predicted[1], predicted.get(2), best)


def _stage(
    number: int,
    network: MultiTask,
    inputs: Inputs,
    answer: Callable[[Tensor], Tensor],
    train: np.ndarray,
    validation: np.ndarray,
    unit: np.ndarray,
    recipe: SoydanerRecipe,
) -> Stage:
    """Stage 1 or 2 of Section 4.2."""
    parameters = network.trained(number)
    first_rate = recipe.lr_head if number == 1 else recipe.lr_finetune
    count = -(-len(train) // recipe.batch)
    targets = torch.from_numpy(unit).float().to(next(network.parameters()).device)

    def steps(rng: np.random.Generator) -> list[Step]:
        order = rng.permutation(train)
        mirrored = rng.random(len(order)) < 0.5 if recipe.mirror else np.zeros(len(order), bool)

        def step(rows: slice) -> Step:
            chosen = order[rows]
            return Step(lambda: masked_mse(answer(inputs(chosen, mirrored[rows])), targets[chosen]), len(chosen))

        return [step(rows) for rows in batch_slices(len(order), recipe.batch)]

    def validate() -> dict[str, float]:
        found = predict(network, answer, inputs, validation)
        if not np.isfinite(found).all():
            return {"validation_loss": float("nan")}
        loss = float(np.nanmean((found - unit[validation]) ** 2))
        return {"validation_loss": loss, "validation_srcc": rated_srcc(unit[validation, 0], found[:, 0])}

    return Stage(
        number,
        network,
        [parameters],
        torch.optim.Adam(parameters.values(), lr=first_rate),
        lambda done, epoch: [first_rate * (recipe.decay ** (done / recipe.decay_steps) if number == 2 else 1)],
        max(recipe.epochs1, -(-recipe.steps1 // count)) if number == 1 else recipe.epochs2,
        steps,
        validate,
        f"give a smaller {_RATES[number]} than {first_rate:g}",
        {},
    )


def _learned(photos: RatedPhotos, recipe: SoydanerRecipe) -> tuple[tuple[Task, ...], np.ndarray]:
    """The tasks that are learned, and (N, T) their ratings in the unit interval."""
    tasks = photos.tasks[:1] if recipe.single else photos.tasks
    columns = zip(tasks, photos.ratings.T, strict=False)
    return tasks, np.stack([task.to_unit(column) for task, column in columns], axis=1)


def _native(tasks: tuple[Task, ...], unit: np.ndarray) -> np.ndarray:
    return np.stack([task.from_unit(column) for task, column in zip(tasks, unit.T, strict=True)], axis=1)
