"""Rows of made-up photographs, and tables read by other people's readers."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet

from beholder.output.csv_lines import as_written
from beholder.output.rows import Row, columns_of, row_of
from beholder.output.sinks import open_sink
from beholder.scoring.batch import Result
from beholder.tasks import Task

COLUMNS = columns_of((Task("beauty", 1, 7), Task("quality", 0, 1)))


LINES = (".csv", ".jsonl")


NUMBERS = frozenset(COLUMNS) - {"path", "model", "sha256", "error"}


ODD = ["two\nlines", "a\rb", 'comma, "quote"', "emoji 🎈", "\u2028", "tab\t", "[bold]", " space ", "'=1+1", "\0"]


def good(path: str, content: str = "1", model: str = "m@1") -> Row:
    """A row as of a photograph with this content."""
    score = round(1 + 5 * (hash((path, content, model)) % 10_000) / 10_000, 4)
    values = {"overall": score, "quality": 0.1234, "low": 1.0, "high": 7.0, "percentile": 12.3457}
    return {
        "path": path,
        **values,
        "width": 640,
        "height": 480,
        "model": model,
        "sha256": digest(path, content),
        "error": "",
    }


def digest(path: str, content: str = "1") -> str:
    """A sha256 that no other photograph has."""
    return hashlib.sha256(f"{path} {content}".encode("utf-8", "surrogatepass")).hexdigest()


def bad(path: str, content: str = "", why: str = "is empty (0 bytes)") -> Row:
    return row_of(Result(path, content * 64, error=f"{path}: {why}"), COLUMNS)


def write(path: Path, rows: list[Row], resume: bool = False, model: str = "m@1") -> int:
    """What a run does; how many rows it had to compute."""
    computed = 0
    with open_sink(path, COLUMNS, model, resume=resume) as sink:
        for each in rows:
            if sink.knows(each["path"], each["sha256"]):
                assert sink.keep(each["path"], each["sha256"]) == each
            else:
                sink.write(each)
                computed += 1
    return computed


def read(path: Path) -> list[dict[str, Any]]:
    """The table by other people's readers, numbers as numbers."""
    if path.suffix.lower() == ".parquet":
        found = pyarrow.parquet.read_table(path).to_pylist()
        return [{k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in found]
    if path.suffix.lower() != ".csv":
        return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    return [{k: (float(v) if v else None) if k in NUMBERS else as_written(v) for k, v in each.items()} for each in rows]


def without_model(rows: list[Row]) -> list[Row]:
    """CSV has one way to say nothing."""
    return [{**each, "model": each["model"] or ""} for each in rows]


ROWS = [good("a.jpg"), bad("b.jpg"), *(good(f"{name}.jpg") for name in ODD), good("z.jpg")]
