"""The whole of `beholder review`: the program, its page in a browser, a kill in between, and what is written."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.browsers import chromium, visited
from helpers.factories import COMMAND, save_photos
from helpers.review_pages import until

LINK = re.compile(r"http://127\.0\.0\.1:\d+/\?token=\S+")
COUNT = 60


@contextmanager
def reviewed(browser: Any, folder: Path, model: Path, log: Path, **options: Any) -> Iterator[tuple[Any, Any]]:
    """The program on a folder, and a window on it: the page, and the process."""
    arguments = [
        "review",
        str(folder),
        "--model",
        str(model),
        "--state",
        str(folder.parent / "s.sqlite"),
        "--no-browser",
    ]
    with log.open("w") as file:
        process = subprocess.Popen([*COMMAND, *arguments], stdout=file, stderr=file)
    try:
        link = until(lambda: LINK.search(log.read_text()))[0]
        with visited(browser, link, ".cell.framed", **options) as page:
            yield page, process
    finally:
        process.kill()
        process.wait()


def left(page: Any, number: int) -> None:
    page.locator("#left", has_text=f"{number} of {COUNT} left" if number else f"All {COUNT} decided").wait_for()


def saved(page: Any) -> int:
    """How many decisions the server has."""
    found = page.evaluate("fetch('/api/photos?since=0').then((answer) => answer.json())")
    return sum(photo["flag"] is not None or (photo["stars"] or 0) > 0 for photo in found["photos"])


@pytest.mark.slow
def test_60_photographs_by_keyboard_with_a_kill_in_between(tmp_path: Path, colour_model: Path) -> None:
    folder = tmp_path / "shoot"
    save_photos(folder, COUNT, side=48)
    with chromium() as browser:
        with reviewed(browser, folder, colour_model, tmp_path / "first.log", may_fail=True) as (page, process):
            left(page, COUNT)
            page.locator("#advance").click()
            for key in ["p", "x", "4"] * 10:
                page.keyboard.press(key)
            left(page, 30)
            until(lambda: saved(page) == 30)
            page.reload()
            page.locator(".cell.framed").wait_for()
            left(page, 30)
            os.kill(process.pid, signal.SIGKILL)
            page.locator("#away", has_text="The server does not answer").wait_for()
        with reviewed(browser, folder, colour_model, tmp_path / "second.log") as (page, _):
            left(page, 30)
            page.locator("#advance[aria-pressed=false]").click()
            for key in ["x", "p"] * 15:
                page.keyboard.press(key)
            left(page, 0)
            page.keyboard.press("Control+z")
            left(page, 1)
            page.keyboard.press("Control+Shift+Z")
            left(page, 0)
            page.locator("#export").click()
            page.locator("#export-summary", has_text="Nothing is written yet").wait_for()
            assert list(folder.glob("*.xmp")) == []
            page.locator("#write:enabled").click()
            page.locator("#export-summary", has_text="Done").wait_for()
    packets = [path.read_text() for path in sorted(folder.glob("*.xmp"))]
    assert len(packets) == COUNT
    picks = sum(re.search(r"xmpDM:pick(=\"|>)1\b", packet) is not None for packet in packets)
    rejects = sum(re.search(r"xmpDM:pick(=\"|>)-1\b", packet) is not None for packet in packets)
    stars = sum(re.search(r"xmp:Rating(=\"|>)4\b", packet) is not None for packet in packets)
    assert (picks, rejects, stars) == (25, 25, 10)


@pytest.mark.slow
def test_400_photographs_by_keyboard(tmp_path: Path, colour_model: Path) -> None:
    folder = tmp_path / "shoot"
    save_photos(folder, 400, side=48)
    with chromium() as browser, reviewed(browser, folder, colour_model, tmp_path / "log") as (page, _):
        page.locator("#advance").click()
        page.keyboard.press("e")
        for k in range(400):
            page.keyboard.press("px12345"[k % 7])
        page.locator("#left", has_text="All 400 decided").wait_for()
        until(lambda: saved(page) == 400)
