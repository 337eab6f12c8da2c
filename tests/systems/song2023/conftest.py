"""What the tests of Song et al. (2023) share: photographs, inputs and a finished training."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.models import registry
from beholder.systems.song2023.export import export
from beholder.systems.song2023.inputs import VariableSizeInputs
from beholder.systems.song2023.train import (
    SongResult,
    fit,
    inputs,
)
from helpers import tiny_backbones
from helpers.song2023 import CPU, RECIPE, Normed, Strided, voted


@pytest.fixture(autouse=True, scope="module")
def networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(tiny_backbones.NETWORKS, "normed", Normed)
        tiny_backbones.register(patch.setitem, patch.setattr)
        for name, network in (("tiny", Strided), ("normed", Normed)):
            patch.setattr(tiny_backbones, network.__name__, network, raising=False)
            found = replace(registry.WEIGHTS[name], backbone=f"{tiny_backbones.__name__}:{network.__name__}")
            patch.setitem(registry.WEIGHTS, name, found)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    return voted(tmp_path_factory.mktemp("voted"))


@pytest.fixture(scope="module")
def source(photos: RatedPhotos, tmp_path_factory: pytest.TempPathFactory) -> VariableSizeInputs:
    return inputs(photos, RECIPE, CPU, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def whole(photos: RatedPhotos, source: VariableSizeInputs) -> SongResult:
    """A training that nothing disturbed."""
    return fit(photos, RECIPE, source=source, device=CPU)


# The model file


@pytest.fixture(scope="module")
def model(
    photos: RatedPhotos, whole: SongResult, source: VariableSizeInputs, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("model") / "song.onnx"
    export(photos, whole, RECIPE, source, path)
    return path
