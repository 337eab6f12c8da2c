"""Train the personality-driven network of Li et al. (2019, Sections 3 and 4.1) on two domains.

Stage 1 alternates: a batch of the aesthetic domain, then one of the second domain, whose tasks (the traits of who likes
a photograph, or any other ratings) are brought to -1 to 1. Both move the shared layers, each moves its own branch. An
epoch is one pass over the aesthetic domain; the second gives as many batches, from a new order each epoch, repeated
where it is the smaller one. So a network that is trained on the aesthetic domain alone sees the very same batches of
it. Stage 2 freezes all that and trains the weights of the inter-task layer on what the branches give for crops as in
stage 1. What is validated and tested is the centre of a photograph.

The paper trains the whole backbone, which wants a GPU. ``shared="last"`` trains its last layers only, as stage 2
of `beholder.systems.soydaner2023.train` does, from kept outputs of the layers below them: seconds an epoch on two
cores for a few hundred photographs. Crops are exact on pixels; kept are five, the centre and the corners,
each mirrored if asked.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.models.backbones.base import create_backbone
from beholder.systems.li2019.domains import Shared, SourcedDomain, aesthetic_domain, domain_inputs, second_domain
from beholder.systems.li2019.network import Personality
from beholder.systems.li2019.recipe import LiRecipe
from beholder.systems.li2019.stages import alternating_stage, inter_task_stage
from beholder.systems.two_stages import TwoStageResult, best_stage
from beholder.tasks import Task, check_column_names
from beholder.training.checkpoint import Checkpoint
from beholder.training.device import choose_device
from beholder.training.inputs import FeatureInputs
from beholder.training.loop import OnEpoch, train_stage
from beholder.training.seeding import seeded
from beholder.training.supervised import check_rated, predict, split_rows, training_identity


@dataclass(frozen=True)
class LiResult(TwoStageResult[Personality]):
    """Result of a training on two domains.

    ``history`` has in stage 1 ``second_loss`` and ``second_srcc`` on the second domain's validation part; in stage 2
    the weight of each trait, ``w NAME``, and what least squares on the training part would give, ``least squares
    NAME``. Weights of the inter-task layer are 0 where they did not lower the validation loss; ``history`` has them.

    Attributes:
        traits: (N, K) traits of the same photographs in native units, or None for ``single``.
        second: (M, K) traits of the second domain's photographs, NaN for those of its training part, or None for
            ``single`` and where all of them were learned from.
    """

    traits: np.ndarray | None
    second: np.ndarray | None


def make_network(recipe: LiRecipe, traits: int, pretrained: bool = True) -> Personality:
    """The network before training; its new layers follow from the seed."""
    backbone = create_backbone(recipe.backbone, pretrained)
    with seeded(recipe.seed):
        network = Personality(backbone, traits, recipe.hidden)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def inputs(
    photos: RatedPhotos,
    recipe: LiRecipe,
    device: torch.device,
    *,
    second: RatedPhotos | None = None,
    keep: bool = True,
    pooled: bool = False,
    cache: Path | None = None,
) -> list[FeatureInputs]:
    """Inputs of each domain that a recipe learns from, the aesthetic one first.

    Args:
        pooled: keep average-pooled features of the aesthetic domain as well, for a linear probe.

    Raises:
        BeholderError, PhotoError: as `domain_inputs`.
    """
    found = [domain_inputs(photos, recipe, device, keep=keep, pooled=pooled, cache=cache)]
    if second is not None and not recipe.single:
        found.append(domain_inputs(second, recipe, device, keep=keep, cache=cache))
    return found


def learned_tasks(photos: RatedPhotos, recipe: LiRecipe) -> tuple[Task, ...]:
    """The first task of the aesthetic domain."""
    return photos.tasks[:1]


def check(
    photos: RatedPhotos, recipe: LiRecipe, checkpoint: Path | None = None, *, second: RatedPhotos | None = None
) -> Checkpoint:
    """Validate data and checkpoint before any photograph is read.

    Raises:
        BeholderError: as `fit`.
    """
    domains = [aesthetic_domain(photos)]
    if not recipe.single:
        if second is None:
            raise BeholderError("there is no second domain to learn from; give one, or learn the aesthetic task alone")
        domains.append(second_domain(second))
    for domain in domains:
        if domain is domains[0] or set(domain.photos.splits or ()) != {"train"}:
            check_rated(domain.photos, domain.tasks, domain.targets)
    tasks = [task for domain in domains for task in domain.tasks]
    twice = next((task.name for task in tasks[1:] if task.name == tasks[0].name), None)
    if twice:
        raise BeholderError(f"both domains have a task called {twice}; call one of them otherwise")
    check_column_names(tuple(tasks))
    follows = training_identity(photos, recipe)
    if second is not None and not recipe.single:
        of_second = training_identity(second, recipe)
        follows |= {f"second {name}": of_second[name] for name in ("tasks", "data", "split")}
    return Checkpoint(checkpoint, follows)


def fit(
    photos: RatedPhotos,
    recipe: LiRecipe,
    *,
    second: RatedPhotos | None = None,
    source: Sequence[FeatureInputs] | None = None,
    checkpoint: Path | None = None,
    device: torch.device | None = None,
    on_epoch: OnEpoch = lambda row: None,
) -> LiResult:
    """Train on the photographs of both domains whose split is ``train``, choose epochs on ``validation``.

    Args:
        photos: the aesthetic domain, with splits; its first task is learned.
        recipe: settings.
        second: the second domain, with splits, all of it in ``train`` if nothing is to be measured on it; not used by
            a recipe that is ``single``.
        source: of the inputs of each domain, as `inputs` makes it.
        checkpoint: file that is written after each epoch; a training resumes from it where it exists.
        device: chosen automatically by default.
        on_epoch: called with each row of the history.

    Raises:
        BeholderError: no second domain, no split, too few photographs or ratings, two tasks of one name, no room, a
            checkpoint of another training, or a learning rate at which the loss is no longer a number.
        PhotoError: a photograph that does not decode.
    """
    state = check(photos, recipe, checkpoint, second=second)
    device = device or choose_device()
    source = source or inputs(photos, recipe, device, second=second)
    first = aesthetic_domain(photos).with_source(source[0])
    other = None if recipe.single or second is None else second_domain(second).with_source(source[1])
    network = make_network(recipe, len(second.tasks) if second is not None else 5).to(device)
    shared = Shared(network, recipe)
    losses = {1: train_stage(alternating_stage(shared, first, other), state, recipe.seed, on_epoch)}

    train, _, held_out = split_rows(photos)
    branches = predict(network, shared.branches, shared.inputs(first), np.arange(len(photos)))
    stage1, stage2 = np.full((len(photos), 1), np.nan), None
    stage1[held_out] = _native(first.tasks, branches[held_out, :1])
    if other is not None and recipe.epochs2:
        stage = inter_task_stage(shared, first, other, branches, recipe)
        losses[2] = train_stage(stage, state, recipe.seed, on_epoch)
        stage2 = np.full((len(photos), 1), np.nan)
        with torch.inference_mode():
            final = network.forward_inter_task(torch.from_numpy(branches[held_out]).to(device)).cpu().numpy()
        stage2[held_out] = _native(first.tasks, final)
    best = best_stage(losses)
    traits = of_second = None
    if other is not None:
        traits = _native(other.tasks, (branches[:, 1:] + 1) / 2)
        traits[train] = np.nan
        of_second = _second_traits(shared, other)
    networks = {number: copy.deepcopy(network).eval().requires_grad_(False) for number in losses}
    nn.init.zeros_(networks[1].inter_task)
    predicted = {1: stage1} if stage2 is None else {1: stage1, 2: stage2}
    return LiResult(networks, state.history, predicted, best, best, traits, of_second)


def _second_traits(shared: Shared, other: SourcedDomain) -> np.ndarray | None:
    """(M, K) traits of the second domain in native units, NaN for its training part; None if that is all."""
    rows = split_rows(other.photos)[2]
    if not len(rows):
        return None
    predicted = np.full(other.targets.shape, np.nan)
    found = predict(shared.network, shared.traits, shared.inputs(other), rows)
    predicted[rows] = _native(other.tasks, (found + 1) / 2)
    return predicted


def _native(tasks: Sequence[Task], unit: np.ndarray) -> np.ndarray:
    """(N, T) in the unit interval, cut at its ends -> native units."""
    columns_of = zip(tasks, unit.clip(0, 1).T, strict=True)
    return np.stack([task.from_unit(column) for task, column in columns_of], axis=1)
