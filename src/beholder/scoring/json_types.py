"""JSON of a file that is not trusted -> values of the types that a dataclass declares, or a line naming the field."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from beholder.errors import ModelError
from beholder.text import one_line, printable

MAX_TEXT = 10_000  # characters of one text
MAX_NUMBER = 1e12  # of any kind; the square of a larger one may be infinite in single precision
MAX_DEPTH = 20  # of objects and arrays in a field that may hold any JSON


def read_object(text: str) -> dict[str, Any]:
    """A JSON object; NaN and infinity, which some programs write, are floats, for :func:`typed` to refuse.

    Raises:
        ModelError: it is not JSON, not an object, nested too deeply, or has the same key twice in an object.

    >>> read_object('{"size": [16, 16]}')
    {'size': [16, 16]}
    """
    try:
        found = json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise ModelError("its metadata is nested too deeply") from None
    except ValueError as error:
        raise ModelError(f"its metadata is not JSON ({one_line(error)})") from None
    if not isinstance(found, dict):
        raise ModelError(f"its metadata is {_shown(found)}, where an object is expected")
    return found


def typed(kind: Any, value: Any, where: str, undefined: tuple[str, ...] = ()) -> Any:
    """A value of JSON as the declared type.

    Args:
        kind: str, int (from 0), float, dict, ``tuple[X, ...]``, a tuple of given length, a dataclass of those, or any
            of them or None, which is null.
        value: as JSON has it.
        where: name of the field, for the message.
        undefined: names of float fields, as ``metrics.value``, that may be null or NaN: both become NaN.

    Raises:
        ModelError: it has another type, or is not finite, too large, too long or too deep; the message names the field.

    >>> typed(tuple[float, ...], [1, 2.5], "half_width")
    (1, 2.5)
    >>> typed(tuple[float, ...], [1, "a"], "half_width")
    Traceback (most recent call last):
    beholder.errors.ModelError: in its metadata half_width[1] is 'a', where a number is expected
    """
    if isinstance(kind, UnionType):
        kind, none = get_args(kind)
        assert none is type(None)
        if value is None:
            return None
    if is_dataclass(kind):
        return _dataclass(kind, value, where, undefined)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), value, where, undefined)
    if re.sub(r"\[\d+\]", "", where) in undefined and (value is None or (type(value) is float and math.isnan(value))):
        return math.nan
    origin = get_origin(kind) or kind
    expected, is_right = _EXPECTED[origin]
    if not is_right(value):
        raise _wrong(where, value, expected)
    if origin is dict:
        _check_any(value, where, 1)
    return value


_EXPECTED: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    str: (f"text of at most {MAX_TEXT:,} characters", lambda value: type(value) is str and len(value) <= MAX_TEXT),
    int: ("a whole number from 0", lambda value: type(value) is int and 0 <= value <= MAX_NUMBER),
    float: ("a number", lambda value: type(value) in (int, float) and abs(value) <= MAX_NUMBER),  # NaN is none
    dict: ("an object", lambda value: type(value) is dict),
}


def _tuple(kinds: tuple[Any, ...], value: Any, where: str, undefined: tuple[str, ...]) -> tuple[Any, ...]:
    count = None if kinds[-1] is ... else len(kinds)
    if type(value) is not list or count not in (None, len(value)):
        raise _wrong(where, value, "an array" if count is None else f"an array of {count}")
    each_kind = kinds if count is not None else (kinds[0],) * len(value)
    given = enumerate(zip(each_kind, value, strict=True))
    return tuple(typed(kind, each, f"{where}[{place}]", undefined) for place, (kind, each) in given)


def _dataclass(kind: Any, value: Any, where: str, undefined: tuple[str, ...]) -> Any:
    if type(value) is not dict:
        raise _wrong(where, value, "an object")
    hints = get_type_hints(kind)
    given = {}
    for field in fields(kind):
        name = f"{where}.{field.name}" if where else field.name
        if field.name in value:
            given[field.name] = typed(hints[field.name], value[field.name], name, undefined)
        elif field.default is MISSING:
            raise ModelError(f"its metadata has no {name}")
    return kind(**given)


def _check_any(value: Any, where: str, depth: int) -> None:
    """Check JSON of any kind: what is in it may be printed and written again."""
    if depth > MAX_DEPTH:
        raise ModelError(f"in its metadata {where} is nested too deeply")
    if type(value) in (dict, list):
        for key, each in value.items() if type(value) is dict else enumerate(value):
            typed(str, str(key), where)
            _check_any(each, where, depth + 1)
    elif value is not None and type(value) is not bool:
        typed(str if type(value) is str else float, value, where)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ModelError(f"its metadata has two values for {_shown(key)}")
        found[key] = value
    return found


def _wrong(where: str, value: Any, expected: str) -> ModelError:
    return ModelError(f"in its metadata {where} is {_shown(value)}, where {expected} is expected")


def _shown(value: Any) -> str:
    """A value of JSON in at most 40 characters of a message."""
    if isinstance(value, dict | list):
        return f"an {'object' if isinstance(value, dict) else 'array'} of {len(value)}"
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        return "a huge number"
    text = "null" if value is None else repr(value) if not isinstance(value, bool) else str(value).lower()
    return printable(text if len(text) <= 40 else f"{text[:37]}...")
