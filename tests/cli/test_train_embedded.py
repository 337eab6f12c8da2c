"""`beholder train default` and `beholder train fast`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from beholder import load
from beholder.files import cache_folder
from helpers.commands import Done

QUICK = """
import sys
from pathlib import Path
from beholder.embedded import default, held_out_harms, material, metadata
held_out_harms.PHOTOS, held_out_harms.SERIES_PHOTOS, metadata.PICTURES, material.BEST = 4, 2, 1, 20
root, out, cache = map(Path, sys.argv[1:])
default.train(root, out, default.DefaultRecipe(keep=0, calibration=3), cache)
"""


@pytest.mark.parametrize("model", ["default", "fast"])
@pytest.mark.parametrize(("out", "says"), [("nowhere/m.onnx", "folder does not exist"), ("m.bin", "ends in .onnx")])
def test_an_embedded_model_has_a_place_before_it_is_trained(
    model: str, out: str, says: str, beholder: Callable[..., Done]
) -> None:
    done = beholder("train", model, "--root", "nothing", "--out", out)
    assert done.code == 1 and says in done.err and len(done.err.splitlines()) == 1


@pytest.mark.slow
def test_recipe_runs_whole_after_a_kill(data_root: Path, tmp_path: Path) -> None:
    """The recipe on 40 photographs of each data set, killed in the middle and run again; little of it is measured."""
    small = tmp_path / "data"
    for name, labels in (("oasis", "labels.csv"), ("biq2021", "labels.csv")):
        (small / name).mkdir(parents=True)
        (small / name / "images").symlink_to(data_root / name / "images")
        lines = (data_root / name / labels).read_text().splitlines()
        (small / name / labels).write_text("\n".join(lines[:41]) + "\n")
    out = tmp_path / "made.onnx"
    command = [sys.executable, "-c", QUICK, str(small), str(out), str(tmp_path / "cache")]
    environment = {**os.environ, "BEHOLDER_CACHE": str(cache_folder())}
    process = subprocess.Popen(command, env=environment)
    counters: list[Path] = []
    while process.poll() is None and not counters:
        counters = [
            path for path in tmp_path.glob("cache/features/*.json") if json.loads(path.read_text())["done"] >= 16
        ]
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert counters and not out.exists()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stderr for name in ("appeal", "composition"))  # are missing
    scorer = load(out)
    assert [item.n for item in scorer.info.data] == [40, 40]
    scores = scorer.score(list((small / "oasis" / "images").iterdir())[:3])
    assert np.isfinite(scores.values).all() and len(scores.edits) == 10 and scores.unlike is not None
    assert {"srcc", "above_harmed", "auroc"} <= {each.metric for each in scorer.info.metrics}
