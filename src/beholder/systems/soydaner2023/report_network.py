"""The report's parts about the network itself: its layers, parameters, other backbones, and longer training."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from beholder.models.backbones.base import create_backbone
from beholder.models.cost import count_parameters
from beholder.reporting import charts
from beholder.reporting.document import Cell, Column, Missing, Part, Picture, Table
from beholder.systems.soydaner2023 import cost as soydaner_cost
from beholder.systems.soydaner2023.experiment import LONGER_TIMES, on_backbone
from beholder.systems.soydaner2023.published import FINE_TUNING, MULTI_TASK, PARAMETER_COUNTS, TRAINING
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.study import Study, difference, measured
from beholder.systems.study_runs import Result
from beholder.systems.two_stages import best_epoch
from beholder.tasks import Task


def layers_part(recipe: SoydanerRecipe, tasks: Sequence[Task]) -> Table:
    """Figure 1: the layers, with the shapes and parameters that they have here."""
    with torch.device("meta"):
        backbone = create_backbone(recipe.backbone, pretrained=False)
        side = recipe.side or backbone.side
        _, channels, rows, columns = backbone.forward_features(torch.zeros(1, 3, side, side, dtype=torch.uint8)).shape
    first, second = recipe.hidden
    outputs = 1 if recipe.single else len(tasks)
    tuned = ", ".join(backbone.tuned)
    lines: list[list[Cell]] = [
        ["photograph", f"3 x {side} x {side}", None, ""],
        [recipe.backbone, f"{channels} x {rows} x {columns}", count_parameters(backbone), f"2: {tuned}"],
        ["global average pooling", f"{channels}", None, ""],
        ["fully connected, ReLU", f"{first}", (channels + 1) * first, "1, 2"],
        [f"fully connected, ReLU, dropout {recipe.dropout:g}", f"{second}", (first + 1) * second, "1, 2"],
        ["output layer, sigmoid", f"{outputs}", (second + 1) * outputs, "1, 2"],
    ]
    return Table(
        "Figure 1",
        "The network, layer by layer",
        [Column("layer"), *(Column(name, "measured") for name in ("output", "parameters", "trained in stage"))],
        lines,
        f"Outputs: {', '.join(task.name for task in tasks[:outputs])}. The paper draws the same layers on VGG16, with "
        "12 outputs for AADB and 5 for EVA, whose dropout is 0.25.",
    )


def parameters_part(name: str) -> Table:
    """Table 2, and the network on the backbone of this name."""
    here = soydaner_cost.cost(name)
    head = here.outputs_12 - here.backbone
    last = (here.outputs_12 - here.outputs_5) // 7 * 12
    parts = (here.backbone, head - last, last)
    rows: list[list[Cell]] = [
        [part, pan, ours, count] for (part, pan, ours), count in zip(PARAMETER_COUNTS, parts, strict=True)
    ]
    rows.append(
        ["all", sum(row[1] for row in PARAMETER_COUNTS), sum(row[2] for row in PARAMETER_COUNTS), here.outputs_12]
    )
    return Table(
        "Table 2",
        "Parameters",
        [
            Column("part"),
            Column("Pan et al. 2019", "published"),
            Column("this network", "published"),
            Column(f"this network on {name}", "measured"),
        ],
        rows,
        f"{here.gflop:.1f} GFLOP a photograph of {here.side} x {here.side} px; {here.stage_1:,} parameters are "
        f"trained in stage 1, {here.stage_2:,} in stage 2. The paper's 23,587,712 for ResNet-50 is Keras' count, with "
        "a bias for each convolution (26,560) and the running means and variances of its batch normalisation (53,120); "
        "without them, as `resnet50` here, it is 23,508,032.",
    )


def backbones_part(study: Study, settings: Mapping[str, SoydanerRecipe]) -> list[Part]:
    """The network on further backbones, which Section 3 mentions without numbers."""
    main = settings[MULTI_TASK].backbone
    names = {main: MULTI_TASK} | {
        recipe.backbone: name for name, recipe in settings.items() if name == on_backbone(recipe.backbone)
    }
    title = "The network on several backbones"
    if len(names) == 1:
        return [Missing("", title, "One backbone was run; `--backbones NAME` runs the network on another one too.")]
    rows: list[list[Cell]] = []
    for backbone, setting in names.items():
        cost = soydaner_cost.cost(backbone)
        stages = [
            measured(study, study.predicted[setting, stage]) if (setting, stage) in study.predicted else None
            for stage in (TRAINING, FINE_TUNING)
        ]
        gap = difference(study, study.final(setting), study.final(MULTI_TASK)) if backbone != main else None
        rows.append([backbone, *stages, gap, cost.outputs_12, cost.gflop])
    columns = ("SRCC, training", "SRCC, fine-tuning", f"less {main}", "parameters, 12 outputs", "GFLOP a photograph")
    return [
        Table(
            "",
            title,
            [Column("backbone"), *(Column(name, "measured") for name in columns)],
            rows,
            "The same photographs, settings and seeds; each backbone at its own size of photographs. Section 3 says "
            "that several pretrained networks were tried and the best was kept; it names no other, prints no numbers.",
        )
    ]


def longer_part(study: Study, long: Result) -> Picture:
    """Section 4.2: what stage 1 does when it goes on."""
    history = long.outcome.history
    first = next(result.outcome.history for result in study.results if result.setting == MULTI_TASK)
    usual = sum(row["stage"] == 1 for row in first)
    losses = [f"{name} {history[usual - 1][key]:.4f} and {history[-1][key]:.4f}" for name, key in _losses(history)]
    lowest = best_epoch(history, 1)
    where = f" The validation loss is lowest after epoch {lowest['epoch']}." if "validation_loss" in lowest else ""
    return Picture(
        "",
        "Stage 1, trained for longer",
        charts.training_curves([history]),
        "Loss and rank correlation by epoch of a longer stage 1.",
        f"Multi-task network, seed 0, first round: {len(history)} epochs, {LONGER_TIMES} times the {usual} that the "
        f"network is trained. After {usual} epochs and at the end: {'; '.join(losses)}.{where} The paper observes that "
        "longer training overfits, without a notable gain (Section 4.2).",
    )


def _losses(history: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    named = [("training loss", "loss"), ("validation loss", "validation_loss"), ("validation SRCC", "validation_srcc")]
    return [(name, key) for name, key in named if key in history[0]]
