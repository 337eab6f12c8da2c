"""What is known of the photographs of a folder, and what was decided: one SQLite file.

A photograph is known by the sha256 of its content, so one that was moved or renamed is known again, and of two files
with the same content both have what was decided. Where a program writes into a file, as one does that puts XMP there,
its content is another one: where path, time and camera are the same, it still is the same photograph, and is called by
the content that it had first. Decisions are a journal that only grows: each step has a time, who
made it and what it changed, from what to what. To undo a step adds a step that changes it back. What stands now is kept
beside it, in the same transaction. A step that was acknowledged is on the disk: whatever happens to the process, it is
not lost.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from beholder.culling.measures import Measures
from beholder.culling.shoot import Shot
from beholder.errors import BeholderError
from beholder.output.rows import Row
from beholder.reviewing.schema import default_path, open_database, told
from beholder.text import cut, printable, valid_utf8

PERSON, FILE = "person", "file"
FLAG, STARS, LABEL = FIELDS = ("flag", "stars", "label")
MAX_WHAT = 200  # characters of the words for a step
_DONE, _UNDONE, _GONE = 0, 1, 2  # how a step of a person stands: it counts, can be redone, or can no longer be
Fields = Mapping[str, str | int | None]


@dataclass(frozen=True)
class Decided:
    """What stands of one photograph.

    Attributes:
        values: field -> its value, None where somebody took it back.
        who: field -> ``person`` (here) or ``file`` (found in its XMP).
        step: field -> number of the step that set it; later ones are higher.
    """

    values: Fields = field(default_factory=dict)
    who: Mapping[str, str] = field(default_factory=dict)
    step: Mapping[str, int] = field(default_factory=dict)

    @property
    def source(self) -> str | None:
        """``person`` if a person decided something here, else ``file``; None if nothing is decided."""
        return PERSON if PERSON in self.who.values() else FILE if self.who else None

    def by_person(self) -> dict[str, str | int | None]:
        """The fields that a person decided here."""
        return {name: value for name, value in self.values.items() if self.who[name] == PERSON}


@dataclass(frozen=True, eq=False)
class Known:
    """A photograph that was scored.

    Attributes:
        shot: as `beholder cull` takes it; its row is that of `beholder score`.
        numbers: (T,) scores in native units, not rounded.
        length: of its embedding before that was brought to unit length.
    """

    shot: Shot
    numbers: np.ndarray
    length: float


class State:
    """A state file that is open. Can be used by many threads, and by many processes at a time.

    Args:
        path: of the file; made where there is none.
        given: whether a person named it; see :func:`beholder.reviewing.schema.open_database`.

    Attributes:
        path: of the file.
        aside: where a file was moved that was damaged or of another version; None if there was none.

    Raises:
        BeholderError: it cannot be opened or made.
    """

    def __init__(self, path: Path, *, given: bool = True) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._database, self.aside = open_database(path, given=given)
        self._identity = _identity(path)

    def close(self) -> None:
        """Close the file. What is decided is in it already."""
        with self._lock:
            self._database.close()

    # Files and photographs

    def digest(self, path: str) -> str | None:
        """The sha256 of a file that was seen before and has not changed since, by its size and date; else None."""
        try:
            size, changed = stamp(path)
        except OSError:
            return None
        found = self._one("SELECT sha256 FROM files WHERE path=? AND size=? AND changed=?", _key(path), size, changed)
        return found[0] if found else None

    def saw(self, path: str, sha256: str, captured: str, camera: str, at: tuple[int, int]) -> None:
        """Keep that a file has this content; ``at`` is its :func:`stamp` from before it was read."""
        with self._writing() as database:
            before = self._one("SELECT sha256 FROM files WHERE path=?", _key(path))
            if before and captured and self._is_new(sha256):
                about = self._one("SELECT captured, camera FROM photographs WHERE sha256=?", before[0])
                if about == (captured, valid_utf8(camera)):
                    self._call(sha256, self.photograph(before[0]))
            database.execute("INSERT OR REPLACE INTO files VALUES (?,?,?,?)", (_key(path), *at, sha256))
            database.execute(
                "INSERT INTO photographs VALUES (?,?,?,?,?) ON CONFLICT (sha256) DO UPDATE SET path=excluded.path",
                (sha256, _key(path), captured, valid_utf8(camera), _now()),
            )

    def photograph(self, sha256: str) -> str:
        """What a photograph with this content is called in decisions: by the first content that it had."""
        found = self._one("SELECT photograph FROM same WHERE sha256=?", sha256)
        return found[0] if found else sha256

    def rewritten(self, photograph: str, sha256: str) -> None:
        """Keep that a photograph has another content now, because something was written into its file here."""
        with self._writing():
            if self._is_new(sha256):
                self._call(sha256, photograph)

    def paths(self) -> dict[str, str]:
        """sha256 -> where the photograph was seen last."""
        return {sha256: os.fsdecode(path) for sha256, path in self._all("SELECT sha256, path FROM photographs")}

    # Scores and what was measured

    def keep_scores(self, known: Known, model: str) -> None:
        """Keep the scores of a photograph; its row has the sha256."""
        shot = known.shot
        with self._writing() as database:
            database.execute(
                "INSERT OR REPLACE INTO scores VALUES (?,?,?,?,?,?,?,?)",
                (
                    shot.row["sha256"],
                    model,
                    json.dumps(shot.row),
                    known.numbers.astype("<f4").tobytes(),
                    shot.embedding.astype("<f2").tobytes(),
                    known.length,
                    shot.subject.astype("<f2").tobytes(),
                    len(shot.subject),
                ),
            )

    def scores(self, sha256: str, model: str, path: str) -> Known | None:
        """The scores of a content by a model, as of the file at ``path``; None if there are none."""
        found = self._one(
            "SELECT row, numbers, embedding, length, subject, subject_rows FROM scores WHERE sha256=? AND model=?",
            sha256,
            model,
        )
        if found is None:
            return None
        text, numbers, embedding, length, subject, rows = found
        try:
            row: Row = json.loads(text) | {"path": valid_utf8(path)}
            shape = np.frombuffer(subject, "<f2").astype(np.float16).reshape(rows, -1)
            shot = Shot(path, row, np.frombuffer(embedding, "<f2").astype(np.float16), shape)
            return Known(shot, np.frombuffer(numbers, "<f4").astype(np.float32), float(length))
        except (ValueError, TypeError):  # then it is scored again
            return None

    def measures(self, model: str) -> dict[str, Measures]:
        """What was measured of photographs: sha256 -> measures."""
        rows = self._all("SELECT sha256, document FROM measures WHERE model=?", model)
        return {sha256: measures for sha256, text in rows if (measures := _measures(text)) is not None}

    def keep_measures(self, found: Mapping[str, Measures], model: str) -> None:
        """Keep what was measured."""
        rows = [(sha256, model, json.dumps(asdict(measures))) for sha256, measures in found.items()]
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO measures VALUES (?,?,?)", rows)

    def suggest(self, found: Mapping[str, Mapping[str, Any]], model: str) -> None:
        """Keep what the program suggests, in place of what it suggested before: sha256 -> series, rank and reason."""
        rows = [(sha256, model, _now(), json.dumps(document)) for sha256, document in found.items()]
        with self._writing() as database:
            database.execute("DELETE FROM suggestions WHERE model=?", (model,))
            database.executemany("INSERT OR REPLACE INTO suggestions VALUES (?,?,?,?)", rows)

    # Decisions

    def decide(self, changes: Mapping[str, Fields], what: str) -> int:
        """Keep what a person decided, as one step that can be undone. What was undone can no longer be redone.

        Args:
            changes: photograph -> field -> new value; fields that are not named stay.
            what: in words, for the one who undoes it.

        Returns:
            The number of the step.

        Raises:
            BeholderError: it could not be kept; then nothing of it is.
        """
        with self._writing() as database:
            database.execute("UPDATE steps SET standing=? WHERE standing=?", (_GONE, _UNDONE))
            step = self._add_step(PERSON, what, "decide", None, _DONE)
            for photograph, fields in changes.items():
                for name, value in fields.items():
                    self._change(step, photograph, name, _text(value), PERSON)
        return step

    def undo(self) -> str | None:
        """Take back the last step of a person that counts. Returns its words; None if there is none."""
        return self._turn("undo")

    def redo(self) -> str | None:
        """Do again what was undone last. Returns its words; None if there is none."""
        return self._turn("redo")

    def next_undo(self) -> str | None:
        """The words of the step that would be undone."""
        found = self._turned("undo")
        return found[1] if found else None

    def next_redo(self) -> str | None:
        """The words of the step that would be done again."""
        found = self._turned("redo")
        return found[1] if found else None

    def found(self, photograph: str, said: Mapping[str, Fields]) -> None:
        """Keep what the XMP of the files of a photograph says now, as far as no person has decided otherwise here.

        Args:
            photograph: its name, see :meth:`photograph`.
            said: suffix of each file of the shot -> fields, the file that stands for the shot first. Names may change.
        """
        now = {
            (file, name): str(value)
            for file, fields in said.items()
            for name, value in fields.items()
            if value is not None
        }
        merged = {name: value for (_, name), value in reversed(now.items())}
        query = "SELECT file, field, value FROM found WHERE photograph=?"
        before = {(file, name): value for file, name, value in self._all(query, photograph)}
        standing = {name: self._standing(photograph, name) for name in FIELDS}
        changed = [name for name, (value, who) in standing.items() if who != PERSON and value != merged.get(name)]
        if now == before and not changed:
            return
        with self._writing() as database:
            last = self.last_step()
            for file, name in before.keys() - now.keys():
                database.execute(
                    "DELETE FROM found WHERE photograph=? AND file=? AND field=?", (photograph, file, name)
                )
            for (file, name), value in now.items():
                if before.get((file, name)) != value:
                    row = (photograph, file, name, value, last)
                    database.execute("INSERT OR REPLACE INTO found VALUES (?,?,?,?,?)", row)
            step = self._add_step(FILE, "found in the file", "found", None, None) if changed else 0
            for name in changed:
                self._change(step, photograph, name, merged.get(name), FILE if name in merged else None)

    def newer_in_file(self, photograph: str, file: str) -> dict[str, str]:
        """What the XMP of a file said when it was looked at last, and that was found after a person had decided here.

        Args:
            photograph: its name.
            file: suffix of the file, as of :meth:`found`.

        Returns:
            Field -> text; only what is another thing than was decided.
        """
        rows = self._all(
            "SELECT found.field, found.value FROM found JOIN decisions USING (photograph, field)"
            " WHERE photograph=? AND file=? AND who=? AND found.step>=decisions.step"
            " AND found.value IS NOT decisions.value",
            photograph,
            file,
            PERSON,
        )
        return dict(rows)

    def decided(self, photographs: Iterable[str] | None = None) -> dict[str, Decided]:
        """What stands: photograph -> fields; of all photographs or of some. Where nothing does there is no entry."""
        select = "SELECT photograph, field, value, who, step FROM decisions"
        if photographs is None:
            return _decided(self._all(select))
        found: dict[str, Decided] = {}
        for photograph in photographs:
            found |= _decided(self._all(f"{select} WHERE photograph=?", photograph))
        return found

    def last_step(self) -> int:
        """The number of the last step of anybody; 0 if there is none."""
        found = self._one("SELECT max(number) FROM steps")
        return int(found[0] or 0) if found else 0

    def changed_after(self, step: int) -> tuple[int, set[str]]:
        """The number of the last step, and which photographs were changed after a step, by whatever process."""
        with self._lock:
            last = self.last_step()
            rows = self._all("SELECT DISTINCT photograph FROM changes WHERE step>? AND step<=?", step, last)
        return last, {photograph for (photograph,) in rows}

    def journal(self) -> list[dict[str, Any]]:
        """All steps with their changes, in order: number, time in UTC, who, words, kind and what was changed."""
        steps = self._all("SELECT number, at, who, what, kind, of FROM steps ORDER BY number")
        names = ("number", "at", "who", "what", "kind", "of")
        return [
            {
                **dict(zip(names, step, strict=True)),
                "changes": self._all("SELECT photograph, field, before, after FROM changes WHERE step=?", step[0]),
            }
            for step in steps
        ]

    # How

    def _is_new(self, sha256: str) -> bool:
        known = self._one(
            "SELECT 1 FROM same WHERE sha256=? UNION SELECT 1 FROM photographs WHERE sha256=?", sha256, sha256
        )
        return known is None

    def _call(self, sha256: str, photograph: str) -> None:
        if sha256 != photograph:
            self._database.execute("INSERT OR REPLACE INTO same VALUES (?,?)", (sha256, photograph))

    def _turned(self, kind: str) -> tuple[int, str] | None:
        which, standing = ("max", _DONE) if kind == "undo" else ("min", _UNDONE)
        query = f"SELECT number, what FROM steps WHERE number=(SELECT {which}(number) FROM steps WHERE standing=?)"
        return self._one(query, standing)

    def _turn(self, kind: str) -> str | None:
        with self._writing() as database:
            found = self._turned(kind)
            if found is None:
                return None
            number, what = found
            step = self._add_step(PERSON, what, kind, number, None)
            names = "photograph, field, before, before_who, after, after_who"
            rows = self._all(f"SELECT {names} FROM changes WHERE step=? ORDER BY rowid", number)
            for photograph, name, before, before_who, after, after_who in rows if kind == "redo" else reversed(rows):
                to = (after, after_who) if kind == "redo" else (before, before_who)
                self._change(step, photograph, name, *to)
            standing = _DONE if kind == "redo" else _UNDONE
            database.execute("UPDATE steps SET standing=? WHERE number=?", (standing, number))
            return what

    def _add_step(self, who: str, what: str, kind: str, of: int | None, standing: int | None) -> int:
        words = cut(printable(what), MAX_WHAT)
        row = self._database.execute(
            "INSERT INTO steps (at, who, what, kind, of, standing) VALUES (?,?,?,?,?,?)",
            (_now(), who, words, kind, of, standing),
        )
        return int(row.lastrowid or 0)

    def _change(self, step: int, photograph: str, name: str, value: str | None, who: str | None) -> None:
        before, before_who = self._standing(photograph, name)
        self._database.execute(
            "INSERT INTO changes VALUES (?,?,?,?,?,?,?)", (step, photograph, name, before, before_who, value, who)
        )
        if who is None:
            self._database.execute("DELETE FROM decisions WHERE photograph=? AND field=?", (photograph, name))
        else:
            self._database.execute(
                "INSERT OR REPLACE INTO decisions VALUES (?,?,?,?,?)", (photograph, name, value, who, step)
            )

    def _standing(self, photograph: str, name: str) -> tuple[str | None, str | None]:
        found = self._one("SELECT value, who FROM decisions WHERE photograph=? AND field=?", photograph, name)
        return (found[0], found[1]) if found else (None, None)

    def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        with self._lock, told(self.path):
            return self._database.execute(query, values).fetchone()

    def _all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock, told(self.path):
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing."""
        with self._lock, told(self.path):
            if _identity(self.path) != self._identity:
                raise BeholderError(
                    f"{printable(os.fspath(self.path))}: is gone or was replaced, so this was not kept; start again"
                )
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise


def open_state(path: Path | None, folder: str) -> State:
    """The state file of a folder, or the one that a person named. Raises BeholderError if it cannot be opened."""
    return State(default_path(folder) if path is None else path, given=path is not None)


def stamp(path: str) -> tuple[int, int]:
    """Size and date of a file. Raises OSError if it is not there."""
    about = os.stat(path)
    return about.st_size, about.st_mtime_ns


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        about = os.stat(path)
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _key(path: str) -> bytes:
    return os.fsencode(os.path.abspath(path))  # names need not be text


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _decided(rows: Sequence[tuple[Any, ...]]) -> dict[str, Decided]:
    values: dict[str, dict[str, str | int | None]] = {}
    who: dict[str, dict[str, str]] = {}
    steps: dict[str, dict[str, int]] = {}
    for photograph, name, value, by, step in rows:
        values.setdefault(photograph, {})[name] = int(value) if name == STARS and value is not None else value
        who.setdefault(photograph, {})[name] = by
        steps.setdefault(photograph, {})[name] = step
    return {each: Decided(values[each], who[each], steps[each]) for each in values}


def _measures(text: str) -> Measures | None:
    try:
        return Measures(**{name: _frozen(value) for name, value in json.loads(text).items()})
    except (ValueError, TypeError):
        return None


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
