"""PyTorch: workers decode, the main process scores."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beholder
from beholder.scoring.model_file import SHORT_EDGE
from helpers.factories import save_detailed_model
from helpers.hosts import host, save_some

torch = host("torch")
from torch.utils.data import DataLoader, default_collate  # noqa: E402  # needs the host

from beholder.integrations.torch_dataset import PhotoDataset, collate, score_batches  # noqa: E402


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    return save_some(tmp_path / "photos")


def same(parts: list[beholder.Scores], model: Path, paths: list[str]) -> bool:
    """Whether these are the scores of the photographs, NaN for what cannot be read."""
    wanted = beholder.load(model).score(paths, on_error="skip")
    found = beholder.Scores.concatenate(parts)
    np.testing.assert_allclose(found.values, wanted.values, rtol=1e-6)
    return found.sizes.tolist() == wanted.sizes.tolist() and bool(np.isnan(found.values[1]).all())


@pytest.mark.parametrize(
    ("method", "how"),
    [("fork", collate), ("fork", default_collate), pytest.param("spawn", collate, marks=pytest.mark.slow)],
)
def test_workers_decode_for_a_scorer_and_end(method: str, how: Any, paths: list[str], colour_model: Path) -> None:
    scorer = beholder.load(colour_model, threads=1)
    scorer.score(paths[:1])  # so that a forked worker inherits a session that has run
    loader = DataLoader(
        PhotoDataset(paths, scorer),
        batch_size=2,
        num_workers=2,
        multiprocessing_context=method,
        collate_fn=how,
        timeout=60,
    )
    batches = iter(loader)
    workers = list(batches._workers)  # type: ignore[attr-defined]
    assert same(list(score_batches(scorer, batches)), colour_model, paths)
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0]


def test_an_item_is_what_the_model_takes(paths: list[str], colour_model: Path) -> None:
    scorer = beholder.load(colour_model)
    photos = PhotoDataset([*paths, {"bytes": Path(paths[0]).read_bytes(), "path": None}, None], scorer)
    pixels, size, error = photos[0]
    assert len(photos) == 7 and pixels.dtype == torch.uint8 and error == ""
    assert pixels.numpy().tolist() == scorer.pixels(beholder.read_photo(paths[0], scorer.min_size)).tolist()
    assert size.tolist() == [24, 24] and photos[5][0].equal(pixels)
    for bad in (1, 6):
        black, nothing, why = photos[bad]
        assert black.shape == pixels.shape and not black.any() and not nothing.any() and why


def test_a_model_that_keeps_the_aspect_ratio(tmp_path: Path, paths: list[str]) -> None:
    model = save_detailed_model(tmp_path / "whole.onnx", resize=SHORT_EDGE)
    wide = str(tmp_path / "wide.png")
    from PIL import Image

    Image.new("RGB", (64, 32), (90, 10, 10)).save(wide)
    scorer = beholder.load(model)
    loader = DataLoader(PhotoDataset([*paths, wide], scorer), batch_size=3, collate_fn=collate)
    assert same(list(score_batches(scorer, loader)), model, [*paths, wide])
