"""What a study says before it starts: the room of exactly the files that it will keep."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.errors import BeholderError
from beholder.systems.study_plan import announce, check_room
from beholder.training.features import KeptArray
from helpers import tiny_backbones
from helpers.coloured_data import make_oasis
from helpers.extras import needs_torch


@pytest.fixture
def photos(tmp_path: Path) -> RatedPhotos:
    return load_data("oasis", make_oasis(tmp_path / "data", 6))


@needs_torch
@pytest.mark.parametrize("backbone", ["tiny", "tokens"])
@pytest.mark.parametrize("parts", [{"pooled": True, "middle": False}, {"pooled": False}, {}], ids=str)
def test_the_room_is_that_of_the_files(
    backbone: str, parts: dict[str, bool], photos: RatedPhotos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from beholder.training.inputs import ViewSpec, cached_arrays, cached_inputs

    tiny_backbones.register(monkeypatch.setitem, monkeypatch.setattr)
    view_spec = ViewSpec(backbone, 16, True, 20)
    arrays, cache = cached_arrays(photos, view_spec, **parts), tmp_path / "cache"
    assert all(array.missing(cache) == array.size > 0 for array in arrays)
    cached_inputs(photos, view_spec, torch.device("cpu"), cache=cache, **parts)
    files = {path: path.stat().st_size - 128 for path in (cache / "features").glob("*.npy")}  # without the header
    assert files == {array.place(cache).with_suffix(".npy"): array.size for array in arrays}
    assert not any(array.missing(cache) for array in arrays)


@needs_torch
@pytest.mark.parametrize("middle", [True, False])
def test_the_room_of_photographs_of_several_shapes(
    middle: bool, photos: RatedPhotos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from beholder.systems.song2023.inputs import kept_arrays, kept_source

    tiny_backbones.register(monkeypatch.setitem, monkeypatch.setattr)
    monkeypatch.setattr(tiny_backbones.Tiny, "multiple", 1)
    Image.new("RGB", (120, 60)).save(photos.paths[0])
    cache = tmp_path / "cache"
    arrays = kept_arrays(photos, "tiny", 16, mirror=True, middle=middle)
    kept_source(photos, "tiny", 16, torch.device("cpu"), middle=middle, cache=cache)
    files = {path: path.stat().st_size - 128 for path in (cache / "features").glob("*.npy")}
    assert files == {array.place(cache).with_suffix(".npy"): array.size for array in arrays}
    assert len(files) == 2 * (2 + middle)  # two shapes; pixels, maps, and inputs of stage 2


def test_what_is_there_and_what_is_not(
    photos: RatedPhotos, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = [KeptArray(photos, key, (2, 6, 500_000), "float16") for key in ("stem", "pooled")]
    cache, work = tmp_path / "not yet" / "cache", tmp_path / "runs"
    free = {"free": 24_000_000}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(**free) if path.is_dir() else None)
    announce(arrays, cache, [(7, 0), (9, 0)], work)
    features = f"24 MB of features in {cache / 'features'}"
    assert capsys.readouterr().err == f"{features} (24 MB free); 16 trainings, to be kept in {work}\n"
    free["free"] -= 1
    with pytest.raises(BeholderError, match=r"features take 24 MB more, .* --no-cache") as caught:
        announce(arrays, cache, [(7, 0)], work)
    assert "BEHOLDER_CACHE" in str(caught.value) and "\n" not in str(caught.value)
    there = arrays[0].place(cache).with_suffix(".npy")
    there.parent.mkdir(parents=True)
    there.write_bytes(bytes(arrays[0].size))
    announce(arrays, cache, [(7, 7), (9, 2)], work)
    assert capsys.readouterr().err == (
        f"{features} (12 MB of them there already, 24 MB free); 9 of 16 trainings are there already, in {work}\n"
    )


def test_without_features_there_is_room_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    assert check_room([], tmp_path) == "no features are kept"
