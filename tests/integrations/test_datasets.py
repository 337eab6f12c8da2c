"""Hugging Face `datasets`, the real one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.errors import BeholderError
from helpers.hosts import alike, expected, host, save_some

datasets = host("datasets")
from beholder.integrations.datasets import Score  # noqa: E402  # needs the host


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    return save_some(tmp_path / "photos")


@pytest.fixture(autouse=True)
def quiet() -> None:
    datasets.disable_progress_bars()


def photos_of(paths: list[str], kind: str) -> Any:
    """A data set of pictures as the cells that people have."""
    if kind == "paths":
        return datasets.Dataset.from_dict({"image": paths})
    rows = [{"bytes": None if kind == "files" else Path(path).read_bytes(), "path": path} for path in paths]
    features = datasets.Features({"image": datasets.Image(decode=False)})
    return datasets.Dataset.from_dict({"image": rows}, features=features)


@pytest.mark.parametrize("processes", [None, 2])
@pytest.mark.parametrize("kind", ["paths", "files", "bytes"])
def test_every_row_has_the_scores_of_a_table(
    kind: str, processes: int | None, paths: list[str], colour_model: Path
) -> None:
    photos = photos_of(paths, kind)
    score = Score("image", colour_model, threads=1)
    scored = photos.map(score, batched=True, batch_size=2, num_proc=processes, features=score.features(photos.features))
    wanted = expected(colour_model, paths)
    assert scored.column_names == ["image", *wanted]
    for name, values in wanted.items():
        assert all(alike(*pair) for pair in zip(scored[name], values, strict=True)), name


def test_types_do_not_depend_on_the_first_batch(paths: list[str], colour_model: Path) -> None:
    photos = photos_of([paths[1], paths[0]], "files")
    score = Score("image", colour_model, embeddings=True, prefix="b_")
    scored = photos.map(score, batched=True, batch_size=1, features=score.features(photos.features))
    assert scored.features["b_overall"].dtype == "float32" and scored.features["b_width"].dtype == "int64"
    assert scored["b_overall"][0] is None and scored["b_error"][1] == ""
    assert np.isnan(scored["b_embedding"][0]).all() and np.isfinite(scored["b_embedding"][1]).all()


def test_decoded_pictures_are_scored_too(paths: list[str], colour_model: Path) -> None:
    good = paths[:1]
    decoded = photos_of(good, "bytes").cast_column("image", datasets.Image())
    scored = decoded.map(Score("image", colour_model), batched=True)
    assert scored["overall"][0] == expected(colour_model, good)["overall"][0]


def test_an_unknown_or_a_taken_column_is_one_line(paths: list[str], colour_model: Path) -> None:
    photos = datasets.Dataset.from_dict({"image": paths, "error": paths})
    with pytest.raises(BeholderError, match="no column 'picture'; it has image, error"):
        photos.map(Score("picture", colour_model), batched=True)
    with pytest.raises(BeholderError, match="column 'error' already"):
        photos.map(Score("image", colour_model), batched=True)


def test_another_model_is_not_taken_for_what_is_cached(paths: list[str], colour_model: Path, other_model: Path) -> None:
    """`map` knows a function by what it pickles to."""
    hashes = [
        datasets.fingerprint.Hasher.hash(Score("image", model, fields=fields))
        for model in (colour_model, other_model)
        for fields in (["overall"], ["quality"])
    ]
    assert len(set(hashes)) == 4
    assert datasets.fingerprint.Hasher.hash(Score("image", colour_model, fields=["overall"])) == hashes[0]
