"""The report on Song et al. (2023)."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from beholder.embedded import default
from beholder.metrics import Estimate, resampled
from beholder.reporting import write
from beholder.reporting.document import Missing, Table, without_photographs
from beholder.systems.song2023 import distribution_metrics as song_distribution_metrics
from beholder.systems.song2023 import experiment as song_experiment
from beholder.systems.song2023 import report as song_report
from beholder.systems.song2023 import report_across as song_report_across
from beholder.systems.song2023.recipe import LAST
from beholder.training.features import Extractor
from helpers.coloured_data import make_oasis
from helpers.li2019 import make_ava
from helpers.song2023 import CPU, RECIPE

BY_METHOD = ("Table 3", "Table 4", "Figure 9")  # say by which method their numbers came about


@pytest.fixture
def small_study(monkeypatch: pytest.MonkeyPatch) -> None:
    colours = Extractor("colours", (16, 16), 1, (3,), lambda pixels: pixels.mean((1, 2), dtype=np.float32))
    monkeypatch.setattr(default, "extractor", lambda recipe: colours)
    monkeypatch.setattr(song_report_across, "ACROSS_COUNT", 4)
    monkeypatch.setattr(song_experiment, "TRIAL_RECIPE", replace(RECIPE, epochs1=1, epochs2=0))
    monkeypatch.setattr(song_experiment, "CHANGES_TRIED", ({}, {"lr_head": 0.01}, {"epochs2": 1, "lr_encoder": 0.01}))
    monkeypatch.setattr(song_distribution_metrics, "resampled", partial(resampled, resamples=30))


@pytest.mark.slow
def test_every_table_and_figure_is_there(small_study: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_oasis(tmp_path)
    recipe = replace(RECIPE, epochs1=1, epochs2=1)
    wanted = song_experiment.SongConfig(
        "oasis", root, 1, 2, False, recipe, False, tmp_path / "work", tmp_path / "cache"
    )
    found = song_report.report(wanted, CPU)
    parts = {getattr(part, "number", ""): part for section in found.sections for part in section.parts}
    assert set(parts) >= {f"Table {number}" for number in (2, 3, 4, 5)} | {
        f"Figure {number}" for number in (8, 9, 10, 11)
    }
    assert isinstance(parts["Table 5"], Missing)
    for part in parts.values():
        if isinstance(part, Table):
            assert all(column.source != "published" for column in part.columns)  # none of its numbers is known
    complete, *_ = parts["Table 2"].rows
    assert [isinstance(cell, Estimate) for cell in complete] == [False] + [True] * len(
        song_distribution_metrics.DISTRIBUTION_METRICS
    )
    assert len(parts["Table 3"].rows) == 6 and len(parts["Table 4"].rows) == 3
    for number in BY_METHOD:
        assert f"not by the paper's method: the encoder is frozen (stage 1 of `--shared {LAST}`)" in parts[number].note
    written = write.write_document(without_photographs(found), tmp_path / "song.html")
    assert all(path.stat().st_size for path in written)
    monkeypatch.setattr(song_experiment, "trainer", lambda source, device: None)  # nothing is trained twice
    again = song_report.report(wanted, CPU)
    assert again.summary == found.summary


def test_ava_is_trained_whole_and_keeps_nothing_of_its_photographs(
    small_study: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--no-cache and --drop-missing: no pixels, no outputs of layers; photographs that a copy lacks are left out."""
    monkeypatch.setattr(song_experiment, "MOST_TRIED", 10)
    make_ava(tmp_path, 30)
    (tmp_path / "ava" / "images" / "1007.jpg").unlink()
    recipe = replace(song_experiment.recipe_for("ava"), backbone="tiny", side=16, maps=2, batch=8, epochs1=1)
    wanted = song_experiment.SongConfig(
        data="ava",
        root=tmp_path,
        seeds=1,
        folds=3,
        by_group=False,
        recipe=recipe,
        drop_leaks=False,
        work=tmp_path / "work",
        cache=tmp_path / "cache",
        keep=False,
        drop_missing=True,
    )
    found = song_report.report(wanted, CPU)
    assert "ava, 29 photographs" in found.summary[0] and "trained whole" in found.summary[0]
    parts = {getattr(part, "number", ""): part for section in found.sections for part in section.parts}
    assert len(parts["Table 2"].rows) == 4
    for number in BY_METHOD:
        assert "Method: `--shared whole`, the paper's" in parts[number].note
    kept = [np.load(path).shape for path in (tmp_path / "cache").rglob("*.npy")]
    assert kept == [(1, 29, 3)]  # what the default model's probe reads
