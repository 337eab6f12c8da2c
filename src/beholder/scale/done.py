"""What says that a unit is done: a small file beside its table, and how it is compared with what is asked for now.

It is written last, so a table without it counts for nothing, and it is made invalid first where a table is replaced.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from beholder.errors import BeholderError
from beholder.files import path_key
from beholder.scale import store
from beholder.scale.places import Places
from beholder.scale.read import InputId, input_id, input_sha256
from beholder.scale.reasons import Reason
from beholder.scale.unit import Kind, Unit, UnitError
from beholder.scale.written import FileId, is_table, is_whole
from beholder.text import json_text, printable

FORMAT = 1
INVALID = b"{}\n"  # a file that says of no table that it is whole
MAX_BYTES = 1 << 20
LOOKS = 32  # done files of a store that are read at a time


@dataclass(frozen=True)
class Wanted:
    """What decides the rows of a unit, beside its input.

    Attributes:
        model: id of the model, and of what is added to its scores.
        model_sha256: of the model file.
        options: name -> value, as in JSON.
    """

    model: str
    model_sha256: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    """A unit that was scored.

    Attributes:
        unit, index: its name, and its place in the list of all units.
        input: size in bytes; ``tag`` of the store, or time of change; ``sha256`` of a local file, else empty.
        row_groups: of a Parquet file, first and end; None for all.
        output, embeddings: what was written; None where embeddings are a column, or there are none.
        rows, errors: rows of the table, and how many of them have no scores.
        retries: reads of the store that were tried again.
        reasons: the most frequent ones of the errors.
        wanted: the model and the options.
        version: of beholder.
    """

    unit: str
    index: int
    input: InputId
    row_groups: tuple[int, int] | None
    output: FileId
    embeddings: FileId | None
    rows: int
    errors: int
    retries: int
    reasons: tuple[Reason, ...]
    wanted: Wanted
    version: str

    def to_json(self) -> bytes:
        """The file's content: the same bytes for the same values."""
        document = {"done_format": FORMAT, **asdict(self)}
        document["reasons"] = [each._asdict() for each in self.reasons]
        return (json_text(document, indent=1) + "\n").encode()

    @staticmethod
    def of_json(content: bytes) -> Done | None:
        """What :meth:`to_json` wrote; None for anything else."""
        try:
            found = json.loads(content)
            if found.pop("done_format") != FORMAT:
                return None
            groups = found["row_groups"]
            parts = {
                "input": InputId(**found["input"]),
                "row_groups": None if groups is None else (int(groups[0]), int(groups[1])),
                "output": FileId(**found["output"]),
                "embeddings": None if found["embeddings"] is None else FileId(**found["embeddings"]),
                "reasons": tuple(Reason(**each) for each in found["reasons"]),
                "wanted": Wanted(**found["wanted"]),
            }
            done = Done(**{**found, **parts})
            counts = (done.rows, done.errors, done.retries, done.index, done.output.size, done.input.size)
            texts = (done.unit, done.input.path, done.output.sha256, done.wanted.model, done.version)
            options = done.wanted.options
            valid = [isinstance(each, int) for each in counts] + [isinstance(each, str) for each in texts]
            valid += [isinstance(each.rows, int) and isinstance(each.text, str) for each in done.reasons]
            return done if all(valid) and isinstance(options, dict) else None
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
            return None


@dataclass(frozen=True)
class Look:
    """What is there of a unit.

    Attributes:
        unit: it.
        done: how it was scored; None if it has to be scored.
        stale: whether there is a done file that is to be made invalid before the table is replaced.
        note: what a user should be told of it, one line; empty for nothing.
    """

    unit: Unit
    done: Done | None = None
    stale: bool = False
    note: str = ""


def look_at(units: Sequence[Unit], places: Places, wanted: Wanted, *, overwrite: bool) -> list[Look]:
    """See which units are done already.

    Args:
        units: of this run.
        places: of the outputs.
        wanted: what the rows are to be made with.
        overwrite: whether a table of another model, of other options, of another input, or of another program goes.

    Raises:
        BeholderError: there is such a table, and it stays.
    """
    remote = store.is_remote(places.pattern) or any(store.is_remote(unit.path) for unit in units)
    with ThreadPoolExecutor(LOOKS if remote else 1) as pool:
        return list(pool.map(lambda unit: look(unit, places, wanted, overwrite=overwrite), units))


def look(unit: Unit, places: Places, wanted: Wanted, *, overwrite: bool) -> Look:
    """See whether one unit is done already. Arguments and errors are those of :func:`look_at`."""
    table = places.table(unit.name)
    content = store.read_small(places.done(unit.name))
    found = None if content is None else Done.of_json(content)
    if found is None:
        if not overwrite and store.exists(table) and not is_table(table):
            raise BeholderError(
                f"{printable(table)}: is there already and is no table of beholder; choose another --out, or "
                "replace it by --overwrite"
            )
        return Look(unit, stale=content is not None)
    todo = Look(unit, stale=True)
    if why := _other(found, wanted):
        if overwrite:
            return todo
        raise BeholderError(f"{printable(table)}: {why}; choose another --out, or replace it by --overwrite")
    try:
        now = input_id(unit)
    except (UnitError, store.StoreError):
        return todo  # reading it will say what is wrong
    if found.row_groups != unit.row_groups or not _same_content(unit, now, found.input):
        if _same_place(found.input.path, unit.path):
            return replace(todo, note=f"{printable(unit.path)}: has changed since it was scored; it is scored again")
        if overwrite:
            return todo
        raise BeholderError(
            f"{printable(table)}: is of another input, {printable(found.input.path)}; choose another --out, or replace "
            "it by --overwrite"
        )
    whole = is_whole(table, found.output) and (
        found.embeddings is None or is_whole(places.embeddings(unit.name), found.embeddings)
    )
    return Look(unit, found) if whole else todo


def _other(found: Done, wanted: Wanted) -> str:
    """How a table was made otherwise than it is wanted; empty if it was not."""
    if (found.wanted.model, found.wanted.model_sha256) != (wanted.model, wanted.model_sha256):
        return f"has scores of {printable(found.wanted.model)}, this is {wanted.model}"
    for name in sorted({*found.wanted.options, *wanted.options}):
        before, now = found.wanted.options.get(name), wanted.options.get(name)
        if before != now:
            return f"was made with {name} {printable(json_text(before))}, this is {printable(json_text(now))}"
    return ""


def _same_place(before: str, now: str) -> bool:
    if before == now:
        return True
    return not (store.is_remote(before) or store.is_remote(now)) and path_key(store.local_path(before)) == path_key(
        store.local_path(now)
    )


def _same_content(unit: Unit, now: InputId, before: InputId) -> bool:
    """Whether an input is the one that was read before. Of a local file that has another time the content decides."""
    if now.size != before.size:
        return False
    if unit.kind is Kind.FOLDER:  # of the list of its files
        return now.sha256 == before.sha256
    if _same_place(before.path, now.path) and now.tag == before.tag:
        return True
    if store.is_remote(unit.path):
        return bool(now.tag) and now.tag == before.tag
    return bool(before.sha256) and unit.row_groups is None and input_sha256(unit) == before.sha256
