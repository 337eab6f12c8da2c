"""Options of `beholder score` that are about tar files, Parquet tables and stores."""

from enum import StrEnum
from typing import Annotated

import typer


class Engine(StrEnum):
    """Where the model runs for many units."""

    LOCAL = "local"
    RAY = "ray"


Column = Annotated[
    str | None,
    typer.Option(
        help="In Parquet tables: the column of pictures, as bytes, {bytes, path} or paths.  [default: image]",
        metavar="NAME",
    ),
]
CarryOption = Annotated[
    str | None,
    typer.Option(
        "--carry",
        help="Copy columns of the input, or what the .json and .txt of a tar have: caption,url,width=source_width.",
        metavar="NAMES",
    ),
]
Fields = Annotated[
    str | None,
    typer.Option(help="Write these scores only: overall,quality. Size, model, sha256 and error stay.", metavar="NAMES"),
]
Embeddings = Annotated[
    bool,
    typer.Option(
        "--embeddings", help="Also write embeddings, in 16 bits: a column of Parquet; beside others NAME.npy."
    ),
]
BatchRows = Annotated[
    int | None, typer.Option(min=1, max=10_000_000, help="Rows in a row group of Parquet.  [default: 10000]")
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        help="Score the units of one machine of many, counted from 0: 3/64 are units 3, 67, 131, ...  [default: what "
        "Slurm or Kubernetes says, or all]",
        metavar="I/N",
    ),
]
EngineOption = Annotated[
    Engine | None,
    typer.Option(
        "--engine",
        help="Where the model runs: in this process, or in actors of Ray (in the cluster that RAY_ADDRESS names, else "
        "on this machine).  [default: local]",
    ),
]
MaxErrorsOption = Annotated[
    str | None,
    typer.Option("--max-errors", help="Stop when more rows than this cannot be read: 5% or a number.", metavar="SHARE"),
]
RetriesOption = Annotated[
    int | None,
    typer.Option("--retries", min=0, max=100, help="How often to try again when a store cannot be read.  [default: 3]"),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite", help="Replace tables that were made with another model, input or options, or by another program."
    ),
]
