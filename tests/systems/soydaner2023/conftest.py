"""What the tests of Soydaner & Wagemans (2023) share: photographs, inputs and a finished training."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.systems.soydaner2023.train import SoydanerResult, fit, inputs
from beholder.training.inputs import FeatureInputs
from helpers import tiny_backbones
from helpers.soydaner2023 import CPU, RECIPE, TASKS, save_rated


@pytest.fixture(autouse=True, scope="module")
def networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbones.register(patch.setitem, patch.setattr)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    folder = tmp_path_factory.mktemp("rated")
    ratings = save_rated(folder)
    parts = ("train", "validation", "train", "test", "train")
    splits = tuple(parts[number % 5] for number in range(len(ratings)))
    return RatedPhotos("toy", folder, tuple(f"{n}.jpg" for n in range(len(ratings))), TASKS, ratings, splits=splits)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def source(photos: RatedPhotos, cache: Path) -> FeatureInputs:
    return inputs(photos, RECIPE, CPU, cache=cache)


@pytest.fixture(scope="module")
def whole(photos: RatedPhotos, source: FeatureInputs) -> SoydanerResult:
    """A training that nothing disturbed."""
    return fit(photos, RECIPE, source=source, device=CPU)
