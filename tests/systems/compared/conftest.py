"""What the tests of the compared systems share: voted photographs in the layout of OASIS, and tiny recipes."""

from collections.abc import Iterator

import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.systems.compared.train import inputs
from beholder.training.inputs import FeatureInputs
from helpers import tiny_backbones
from helpers.coloured_data import make_oasis
from helpers.compared import CPU, RECIPES

PARTS = ("train", "validation", "train", "test", "train")


@pytest.fixture(autouse=True, scope="module")
def networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbones.register(patch.setitem, patch.setattr)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    found = load_data("oasis", make_oasis(tmp_path_factory.mktemp("oasis")))
    return found.with_splits(PARTS[number % 5] for number in range(len(found)))


@pytest.fixture(scope="module")
def source(photos: RatedPhotos, tmp_path_factory: pytest.TempPathFactory) -> FeatureInputs:
    """For all recipes: both stages."""
    return inputs(photos, RECIPES["pan2019"], CPU, cache=tmp_path_factory.mktemp("cache"))
