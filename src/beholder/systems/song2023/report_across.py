"""The report's tables of one data set's model on another data set."""

from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.errors import BeholderError
from beholder.metrics import Estimate, bootstrap, means, plcc, srcc
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact, short_edge
from beholder.reporting.document import Cell, Column, Missing, Part, Table
from beholder.systems.other_data import OtherScores, network_identity, scores_of_other_data
from beholder.systems.song2023.distribution_metrics import metric_values
from beholder.systems.song2023.experiment import SongConfig
from beholder.systems.song2023.network import Semantic
from beholder.systems.study import Study

ACROSS_COUNT = 300  # photographs of another data set that has no test part


def across_part(study: Study, config: SongConfig, network: Semantic, device: torch.device) -> list[Part]:
    """Table 5: the complete model of the first round on other data sets."""
    rows: list[list[Cell]] = []
    missing = []
    for name in ("tid2013", "biq2021", "ava"):
        if name == study.photos.name:
            continue
        try:
            other = load_data(name, config.beside, drop_leaks=True, drop_missing=name == "ava")
        except BeholderError:
            missing.append(name)
            continue
        scores = _scored(study, config, network, other, device)
        names = (other.tasks[0].name, name, scores.which, len(scores.truth))
        cells = [
            Estimate(key, *names, *bootstrap(metric, scores.truth, scores.predicted))
            for key, metric in (("srcc", srcc), ("plcc", plcc))
        ]
        rows.append([study.photos.name, f"{name} ({other.tasks[0].name})", scores.which, *cells])
    parts: list[Part] = []
    note = (
        "The paper's: trained on AVA, tested on TID2013 without fine-tuning, values lost; its text says that the model "
        "is significantly ahead of two earlier ones in both."
    )
    if rows:
        columns = [
            Column("trained on"),
            Column("tested on"),
            Column("photographs scored"),
            *(Column(m, "measured") for m in ("SRCC, mean", "PLCC, mean")),
        ]
        noted = (
            f"{note} Scored by the complete model of the first round. BIQ2021 rates technical quality, not aesthetics."
        )
        parts.append(Table("Table 5", "Across data sets", columns, rows, noted))
    if missing:
        parts.append(
            Missing(
                "" if rows else "Table 5",
                f"Across data sets: {', '.join(missing)}",
                f"The photographs of {' and '.join(missing)} are not at hand." + ("" if rows else f" {note}"),
            )
        )
    if study.photos.name != "ava":
        parts.append(
            Missing(
                "",
                "The paper's own experiment",
                "AVA's 250,000 photographs are not at hand: `beholder reproduce song2023 --data ava`.",
            )
        )
    return parts


def _scored(
    study: Study, config: SongConfig, network: Semantic, other: RatedPhotos, device: torch.device
) -> OtherScores:
    """Ratings and predicted means for photographs of another data set; kept."""
    values, photos, recipe = metric_values(study), study.fold_splits[0], config.recipe
    return scores_of_other_data(
        other,
        ACROSS_COUNT,
        lambda paths: [_mean(network, path, recipe.side, values, device) for path in paths],
        config.work,
        network_identity(network, photos, recipe, len(recipe.stages)),
        batch=1,  # shapes differ
    )


def _mean(network: Semantic, path: Path, side: int, values: np.ndarray, device: torch.device) -> float:
    found = read_photo(path, (2 * side, 2 * side))
    pixels = resize_exact(found, short_edge(found.width, found.height, side, str(path)))
    with torch.inference_mode():
        maps = network.backbone.forward_features(torch.from_numpy(pixels)[None].permute(0, 3, 1, 2).to(device))
        shares = network.forward_tail(maps).distribution.float().cpu().numpy()
    return float(means(shares, values)[0])
