"""What the keys of the page mean: a pure function of the page's script, asked in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from helpers.browsers import chromium
from helpers.review_pages import opened_desk
from helpers.review_service import Service, photograph


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with chromium() as browser, opened_desk(browser, Service([photograph(0)])) as desk:
        yield desk.page


def meaning(page: Any, key: str, code: str = "", **held: bool) -> Any:
    event = {"key": key, "code": code, "shiftKey": False, "ctrlKey": False, "metaKey": False, "altKey": False, **held}
    return page.evaluate("(event) => import('/assets/review/keys.js').then(({meaning}) => meaning(event))", event)


@pytest.mark.parametrize(
    ("key", "act"),
    {
        "p": "pick",
        "P": "pick",  # Caps Lock
        "x": "reject",
        "u": "unflag",
        "z": "zoom",
        " ": "zoom",
        "c": "compare",
        "g": "grid",
        "e": "loupe",
        "s": "series",
        "m": "map",
        "i": "info",
        "r": "refresh",
        "?": "help",
        "ArrowLeft": "previous",
        "ArrowRight": "next",
        "ArrowUp": "series before",
        "ArrowDown": "series after",
        "Enter": "open",
        "Escape": "back",
        "Home": "first",
        "End": "last",
        "PageUp": "page up",
        "PageDown": "page down",
    }.items(),
)
def test_plain_keys(page: Any, key: str, act: str) -> None:
    assert meaning(page, key) == {"act": act}


@pytest.mark.parametrize("stars", range(6))
def test_stars(page: Any, stars: int) -> None:
    assert meaning(page, str(stars), f"Digit{stars}") == {"act": "stars", "value": stars}
    assert meaning(page, str(stars), f"Numpad{stars}") == {"act": "stars", "value": stars}


@pytest.mark.parametrize(("digit", "label"), [("6", "red"), ("7", "yellow"), ("8", "green"), ("9", "blue")])
def test_labels(page: Any, digit: str, label: str) -> None:
    assert meaning(page, digit) == {"act": "label", "value": label}


@pytest.mark.parametrize(
    ("key", "held", "act"),
    [
        ("P", ["shiftKey"], "keep"),
        ("p", ["shiftKey"], "keep"),  # with Caps Lock
        ("z", ["ctrlKey"], "undo"),
        ("z", ["metaKey"], "undo"),
        ("Z", ["ctrlKey", "shiftKey"], "redo"),
        ("y", ["ctrlKey"], "redo"),
        ("ArrowRight", ["shiftKey"], "more right"),
        ("?", ["shiftKey"], "help"),
    ],
)
def test_with_other_keys_held(page: Any, key: str, held: list[str], act: str) -> None:
    assert meaning(page, key, **dict.fromkeys(held, True)) == {"act": act}


@pytest.mark.parametrize(
    ("key", "code", "expected"),
    [
        ("&", "Digit1", {"act": "stars", "value": 1}),  # French: digits need Shift there
        ("\u0437", "KeyP", {"act": "pick"}),  # Russian
        ("End", "Numpad1", {"act": "last"}),  # without Num Lock
        ("?", "Digit7", {"act": "help"}),  # as on some keyboards
    ],
)
def test_other_keyboards(page: Any, key: str, code: str, expected: Any) -> None:
    assert meaning(page, key, code) == expected


@pytest.mark.parametrize(
    ("key", "held"),
    [
        ("p", ["ctrlKey"]),
        ("c", ["metaKey"]),
        ("x", ["altKey"]),
        ("a", []),
        ("F5", []),
        ("Tab", []),
        ("constructor", []),
    ],
)
def test_keys_of_the_browser_stay_its_own(page: Any, key: str, held: list[str]) -> None:
    assert meaning(page, key, **dict.fromkeys(held, True)) is None
