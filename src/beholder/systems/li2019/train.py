"""Train the personality-driven network of Li et al. (2019, Sections 3 and 4.1) on two domains.

Stage 1 alternates: a batch of the aesthetic domain, then one of the second domain, whose tasks (the traits of who likes
a photograph, or any other ratings) are brought to -1 to 1. Both move the shared layers, each moves its own branch. An
epoch is one pass over the aesthetic domain; the second gives as many batches, from a new order each epoch, repeated
where it is the smaller one. So a network that is trained on the aesthetic domain alone sees the very same batches of
it. Stage 2 freezes all that and trains the weights of the inter-task layer on what the branches gave for the centre of
each photograph, computed once.

The paper trains the whole backbone, which wants a GPU. ``shared="last"`` trains its last layers only, as stage 2
of `beholder.systems.soydaner2023.train` does, from kept outputs of the layers below them: seconds an epoch on two
cores for a few hundred photographs. Crops are exact on pixels; kept are five, the centre and the corners,
each mirrored if asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.models.backbones.base import create_backbone
from beholder.systems.li2019.network import Personality
from beholder.systems.li2019.recipe import LAST, NONE, WHOLE, LiRecipe
from beholder.tasks import Task, check_column_names
from beholder.training.checkpoint import Checkpoint
from beholder.training.device import choose_device
from beholder.training.inputs import FeatureInputs, Inputs, ViewSpec, cached_inputs, direct_inputs
from beholder.training.loop import OnEpoch, Stage, Step, batch_slices, train_stage
from beholder.training.supervised import check_rated, masked_mse, predict, rated_srcc, split_rows, training_identity


@dataclass(frozen=True)
class Domain:
    """A data set with splits, what is learned of it, and where its inputs come from.

    Attributes:
        photos: N photographs.
        tasks: T of its tasks, those that are learned.
        targets: (N, T) their ratings as a branch gives them, NaN where there is none.
        source: of the inputs.
    """

    photos: RatedPhotos
    tasks: tuple[Task, ...]
    targets: np.ndarray
    source: FeatureInputs | None = None


@dataclass(frozen=True)
class LiResult:
    """What a training came to.

    Attributes:
        network: with the parameters of the best epochs; weights of the inter-task layer are 0 where they did not help.
        history: one row an epoch: stage, epoch, loss, validation loss and SRCC, seconds, whether it is the best so far;
            in stage 1 ``second_loss`` and ``second_srcc`` on the second domain's validation part; in stage 2 the weight
            of each trait, ``w NAME``, and what least squares on the training part would give, ``least squares NAME``.
        stage1: (N, 1) aesthetic scores in native units after stage 1, NaN for photographs of the training part.
        stage2: (N, 1) final scores, or None where stage 2 was left out.
        traits: (N, K) traits of the same photographs in native units, or None for ``single``.
        second: (M, K) traits of the second domain's photographs, NaN for those of its training part, or None.
        best: the stage that has the lower validation loss.
    """

    network: Personality
    history: list[dict[str, Any]]
    stage1: np.ndarray
    stage2: np.ndarray | None
    traits: np.ndarray | None
    second: np.ndarray | None
    best: int

    @property
    def final(self) -> np.ndarray:
        """(N, 1) scores of the best stage."""
        return self.stage1 if self.best == 1 or self.stage2 is None else self.stage2


def aesthetic_domain(photos: RatedPhotos, source: FeatureInputs | None = None) -> Domain:
    """The first task of a data set, in 0 to 1."""
    task = photos.tasks[0]
    return Domain(photos, (task,), task.to_unit(photos.ratings[:, :1]), source)


def second_domain(photos: RatedPhotos, source: FeatureInputs | None = None) -> Domain:
    """All tasks of a data set, in -1 to 1."""
    unit = [task.to_unit(column) for task, column in zip(photos.tasks, photos.ratings.T, strict=True)]
    return Domain(photos, photos.tasks, 2 * np.stack(unit, axis=1) - 1, source)


def make_network(recipe: LiRecipe, traits: int, pretrained: bool = True) -> Personality:
    """The network as a training begins, repeatable by the seed."""
    backbone = create_backbone(recipe.backbone, pretrained)
    torch.manual_seed(recipe.seed)
    network = Personality(backbone, traits, recipe.hidden)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def source_for(
    photos: RatedPhotos,
    recipe: LiRecipe,
    device: torch.device,
    *,
    keep: bool = True,
    pooled: bool = False,
    cache: Path | None = None,
) -> FeatureInputs:
    """Inputs for a recipe: kept in the cache, or computed in every step, as is needed to train the whole backbone.

    Args:
        pooled: keep average-pooled features as well, for a linear probe.

    Raises:
        BeholderError, PhotoError: as `beholder.training.inputs.cached_inputs`.
    """
    view_spec = ViewSpec(recipe.backbone, recipe.side, recipe.mirror, recipe.resize)
    if recipe.shared == WHOLE or not keep:
        return direct_inputs(photos, view_spec, device)
    only = recipe.shared == NONE
    return cached_inputs(photos, view_spec, device, pooled=pooled or only, middle=not only, cache=cache)


def check(
    photos: RatedPhotos, second: RatedPhotos | None, recipe: LiRecipe, checkpoint: Path | None = None
) -> Checkpoint:
    """Finds out before the first photograph is looked at whether there is enough to train on, and where it stood.

    Raises:
        BeholderError: as :func:`fit`.
    """
    domains = [aesthetic_domain(photos)]
    if not recipe.single:
        if second is None:
            raise BeholderError("there is no second domain to learn from; give one, or learn the aesthetic task alone")
        domains.append(second_domain(second))
    for domain in domains:
        check_rated(domain.photos, domain.tasks, domain.targets)
    tasks = [task for domain in domains for task in domain.tasks]
    twice = next((task.name for task in tasks[1:] if task.name == tasks[0].name), None)
    if twice:
        raise BeholderError(f"both domains have a task called {twice}; call one of them otherwise")
    check_column_names(tasks)
    follows = training_identity(photos, recipe)
    if second is not None and not recipe.single:
        of_second = training_identity(second, recipe)
        follows |= {f"second {name}": of_second[name] for name in ("tasks", "data", "split")}
    return Checkpoint(checkpoint, follows)


def fit(
    photos: RatedPhotos,
    second: RatedPhotos | None,
    recipe: LiRecipe,
    *,
    sources: Sequence[FeatureInputs] | None = None,
    checkpoint: Path | None = None,
    device: torch.device | None = None,
    on_epoch: OnEpoch = lambda row: None,
) -> LiResult:
    """Train on the photographs of both domains whose split is ``train``, choose epochs on ``validation``.

    Args:
        photos: the aesthetic domain, with splits; its first task is learned.
        second: the second domain, with splits; not looked at by a recipe that is ``single``.
        recipe: settings.
        sources: of the inputs of each domain; :func:`source_for` makes them.
        checkpoint: file that is written after each epoch and gone on with where it is there.
        device: device, chosen by itself without one.
        on_epoch: called with each row of the history.

    Raises:
        BeholderError: no second domain, no split, too few photographs or ratings, two tasks of one name, no room, a
            checkpoint of another training, or a learning rate at which the loss is no longer a number.
        PhotoError: a photograph that does not decode.
    """
    state = check(photos, second, recipe, checkpoint)
    device = device or choose_device()
    used = [photos] if recipe.single or second is None else [photos, second]
    sources = sources or [source_for(each, recipe, device) for each in used]
    first = aesthetic_domain(photos, sources[0])
    other = second_domain(second, sources[1]) if len(used) > 1 and second is not None else None
    network = make_network(recipe, len(second.tasks) if second is not None else 5).to(device)
    shared = Shared(network, recipe)
    losses = {1: train_stage(_alternating(shared, first, other), state, recipe.seed, on_epoch)}

    train, _, held_out = split_rows(photos)
    branches = predict(network, shared.branches, shared.inputs(first), np.arange(len(photos)))
    stage1, stage2 = np.full((len(photos), 1), np.nan), None
    stage1[held_out] = _native(first.tasks, branches[held_out, :1])
    traits = None if other is None else _native(other.tasks, (branches[:, 1:] + 1) / 2)
    if other is not None and recipe.epochs2:
        losses[2] = train_stage(_between(network, first, other, branches, recipe), state, recipe.seed, on_epoch)
        stage2 = np.full((len(photos), 1), np.nan)
        with torch.inference_mode():
            final = network.forward_between(torch.from_numpy(branches[held_out]).to(device)).cpu().numpy()
        stage2[held_out] = _native(first.tasks, final)
    best = min(losses, key=lambda stage: losses[stage])
    if best == 1:
        nn.init.zeros_(network.between)
    of_second = None
    if other is not None:
        rows = split_rows(other.photos)[2]
        of_second = np.full(other.targets.shape, np.nan)
        found = predict(network, shared.traits, shared.inputs(other), rows)
        of_second[rows] = _native(other.tasks, (found + 1) / 2)
    if traits is not None:
        traits[train] = np.nan
    network = network.eval().requires_grad_(False)
    return LiResult(network, state.history, stage1, stage2, traits, of_second, best)


@dataclass(frozen=True)
class Shared:
    """A network seen from where its training begins: from pixels, or from what its frozen layers gave."""

    network: Personality
    recipe: LiRecipe

    def inputs(self, domain: Domain) -> Inputs:
        assert domain.source is not None
        source = domain.source
        return {WHOLE: source.pixels, LAST: source.middle, NONE: source.pooled}[self.recipe.shared]

    def pool(self, given: Tensor) -> Tensor:
        """What :meth:`inputs` gives -> pooled features (B, C)."""
        if self.recipe.shared == NONE:
            return given
        backbone = self.network.backbone
        features = backbone.forward_features(given) if self.recipe.shared == WHOLE else backbone.tail(given)
        return features.mean(dim=(2, 3))

    def aesthetic(self, given: Tensor) -> Tensor:
        return self.network.forward_aesthetic(self.pool(given))

    def traits(self, given: Tensor) -> Tensor:
        return self.network.forward_traits(self.pool(given))

    def branches(self, given: Tensor) -> Tensor:
        return self.network.forward_branches(self.pool(given))

    def parameters(self) -> dict[str, nn.Parameter]:
        """Of the backbone, by name: what is trained."""
        prefixes = {WHOLE: ("",), LAST: self.network.backbone.tuned, NONE: ()}[self.recipe.shared]
        named = self.network.backbone.named_parameters()
        return {f"backbone.{name}": parameter for name, parameter in named if name.startswith(prefixes)}


def _alternating(shared: Shared, first: Domain, other: Domain | None) -> Stage:
    """Both branches and the shared layers, a batch of each domain in turn (Section 3)."""
    network, recipe = shared.network, shared.recipe
    names = ("aesthetic.",) if other is None else ("aesthetic.", "personality.")
    branches = {name: value for name, value in network.named_parameters() if name.startswith(names)}
    groups = [(shared.parameters(), recipe.lr_shared), (branches, recipe.lr_branches)]
    groups = [(values, rate) for values, rate in groups if values]
    device = next(network.parameters()).device

    def batches(
        domain: Domain, answer: Callable[[Tensor], Tensor], rows: np.ndarray, rng: np.random.Generator, counted: bool
    ) -> list[Step]:
        assert domain.source is not None
        views = rng.integers(domain.source.views, size=len(rows))
        inputs, targets = shared.inputs(domain), torch.from_numpy(domain.targets).float().to(device)

        def step(part: slice) -> Step:
            chosen = rows[part]

            def loss() -> Tensor:
                # Equations 2 and 4: summed over the tasks, averaged over the photographs.
                return masked_mse(answer(inputs(chosen, views[part])), targets[chosen]) * targets.shape[1]

            return Step(loss, len(chosen) if counted else 0)  # the second domain's loss is on another scale

        return [step(part) for part in batch_slices(len(rows), recipe.batch)]

    def steps(rng: np.random.Generator) -> list[Step]:
        mine = batches(first, shared.aesthetic, rng.permutation(split_rows(first.photos)[0]), rng, counted=True)
        if other is None:
            return mine
        train, count = split_rows(other.photos)[0], len(mine) * recipe.batch
        rows = np.concatenate([rng.permutation(train) for _ in range(-(-count // len(train)))])[:count]
        theirs = batches(other, shared.traits, rows, rng, counted=False)
        return [step for pair in zip(mine, theirs, strict=True) for step in pair]

    def validate() -> dict[str, float]:
        found = _judged(network, shared.aesthetic, shared.inputs(first), first)
        if other is not None:
            second = _judged(network, shared.traits, shared.inputs(other), other)
            found |= {name.replace("validation", "second"): value for name, value in second.items()}
        return found

    return Stage(
        1,
        network,
        [values for values, _ in groups],
        _sgd(recipe, groups),
        lambda done, epoch: [rate * recipe.decay ** (epoch - 1) for _, rate in groups],
        recipe.epochs1,
        steps,
        validate,
        f"give smaller rates than {recipe.lr_shared:g} (shared) and {recipe.lr_branches:g} (branches)",
        {},
    )


def _between(network: Personality, first: Domain, other: Domain, branches: np.ndarray, recipe: LiRecipe) -> Stage:
    """The inter-task layer alone (eq. 6), on what the branches gave: (N, 1 + K)."""
    train, validation, _ = split_rows(first.photos)
    groups = [({"between": network.between}, recipe.lr_inter_task)]
    kept = torch.from_numpy(branches).to(network.between.device)
    targets = torch.from_numpy(first.targets).float().to(network.between.device)
    names = [task.name for task in other.tasks]
    best = dict(zip(names, least_squares(branches[train], first.targets[train, 0]).tolist(), strict=True))

    def steps(rng: np.random.Generator) -> list[Step]:
        order = rng.permutation(train)

        def step(part: slice) -> Step:
            rows = order[part]
            return Step(lambda: masked_mse(network.forward_between(kept[rows]), targets[rows]), len(rows))

        return [step(part) for part in batch_slices(len(order), recipe.batch)]

    def validate() -> dict[str, float]:
        with torch.inference_mode():
            final = network.forward_between(kept[validation]).cpu().numpy()
        found = _agreement(final, first.targets[validation])
        found |= {f"w {name}": value for name, value in zip(names, network.between.tolist(), strict=True)}
        return found | {f"least squares {name}": value for name, value in best.items()}

    return Stage(
        2,
        network,
        [values for values, _ in groups],
        _sgd(recipe, groups),
        lambda done, epoch: [recipe.lr_inter_task * recipe.decay ** (epoch - 1)],
        recipe.epochs2,
        steps,
        validate,
        f"give a smaller lr_inter_task than {recipe.lr_inter_task:g}",
        {},
    )


def least_squares(branches: np.ndarray, score: np.ndarray) -> np.ndarray:
    """(K,) weights that make equation 6 smallest, without an iteration.

    Args:
        branches: (N, 1 + K) aesthetic score and traits.
        score: (N,) rated score in 0 to 1, NaN where there is none.

    >>> least_squares(np.array([[0.5, 1.0], [0.5, -1.0]]), np.array([0.6, 0.4])).round(3)
    array([0.1])
    """
    rated = np.isfinite(score)
    return np.asarray(np.linalg.lstsq(branches[rated, 1:], score[rated] - branches[rated, 0], rcond=None)[0])


def weights_of(history: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Trait -> its weight after the best epoch of stage 2, and that of least squares; none where it was left out."""
    rows = [row for row in history if row["stage"] == 2 and row["best"]]
    return {name: (rows[-1][f"w {name}"], rows[-1][f"least squares {name}"]) for name in names} if rows else {}


def _sgd(recipe: LiRecipe, groups: Sequence[tuple[dict[str, nn.Parameter], float]]) -> torch.optim.SGD:
    given = [{"params": list(values.values()), "lr": rate} for values, rate in groups]
    return torch.optim.SGD(given, momentum=recipe.momentum, weight_decay=recipe.weight_decay)


def _judged(
    network: Personality, answer: Callable[[Tensor], Tensor], inputs: Inputs, domain: Domain
) -> dict[str, float]:
    rows = split_rows(domain.photos)[1]
    return _agreement(predict(network, answer, inputs, rows), domain.targets[rows])


def _agreement(found: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Loss summed over the tasks, and SRCC averaged over them."""
    if not np.isfinite(found).all():
        return {"validation_loss": float("nan"), "validation_srcc": float("nan")}
    each = [rated_srcc(truth, column) for truth, column in zip(targets.T, found.T, strict=True)]
    loss = float(np.nanmean((found - targets) ** 2) * targets.shape[1])
    return {"validation_loss": loss, "validation_srcc": float(np.mean(each))}


def _native(tasks: Sequence[Task], unit: np.ndarray) -> np.ndarray:
    """(N, T) in the unit interval, cut at its ends -> native units."""
    columns_of = zip(tasks, unit.clip(0, 1).T, strict=True)
    return np.stack([task.from_unit(column) for task, column in columns_of], axis=1)
