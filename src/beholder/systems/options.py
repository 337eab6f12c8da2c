"""Options of a training command, written once: a field of a recipe, with what its option says and allows."""

from dataclasses import Field, field, fields
from typing import Any, TypeVar

T = TypeVar("T")


def option(
    default: T,
    help: str,
    *,
    min: float | None = None,
    max: float | None = None,
    flag: str | None = None,
    by_data: dict[str, T] | None = None,
) -> T:
    """A field of a recipe.

    Args:
        default: value without the option.
        help: text of the option.
        min, max: limits of a number.
        flag: spelling of an option that is not derived from the field's name, such as ``--separate/--joint``.
        by_data: defaults for some data sets by name, in place of ``default``.
    """
    known = {"help": help, "min": min, "max": max, "flag": flag, "by_data": by_data or {}}
    made: T = field(default=default, metadata=known)
    return made


def defaults_for(recipe: type[Any], data: str) -> dict[str, Any]:
    """Settings that differ from the recipe's defaults for a data set.

    >>> from beholder.systems.soydaner2023.recipe import SoydanerRecipe
    >>> defaults_for(SoydanerRecipe, "eva"), defaults_for(SoydanerRecipe, "oasis")
    ({'dropout': 0.25}, {})
    """
    return {each.name: each.metadata["by_data"][data] for each in fields(recipe) if data in each.metadata["by_data"]}


def default_text(setting: "Field[Any]") -> str | None:
    """The defaults of a setting in words where they depend on the data set; None where one default is for all."""
    special = ", ".join(f"{value} for {name}" for name, value in setting.metadata["by_data"].items())
    return f"{special}, else {setting.default}" if special else None
