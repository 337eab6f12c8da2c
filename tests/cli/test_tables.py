"""Tables on a terminal and on a pipe."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.commands import Done, on_terminal, table
from helpers.factories import save_model, save_photos


def test_table_on_a_pipe_has_whole_paths(beholder: Callable[..., Done], tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 40) / "[bold]photos[/]"
    paths = save_photos(folder, 12)
    done = beholder("score", folder)
    assert done.code == 0
    header, *rows = table(done.out)
    assert header == ["rank", "file", "overall", "90% interval", "pct", "warmth", "quality"]
    assert [row[0] for row in rows] == [str(rank) for rank in range(1, 13)]
    assert sorted(row[1] for row in rows) == sorted(paths)
    scores = [float(row[2]) for row in rows]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) > 5
    columns, summary = done.err.splitlines()
    assert columns.startswith("overall, warmth: 1 to 7; quality: 0 to 1; 90% interval: of overall; pct: percentile ")
    assert re.fullmatch(r"12 scored in [\d.]+ s \([\d.]+ a second\)", summary)


def test_valence_and_arousal_are_details(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    model = save_model(tmp_path / "affect.onnx", first="valence", second="arousal")
    for options, shown in (([], False), (["--details"], True), (["--sort", "arousal"], True)):
        done = beholder("score", "photos", "-m", model, *options)
        assert table(done.out)[0][2:] == ["overall", "90% interval", "pct", *(["arousal"] if shown else []), "quality"]
        assert ("; --details: arousal\n" in done.err) == (not shown) and ("arousal:" in done.err) == shown
        assert "predicts ratings only" not in done.err
    assert "arousal" in beholder("score", "photos", "-m", model, "--json").out


@pytest.mark.parametrize("width", [50, 80, 100, 200])
def test_table_fits_the_terminal(colour_model: Path, tmp_path: Path, width: int) -> None:
    folder = tmp_path / "[bold]" / ("long-" * 10)
    save_photos(folder, 12)
    os.rename(folder / "3.jpg", folder / "写真-写真-写真-写真-写真-写真-写真-写真.jpg")
    shown = on_terminal(width, ["score", folder, "-m", colour_model])
    lines = shown[shown.index("rank") :].replace("\r", "").splitlines()
    folded = " ".join(" ".join(lines[13:-1]).split())
    assert folded.startswith("overall, warmth: ") and folded.endswith("pct: percentile among rated photographs")
    assert all(len(line) + len(re.findall("[写真]", line)) <= width for line in lines)
    assert sum(line.rstrip().count(".jpg") for line in lines) == 12
    assert ("quality" in lines[0]) == (width >= 80)
    assert (str(folder) in shown) == (width == 200)
