"""Programs that the operators are for, and the pictures that they are given in the tests."""

from pathlib import Path
from typing import Any

import pytest

import beholder
from beholder.output.score_columns import score_columns
from helpers.factories import save_photos


def host(name: str) -> Any:
    """A module of a host. The test is skipped where it is not installed."""
    return pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)


def save_some(folder: Path, count: int = 5) -> list[str]:
    """Photographs, of which the second cannot be read."""
    paths = save_photos(folder, count)
    Path(paths[1]).write_bytes(b"no picture")
    return paths


def expected(model: Path, paths: list[str]) -> dict[str, list[Any]]:
    """What `beholder score` says of them."""
    return dict(score_columns(beholder.load(model, threads=1), paths))  # type: ignore[arg-type]


def alike(found: Any, wanted: Any) -> bool:
    """Whether two values are the same, or numbers that differ by what single precision loses."""
    return found == (pytest.approx(wanted, abs=1e-4) if isinstance(wanted, float) else wanted)
