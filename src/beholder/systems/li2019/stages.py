"""The two stages of Li et al. (2019): both branches in turn, then the inter-task layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beholder.systems.li2019.domains import Domain, Shared, SourcedDomain
from beholder.systems.li2019.network import Personality
from beholder.systems.li2019.recipe import LiRecipe
from beholder.training.inputs import Inputs
from beholder.training.loop import Stage, Step, batch_slices
from beholder.training.supervised import masked_mse, predict, rated_srcc, split_rows


def alternating_stage(shared: Shared, first: SourcedDomain, other: SourcedDomain | None) -> Stage:
    """Both branches and the shared layers, a batch of each domain in turn (Section 3)."""
    network, recipe = shared.network, shared.recipe
    names = ("aesthetic.",) if other is None else ("aesthetic.", "personality.")
    branches = {name: value for name, value in network.named_parameters() if name.startswith(names)}
    groups = [(shared.parameters(), recipe.lr_shared), (branches, recipe.lr_branches)]
    groups = [(values, rate) for values, rate in groups if values]
    device = next(network.parameters()).device

    def batches(
        domain: SourcedDomain,
        answer: Callable[[Tensor], Tensor],
        rows: np.ndarray,
        rng: np.random.Generator,
        *,
        counted: bool,
    ) -> list[Step]:
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
        found = _validated(network, shared.aesthetic, shared.inputs(first), first)
        if other is not None and len(split_rows(other.photos)[1]):
            second = _validated(network, shared.traits, shared.inputs(other), other)
            found |= {name.replace("validation", "second"): value for name, value in second.items()}
        return found

    return Stage(
        number=1,
        network=network,
        groups=[values for values, _ in groups],
        optimizer=_sgd(recipe, groups),
        rates=lambda done, epoch: [rate * recipe.decay ** (epoch - 1) for _, rate in groups],
        epochs=recipe.epochs1,
        steps=steps,
        validate=validate,
        advice=f"give smaller rates than {recipe.lr_shared:g} (shared) and {recipe.lr_branches:g} (branches)",
        buffers={},
    )


def inter_task_stage(
    shared: Shared, first: SourcedDomain, other: Domain, branches: np.ndarray, recipe: LiRecipe
) -> Stage:
    """The inter-task layer alone (eq. 6), on crops as in stage 1; all that is below it is frozen.

    Args:
        branches: (N, 1 + K) what the branches give for the centre of each photograph.
    """
    network = shared.network
    train, validation, _ = split_rows(first.photos)
    groups = [({"inter_task": network.inter_task}, recipe.lr_inter_task)]
    kept = torch.from_numpy(branches[validation]).to(network.inter_task.device)
    inputs, targets = shared.inputs(first), torch.from_numpy(first.targets).float().to(network.inter_task.device)
    names = [task.name for task in other.tasks]
    best = dict(zip(names, least_squares(branches[train], first.targets[train, 0]).tolist(), strict=True))

    def steps(rng: np.random.Generator) -> list[Step]:
        order = rng.permutation(train)
        views = rng.integers(first.source.views, size=len(order))

        def step(part: slice) -> Step:
            rows = order[part]

            def loss() -> Tensor:
                with torch.no_grad():
                    given = shared.branches(inputs(rows, views[part]))
                return masked_mse(network.forward_inter_task(given.float()), targets[rows])

            return Step(loss, len(rows))

        return [step(part) for part in batch_slices(len(order), recipe.batch)]

    def validate() -> dict[str, float]:
        with torch.inference_mode():
            final = network.forward_inter_task(kept).cpu().numpy()
        found = _agreement(final, first.targets[validation])
        found |= {f"w {name}": value for name, value in zip(names, network.inter_task.tolist(), strict=True)}
        return found | {f"least squares {name}": value for name, value in best.items()}

    return Stage(
        number=2,
        network=network,
        groups=[values for values, _ in groups],
        optimizer=_sgd(recipe, groups),
        rates=lambda done, epoch: [recipe.lr_inter_task * recipe.decay ** (epoch - 1)],
        epochs=recipe.epochs2,
        steps=steps,
        validate=validate,
        advice=f"give a smaller lr_inter_task than {recipe.lr_inter_task:g}",
        buffers={},
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


@dataclass(frozen=True)
class InterTask:
    """The inter-task layer as the best epoch of stage 2 left it.

    Attributes:
        weights: trait -> its weight in equation 5, points of the score in 0 to 1 for one unit of a trait in -1 to 1.
        least_squares: trait -> the weight that `least_squares` gives on the centres of the training photographs.
        epoch, epochs: the best epoch, and how many there were.
        loss, loss_without: validation loss of the score with these weights, and without the layer.
    """

    weights: dict[str, float]
    least_squares: dict[str, float]
    epoch: int
    epochs: int
    loss: float
    loss_without: float

    @property
    def helped(self) -> bool:
        """Whether the layer lowered the validation loss."""
        return self.loss < self.loss_without


def inter_task_of(history: Sequence[dict[str, Any]], names: Sequence[str]) -> InterTask | None:
    """What stage 2 found for the traits of these names; None where it was left out."""
    after = [row for row in history if row["stage"] == 2]
    if not after:
        return None
    best = [row for row in after if row["best"]][-1]
    return InterTask(
        weights={name: best[f"w {name}"] for name in names},
        least_squares={name: best[f"least squares {name}"] for name in names},
        epoch=best["epoch"],
        epochs=len(after),
        loss=best["validation_loss"],
        loss_without=min(row["validation_loss"] for row in history if row["stage"] == 1),
    )


def _sgd(recipe: LiRecipe, groups: Sequence[tuple[dict[str, nn.Parameter], float]]) -> torch.optim.SGD:
    given = [{"params": list(values.values()), "lr": rate} for values, rate in groups]
    return torch.optim.SGD(given, momentum=recipe.momentum, weight_decay=recipe.weight_decay)


def _validated(
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
