"""Every example in a docstring runs and gives what it says, and most public names have one."""

import doctest
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import beholder
from helpers.factories import REPOSITORY

MODULES = [module.name for module in pkgutil.walk_packages(beholder.__path__, "beholder.")]


@pytest.mark.parametrize("name", ["beholder", *(name for name in MODULES if name != "beholder.__main__")])
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)  # where examples/photos is
    assert doctest.testmod(pytest.importorskip(name, exc_type=ImportError)).failed == 0


def test_most_public_names_have_an_example() -> None:
    """At least 57%, as in torchmetrics."""
    names = dict(_public())
    without = [name for name, thing in names.items() if ">>>" not in (inspect.getdoc(thing) or "")]
    assert len(without) <= 0.43 * len(names), without


def _public() -> Iterator[tuple[str, object]]:
    for name in beholder.__all__:
        thing = getattr(beholder, name)
        yield name, thing
        for member, value in vars(thing).items() if inspect.isclass(thing) else ():
            if not member.startswith("_") and (inspect.isroutine(value) or hasattr(value, "__get__")):
                yield f"{name}.{member}", value
