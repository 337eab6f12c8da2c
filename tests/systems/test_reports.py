"""The report on Soydaner & Wagemans (2023), on small folders in the published layouts, with a tiny network."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from beholder.data.raters import rater_agreement
from beholder.data.registry import load_data
from beholder.data.sets import aadb
from beholder.data.votes import Votes
from beholder.embedded import default
from beholder.errors import BeholderError
from beholder.metrics import Estimate, resampled, srcc
from beholder.reporting import write
from beholder.reporting.document import Document, Missing, Part, Picture, Table, Text
from beholder.splits import Shares
from beholder.systems import comparison, study, study_runs
from beholder.systems.comparison import ComparisonConfig, side_by_side
from beholder.systems.li2019 import experiment as li_experiment
from beholder.systems.li2019 import published as li_published
from beholder.systems.li2019 import report as li_report
from beholder.systems.registry import find_system
from beholder.systems.song2023 import experiment as song_experiment
from beholder.systems.song2023.recipe import SongRecipe
from beholder.systems.soydaner2023 import analysis as soydaner_analysis
from beholder.systems.soydaner2023 import experiment as soydaner_experiment
from beholder.systems.soydaner2023 import published as soydaner_published
from beholder.systems.soydaner2023 import report as soydaner_report
from beholder.systems.soydaner2023 import report_ratings as soydaner_ratings
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.text import size_text
from beholder.training.features import Extractor
from helpers import tiny_backbones
from helpers.coloured_data import make_aadb, make_eva, make_oasis, warmth

CPU = torch.device("cpu")
RECIPE = SoydanerRecipe("tiny", hidden=(16, 8), batch=8, epochs1=2, steps1=24, epochs2=1, lr_head=0.01)
PRINTED = {f"Table {number}" for number in range(1, 12)} | {f"Figure {number}" for number in range(1, 15)}


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    tiny_backbones.register(monkeypatch.setitem, monkeypatch.setattr)
    colours = Extractor("colours", (16, 16), 1, (3,), lambda pixels: pixels.mean((1, 2), dtype=np.float32))
    monkeypatch.setattr(default, "extractor", lambda recipe: colours)
    monkeypatch.setattr("beholder.systems.soydaner2023.analysis.ACROSS_COUNT", 5)
    monkeypatch.setattr("beholder.systems.soydaner2023.analysis.DELETION_PHOTOS", 6)
    monkeypatch.setattr(study, "resampled", partial(resampled, resamples=50))
    monkeypatch.setattr(write, "CHART_DPI", 40)  # quicker
    yield


MAKERS = {"oasis": make_oasis, "aadb": make_aadb, "eva": make_eva}


def settings(name: str, root: Path, seeds: int = 2, folds: int = 2) -> soydaner_experiment.SoydanerConfig:
    work, cache = root / "work", root / "cache"
    return soydaner_experiment.SoydanerConfig(name, root, seeds, folds, False, RECIPE, False, work, cache)


def parts(found: Document) -> list[Part]:
    return [part for section in found.sections for part in section.parts]


def numbers(found: Document) -> set[str]:
    """``Tables 6, 8`` stands for both."""
    whole: set[str] = set()
    for part in parts(found):
        number = getattr(part, "number", "")
        kind = "Table" if number.startswith("Table") else "Figure"
        whole |= {f"{kind} {each}" for each in re.findall(r"\d+", number)}
    return whole


@pytest.mark.parametrize("name", MAKERS)
def test_every_table_and_figure_is_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = MAKERS[name](tmp_path)
    if name == "aadb":
        make_eva(tmp_path)
    monkeypatch.setenv("BEHOLDER_DATA", str(root))
    wanted = settings(name, root)
    if name == "eva":  # all that are not for the test are learned from, as in the paper
        wanted = replace(wanted, shares=Shares(validation=0))
    found = soydaner_report.report(wanted, CPU)
    said = " ".join(next(part for part in parts(found) if isinstance(part, Text)).paragraphs)
    assert ("no photographs are held out for validation" in said) == (name == "eva")
    assert numbers(found) >= PRINTED, PRINTED - numbers(found)
    tables = {part.number: part for part in parts(found) if isinstance(part, Table) and part.number}
    for table in tables.values():  # numbers of the paper stand in columns that say so, ours in columns that say so
        for column, *cells in zip(table.columns, *table.rows, strict=True):
            assert not any(isinstance(cell, Estimate) for cell in cells) or column.source == "measured", table.title
    first = tables["Table 1"]
    measured = [row for row in first.rows if isinstance(row[2], Estimate)]
    assert len(measured) == 3 and [row[1] for row in first.rows[:5]] == list(soydaner_published.SRCC_AADB.values())
    assert (measured[0][0] == soydaner_published.OURS) == (name == "aadb")  # one row for published and measured
    assert all(row[2].n == len(set(rows_tested(name, root))) for row in measured)  # type: ignore[union-attr]
    across = {(row[0], row[1]): row[2:] for row in tables["Table 11"].rows}
    assert not (root / "work" / f"across-{name}.json").exists()  # its own photographs are tested, not scored again
    if name == "aadb":  # published and measured in one row; test parts are whole, whatever the limit for other data
        assert across["aadb", "aadb"][0] == 0.707 and isinstance(across["aadb", "aadb"][1], Estimate)
        assert across["aadb", "eva"][0] == 0.321 and across["aadb", "eva"][1].n == 8  # type: ignore[union-attr]
        assert across["aadb", "eva"][2] == "its test part, 8 (split drawn with a seed)"
    for words, other in (("AADB's photographs are", "aadb"), ("EVA's photographs are", "eva")):
        note = next((part.note for part in parts(found) if isinstance(part, Table) and words in part.note), "")
        assert bool(note) == (name != other)
        assert ("not at hand" in note) == (name != other and (name, other) != ("aadb", "eva"))
    for number, there in (("Table 7", name != "oasis"), ("Table 9", name != "oasis"), ("Table 3", name == "aadb")):
        measured_cells = [row[-2] for row in tables[number].rows] if number in tables else [None]
        assert all((cell is not None) == there for cell in measured_cells), number
    written = write.write_document(found, root / "report.html")
    assert all(path.stat().st_size for path in written)


def test_networks_of_a_report_are_those_of_the_last_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stage 2 that harms; the network that is looked at predicts what the tables measure."""
    monkeypatch.setenv("BEHOLDER_DATA", str(tmp_path))
    seen: list[soydaner_analysis.TrainedNetwork] = []
    monkeypatch.setattr(soydaner_analysis, "maps", lambda network, number: seen.append(network) or [])
    wanted = settings("oasis", make_oasis(tmp_path), seeds=1, folds=1)
    harmful = replace(RECIPE, epochs1=5, steps1=0, epochs2=2, lr_finetune=1.0)
    found = soydaner_report.report(replace(wanted, recipe=harmful, backbones=("tiny", "cells")), CPU)
    (network,) = seen
    paths = [network.study.photos.paths[row] for row in network.study.rows]
    np.testing.assert_allclose(
        network.score(network.pixels(paths)), network.study.final("multi-task")[0, :, 0], atol=1e-2
    )
    assert network.stage == 2
    protocol = next(part for part in parts(found) if getattr(part, "title", "") == "Protocol")
    said = " ".join(protocol.paragraphs)  # type: ignore[union-attr]
    assert "stage 1 had the lower validation loss in 1 of 1 trainings of `multi-task` (seed 0 in round 1)." in said
    assert "there is no row `5 epochs`." in said
    assert {result.setting for result in network.study.results} == {
        "multi-task",
        "single-task",
        "separate outputs",
        "multi-task on cells",
    }
    backbones = next(part for part in parts(found) if getattr(part, "title", "") == "The network on several backbones")
    assert [row[0] for row in backbones.rows] == ["tiny", "cells"]  # type: ignore[union-attr]
    assert [row[3] is None for row in backbones.rows] == [True, False]  # type: ignore[union-attr]
    assert (soydaner_published.SEPARATE_OUTPUTS, soydaner_published.FINE_TUNING) in network.study.predicted


def li_settings(root: Path, seeds: int = 2, folds: int = 2) -> li_experiment.LiConfig:
    """OASIS as the first domain, own photographs as the second."""
    make_oasis(root)
    rows = ["image,calm,bright"]
    for number in range(100, 120):
        red = min(warmth(root / f"second/{number}.jpg", number), 1)
        rows.append(f"{number}.jpg,{1 + 4 * red:.3f},{red:.3f}")
    (root / "second/second.csv").write_text("\n".join(rows) + "\n")
    recipe = replace(
        li_experiment.recipe_for("oasis"),
        backbone="tiny",
        resize=24,
        side=16,
        hidden=(16, 8),
        batch=8,
        epochs1=2,
        epochs2=2,
    )
    second = str(root / "second/second.csv")
    return li_experiment.LiConfig(
        "oasis", root, seeds, folds, False, recipe, False, root / "work", root / "cache", second
    )


def test_li2019_has_its_tables_and_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = li_settings(tmp_path)
    found = li_report.report(wanted, CPU)
    assert numbers(found) >= {"Table 1", "Table 2", *(f"Figure {number}" for number in range(1, 6))}
    tables = {part.title: part for part in parts(found) if isinstance(part, Table)}
    for table in tables.values():
        for column, *cells in zip(table.columns, *table.rows, strict=True):
            assert not any(isinstance(cell, Estimate) for cell in cells) or column.source == "measured", table.title
    errors = tables["Agreement and errors, scores from 0 to 1"]
    measured = {row[0]: row for row in errors.rows if isinstance(row[4], Estimate)}
    assert list(measured) == [
        "only aesthetic task",
        "only aesthetic task, own rates",
        "alternating training",
        "with inter-task layer",
        "linear probe on tiny",
        "DINOv2 + ridge",
    ]
    for row in measured.values():
        root_mean, mean = row[6], row[7]
        assert isinstance(root_mean, Estimate) and isinstance(mean, Estimate) and root_mean.n == 16
        assert root_mean.value == pytest.approx(mean.value**0.5, rel=0.05)  # each is a mean over two seeds
    signs = tables["Signs of the coefficients"]
    assert [row[0] for row in signs.rows] == [*li_published.TRAIT_SIGNS, "calm", "bright"]
    assert [row[2] is None for row in signs.rows] == [True] * 5 + [False] * 2
    assert [row[1] for row in tables["The parts of the network and their parameters"].rows][-2:] == [5, 10_105_739]
    assert tables["Accuracy of telling high from low scores"].columns[2].title == "oasis, at 4"
    rates = tables["Learning rates that were tried"]
    least = min(rates.rows[:4], key=lambda row: row[3] + row[5])  # type: ignore[operator, arg-type, return-value]
    text = next(part for part in parts(found) if getattr(part, "title", "") == "Protocol")
    assert f"{least[2]} for the shared layers" in " ".join(text.paragraphs)  # type: ignore[union-attr]
    written = write.write_document(found, tmp_path / "report.html")
    assert all(path.stat().st_size for path in written)
    monkeypatch.setattr(li_experiment, "trainer", lambda *_: None)  # nothing is trained again
    assert write.write_document(li_report.report(wanted, CPU), tmp_path / "again.html")[0].read_text() == (
        tmp_path / "report.html"
    ).read_text().replace("report-figures", "again-figures")


def rows_tested(name: str, root: Path) -> list[int]:
    photos = load_data(name, root)
    return [
        row
        for part in study_runs.split_into_folds(photos, 2)
        for row in np.flatnonzero(np.array(part.splits) == "test").tolist()
    ]


def test_without_aadb_its_tables_are_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHOLDER_DATA", str(tmp_path / "nowhere"))
    found = soydaner_report.report(settings("oasis", make_oasis(tmp_path)), CPU)
    missing = {part.number for part in parts(found) if isinstance(part, Missing)}
    assert {"Figure 3", "Table 3", "Figure 9a"} <= missing


def test_nothing_is_trained_or_measured_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHOLDER_DATA", str(tmp_path))
    wanted = settings("oasis", make_oasis(tmp_path), folds=1)
    first = soydaner_report.report(wanted, CPU)
    monkeypatch.setattr(soydaner_experiment, "trainer", lambda source, device: None)
    monkeypatch.setattr("beholder.systems.soydaner2023.analysis.deletion_test", None)
    again = soydaner_report.report(wanted, CPU)
    assert first.summary == again.summary
    pages = [
        write.write_document(found, tmp_path / f"{name}.html")[1].read_text()
        for found, name in ((first, "a"), (again, "b"))
    ]
    assert pages[0].replace("a-figures", "b-figures") == pages[1]


class Colours(torch.nn.Module):
    """Mean colours, as the extractor that stands for the default model's here."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.float().mean((2, 3))


@pytest.mark.slow
def test_systems_stand_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    li = li_settings(tmp_path)
    song = SongRecipe("tiny", side=16, maps=2, batch=8, epochs1=2, epochs2=1)
    for name, recipe in (("soydaner2023", RECIPE), ("li2019", li.recipe), ("song2023", song)):
        functions = find_system(name).functions()
        monkeypatch.setattr(functions, "recipe_for", lambda data, recipe=recipe: recipe)
    monkeypatch.setattr(li_experiment, "DEFAULT_SECOND", li.second)
    monkeypatch.setattr(tiny_backbones.Tiny, "multiple", 1)  # an aspect ratio is kept
    monkeypatch.setattr(default, "frozen_features", lambda recipe: Colours())
    monkeypatch.setattr(comparison, "TIMED_TURNS", 1)
    wanted = ComparisonConfig("oasis", tmp_path, 2, False, False, tmp_path / "work", tmp_path / "cache")
    found, *pictures = parts(side_by_side(wanted, CPU))
    assert isinstance(found, Table) and isinstance(pictures[0], Picture)
    first, kept = capsys.readouterr().err.splitlines()[0], (tmp_path / "cache" / "features").glob("*.npy")
    room = size_text(sum(path.stat().st_size - 128 for path in kept))
    assert first.startswith(f"{room} of features in ") and first.endswith(f"trainings are kept in {tmp_path / 'work'}")
    emd = {row[0]: row[4] for row in found.rows}
    assert [name.split(" 20")[0] for name in emd] == [
        "Soydaner & Wagemans",
        "Li et al.",
        "Song et al.",
        "linear probe on tiny",
        comparison.DEFAULT_MODEL_PROBE,
    ]
    assert [value is None for value in emd.values()] == [True, True, False, False, False]
    for row in found.rows:
        assert row[1].n == 16 and -1 <= row[1].low <= row[1].value <= row[1].high <= 1
        assert row[5] > 0 and row[7] > 0
    assert found.rows[-1][1].value > 0.9  # the ratings are made of colours
    for paper in (soydaner_experiment, li_experiment, song_experiment):
        monkeypatch.setattr(paper, "trainer", lambda *_: None)  # nothing is trained again
    again = parts(side_by_side(wanted, CPU))[0]
    assert isinstance(again, Table) and [row[:5] for row in again.rows] == [row[:5] for row in found.rows]


def test_ratings_that_are_missing_are_told(tmp_path: Path) -> None:
    make_oasis(tmp_path)
    path = tmp_path / "oasis" / "labels.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:-1], ",".join([*lines[-1].split(",")[:-3], "", "", ""])]) + "\n")
    with pytest.raises(BeholderError, match="lack a rating"):
        soydaner_report.report(settings("oasis", tmp_path), CPU)


def test_published_numbers_agree_with_each_other() -> None:
    for counts, shares in (("SCORES_AADB", "SHARES_AADB"), ("SCORES_EVA", "SHARES_EVA")):
        printed = np.array(getattr(soydaner_published, counts))
        np.testing.assert_allclose(printed / printed.sum(), getattr(soydaner_published, shares), atol=1e-3)
    assert sum(soydaner_published.SCORES_AADB) == 1000 and sum(soydaner_published.SCORES_EVA) == 570
    assert soydaner_published.ATTRIBUTES_AADB["score"][1] == round(
        soydaner_published.SRCC_AADB["Soydaner & Wagemans 2023"], 3
    )
    assert sum(ours for _, _, ours in soydaner_published.PARAMETER_COUNTS) == 14_789_388
    assert set(soydaner_published.ATTRIBUTES_AADB) == {task.name for task in aadb.TASKS}
    assert (
        soydaner_experiment.recipe_for("eva").dropout == 0.25 and soydaner_experiment.recipe_for("aadb").dropout == 0.35
    )


def test_raters_of_aadb_stand_in_the_rows_of_the_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured where their single votes are under the same root, also in a report on other data."""
    wanted, made = settings("oasis", tmp_path), made_study(tmp_path, "multi-task")
    table = soydaner_ratings.raters_part(made, wanted)
    assert isinstance(table, Table) and "AADB's single votes are not at hand" in table.note
    assert all(row[3:] == [None, None] for row in table.rows[:3])
    make_aadb(tmp_path)
    count, raters = 52, 3  # each rater rates all photographs
    rng = np.random.default_rng(0)
    values = np.concatenate([np.arange(count) + rng.normal(0, 5, count) for _ in range(raters)])
    votes = Votes(np.tile(np.arange(count), raters), np.repeat(np.arange(raters), count), values)
    monkeypatch.setattr(soydaner_ratings, "read_rater_votes", lambda folder, files: votes)
    table = soydaner_ratings.raters_part(made, wanted)
    assert isinstance(table, Table) and "not at hand" not in table.note
    fewest = table.rows[0]
    assert fewest[:4] == ["aadb, (0, 100)", 190, 0.6738, 3] and isinstance(fewest[4], Estimate)
    assert fewest[4].value == pytest.approx(np.nanmean(rater_agreement(votes, count).srcc))
    assert str(table.rows[3][0]).startswith("oasis, [0, ")


def made_study(tmp_path: Path, setting: str = "net") -> study.Study:
    """Two rounds and two seeds whose predictions are the ratings plus a known error."""
    photos = load_data("oasis", make_oasis(tmp_path))
    fold_splits = study_runs.split_into_folds(photos, 2)
    results = []
    for fold, part in enumerate(fold_splits):
        test = np.flatnonzero(np.array(part.splits) == "test")
        for seed in range(2):
            noise = np.random.default_rng(seed).normal(0, 0.5, photos.ratings.shape)[test]
            outcome = study_runs.Outcome([], {"training": photos.ratings[test] + noise})
            results.append(study_runs.Result(setting, seed, fold, test, outcome))
    return study.assemble(photos, fold_splits, results, {"perfect": photos.ratings})


def test_study_measures_over_all_tested_photographs(tmp_path: Path) -> None:
    made = made_study(tmp_path)
    values = study.by_seed(made, made.final("net"))
    assert values == [srcc(made.truth[:, 0], predicted[:, 0]) for predicted in made.final("net")]
    found = study.measured(made, made.final("net"))
    assert found.value == pytest.approx(np.mean(values)) and found.low < found.value < found.high
    assert found.n == len(made.rows) == 16
    gap = study.difference(made, made.compared["perfect"], made.final("net"))
    assert gap.value == pytest.approx(1 - np.mean(values)) and 0 < gap.low < gap.value < gap.high
    assert study.measured(made, made.compared["perfect"]).value == pytest.approx(1)


def test_probe_never_sees_what_it_is_tested_on(tmp_path: Path) -> None:
    photos = load_data("oasis", make_oasis(tmp_path))
    fold_splits = study_runs.split_into_folds(photos, 5)
    found = study.probe(
        fold_splits, [np.eye(len(photos))]
    )  # features that say which photograph it is, and nothing else
    assert np.isfinite(found).all()
    assert srcc(photos.ratings[:, 0], found[:, 0]) < 0.2
    spoilt = [
        replace(part, ratings=np.where((np.array(part.splits) == "test")[:, None], 1.0, part.ratings))
        for part in fold_splits
    ]
    np.testing.assert_array_equal(study.probe(spoilt, [np.eye(len(photos))]), found)


@pytest.mark.slow
@pytest.mark.usefixtures("kept_features")
def test_short_version_on_real_photographs(data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MobileNetV2 without stage 2 on one round of OASIS: what CI runs of the study."""
    monkeypatch.undo()
    recipe = replace(soydaner_experiment.recipe_for("oasis"), backbone="mobilenet_v2", epochs2=0)
    wanted = soydaner_experiment.SoydanerConfig("oasis", data_root, 1, 1, False, recipe, False, tmp_path / "work", None)
    monkeypatch.setattr("beholder.systems.soydaner2023.analysis.ACROSS_COUNT", 20)
    monkeypatch.setattr("beholder.systems.soydaner2023.analysis.DELETION_PHOTOS", 8)
    found = soydaner_report.report(wanted, CPU)
    table = next(part for part in parts(found) if isinstance(part, Table) and part.number == "Table 1")
    values = [row[2].value for row in table.rows if isinstance(row[2], Estimate)]
    network, probe, dinov2 = values
    assert network > 0.55 and probe > 0.55 and dinov2 > 0.8
    assert isinstance(next(part for part in parts(found) if getattr(part, "number", "") == "Figures 8, 13"), Picture)
