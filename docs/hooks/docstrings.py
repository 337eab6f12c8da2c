"""Docstrings on the reference pages: examples (`>>>` and what they print) as blocks, :class:`Name` as a name."""

import re
from typing import Any

import griffe

EXAMPLE = re.compile(r"^( *)>>> .*\n?(?:^\1\S.*\n?)*", re.MULTILINE)


ROLE = re.compile(r"(?<![:\w]):[a-z]+:(?=`)")


class Docstrings(griffe.Extension):
    """Loaded by name in mkdocs.yml."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(_fenced, ROLE.sub("", obj.docstring.value))


def _fenced(example: re.Match[str]) -> str:
    indent = example[1]
    return f"{indent}```pycon\n{example[0].rstrip()}\n{indent}```\n"
