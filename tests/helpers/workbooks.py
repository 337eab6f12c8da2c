"""Excel workbooks as Excel writes them: texts in a list of their own, cells that know their place."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def write_workbook(path: Path, rows: Sequence[Sequence[str | float]], sheet: str = "sheet1") -> Path:
    texts = list(dict.fromkeys(cell for row in rows for cell in row if isinstance(cell, str)))
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{chr(ord('A') + place)}{number}", cell, texts) for place, cell in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f'{HEAD}<sst xmlns="{NAMESPACE}">{shared}</sst>')
        data = f"<sheetData>{''.join(lines)}</sheetData>"
        archive.writestr(f"xl/worksheets/{sheet}.xml", f'{HEAD}<worksheet xmlns="{NAMESPACE}">{data}</worksheet>')
    return path


def _cell(place: str, cell: str | float, texts: Sequence[str]) -> str:
    if isinstance(cell, str):
        return f'<c r="{place}" t="s"><v>{texts.index(cell)}</v></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'
