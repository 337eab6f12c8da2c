"""The two domains of a training: their targets and inputs, and the network as seen from these inputs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from beholder.data.rated_photos import RatedPhotos
from beholder.systems.li2019.network import Personality
from beholder.systems.li2019.recipe import LAST, NONE, WHOLE, LiRecipe
from beholder.tasks import Task
from beholder.training.features import KeptArray
from beholder.training.inputs import FeatureInputs, Inputs, ViewSpec, cached_arrays, cached_inputs, direct_inputs


@dataclass(frozen=True)
class Domain:
    """A data set with splits and what is learned of it.

    Attributes:
        photos: N photographs.
        tasks: T of its tasks, those that are learned.
        targets: (N, T) their ratings as a branch gives them, NaN where there is none.
    """

    photos: RatedPhotos
    tasks: tuple[Task, ...]
    targets: np.ndarray

    def with_source(self, source: FeatureInputs) -> "SourcedDomain":
        """The same with the source of its inputs."""
        return SourcedDomain(self.photos, self.tasks, self.targets, source)


@dataclass(frozen=True)
class SourcedDomain(Domain):
    """A domain and the source of its inputs."""

    source: FeatureInputs


def aesthetic_domain(photos: RatedPhotos) -> Domain:
    """The first task of a data set, in 0 to 1."""
    task = photos.tasks[0]
    return Domain(photos, (task,), task.to_unit(photos.ratings[:, :1]))


def second_domain(photos: RatedPhotos) -> Domain:
    """All tasks of a data set, in -1 to 1."""
    unit = [task.to_unit(column) for task, column in zip(photos.tasks, photos.ratings.T, strict=True)]
    return Domain(photos, photos.tasks, 2 * np.stack(unit, axis=1) - 1)


def domain_inputs(
    photos: RatedPhotos,
    recipe: LiRecipe,
    device: torch.device,
    *,
    keep: bool = True,
    pooled: bool = False,
    cache: Path | None = None,
) -> FeatureInputs:
    """Inputs of one domain: kept in the cache, or computed in every step, as is needed to train the whole backbone.

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


def domain_arrays(photos: RatedPhotos, recipe: LiRecipe, *, pooled: bool = False) -> list[KeptArray]:
    """What :func:`domain_inputs` keeps in the cache."""
    if recipe.shared == WHOLE:
        return []
    view_spec = ViewSpec(recipe.backbone, recipe.side, recipe.mirror, recipe.resize)
    only = recipe.shared == NONE
    return cached_arrays(photos, view_spec, pooled=pooled or only, middle=not only)


@dataclass(frozen=True)
class Shared:
    """A network applied to the inputs of its training: pixels, or outputs of its frozen layers."""

    network: Personality
    recipe: LiRecipe

    def inputs(self, domain: SourcedDomain) -> Inputs:
        """What a step takes from the domain, by how much of the backbone is trained."""
        source = domain.source
        return {WHOLE: source.pixels, LAST: source.middle, NONE: source.pooled}[self.recipe.shared]

    def pool(self, given: Tensor) -> Tensor:
        """Inputs of a step -> pooled features (B, C)."""
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
        """Parameters of the backbone that are trained, by name."""
        prefixes = {WHOLE: ("",), LAST: self.network.backbone.tuned, NONE: ()}[self.recipe.shared]
        named = self.network.backbone.named_parameters()
        return {f"backbone.{name}": parameter for name, parameter in named if name.startswith(prefixes)}
