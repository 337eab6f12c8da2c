"""A command line with a quick model, and a folder that takes a moment to score."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from beholder.cli.app import app
from helpers.commands import Done, apart
from helpers.extras import HAVE_TORCH
from helpers.factories import save_photos

collect_ignore_glob = [] if HAVE_TORCH else ["test_train*.py", "test_reproduce.py"]


@pytest.fixture
def beholder(colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs a command in this process, in an empty folder, with the quick model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("beholder.scoring.model_file.embedded_path", lambda name: colour_model)

    def run(*args: Any, stdin: bytes | None = None) -> Done:
        done = CliRunner().invoke(app, list(map(str, args)), input=stdin, prog_name="beholder")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that takes a moment to score: 300 photographs, one in fifty of them broken."""
    folder = tmp_path_factory.mktemp("crowd") / "photos"
    for number, path in enumerate(save_photos(folder, 300, side=200)):
        if number % 50 == 25:
            Path(path).write_bytes(b"broken")
    return folder


@pytest.fixture(scope="session")
def undisturbed(crowd: Path, colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """The table of a run that nothing disturbed, in a format."""
    folder = tmp_path_factory.mktemp("whole")

    @functools.cache
    def whole(suffix: str) -> bytes:
        apart("score", crowd, "-m", colour_model, "-o", folder / f"x{suffix}", "-q")
        return (folder / f"x{suffix}").read_bytes()

    return whole
