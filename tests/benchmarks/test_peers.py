"""A peer that cannot run is left out with a reason in a line; one may live in another interpreter."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from beholder.errors import BeholderError
from helpers.coloured_data import make_oasis
from helpers.factories import REPOSITORY, save_photo

WORKS = "def create_metric(name, **options): return lambda path: 5.0"
FAULTS = {  # what a package does when it is imported or used -> what is said
    "raise ImportError('libGL.so.1: cannot open shared object file')": "ImportError: libGL.so.1",
    "raise RuntimeError('needs a GPU\\nof 40 GB')": "RuntimeError: needs a GPU",
    "import no_such_package": "no_such_package is not installed",
    "import os; os.abort()": "it ended with status -6",
    "import sys; sys.exit('no licence key')": "it ended with status 1: no licence key",
    "def create_metric(*args, **options): raise OSError('hub.example: no network')": "OSError: hub.example: no network",
    "def create_metric(*args, **options): return lambda path: 1 / 0": "ZeroDivisionError: division by zero",
    "def create_metric(*args, **options): return lambda path: float('nan')": "1 of 1 photographs were not scored",
    "import time; time.sleep(600)": "it ended with status -9",
}


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("benchmarks.peers")


@pytest.fixture
def photo(tmp_path: Path) -> str:
    save_photo(tmp_path / "1.jpg", 1)
    return str(tmp_path / "1.jpg")


def interpreter(folder: Path, package: str) -> str:
    """A Python that has a package called pyiqa."""
    (folder / "packages").mkdir()
    (folder / "packages" / "pyiqa.py").write_text(package + "\n")
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{folder}/packages" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(python)


def test_peer_in_another_interpreter(peers: ModuleType, photo: str, tmp_path: Path) -> None:
    """What it prints itself is not taken for an answer."""
    python = interpreter(tmp_path, f"print('loading')\nprint('{{}}', flush=True)\n{WORKS}")
    with peers.running({"theirs": ("pyiqa", None)}, {"pyiqa": python}, photo) as (found, left_out):
        peer, started = found["theirs"]
        assert peer.score([photo] * 3) > 0 and peer.memory > 1e6 and started > 0 and not left_out


@pytest.mark.parametrize(("package", "says"), FAULTS.items(), ids=FAULTS.values())
def test_peer_that_does_not_run_is_left_out(
    package: str, says: str, peers: ModuleType, photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sleep" in package:
        monkeypatch.setattr(peers, "START_LIMIT", 1)
    with peers.running({"theirs": ("pyiqa", None)}, {"pyiqa": interpreter(tmp_path, package)}, photo) as outcome:
        assert outcome[0] == {} and says in outcome[1]["theirs"] and "\n" not in outcome[1]["theirs"]


def test_packages_and_interpreters_that_are_not_there(peers: ModuleType, photo: str, tmp_path: Path) -> None:
    programs = {"here": ("pyiqa", None), "there": ("keras", None)}
    with peers.running(programs, {"keras": str(tmp_path / "nowhere")}, photo) as (found, left_out):
        assert found == {} and left_out["here"] == "pyiqa is not installed"
        assert left_out["there"] == f"cannot start {tmp_path}/nowhere: No such file or directory"


def test_peer_that_fails_later(peers: ModuleType, photo: str, tmp_path: Path) -> None:
    later = "import os, itertools\ntimes = itertools.count()\n"
    later += "def create_metric(*args, **options): return lambda path: os._exit(3) if next(times) else 5.0"
    with peers.running({"theirs": ("pyiqa", None)}, {"pyiqa": interpreter(tmp_path, later)}, photo) as (found, _):
        for _ in range(2):
            with pytest.raises(peers.PeerError, match="it ended with status 3"):
                found["theirs"][0].score([photo])


@pytest.mark.parametrize("given", ["ours=python", "pyiqa", "pyiqa=", "mine=/bin/python"])
def test_peer_option(given: str, peers: ModuleType) -> None:
    assert peers.interpreters(["pyiqa=/a=b", "keras=python3.12"]) == {"pyiqa": "/a=b", "keras": "python3.12"}
    with pytest.raises(BeholderError, match=f"--peer {given}: give NAME=PYTHON, with plain, nima, pyiqa, keras for"):
        peers.interpreters([given])


def test_table_leaves_out_with_a_reason(peers: ModuleType) -> None:
    """Also where the script that all are compared with is missing."""
    scoring = importlib.import_module("benchmarks.scoring")
    ours = {name: {size: [2.0] for size in scoring.SIZES} for name in (scoring.DEFAULT, scoring.INT8)}
    left_out = {scoring.PLAIN: "torch is not installed"}
    compared = scoring.Compared(ours, dict.fromkeys(ours, 1), dict.fromkeys(ours, 1.0), left_out)
    parts = {name: [1.0] for name in (scoring.DEFAULT, *(f"{size} 224 x 224" for size in scoring.SIZES))}
    programs = scoring.summary(compared, parts, {scoring.DEFAULT: (224, 224)})
    found = {"programs": programs, "gflops_fp32": 1, "gops_int8": 1, "cores": 2, "networks": {}, "growth": []}
    found |= {"decode_seconds": {"12mp": {}}, "command_to_first_score_seconds": 1.0, **scoring.headline(programs)}
    table, line, *_ = scoring.tables(found)
    assert table.row_count == 2
    assert line == "left out: plain script (Pillow, torch, VGG16): torch is not installed"


def test_rivals_of_the_other_benchmarks(peers: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_oasis(tmp_path)
    accuracy, train = (importlib.import_module(f"benchmarks.{name}") for name in ("accuracy", "train"))

    def no_h5py(*_: object) -> None:
        raise BeholderError("reading Keras weights needs h5py, not installed: pip install 'beholder[dev]'")

    monkeypatch.setattr(accuracy.nima, "extractor", no_h5py)
    monkeypatch.setattr(accuracy, "load_data", lambda name, root: None)
    monkeypatch.setattr(accuracy, "rows_of", lambda photos, peer: [] if peer is None else pytest.fail("it has no peer"))
    monkeypatch.setattr(accuracy, "stated", lambda photos: [])
    found, left_out = accuracy.measure_all(tmp_path)
    assert found == [] and left_out == [
        "left out: NIMA-MobileNet: reading Keras weights needs h5py, not installed: pip install 'beholder[dev]'",
        "left out: default on oasis: its file was not measured on these photographs and ratings",
        f"left out: appeal: no folder {tmp_path / 'appeal'}",
        f"left out: composition: no folder {tmp_path / 'composition'}",
        "left out: default on biq2021: its file was not measured on these photographs and ratings",
    ]
    for name in ("_ours", "_uncached", "create_backbone"):
        monkeypatch.setattr(train, name, lambda *_: None)
    monkeypatch.setitem(train.RIVALS, "plain PyTorch loop", lambda *_: None)
    monkeypatch.setitem(train.RIVALS, "plain Keras", no_h5py)
    table, line = train.compare(tmp_path, 12, 1)
    assert table.row_count == 3 and line.startswith("left out: plain Keras: reading Keras weights needs h5py")
