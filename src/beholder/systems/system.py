"""A system as the commands know it: its recipe, its texts, and where its functions are. Imports no torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

F_co = TypeVar("F_co", covariant=True)  # what its module answers, as of `beholder.systems.protocol`


@dataclass(frozen=True)
class SecondDomain:
    """A second data set that a system learns from.

    Attributes:
        help: text of the option --second of the training command.
        missing: which data sets an error message names where --second is missing.
        default: data set of the report where none is given.
        needed: whether a recipe learns from it.
    """

    help: str
    missing: str
    default: str
    needed: Callable[[Any], bool]


@dataclass(frozen=True)
class System(Generic[F_co]):
    """A published way to train a network on rated photographs.

    Attributes:
        name: of its commands, model files and table entry.
        recipe: frozen dataclass of settings; its fields are made by `beholder.systems.options.option`.
        data_role: what the data set of the option --data is for, in the help of the training command.
        help: text of the training command.
        functions: imports torch and the module that answers the protocol.
        second: for systems that learn from two data sets.
        drop_missing: whether the training command has --drop-missing.
    """

    name: str
    recipe: type[Any]
    data_role: str
    help: str
    functions: Callable[[], F_co]
    second: SecondDomain | None = None
    drop_missing: bool = False
