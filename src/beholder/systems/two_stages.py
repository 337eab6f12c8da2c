"""Training in two stages: new layers on a frozen backbone, then the backbone's last layers as well."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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


@dataclass(frozen=True)
class TwoStageResult(Generic[N]):
    """Result of a training.

    Attributes:
        network: with the parameters of the best epoch of the best stage.
        history: one row an epoch: stage, epoch, loss, validation loss and SRCC, seconds, whether it is the best so far.
        stage1, stage2: (N, T) predictions for all photographs after each stage, NaN for photographs of the training
            part; ``stage2`` is None where the stage was left out.
        best: the stage with the lower validation loss.
    """

    network: N
    history: list[dict[str, Any]]
    stage1: np.ndarray
    stage2: np.ndarray | None
    best: int

    @property
    def final(self) -> np.ndarray:
        """(N, T) predictions of the best stage."""
        return self.stage1 if self.best == 1 or self.stage2 is None else self.stage2


def train_stages(
    numbers: Sequence[int],
    stage: Callable[[int], Stage],
    predict: Callable[[int], np.ndarray],
    state: Checkpoint,
    seed: int,
    on_epoch: OnEpoch,
) -> tuple[dict[int, np.ndarray], int]:
    """Train stages one after the other.

    Args:
        numbers: of the stages.
        stage: number -> the stage, made when the stage before it has ended.
        predict: number -> predictions of the network as this stage left it.

    Returns:
        Predictions by stage, and the stage with the lowest validation loss.
    """
    losses, predicted = {}, {}
    for number in numbers:
        losses[number] = train_stage(stage(number), state, seed, on_epoch)
        predicted[number] = predict(number)
    return predicted, min(losses, key=lambda number: losses[number])


def typical_of_stage(photos: RatedPhotos, network: TwoStageNetwork, stage: int, source: FeatureInputs) -> Tensor:
    """(C,) mean pooled features of the training photographs by a network of this stage, on its device."""
    if stage == 1:  # the backbone is as it was
        return typical_features(photos, network, nn.Identity(), source.pooled)
    return typical_features(photos, network, network.pool_middle, source.middle)
