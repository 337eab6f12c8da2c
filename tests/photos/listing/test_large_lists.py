"""Names in natural order and each once, by the million as by the dozen."""

import random
import subprocess
import sys

import pytest

from beholder.photos.listing import large_lists
from beholder.photos.listing.large_lists import Seen, natural_key, sort_names

NAMES = ["", "a", "a.jpg", "a01.jpg", "a1.jpg", "a2.jpg", "a10.jpg", "a10b9.jpg", "a10b10.jpg", f"a{10**30}", "b"]


def test_natural_order() -> None:
    assert sorted(random.Random(0).sample(NAMES, len(NAMES)), key=natural_key) == NAMES


@pytest.mark.parametrize("part", [1, 2, 3, 100])
def test_parts_are_merged(monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    """Names that are sorted in parts have the order of those that are sorted at once, odd ones and folders too."""
    monkeypatch.setattr(large_lists, "PART", part)
    monkeypatch.setattr(large_lists, "_BLOCK", 2)
    names = [*NAMES[1:], "c 2/", "c 2.jpg", "c 10/", "two\nlines", "\udcff.jpg", "\N{BALLOON}.jpg"]
    assert list(sort_names(random.Random(1).sample(names, len(names)))) == names
    assert list(sort_names([])) == []


def test_seen_grows() -> None:
    seen, texts = Seen(), [str(number) for number in range(20_000)]
    assert all(seen.add(text) for text in texts) and not any(seen.add(text) for text in texts)
    assert all(text in seen for text in texts) and not any(f"{text}." in seen for text in texts)


LISTED = """
import io, os
from pathlib import Path
from beholder.photos.listing.find import find
from beholder.photos.listing.name_lists import NameList
from beholder.photos.listing.pairs import Shots

class Entry:
    is_dir = is_symlink = lambda self, **how: False
    def __init__(self, number):
        self.name = f"IMG_{number * 7919 % COUNT:07}.JPG"

class Scan:
    __enter__ = lambda self: map(Entry, range(COUNT))
    __exit__ = lambda *given: None

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

def folder():
    os.scandir = lambda path: Scan()
    return find(["/tmp"])

def names():
    text = io.BytesIO()
    text.writelines(b"/home/of/someone/photos/2019/trip/IMG_%07d.JPG\\0" % number for number in range(COUNT))
    text.seek(0)
    return find(["-"], lines=NameList(text))

COUNT = 1_000
list(WAY())
before, COUNT = peak(), 300_000
assert sum(1 for _ in WAY()) == COUNT
print((peak() - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["folder", "names"])
def test_memory_of_a_large_folder_and_a_long_list(way: str) -> None:
    """300,000 names, which took 90 MB; the bytes of the list itself are 15 MB."""
    command = [sys.executable, "-c", LISTED.replace("WAY", way)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    assert int(done.stdout) < 50
