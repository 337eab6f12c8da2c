"""Progress bars: on a terminal only, one below the other where works are nested."""

import io
import sys

import pytest
from rich.console import Console

from beholder import progress
from beholder.terminal import say


def two_works() -> None:
    with progress.bar("trainings", 2) as outer, progress.bar("epoch", 3, done=1) as inner:
        say("training 1 of 2")
        inner.advance(inner.task_ids[0])
        outer.advance(outer.task_ids[0])


def test_nested_bars_share_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    made: list[Console] = []

    def make(*, stderr: bool) -> Console:
        made.append(Console(file=screen, force_terminal=True, width=100))
        return made[-1]

    monkeypatch.setattr(progress, "make_console", make)
    two_works()
    assert len(made) == 1  # a second console would write over the first one's lines
    lines = screen.getvalue().splitlines()
    assert any("trainings" in line and "0/2" in line for line in lines) and any("1/3" in line for line in lines)
    assert any(line.endswith("training 1 of 2") for line in lines)
    two_works()
    assert len(made) == 2  # the first bar has ended


def test_what_is_redirected_has_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    two_works()
    assert capsys.readouterr().err == "training 1 of 2\n"
