"""The trainings of a study: settings x folds x seeds, each kept as it ends, so that a stopped study goes on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beholder import progress
from beholder.data import split
from beholder.data.folds import fold_parts, folds_of, split_hash
from beholder.data.rated import RatedPhotos
from beholder.files import explained, replacing
from beholder.training.multitask import fit
from beholder.training.recipe import Recipe
from beholder.training.source import Source

FOLDS = 5


@dataclass(frozen=True)
class Result:
    """One training: what it was, and its predictions for photographs that it did not learn from.

    Attributes:
        setting: name of the recipe.
        seed, fold: of the training and of the split.
        history: as in `beholder.training.multitask.Trained`.
        test: (n,) rows of the data set.
        stage1, stage2: (n, T) predictions for them in native units after each stage; ``stage2`` None where left out.
    """

    setting: str
    seed: int
    fold: int
    history: list[dict[str, Any]]
    test: np.ndarray
    stage1: np.ndarray
    stage2: np.ndarray | None


def with_splits(photos: RatedPhotos, folds: int, by_group: bool = False, seed: int = 0) -> list[RatedPhotos]:
    """The published split where there is one, with a validation part; else the first ``folds`` of five rounds.

    In each round a fifth is tested and a tenth of all photographs, from the rest, is for validation.
    """
    if photos.splits is not None:
        return [split(photos, seed)]
    groups = photos.groups if by_group else None
    fold_of = folds_of(len(photos), groups, FOLDS, seed)
    parts = [fold_parts(fold_of, fold, 0.1, seed, groups) for fold in range(min(folds, FOLDS))]
    return [photos.with_splits(part.tolist()) for part in parts]


def run_all(
    rounds: Sequence[RatedPhotos],
    settings: Mapping[str, Recipe],
    seeds: int,
    work: Path,
    source: Source,
    where: torch.device,
) -> list[Result]:
    """Train every setting in every round with every seed, round by round; what is in ``work`` already is read.

    Raises:
        BeholderError: as `beholder.training.multitask.fit`, or ``work`` cannot be written.
    """
    wanted = [(fold, seed, name) for fold in range(len(rounds)) for seed in range(seeds) for name in settings]
    results = []
    with explained(work, "the runs"):
        work.mkdir(parents=True, exist_ok=True)
    for number, (fold, seed, name) in enumerate(wanted, 1):
        recipe = replace(settings[name], seed=seed)
        photos = rounds[fold]
        stem = f"{name.replace(' ', '-')}-seed{seed}-fold{fold}"
        path, checkpoint = work / f"{stem}.json", work / f"{stem}.safetensors"
        made_by = json.loads(
            json.dumps(
                {**asdict(recipe), "data": photos.content_hash, "split": split_hash(photos.files, photos.splits or ())}
            )
        )
        document = _read(path)
        if document.get("made_by") != made_by:
            if document:  # of another recipe, as is the checkpoint that it may have left
                checkpoint.unlink(missing_ok=True)
                path.unlink()
            progress.note(f"training {number} of {len(wanted)}: {name}, seed {seed}, fold {fold}")
            document = {"made_by": made_by, **_train(photos, recipe, checkpoint, source, where)}
            with replacing(path, "a run") as partial, explained(path, "a run"):
                partial.write_text(json.dumps(document))
            if number > 1:  # the first network is looked at afterwards
                checkpoint.unlink(missing_ok=True)
        test = np.array(document["test"])
        stage2 = document["stage2"]
        results.append(
            Result(
                name,
                seed,
                fold,
                document["history"],
                test,
                np.array(document["stage1"]),
                None if stage2 is None else np.array(stage2),
            )
        )
    return results


def _train(
    photos: RatedPhotos, recipe: Recipe, checkpoint: Path, source: Source, where: torch.device
) -> dict[str, Any]:
    trained = fit(photos, recipe, source=source, checkpoint=checkpoint, where=where)
    test = np.flatnonzero(np.array(photos.splits) == "test")
    return {
        "history": trained.history,
        "test": test.tolist(),
        "stage1": trained.stage1[test].tolist(),
        "stage2": None if trained.stage2 is None else trained.stage2[test].tolist(),
    }


def _read(path: Path) -> dict[str, Any]:
    """A finished run, or nothing where there is none or it cannot be read: then it is trained again."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        return {name: found[name] for name in ("made_by", "history", "test", "stage1", "stage2")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
