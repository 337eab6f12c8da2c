"""The training loop that all systems share: one stage, epoch by epoch, with a checkpoint after each.

Order, mirroring, crops and dropout of an epoch follow from the seed, the stage and the number of the epoch alone, so a
run that was killed goes on with the epoch that it was in, to the same result.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beholder import progress
from beholder.errors import BeholderError
from beholder.training.checkpoint import Checkpoint
from beholder.training.device import precision
from beholder.training.seeding import seeded

OnEpoch = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Step:
    """One step of an epoch.

    Attributes:
        loss: computes the loss of its photographs.
        count: of the photographs, by which losses are averaged over the epoch.
    """

    loss: Callable[[], Tensor]
    count: int


@dataclass(frozen=True)
class Stage:
    """What a stage trains, how, and what an epoch is judged by.

    Attributes:
        number: 1, 2, ...
        network: put into training mode for each epoch; its ``backbone`` stays in evaluation mode, as batch
            normalisation keeps the statistics of pretraining.
        groups: parameters by name, one group a learning rate.
        optimizer: over ``groups``, in their order.
        rates: the number of steps done in this stage and of the epoch, from 1 -> learning rate of each group.
        epochs: at the most, from 1.
        steps: generator of an epoch's chance -> its steps.
        judge: after an epoch -> ``validation_loss``, by which the best epoch is chosen, and what else is of interest.
        advice: what to do where the loss is no longer a number.
        buffers: by name, that training changes without an optimiser: running statistics.
    """

    number: int
    network: nn.Module
    groups: Sequence[dict[str, nn.Parameter]]
    optimizer: torch.optim.Optimizer
    rates: Callable[[int, int], Sequence[float]]
    epochs: int
    steps: Callable[[np.random.Generator], Sequence[Step]]
    validate: Callable[[], dict[str, float]]
    advice: str
    buffers: dict[str, Tensor]

    @property
    def kept(self) -> dict[str, Tensor]:
        """All that training changes, by name, the parameters in the order of the optimiser first."""
        return {name: value for group in self.groups for name, value in group.items()} | self.buffers


def train_stage(stage: Stage, state: Checkpoint, seed: int, on_epoch: OnEpoch) -> float:
    """Train a stage from where the checkpoint left it; afterwards its best epoch's values are in place.

    Args:
        on_epoch: called with each row of the history: stage, epoch, loss, what ``validate`` found, seconds,
            whether it is the best so far.

    Returns:
        The lowest validation loss.

    Raises:
        BeholderError: a loss that is no longer a number, or a checkpoint that cannot be written.
    """
    for group in stage.groups:
        for parameter in group.values():
            parameter.requires_grad_(True)
    first = state.restore(stage.number, stage.kept, stage.optimizer)
    for epoch in range(first, stage.epochs + 1):
        started = time.monotonic()
        loss = _epoch(stage, seed, epoch)
        stage.network.eval()
        found = stage.validate()
        if not np.isfinite([loss, found["validation_loss"]]).all():
            raise BeholderError(f"stage {stage.number}, epoch {epoch}: the loss is no longer a number; {stage.advice}")
        row: dict[str, Any] = {"stage": stage.number, "epoch": epoch, "loss": round(loss, 6)}
        row |= {name: round(value, 6) for name, value in found.items()}
        row["seconds"] = round(time.monotonic() - started, 2)
        row["best"] = state.is_best(row)
        state.save(row, stage.kept, stage.optimizer)
        on_epoch(row)
    return state.best(stage.number, stage.kept)


def _epoch(stage: Stage, seed: int, epoch: int) -> float:
    """One pass; the mean loss."""
    number = int.from_bytes(hashlib.sha256(f"{seed} {stage.number} {epoch}".encode()).digest()[:6], "big")
    with seeded(number):
        return _run_steps(stage, stage.steps(np.random.default_rng(number)), epoch)


def _run_steps(stage: Stage, steps: Sequence[Step], epoch: int) -> float:
    """One optimiser update per step; the mean loss."""
    stage.network.train()
    stage.network.backbone.eval()  # type: ignore[union-attr]
    device = next(iter(stage.kept.values())).device
    total = 0.0
    label = f"stage {stage.number}, epoch {epoch} of {stage.epochs}"
    with progress.bar(label, len(steps), quiet=stage.number == 1 and len(steps) < 20) as bar:
        for done, step in enumerate(steps):
            rates = stage.rates((epoch - 1) * len(steps) + done, epoch)
            for group, rate in zip(stage.optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
            with precision(device):
                loss = step.loss()
            stage.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            stage.optimizer.step()
            total += float(loss.detach()) * step.count
            bar.advance(bar.task_ids[0])
    return total / sum(step.count for step in steps)


def chunks(count: int, size: int) -> list[slice]:
    """0 to ``count`` in slices of at most ``size``."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
