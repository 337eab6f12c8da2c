"""Names that stand for many files: ``{00000..00999}``, ``{a,b}``, and patterns with ``*``, here or in a store."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from beholder.errors import BeholderError
from beholder.scale import store
from beholder.text import cut, printable

MAX_NAMES = 1_000_000  # that one pair of braces may stand for
_BRACES = re.compile(r"\{([^{}]*)\}")  # the innermost
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")


def expand_braces(name: str) -> Iterator[str]:
    """The names that one with braces stands for, as a shell has it: zeros in front are kept.

    Braces that hold neither a range nor a comma stay as they are.

    Raises:
        BeholderError: a range of more than `MAX_NAMES`.

    >>> list(expand_braces("{08..10}.tar")), list(expand_braces("{a,b}/{1..2}")), list(expand_braces("{x}.tar"))
    (['08.tar', '09.tar', '10.tar'], ['a/1', 'a/2', 'b/1', 'b/2'], ['{x}.tar'])
    """
    for braces in _BRACES.finditer(name):
        if (parts := _parts(braces[1], name)) is not None:
            for part in parts:
                yield from expand_braces(name[: braces.start()] + part + name[braces.end() :])
            return
    yield name


def _parts(inside: str, name: str) -> Iterable[str] | None:
    if found := _RANGE.fullmatch(inside):
        first, last = int(found[1]), int(found[2])
        if abs(last - first) >= MAX_NAMES:
            raise BeholderError(f"{_shown(name)}: stands for more than {MAX_NAMES:,} names; give a smaller range")
        padded = any(re.match(r"-?0\d", text) for text in found.groups())
        width = max(map(len, found.groups())) if padded else 0
        step = 1 if first <= last else -1
        return (f"{number:0{width}}" for number in range(first, last + step, step))
    return inside.split(",") if "," in inside else None


def expand(name: str) -> list[str]:
    """The files that a name stands for. What is named by braces or as it is need not be there; a pattern must match.

    Raises:
        BeholderError: nothing matches the pattern, or the store cannot be listed.

    >>> expand("examples/photos/ro*.jpg"), expand("missing-{0..1}.tar")
    (['examples/photos/rocket.jpg'], ['missing-0.tar', 'missing-1.tar'])
    """
    if not store.is_remote(name) and os.path.lexists(name):
        return [name]
    expanded = list(islice(expand_braces(name), MAX_NAMES + 1))
    if len(expanded) > MAX_NAMES:
        raise BeholderError(f"{_shown(name)}: stands for more than {MAX_NAMES:,} names; give a smaller range")
    found = []
    for each in expanded:
        if not is_pattern(each):
            found.append(each)
            continue
        matches = store.list_glob(each)
        if not matches:
            raise BeholderError(f"{_shown(each)}: no file matches this pattern; look for a mistake in it")
        found += matches
    return found


def has_pattern(name: str) -> bool:
    """Whether a name with or without braces stands for what matches it, rather than for certain files.

    >>> has_pattern("{a,b}/*"), has_pattern("{a,b}.tar")
    (True, False)
    """
    return any(map(is_pattern, islice(expand_braces(name), 100)))


def is_pattern(name: str) -> bool:
    """Whether a name stands for all files that match it. In the address of a web server ``?`` begins the question."""
    if name.startswith(("http://", "https://")):
        name = name.partition("?")[0]
    return glob.has_magic(name)


def _shown(name: str) -> str:
    return printable(cut(name, 200))
