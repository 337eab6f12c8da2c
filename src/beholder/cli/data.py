"""`beholder data`."""

import json
from pathlib import Path
from typing import Annotated

import typer


def data_stats(
    name: Annotated[
        str,
        typer.Argument(
            help="oasis, biq2021, aadb, eva, ava, psychoflickr, tid2013, or your own FILE.csv with ratings.",
            metavar="NAME",
        ),
    ],
    root: Annotated[
        Path | None,
        typer.Option(
            "--root",
            "--data",
            help="Folder with one folder a data set, or that of the data set itself; for FILE.csv the folder that its "
            "paths are relative to.  [default: BEHOLDER_DATA or ../shared/data; for FILE.csv its own]",
            file_okay=False,
        ),
    ] = None,
    drop_leaks: Annotated[
        bool, typer.Option("--drop-leaks", help="Leave photographs out that are in a second split too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same numbers as JSON.")] = False,
) -> None:
    """Count what the labels of a data set hold.

    How many photographs, scores by interval, correlations of score and attributes, and how well people agree where
    single votes are known. For AADB Figure 3, Table 3 and Figure 9a of Soydaner & Wagemans 2023, for EVA Tables 7 and 9
    and Figure 14a. These two, AVA and TID2013 need no photographs, PsychoFlickr none where it has a likes.csv.

    \b
    Examples:
      beholder data stats aadb --root ../shared/data
      beholder data stats ratings.csv --json
    """
    from beholder.cli.tables import make_console, statistics_tables
    from beholder.data import statistics
    from beholder.data.registry import data_folder, load_data
    from beholder.data.sets import aadb, ava, eva, psychoflickr, tid2013

    if name == "aadb":
        found = aadb.of_aadb(aadb.read_labels(data_folder(name, root)))
    elif name == "eva":
        place = data_folder(name, root)
        found = eva.of_eva(eva.read_votes(place), eva.read_categories(place))
    elif name == "ava":
        place = data_folder(name, root)
        found = ava.of_ava(ava.read_votes(place), ava.read_test(place))
    elif name == "psychoflickr":
        found = psychoflickr.of_psychoflickr(psychoflickr.read_labels(data_folder(name, root)))
    elif name == "tid2013":
        found = tid2013.of_tid2013(tid2013.read_labels(data_folder(name, root)))
    else:
        found = statistics.of_photos(load_data(name, root, drop_leaks=drop_leaks))
    if as_json:
        titled = {part.key: {"title": part.title, "rows": part.records()} for part in found}
        typer.echo(json.dumps({"data": name, **titled}, indent=2))
        return
    console = make_console()
    for part in statistics_tables(found):
        console.print(part)
        console.print()
