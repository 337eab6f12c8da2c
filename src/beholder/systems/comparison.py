"""The systems of all papers side by side: the same photographs, the same folds of cross-validation, seed 0.

Each is trained as in its own report (`beholder reproduce PAPER`); finished trainings of that report are reused. Linear
probes on the same backbones and on the default model's features are compared with them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from beholder.data.rated_photos import RatedPhotos, VotedPhotos
from beholder.data.registry import load_data
from beholder.data.vote_distributions import distribution
from beholder.embedded import default
from beholder.errors import BeholderError
from beholder.metrics import Estimate, as_shares, bootstrap_mean, emd
from beholder.models import cost
from beholder.models.backbones.base import create_backbone
from beholder.reporting import charts
from beholder.reporting.document import Cell, Column, Document, Part, Picture, Section, Table, Text
from beholder.systems.registry import SYSTEMS, find_system
from beholder.systems.study import DEFAULT_MODEL_PROBE, ScoredSystem, Study, difference, measured, probe
from beholder.systems.study_plan import check_room
from beholder.systems.study_runs import StudyConfig, split_into_folds
from beholder.terminal import say
from beholder.training.features import compute_features

TIMED_BATCH, TIMED_TURNS = 8, 5  # photographs at a time, and how often each network is timed, all in turn


@dataclass(frozen=True)
class ComparisonConfig:
    """What to compare.

    Attributes:
        data: a data set whose photographs were voted on, such as OASIS.
        root: its folder, as of `beholder.data.registry.load_data`.
        folds: folds of cross-validation to run.
        by_group: keep groups whole.
        drop_leaks: as of `beholder.data.registry.load_data`.
        work: folder in which each paper's trainings are kept, in PAPER-NAME.runs.
        cache: folder of weights and features, the user's cache by default.
    """

    data: str
    root: Path | None
    folds: int
    by_group: bool
    drop_leaks: bool
    work: Path
    cache: Path | None


def side_by_side(config: ComparisonConfig, device: torch.device) -> Document:
    """Train what is not trained yet, and write the comparison.

    Raises:
        BeholderError: as of the papers' own ``reproduce``; data without votes.
    """
    loaded = load_data(config.data, config.root, drop_leaks=config.drop_leaks)
    if loaded.histogram is None:
        raise BeholderError(f"{loaded.name}: no numbers of votes, which one of the systems learns from; choose oasis")
    photos = VotedPhotos.of(loaded)
    fold_splits = split_into_folds(photos, config.folds, config.by_group)
    studies = []
    for name in SYSTEMS:
        functions = find_system(name).functions()
        own = StudyConfig(
            data=config.data,
            root=config.root,
            seeds=1,
            folds=config.folds,
            by_group=config.by_group,
            recipe=functions.recipe_for(config.data),
            drop_leaks=config.drop_leaks,
            work=config.work / f"{name}-{Path(config.data).stem}.runs",
            cache=config.cache,
        )
        studies.append((functions, own))
    arrays = [array for functions, own in studies for array in functions.kept_arrays(own, photos)]
    room = check_room(list({array.place(config.cache): array for array in arrays}.values()), config.cache)
    say(f"{room}; trainings are kept in {config.work}")
    systems = [functions.scored_system(own, fold_splits, device) for functions, own in studies]
    systems += _probes(photos, fold_splits, systems, config.cache)
    tested = np.flatnonzero(np.isfinite(systems[0].mean))
    study = Study(photos, fold_splits, tested, {}, {}, [], config.by_group)
    return Document(
        f"Three systems, linear probes and the default model on {photos.name}",
        [
            f"Data: {photos.name}, {len(photos)} photographs, of which {len(tested)} tested ({study.split}); content "
            f"sha256 `{photos.content_hash[:16]}`. Seed 0. Intervals are 95% bootstrap intervals over photographs.",
        ],
        [
            Section("Side by side", [_table(study, systems, device), _differences(study, systems)]),
            Section("What was run", [Text("Systems", [f"{each.name}: {each.setting}." for each in systems])]),
        ],
    )


def _probes(
    photos: VotedPhotos, fold_splits: Sequence[RatedPhotos], systems: Sequence[ScoredSystem], cache: Path | None
) -> list[ScoredSystem]:
    """Ridge regression on frozen features, on ratings and on shares of votes."""
    votes = distribution(photos.histogram)
    recipe = default.DefaultRecipe()
    dinov2 = default.frozen_features(recipe)
    extractor = default.extractor(recipe)
    found: dict[str, tuple[nn.Module, Sequence[np.ndarray], tuple[int, int]]] = {}
    for system in systems:
        network = create_backbone(system.backbone)
        found.setdefault(f"linear probe on {system.backbone}", (network, system.views, system.size))
    found[DEFAULT_MODEL_PROBE] = (dinov2, list(compute_features(photos, extractor, cache)), extractor.size)
    return [
        ScoredSystem(
            name=name,
            setting="ridge regression on frozen features, one for the mean rating, one for the shares of votes",
            backbone="",
            views=views,
            mean=probe(fold_splits, views)[:, 0],
            shares=as_shares(probe(fold_splits, views, votes)),
            network=nn.Sequential(network, nn.Linear(views[0].shape[1], 1)),
            size=size,
        )
        for name, (network, views, size) in found.items()
    ]


def _table(study: Study, systems: Sequence[ScoredSystem], device: torch.device) -> Table:
    speeds = _speeds(systems, device)
    rows: list[list[Cell]] = []
    for system, speed in zip(systems, speeds, strict=True):
        mean = system.mean[study.rows, None]
        agreement = [measured(study, mean, metric) for metric in ("srcc", "plcc", "rmse")]
        arithmetic = cost.gflop(system.network, system.size)
        rows.append(
            [system.name, *agreement, _emd(study, system), cost.count_parameters(system.network), arithmetic, speed]
        )
    rated = study.photos.tasks[0]
    return Table(
        "",
        f"Agreement with mean {rated.name}, and what it costs",
        [
            Column("system"),
            *(
                Column(title, "measured")
                for title in ("SRCC", "PLCC", "RMSE", "EMD", "parameters", "GFLOP a photograph", "photographs a second")
            ),
        ],
        rows,
        f"RMSE in points of {rated.low:g} to {rated.high:g}. EMD: mean difference of cumulative shares of votes, for "
        "systems that predict them; less is better. Parameters and arithmetic are those of scoring. Photographs a "
        f"second: the network alone, in PyTorch, {TIMED_BATCH} at a time, {torch.get_num_threads()} threads, all "
        f"systems in turn {TIMED_TURNS} times, the median; what carries over to another machine is their ratio.",
    )


def _emd(study: Study, system: ScoredSystem) -> Estimate | None:
    if system.shares is None:
        return None
    distances = emd(distribution(VotedPhotos.of(study.photos).histogram)[study.rows], system.shares[study.rows])
    found = bootstrap_mean(distances)
    return Estimate("EMD", study.photos.tasks[0].name, study.photos.name, study.split, len(distances), *found)


def _differences(study: Study, systems: Sequence[ScoredSystem]) -> Part:
    last = systems[-1]
    rows = []
    for system in systems[:-1]:
        gap = difference(study, system.mean[study.rows, None], last.mean[study.rows, None])
        rows.append((system.name, gap.value, gap.low, gap.high))
    return Picture(
        "",
        f"SRCC less that of {last.name}",
        charts.intervals(rows),
        "Paired differences in SRCC with 95% intervals, and the line of no difference.",
        "On the same photographs; below zero: the default model's features do better.",
    )


def _speeds(systems: Sequence[ScoredSystem], device: torch.device) -> list[float]:
    """Photographs a second of each network alone."""
    networks = [
        system.network.eval().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for system in systems
    ]
    seconds = np.zeros((TIMED_TURNS, len(systems)))
    say("timing the networks")
    with torch.inference_mode():
        for turn in range(-1, TIMED_TURNS):  # the first is not counted
            for place, (network, system) in enumerate(zip(networks, systems, strict=True)):
                pixels = torch.randint(0, 256, (TIMED_BATCH, 3, *system.size), dtype=torch.uint8, device=device)
                started = time.perf_counter()
                network(pixels)
                if device.type == "cuda":
                    torch.cuda.synchronize()
                if turn >= 0:
                    seconds[turn, place] = time.perf_counter() - started
    return [float(value) for value in TIMED_BATCH / np.median(seconds, axis=0)]
