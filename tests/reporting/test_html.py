"""The page: its structure, its sources, and what hostile text can do."""

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from beholder.errors import BeholderError
from beholder.reporting.document import Column, Missing, Picture, Table, Text
from beholder.reporting.markdown import GENERATOR
from helpers.documents import HOSTILE, RED, Page, markdown_rows, table, written


def test_the_head_says_whose_numbers_a_column_holds(tmp_path: Path) -> None:
    page, text = written(tmp_path, table(("Ours", 0.7, 0.8)))
    assert Page(page).cells[:2] == [["", "published", "measured here"], ["Method", "SRCC (AADB)", "SRCC"]]
    assert markdown_rows(text)[0] == ["Method", "SRCC (published, AADB)", "SRCC (measured here)"]
    assert markdown_rows(text)[1] == ["---", "---:", "---:"]
    assert '<td class="published number">0.700</td><td class="measured number">0.800</td>' in page


def test_the_key_explains_only_what_occurs(tmp_path: Path) -> None:
    page, _ = written(tmp_path, table(), Picture("", "R", RED, "red", source=""))
    assert "as the paper prints it" in page and "computed by this program" in page
    page, _ = written(tmp_path, Picture("", "R", RED, "red"))
    assert "as the paper prints it" not in page and "computed by this program" in page
    page, _ = written(tmp_path, table(columns=[Column("a")]))
    assert 'class="key"' not in page


def test_columns_of_one_source_share_a_head_and_a_table_without_sources_has_none(tmp_path: Path) -> None:
    columns = [Column("a"), Column("b", "measured"), Column("c", "measured"), Column("d", "published")]
    page, _ = written(tmp_path, table((1, 2, 3, 4), columns=columns))
    assert re.findall(r'colspan="(\d)" class="band ?(\w*)"', page) == [("1", ""), ("2", "measured"), ("1", "published")]
    page, _ = written(tmp_path, table((1,), columns=[Column("a")]))
    assert "colspan" not in page


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = [
        Table(HOSTILE, HOSTILE, [Column(HOSTILE, "measured"), Column(HOSTILE)], [(HOSTILE, HOSTILE)] * 2, HOSTILE),
        Picture(HOSTILE, HOSTILE, RED, f'{HOSTILE} " onload="x', HOSTILE),
        Missing(HOSTILE, HOSTILE, HOSTILE),
        Text(HOSTILE, [HOSTILE, "# no heading", "1. no list", "\udc80"]),
    ]
    page, text = written(tmp_path, *hostile, title=HOSTILE)
    text = text.removesuffix(f"{GENERATOR}\n")
    parsed = Page(page)
    tags = {tag for tag, _ in parsed.elements}
    assert not tags & {"script", "em", "iframe"} and not parsed.all("onload")
    assert parsed.text.count("<script>alert(1)</script> *c* _d_ [e](http://f) &amp; \\| `g h") > 10
    assert not re.search(r"(?<!\\)<", text) and not re.search(r"(?<!\\)\]\(http", text)
    assert [len(row) for row in markdown_rows(text)] == [2] * 4
    assert "\n\\# no heading\n\n1\\. no list\n" in text


def test_the_page_needs_no_network_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    same = [
        Missing("Table 1", "x", "y"),
        Missing("Table 1", "x", "y"),
        Text("Section 1", []),
        Picture("", "R", RED, "r"),
    ]
    page, _ = written(tmp_path, table(), *same, same[0])
    parsed = Page(page)
    addresses = parsed.all("src") + parsed.all("href")
    assert len(addresses) == 9 and all(address.startswith(("data:", "#")) for address in addresses)
    assert "//" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page) and "url(" not in page and "@import" not in page
    anchors = parsed.all("id")
    assert len(set(anchors)) == len(anchors)
    links = [address[1:] for address in addresses if address.startswith("#")]
    assert sorted(links) == sorted(anchors)
    (style,) = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in page
    assert " style=" not in page  # the policy would drop it


def test_jinja_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(BeholderError, match=r"needs jinja2, not installed: pip install 'beholder\[train\]'"):
        written(tmp_path, table())
    assert not list(tmp_path.iterdir())


def test_what_a_score_needs_does_not_import_jinja() -> None:
    code = (
        "import sys, beholder, beholder.cli.app, beholder.scoring.explain, beholder.output.report;"
        "sys.exit('jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
