"""A service with a quick model; the tests skip where the extra is not installed."""

from pathlib import Path

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")

from beholder.serving.service import Service
from helpers.services import quick


@pytest.fixture
def service(colour_model: Path) -> Service:
    """Not running yet."""
    return quick(colour_model)
