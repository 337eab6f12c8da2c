"""Links to photographs: relative, and safe whatever a name holds."""

import os
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes, urljoin

import pytest

from beholder.output.originals import link_to

NAMES = [
    "a b.jpg",
    "50%.jpg",
    "a#b?c.jpg",
    "javascript:alert(1).jpg",
    "été 中.jpg",
    "'\"<x>.jpg",
    "a\\b.jpg",
    "&amp;.jpg",
]


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
@pytest.mark.parametrize("name", [*NAMES, os.fsdecode(b"caf\xe9.jpg"), "a\nb.jpg"])
@pytest.mark.parametrize("page", ["report.html", "pages/deep/report.html", "shoot/report.html"])
def test_a_link_leads_from_the_page_to_the_file(tmp_path: Path, name: str, page: str) -> None:
    path, base = tmp_path / "shoot" / name, tmp_path / page
    link = link_to(path, base)
    assert link.isascii() and not set(link) & set(" <>\"'&#?:\\\n")
    found = unquote_to_bytes(urljoin(base.as_uri(), link).removeprefix("file://"))
    assert found == os.fsencode(path)


def test_a_link_is_relative_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert link_to("a.jpg", "report.html") == "a.jpg"
    assert link_to("shoot/a.jpg", tmp_path / "shoot" / "report.html") == "a.jpg"
    assert link_to(tmp_path / "a.jpg", "pages/report.html") == "../a.jpg"


def test_a_photograph_on_another_drive_has_an_absolute_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_drive(path: str, start: str) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    assert link_to(tmp_path / "a b.jpg", "report.html") == (tmp_path / "a b.jpg").as_uri()
