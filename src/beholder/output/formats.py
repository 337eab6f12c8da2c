"""The formats of output files, by the extension of the file. A new format is one module and one line here."""

from collections.abc import Sequence
from pathlib import Path

from beholder.errors import BeholderError
from beholder.output.csv_lines import CSV
from beholder.output.json_lines import JSON_LINES
from beholder.output.line_format import Format
from beholder.output.parquet import PARQUET

FORMATS: dict[str, Format] = {
    ".csv": CSV,
    ".jsonl": JSON_LINES,
    ".parquet": PARQUET,
}
STREAMED = tuple(suffix for suffix, form in FORMATS.items() if form.from_lines is None)  # can go to a pipe


def format_of(path: Path) -> Format:
    """The format of a file. Raises BeholderError with the extensions to choose from."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise BeholderError(f"{path}: unknown extension {suffix!r}; use {in_words(tuple(FORMATS))}")
    return FORMATS[suffix]


def in_words(suffixes: Sequence[str], last: str = "or") -> str:
    """Extensions for a sentence.

    >>> in_words((".csv", ".jsonl", ".parquet"))
    '.csv, .jsonl or .parquet'
    """
    *others, final = suffixes
    return f"{', '.join(others)} {last} {final}" if others else final
