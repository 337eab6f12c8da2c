"""Values that go through from the input to the output: ``--carry caption,url,width=source_width``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beholder.errors import BeholderError
from beholder.reading import parse_json
from beholder.text import cut, printable, valid_utf8


@dataclass(frozen=True)
class Carry:
    """One value that goes through.

    Attributes:
        name: in the input: column of a table, key of a sample's ``.json``, or suffix of a member of a tar.
        as_name: column of the output.
    """

    name: str
    as_name: str


def parse_carry(text: str) -> tuple[Carry, ...]:
    """What ``--carry`` says: names between commas; after ``=`` the name in the output.

    Raises:
        BeholderError: a name is empty, or two are the same in the output.

    >>> parse_carry("caption,width=source_width")
    (Carry(name='caption', as_name='caption'), Carry(name='width', as_name='source_width'))
    """
    found: list[Carry] = []
    for part in text.split(","):
        name, renamed, as_name = (each.strip() for each in part.partition("="))
        carry = Carry(name, as_name if renamed else name)
        if not carry.name or not carry.as_name:
            raise BeholderError(f"--carry {printable(cut(text))}: a name is empty; give names such as caption,url")
        if any(carry.as_name == other.as_name for other in found):
            twice = printable(cut(carry.as_name))
            raise BeholderError(f"--carry: {twice} is there twice; give one another name, such as {twice}={twice}_2")
        found.append(carry)
    return tuple(found)


def text_suffixes(carry: Sequence[Carry]) -> frozenset[str]:
    """Suffixes, without the dot, of what a sample's values are read from; none if nothing is carried."""
    if not carry:
        return frozenset()
    captions = {"txt"} if any(each.name == "caption" for each in carry) else set()
    return frozenset({"json"} | captions | {each.name.lower() for each in carry})


def sample_values(texts: Mapping[str, bytes], carry: Sequence[Carry]) -> dict[str, str | None]:
    """The values of one sample, as text; None for what is missing.

    Args:
        texts: content of its members that are no pictures, by suffix in lower case without the dot.
        carry: what is wanted.

    >>> texts = {"json": b'{"width": 640, "url": null}', "txt": b"a dog"}
    >>> sample_values(texts, parse_carry("width,url,caption,cls"))
    {'width': '640', 'url': None, 'caption': 'a dog', 'cls': None}
    """
    if not carry:
        return {}
    try:
        parsed = parse_json(texts["json"]) if "json" in texts else None
    except ValueError:
        parsed = None
    known: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}

    def value(name: str) -> str | None:
        if name in known:
            return as_text(known[name])
        content = texts.get(name.lower())
        if content is None and name == "caption":
            content = texts.get("txt")
        return None if content is None else content.decode("utf-8", "backslashreplace")

    return {each.as_name: value(each.name) for each in carry}


def as_text(value: Any) -> str | None:
    """A value as text: what is none becomes JSON; None stays.

    >>> as_text("a dog"), as_text([1, 2.5]), as_text(None)
    ('a dog', '[1, 2.5]', None)
    """
    if value is None:
        return None
    return valid_utf8(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_otherwise))


def _otherwise(value: Any) -> str:
    """What JSON cannot say: bytes as text where they are text, dates and the like as Python writes them."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
