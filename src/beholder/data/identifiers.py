"""Columns of a table of ratings that number the rows or name the photographs, and rate nothing."""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from beholder.data.tables import plain_name

_OF = r"(image|img|photo|picture|file|item|record|row|lfd)?"
# Nobody rates an "id". A "number" or "row" could be a rating, unless it is another whole number in each row.
_NAMES = re.compile(rf"unnamed:?\d*|{_OF}(id|ids|idx|index|uuid|guid)")
_NAMES_OF_NUMBERS = re.compile(rf"{_OF}(number|num|nr|no|#)|row|serial|key")
COUNTED = 20  # rows; a column that counts up over fewer may be ratings of photographs that were sorted by them


def has_name_of_identifier(column: str) -> bool:
    """Whether a column has the name of an identifier, in any case and spacing.

    >>> has_name_of_identifier("Image ID"), has_name_of_identifier("vivid"), has_name_of_identifier("Unnamed: 0")
    (True, False, True)
    """
    return bool(_NAMES.fullmatch(plain_name(column)))


def identifiers(columns: Mapping[str, np.ndarray], before: Iterable[str] = (), *, others: bool = False) -> list[str]:
    """Columns of numbers that are identifiers by their name and values, or by their values.

    By values: whole numbers that follow one another without a gap, each once, either in a column before that of the
    photographs, or in the order of the rows over :data:`COUNTED` rows or more. If nothing else is rated, such a column
    is a rating: a table of ranks is one.

    Args:
        columns: name -> (N,) values, NaN where empty.
        before: names of the columns that come before that of the photographs.
        others: whether the table has ratings in other columns.

    >>> identifiers({"nr": np.array([7, 8, 3]), "beauty": np.array([4, 5, 5])})
    ['nr']
    """
    found = {
        name
        for name, values in columns.items()
        if has_name_of_identifier(name) or (_NAMES_OF_NUMBERS.fullmatch(plain_name(name)) and _all_differ(values))
    }
    counted = {name for name, values in columns.items() if _counts(values, anywhere=name in before)}
    if others or set(columns) - found - counted:
        found |= counted
    return [name for name in columns if name in found]


def _all_differ(values: np.ndarray) -> bool:
    """Whether these are whole numbers, each once."""
    known = values[~np.isnan(values)]
    return bool((known == np.floor(known)).all()) and len(np.unique(known)) == len(known)


def _counts(values: np.ndarray, *, anywhere: bool) -> bool:
    """Whether whole numbers follow one another without a gap: in any order, or in that of many rows."""
    if len(values) < 2 or np.isnan(values).any() or not _all_differ(values):
        return False
    if anywhere:
        return bool(np.ptp(values) == len(values) - 1)
    return len(values) >= COUNTED and bool((np.diff(values) == 1).all())
