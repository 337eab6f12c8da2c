"""What was decided goes out: XMP, a table, copies of the picks or links to them. First it is only told.

A person decided here, so their fields are written to XMP also over what is there, but never over something that was
changed in the file after it was looked at here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from beholder.culling.copies import check_folder, put, with_sidecars
from beholder.culling.frames import frames_of
from beholder.culling.table import EXTRA
from beholder.errors import BeholderError
from beholder.output.rows import Row, columns_of
from beholder.output.sinks import check_output, open_sink
from beholder.photos.listing.find import find
from beholder.photos.metadata import read_metadata
from beholder.photos.read import read_bytes
from beholder.reviewing.found import said_of, suffix_of
from beholder.reviewing.library import Entry, Library
from beholder.reviewing.state import FLAG, LABEL, STARS, State
from beholder.scoring.extra_columns import ExtraColumns
from beholder.text import cut, printable, valid_utf8
from beholder.xmp import names as xmp_names
from beholder.xmp.mark import DIGEST, NONE, PAIR_SEPARATOR, Mark, mark_of
from beholder.xmp.places import siblings
from beholder.xmp.profiles import profiles_of
from beholder.xmp.write import REFUSED, UNCHANGED, WRITTEN, Outcome, Summary, Writer

XMP, CSV, COPY, LINK = WAYS = ("xmp", "csv", "copy", "link")
DECIDED = ExtraColumns(
    {FLAG: str, STARS: int, LABEL: str, "who": str}, values=lambda scores: {}, leading=True
)  # columns of the table beside those of `beholder cull`


@dataclass(frozen=True)
class Wanted:
    """What is to go out.

    Attributes:
        to: one of :data:`WAYS`.
        profiles: for which programs, as of `beholder xmp`.
        embed: whether to write into photographs where a program reads them only there.
        path: of the table, or the folder of the picks.
        dry_run: whether to write nothing and only tell.
    """

    to: str
    profiles: str = "sidecar"
    embed: bool = False
    path: str = ""
    dry_run: bool = True


@dataclass
class Exported:
    """What was written, or would be: a line for each file, and all of it in one line."""

    lines: list[dict[str, str]] = field(default_factory=list)
    summary: str = ""

    def add(self, file: str, what: str) -> None:
        """Add a line about a file."""
        self.lines.append({"file": valid_utf8(file), "what": printable(valid_utf8(what))})


def export(library: Library, wanted: Wanted) -> Exported:
    """Write what was decided. Raises BeholderError where nothing can be written, with what to do."""
    library.refresh()
    if wanted.to == XMP:
        return _to_xmp(library, wanted)
    if not wanted.path:
        raise BeholderError("name the file, or the folder, that it goes to")
    try:
        path = Path(wanted.path).expanduser()
        return _to_table(library, path, wanted) if wanted.to == CSV else _to_folder(library, path, wanted)
    except OSError as error:  # a name that is too long, for one
        raise BeholderError(f"{printable(cut(wanted.path))}: {error.strerror or error}") from None
    except (ValueError, RuntimeError):  # of a NUL, and of ~ and a name that is no user's
        raise BeholderError(f"{printable(cut(wanted.path))}: is no name of a file or folder") from None


def _to_xmp(library: Library, wanted: Wanted) -> Exported:
    found, summary, beside = Exported(), Summary(), cache(siblings)
    with Writer(profiles_of(wanted.profiles, "profiles"), embed=wanted.embed, dry_run=wanted.dry_run) as writer:
        for entry in list(library.entries):
            decided = entry.decided.by_person()
            if not decided:
                continue
            is_first = library.look_again(entry, beside)
            for path in (entry.path, *entry.frame.paired):
                newer = library.state.newer_in_file(entry.photograph, suffix_of(path)) if is_first else decided
                for outcome in writer.write(_mark(path, decided, newer, _own(entry, path))):
                    summary.count(outcome)
                    for line in _lines(outcome):
                        found.add(outcome.file, line)
                    if outcome.status == WRITTEN and outcome.file == entry.path and not wanted.dry_run:
                        library.rewritten(entry)
    found.summary = summary.line(dry_run=wanted.dry_run)
    return found


def write_from(state: State, writer: Writer, *, dry_run: bool = False) -> Iterator[list[Outcome]]:
    """Write what a person decided in a state file, without a page and without scores.

    Args:
        state: is open.
        writer: of XMP.
        dry_run: whether it writes nothing.

    Yields:
        For each photograph with a decision, what was done to its files.
    """
    beside, frames_in = cache(siblings), cache(_frames_in)
    seen = state.paths()
    where = {state.photograph(sha256): path for sha256, path in seen.items() if state.digest(path) == sha256}
    for photograph, each in state.decided().items():
        decided = each.by_person()
        if not decided:
            continue
        path = where.get(photograph)
        if path is None:
            last = seen.get(photograph, photograph)
            reason = f"{printable(last)}: was moved or changed since; open its folder with `beholder review` first"
            yield [Outcome(last, last, REFUSED, reason=reason)]
            continue
        paths = (path, *frames_in(os.path.dirname(path)).get(path, ()))
        state.found(photograph, said_of(paths, beside))
        outcomes: list[Outcome] = []
        for file in paths:
            newer = state.newer_in_file(photograph, suffix_of(file))
            outcomes += writer.write(_mark(file, decided, newer))
        yield outcomes
        if not dry_run and any(each.status == WRITTEN and each.file == path for each in outcomes):
            state.rewritten(photograph, hashlib.sha256(read_bytes(path)).hexdigest())


def _frames_in(folder: str) -> dict[str, tuple[str, ...]]:
    """The shots in a folder: path of the file that stands for it -> its other files."""
    files = (item for item in find([folder]) if isinstance(item, str))
    return {frame.path: frame.paired for frame in frames_of({file: read_metadata(file) for file in files})}


def _own(entry: Entry, path: str) -> Mapping[str, str]:
    """Our own values for a file: the scores of its photograph, and what the program suggests."""
    if entry.known is None:
        return {}
    own = dict(mark_of(entry.known.shot.row | _suggested(entry), path).own)
    if path != entry.path:
        own.pop(DIGEST, None)
    return own


def _mark(
    path: str,
    decided: Mapping[str, str | int | None],
    newer: Collection[str],
    own: Mapping[str, str] = MappingProxyType({}),
) -> Mark:
    stars, flag, label = (decided.get(name) for name in (STARS, FLAG, LABEL))
    return Mark(
        path,
        own,
        None if STARS not in decided else int(stars or 0),
        None if LABEL not in decided else str(label or NONE),
        None if FLAG not in decided else str(flag or NONE),
        over=frozenset({_RULES[name] for name in decided if name not in newer}),
    )


_RULES = {FLAG: "flag", STARS: "rating", LABEL: "label"}  # names of fields here -> in `beholder.xmp.rules`


def _lines(outcome: Outcome) -> list[str]:
    """What was done to one file, in lines: public properties one by one, our own values together."""
    lines = [outcome.reason] if outcome.reason else []
    public = [change for change in outcome.changes if xmp_names.OWN not in change.name]
    lines += [f"{change} ({change.why})" for change in public]
    if count := len(outcome.changes) - len(public):
        lines.append(f"{count} of beholder's own values")
    lines += [f"{kept} stays: it was changed in the file since" for kept in outcome.kept]
    return lines or ([] if outcome.status == UNCHANGED else [outcome.status])


def _suggested(entry: Entry) -> Row:
    """What the program suggests, for its own values only: it is no decision of a person."""
    names = ("series", "kind", "size", "rank", "decision", "reason")
    return {name: entry.suggestion.get(name) for name in names}


def _to_table(library: Library, path: Path, wanted: Wanted) -> Exported:
    if path.suffix.lower() != ".csv":
        raise BeholderError(f"{path}: a table of decisions is CSV; end its name in .csv")
    extras = (DECIDED, EXTRA, *library.extras)
    entries = list(library.entries)
    check_output(path, inputs=[entry.path for entry in entries])
    found = Exported()
    found.add(os.fspath(path), f"{len(entries)} rows")
    if not wanted.dry_run:
        columns = columns_of(library.scorer.info.tasks, extras)
        with open_sink(path, columns, library.scorer.id, extras) as sink:
            for entry in entries:
                sink.write(_row(entry, columns))
    found.summary = f"{'would be ' if wanted.dry_run else ''}written {len(entries)} rows"
    return found


def _row(entry: Entry, columns: Mapping[str, Any]) -> Row:
    row: Row = {name: "" if kind is str else None for name, kind in columns.items()}
    row |= {"path": valid_utf8(entry.path), "sha256": entry.sha256, "error": entry.error}
    if entry.known is not None:
        row |= entry.known.shot.row
    row |= entry.suggestion
    values = entry.decided.values
    row |= {FLAG: values.get(FLAG) or "", STARS: values.get(STARS), LABEL: values.get(LABEL) or ""}
    row |= {"who": entry.decided.source or "", "paired_with": valid_utf8(PAIR_SEPARATOR.join(entry.frame.paired))}
    row["camera"] = valid_utf8(entry.frame.metadata.camera or "")
    return {name: row[name] for name in columns}


def _to_folder(library: Library, folder: Path, wanted: Wanted) -> Exported:
    entries = list(library.entries)
    check_folder(folder, [path for entry in entries for path in (entry.path, *entry.frame.paired)])
    found, made, there = Exported(), 0, 0
    what = "linked" if wanted.to == LINK else "copied"
    for entry in entries:
        if entry.decided.values.get(FLAG) != "pick":
            continue
        files = with_sidecars((entry.path, *entry.frame.paired))
        if wanted.dry_run:
            made += _tell(found, files, folder, what)
            continue
        try:
            new, old = put(files, folder, link=wanted.to == LINK)
        except BeholderError as error:
            found.add(entry.path, f"{REFUSED}: {error}")
            continue
        made, there = made + len(new), there + len(old)
        for path in new:
            found.add(os.fspath(path), what)
    before = f", {there} were there" if there else ""
    found.summary = f"{made} files {'would be ' if wanted.dry_run else ''}{what} to {printable(str(folder))}{before}"
    return found


def _tell(found: Exported, files: Sequence[str], folder: Path, what: str) -> int:
    for path in files:
        found.add(path, f"would be {what} to {folder}")
    return len(files)
