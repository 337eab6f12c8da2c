"""`beholder train probe`."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beholder.cli.options import Cache, Data, DropLeaks, Root, Scale, ranges
from beholder.cli.outputs import model_output
from beholder.models.registry import backbone_names
from beholder.scoring.model_file import EMBEDDED
from beholder.terminal import say, show

if TYPE_CHECKING:
    from rich.table import Table

    from beholder.systems.probe.train import Beside, Probe

SHOWN = ("srcc", "rmse")  # metrics; the model file has more


def train_probe(
    data: Data,
    root: Root = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: probe-NAME.onnx]")
    ] = None,
    scale: Scale = None,
    backbone: Annotated[
        str,
        typer.Option(
            help=f"{' or '.join(EMBEDDED)}: an embedded model, whose scores are corrected. Or features alone, with "
            f"heads that start from nothing: {', '.join(backbone_names())}.",
            metavar="NAME",
        ),
    ] = EMBEDDED[0],
    folds: Annotated[int, typer.Option(min=2, max=100, help="Of the cross-validation, where there is no split.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of the folds.")] = 0,
    drop_leaks: DropLeaks = False,
    cache: Cache = None,
) -> None:
    """Teach the default model your own ratings: what they differ from its scores by.

    The better choice for a few hundred ratings, and quick: 60 photographs take ten seconds. A task with the name of one
    of the model's ratings (beholder info) starts from that; any other starts from those of them that it follows, as far
    as it does. With few or noisy ratings little is changed. For the columns of a CSV file see beholder train
    soydaner2023 --help.

    With a split the test part measures it; without one it is measured in a cross-validation, and what is written learns
    from all photographs. The untouched model is measured beside it, on the same photographs.

    \b
    Examples:
      beholder train probe --data ratings.csv
      beholder train probe --data ratings.csv --range beauty=1:10 --folds 10
    """
    from beholder.console import make_console
    from beholder.data.rated_photos import check_varied
    from beholder.data.registry import load_data
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.systems.probe.train import train

    path = model_output(out, f"probe-{Path(data).stem}")
    photos = load_data(data, root, drop_leaks=drop_leaks, ranges=ranges(scale))
    check_varied(photos)
    for task in photos.tasks:
        say(f"{task.name}, {task.low:g} to {task.high:g}. {task.description}")
    found = train(photos, path, cache, backbone=backbone, folds=folds, seed=seed)
    make_console().print(probe_table(found, backbone))
    if found.known:
        show(
            f"{backbone} itself learned from {found.known} of these {len(photos)} photographs, so nothing above is "
            "held out, and it says nothing of the probe; one that starts from nothing can be measured here: "
            "--backbone dinov2_vits14"
        )
    else:
        for each in found.beside:
            show(comparison(each, backbone))
    show(f"{path}: score with it by  beholder score PHOTOS --model {path}")


def probe_table(found: "Probe", model: str) -> "Table":
    """Rank correlation and error of each task, and below it those of the score that it starts from."""
    from beholder.cli.tables import metric_cell, plain

    own = [each for each in found.info.metrics if each not in found.untouched]
    where = "photographs that the model knows" if found.known else "photographs not learned from"
    title = f"{own[0].data}, {own[0].split}: {where} (95% bootstrap intervals)"
    table = plain(title, "task", "by", "n", *SHOWN, overflow="fold")
    starts = {each.task: _untouched(each, model) for each in found.beside}
    for task in found.info.tasks:
        for by, metrics in (("probe", own), (starts.get(task.name), found.untouched)):
            cells = {each.metric: each for each in metrics if each.task == task.name}
            if cells and by:
                shown = (metric_cell(cells[name]) for name in SHOWN)
                table.add_row(task.name, by, str(cells[SHOWN[0]].n), *shown)
    return table


def _untouched(found: "Beside", model: str) -> str:
    return f"untouched {model}{'' if found.start == found.task else f', its {found.start}'}"


def comparison(found: "Beside", model: str) -> str:
    """Whether a task of a probe ranks better than the score that it starts from, in words.

    >>> from beholder.metrics import Interval
    >>> from beholder.systems.probe.train import Beside
    >>> comparison(Beside("beauty", "beauty", Interval(0.02, -0.01, 0.05)), "default")
    'beauty: level with the untouched default: srcc +0.020 (-0.010 to +0.050)'
    >>> comparison(Beside("light", "quality", Interval(-0.04, -0.06, -0.02)), "fast")  # doctest: +ELLIPSIS
    'light: worse than the untouched fast, its quality: srcc -0.040 (-0.060 to -0.020); score with fast, or rate ...'
    """
    value, low, high = found.gain
    other = f"the {_untouched(found, model)}"
    if math.isnan(low):
        return f"{found.task}: not to be compared with {other}, because one of them is constant"
    by = f"srcc {value:+.3f} ({low:+.3f} to {high:+.3f})"
    if low > 0:
        return f"{found.task}: better than {other}: {by}"
    if high < 0:
        return f"{found.task}: worse than {other}: {by}; score with {model}, or rate more photographs"
    return f"{found.task}: level with {other}: {by}"
