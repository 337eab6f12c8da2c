"""Scores of a trained network for photographs of another data set."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.files import read_json, write_json
from beholder.models.weights import digest
from beholder.terminal import say
from beholder.training.supervised import training_identity


@dataclass(frozen=True)
class OtherScores:
    """Ratings of n photographs of another data set, and what a network says of them.

    Attributes:
        truth: (n,) ratings of the first task.
        predicted: (n,) scores.
        which: of its photographs were scored, in words.
    """

    truth: np.ndarray
    predicted: np.ndarray
    which: str


def network_identity(network: nn.Module, photos: RatedPhotos, recipe: Any, stage: int) -> dict[str, Any]:
    """What the answers of a trained network depend on, as a key of what is kept of them.

    Settings, pretrained weights, data and split of its training; the stage; and its values.
    """
    values = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    return {**training_identity(photos, recipe), "stage": stage, "network": digest(values)}


def rows_to_score(other: RatedPhotos, most: int) -> tuple[np.ndarray, str]:
    """Rows of the whole test part of a data set; at most ``most``, drawn with seed 0, where it has none. And in words.

    Args:
        most: photographs of a data set without a test part.
    """
    if other.splits is not None and "test" in other.splits:
        rows = np.flatnonzero(np.array(other.splits) == "test")
        return rows, f"its test part, {len(rows)} ({other.split_words})"
    rows = np.sort(np.random.default_rng(0).permutation(len(other))[:most])
    if len(rows) == len(other):
        return rows, f"all {len(other)}; no split"
    return rows, f"{len(rows)} of {len(other)}, drawn with seed 0; no split"


def scores_of_other_data(
    other: RatedPhotos,
    most: int,
    score: Callable[[Sequence[Path]], list[float]],
    folder: Path,
    identity: Mapping[str, Any],
    *,
    batch: int,
) -> OtherScores:
    """Ratings and scores of the photographs that `rows_to_score` chooses.

    Args:
        score: photographs -> their scores.
        folder: where the scores are kept; they are read from there if nothing changed.
        identity: of the network that scores, as `network_identity` gives it.
        batch: photographs at a time.
    """
    rows, which = rows_to_score(other, most)
    path = folder / f"across-{other.name}.json"
    wanted = json.loads(json.dumps({**identity, "other": other.content_hash, "rows": rows.tolist()}))
    document = read_json(path)
    if document.get("key") != wanted:
        say(f"across data sets: {len(rows)} photographs of {other.name}")
        scores: list[float] = []
        with progress.bar(f"photographs of {other.name}", len(rows)) as bar:
            for part in np.array_split(rows, -(-len(rows) // batch)):
                scores += score([other.paths[row] for row in part])
                bar.advance(bar.task_ids[0], len(part))
        document = {"key": wanted, "scores": scores}
        write_json(path, document)
    return OtherScores(other.ratings[rows, 0], np.array(document["scores"], dtype=float), which)
