"""What many tests need: real photographs, the embedded model, the rated photographs where they are."""

import os
from pathlib import Path

import pytest
from made import save_model

import beholder

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def photos() -> list[Path]:
    """The example photographs of the repository."""
    found = sorted((REPOSITORY / "examples" / "photos").glob("*.jpg"))
    assert len(found) >= 6
    return found


@pytest.fixture(scope="session")
def scorer() -> beholder.Scorer:
    """The embedded default model."""
    return beholder.load()


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of rated photographs."""
    root = Path(os.environ.get("BEHOLDER_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (root / "oasis" / "labels.csv").is_file():
        pytest.skip(f"no rated photographs in {root}: set BEHOLDER_DATA to the folder that holds oasis/ and biq2021/")
    return root


@pytest.fixture(scope="session")
def colour_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that rates by mean colour in a millisecond."""
    return save_model(tmp_path_factory.mktemp("model") / "colour.onnx")


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file with the same tasks and other scores."""
    return save_model(tmp_path_factory.mktemp("model") / "other.onnx", shift=0.5)
