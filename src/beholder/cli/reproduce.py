"""`beholder reproduce`: run the experiments of a paper again."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from beholder.cli.options import (
    DATA_METAVAR,
    Cache,
    Data,
    Device,
    DropLeaks,
    DropMissing,
    Root,
    SecondRoot,
    TestShare,
    ValidationShare,
)
from beholder.cli.outputs import say_replaced
from beholder.errors import BeholderError
from beholder.files import explained
from beholder.splits import Shares
from beholder.systems.registry import SYSTEMS, find_system
from beholder.terminal import show

SECOND_DOMAINS = {  # system that learns from two data sets -> the default of its second one
    name: system.second.default for name in SYSTEMS if (system := find_system(name)).second is not None
}


def reproduce(
    paper: Annotated[
        str, typer.Argument(help=f"{', '.join(SYSTEMS)}; compared; or all side by side.", metavar="PAPER")
    ],
    data: Data,
    root: Root = None,
    second: Annotated[
        str | None,
        typer.Option(
            help=f"Second domain of {' and '.join(SECOND_DOMAINS)}, as --data.  "
            f"[default: {', '.join(SECOND_DOMAINS.values())}]",
            metavar=DATA_METAVAR,
        ),
    ] = None,
    second_root: SecondRoot = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Report to write (HTML; Markdown beside it), in a folder that is made.  [default: PAPER-NAME.html]",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Trainings of each setting.")] = 1,
    folds: Annotated[
        int, typer.Option(min=1, max=5, help="Folds of a 5-fold cross-validation to run, where no split is published.")
    ] = 3,
    by_group: Annotated[
        bool, typer.Option("--by-group", help="Keep groups whole in cross-validation: themes in OASIS.")
    ] = False,
    backbone: Annotated[
        str | None,
        typer.Option(help="As `beholder models` shows.  [default: vgg16; mobilenet_v2 for li2019 and compared]"),
    ] = None,
    epochs2: Annotated[
        int | None, typer.Option(min=0, help="Of stage 2; 0 leaves it out.  [default: the paper's recipe]")
    ] = None,
    epochs1: Annotated[int | None, typer.Option(min=1, help="Of stage 1.  [default: the paper's recipe]")] = None,
    steps1: Annotated[
        int | None, typer.Option(min=0, help="Stage 1 takes at least this many steps.  [default: the paper's recipe]")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Photographs a step.  [default: the paper's recipe]")] = None,
    side: Annotated[
        int | None, typer.Option(min=8, help="Pixels, as --side of `beholder train PAPER`.  [default: the recipe's]")
    ] = None,
    shared: Annotated[
        str | None, typer.Option(help="What of the backbone is trained, as of `beholder train PAPER`.")
    ] = None,
    staircase: Annotated[
        bool,
        typer.Option("--staircase", help="soydaner2023: lower the rate of stage 2 every 125 steps, not in each."),
    ] = False,
    backbones: Annotated[
        list[str] | None,
        typer.Option("--backbones", help="Train the network on this backbone too; can be given again."),
    ] = None,
    second_count: Annotated[
        int | None,
        typer.Option(
            min=10,
            help="Photographs of the second domain to draw.  [default: 1000 where features are kept; all with --shared "
            "whole]",
        ),
    ] = None,
    test_share: TestShare = None,
    validation_share: ValidationShare = None,
    drop_leaks: DropLeaks = False,
    drop_missing: DropMissing = False,
    photographs: Annotated[
        bool, typer.Option(help="Show photographs in the report; leave them out where they may not be published.")
    ] = True,
    work: Annotated[
        Path | None,
        typer.Option(
            help="Folder of finished trainings; for all, the folder that has one PAPER-NAME.runs a paper.  [default: "
            "PAPER-NAME.runs beside the report]"
        ),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Keep no features; run the whole network in every step.")
    ] = False,
    cache: Cache = None,
    device: Device = "auto",
) -> None:
    """Run a paper's experiments again and write a report, published numbers beside measured ones.

    Trains what is not trained yet, in every fold of cross-validation and with every seed: the paper's network and its
    variants; a linear probe and the default model's features are fitted on the same photographs. The report has all
    tables and figures that the data allows. How much disk its features take and how many trainings there are is said
    before it starts. A run that was stopped resumes when the same command is given again.

    soydaner2023: multi-task, single-task and two variants. With VGG16 a training takes 3 to 5 minutes on two cores for
    450 photographs: --seeds 3 on OASIS 2 hours. A short version: --backbone mobilenet_v2 --folds 1.

    li2019: the score alone, in turn with a second domain, and with the inter-task layer, from learning rates that it
    chooses on validation photographs. --seeds 2 on OASIS takes half an hour once outputs of the stem are kept. With
    --shared whole the network is trained as in the paper.

    song2023: predicted votes, of which it needs the numbers (oasis, ava, or a CSV file with columns votes_1, ...), and
    its ablations: an hour on two cores.

    compared: the systems that the papers compare themselves with (NIMA, Hou et al., Kong et al., Pan et al.) beside the
    multi-task network, in one table, with settings chosen on validation photographs. On a frozen MobileNetV2, unless
    --backbone and --epochs2 say otherwise: --seeds 3 on OASIS takes half an hour on a core.

    all: one table of the three, of linear probes and of the default model, in the same folds with seed 0; trainings of
    the papers' own reports are reused.

    \b
    Examples:
      beholder reproduce soydaner2023 --data oasis --seeds 3
      beholder reproduce soydaner2023 --data oasis --backbone mobilenet_v2 --folds 1
      beholder reproduce li2019 --data oasis --second biq2021 --seeds 2
      beholder reproduce compared --data oasis --seeds 3
      beholder reproduce all --data oasis
    """
    from beholder.extras import require

    if paper not in (*SYSTEMS, "compared", "all"):
        raise BeholderError(
            f"{paper}: no such paper; those that can be run again are {', '.join(SYSTEMS)}, compared, or all"
        )
    settings = {"backbone": backbone, "epochs1": epochs1, "steps1": steps1, "epochs2": epochs2, "batch": batch}
    settings |= {"side": side, "shared": shared, "staircase": staircase or None}
    of_second = (second, second_root, second_count)
    own = (*settings.values(), *of_second, backbones, test_share, validation_share)
    if paper == "all" and (seeds > 1 or no_cache or drop_missing or any(given is not None for given in own)):
        raise BeholderError("all: each paper is run with its own defaults and seed 0; leave the other options out")
    path = out or Path(f"{paper}-{Path(data).stem}.html")
    require("torch", "train", "training")
    require("matplotlib", "train", "figures")
    from beholder.reporting import write
    from beholder.reporting.document import without_photographs
    from beholder.systems.study_runs import StudyConfig
    from beholder.training.device import choose_device as choose

    def check_path() -> None:
        with explained(path.parent, "the report"):
            path.parent.mkdir(parents=True, exist_ok=True)
        write.check_document_path(path, (data, second))
        if out is None:
            say_replaced(path)

    if paper == "all":
        from beholder.systems.comparison import ComparisonConfig, side_by_side

        check_path()
        kept = work or path.parent
        wanted = ComparisonConfig(data, root, folds, by_group, drop_leaks, kept, cache)
        written = write.write_document(side_by_side(wanted, choose(device)), path)
        show(f"{written[0]} and {written[1]}; trainings are kept in {kept}")
        return
    functions = _reporting(paper, any(given is not None for given in of_second))
    if backbones and paper != "soydaner2023":
        raise BeholderError(f"{paper} compares no backbones: --backbones is for soydaner2023")
    recipe = _changed(paper, functions.recipe_for(data), settings)
    check_path()
    kept = work or path.with_suffix(".runs")
    config = StudyConfig(
        data,
        root,
        seeds,
        folds,
        by_group,
        recipe,
        drop_leaks,
        kept,
        cache,
        second=second,
        second_root=second_root,
        second_count=second_count,
        backbones=tuple(backbones or ()),
        keep=not no_cache,
        drop_missing=drop_missing,
        shares=Shares(test_share, validation_share),
    )
    found = functions.report(config, choose(device))
    written = write.write_document(found if photographs else without_photographs(found), path)
    figures = f"{len(written) - 2} figure{'s' * (len(written) != 3)}"
    show(f"{written[0]} and {written[1]}, {figures}; trainings are kept in {kept}")


def _changed(paper: str, recipe: Any, settings: Mapping[str, Any]) -> Any:
    """The recipe of a paper with the settings that are not None. Raises BeholderError for one that it does not have."""
    given = {name: value for name, value in settings.items() if value is not None}
    unknown = given.keys() - {field.name for field in fields(recipe)}
    if unknown:
        raise BeholderError(f"{paper} has no --{min(unknown).replace('_', '-')}; leave it out")
    return replace(recipe, **given)


def _reporting(paper: str, second_given: bool) -> Any:
    """The module with the recipe and the report of a paper. Raises BeholderError where it has no second domain."""
    record = None if paper == "compared" else find_system(paper)
    if (record is None or record.second is None) and second_given:
        raise BeholderError(f"{paper} has no second domain: --second is for {' and '.join(SECOND_DOMAINS)}")
    if record is None:
        from beholder.systems.compared import report

        return report
    return record.functions()
