"""Chromium for tests of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

OPTIONS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-component-update --disable-sync"
OPTIONS += " --disable-background-networking"


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=OPTIONS.split())
        yield browser
        browser.close()


@contextmanager
def visited(browser: Any, url: str, wait_for: str = "body", *, may_fail: bool = False, **context: Any) -> Iterator[Any]:
    """A page of a server on this computer. In the end: every request went to that server, and nothing complained.

    Args:
        browser: from :func:`chromium`.
        url: of the page.
        wait_for: a selector that is there when the page is drawn.
        may_fail: whether the server may be away for a while, which a browser says in its console.
        context: viewport, colour scheme and so on.
    """
    session = browser.new_context(locale="en-GB", **context)
    session.set_default_timeout(60_000)
    page = session.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(f"in a script: {error}"))
    page.goto(url)
    page.wait_for_selector(wait_for)
    yield page
    session.close()
    origin = "/".join(url.split("/")[:3]) + "/"
    assert [url for url in requests if not url.startswith((origin, "blob:"))] == []
    assert [text for text in complaints if not (may_fail and "Failed to load resource" in text)] == []


@contextmanager
def opened(
    browser: Any, file: Path, wait_for: str = "body", *, originals: bool = False, **context: Any
) -> Iterator[Any]:
    """A page, opened from disk with no network. In the end: no request left the page, and nothing complained.

    Args:
        browser: from :func:`chromium`.
        file: the page.
        wait_for: a selector that is there when the page is drawn.
        originals: whether the page may open other files.
        context: viewport, colour scheme and so on.
    """
    session = browser.new_context(locale="en-GB", **context)
    session.set_offline(True)
    page = session.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))  # and the test then hangs until its timeout
    page.goto(file.as_uri())
    page.wait_for_selector(wait_for)
    yield page
    session.close()
    assert {url.split(":")[0] for url in requests} <= {"file", "data", "blob"}
    assert originals or [url for url in requests if url.startswith("file:")] == [file.as_uri()]
    assert complaints == []
