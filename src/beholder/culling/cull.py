"""A shoot from files to decisions: score, find series, look at their frames at full size, decide."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np

from beholder.culling.decisions import Decision, decide, reject_defects
from beholder.culling.frames import Frame, frames_of
from beholder.culling.full_size import Look, look_at
from beholder.culling.keep import Keep, fill_quota
from beholder.culling.measures import Measures
from beholder.culling.preference import FrameEvidence
from beholder.culling.series import Series, find_series
from beholder.culling.shoot import Shot, ShotStore, score_shoot, scores_of
from beholder.culling.table import EXTRA, measured
from beholder.errors import BeholderError
from beholder.output.rows import Row
from beholder.photos.listing.find import Unreadable
from beholder.photos.metadata import Metadata, read_metadata
from beholder.scoring.batch import Result
from beholder.scoring.cores import CoreLimit
from beholder.scoring.extra_columns import ExtraColumns
from beholder.scoring.model_file import ModelInfo, SeriesInfo
from beholder.scoring.scorer import Scorer
from beholder.text import valid_utf8
from beholder.xmp.mark import PAIR_SEPARATOR

Watch = Callable[[Iterator[Result], int], Iterator[Result]]
WatchLooks = Callable[[Iterator[list[Look]], int], Iterator[list[Look]]]


@dataclass(frozen=True)
class Wishes:
    """What a person wants of a cull.

    Attributes:
        keep: how many photographs.
        min_per_scene: so many of each scene are picked first, where there is a number to keep.
        reject_defects: whether frames with a measured defect are rejected.
        measure_all: whether photographs that are alone are looked at in full, too.
        pictures: whether thumbnails and crops are made, for a page.
    """

    keep: Keep = field(default_factory=Keep)
    min_per_scene: int = 1
    reject_defects: bool = False
    measure_all: bool = False
    pictures: bool = False


@dataclass(frozen=True, eq=False)
class Culled:
    """A culled shoot.

    Attributes:
        rows: of the table: series by series, best first; then what could not be read.
        frames: the shots of the rows that have a series, in the same order.
        looks: what was measured of these, in the same order.
        series: number of a series, from 1 -> what it is; its members are places in ``rows``.
        pictures: places in ``rows`` -> thumbnail and crop.
    """

    rows: list[Row]
    frames: list[Frame]
    looks: list[Look]
    series: dict[int, Series]
    pictures: Pictures

    def count(self, decision: str) -> int:
        """How many photographs have this decision."""
        return sum(row["decision"] == decision for row in self.rows)


class Pictures:
    """Thumbnails and crops in a file without a name, so that memory does not grow with their number."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._places = file, dict[int, tuple[int, int, int, bool]]()

    def add(self, place: int, look: Look) -> None:
        """Keep the pictures of a look."""
        start = self._file.seek(0, os.SEEK_END)
        self._file.write(look.thumbnail + look.crop)
        self._places[place] = start, len(look.thumbnail), len(look.crop), look.shown

    def move(self, places: Mapping[int, int]) -> None:
        """Know the pictures by other places: old -> new."""
        self._places = {places[old]: kept for old, kept in self._places.items()}

    def get(self, place: int) -> Look:
        """The pictures that were kept; empty ones if there are none."""
        start, *lengths, shown = self._places.get(place, (0, 0, 0, False))
        self._file.seek(start)
        thumbnail, crop = (self._file.read(length) for length in lengths)
        return Look(None, thumbnail, crop, shown)


def series_info(info: ModelInfo) -> SeriesInfo:
    """What a model knows of series. Raises BeholderError, with what to do, if it knows nothing of them."""
    if info.series is None or not info.series.preference:
        raise BeholderError(
            f"the model {info.name} cannot tell series of photographs: its file does not say how alike they are. Leave"
            " out --model for the default one, or use --fast"
        )
    return info.series


@dataclass(frozen=True, eq=False)
class Scored:
    """A scored shoot.

    Attributes:
        shots: one for each frame, in the same order, then one for each place that could not be listed.
        frames: in natural order of their paths.
    """

    shots: list[Shot]
    frames: list[Frame]


def score_frames(
    scorer: Scorer,
    listing: Iterable[str | Unreadable],
    extras: Sequence[ExtraColumns],
    *,
    journal: Path | None = None,
    resume: bool = False,
    store: ShotStore | None = None,
    batch: int | None = None,
    workers: int | None = None,
    threads: int | None = None,
    watch: Watch = lambda results, total: results,
) -> Scored:
    """Score the shots that files are of.

    Args:
        scorer: the model.
        listing: paths, and places that could not be listed or hold no photograph.
        extras: what is added to the scores.
        journal, resume, store, batch, workers, threads: as :func:`beholder.culling.shoot.score_shoot` takes them.
        watch: wraps the results on their way, to count them or to stop; gets how many there will be.

    Raises:
        BeholderError: the journal cannot be written, or another run is writing it.
    """
    listed = list(listing)
    frames = frames_of({item: read_metadata(item) for item in listed if isinstance(item, str)})
    items: list[str | Unreadable] = [frame.path for frame in frames]
    items += [item for item in listed if not isinstance(item, str)]
    shots = score_shoot(
        scorer,
        items,
        (EXTRA, *extras),
        journal=journal,
        resume=resume,
        store=store,
        batch=batch,
        workers=workers,
        threads=threads,
        watch=lambda results: watch(results, len(items)),
    )
    return Scored(shots, frames)


@contextmanager
def cull(
    model: ModelInfo,
    scored: Scored,
    extras: Sequence[ExtraColumns],
    wishes: Wishes,
    *,
    workers: int | None = None,
    threads: int | CoreLimit | None = None,
    known: MutableMapping[str, Measures] | None = None,
    watch: WatchLooks = lambda looks, total: looks,
) -> Iterator[Culled]:
    """Decide what becomes of each photograph of a scored shoot.

    Args:
        model: that scored it.
        scored: the whole shoot.
        extras: what is added to the scores.
        wishes: what is wanted.
        workers, threads: as :func:`beholder.culling.full_size.look_at` takes them.
        known: what was measured before, as :func:`beholder.culling.full_size.look_at` takes it.
        watch: wraps the looks at full size on their way; gets how many groups there will be.

    Yields:
        The result. Its pictures are gone at the end of the block.

    Raises:
        BeholderError: the model knows nothing of series.
    """
    info = series_info(model)

    def look(groups: Sequence[Sequence[Shot]], measured: Sequence[bool]) -> Iterator[list[Look]]:
        looks = look_at(
            groups, measured=measured, pictures=wishes.pictures, workers=workers, threads=threads, known=known
        )
        return watch(looks, len(groups))

    with TemporaryFile() as file:
        yield _decided(model, info, scored.shots, scored.frames, extras, wishes, Pictures(file), look)


def _decided(
    model: ModelInfo,
    info: SeriesInfo,
    shots: Sequence[Shot],
    frames: Sequence[Frame],
    extras: Sequence[ExtraColumns],
    wishes: Wishes,
    pictures: Pictures,
    look: Callable[[Sequence[Sequence[Shot]], Sequence[bool]], Iterator[list[Look]]],
) -> Culled:
    known = [place for place in range(len(frames)) if shots[place].is_scored]
    embeddings = np.stack([shots[place].embedding for place in known]) if known else np.zeros((0, 1), np.float16)
    found = find_series([frames[place] for place in known], embeddings, like=info.like, same=info.same)
    groups = [_medoid_first(each) for each in found]
    measured_ones = [wishes.measure_all or len(group) > 1 for group in groups]
    scored = [[shots[known[number]] for number in group] for group in groups]
    looks: dict[int, Look] = {}
    for group, seen in zip(groups, look(scored, measured_ones), strict=True):
        for number, found_one in zip(group, seen, strict=True):
            looks[number] = Look(found_one.measures)
            if wishes.pictures:
                pictures.add(number, found_one)
    evidence = [_evidence(model, extras, shots[known[number]], looks[number]) for number in range(len(known))]
    decisions = _decisions(info, found, [frames[place] for place in known], evidence, embeddings, wishes)
    return _culled(shots, frames, known, found, looks, decisions, pictures)


def _medoid_first(series: Series) -> list[int]:
    return [series.medoid, *(number for number in series.members if number != series.medoid)]


def _evidence(model: ModelInfo, extras: Sequence[ExtraColumns], shot: Shot, look: Look) -> FrameEvidence:
    """What a frame is compared by; one person's taste stands for the overall score where there is one."""
    scores = scores_of(shot.row)
    scores["overall"] = scores.get("overall", 0.0)
    for each in extras:
        for task in each.tasks:
            if task.name == each.rank_by and task.name in scores:
                points = (task.high - task.low) / (model.tasks[0].high - model.tasks[0].low)
                return FrameEvidence(scores | {"overall": scores[task.name] / points}, look.measures, task.name, points)
    return FrameEvidence(scores, look.measures)


def _decisions(
    info: SeriesInfo,
    found: Sequence[Series],
    frames: Sequence[Frame],
    evidence: Sequence[FrameEvidence],
    embeddings: np.ndarray,
    wishes: Wishes,
) -> list[Decision]:
    decisions: dict[int, Decision] = {}
    series_of, scene_of = [0] * len(frames), [0] * len(frames)
    for number, series in enumerate(found):
        members = series.members
        names = _names([frames[member].path for member in members])
        of_series = decide(info, series.kind, [evidence[member] for member in members], names)
        for member, decision in zip(members, of_series, strict=True):
            decisions[member], series_of[member], scene_of[member] = decision, number, series.scene
    ordered = [decisions[number] for number in range(len(frames))]
    if wishes.reject_defects:
        ordered = reject_defects(ordered, evidence, series_of, scene_of)
    count = wishes.keep.of(len(frames))
    if count is not None:
        scores = np.array([each.scores["overall"] for each in evidence])
        matrix = embeddings.astype(np.float32)
        names_of_score = evidence[0].score_name if evidence else "overall"
        ordered = fill_quota(ordered, scores, matrix, series_of, scene_of, count, wishes.min_per_scene, names_of_score)
    return ordered


def _names(paths: Sequence[str]) -> list[str]:
    """What files are called in reasons: their names, with as much of their folders as it takes to tell them apart."""
    for parts in range(1, 1 + max(path.count(os.sep) for path in paths)):
        names = [os.sep.join(path.split(os.sep)[-parts:]) for path in paths]
        if len(set(names)) == len(paths):
            return names
    return list(paths)


def _culled(
    shots: Sequence[Shot],
    frames: Sequence[Frame],
    known: Sequence[int],
    found: Sequence[Series],
    looks: dict[int, Look],
    decisions: Sequence[Decision],
    pictures: Pictures,
) -> Culled:
    rows: list[Row] = []
    ordered: list[Frame] = []
    seen: list[Look] = []
    series: dict[int, Series] = {}
    place_of: dict[int, int] = {}
    for number, each in enumerate(found, 1):
        members = sorted(each.members, key=lambda member: (decisions[member].rank, each.members.index(member)))
        for member in members:
            frame, decision = frames[known[member]], decisions[member]
            place_of[member] = len(rows)
            rows.append(
                shots[known[member]].row
                | {
                    "series": number,
                    "kind": each.kind,
                    "size": len(each.members),
                    "rank": decision.rank,
                    "decision": decision.decision,
                    "reason": valid_utf8(decision.reason.text),
                    "reason_code": decision.reason.code,
                    "p_best": None if decision.p_best is None else round(decision.p_best, 4),
                    "scene": each.scene + 1,
                }
                | measured(looks[member].measures)
                | _of_metadata(frame)
            )
            ordered.append(frame)
            seen.append(looks[member])
        series[number] = replace(each, members=tuple(place_of[member] for member in members))
    pictures.move(place_of)
    failed = set(range(len(shots))) - set(known)
    for place in sorted(failed):
        about = _of_metadata(frames[place]) if place < len(frames) else {}
        empty = {name: "" for name, kind in EXTRA.kinds.items() if kind is str}
        said = {"reason": "could not be read", "reason_code": "unreadable"}
        rows.append(shots[place].row | empty | said | about)
    return Culled(rows, ordered, seen, series, pictures)


def _of_metadata(frame: Frame) -> dict[str, Any]:
    return {
        "captured": captured_text(frame.metadata),
        "camera": valid_utf8(frame.metadata.camera or ""),
        "paired_with": valid_utf8(PAIR_SEPARATOR.join(frame.paired)),
    }


def captured_text(metadata: Metadata) -> str:
    """When a shot was taken, as ISO 8601 by the camera's clock, with its time zone where it is known; or empty."""
    if metadata.captured is None:
        return ""
    text = metadata.captured.isoformat(timespec="milliseconds" if metadata.captured.microsecond else "seconds")
    if metadata.utc_offset is None:
        return text
    minutes = round(metadata.utc_offset.total_seconds() / 60)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"{text}{sign}{math.floor(hours):02d}:{rest:02d}"
