"""Patterns of what is meant, and of what is left out."""

import pytest

from beholder.photos.listing.patterns import Exclusion, fits


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        ("thumbs", ["thumbs", "a/thumbs", "a/Thumbs/1.jpg"], ["a/thumbs.jpg", "my thumbs/1.jpg"]),
        ("thumbs/", ["thumbs/1.jpg"], ["thumbs2/1.jpg"]),
        ("*_small.*", ["a/1_small.JPG", "1_SMALL.jpg"], ["small.jpg", "a_small/1.jpg"]),
        ("trip/raw", ["trip/raw/1.jpg", "/photos/trip/raw/1.jpg", "./trip/raw/a/1.jpg"], ["raw/1.jpg", "trip/1.jpg"]),
        ("./trip/raw", ["trip/raw/1.jpg", "./trip/raw/1.jpg"], ["trip/1.jpg"]),
        ("2019/*/raw", ["2019/trip/raw/1.jpg"], ["2019/1.jpg"]),
        ("/photos/old", ["/photos/old/1.jpg"], ["/photos/new/1.jpg"]),
        ("[ab].jpg", ["x/a.jpg"], ["x/c.jpg"]),
        ("a+b(1).jpg", ["a+b(1).jpg"], ["aab1.jpg"]),
        ("", [], ["a.jpg", ""]),
    ],
)
def test_patterns(pattern: str, matches: list[str], others: list[str]) -> None:
    exclusion = Exclusion(["nowhere", pattern])
    assert [path for path in (*matches, *others) if exclusion.path(path)] == matches


@pytest.mark.parametrize(
    ("pattern", "recursive", "others"),
    [
        ("**", False, []),
        ("**/*", False, []),
        ("**/*.jpg", False, ["b/3.png"]),
        ("**/b", False, ["1.jpg", "a/2.jpg", "a/b/c/4.jpg"]),
        ("**/b", True, ["1.jpg", "a/2.jpg"]),
        ("a/**/*.jpg", True, ["1.jpg", "b/3.png"]),
        ("**/c/**", False, ["1.jpg", "a/2.jpg", "b/3.png"]),
        ("*/*.jpg", True, ["1.jpg", "b/3.png", "a/b/c/4.jpg"]),
    ],
)
def test_deep_patterns(pattern: str, recursive: bool, others: list[str]) -> None:
    paths = ["1.jpg", "a/2.jpg", "b/3.png", "a/b/c/4.jpg"]
    assert [path for path in paths if not fits(path.split("/"), pattern.split("/"), recursive=recursive)] == others
