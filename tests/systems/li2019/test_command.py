"""The training command of Li et al. (2019)."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import beholder
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.data.sets import psychoflickr
from beholder.systems.li2019 import train as li_train
from beholder.systems.li2019.domains import domain_inputs
from beholder.systems.li2019.train import fit
from helpers.li2019 import CPU, LEARNS, PLANTED, RECIPE, make_psychoflickr
from helpers.trainings import run, save_csv


def test_model_file_of_published_data(planted_root: Path, tmp_path: Path) -> None:
    root, path = planted_root, tmp_path / "m.onnx"
    options = ["--data", "ava", "--second", "psychoflickr", "--root", root, "--cache", root / "cache", "--out", path]
    sizes = "--backbone cells --shared none --resize 24 --side 24 --hidden 24 12 --batch 16 --epochs1 30 --epochs2 60"
    rates = "--lr-branches 0.01 --lr-inter-task 0.3 --decay 0.97 --device cpu"
    done = run("train", "li2019", *options, *sizes.split(), *rates.split())
    assert done.code == 0, done.err
    info = beholder.load(path).info
    assert {key: info.recipe[key] for key in vars(LEARNS)} == {**vars(LEARNS), "hidden": [24, 12]}
    weights = info.recipe["inter_task"]["weights"]
    assert np.sign([weights[trait] for trait in psychoflickr.TRAITS]).tolist() == np.sign(PLANTED).tolist()
    assert len(re.findall(r"inter-task layer: \w+ [+-]\d", done.out)) == 5
    assert [task.name for task in info.tasks] == ["score", *psychoflickr.TRAITS]
    assert [each.name for each in info.data] == ["ava", "psychoflickr"] and info.size == (24, 24)
    quality = {(metric.data, metric.task, metric.metric): metric.value for metric in info.metrics}
    assert all(quality["psychoflickr", trait, "srcc"] > 0.7 for trait in psychoflickr.TRAITS), quality
    assert quality["ava", "score", "srcc"] > 0.7
    shown = sorted((root / "ava").rglob("*.jpg"))[:3]
    scored = json.loads(run("score", *shown, "--model", path, "--json").out)
    assert all({"overall", *psychoflickr.TRAITS} < set(row) and not row["error"] for row in scored)
    options = ["--model", path, "--task", "neuroticism", "--grid", 2, "--out", tmp_path / "e.png"]
    assert run("explain", shown[0], *options).code == 0 and Image.open(tmp_path / "e.png").width > 100


@pytest.mark.parametrize("single", [False, True])
def test_command_takes_own_files(single: bool, photos: RatedPhotos, second: RatedPhotos, tmp_path: Path) -> None:
    """Cut-outs in the file: it sees what the training saw."""
    tables = [write_csv(each, tmp_path / f"{each.name}.csv") for each in (photos, second)]
    domain = ["--single"] if single else ["--second", tables[1], "--second-range", "detail=0:5"]
    options = "--backbone tiny --shared last --resize 24 --side 16 --hidden 16 8 --batch 4 --epochs1 3 --epochs2 3"
    rates = "--lr-shared 0.01 --lr-branches 0.05 --lr-inter-task 0.05 --mirror"
    given = [*options.split(), *rates.split(), "--range", "look=1:10", "--range", "other=0:1"]
    done = run("train", "li2019", "--data", tables[0], *domain, *given, "--cache", tmp_path, "--out",
               tmp_path / "m.onnx", "--device", "cpu")  # fmt: skip
    assert done.code == 0, done.err
    assert "first: 30 photographs (18 train, 6 validation, 6 test), 1 task, on cpu" in done.err
    made = [load_data(str(table), ranges=ranges) for table, ranges in
            zip(tables, ({"look": (1, 10), "other": (0, 1)}, {"detail": (0, 5)}), strict=True)]  # fmt: skip
    recipe = replace(RECIPE, single=single)
    trained = fit(made[0], recipe, second=None if single else made[1], device=CPU,
                  source=[domain_inputs(each, recipe, CPU, cache=tmp_path) for each in made])  # fmt: skip
    scorer = beholder.load(tmp_path / "m.onnx")
    found = scorer.score(made[0].paths)
    held_out = np.isfinite(trained.final[:, 0])
    np.testing.assert_allclose(found.values[held_out, :1], trained.final[held_out], atol=0.03)
    assert scorer.info.size == (24, 24) and found.evidence.shape[2:] == (12, 12)
    if not single:
        assert trained.traits is not None
        np.testing.assert_allclose(found.values[held_out, 1:], trained.traits[held_out], atol=0.03)
    assert not (tmp_path / "m.training").exists()


def write_csv(photos: RatedPhotos, path: Path) -> Path:
    rows = [
        {"image": str(photos.root / file), "split": part}
        | {task.name: "" if np.isnan(value) else value for task, value in zip(photos.tasks, ratings, strict=True)}
        for file, part, ratings in zip(photos.files, photos.splits or (), photos.ratings, strict=True)
    ]
    return save_csv(path, rows)


def idle_user(root: Path) -> None:
    users = root / "psychoflickr" / "users.csv"
    users.write_text(users.read_text() + "idle,0,0,0,0,0\n")


def no_trait(root: Path) -> None:
    users = root / "psychoflickr" / "users.csv"
    users.write_text(users.read_text().replace("O,C,E,A,N", "O,C,E,A,Z"))


def empty_trait(root: Path) -> None:
    users = root / "psychoflickr" / "users.csv"
    lines = users.read_text().splitlines()
    lines[3] = lines[3].rsplit(",", 1)[0] + ","
    users.write_text("\n".join(lines))


def unrated_trait(root: Path) -> None:
    header, *lines = (root / "second.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines]
    kept = [[*row[:2], row[2] or "0", "" if row[1] == "train" else row[3]] for row in cells]
    (root / "second.csv").write_text("\n".join([header, *map(",".join, kept)]))


def same_name(root: Path) -> None:
    text = (root / "second.csv").read_text()
    (root / "second.csv").write_text(text.replace("detail", "look", 1))


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (None, "", "there is no second domain: give one, --second psychoflickr, biq2021 or FILE.csv, or use --single"),
        (None, "--second second.csv --single", "--single learns from one domain: leave --second out"),
        (None, "--second nothing", "no data set is called 'nothing'"),
        (idle_user, "--second psychoflickr", "1 of 4 users have no images: idle"),
        (no_trait, "--second psychoflickr", "no column 'neuroticism'"),
        (empty_trait, "--second psychoflickr", "row 4, neuroticism is missing"),
        (unrated_trait, "--second second.csv", "second: detail has no rating in the train part"),
        (same_name, "--second second.csv", "both domains have a task called look"),
        (None, "--second second.csv --second-range detail=5", "--second-range detail=5: give it as TASK=LOW:HIGH"),
        (None, "--second second.csv --shared all", "shared is 'all'; choose whole, last or none"),
        (None, "--second second.csv --side 32", "a square of 32 px is not in one of 24 px"),
        (None, "--second second.csv --lr-inter-task 0", "lr_inter_task is 0.0; give a number above 0"),
        (None, "--second second.csv --momentum 1", "momentum is 1.0; give a share from 0 to below 1"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_mistakes_are_one_line(
    change: Callable[[Path], None] | None,
    options: str,
    told: str,
    photos: RatedPhotos,
    second: RatedPhotos,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_csv(photos, tmp_path / "first.csv")
    write_csv(second, tmp_path / "second.csv")
    make_psychoflickr(tmp_path, users=3)
    if change:
        change(tmp_path)
    monkeypatch.setattr(li_train, "train_stage", lambda *_: pytest.fail("it was trained"))
    place = ["--second-root", "."] if "psycho" in options else []
    size = ["--backbone", "tiny", "--shared", "last", "--resize", 24, "--side", 16, "--cache", "cache"]
    done = run("train", "li2019", "--data", "first.csv", *size, *options.split(), *place)
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert done.code == 1 and len(errors) == 1 and re.search(told, errors[0]), done.err
    assert not list(tmp_path.glob("*.onnx"))
