"""`beholder data`."""

from typing import Annotated

import typer

from beholder.cli.options import DATA_HELP, DATA_METAVAR, Root
from beholder.text import json_text


def data_stats(
    name: Annotated[str, typer.Argument(help=DATA_HELP, metavar=DATA_METAVAR)],
    root: Root = None,
    drop_leaks: Annotated[
        bool, typer.Option("--drop-leaks", help="Leave out photographs that are in a second split too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same numbers as JSON.")] = False,
) -> None:
    """Count what the labels of a data set hold.

    Photographs, scores by interval, correlations of score and attributes, and how well raters agree, as far as the data
    set has them. Where a paper prints the same numbers, the title names its table or figure. Most published data sets
    need no photographs for this.

    \b
    Examples:
      beholder data stats aadb --root DATA
      beholder data stats ratings.csv --json
    """
    from beholder.cli.tables import make_console, statistics_tables
    from beholder.data.registry import data_set, data_statistics, is_csv

    statistics = data_statistics(name, root, drop_leaks=drop_leaks)
    if as_json:
        titled = {part.key: {"title": part.title, "rows": part.records()} for part in statistics}
        typer.echo(json_text({"data": name, **titled}, indent=2))
        return
    if not is_csv(name):
        typer.echo(f"{name}: {data_set(name).description}\n")
    console = make_console()
    for table in statistics_tables(statistics):
        console.print(table)
        console.print()
