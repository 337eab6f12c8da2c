"""How commands name data: --data lists every data set, --root or BEHOLDER_DATA says where they are."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from beholder.cli.app import app
from beholder.data.sets import NAMES
from helpers.extras import needs_torch


@pytest.mark.parametrize("command", ["data stats", "evaluate", "train probe", "train li2019", "reproduce"])
def test_help_lists_every_data_set(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"], prog_name="beholder")
    assert done.exit_code == 0
    assert f"{', '.join(NAMES)}, or your own FILE.csv." in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "command",
    ["data stats aadb", "evaluate default --data oasis", pytest.param("train default", marks=needs_torch)],
)
def test_without_a_root_one_line_says_how_to_name_it(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BEHOLDER_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, command.split(), prog_name="beholder")
    assert done.exit_code == 1 and done.stderr.count("\n") == 1
    assert "--root FOLDER or in the environment variable BEHOLDER_DATA" in done.stderr
    assert not list(tmp_path.iterdir())
