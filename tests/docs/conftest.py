"""A folder that holds what the documentation supposes."""

import functools
import shutil
from pathlib import Path

import pytest

from beholder.metrics import bootstrap, paired_bootstrap
from beholder.scoring.model_file import SeriesInfo
from helpers.coloured_data import make_aadb, make_oasis, warmth
from helpers.factories import REPOSITORY, save_model, save_photo
from helpers.shards import save_shards, save_table
from helpers.shoots import save_shoot

SERIES = SeriesInfo(0.75, 0.9, (("overall", 2.0), ("sharpness_subject", 2.0)), 0.1)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the text supposes to be there."""
    folder = tmp_path_factory.mktemp("documents")
    photographs = {f"photos/{number}.jpg": number for number in range(30)} | {"photos/trip/30.jpg": 30}
    reds = {name: min(warmth(folder / name, number), 1) for name, number in photographs.items()}
    for name in ("photo.jpg", "one.jpg", "a.jpg", "b.jpg"):
        save_photo(folder / name, 7, 48)
    for table, columns in {
        "ratings.csv": {"beauty": lambda red: round(1 + 6 * red, 1)},
        "mine.csv": {"beauty": lambda red: round(1 + 6 * red, 1)},
        "traits.csv": {"warmth": lambda red: round(2 * red - 1, 2), "detail": lambda red: round(red, 2)},
        "votes.csv": {
            f"votes_{vote}": lambda red, vote=vote: round(9 * (1 - abs(red - vote / 5))) for vote in range(1, 6)
        },
    }.items():
        lines = [",".join([name, *(str(rate(red)) for rate in columns.values())]) for name, red in reds.items()]
        (folder / table).write_text("\n".join([",".join(["image", *columns]), *lines]) + "\n")
    for data in (folder / "DATA", folder / "data"):
        make_oasis(data)
        make_aadb(data)
        rows = [
            f"images/{number}.jpg,{warmth(data / f'biq2021/images/{number}.jpg', number):.3f}"
            for number in range(50, 80)
        ]
        (data / "biq2021" / "labels.csv").write_text("\n".join(["image,quality_mean", *rows]) + "\n")
    for name in ("mine.onnx", "probe-ratings.onnx", "soydaner2023-ratings.onnx"):
        save_model(folder / name, first="beauty", second="valence", series=SERIES)
    save_shoot(folder / "shoot")
    save_shards(folder / "shards", [3, 3, 3, 3])
    save_table(folder / "table.parquet", range(5))
    for name in ("constraints.txt", "pyproject.toml", "examples"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


@pytest.fixture
def workshop(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the prepared things, the current folder, and a quick model in place of the embedded ones."""
    folder = shutil.copytree(prepared, tmp_path / "documents", symlinks=True)
    monkeypatch.chdir(folder)
    for name, function in (("bootstrap", bootstrap), ("paired_bootstrap", paired_bootstrap)):
        monkeypatch.setattr(f"beholder.evaluation.evaluate.{name}", functools.partial(function, resamples=50))
    monkeypatch.setenv("BEHOLDER_DATA", str(folder / "DATA"))
    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("beholder.scoring.model_file.embedded_path", lambda name: folder / "mine.onnx")
    return folder
