"""What is installed: floors, tested versions, and what NOTICE says of the licences in other people's wheels."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from helpers.factories import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
SCORING = [
    *PROJECT["dependencies"],
    *(each for name in ("parquet", "remote", "heif", "raw", "pandas", "xmp", "serve", "hub") for each in EXTRAS[name]),
]
EVERYTHING = [
    *SCORING,
    *EXTRAS["train"],
    *EXTRAS["docs"],
    *(each for each in EXTRAS["dev"] if not each.startswith("beholder")),
]
READ_FILES_OF_STRANGERS = ("pillow", "onnxruntime", "pillow-heif", "rawpy", "lxml")


def pins(text: str) -> dict[str, Version]:
    """``name==version`` a line."""
    pairs = re.findall(r"^([\w-]+)==(\S+)$", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): Version(version) for name, version in pairs}


LISTED = re.compile(r"^Name: (.+)\n(?:.*\n){0,4}?License: (.+)", re.MULTILINE)
CALLED = {"GCC runtime library": "libgfortran", "MinGW-w64 runtime (Windows wheels only)": "GCC runtime exception"}
TESTED = pins((REPOSITORY / "constraints.txt").read_text())


@pytest.mark.parametrize("text", EVERYTHING)
def test_has_a_floor_and_a_tested_version_above_it(text: str) -> None:
    wanted = Requirement(text)
    assert [each.operator for each in wanted.specifier] == [">="], text
    assert TESTED[wanted.name] in wanted.specifier, text


@pytest.mark.parametrize("name", READ_FILES_OF_STRANGERS)
def test_decoders_are_those_that_the_robustness_tests_ran_on(name: str) -> None:
    """The same minor version: with Pillow 11.3 a TIFF of 1 MB took 8.9 GB of memory."""
    (wanted,) = (each for each in map(Requirement, SCORING) if each.name == name)
    (floor,) = (Version(each.version) for each in wanted.specifier)
    assert floor.release[:2] == TESTED[name].release[:2]


def test_floors_are_what_ci_installs() -> None:
    printed = subprocess.run(
        [sys.executable, REPOSITORY / ".ci" / "floors"], capture_output=True, text=True, check=True
    )
    found = pins(printed.stdout)
    for text in SCORING:
        (floor,) = Requirement(text).specifier
        assert found.pop(Requirement(text).name) == Version(floor.version)
    assert found.items() <= TESTED.items()


@pytest.mark.parametrize("name", [Requirement(text).name for text in SCORING])
def test_notice_names_copyleft_in_wheels(name: str) -> None:
    """Each library that the licence files of an installed wheel list under a licence of the GPL family."""
    try:
        files = [each.locate() for each in distribution(name).files or () if "licen" in each.name.lower()]
    except PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    texts = [Path(str(file)).read_text("utf-8", "replace") for file in files]
    listed = {library: licence for text in texts for library, licence in LISTED.findall(text)}
    found = {CALLED.get(library, library) for library, licence in listed.items() if "GPL" in licence}
    notice = (REPOSITORY / "NOTICE").read_text()
    assert all(library in notice for library in found), found
    assert not found or name in notice
