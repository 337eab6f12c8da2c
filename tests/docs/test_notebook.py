"""The example notebook: it holds no outputs, and its cells run one after the other as a kernel runs them."""

import ast
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from beholder.scoring.model_file import embedded_path
from helpers.factories import REPOSITORY

NOTEBOOK = REPOSITORY / "examples" / "notebook.ipynb"


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last expression, which a notebook shows, or None."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, NOTEBOOK.name, "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names)
    return None


def test_cells_run_and_show_tables_and_a_picture(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(NOTEBOOK.parent)  # as Jupyter does
    monkeypatch.setattr("beholder.scoring.model_file.default_path", lambda: embedded_path("fast"))  # it is quicker
    names: dict[str, Any] = {}
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    shown = [run_cell("".join(cell["source"]), names) for cell in cells]
    tables = [thing._repr_html_() for thing in shown if hasattr(thing, "_repr_html_")]
    pictures = [thing._repr_png_() for thing in shown if hasattr(thing, "_repr_png_")]
    assert [table.count("<tr>") - 1 for table in tables] == [len(names["paths"]), 3]
    (picture,) = pictures
    with Image.open(io.BytesIO(picture)) as sheet:
        assert sheet.width >= 600
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(Path(names["paths"][names["best"][0]]).name) and "most alike: " in printed[-1]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)
