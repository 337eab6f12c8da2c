"""Whether frames of one series are found, and others kept apart: series made of photographs that set no threshold.

`python -m benchmarks cull` shows it with the rest.

600 photographs of the third part of BIQ2021, which are of different places, are shot in order; every third of them two
to six times, moved, nearer, brighter or darker each time, seconds apart. Then what a camera wrote is taken away: the
times, and at last the file numbers.
"""

import hashlib
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from rich.table import Table

from beholder.culling.frames import Frame
from beholder.culling.layout import SIDE, read_layout
from beholder.culling.series import find_series
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.embedded.harms import Change
from beholder.embedded.series import CHANGES, embed, measure_similarity
from beholder.metrics import b_cubed, ranks
from beholder.photos.metadata import Metadata
from beholder.photos.read import Pixels
from beholder.scoring.model_file import EMBEDDED
from beholder.scoring.scorer import Scorer

PLACES, EVERY, MOST = 600, 3, 6  # photographs; which of them are shot several times, and how often at most
PART = "ss03"  # beginning of the names of the part of BIQ2021 that is of different places
SAME_PICTURE = 0.8  # correlation of two layouts from which a photograph is in the data set twice
PRECISION, RECALL = 0.99, 0.97  # goals
MANY = 10_000  # frames that are grouped for the time
SEED = 14
KNOWN = ("times", "file numbers", "nothing")  # what the camera wrote


@dataclass(frozen=True)
class Shoot:
    """Frames in the order in which they were taken.

    Attributes:
        place: (N,) number of the photograph that each frame is made of.
        seconds: (N,) from the first.
        embeddings: (N, D).
    """

    place: np.ndarray
    seconds: np.ndarray
    embeddings: np.ndarray

    def frames(self, known: str) -> list[Frame]:
        """The frames with what a camera wrote, one of :data:`KNOWN`."""
        begun, names = datetime(2026, 5, 17, 9), np.arange(len(self.place))
        if known == "nothing":
            return [Frame(f"{hashlib.sha256(bytes(str(n), 'ascii')).hexdigest()}.jpg") for n in names]
        if known == "file numbers":
            return [Frame(f"IMG_{number:05}.jpg") for number in names]
        moments = [begun + timedelta(seconds=float(second)) for second in self.seconds]
        return [Frame(f"IMG_{n:05}.jpg", Metadata(captured=moment)) for n, moment in zip(names, moments, strict=True)]


@dataclass(frozen=True)
class Found:
    """How well the series of a shoot were found.

    Attributes:
        precision, recall: B-cubed.
        wrong: series that hold frames of several places.
        split: places whose frames are in several series.
    """

    precision: float
    recall: float
    wrong: int
    split: int


def measure(
    root: Path | None, models: Sequence[str] = EMBEDDED, thresholds: tuple[float, float] | None = None
) -> Iterator[Table | str]:
    """The tables, for each model.

    Args:
        root: folder of data sets.
        models: names of embedded models, or model files.
        thresholds: ``like`` and ``same``; by default those of the model, or learned where its file has none.
    """
    places = different_places(load_data("biq2021", root), PLACES)
    table = Table("model", "like", "same", "known", "precision", "recall", "wrong merges", "places split")
    table.title = f"Series among {PLACES} photographs (goals: precision {PRECISION}, recall {RECALL})"
    speeds = []
    for name in models:
        scorer = Scorer(name)
        like, same = thresholds or similarity_of(scorer, root)
        shoot = make_shoot(scorer, places)
        for known in KNOWN:
            found = grouped(shoot, known, like, same)
            cells = (f"{found.precision:.4f}", f"{found.recall:.4f}", str(found.wrong), str(found.split))
            table.add_row(scorer.info.name, f"{like:.3f}", f"{same:.3f}", known, *cells)
        seconds, megabytes = cost(shoot.embeddings, like, same, MANY)
        speeds.append(f"{scorer.info.name}: {MANY:,} frames in {seconds:.1f} s and {megabytes:.0f} MB")
    yield table
    yield from speeds


def similarity_of(scorer: Scorer, root: Path | None) -> tuple[float, float]:
    """``like`` and ``same`` of a model, learned from OASIS where its file has none."""
    series = scorer.info.series
    return (series.like, series.same) if series else measure_similarity(scorer, load_data("oasis", root))


def different_places(photos: RatedPhotos, count: int) -> RatedPhotos:
    """Photographs of the third part, none of them twice: which are the same picture is told by their layout alone."""
    rows = [row for row, file in enumerate(photos.files) if Path(file).name.startswith(PART)]
    chosen: list[int] = []
    seen = np.zeros((0, SIDE * SIDE), np.float32)
    for row in np.random.default_rng(SEED).permutation(rows):
        layout = read_layout(photos.paths[row])
        grey = np.zeros(0) if layout is None else ranks(layout.ravel()) - (SIDE * SIDE + 1) / 2
        if grey.any():
            grey = (grey / np.linalg.norm(grey)).astype(np.float32)
            if (seen @ grey < SAME_PICTURE).all():
                chosen.append(int(row))
                seen = np.vstack([seen, grey])
        if len(chosen) == count:
            break
    return photos.subset(np.array(chosen))


def make_shoot(scorer: Scorer, places: RatedPhotos) -> Shoot:
    """Shoot each place, every third one several times."""
    rng = np.random.default_rng(SEED)
    taken, place, seconds, now = [], [], [], 0.0
    several = range(0, len(places), EVERY)
    copies = embed(scorer, places, several, [_another] * (MOST - 1))
    whole = embed(scorer, places, range(len(places)), [lambda pixels, rng: pixels])[:, 0]
    for number in range(len(places)):
        now += float(rng.choice((rng.uniform(1, 3), rng.uniform(4, 60), rng.uniform(60, 600)), p=(0.3, 0.4, 0.3)))
        count = int(rng.integers(2, MOST + 1)) if number % EVERY == 0 else 1
        for copy in range(count):
            now += float(rng.uniform(0.2, 2.5)) if copy else 0
            taken.append(copies[number // EVERY, copy - 1] if copy else whole[number])
            place.append(number)
            seconds.append(now)
    return Shoot(np.array(place), np.array(seconds), np.stack(taken).astype(np.float16))


def _another(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The next frame of a series: one or two of moved, nearer, and otherwise exposed."""
    kinds: list[str] = rng.permutation(["crop", "shift", "exposure"])[: int(rng.integers(1, 3))].tolist()
    for kind in sorted(kinds):
        change: Change = CHANGES[kind]
        pixels = change(pixels, rng)
    return pixels


def grouped(shoot: Shoot, known: str, like: float, same: float) -> Found:
    """Group the frames of a shoot and compare with what they are of."""
    series_of = np.empty(len(shoot.place), int)
    wrong = 0
    for number, series in enumerate(find_series(shoot.frames(known), shoot.embeddings, like=like, same=same)):
        members = list(series.members)
        series_of[members] = number
        wrong += len(np.unique(shoot.place[members])) > 1
    split = sum(len(np.unique(series_of[shoot.place == place])) > 1 for place in np.unique(shoot.place))
    return Found(*b_cubed(shoot.place, series_of), wrong, split)


def cost(embeddings: np.ndarray, like: float, same: float, count: int) -> tuple[float, float]:
    """(seconds, megabytes) to group bursts of four, each of another mixture of three frames of a shoot."""
    rng = np.random.default_rng(SEED)
    bursts = -(-count // 4)
    many = np.empty((4 * bursts, embeddings.shape[1]), np.float16)
    for burst in range(bursts):
        mixed = embeddings[rng.integers(len(embeddings), size=3)].astype(np.float32).mean(axis=0)
        noise = rng.standard_normal((4, len(mixed)), np.float32) * np.linalg.norm(mixed) / np.sqrt(len(mixed))
        many[4 * burst : 4 * burst + 4] = mixed + 0.3 * noise
    begun = datetime(2026, 5, 17, 9)
    moments = [begun + timedelta(seconds=30 * (number // 4) + number % 4) for number in range(count)]
    frames = [Frame(f"IMG_{n}.jpg", Metadata(captured=moment)) for n, moment in enumerate(moments)]
    started = time.perf_counter()
    find_series(frames, many[:count], like=like, same=same)
    seconds = time.perf_counter() - started
    tracemalloc.start()
    try:
        find_series(frames, many[:count], like=like, same=same)
        return seconds, tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
