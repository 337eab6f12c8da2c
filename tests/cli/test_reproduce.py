"""`beholder reproduce` made small: its options reach the trainings of each paper, and mistakes are one line."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from helpers import tiny_backbones
from helpers.coloured_data import make_oasis, warmth
from helpers.trainings import run

SMALL: dict[str, Any] = {"backbone": "tiny", "epochs1": 1, "steps1": 0, "epochs2": 1, "batch": 8, "side": 32}


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from beholder.embedded import default
    from beholder.metrics import resampled
    from beholder.systems import study
    from beholder.training.features import Extractor

    tiny_backbones.register(monkeypatch.setitem, monkeypatch.setattr)
    colours = Extractor("colours", (16, 16), 1, (3,), lambda pixels: pixels.mean((1, 2), dtype=np.float32))
    monkeypatch.setattr(default, "extractor", lambda recipe: colours)
    monkeypatch.setattr(study, "resampled", partial(resampled, resamples=20))
    monkeypatch.setattr("beholder.reporting.write.CHART_DPI", 40)  # quicker


def second_domain(root: Path) -> Path:
    """A table of own photographs, to be a second domain."""
    rows = [f"{number}.jpg,{warmth(root / f'{number}.jpg', number):.3f}" for number in range(100, 120)]
    (root / "calm.csv").write_text("\n".join(["image,calm", *rows]) + "\n")
    return root / "calm.csv"


def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from beholder.systems.compared import experiment, published, report

    rows = {name: experiment.ROWS[name] for name in (published.HOU, published.REG)}
    monkeypatch.setattr(experiment, "ROWS", rows)
    monkeypatch.setattr(report, "ROWS", rows)


def of(paper: str, settings: dict[str, Any]) -> list[str]:
    """Settings as options, those that a paper has."""
    known = {name: value for name, value in settings.items() if (paper, name) != ("li2019", "steps1")}
    return [word for name, value in known.items() for word in (f"--{name}", str(value))]


@pytest.mark.parametrize("paper", ["soydaner2023", "li2019", "compared"])
def test_a_small_version_takes_its_settings(paper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, cache, report = make_oasis(tmp_path / "data"), tmp_path / "cache", tmp_path / "new" / "folder" / "r.html"
    monkeypatch.setenv("BEHOLDER_DATA", str(root))
    few_rows(monkeypatch)
    place = ["--data", "oasis", "--root", root, "--cache", cache, "--out", report, "--work", tmp_path / "more" / "runs"]
    second = ["--second", second_domain(tmp_path / "own"), "--second-count", "15"]
    own = {"soydaner2023": ["--staircase"], "li2019": second}.get(paper, [])
    small = [*of(paper, SMALL), "--folds", "1", "--device", "cpu", "--no-photographs", "--no-cache", *own]
    done = run("reproduce", paper, *place, *small)
    assert done.code == 0, done.err
    assert report.is_file() and report.with_suffix(".md").is_file()
    kept = sorted(path.name for path in (cache / "features").glob("*.npy"))
    assert len(kept) == (paper != "compared"), kept  # --no-cache: the default model's features alone, for its probe
    made = [json.loads(path.read_text())["made_by"] for path in (tmp_path / "more" / "runs").rglob("*seed*.json")]
    first = done.err.splitlines()[0]
    assert f"{len(made)} trainings, to be kept in {tmp_path / 'more' / 'runs'}" in first
    for recipe in made:
        wanted = {name: value for name, value in SMALL.items() if name in recipe and not name.startswith("epochs")}
        assert {name: recipe[name] for name in wanted} == wanted
    if paper == "soydaner2023":
        assert all(recipe["staircase"] for recipe in made)
        assert "125 steps, all at once" in report.with_suffix(".md").read_text()
    assert any(recipe["epochs1"] == recipe["epochs2"] == 1 for recipe in made)  # variants have epochs of their own


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("nima2018",),
            "nima2018: no such paper; those that can be run again are soydaner2023, li2019, song2023, compa",
        ),
        (("all", "--no-cache"), "all: each paper is run with its own defaults and seed 0; leave the other options out"),
        (("compared", "--shared", "whole"), "compared has no --shared; leave it out"),
        (("li2019", "--steps1", "5"), "li2019 has no --steps1; leave it out"),
        (("song2023", "--staircase"), "song2023 has no --staircase; leave it out"),
        (("compared", "--second-count", "20"), "compared has no second domain: --second is for li2019"),
        (("compared", "--backbones", "vgg16"), "compared compares no backbones: --backbones is for soydaner2023"),
        (("compared", "--backbone", "vgg"), "no backbone is called 'vgg'; there are vgg16,"),
        (("compared", "--batch", "1"), "batch is 1; give at least 2"),
        (("compared", "--out", "report.txt"), "cannot write the report to report.txt: the name has to end in .html"),
    ],
)
def test_mistakes_are_one_line(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("reproduce", *arguments, "--data", "oasis", "--root", make_oasis(tmp_path / "data", 30))
    assert done.code == 1 and done.err.startswith(f"error: {message}") and done.err.count("\n") == 1
    assert not list(tmp_path.glob("*.html"))


def test_what_does_not_fit_is_said_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from beholder.systems import study_plan

    monkeypatch.setattr(study_plan, "shutil", SimpleNamespace(disk_usage=lambda path: SimpleNamespace(free=1000)))
    place = ["--root", make_oasis(tmp_path / "data", 30), "--cache", tmp_path / "cache", "--out", tmp_path / "r.html"]
    done = run("reproduce", "compared", "--data", "oasis", *of("compared", SMALL), *place)
    assert done.code == 1 and "more, 1 kB are free; set BEHOLDER_CACHE" in done.err and "--no-cache" in done.err
    assert done.err.count("\n") == 1 and not (tmp_path / "cache" / "features").exists()
