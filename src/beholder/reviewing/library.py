"""The photographs of one folder while they are reviewed: what is known of each, and since which version.

A thread of its own lists the folder, scores what the state file does not know yet, finds series, and measures their
frames. Whoever asks meanwhile gets what is known so far. Each change gives a photograph a new version, so that a page
asks only for what has changed since it last did.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import monotonic, time
from typing import Any

import numpy as np

from beholder.culling.cull import Scored, Wishes, captured_text, cull
from beholder.culling.frames import Frame, frames_of
from beholder.culling.full_size import Look
from beholder.culling.measures import Measures
from beholder.culling.shoot import Shot, subject_map, unit
from beholder.culling.table import measured
from beholder.errors import BeholderError
from beholder.files import hidden_beside, open_locked, remove
from beholder.output.rows import Row, columns_of, detail_names, row_of, score_names
from beholder.photos.listing.find import Unreadable
from beholder.photos.metadata import read_metadata
from beholder.photos.read import read_bytes
from beholder.reviewing.found import said_of
from beholder.reviewing.state import FIELDS, Decided, Fields, Known, State, stamp
from beholder.reviewing.taste import Learned, Lesson, learn
from beholder.scoring.batch import Result, score_photos
from beholder.scoring.cores import CoreLimit
from beholder.scoring.extra_columns import model_extras
from beholder.scoring.scorer import Scorer
from beholder.tasks import UNLIKE
from beholder.text import one_line, printable, valid_utf8
from beholder.xmp.places import Siblings, siblings

LISTING, SCORING, GROUPING, MEASURING, DONE = "listing", "scoring", "grouping", "measuring", "done"
_SUGGESTED = ("series", "kind", "scene", "size", "rank", "decision", "reason", "p_best")
_MEASURED = {  # names on the page -> of the table
    "sharpness_subject": "sharpness_subject",
    "sharpness_best": "sharpness_best",
    "motion": "motion_measured",
    "clipped_high": "clipped_high",
    "clipped_low": "clipped_low",
    "noise": "noise_measured",
}
KEEP_EVERY = 5.0  # seconds after which what was measured so far is kept
LEARN_AFTER = 0.5  # seconds without a decision, before a taste is fitted


@dataclass(eq=False)
class Entry:
    """One photograph.

    Attributes:
        number: by which the page knows it: its place in the listing, the same while the program runs.
        frame: its files and when it was taken.
        sha256: of its content; empty until it was read.
        photograph: what it is called in decisions, see :meth:`beholder.reviewing.state.State.photograph`.
        known: its scores; None until there are some.
        error: why it cannot be scored; empty where it can.
        suggestion: cells of its row of `beholder cull`: series, rank, reason, measures; empty until series are known.
        decided: what stands.
        taste: what this person would rate it; None where that is not told.
        version: of the library when it changed last.
    """

    number: int
    frame: Frame
    sha256: str = ""
    photograph: str = ""
    known: Known | None = None
    error: str = ""
    suggestion: Row = field(default_factory=dict)
    decided: Decided = field(default_factory=Decided)
    taste: float | None = None
    version: int = 0

    @property
    def path(self) -> str:
        """Of the file that stands for the shot."""
        return self.frame.path


@dataclass(frozen=True)
class Progress:
    """How far the work in the background is: stage, and how much of it is done."""

    stage: str = LISTING
    done: int = 0
    total: int = 0


class Library:
    """The photographs of one folder.

    Args:
        folder: that is reviewed; names are shown from there.
        listing: gives paths, and places that could not be listed; called in the background.
        scorer: the model.
        state: what is known from before, and where everything is kept.
        say: is called with one line about what went wrong in the background.
        workers: decoding threads; by default as many as ``threads``, or one per core.
        threads: cores that are used at once, by what decodes, computes and makes pictures.
    """

    def __init__(
        self,
        folder: str,
        listing: Callable[[], Iterable[str | Unreadable]],
        scorer: Scorer,
        state: State,
        *,
        say: Callable[[str], object] = lambda line: None,
        workers: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.folder, self.scorer, self.state = os.path.abspath(folder), scorer, state
        self.extras = model_extras(scorer.info)
        self.columns = columns_of(scorer.info.tasks, self.extras)
        tasks = scorer.info.tasks
        self._shown = (*score_names(tasks), "low", "high", "percentile", *detail_names(tasks))
        self.cores = CoreLimit.of(threads)
        self.entries: list[Entry] = []
        self.failed: list[tuple[str, str]] = []
        self.progress = Progress()
        self.learned = Learned()
        # A page that stayed open while the program was started again has an older version: all are higher.
        self.version = int(time() * 1000)
        self._folder_of = cache(self._relative)
        self._listing, self._say, self._workers = listing, say, workers
        self._lock = threading.RLock()
        self._by_name: dict[str, list[Entry]] = {}
        self._step, self._is_told = 0, False
        self._beside: Siblings = siblings  # while many are looked at, one that remembers
        self._stopping, self._to_learn = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=f"beholder {name}", daemon=True)
            for name, work in (("review", self._fill), ("taste", self._learn))
        ]

    # What a page asks for

    def start(self) -> None:
        """Begin the work in the background."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """End the work in the background; what is scored is kept."""
        self._stopping.set()
        self._to_learn.set()
        until = monotonic() + patience
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - monotonic()))

    def entry(self, number: int) -> Entry:
        """A photograph by its number. Raises KeyError if there is none."""
        with self._lock:
            if not 0 <= number < len(self.entries):
                raise KeyError(number)
            return self.entries[number]

    def since(self, version: int) -> tuple[int, list[dict[str, Any]]]:
        """The version, and the photographs that changed after an earlier one."""
        self.refresh()
        with self._lock:
            return self.version, [self.described(entry) for entry in self.entries if entry.version > version]

    def refresh(self) -> list[Entry]:
        """Take over what was decided, by this process or another one. Returns the photographs that changed."""
        with self._lock:
            step, photographs = self.state.changed_after(self._step)
            if step == self._step:
                return []
            now = self.state.decided(photographs)
            changed = [entry for each in photographs for entry in self._by_name.get(each, ())]
            for entry in changed:
                entry.decided = now.get(entry.photograph, Decided())
            self._touch(changed)
            self._step = step
        self._to_learn.set()
        return sorted(changed, key=lambda entry: entry.number)

    def decide(self, changes: Sequence[tuple[int, Fields]], what: str) -> list[Entry]:
        """Keep what a person decided; one step to undo.

        Args:
            changes: number of a photograph, and the fields that change.
            what: in words.

        Returns:
            The photographs that changed.

        Raises:
            KeyError: there is no such photograph.
            BeholderError: it could not be kept, or a photograph cannot be read to know it by its content.
        """
        by_name: dict[str, Fields] = {}
        for number, fields in changes:
            entry = self.entry(number)
            self.content_of(entry)
            by_name[entry.photograph] = {**by_name.get(entry.photograph, {}), **fields}
        self.state.decide(by_name, what)
        return self.refresh()

    def content_of(self, entry: Entry) -> str:
        """The sha256 of a photograph, which is read if that is not known. Raises BeholderError if it cannot be."""
        if not entry.sha256:
            at = _stamp(entry.path)
            self._recognise(entry, hashlib.sha256(read_bytes(entry.path)).hexdigest(), at)
        return entry.sha256

    def described(self, entry: Entry) -> dict[str, Any]:
        """What the page knows of a photograph."""
        row = entry.known.shot.row if entry.known else {}
        suggested = entry.suggestion
        captured = captured_text(entry.frame.metadata)
        folder = self._folder_of(os.path.dirname(entry.path))
        described = {
            "i": entry.number,
            "name": valid_utf8(os.path.basename(entry.path)),
            "folder": folder,
            "paired": [valid_utf8(os.path.basename(path)) for path in entry.frame.paired],
            "captured": captured or None,
            "day": captured[:10] or None,
            "camera": valid_utf8(entry.frame.metadata.camera or ""),
            "width": row.get("width"),
            "height": row.get("height"),
            "scores": {name: row.get(name) for name in self._shown} if row else None,
            "taste": entry.taste,
            "unlike": bool(row.get(UNLIKE)),
            **{name: suggested.get(name) for name in _SUGGESTED if name != "decision"},
            "suggestion": suggested.get("decision"),
            "measures": None,
            **{name: entry.decided.values.get(name) for name in FIELDS},
            "who": entry.decided.source,
            "error": entry.error or None,
        }
        if suggested.get("sharpness_best") is not None:
            described["measures"] = {name: suggested.get(column) for name, column in _MEASURED.items()}
        return described

    def _relative(self, folder: str) -> str:
        name = os.path.relpath(os.path.abspath(folder), self.folder)
        return "" if name == os.curdir else valid_utf8(name)

    def lesson(self) -> Lesson:
        """What a taste can be learned from: the scored photographs, and what was decided."""
        with self._lock:
            entries = [entry for same in self._by_name.values() if (entry := same[0]).known]
            return Lesson([(entry.known, entry.decided) for entry in entries if entry.known])

    # In the background

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BeholderError as error:
            if not self._stopping.is_set():
                self._fail(str(error))
        except Exception as error:  # the page stays up, with what there is
            self._fail(f"the work in the background ended: {type(error).__name__}: {one_line(error)}")

    def _fail(self, line: str) -> None:
        self._say(line)
        with self._lock:
            self.failed.append((os.path.basename(self.folder), valid_utf8(line)))
            self.progress = Progress(DONE, self.progress.done, self.progress.total)
            self._touch(())

    def _fill(self) -> None:
        listed = list(self._listing())
        frames = frames_of({item: read_metadata(item) for item in listed if isinstance(item, str)})
        with self._lock:
            self.entries = [Entry(number, frame) for number, frame in enumerate(frames)]
            self.failed += [
                (valid_utf8(item.path), valid_utf8(item.error.removeprefix(f"{printable(item.path)}: ")))
                for item in listed
                if not isinstance(item, str)
            ]
            self._report(SCORING, 0, len(frames))
            self._touch(self.entries)
        self._beside = cache(siblings)
        self._score()
        self._beside = siblings
        self._to_learn.set()
        if self._stopping.is_set():
            return
        if self.scorer.info.series is not None and self.scorer.info.series.preference:
            self._suggest()
        self._report(DONE, len(self.entries), len(self.entries))

    def _score(self) -> None:
        unknown = []
        for entry in self.entries:
            if self._stopping.is_set():
                return
            sha256 = self.state.digest(entry.path)
            known = self.state.scores(sha256, self.scorer.id, entry.path) if sha256 else None
            if sha256 and known:
                self._recognise(entry, sha256, None)
                self._learn_scores(entry, known)
            else:
                unknown.append(entry)
        with _first_of_several(self.state.path) as is_first:
            self._score_all(unknown if is_first else unknown[::-1])  # two programs meet in the middle

    def _score_all(self, unknown: Sequence[Entry]) -> None:
        at: dict[str, tuple[int, int] | None] = {}

        def paths() -> Iterator[str]:
            for entry in unknown:
                at[entry.path] = _stamp(entry.path)
                yield entry.path

        results = score_photos(
            self.scorer,
            paths(),
            workers=self._workers,
            threads=self.cores,
            hashed=True,
            known=lambda path, sha256: self.state.scores(sha256, self.scorer.id, path) is not None,
        )
        for entry, result in zip(unknown, results, strict=False):
            if self._stopping.is_set():
                break
            self._take(entry, result, at.pop(entry.path))
        results.close()  # type: ignore[attr-defined]  # a generator

    def _take(self, entry: Entry, result: Result, at: tuple[int, int] | None) -> None:
        """Take over one result, and keep it."""
        if result.sha256:
            self._recognise(entry, result.sha256, at)
        known = None
        if result.scores is not None:
            row = row_of(result, self.columns, self.extras)
            embedding = result.scores.embedding[0]
            shot = Shot(entry.path, row, unit(embedding), subject_map(result.scores))
            length = float(np.linalg.norm(embedding.astype(np.float32)))
            known = Known(shot, result.scores.values[0].astype(np.float32), length)
            with self._kept_if_possible():
                self.state.keep_scores(known, self.scorer.id)
        elif result.error is None:
            known = self.state.scores(result.sha256, self.scorer.id, entry.path)
        if known is not None:
            self._learn_scores(entry, known)
            return
        with self._lock:
            error = result.error or "its scores in the state file are gone"
            entry.error = valid_utf8(error.removeprefix(f"{printable(entry.path)}: "))
            self.failed.append((valid_utf8(os.path.basename(entry.path)), entry.error))
            self._report(SCORING, self.progress.done + 1, len(self.entries))
            self._touch((entry,))

    @contextmanager
    def _kept_if_possible(self) -> Iterator[None]:
        """What cannot be kept, on a full disk, is reported once, and the work goes on; decisions are reported each."""
        try:
            yield
        except BeholderError as error:
            if not self._stopping.is_set() and not self._is_told:
                self._is_told = True
                self._say(str(error))
                with self._lock:
                    self.failed.append((os.path.basename(self.folder), valid_utf8(str(error))))

    def _learn_scores(self, entry: Entry, known: Known) -> None:
        with self._lock:
            entry.known = known
            self._report(SCORING, self.progress.done + 1, len(self.entries))
            self._touch((entry,))

    def _recognise(self, entry: Entry, sha256: str, at: tuple[int, int] | None) -> None:
        """Know a photograph by its content: what was decided of it, here and in its XMP, is known then."""
        if entry.sha256 == sha256:
            return
        about = entry.frame.metadata
        if at is not None:
            with self._kept_if_possible():
                self.state.saw(entry.path, sha256, captured_text(about), about.camera or "", at)
        photograph = self.state.photograph(sha256)
        with self._lock:
            entry.sha256, entry.photograph = sha256, photograph
            same = self._by_name.setdefault(photograph, [])
            if entry not in same:
                same.append(entry)
        with self._kept_if_possible():
            self.look_again(entry, self._beside)
        with self._lock:
            entry.decided = self.state.decided([photograph]).get(photograph, Decided())
            self._touch((entry,))

    def look_again(self, entry: Entry, beside: Siblings = siblings) -> bool:
        """Read what the XMP of a photograph says now. Of several with the same content, that of the first counts.

        Args:
            entry: the photograph.
            beside: as of :func:`beholder.reviewing.found.said_of`.

        Returns:
            Whether it is the first.
        """
        with self._lock:
            is_first = self._by_name[entry.photograph][0] is entry
        if is_first:
            self.state.found(entry.photograph, said_of((entry.path, *entry.frame.paired), beside))
        return is_first

    def rewritten(self, entry: Entry) -> None:
        """Know a photograph again after something was written into its file. Raises BeholderError if it is gone."""
        at = _stamp(entry.path)
        sha256 = hashlib.sha256(read_bytes(entry.path)).hexdigest()
        if sha256 != entry.sha256:
            self.state.rewritten(entry.photograph, sha256)
            self._recognise(entry, sha256, at)

    def _suggest(self) -> None:
        self._report(GROUPING, 0, 0)
        known = [entry for entry in self.entries if entry.known]
        shots = [entry.known.shot for entry in known if entry.known]
        kept = self.state.measures(self.scorer.id)
        measures = dict(kept)
        scored = Scored(shots, [entry.frame for entry in known])
        with cull(
            self.scorer.info,
            scored,
            (),
            Wishes(),
            workers=self._workers,
            threads=self.cores,
            known=measures,
            watch=lambda looks, total: self._watched(looks, total, measures, kept),
        ) as culled:
            by_path = {entry.path: entry for entry in known}
            changed = []
            for row, frame, look in zip(culled.rows, culled.frames, culled.looks, strict=False):
                entry = by_path[frame.path]
                entry.suggestion = {name: row[name] for name in _SUGGESTED} | measured(look.measures)
                changed.append(entry)
        with self._kept_if_possible():
            self.state.suggest({entry.sha256: entry.suggestion for entry in changed}, self.scorer.id)
        with self._lock:
            self._touch(changed)

    def _watched(
        self,
        looks: Iterator[list[Look]],
        total: int,
        measures: Mapping[str, Measures],
        kept: dict[str, Measures],
    ) -> Iterator[list[Look]]:
        """Tell how far the measuring is, and keep what was measured every few seconds."""
        kept_at = monotonic()
        self._report(MEASURING, 0, total)
        for done, look in enumerate(looks, 1):
            if self._stopping.is_set():
                self._keep(measures, kept)
                raise BeholderError("stopped")
            yield look
            self._report(MEASURING, done, total)
            if monotonic() - kept_at > KEEP_EVERY:
                self._keep(measures, kept)
                kept_at = monotonic()
        self._keep(measures, kept)

    def _keep(self, measures: Mapping[str, Measures], kept: dict[str, Measures]) -> None:
        new = {sha256: found for sha256, found in dict(measures).items() if sha256 not in kept}
        if new:
            with self._kept_if_possible():
                self.state.keep_measures(new, self.scorer.id)
            kept |= new

    def _learn(self) -> None:
        while self._to_learn.wait():
            self._to_learn.clear()
            if self._stopping.wait(LEARN_AFTER):
                return
            if self._to_learn.is_set():  # the hand is still going
                continue
            learned = learn(self.lesson(), self.scorer.info)
            with self._lock:
                self.learned = learned
                values = learned.values_of([entry.known for entry in self.entries])
                changed = []
                for entry, value in zip(self.entries, values, strict=True):
                    if entry.taste != value:
                        entry.taste = value
                        changed.append(entry)
                self._touch(changed)

    def _report(self, stage: str, done: int, total: int) -> None:
        with self._lock:
            self.progress = Progress(stage, done, total)

    def _touch(self, entries: Iterable[Entry]) -> None:
        with self._lock:
            self.version += 1
            for entry in entries:
                entry.version = self.version


@contextmanager
def _first_of_several(path: Path) -> Iterator[bool]:
    """Whether no other program is scoring for this state file, by a lock that ends with the process."""
    name = hidden_beside(path, "scoring")
    try:
        lock = open_locked(name, follow=False)
    except (BeholderError, OSError):
        yield False
        return
    with closing(lock):
        try:
            yield True
        finally:
            remove(name)


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        return stamp(path)
    except OSError:
        return None
