"""The training loop that all systems share: one stage, epoch by epoch, with a checkpoint after each.

Order, mirroring, crops and dropout of an epoch depend only on the seed, the stage and the number of the epoch, so an
interrupted run repeats the epoch that it was in and ends with the same result.
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
        loss: computes the loss of the photographs of this step.
        count: number of these photographs; weighs the loss in the mean over the epoch.
    """

    loss: Callable[[], Tensor]
    count: int


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a stage trains and how, and how an epoch is validated.

    Attributes:
        number: 1, 2, ...
        network: put into training mode for each epoch; its ``backbone`` stays in evaluation mode, as batch
            normalisation keeps the statistics of pretraining.
        groups: parameters by name; one group for each learning rate.
        optimizer: over ``groups``, in their order.
        rates: number of steps done in this stage, and number of the epoch from 1 -> learning rate of each group.
        epochs: number of epochs.
        steps: random generator of an epoch -> its steps.
        validate: called after an epoch -> ``validation_loss``, by which the best epoch is chosen, and other measures;
            nothing where no photographs are held out for it: the last epoch is the best then.
        advice: what to do when the loss is no longer a number.
        buffers: tensors by name that training changes without the optimiser: running statistics.
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
    def trained_tensors(self) -> dict[str, Tensor]:
        """All tensors that training changes, by name; parameters first, in the order of the optimiser."""
        return {name: value for group in self.groups for name, value in group.items()} | self.buffers


def train_stage(stage: Stage, state: Checkpoint, seed: int, on_epoch: OnEpoch) -> float:
    """Train a stage from where the checkpoint ended, then load the values of its best epoch.

    Args:
        on_epoch: called with each row of the history: stage, epoch, loss, the results of ``validate``, seconds,
            whether it is the best so far.

    Returns:
        The lowest validation loss; infinite without validation.

    Raises:
        BeholderError: a loss that is no longer a number, or a checkpoint that cannot be written.
    """
    for group in stage.groups:
        for parameter in group.values():
            parameter.requires_grad_(True)
    first = state.restore(stage.number, stage.trained_tensors, stage.optimizer)
    for epoch in range(first, stage.epochs + 1):
        started = time.monotonic()
        loss = _epoch(stage, seed, epoch)
        stage.network.eval()
        found = stage.validate()
        if not np.isfinite([loss, found.get("validation_loss", 0)]).all():
            raise BeholderError(f"stage {stage.number}, epoch {epoch}: the loss is no longer a number; {stage.advice}")
        row: dict[str, Any] = {"stage": stage.number, "epoch": epoch, "loss": round(loss, 6)}
        row |= {name: round(value, 6) for name, value in found.items()}
        row["seconds"] = round(time.monotonic() - started, 2)
        row["best"] = state.is_best(row)
        state.save(row, stage.trained_tensors, stage.optimizer)
        on_epoch(row)
    return state.best(stage.number, stage.trained_tensors)


def _epoch(stage: Stage, seed: int, epoch: int) -> float:
    """Train one epoch; returns the mean loss."""
    number = int.from_bytes(hashlib.sha256(f"{seed} {stage.number} {epoch}".encode()).digest()[:6], "big")
    with seeded(number):
        return _run_steps(stage, stage.steps(np.random.default_rng(number)), epoch)


def _run_steps(stage: Stage, steps: Sequence[Step], epoch: int) -> float:
    """Update the parameters once per step; returns the mean loss."""
    stage.network.train()
    stage.network.backbone.eval()  # type: ignore[union-attr]
    device = next(iter(stage.trained_tensors.values())).device
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


def batch_slices(count: int, size: int) -> list[slice]:
    """0 to ``count`` in slices of at most ``size``."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
