"""`beholder quantize`."""

from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Paths, Recursive
from beholder.cli.outputs import model_output
from beholder.terminal import show


def quantize(
    model: Annotated[str, typer.Argument(help="Model file in single precision.", metavar="MODEL")],
    paths: Paths,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: NAME-int8.onnx]")
    ] = None,
    calibration: Annotated[
        int, typer.Option(min=1, help="Photographs to calibrate with; at most half of those given.")
    ] = 64,
    keep: Annotated[
        int,
        typer.Option(min=0, help="Layers to keep in single precision: those that change scores most. Takes minutes."),
    ] = 0,
    recursive: Recursive = False,
) -> None:
    """Make a model file faster by computing in 8 bits.

    The new file is used like any other. It is calibrated on some of the photographs, which should resemble those to be
    scored; they need no ratings. The change of the scores is measured on up to 300 of the others and printed: mean and
    largest difference in units of each task, and the rank correlation between the two files.

    The gain depends on the processor: it is large on x86 with VNNI and on ARM. The embedded models are in 8 bits
    already.

    \b
    Example:
      beholder quantize mine.onnx photos/ --out mine-int8.onnx
    """
    from beholder.cli.tables import plain
    from beholder.console import make_console
    from beholder.extras import require
    from beholder.photos.listing.find import find
    from beholder.scoring.model_file import EMBEDDED, embedded_path

    require("torch", "train", "quantizing")
    from beholder.training import quantize as eight_bits

    source = embedded_path(model) if model in EMBEDDED else Path(model)
    path = model_output(out, f"{source.stem}-int8", (source, *paths))
    photos = [Path(item) for item in find(paths, recursive=recursive) if isinstance(item, str)]
    drifts = eight_bits.quantize(source, photos, path, calibration, keep)
    shown = plain(
        f"Scores of {drifts[0].n} photographs outside the calibration, against {source}",
        *("task", "mean difference", "largest difference", "SRCC between the two"),
        numbers=True,
    )
    for each in drifts:
        shown.add_row(each.task, f"{each.mean:.4f}", f"{each.largest:.4f}", f"{each.srcc:.4f}")
    make_console().print(shown)
    show(f"{path}: score with it by  beholder score PHOTOS --model {path}")
