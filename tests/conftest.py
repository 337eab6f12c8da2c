"""What many tests need: real photographs, the embedded model, the rated photographs where they are."""

import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Two workers of pytest-xdist share the cores: threads that wait for each other in each product of small matrices would
# wait for the other worker, too. NumPy reads this when it is loaded. OMP_NUM_THREADS would give beholder one core.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import beholder
from beholder.files import cache_folder
from beholder.scoring.hub import fetch_model
from helpers.extras import HAVE_TORCH
from helpers.factories import REPOSITORY, save_detailed_model, save_model
from helpers.hub_server import Hub, running

if "PYTEST_XDIST_WORKER" in os.environ and HAVE_TORCH:
    import torch

    torch.set_num_threads(1)

# The same examples each time, and any time for them: on a busy machine the quickest function can take 200 ms.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

# A shell starts what it runs in the background with Ctrl-C ignored, and so would every program that a test stops.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


# Looked up now: a test may have another folder in the environment while it is the first to ask for this one.
DATA_ROOT = Path(os.environ.get("BEHOLDER_DATA") or REPOSITORY.parent / "shared" / "data")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of rated photographs."""
    if not (DATA_ROOT / "oasis" / "labels.csv").is_file():
        pytest.skip(f"no rated photographs in {DATA_ROOT}: set BEHOLDER_DATA to the folder with oasis/ and biq2021/")
    return DATA_ROOT


@pytest.fixture
def kept_features(data_root: Path) -> Iterator[None]:
    """Features of the rated photographs are computed once and kept, by one test at a time: workers share the folder."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "tests.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def colour_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that rates by mean colour in a millisecond."""
    return save_model(tmp_path_factory.mktemp("model") / "colour.onnx")


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file with the same tasks and other scores."""
    return save_model(tmp_path_factory.mktemp("model") / "other.onnx", shift=0.5)


@pytest.fixture(scope="session")
def detailed_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that also tells edits, disagreement and familiarity."""
    return save_detailed_model(tmp_path_factory.mktemp("model") / "detailed.onnx")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hugging Face hub on this machine, with nothing in it and nothing kept of it."""
    pytest.importorskip("huggingface_hub", reason="needs huggingface_hub: pip install 'beholder[hub]'")
    fetch_model.cache_clear()
    with running(monkeypatch, str(tmp_path / "hub")) as server:
        yield server
    fetch_model.cache_clear()
