"""`beholder merge`."""

from typing import Annotated

import typer

from beholder.cli.unit_options import Overwrite
from beholder.errors import BeholderError
from beholder.terminal import say, show
from beholder.text import printable

MAX_PROBLEMS = 20  # that are printed one by one


def merge(
    tables: Annotated[
        str,
        typer.Argument(
            help="Folder or URL of the tables, or the pattern of --out that they were written with.", metavar="OUT"
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", help="Also write one table of all rows, in order and in the same format.", metavar="FILE"
        ),
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read each table and compare its sha256, not only its size.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Check that all tables of a run are there and complete, and print their totals.

    A run is what `beholder score --out 'OUT/{unit}.parquet'` wrote, on one machine or, by --shard, on many. What is
    missing is named, with the command that scores it.

    \b
    Exit status:
      0  all units are there and whole
      1  some are not, or they are of different models

    \b
    Examples:
      beholder merge scores/
      beholder merge scores/ --out scores.parquet
      beholder merge 's3://bucket/scores/{unit}.parquet' --deep
    """
    from beholder.scale.merge import join, look_together, shards_in_words

    together = look_together(tables, deep=deep)
    whole = len(together.units) - len(together.missing)
    show(f"{whole:,} of {len(together.units):,} units are whole, by {', '.join(together.models) or 'no model'}")
    share = f" ({100 * together.errors / together.rows:.2g}%)" if together.errors else ""
    show(f"{together.rows:,} rows, {together.errors:,} could not be scored{share}")
    for line in together.reasons.lines():
        show(f"not scored: {line}")
    if together.retries:
        show(f"{together.retries:,} reads of the store were tried again")
    problems = together.problems
    for problem in problems[:MAX_PROBLEMS]:
        say(problem)
    if len(problems) > MAX_PROBLEMS:
        say(f"{len(problems) - MAX_PROBLEMS:,} more problems")
    if problems:
        advice = shards_in_words(together) if together.missing else "give --overwrite"
        raise BeholderError(f"{printable(tables)}: is not whole: {advice}")
    if out is not None:
        join(together, out, overwrite=overwrite)
        show(f"{out}: {together.rows:,} rows")
