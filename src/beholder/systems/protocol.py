"""What every system answers: the functions of its module ``system``, by which commands and reports use it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.metrics import Estimate
from beholder.reporting.document import Document
from beholder.scoring.model_file import ModelInfo
from beholder.systems.study import ScoredSystem
from beholder.systems.study_runs import Recipe, StudyConfig
from beholder.tasks import Task
from beholder.training.checkpoint import Checkpoint
from beholder.training.features import KeptArray
from beholder.training.loop import OnEpoch

A_contra = TypeVar("A_contra", bound=Recipe, contravariant=True)  # the recipe, where it is only taken
R = TypeVar("R", bound=Recipe)  # the recipe
S = TypeVar("S")  # where the inputs of a training step come from
T = TypeVar("T")  # result of a training


class TrainFunctions(Protocol[A_contra, S, T]):
    """Functions of every system. ``second`` is the second data set of a system that learns from two, None otherwise."""

    def learned_tasks(self, photos: RatedPhotos, recipe: A_contra) -> tuple[Task, ...]:
        """The tasks of ``photos`` that a recipe learns."""

    def check(
        self,
        photos: RatedPhotos,
        recipe: A_contra,
        checkpoint: Path | None = None,
        *,
        second: RatedPhotos | None = None,
    ) -> Checkpoint:
        """Validate photographs, recipe and checkpoint before any photograph is read. Raises BeholderError."""

    def inputs(
        self,
        photos: RatedPhotos,
        recipe: A_contra,
        device: torch.device,
        *,
        second: RatedPhotos | None = None,
        keep: bool = True,
        cache: Path | None = None,
    ) -> S:
        """Inputs of the training: kept in the cache, or computed in every step."""

    def fit(
        self,
        photos: RatedPhotos,
        recipe: A_contra,
        *,
        second: RatedPhotos | None = None,
        source: S | None = None,
        checkpoint: Path | None = None,
        device: torch.device | None = None,
        on_epoch: OnEpoch = ...,
    ) -> T:
        """Train on the train part, choose the best epochs on the validation part, predict what is held out."""

    def export(
        self,
        photos: RatedPhotos,
        result: T,
        recipe: A_contra,
        source: S,
        path: Path,
        *,
        second: RatedPhotos | None = None,
    ) -> ModelInfo:
        """Write the model file."""

    def linear_probe(self, photos: RatedPhotos, recipe: A_contra, source: S) -> list[Estimate]:
        """Metrics of a linear head on the same frozen backbone; none where the system keeps no features for it."""

    def remarks(self, info: ModelInfo) -> list[str]:
        """Lines to print about a model file, beside its metrics."""


class SystemFunctions(TrainFunctions[R, S, T], Protocol[R, S, T]):
    """Functions of a system with a report of its own."""

    def recipe_for(self, data: str) -> R:
        """Recipe of the report for a data set."""

    def kept_arrays(self, config: StudyConfig[R], photos: RatedPhotos) -> list[KeptArray]:
        """What a study keeps in the cache."""

    def scored_system(
        self, config: StudyConfig[R], fold_splits: Sequence[RatedPhotos], device: torch.device
    ) -> ScoredSystem:
        """The system trained with seed 0, to be compared with others."""

    def report(self, config: StudyConfig[R], device: torch.device) -> Document:
        """Train what is not trained yet, and write the report of the paper."""
