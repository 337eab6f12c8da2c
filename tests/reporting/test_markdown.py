"""The Markdown, as another program reads it."""

import re
from pathlib import Path

import pytest

from beholder.reporting.document import Text
from helpers.documents import HOSTILE, RHO, table, written


def test_markdown_is_read_as_it_is_meant(tmp_path: Path) -> None:
    reader = pytest.importorskip("markdown_it").MarkdownIt("js-default")
    _, text = written(tmp_path, table((HOSTILE, 0.5, None), ("b", None, RHO)), Text("t", [HOSTILE, "+ plus"]))
    html = reader.render(text)
    assert html.count("<td") == 6 and html.count("<th ") + html.count("<th>") == 3
    assert not re.search(r"<(em|a|script|ul|code)\b", html)
    assert html.count("a|b &lt;script&gt;alert(1)&lt;/script&gt; *c* _d_ [e](http://f) &amp;amp; \\| `g h") == 2
