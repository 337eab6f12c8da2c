"""What the tests of Li et al. (2019) share: photographs, inputs and a finished training."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.systems.li2019.domains import domain_inputs
from beholder.systems.li2019.train import LiResult, fit
from beholder.tasks import Task
from beholder.training.inputs import FeatureInputs
from helpers import tiny_backbones
from helpers.li2019 import CPU, RECIPE, SCORE, TRAITS, make_aadb, make_ava, make_psychoflickr, rated


@pytest.fixture(autouse=True, scope="module")
def networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbones.register(patch.setitem, patch.setattr)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    return rated(tmp_path_factory.mktemp("first") / "a", "first", (SCORE, Task("other", 0, 1)), range(30))


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    found = rated(tmp_path_factory.mktemp("second") / "b", "second", TRAITS, range(50, 70))
    found.ratings[2, 0] = np.nan
    return found


@pytest.fixture(scope="module")
def sources(photos: RatedPhotos, second: RatedPhotos, tmp_path_factory: pytest.TempPathFactory) -> list[FeatureInputs]:
    cache = tmp_path_factory.mktemp("cache")
    return [domain_inputs(each, RECIPE, CPU, cache=cache) for each in (photos, second)]


@pytest.fixture(scope="module")
def whole(photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs]) -> LiResult:
    """A training that nothing disturbed."""
    return fit(photos, RECIPE, second=second, source=sources, device=CPU)


@pytest.fixture(scope="module")
def planted_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("planted")
    make_psychoflickr(root)
    make_ava(root)
    make_aadb(root)
    return root
