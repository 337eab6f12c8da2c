"""`beholder train default` and `beholder train fast`: the two embedded models."""

from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Cache, Device, EmbeddedRoot
from beholder.cli.outputs import model_output
from beholder.cli.train.session import TensorBoard, Work, epoch_reporter, resumable
from beholder.files import remove
from beholder.terminal import show


def train_default(
    root: EmbeddedRoot = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: default.onnx]")
    ] = None,
    cache: Cache = None,
    seed: Annotated[int, typer.Option(help="Of the folds, and of what is kept to compare with.")] = 0,
) -> None:
    """Make the embedded default model again.

    It learns from the rated photographs of OASIS, BIQ2021, appeal and composition, and from copies of them that are
    made too dark, blurred, tilted and so on. Without appeal or composition their tasks are left out. Features are
    computed once and kept; a run that was stopped goes on where it was. 40 minutes on two cores.

    \b
    Example:
      beholder train default --root DATA --out default.onnx
    """
    from beholder.cli.tables import metrics_table
    from beholder.console import make_console
    from beholder.data.registry import data_root
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.embedded.default import DefaultRecipe, train

    path = model_output(out, "default")
    made = train(data_root(root), path, DefaultRecipe(seed=seed), cache)
    console = make_console()
    console.print(metrics_table(made.metrics, "Out of fold (95% bootstrap intervals)"))
    show(f"{path}: {len(made.tasks)} tasks, {path.stat().st_size / 1e6:.0f} MB; `beholder info {path}` tells more")


def train_fast(
    root: EmbeddedRoot = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: fast.onnx]")] = None,
    work: Work = None,
    cache: Cache = None,
    seed: Annotated[int, typer.Option(help="Of the folds, and of what the network is shown.")] = 0,
    device: Device = "auto",
    tensorboard: TensorBoard = None,
) -> None:
    """Make the embedded fast model again, the small student of the default one.

    Its network learns to see in small photographs what the default's sees in larger ones; its heads learn what the
    default's heads predict of rated photographs and of their edited copies. A run that was stopped goes on where it
    was. 90 minutes on two cores that compute in bf16 (x86 since 2020 to 2022), 3 to 4 hours on others; 25 minutes less
    where `beholder train default` has run.

    \b
    Example:
      beholder train fast --root DATA --out fast.onnx
    """
    from beholder.cli.tables import metrics_table
    from beholder.console import make_console
    from beholder.data.registry import data_root
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.embedded import distillation
    from beholder.embedded.fast import FastRecipe, train
    from beholder.training.device import choose_device as choose

    path = model_output(out, "fast")
    folder = data_root(root)
    checkpoint = (work or path.with_suffix(".training")) / "checkpoint.safetensors"
    recipe = FastRecipe(seed=seed, distilling=distillation.DistillationRecipe(seed=seed))
    with epoch_reporter(tensorboard) as tell, resumable(checkpoint.parent):
        made = train(folder, path, recipe, checkpoint=checkpoint, cache=cache, device=choose(device), on_epoch=tell)
        remove(checkpoint)
    console = make_console()
    console.print(metrics_table(made.metrics, "Out of fold (95% bootstrap intervals)"))
    show(f"{path}: {len(made.tasks)} tasks, {path.stat().st_size / 1e6:.0f} MB; `beholder info {path}` tells more")
