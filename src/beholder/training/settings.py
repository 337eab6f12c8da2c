"""Training settings: checks that several recipes share, and their form in a model file."""

from collections.abc import Mapping, Sequence
from typing import Any

from beholder.errors import BeholderError

MAX_SETTING = 1e30  # larger values overflow in Adam's single-precision arithmetic


def check_positive(recipe: object, names: Sequence[str]) -> None:
    """Raises BeholderError where one of these settings is not above 0, or too large to compute with."""
    for name in names:
        if not 0 < getattr(recipe, name) <= MAX_SETTING:
            raise BeholderError(f"{name} is {getattr(recipe, name)}; give a number above 0, up to {MAX_SETTING:g}")


def check_hidden(hidden: tuple[int, int]) -> None:
    """Raises BeholderError where a layer has no units."""
    if min(hidden) < 1:
        raise BeholderError(f"hidden is {hidden[0]} {hidden[1]}; give each layer at least 1 unit")


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """With lists for tuples, as JSON has them.

    >>> plain({"size": (126, 112), "heads": {"scene": (1.0, 0.0)}})
    {'size': [126, 112], 'heads': {'scene': [1.0, 0.0]}}
    """
    return {
        name: plain(value) if isinstance(value, dict) else list(value) if isinstance(value, tuple) else value
        for name, value in settings.items()
    }
