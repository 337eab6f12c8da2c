"""A model with a quick description."""

from pathlib import Path

import pytest

import beholder
from beholder.scoring.model_file import ModelInfo


@pytest.fixture(scope="module")
def info(colour_model: Path) -> ModelInfo:
    return beholder.load(colour_model).info
