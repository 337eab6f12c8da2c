"""Scores of a trained network for photographs of another data set."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.files import read_json, write_json
from beholder.terminal import say


def scores_of_other_data(
    other: RatedPhotos,
    count: int,
    score: Callable[[Sequence[Path]], list[float]],
    folder: Path,
    key: Sequence[Any],
    *,
    batch: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Ratings and scores of ``count`` photographs, drawn with seed 0 from the test part where there is one.

    Args:
        score: photographs -> their scores.
        folder: where the scores are kept; they are read from there if nothing changed.
        key: what the scores depend on.
        batch: photographs at a time.
    """
    path = folder / f"across-{other.name}.json"
    wanted = json.loads(json.dumps([*key, other.content_hash, count]))
    document = read_json(path)
    if document.get("key") != wanted:
        rows = np.flatnonzero(np.array(other.splits) == "test") if other.splits else np.arange(len(other))
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:count])
        say(f"across data sets: {len(rows)} photographs of {other.name}")
        scores: list[float] = []
        with progress.bar(f"photographs of {other.name}", len(rows)) as bar:
            for part in np.array_split(rows, -(-len(rows) // batch)):
                scores += score([other.paths[row] for row in part])
                bar.advance(bar.task_ids[0], len(part))
        document = {"key": wanted, "rows": rows.tolist(), "scores": scores}
        write_json(path, document)
    return other.ratings[document["rows"], 0], np.array(document["scores"], dtype=float)
