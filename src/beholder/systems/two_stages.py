"""Training in two stages: new layers on a frozen backbone, then the backbone's last layers as well."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, Self, TypeVar

import numpy as np
from torch import Tensor, nn

from beholder.data.rated_photos import RatedPhotos
from beholder.models.backbones.base import Backbone
from beholder.training.checkpoint import Checkpoint
from beholder.training.held_out import typical_features
from beholder.training.inputs import FeatureInputs
from beholder.training.loop import OnEpoch, Stage, train_stage

N = TypeVar("N", bound=nn.Module)


class TwoStageNetwork(nn.Module):
    """A network of a pretrained backbone and new layers."""

    backbone: Backbone

    def trainable_parameters(self, stage: int) -> dict[str, nn.Parameter]:
        """Parameters by name that a stage trains: 1 the new layers, 2 the backbone's last layers as well."""
        tuned = tuple(f"backbone.{prefix}" for prefix in self.backbone.tuned) if stage == 2 else ()
        return {
            name: parameter
            for name, parameter in self.named_parameters()
            if not name.startswith("backbone.") or name.startswith(tuned)
        }

    def pool_middle(self, middle: Tensor) -> Tensor:
        """What the backbone's stem gave -> pooled features (B, C)."""
        return self.backbone.tail(middle).mean(dim=(2, 3))


Keep = Literal["best", "last"]  # which stage a result stands for


@dataclass(frozen=True)
class TwoStageResult(Generic[N]):
    """Result of a training: the network after each stage, of which one is kept.

    Attributes:
        networks: stage -> the network with the parameters of its best epoch, in the order of the stages.
        history: one row an epoch: stage, epoch, loss, validation loss and SRCC, seconds, whether it is the best so far.
        predicted: stage -> (N, T) predictions for all photographs, NaN for photographs of the training part.
        best: the stage with the lower validation loss; the last one where nothing was held out for validation.
        kept: the stage that `network` and `final` are of, `best` unless `keeping` says otherwise.
    """

    networks: Mapping[int, N]
    history: list[dict[str, Any]]
    predicted: Mapping[int, np.ndarray]
    best: int
    kept: int

    @property
    def network(self) -> N:
        """The network of the kept stage."""
        return self.networks[self.kept]

    @property
    def final(self) -> np.ndarray:
        """(N, T) predictions of the kept stage."""
        return self.predicted[self.kept]

    @property
    def stage1(self) -> np.ndarray:
        """(N, T) predictions after stage 1."""
        return self.predicted[1]

    @property
    def stage2(self) -> np.ndarray | None:
        """(N, T) predictions after stage 2; None where it was left out."""
        return self.predicted.get(2)

    def keeping(self, keep: Keep) -> Self:
        """The same training, of which the best or the last stage is kept."""
        return replace(self, kept=self.best if keep == "best" else max(self.networks))


def best_epoch(history: Sequence[Mapping[str, Any]], stage: int) -> Mapping[str, Any]:
    """The row of the epoch whose parameters a stage ended with."""
    return [row for row in history if row["stage"] == stage and row["best"]][-1]


def held_by(result: TwoStageResult[Any]) -> str:
    """Which stage and epoch is kept, in words, and how the other stage did.

    >>> rows = [{"stage": 1, "epoch": 1, "validation_loss": 0.25, "best": True},
    ...         {"stage": 2, "epoch": 1, "validation_loss": 0.5, "best": True}]
    >>> held_by(TwoStageResult({1: None, 2: None}, rows, {}, 1, 2))
    'stage 2, epoch 1 of 1: validation loss 0.5000; stage 1, epoch 1 of 1: validation loss 0.2500, which is lower'
    """
    others = [stage for stage in result.networks if stage != result.kept]
    words = []
    for stage in (result.kept, *others):
        row = best_epoch(result.history, stage)
        epochs = sum(each["stage"] == stage for each in result.history)
        loss = f": validation loss {row['validation_loss']:.4f}" if "validation_loss" in row else ", without validation"
        words.append(f"stage {stage}, epoch {row['epoch']} of {epochs}{loss}")
    return "; ".join(words) + (", which is lower" if result.best != result.kept else "")


def train_stages(
    network: N,
    numbers: Sequence[int],
    stage: Callable[[int], Stage],
    predict: Callable[[int], np.ndarray],
    state: Checkpoint,
    seed: int,
    on_epoch: OnEpoch,
) -> TwoStageResult[N]:
    """Train stages one after the other; the best of them is kept.

    Args:
        network: that all stages train.
        numbers: of the stages.
        stage: number -> the stage, made when the stage before it has ended.
        predict: number -> predictions of the network as this stage left it.
    """
    losses, predicted, networks = {}, {}, {}
    for number in numbers:
        losses[number] = train_stage(stage(number), state, seed, on_epoch)
        predicted[number] = predict(number)
        networks[number] = network if number == numbers[-1] else copy.deepcopy(network)
    for each in networks.values():
        each.eval().requires_grad_(False)
    best = best_stage(losses)
    return TwoStageResult(networks, state.history, predicted, best, best)


def best_stage(losses: Mapping[int, float]) -> int:
    """The stage with the lowest validation loss; the last one where there is none, so that all are infinite."""
    return min(losses, key=lambda number: losses[number]) if np.isfinite([*losses.values()]).any() else max(losses)


def typical_of_stage(photos: RatedPhotos, network: TwoStageNetwork, stage: int, source: FeatureInputs) -> Tensor:
    """(C,) mean pooled features of the training photographs by a network of this stage, on its device."""
    if stage == 1:  # the backbone is as it was
        return typical_features(photos, network, nn.Identity(), source.pooled)
    return typical_features(photos, network, network.pool_middle, source.middle)
