"""Every public name is on a page of the reference, and says what it is."""

import functools
import pkgutil
import re
from collections.abc import Iterator

import griffe
import pytest

import beholder
from beholder import integrations
from helpers.factories import REPOSITORY

PAGES = sorted((REPOSITORY / "docs" / "reference").glob("*.md"))
SHOWN = [name for page in PAGES for name in re.findall(r"^::: (\S+)", page.read_text(), re.MULTILINE)]


@functools.cache
def read(module: str) -> griffe.Object:
    """A module as its text says it, without importing it: the host of an operator may not be installed."""
    path = REPOSITORY / "src" / f"{module.replace('.', '/')}.py"
    return griffe.visit(module, filepath=path, code=path.read_text())


def shown_objects(name: str) -> Iterator[griffe.Object]:
    """What a page shows under a name: the thing itself, and its public classes, functions, methods and properties."""
    owner, _, last = name.rpartition(".")
    if owner == "beholder" and last in beholder.__all__:
        waiting = [read(getattr(beholder, last).__module__)[last]]
    else:
        waiting = [read(name)]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += [
            member
            for member in each.members.values()
            if not member.is_alias
            and not member.name.startswith("_")
            and (member.is_class or member.is_function or "property" in member.labels)
        ]


def test_every_public_name_is_shown() -> None:
    operators = [f"beholder.integrations.{module.name}" for module in pkgutil.iter_modules(integrations.__path__)]
    assert {*(f"beholder.{name}" for name in beholder.__all__), *operators} <= {*SHOWN}


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_is_documented(name: str) -> None:
    assert [each.path for each in shown_objects(name) if not each.has_docstring] == []
