"""The training command of Soydaner & Wagemans (2023)."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import beholder
from beholder.data.registry import load_data, split_of
from beholder.files import replacing
from beholder.models.backbones.base import create_backbone
from beholder.splits import split_hash
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import fit, inputs
from helpers import tiny_backbones
from helpers.factories import MAIN
from helpers.soydaner2023 import CPU, TASKS, save_rated, train
from helpers.trainings import Done, run, save_csv

COMMAND = [sys.executable, "-c", f"from helpers import tiny_backbones; tiny_backbones.register(); {MAIN}"]


QUICK = ("--backbone", "tiny", "--hidden", 16, 8, "--batch", 8, "--epochs1", 2, "--steps1", 0, "--epochs2", 2)


def rows_of(folder: Path, count: int = 30) -> list[dict[str, Any]]:
    ratings = save_rated(folder, count)
    return [
        {
            "image": f"{number}.jpg",
            **{task.name: "" if np.isnan(value) else value for task, value in zip(TASKS, ratings[number], strict=True)},
        }
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """Trained by the command on a CSV file, and what the command said."""
    folder = tmp_path_factory.mktemp("mine")
    table = save_csv(folder / "mine.csv", rows_of(folder))
    done = train("--data", table, "--out", folder / "m.onnx", "--range", "look=1:10", *QUICK, "--cache", folder / "c")
    assert done.code == 0, done.err
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".jpg") == ["c", "m.onnx", "mine.csv"]
    return folder / "m.onnx", done


def test_command_says_what_it_does(model: tuple[Path, Done]) -> None:
    path, done = model
    lines = done.err.splitlines()
    assert lines[0] == "mine: 30 photographs (21 train, 3 validation, 6 test), 3 tasks, on cpu"
    assert lines[1] == "  look, 1 to 10. Column look of mine.csv; scale as given"
    assert re.fullmatch(r"stage 2, epoch 2: loss 0\.\d{4}, validation loss 0\.\d{4}, SRCC -?[01]\.\d{3}.*", lines[-1])
    assert done.out.splitlines()[-1] == f"{path}: score with it by  beholder score PHOTOS --model {path}"
    assert all(metric in done.out for metric in ("srcc", "plcc", "rmse", "mae", "warm_light"))


def test_model_file_scores_as_the_network(model: tuple[Path, Done]) -> None:
    """Against a training from Python by the same recipe."""
    path, _ = model
    rated = split_of(load_data(str(path.with_name("mine.csv")), ranges={"look": (1, 10)}))
    recipe = SoydanerRecipe("tiny", hidden=(16, 8), batch=8, epochs1=2, steps1=0, epochs2=2)
    trained = fit(rated, recipe, source=inputs(rated, recipe, CPU, cache=path.with_name("c")), device=CPU)
    final = trained.stage1 if trained.best == 1 else trained.stage2
    scorer = beholder.load(path)
    found = scorer.score(rated.paths)
    held_out = np.isfinite(final[:, 0])
    spans = np.array([task.high - task.low for task in rated.tasks])
    np.testing.assert_allclose(found.values[held_out] / spans, final[held_out] / spans, atol=3e-3)
    info = scorer.info
    assert [task.name for task in info.tasks] == ["look", "warm_light", "detail"]
    assert info.recipe["split"] == split_hash(rated.files, rated.splits)
    assert info.data[0].sha256 == rated.content_hash
    assert {name: info.recipe[name] for name in asdict(recipe)} == {**asdict(recipe), "hidden": [16, 8]}


def test_other_commands_take_the_model_file(model: tuple[Path, Done], tmp_path: Path) -> None:
    path, _ = model
    shown = path.with_name("0.jpg")
    scored = json.loads(run("score", shown, "--model", path, "--json").out)
    assert {"overall", "warm_light", "detail"} < set(scored[0]) and not scored[0]["error"]
    done = run("explain", shown, "--model", path, "--task", "warm_light", "--grid", 2, "--out", tmp_path / "e.png")
    assert done.code == 0 and Image.open(tmp_path / "e.png").width > 100
    about = json.loads(run("info", path, "--json").out)
    assert about["recipe"]["parts"] == {"test": 6, "train": 21, "validation": 3}
    assert about["backbone"] == "tiny" and len(about["metrics"]) == 12
    assert "soydaner2023-mine" in run("info", path).out


def test_single_and_separate_reach_the_model_file(model: tuple[Path, Done], tmp_path: Path) -> None:
    table = model[0].with_name("mine.csv")
    for option, tasks in (("--single", ["look"]), ("--separate", ["look", "warm_light", "detail"])):
        out = tmp_path / "m.onnx"
        done = train("--data", table, "--out", out, *QUICK, option, "--no-cache", "--no-mirror", "--epochs2", 0)
        assert done.code == 0, done.err
        info = beholder.load(out).info
        assert [task.name for task in info.tasks] == tasks and info.recipe[option[2:]] is True
        assert info.recipe["mirror"] is False and info.recipe["epochs"] == 2
        assert np.isfinite(beholder.load(out).score([table.with_name("0.jpg")]).values).all()


def test_kept_stage_and_shares_are_told(model: tuple[Path, Done], tmp_path: Path) -> None:
    """The second stage is made to harm, and no photograph is held out in the second training."""
    table, harmful = model[0].with_name("mine.csv"), ("--lr-finetune", 5, "--no-cache")
    done = train("--data", table, "--out", tmp_path / "m.onnx", *QUICK, *harmful, "--keep", "last")
    assert done.code == 0, done.err
    said = next(line for line in done.out.splitlines() if " holds " in line)
    assert re.search(r"m\.onnx holds stage 2, epoch \d of 2: .*; stage 1, epoch \d of 2: .*, which is lower$", said)
    kept = beholder.load(tmp_path / "m.onnx").info.recipe
    assert (kept["best_stage"], kept["kept_stage"]) == (1, 2) and f"epoch {kept['kept_epoch']} of" in said
    shares = ("--test-share", 0.3, "--validation-share", 0, "--no-cache")
    done = train("--data", table, "--out", tmp_path / "m.onnx", *QUICK, *shares)
    assert done.code == 0 and "(21 train, 0 validation, 9 test)" in done.err, done.err
    assert "holds stage 2, epoch 2 of 2, without validation; stage 1" in done.out
    assert "best so far" not in done.err and re.search(r"stage 1, epoch 2: loss 0\.\d{4}$", done.err, re.MULTILINE)


def no_column(rows: list[dict[str, Any]], folder: Path) -> None:
    for row in rows:
        row["picture"] = row.pop("image")


def too_high(rows: list[dict[str, Any]], folder: Path) -> None:
    rows[4]["look"] = 11


def broken(rows: list[dict[str, Any]], folder: Path) -> None:
    (folder / "17.jpg").write_bytes((folder / "17.jpg").read_bytes()[:300])


def missing(rows: list[dict[str, Any]], folder: Path) -> None:
    (folder / "17.jpg").unlink()


def leaking(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "val", "test")[number % 4]
    shutil.copy(folder / "0.jpg", folder / "3.jpg")


def nine(rows: list[dict[str, Any]], folder: Path) -> None:
    del rows[9:]


def no_validation(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = "validation" if number == 0 else "train"


def with_split(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "val", "test")[number % 4]


def unrated_in_train(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "val", "test")[number % 4]
        if row["split"] == "train":
            row["detail"] = ""


def unrated_held_out(rows: list[dict[str, Any]], folder: Path) -> None:
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "val", "test")[number % 4]
        if row["split"] != "train":
            row["detail"] = ""


def taken(rows: list[dict[str, Any]], folder: Path) -> None:
    for row in rows:
        row["percentile"] = row["detail"]


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (no_column, (), "no column of photographs"),
        (too_high, ("--range", "look=1:10"), "look of 4.jpg is 11, outside its scale 1 to 10"),
        (None, ("--range", "look=1-10"), "--range look=1-10: give it as TASK=LOW:HIGH"),
        (None, ("--range", "look=10:1"), "the range 10.0 to 1.0 is empty"),
        (None, ("--range", "beauty=1:10"), "a range for 'beauty', which is not rated; rated are look"),
        (broken, (), "17.jpg: "),
        (missing, (), "1 of 30 photographs are not in .*, the first is 17.jpg"),
        (leaking, (), r"0.jpg \(train\) is 3.jpg \(test\); --drop-leaks"),
        (nine, (), "9 photographs are too few; rate 10 at least"),
        (no_validation, (), "1 photographs in the validation part; at least 2 are needed"),
        (unrated_in_train, (), "detail has no rating in the train part"),
        (unrated_held_out, (), "detail has no rating in the validation and the test part"),
        (taken, (), "'percentile', which names another column"),
        (None, ("--backbone", "vgg19"), "no backbone is called 'vgg19'; there are vgg16"),
        (None, ("--side", 33), "tiny takes sides that are multiples of 2, not 33"),
        (None, ("--out", "m.pt"), "m.pt: a model file is an ONNX file"),
        (None, ("--out", "nowhere/m.onnx"), "cannot write the model file to nowhere/m.onnx: its folder does not exist"),
        (None, ("--out", "folder.onnx"), "cannot write the model file to folder.onnx: it is not a file"),
        (None, ("--work", "mine.csv"), "cannot write the checkpoint to mine.csv/checkpoint.safetensors: a part of it"),
        (None, ("--cache", "mine.csv"), "cannot keep features there"),
        (None, ("--device", "nonsense"), "--device nonsense: .*; choose auto or cpu"),
        (None, ("--device", "cuda:99"), "--device cuda:99: .*; choose auto or cpu"),
        (None, ("--device", "meta"), "--device meta: .*; choose auto or cpu"),
        (None, ("--keep", "first"), "--keep first: choose best or last"),
        (None, ("--test-share", 0.6, "--validation-share", 0.5), "leave the train part empty"),
        (None, ("--validation-share", 0, "--test-share", 0), "look has no rating in the validation and the test part"),
        (with_split, ("--test-share", 0.3), "its split is published, so its shares cannot be set"),
        (None, ("--lr-head", -1), "lr_head is -1.0; give a number above 0"),
        (None, ("--lr-finetune", "nan"), "lr_finetune is nan; give a number above 0"),
        (None, ("--decay", 0), "decay is 0.0; give a number above 0"),
        (None, ("--hidden", 0, 6), "hidden is 0 6; give each layer at least 1 unit"),
        (None, ("--lr-head", 1e38), "lr_head is 1e.38; give a number above 0, up to 1e.30"),
        (
            None,
            ("--lr-finetune", 1e29),
            "stage 2, epoch .: the loss is no longer a number; give a smaller lr_finetune than 1e.29",
        ),
    ],
    ids=lambda value: "" if value is None or isinstance(value, str) else getattr(value, "__name__", str(value)),
)
def test_mistakes_are_one_line(
    change: Callable[..., None] | None,
    options: tuple[Any, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.onnx").mkdir()
    rows = rows_of(tmp_path)
    if change:
        change(rows, tmp_path)
    save_csv(tmp_path / "mine.csv", rows)
    monkeypatch.setattr(
        "beholder.systems.soydaner2023.export.write_model_file", lambda *_: pytest.fail("it was trained")
    )
    done = train("--data", "mine.csv", *QUICK, "--cache", "cache", *options)
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert done.code == 1 and len(errors) == 1 and re.search(told, errors[0]), done.err
    assert errors == done.err.splitlines()[-1:] and not done.out
    if "stage 2" not in told:  # which leaves the checkpoint of stage 1
        left = {path.name for path in tmp_path.iterdir() if path.suffix != ".jpg"}
        assert left <= {"mine.csv", "folder.onnx", "cache"}


def test_side_of_dinov2_is_told(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        real = create_backbone
        patch.setattr("beholder.training.inputs.create_backbone", lambda name: real(name, pretrained=False))
        save_csv(tmp_path / "mine.csv", rows_of(tmp_path))
        done = train(
            "--data", tmp_path / "mine.csv", "--backbone", "dinov2_vits14", "--side", 100, "--out", tmp_path / "m.onnx"
        )
    assert done.code == 1
    assert done.err.splitlines()[-1] == "error: dinov2_vits14 takes sides that are multiples of 14, not 100"


def test_leaks_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(tmp_path)
    leaking(rows, tmp_path)
    save_csv(tmp_path / "mine.csv", rows)
    monkeypatch.setattr("beholder.systems.soydaner2023.export.write_model_file", lambda *_: None)
    done = train("--data", tmp_path / "mine.csv", *QUICK, "--drop-leaks", "--no-cache", "--out", tmp_path / "m.onnx")
    assert done.code == 0 and "29 photographs (15 train, 7 validation, 7 test)" in done.err


def launched(folder: Path, *options: Any) -> "subprocess.Popen[str]":
    command = [*COMMAND, "train", "soydaner2023", "--data", folder / "mine.csv", "--out", folder / "m.onnx"]
    paths = os.pathsep.join([str(Path(tiny_backbones.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        list(map(str, [*command, "--cache", folder / "cache", *options])),
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    while process.poll() is None and not path.exists():
        time.sleep(0.01)
    assert path.exists(), process.communicate()


LONG = (*QUICK[:-4], "--steps1", 450, "--epochs2", 60)


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    save_csv(tmp_path / "mine.csv", rows_of(tmp_path))
    checkpoint = tmp_path / "m.training" / "checkpoint.safetensors"
    process = launched(tmp_path, *LONG)
    wait_for(checkpoint, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    assert err.splitlines()[-1] == "stopped; the same command goes on from here"
    assert os.listdir(checkpoint.parent) == [checkpoint.name] and not (tmp_path / "m.onnx").exists()
    rated = split_of(load_data(str(tmp_path / "mine.csv")))
    recipe = SoydanerRecipe("tiny", hidden=(16, 8), batch=8, epochs1=2, steps1=450, epochs2=60)
    seen: list[dict[str, Any]] = []

    def stop(row: dict[str, Any]) -> None:
        seen.append(row)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(
            rated,
            recipe,
            device=CPU,
            checkpoint=checkpoint,
            on_epoch=stop,
            source=inputs(rated, recipe, CPU, keep=False),
        )
    assert seen[0]["epoch"] > 1  # it goes on, and does not begin anew


def test_what_killed_trainings_left_is_removed_at_the_end(tmp_path: Path) -> None:
    save_csv(tmp_path / "mine.csv", rows_of(tmp_path))
    checkpoint = tmp_path / "m.training" / "checkpoint.safetensors"
    checkpoint.parent.mkdir()
    with pytest.raises(RuntimeError), replacing(checkpoint, "the checkpoint") as partial:
        raise RuntimeError
    partial.write_bytes(b"half")  # as a kill amid writing leaves it
    done = train("--data", tmp_path / "mine.csv", *QUICK, "--no-cache", "--out", tmp_path / "m.onnx")
    assert done.code == 0 and (tmp_path / "m.onnx").exists() and not checkpoint.parent.exists()


@pytest.mark.slow
def test_kill_9_leaves_no_trace(tmp_path: Path) -> None:
    models = []
    for name in ("killed", "whole"):
        folder = tmp_path / name
        save_csv(folder.parent / "mine.csv", rows_of(folder))
        shutil.move(folder.parent / "mine.csv", folder)
        for _ in range(3 if name == "killed" else 0):
            process = launched(folder, *LONG)
            checkpoint = folder / "m.training" / "checkpoint.safetensors"
            wait_for(checkpoint, process)
            before = checkpoint.stat().st_mtime_ns
            while process.poll() is None and checkpoint.stat().st_mtime_ns == before:
                time.sleep(0.01)
            process.kill()
            process.communicate()
            assert checkpoint.exists() and not (folder / "m.onnx").exists()
        process = launched(folder, *LONG)
        assert process.communicate(timeout=300) and process.returncode == 0
        assert not (folder / "m.training").exists()
        models.append((folder / "m.onnx").read_bytes())
    assert models[0] == models[1]
