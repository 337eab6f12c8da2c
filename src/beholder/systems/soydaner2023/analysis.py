"""Analyses of one trained network: Grad-CAM, its faithfulness, and scores of other data sets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beholder import progress
from beholder.data.registry import load_data
from beholder.errors import BeholderError
from beholder.evaluation.faithfulness import CellOrder, Deletion, coarsen, deletion_test
from beholder.files import read_json, write_json
from beholder.metrics import Estimate, bootstrap, srcc
from beholder.models.gradcam import grad_cam, layer_names, task_target
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.reporting import charts, photo_sheets
from beholder.reporting.document import Cell, Column, Missing, Part, Picture, Table
from beholder.systems.other_data import network_identity, scores_of_other_data
from beholder.systems.soydaner2023.network import MultiTask
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.study import Study
from beholder.terminal import say

GRAD_CAM_LAYERS = {  # after the ReLU of the layers that stage 2 trains (Figures 8, 13), and of the last one
    "block4_conv2": "backbone.features.20",
    "block4_conv3": "backbone.features.22",
    "block5_conv3": "backbone.features.29",
}
DELETION_PHOTOS = 100  # photographs of the deletion test
DELETION_SHARES = (0.05, 0.1, 0.2)
DELETION_CELLS = 10  # a side at most, for fewer and larger ones hide less by chance than many small ones
EXTREMES_SHOWN = 2  # photographs of a low and of a high rating with maps
ACROSS_COUNT = 500  # photographs of another data set that has no test part


@dataclass(frozen=True)
class TrainedNetwork:
    """One trained network and its data.

    Attributes:
        study: of the training; the network is that of the first fold and seed 0.
        network: of the last stage, in evaluation mode.
        stage: number of that stage.
        recipe: of its training.
        work: folder of kept results.
        root: folder of other data sets, as of `beholder.data.registry.load_data`.
        device: device of the network.
    """

    study: Study
    network: MultiTask
    stage: int
    recipe: SoydanerRecipe
    work: Path
    root: Path | None
    device: torch.device

    @property
    def side(self) -> int:
        return self.recipe.side or self.network.backbone.side

    @property
    def test(self) -> np.ndarray:
        """Rows that this network was tested on."""
        return np.flatnonzero(np.array(self.study.fold_splits[0].splits) == "test")

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Key of what is kept of it."""
        return network_identity(self.network, self.study.fold_splits[0], self.recipe, self.stage)

    def pixels(self, paths: Sequence[Path]) -> np.ndarray:
        side = self.side
        return np.stack([resize_exact(read_photo(path, (2 * side, 2 * side)), (side, side)) for path in paths])

    def score(self, pixels: np.ndarray) -> np.ndarray:
        """(B, H, W, 3) -> (B,) overall score in native units."""
        with torch.inference_mode():
            unit = self.network(self._tensor(pixels))[:, 0].float().cpu().numpy()
        return self.study.photos.tasks[0].from_unit(unit)

    def grad_cam(self, pixels: np.ndarray, layer: str, index: int = 0) -> np.ndarray:
        """(B, H, W, 3) -> (B, rows, columns) Grad-CAM in points of a task's score."""
        scale = self.study.photos.tasks[index]
        found = [
            grad_cam(self.network, self._tensor(part), task_target(index), layer).cpu().numpy()
            for part in np.array_split(pixels, -(-len(pixels) // 8))
        ]
        return np.concatenate(found) * (scale.high - scale.low)

    def _tensor(self, pixels: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self.device)


def maps(seen: TrainedNetwork, number: str) -> list[Part]:
    """Figures 8 and 13, and how faithful such maps are."""
    study, names = seen.study, layer_names(seen.network)
    layers = {label: name for label, name in GRAD_CAM_LAYERS.items() if name in dict(seen.network.named_modules())}
    if seen.recipe.backbone != "vgg16":
        layers = {"last convolution": names[-1]} if names else {}
    title = "Grad-CAM for the photographs rated lowest and highest"
    if seen.recipe.backbone == "dinov2_vits14" or not layers:
        return [Missing(number, title, "This backbone has no convolutional layer behind its first.")]
    rated = study.photos.tasks[0]
    test = seen.test
    order = test[np.argsort(study.photos.ratings[test, 0])]
    chosen = [*order[:EXTREMES_SHOWN], *order[-EXTREMES_SHOWN:]]
    pixels = seen.pixels([study.photos.paths[row] for row in chosen])
    scores = seen.score(pixels)
    found = [seen.grad_cam(pixels, layer) for layer in layers.values()]
    captions = [
        f"rated {study.photos.ratings[row, 0]:.2f}, predicted {value:.2f}"
        for row, value in zip(chosen, scores, strict=True)
    ]
    parts: list[Part] = [
        Picture(
            number,
            title,
            photo_sheets.heat_maps(
                list(pixels), [[maps[index] for maps in found] for index in range(len(chosen))], list(layers), captions
            ),
            "Photographs with signed heat maps of several layers.",
            f"The {EXTREMES_SHOWN} tested photographs with the lowest and the {EXTREMES_SHOWN} with the highest rating "
            f"of {rated.name}; the paper shows one of each. Maps are signed, in points of {rated.name}, on one scale a "
            "layer: orange raises the score, blue lowers it. The paper shows positive evidence only, of the two layers "
            "that it fine-tunes.",
        )
    ]
    counted = test[:DELETION_PHOTOS]
    for label, layer in layers.items():
        if label != "block4_conv2":
            parts += _faithfulness(seen, label, layer, counted)
    return parts


def _faithfulness(seen: TrainedNetwork, label: str, layer: str, rows: np.ndarray) -> list[Part]:
    result = _cached_deletion(seen, label, layer, rows)
    names: dict[CellOrder, str] = {
        "raising": "highest first",
        "lowering": "lowest first",
        "important": "largest first, whatever its sign",
        "random": "random",
    }
    changes = {text: result.change(kind) for kind, text in names.items()}
    curves = {text: (change.mean, change.low, change.high) for text, change in changes.items()}
    others: tuple[CellOrder, ...] = ("important", "raising", "lowering")
    compared = (result.movement("random"), *(result.margin(kind) for kind in others))
    rows_: list[list[Cell]] = [
        [
            f"{share:.0%}",
            *(
                Estimate(
                    "movement",
                    "",
                    "",
                    "",
                    len(rows),
                    float(curve.mean[step]),
                    float(curve.low[step]),
                    float(curve.high[step]),
                )
                for curve in compared
            ),
        ]
        for step, share in enumerate(result.shares)
    ]
    return [
        Picture(
            "",
            f"Faithfulness of Grad-CAM at {label}",
            charts.deletion_curves(result.shares, curves),
            "Change of the score by the share of cells that are blurred away, for four orders of cells.",
            f"{len(rows)} tested photographs, the network of seed 0 and the first round. Maps that point at what "
            "matters separate from the line of random cells.",
        ),
        Table(
            "",
            f"The same in numbers, {label}: how far the score moves, in points",
            [
                Column("cells blurred"),
                Column("random cells", "measured"),
                Column("important cells, more than random", "measured"),
                Column("raising cells, more than random", "measured"),
                Column("lowering cells, more than random", "measured"),
            ],
            rows_,
            "Absolute change of the score; differences are paired by photograph. An interval above zero: these cells "
            "matter more than random ones.",
        ),
    ]


def _cached_deletion(seen: TrainedNetwork, label: str, layer: str, rows: np.ndarray) -> Deletion:
    """The deletion test; its kept result if it was run before on the same network and photographs."""
    path = seen.work / f"deletion-{label.replace(' ', '-')}.json"
    what = {"rows": rows.tolist(), "shares": DELETION_SHARES, "cells": DELETION_CELLS, "layer": layer}
    key = json.loads(json.dumps({**seen.identity, **what}))
    document = read_json(path)
    if document.get("key") != key:
        say(f"deletion test at {label}: {len(rows)} photographs")
        parts = []
        with progress.bar(f"deletion at {label}", len(rows)) as bar:
            for part in np.array_split(rows, -(-len(rows) // 4)):
                pixels = seen.pixels([seen.study.photos.paths[row] for row in part])
                maps = _cells(seen.grad_cam(pixels, layer))
                parts.append(deletion_test(seen.score, pixels, maps, DELETION_SHARES, seed=int(part[0]), draws=1))
                bar.advance(bar.task_ids[0], len(part))
        whole = Deletion.concatenate(parts)
        changes = {kind: values.tolist() for kind, values in whole.changes.items()}
        document = {"key": key, "shares": whole.shares.tolist(), "changes": changes}
        write_json(path, document)
    return Deletion(
        np.array(document["shares"]),
        {kind: np.array(values, dtype=float) for kind, values in document["changes"].items()},
    )


def _cells(found: np.ndarray) -> np.ndarray:
    """(B, side, side) maps on the finest grid of at most ``CELLS`` a side that divides theirs."""
    return coarsen(found, max(cells for cells in range(1, DELETION_CELLS + 1) if found.shape[1] % cells == 0))


def across(seen: TrainedNetwork, name: str) -> tuple[Estimate, str] | None:
    """SRCC of our overall score with another data set's, and which photographs; None if they are missing."""
    try:
        other = load_data(name, seen.root, drop_leaks=True)
    except BeholderError:
        return None
    scores = scores_of_other_data(
        other,
        ACROSS_COUNT,
        lambda paths: seen.score(seen.pixels(paths)).tolist(),
        seen.work,
        seen.identity,
        batch=16,
    )
    value, low, high = bootstrap(srcc, scores.truth, scores.predicted)
    count = len(scores.truth)
    return Estimate("srcc", other.tasks[0].name, name, scores.which, count, value, low, high), scores.which
