"""Entries of a report page, and the data blocks of a written one."""

import json
import re
from pathlib import Path
from typing import Any

from beholder.output.report import Entry, write_report
from beholder.tasks import Task

TASKS = [
    Task("beauty", 1, 7, "How beautiful the picture is, mean of about 100 raters"),
    Task("valence", 1, 7, "How pleasant </dd><script>alert(1)</script> it feels"),
    Task("rule_of_thirds", -1, 1, "Whether the subject lies on a third"),
]


HOSTILE = [
    "<img src=x onerror=alert(1)>.jpg",
    "</script><script>alert(2)</script>.jpg",
    "<!--<script>.jpg",
    "=2+3.jpg",
    "a\u2028b\u202egpj.exe",
]


def entry(path: str = "a.jpg", beauty: float = 4.0, **changes: Any) -> Entry:
    given: dict[str, Any] = {
        "path": path,
        "values": {"beauty": beauty, "valence": 3.0, "rule_of_thirds": 0.25},
        "low": beauty - 0.5,
        "high": beauty + 0.75,
        "percentile": 50.0,
        "width": 800,
        "height": 600,
        "thumbnail": b"\xff\xd8 stands for a JPEG",
        "evidence": {},
    }
    return Entry(**{**given, **changes})


def blocks(path: Path, kind: str) -> list[Any]:
    text = path.read_bytes().decode("utf-8")
    return [
        json.loads(block)
        for block in re.findall(rf'<script type="application/json" class="{kind}">(.*?)</script>', text)
    ]


def write(path: Path, entries: Any, failures: Any = (), **changes: Any) -> None:
    write_report(path, entries, failures, TASKS, **{"model": "oasis 1.0", **changes})
