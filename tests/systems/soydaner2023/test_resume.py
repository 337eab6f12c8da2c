"""Trainings of Soydaner & Wagemans (2023) that are stopped, and what they keep: checkpoints and features."""

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.photos.read import Pixels
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import SoydanerResult, fit, inputs
from beholder.tasks import Task
from beholder.training import features
from beholder.training.inputs import FeatureInputs
from helpers.soydaner2023 import CPU, RECIPE, TASKS, assert_same
from helpers.trainings import Stop


# An epoch asks for 5 batches and one of validation; each stage for one of all that is held out: 1 to 19, 20 to 38.
@pytest.mark.parametrize("at", [1, 3, 6, 7, 19, 20, 22, 26, 31, 38])
def test_stopped_in_an_epoch_goes_on(
    at: int, photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "new" / "c.safetensors"
    with pytest.raises(KeyboardInterrupt):
        fit(photos, RECIPE, source=Stop(source, at).source, device=CPU, checkpoint=checkpoint)
    assert checkpoint.exists() == (at > 6) and len(list(checkpoint.parent.iterdir())) == checkpoint.exists()
    told: list[dict[str, Any]] = []
    again = fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint, on_epoch=told.append)
    assert_same(again, whole)
    assert len(told) == 6 - min((at - 1) // 6, 3) - max((at - 20) // 6, 0)


@pytest.mark.parametrize("at", [(1, 1), (1, 3), (2, 1), (2, 3)])
def test_stopped_after_an_epoch_goes_on(
    at: tuple[int, int], photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "c.safetensors"

    def stop(row: dict[str, Any]) -> None:
        if (row["stage"], row["epoch"]) == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint, on_epoch=stop)
    assert_same(fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint), whole)


def test_stopped_again_and_again_goes_on(
    photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult, tmp_path: Path
) -> None:
    for _ in range(40):
        try:
            found = fit(photos, RECIPE, source=Stop(source, 8).source, device=CPU, checkpoint=tmp_path / "c")
            break
        except KeyboardInterrupt:
            pass
    assert_same(found, whole)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda photos: (photos, replace(RECIPE, hidden=(7, 6))), "hidden"),
        (lambda photos: (photos, replace(RECIPE, backbone="tokens")), "backbone"),
        (lambda photos: (photos, replace(RECIPE, seed=5)), "seed"),
        (lambda photos: (replace(photos, ratings=photos.ratings.round(1)), RECIPE), "data"),
        (lambda photos: (replace(photos, splits=photos.splits[::-1]), RECIPE), "split"),
        (lambda photos: (replace(photos, tasks=(Task("other", 1, 10), *TASKS[1:])), RECIPE), "tasks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_checkpoint_of_another_training_is_refused(
    change: Callable[[RatedPhotos], tuple[RatedPhotos, SoydanerRecipe]],
    told: str,
    photos: RatedPhotos,
    source: FeatureInputs,
    tmp_path: Path,
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    fit(photos, replace(RECIPE, epochs2=0), source=source, device=CPU, checkpoint=checkpoint)
    fit(photos, replace(RECIPE, epochs2=0), source=source, device=CPU, checkpoint=checkpoint)
    before = checkpoint.read_bytes()
    other, recipe = change(photos)
    with pytest.raises(
        BeholderError, match=f"^{re.escape(str(checkpoint))}: .*another training, with {told} "
    ) as error:
        fit(other, replace(recipe, epochs2=0), source=source, device=CPU, checkpoint=checkpoint)
    assert "\n" not in str(error.value) and checkpoint.read_bytes() == before


@pytest.mark.parametrize("kind", ["cut", "text", "foreign", "odd", "empty"])
def test_what_is_no_checkpoint_is_refused(
    kind: str, photos: RatedPhotos, source: FeatureInputs, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint)
    if kind in ("foreign", "odd"):
        save_file({"a": torch.zeros(3)}, checkpoint, {"beholder": "[]"} if kind == "odd" else None)
    else:
        kept = {"cut": checkpoint.read_bytes()[:-9], "text": b"hello there, this is text", "empty": b""}[kind]
        checkpoint.write_bytes(kept)
    before = checkpoint.read_bytes()
    with pytest.raises(BeholderError, match=r"is not a checkpoint .* remove it to begin anew") as error:
        fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint)
    assert "\n" not in str(error.value) and checkpoint.read_bytes() == before


def test_checkpoint_that_cannot_be_written_is_told_before(
    photos: RatedPhotos, source: FeatureInputs, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    stop = Stop(source, 1)
    with pytest.raises(BeholderError, match=r"cannot write the checkpoint to .*not a folder"):
        fit(photos, RECIPE, source=stop.source, device=CPU, checkpoint=tmp_path / "file" / "c.safetensors")
    assert stop.left == 1


def test_full_disk_leaves_the_checkpoint(
    photos: RatedPhotos, source: FeatureInputs, whole: SoydanerResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, write = tmp_path / "c.safetensors", Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if checkpoint.exists():
            write(path, content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(BeholderError, match=r"cannot write the checkpoint to .*c\.safetensors: the disk is full"):
            fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint)
    assert os.listdir(tmp_path) == [checkpoint.name]
    assert_same(fit(photos, RECIPE, source=source, device=CPU, checkpoint=checkpoint), whole)


# Features on a small disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    if not shutil.which("mount") or os.geteuid():
        pytest.skip("needs root to mount a small disk")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot mount a small disk: {made.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parametrize("known", [True, False])
def test_features_on_a_full_disk(
    known: bool, photos: RatedPhotos, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line before anything is computed; also where the disk does not say how little it can take."""
    if not known:
        usage = shutil.disk_usage(small_disk)._replace(free=10**12)
        monkeypatch.setattr(features.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(features, "read_pixels", lambda *_: pytest.fail("a photograph was looked at"))
    with pytest.raises(
        BeholderError, match="No space left" if not known else "features of toy take .* are free"
    ) as told:
        inputs(photos, replace(RECIPE, side=64), CPU, cache=small_disk)
    assert "BEHOLDER_CACHE" in str(told.value) and "\n" not in str(told.value)
    assert not list(small_disk.glob("features/*"))


def test_features_go_on_only_where_there_is_room(
    photos: RatedPhotos, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped, then the disk filled up: as older versions left their files, with holes in them."""
    recipe, seen = replace(RECIPE, side=40), []
    real = features.read_pixels

    def stop(path: Path, extractor: features.Extractor) -> Pixels:
        seen.append(path)
        if len(seen) > 16:
            raise KeyboardInterrupt
        return real(path, extractor)

    with monkeypatch.context() as patch:
        patch.setattr(features, "read_pixels", stop)
        patch.setattr(features, "_take_room", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            inputs(photos, recipe, CPU, cache=small_disk)
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    with pytest.raises(BeholderError, match="No space left"):
        inputs(photos, recipe, CPU, cache=small_disk)
    filler.unlink()
    seen.clear()
    monkeypatch.setattr(features, "read_pixels", lambda path, extractor: seen.append(path) or real(path, extractor))
    made = inputs(photos, recipe, CPU, cache=small_disk)
    assert len(seen) == 14
    rows, straight = np.arange(30), np.zeros(30, bool)
    torch.testing.assert_close(
        made.middle(rows, straight),
        inputs(photos, recipe, CPU, keep=False).middle(rows, straight),
        rtol=2e-3,
        atol=2e-3,
    )


@pytest.mark.parametrize("harm", ["counter", "values"])
def test_broken_features_are_made_anew(harm: str, photos: RatedPhotos, tmp_path: Path) -> None:
    rows, straight = np.arange(30), np.zeros(30, bool)
    expected = inputs(photos, RECIPE, CPU, cache=tmp_path).middle(rows, straight)
    for path in tmp_path.glob("features/*.json" if harm == "counter" else "features/*.npy"):
        path.write_bytes(path.read_bytes()[: 0 if harm == "counter" else 300])
    assert torch.equal(inputs(photos, RECIPE, CPU, cache=tmp_path).middle(rows, straight), expected)
