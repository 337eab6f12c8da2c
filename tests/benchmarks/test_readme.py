"""`python -m benchmarks readme`: the README is of the models at hand."""

import importlib
from types import ModuleType

import pytest

from beholder.errors import BeholderError
from helpers.factories import REPOSITORY

TEXT = (REPOSITORY / "README.md").read_text("utf-8")


@pytest.fixture
def readme(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("benchmarks.readme")


def test_tables_are_of_the_models_at_hand(readme: ModuleType) -> None:
    assert readme.with_models(TEXT) == TEXT
    assert readme.SCORES.search(TEXT)


def test_pictures_are_of_the_model_at_hand(readme: ModuleType) -> None:
    assert set(readme.picture_models().values()) == {readme.identity("default")}


def test_old_numbers_are_replaced(readme: ModuleType) -> None:
    (row,) = (line for line in TEXT.splitlines() if line.startswith(readme.ROWS["fast"]))
    old = TEXT.replace(row, f"{readme.ROWS['fast']} 0.1 | | | | | |").replace(
        "the default has 0.8", "the default has 0.7"
    )
    assert readme.with_models(old) == TEXT != old


def test_a_missing_row_is_named(readme: ModuleType) -> None:
    with pytest.raises(BeholderError, match="has not one place of"):
        readme.with_models(TEXT.replace(readme.ROWS["default"], "| another |"))
