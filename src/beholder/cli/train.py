"""`beholder train`: one command a recipe. Thin, as the others."""

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Cache, Device, DropLeaks, Root, Scale, SecondRoot, ranges
from beholder.cli.session import say
from beholder.cli.train_embedded import train_default, train_fast
from beholder.cli.train_session import TensorBoard, Work, epoch_reporter, model_file_path, resumable, say_data
from beholder.errors import BeholderError
from beholder.files import remove

train_app = typer.Typer(help="Train models. Needs pip install 'beholder[train]'.", no_args_is_help=True)
train_app.command("default")(train_default)
train_app.command("fast")(train_fast)
train_app.command("student", hidden=True)(train_fast)  # as it was called


@train_app.command("probe")
def train_probe(
    data: Annotated[str, typer.Option(help="A CSV file of your own ratings, or a data set by name.", metavar="NAME")],
    root: Root = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: probe-NAME.onnx]")
    ] = None,
    scale: Scale = None,
    drop_leaks: DropLeaks = False,
    cache: Cache = None,
) -> None:
    """Fit a linear head on the default model's features (DINOv2) to rated photographs.

    The better choice where ratings are hundreds, and quick: 60 photographs take half a minute. For what the CSV file
    may hold see beholder train soydaner2023 --help. With a split the test part measures it; without one it is measured
    in a 5-fold cross-validation, and the head that is written learns from all photographs.

    \b
    Example:
      beholder train probe --data ratings.csv
    """
    from beholder.cli.tables import make_console, metrics_table
    from beholder.data.registry import load_data
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.systems.probe import train

    path = model_file_path(out, f"probe-{Path(data).stem}")
    photos = load_data(data, root, drop_leaks=drop_leaks, ranges=ranges(scale))
    for task in photos.tasks:
        say(f"{task.name}, {task.low:g} to {task.high:g}. {task.description}")
    info = train(photos, path, cache)
    make_console().print(metrics_table(info.metrics, "Photographs not learned from (95% bootstrap intervals)"))
    typer.echo(f"{path}: score with it by  beholder score PHOTOS --model {path}")


@train_app.command("soydaner2023")
def train_soydaner2023(
    ctx: typer.Context,
    data: Annotated[str, typer.Option(help="aadb, eva, oasis, biq2021, or your own FILE.csv.", metavar="NAME")],
    root: Root = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: soydaner2023-NAME.onnx]")
    ] = None,
    scale: Scale = None,
    drop_leaks: DropLeaks = False,
    split_seed: Annotated[int, typer.Option(min=0, help="Of the parts, where the data set has none.")] = 0,
    backbone: Annotated[str, typer.Option(help="As `beholder models` shows.")] = "vgg16",
    side: Annotated[int | None, typer.Option(min=32, help="Pixels a side.  [default: the backbone's]")] = None,
    hidden: Annotated[tuple[int, int], typer.Option(help="Units of the two fully connected layers.")] = (128, 64),
    dropout: Annotated[
        float | None,
        typer.Option(min=0, max=0.95, help="Before the output.  [default: 0.25 for eva, else 0.35]"),
    ] = None,
    separate: Annotated[bool, typer.Option("--separate", help="An output layer of its own for each task.")] = False,
    single: Annotated[bool, typer.Option("--single", help="Learn the first task only.")] = False,
    mirror: Annotated[bool, typer.Option(help="Show mirror images too.")] = True,
    batch: Annotated[int, typer.Option(min=1, help="Photographs a step.")] = 64,
    epochs1: Annotated[int, typer.Option(min=1, help="Of stage 1.")] = 5,
    steps1: Annotated[int, typer.Option(min=0, help="Stage 1 takes at least this many steps.")] = 250,
    lr_head: Annotated[float, typer.Option(help="Learning rate of stage 1.")] = 1e-3,
    epochs2: Annotated[int, typer.Option(min=0, help="Of stage 2; 0 leaves it out.")] = 3,
    lr_finetune: Annotated[float, typer.Option(help="First learning rate of stage 2.")] = 1e-4,
    decay: Annotated[float, typer.Option(help="Of that rate, every --decay-steps steps.")] = 0.5,
    decay_steps: Annotated[float, typer.Option(min=1, help="In stage 2.")] = 125,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order, mirroring, dropout.")] = 0,
    work: Work = None,
    cache: Cache = None,
    keep: Annotated[
        bool, typer.Option("--cache-features/--no-cache", help="Keep what the frozen layers give: 3 times as fast.")
    ] = True,
    device: Device = "auto",
    tensorboard: TensorBoard = None,
) -> None:
    """Train the multi-task network of Soydaner & Wagemans (2023) on rated photographs, your own or published.

    A CSV file needs a column `image` and a column of numbers for each task, the overall score first; `split` (train,
    validation, test), `theme` (photographs that belong together), TASK_sd and TASK_n may be there. Without a split a
    fifth is kept for the test and a tenth to choose the best epoch, whole themes where there are themes.

    Stage 1 trains the head on the frozen backbone, stage 2 its last layers as well. A run that was stopped goes on with
    the epoch that it was in when the same command is given again. 60 photographs take 2 minutes on two cores.

    \b
    Examples:
      beholder train soydaner2023 --data mine.csv
      beholder train soydaner2023 --data mine.csv --range beauty=1:10 --backbone mobilenet_v2
      beholder train soydaner2023 --data aadb --root ../shared/data --drop-leaks
    """
    from beholder.cli.tables import make_console, metrics_table
    from beholder.data.registry import load_data, split_of
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.systems.soydaner2023.export import publish
    from beholder.systems.soydaner2023.recipe import SoydanerRecipe
    from beholder.systems.soydaner2023.train import check, fit, source_for
    from beholder.training.device import choose_device as choose
    from beholder.training.held_out import probe_metrics
    from beholder.training.inputs import pooled_views

    path = model_file_path(out, f"soydaner2023-{Path(data).stem}")
    chosen = {field.name: ctx.params[field.name] for field in fields(SoydanerRecipe)}
    recipe = SoydanerRecipe(**{**chosen, "dropout": (0.25 if data == "eva" else 0.35) if dropout is None else dropout})
    target = choose(device)
    photos = split_of(load_data(data, root, drop_leaks=drop_leaks, ranges=ranges(scale)), split_seed)
    checkpoint = (work or path.with_suffix(".training")) / "checkpoint.safetensors"
    say_data(photos, photos.tasks, f", on {target}")
    with epoch_reporter(tensorboard) as tell, resumable(checkpoint.parent):
        check(photos, recipe, checkpoint)
        source = source_for(photos, recipe, target, keep=keep, cache=cache)
        trained = fit(photos, recipe, source=source, checkpoint=checkpoint, device=target, on_epoch=tell)
        info = publish(photos, trained, recipe, source, path)
        remove(checkpoint)
    if info.metrics:
        found = list(info.metrics)
        if keep:
            views = pooled_views(source, len(photos), recipe.mirror)
            found += probe_metrics(photos, recipe.backbone, views, 1 if single else len(photos.tasks))
        make_console().print(metrics_table(found, "The network, and a linear probe (95% bootstrap intervals)"))
    typer.echo(f"{path}: score with it by  beholder score PHOTOS --model {path}")


@train_app.command("li2019")
def train_li2019(
    ctx: typer.Context,
    data: Annotated[
        str, typer.Option(help="The score: ava, aadb, oasis, or your own FILE.csv, its first task.", metavar="NAME")
    ],
    second: Annotated[
        str | None,
        typer.Option(help="The traits: psychoflickr, or any other, biq2021 or FILE.csv, all tasks.", metavar="NAME"),
    ] = None,
    root: Root = None,
    second_root: SecondRoot = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: li2019-NAME.onnx]")
    ] = None,
    scale: Scale = None,
    second_scale: Annotated[
        list[str] | None,
        typer.Option("--second-range", help="As --range, for the second domain.", metavar="TASK=LOW:HIGH"),
    ] = None,
    drop_leaks: DropLeaks = False,
    split_seed: Annotated[int, typer.Option(min=0, help="Of the parts, where a data set has none.")] = 0,
    backbone: Annotated[str, typer.Option(help="As `beholder models` shows.")] = "densenet121",
    shared: Annotated[
        str, typer.Option(help="What of the backbone is trained: whole, its last layers, or none.")
    ] = "whole",
    resize: Annotated[int, typer.Option(min=8, help="Pixels a side that photographs are squashed to.")] = 256,
    side: Annotated[int, typer.Option(min=8, help="Pixels a side of the square that is cut out.")] = 224,
    hidden: Annotated[tuple[int, int], typer.Option(help="Units of a branch's two layers.")] = (1024, 512),
    single: Annotated[bool, typer.Option("--single", help="Learn the score only, without a second domain.")] = False,
    mirror: Annotated[bool, typer.Option("--mirror", help="Show mirror images too.")] = False,
    batch: Annotated[int, typer.Option(min=1, help="Photographs a step.")] = 64,
    epochs1: Annotated[int, typer.Option(min=1, help="Of both branches, in turn.")] = 20,
    epochs2: Annotated[int, typer.Option(min=0, help="Of the inter-task layer; 0 leaves it out.")] = 20,
    lr_shared: Annotated[float, typer.Option(help="First learning rate of the backbone.")] = 1e-5,
    lr_branches: Annotated[float, typer.Option(help="Of the branches.")] = 1e-4,
    lr_inter_task: Annotated[float, typer.Option(help="Of the inter-task layer.")] = 1e-4,
    decay: Annotated[float, typer.Option(help="Of the rates, every epoch.")] = 0.9,
    momentum: Annotated[float, typer.Option(help="Of stochastic gradient descent.")] = 0.9,
    weight_decay: Annotated[float, typer.Option(min=0, help="Of stochastic gradient descent.")] = 1e-5,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order, crops.")] = 0,
    work: Work = None,
    cache: Cache = None,
    keep: Annotated[
        bool, typer.Option("--cache-features/--no-cache", help="Keep what the frozen layers give, where there are any.")
    ] = True,
    device: Device = "auto",
    tensorboard: TensorBoard = None,
) -> None:
    """Train the personality-driven network of Li et al. (2019) on two sets of rated photographs in turn.

    One gives the score, the other the traits, in the paper the Big Five of who likes a photograph; any ratings will do.
    A weighted sum of both is the final score. The model file gives it, and each trait as a column. CSV files as for
    beholder train soydaner2023; for traits from -1 to 1 say so: --second-range warmth=-1:1.

    The defaults are the paper's: DenseNet-121, trained whole, which wants a GPU and thousands of photographs. With a
    few hundred on a CPU train the last layers at larger rates, as in the second example.

    \b
    Examples:
      beholder train li2019 --data ava --second psychoflickr --root photographs/
      beholder train li2019 --data mine.csv --second biq2021 --second-root ../shared/data --backbone mobilenet_v2 \\
        --shared last --batch 16 --lr-shared 0.001 --lr-branches 0.01 --lr-inter-task 0.03
    """
    from beholder.cli.tables import make_console, metrics_table
    from beholder.data.registry import load_data, root_beside, split_of
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.systems.li2019.export import publish
    from beholder.systems.li2019.recipe import LiRecipe
    from beholder.systems.li2019.train import check, fit, source_for
    from beholder.training.device import choose_device as choose

    path = model_file_path(out, f"li2019-{Path(data).stem}")
    recipe = LiRecipe(**{field.name: ctx.params[field.name] for field in fields(LiRecipe)})
    if single != (second is None):
        raise BeholderError(
            "--single learns from one domain: leave --second out"
            if single
            else "there is no second domain: give one, --second psychoflickr, biq2021 or FILE.csv, or use --single"
        )
    target = choose(device)
    photos = split_of(load_data(data, root, drop_leaks=drop_leaks, ranges=ranges(scale)), split_seed)
    say_data(photos, photos.tasks[:1], f", on {target}")
    domains, other = [photos], None
    if second is not None:
        place = second_root or root_beside(second, root, data)
        scales = ranges(second_scale, "--second-range")
        other = split_of(load_data(second, place, drop_leaks=drop_leaks, ranges=scales), split_seed)
        say_data(other, other.tasks)
        domains.append(other)
    checkpoint = (work or path.with_suffix(".training")) / "checkpoint.safetensors"
    with epoch_reporter(tensorboard) as tell, resumable(checkpoint.parent):
        check(photos, other, recipe, checkpoint)
        sources = [source_for(each, recipe, target, keep=keep, cache=cache) for each in domains]
        trained = fit(photos, other, recipe, sources=sources, checkpoint=checkpoint, device=target, on_epoch=tell)
        info = publish(photos, other, trained, recipe, sources, path)
        remove(checkpoint)
    if info.metrics:
        make_console().print(metrics_table(info.metrics, "The test parts (95% bootstrap intervals)"))
    for name, weight in info.recipe.get("between", {}).items():
        typer.echo(f"inter-task layer: {name} {weight:+.4f}")
    typer.echo(f"{path}: score with it by  beholder score PHOTOS --model {path}")


@train_app.command("song2023")
def train_song2023(
    ctx: typer.Context,
    data: Annotated[str, typer.Option(help="oasis, ava, or your own FILE.csv of votes.", metavar="NAME")],
    root: Root = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Model file to write.  [default: song2023-NAME.onnx]")
    ] = None,
    scale: Scale = None,
    drop_leaks: DropLeaks = False,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Of ava: leave out photographs whose files are not there.")
    ] = False,
    split_seed: Annotated[int, typer.Option(min=0, help="Of the parts, where the data set has none.")] = 0,
    backbone: Annotated[str, typer.Option(help="Encoder: a convolutional one of `beholder models`.")] = "vgg16",
    side: Annotated[int, typer.Option(min=32, help="Pixels of the short edge.")] = 256,
    maps: Annotated[int, typer.Option(min=1, help="Feature maps for each value that can be voted.")] = 16,
    act: Annotated[bool, typer.Option(help="With the activation loss.")] = True,
    separate: Annotated[
        bool, typer.Option("--separate/--joint", help="A regressor for each group of maps, or one that reads all.")
    ] = True,
    activation: Annotated[str, typer.Option(help="Form of the activation loss: l1, kl, js.")] = "l1",
    weight_emd: Annotated[float, typer.Option(help="Of the earth mover's distance.")] = 1.0,
    weight_act: Annotated[float, typer.Option(help="Of the activation loss.")] = 0.1,
    weight_rebuilt: Annotated[float, typer.Option(help="Of the auto-encoder; 0 leaves it out, which is faster.")] = 1.0,
    mirror: Annotated[bool, typer.Option(help="Show mirror images too.")] = True,
    batch: Annotated[int, typer.Option(min=1, help="Photographs a step, of one shape.")] = 32,
    momentum: Annotated[float, typer.Option(help="Of SGD.")] = 0.9,
    epochs1: Annotated[int, typer.Option(min=1, help="Of stage 1.")] = 12,
    lr_head: Annotated[float, typer.Option(help="First learning rate of stage 1.")] = 0.03,
    epochs2: Annotated[int, typer.Option(min=0, help="Of stage 2; 0 leaves it out.")] = 2,
    lr_finetune: Annotated[float, typer.Option(help="First rate of stage 2, for what stage 1 trains too.")] = 0.01,
    lr_encoder: Annotated[float, typer.Option(help="First rate of the encoder's last layers.")] = 1e-3,
    decay: Annotated[float, typer.Option(help="Of the rates, every epoch.")] = 0.9,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order, mirroring.")] = 0,
    work: Work = None,
    cache: Cache = None,
    keep: Annotated[bool, typer.Option("--cache-features/--no-cache", help="Keep what the frozen layers give.")] = True,
    device: Device = "auto",
    tensorboard: TensorBoard = None,
) -> None:
    """Train a network that predicts votes, after Song et al. (2023): how many people give which score.

    Needs the numbers of votes: a CSV file has a column `image` and columns votes_1, votes_2, ..., one for each value
    that can be voted, whole numbers; `n` (all votes of a row), `split` and `theme` may be there. The aspect ratio of a
    photograph is kept, 10:1 at most. The model file gives mean, standard deviation and the share of each value.

    A reconstruction, as the text of the paper lost its equations. Stage 1 trains on the frozen encoder, stage 2 the
    encoder's last layers as well. A run that was stopped goes on with the epoch that it was in when the same command is
    given again.

    \b
    Examples:
      beholder train song2023 --data votes.csv
      beholder train song2023 --data oasis --epochs2 0
      beholder train song2023 --data ava --drop-missing --no-cache
    """
    from beholder.cli.tables import make_console, metrics_table
    from beholder.data.registry import load_data, split_of
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.systems.song2023.export import probe_metrics, publish
    from beholder.systems.song2023.recipe import SongRecipe
    from beholder.systems.song2023.train import check, fit, source_for
    from beholder.training.device import choose_device as choose

    path = model_file_path(out, f"song2023-{Path(data).stem}")
    recipe = SongRecipe(**{field.name: ctx.params[field.name] for field in fields(SongRecipe)})
    target = choose(device)
    loaded = load_data(data, root, drop_leaks=drop_leaks, drop_missing=drop_missing, ranges=ranges(scale))
    photos = split_of(loaded, split_seed)
    checkpoint = (work or path.with_suffix(".training")) / "checkpoint.safetensors"
    say_data(photos, photos.tasks[:1], f", on {target}")
    with epoch_reporter(tensorboard) as tell, resumable(checkpoint.parent):
        check(photos, recipe, checkpoint)
        source = source_for(photos, recipe, target, keep=keep, cache=cache)
        trained = fit(photos, recipe, source=source, checkpoint=checkpoint, device=target, on_epoch=tell)
        info = publish(photos, trained, recipe, source, path)
        remove(checkpoint)
    if info.metrics:
        found = [*info.metrics, *(probe_metrics(photos, recipe, source) if keep else ())]
        make_console().print(metrics_table(found, "The network, and a linear probe (95% bootstrap intervals)"))
    typer.echo(f"{path}: score with it by  beholder score PHOTOS --model {path}")
