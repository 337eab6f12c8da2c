"""`beholder train`: a command for each system of the table, for the linear probe and for the embedded models.

The options of a system's command are those that all systems share and the fields of its recipe.
"""

import inspect
from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

import typer

from beholder.cli.options import (
    DATA_HELP,
    DATA_METAVAR,
    Cache,
    Data,
    Device,
    DropLeaks,
    DropMissing,
    Root,
    Scale,
    SecondRoot,
    TestShare,
    ValidationShare,
    ranges,
)
from beholder.cli.outputs import model_output
from beholder.cli.train.embedded import train_default, train_fast
from beholder.cli.train.probe import train_probe
from beholder.cli.train.session import TensorBoard, Work, epoch_reporter, resumable, say_data
from beholder.errors import BeholderError
from beholder.files import remove
from beholder.splits import Shares
from beholder.systems.options import default_text, defaults_for
from beholder.systems.registry import COMPARED, SYSTEMS, find_trained
from beholder.systems.system import System
from beholder.terminal import show

if TYPE_CHECKING:
    from beholder.data.rated_photos import RatedPhotos

train_app = typer.Typer(help="Train models. Needs pip install 'beholder[train]'.", no_args_is_help=True)


def train_system(
    system: System[Any],
    settings: dict[str, Any],
    *,
    data: Data,
    second: Annotated[str | None, typer.Option(metavar=DATA_METAVAR)] = None,
    root: Root = None,
    second_root: SecondRoot = None,
    out: Annotated[Path | None, typer.Option("--out", "-o")] = None,
    scale: Scale = None,
    second_scale: Annotated[
        list[str] | None,
        typer.Option("--second-range", help="As --range, for the second domain.", metavar="TASK=LOW:HIGH"),
    ] = None,
    drop_leaks: DropLeaks = False,
    drop_missing: DropMissing = False,
    split_seed: Annotated[int, typer.Option(min=0, help="Seed of the parts, where a data set has no split.")] = 0,
    test_share: TestShare = None,
    validation_share: ValidationShare = None,
    stage: Annotated[
        str,
        typer.Option(
            "--keep", help="Stage that the file holds: best, of lower validation loss, or last.", metavar="best|last"
        ),
    ] = "best",
    work: Work = None,
    cache: Cache = None,
    keep: Annotated[
        bool,
        typer.Option("--cache-features/--no-cache", help="Keep outputs of frozen layers, for up to 3 times the speed."),
    ] = True,
    device: Device = "auto",
    tensorboard: TensorBoard = None,
) -> None:
    """Train a system and write its model file.

    Args:
        system: to train.
        settings: of its recipe, as the options gave them; None stands for a default that depends on the data set.
        data: the remaining arguments are the options that all systems share.
    """
    from beholder.cli.tables import metrics_table
    from beholder.console import make_console
    from beholder.data.rated_photos import check_varied
    from beholder.data.registry import load_data, split_of
    from beholder.extras import require

    require("torch", "train", "training")
    from beholder.systems.two_stages import Keep, held_by
    from beholder.training.device import choose_device as choose

    if stage not in get_args(Keep):
        raise BeholderError(f"--keep {stage}: choose {' or '.join(get_args(Keep))}")
    functions = system.functions()
    path = model_output(out, f"{system.name}-{Path(data).stem}")
    by_data = _by_data(system.recipe)
    given = {name: value for name, value in settings.items() if value is not None or name not in by_data}
    recipe = system.recipe(**{**defaults_for(system.recipe, data), **given})
    _check_second(system, recipe, second)
    target = choose(device)
    photos = split_of(
        load_data(data, root, drop_leaks=drop_leaks, drop_missing=drop_missing, ranges=ranges(scale)),
        split_seed,
        Shares(test_share, validation_share),
    )
    check_varied(photos)
    say_data(photos, functions.learned_tasks(photos, recipe), f", on {target}")
    other = None
    if second is not None:
        other = split_of(_load_second(second, second_root, root, data, second_scale, drop_leaks=drop_leaks), split_seed)
        say_data(other, other.tasks)
    checkpoint = (work or path.with_suffix(".training")) / "checkpoint.safetensors"
    with epoch_reporter(tensorboard) as tell, resumable(checkpoint.parent):
        functions.check(photos, recipe, checkpoint, second=other)
        source = functions.inputs(photos, recipe, target, second=other, keep=keep, cache=cache)
        result = functions.fit(
            photos, recipe, second=other, source=source, checkpoint=checkpoint, device=target, on_epoch=tell
        ).keeping(stage)
        info = functions.export(photos, result, recipe, source, path, second=other)
        remove(checkpoint)
    if info.metrics:
        probe = functions.linear_probe(photos, recipe, source) if keep else []
        title = "The network, and a linear probe" if probe else "The test parts"
        make_console().print(metrics_table([*info.metrics, *probe], f"{title} (95% bootstrap intervals)"))
    for line in functions.remarks(info):
        show(line)
    show(f"{path} holds {held_by(result)}")
    show(f"{path}: score with it by  beholder score PHOTOS --model {path}")


def _check_second(system: System[Any], recipe: Any, second: str | None) -> None:
    """Whether a second data set is given exactly where the recipe needs one. Raises BeholderError where not."""
    if system.second is None or system.second.needed(recipe) == (second is not None):
        return
    raise BeholderError(
        "--single learns from one domain: leave --second out"
        if second is not None
        else f"there is no second domain: give one, --second {system.second.missing}, or use --single"
    )


def _load_second(
    name: str, folder: Path | None, root: Path | None, data: str, scale: list[str] | None, *, drop_leaks: bool
) -> "RatedPhotos":
    """The second data set, by default from the same root."""
    from beholder.data.registry import load_data, root_beside

    scales = ranges(scale, "--second-range")
    return load_data(name, folder or root_beside(name, root, data), drop_leaks=drop_leaks, ranges=scales)


def system_command(system: System[Any]) -> Callable[..., None]:
    """The training command of a system: a function whose signature has its options, for typer."""
    names = {setting.name for setting in fields(system.recipe)}

    def command(**given: Any) -> None:
        settings = {name: given.pop(name) for name in names}
        train_system(system, settings, **given)

    parameters = []
    for parameter in _shared_parameters(system):
        parameters.append(parameter)
        if parameter.name == "validation_share":
            parameters += _recipe_parameters(system.recipe)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = system.help
    return command


def _shared_parameters(system: System[Any]) -> list[inspect.Parameter]:
    """The options that all systems share, with the texts of this one; those for two data sets where it has two."""
    found = dict(inspect.signature(train_system).parameters)
    texts = {
        "data": f"{system.data_role}: {DATA_HELP}",
        "out": f"Model file to write.  [default: {system.name}-NAME.onnx]",
    }
    left_out = {"system", "settings"}
    if system.second is None:
        left_out |= {"second", "second_root", "second_scale"}
    else:
        texts["second"] = system.second.help
    if not system.drop_missing:
        left_out |= {"drop_missing"}
    for name, text in texts.items():
        kind, option = found[name].annotation.__origin__, found[name].annotation.__metadata__[0]
        made = typer.Option(option.default, *(option.param_decls or ()), help=text, metavar=option.metavar)
        found[name] = found[name].replace(annotation=Annotated[kind, made])
    return [parameter for name, parameter in found.items() if name not in left_out]


def _recipe_parameters(recipe: type[Any]) -> list[inspect.Parameter]:
    """An option for each field of a recipe."""
    kinds = get_type_hints(recipe)
    return [_recipe_parameter(setting, kinds[setting.name]) for setting in fields(recipe)]


def _recipe_parameter(setting: "Field[Any]", kind: Any) -> inspect.Parameter:
    known, default = setting.metadata, setting.default
    flag = known["flag"] or f"--{setting.name.replace('_', '-')}"
    if kind is bool and default and not known["flag"]:
        flag += f"/--no-{setting.name.replace('_', '-')}"
    text, by_data = known["help"], default_text(setting)
    if by_data:
        kind, default, text = kind | None, None, f"{text}  [default: {by_data}]"
    made = typer.Option(flag, help=text, min=known["min"], max=known["max"])
    return inspect.Parameter(
        setting.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, made]
    )


def _by_data(recipe: type[Any]) -> set[str]:
    """Names of the settings whose default depends on the data set."""
    return {setting.name for setting in fields(recipe) if setting.metadata["by_data"]}


train_app.command("default")(train_default)
train_app.command("fast")(train_fast)
train_app.command("student", hidden=True)(train_fast)  # as it was called
train_app.command("probe")(train_probe)
for _name in (*SYSTEMS, *COMPARED):
    train_app.command(_name)(system_command(find_trained(_name)))
