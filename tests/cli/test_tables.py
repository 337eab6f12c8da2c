"""Tables on a terminal and on a pipe."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.commands import Done, on_terminal, table
from helpers.factories import save_photos


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
    assert re.fullmatch(r"12 scored in [\d.]+ s \([\d.]+ a second\)\n", done.err)


@pytest.mark.parametrize("width", [50, 80, 100, 200])
def test_table_fits_the_terminal(colour_model: Path, tmp_path: Path, width: int) -> None:
    folder = tmp_path / "[bold]" / ("long-" * 10)
    save_photos(folder, 12)
    os.rename(folder / "3.jpg", folder / "写真-写真-写真-写真-写真-写真-写真-写真.jpg")
    shown = on_terminal(width, ["score", folder, "-m", colour_model])
    lines = shown[shown.index("rank") :].replace("\r", "").splitlines()
    assert len(lines) == 1 + 12 + 1
    assert all(len(line) + len(re.findall("[写真]", line)) <= width for line in lines)
    assert sum(line.rstrip().count(".jpg") for line in lines) == 12
    assert ("quality" in lines[0]) == (width >= 80)
    assert (str(folder) in shown) == (width == 200)
