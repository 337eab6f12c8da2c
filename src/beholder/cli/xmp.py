"""`beholder xmp`: what was found, in the metadata that photo programs read, and what people have set there."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beholder.cli.options import Exclude, Recursive
from beholder.cli.reasons import Reasons
from beholder.cli.session import ALL_FAILED, SOME_FAILED, STOPPED, InputPhotos, RunSummary
from beholder.cli.stopping import stoppable
from beholder.cli.xmp_options import BreakLinks, Embed, Label, Profile, RejectRating, Stars, open_marking, show_outcome
from beholder.errors import BeholderError
from beholder.files import check_writable, explained, file_head, replacing
from beholder.photos.listing.find import Unreadable
from beholder.terminal import say, show_json

if TYPE_CHECKING:
    from beholder.cli.xmp_options import Marking
    from beholder.xmp.write import Outcome

_COLUMNS = {"image": str, "rating": int, "pick": str, "label": str, "source": str}
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Write nothing; print each file, what would change in it, and why it may.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON array: what was done to each file.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No counts, no progress; errors only.")]
Folders = Annotated[list[Path], typer.Argument(help="Folders of photographs.", metavar="FOLDER", file_okay=False)]


def xmp_write(
    tables: Annotated[
        list[Path] | None,
        typer.Argument(help="Tables of beholder score or beholder cull, unless --state is given.", metavar="[TABLE]"),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="File of `beholder review`: write what was decided there.", metavar="FILE"),
    ] = None,
    profile: Profile = "sidecar",
    stars: Stars = None,
    label: Label = None,
    embed: Embed = False,
    reject_rating: RejectRating = False,
    break_links: BreakLinks = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write scores and decisions from a table where photo programs read them.

    Scores go into a namespace of our own, which other programs keep. Decisions of `beholder cull` become picks and
    rejects; stars and labels are written only if asked for. What a person has set is never changed: stars, a label or a
    flag are written only where there are none, or where they still are what beholder wrote last time. All else is left
    and counted as kept yours. A second run with nothing new changes no byte.

    With --state what a person decided in `beholder review` is written, also over older stars, flags and labels, but not
    over what was changed in the file since.

    Paths in the table are relative to the current folder, as they were for `beholder score`.

    \b
    Profile     Where                                           Pick and reject
    sidecar     the sidecar that is there, else IMG.jpg.xmp     all of those below
    lightroom   RAW: IMG.xmp; others: inside, with --embed      xmpDM:pick, xmpDM:good
    darktable   IMG.jpg.xmp                                     -1 stars, with --reject-rating
    immich      IMG.jpg.xmp                                     -1 stars, with --reject-rating
    digikam     IMG.xmp if it is there, else IMG.jpg.xmp        digiKam:PickLabel

    \b
    Exit status:
      0    all written, or as they should be already
      1    nothing was written
      3    some were refused
      130  stopped by Ctrl-C; every file is as it was or whole

    \b
    Examples:
      beholder xmp write scores.csv --stars percentile --dry-run
      beholder xmp write scores.csv --profile lightroom,darktable --embed
      beholder xmp write cull.csv --profile digikam --label green
      beholder xmp write --state shoot.sqlite --dry-run
    """
    from beholder.output.stored_tables import path_of, read_rows
    from beholder.progress import bar

    if bool(tables) is (state is not None):
        raise BeholderError("give either tables of beholder score or cull, or --state FILE")
    if state is not None and (needless := "--stars" if stars else "--label" if label else ""):
        raise BeholderError(f"{needless} is about tables: with --state you have decided yourself; leave it out")
    rows = [row for table in tables or () for row in read_rows(table)]
    if tables and not rows:
        raise BeholderError(f"{', '.join(map(str, tables))}: no row in it, so there is nothing to write")
    run = RunSummary()
    outcomes: list[dict[str, Any]] = []
    options = {"embed": embed, "reject_rating": reject_rating, "break_links": break_links, "dry_run": dry_run}
    with (
        open_marking(profile, stars=stars, label=label, option="--profile", **options) as marking,
        bar("writing", len(rows), quiet=quiet or state is not None) as shown,
        stoppable(run),
    ):
        assert marking is not None
        if state is not None:
            for made in _decided(state, marking, dry_run=dry_run):
                if as_json:
                    outcomes += map(_as_dict, made)
                elif dry_run:
                    for outcome in made:
                        show_outcome(outcome)
                if run.stopped:
                    break
        if label is not None and not any("decision" in row for row in rows):
            raise BeholderError("--label marks picks, and these tables have no decisions; beholder cull makes them")
        for row in rows:
            made = marking.add(path_of(str(row["path"])), row)
            if as_json:
                outcomes += map(_as_dict, made)
            elif dry_run:
                for outcome in made:
                    show_outcome(outcome)
            shown.advance(shown.task_ids[0])
            if run.stopped:
                break
    if as_json:
        show_json(outcomes)
    marking.report(quiet=quiet, dry_run=dry_run)
    counts = marking.summary.counts
    _exit(run, done=counts["written"] + counts["unchanged"], failed=marking.reasons.count)


def _decided(path: Path, marking: "Marking", *, dry_run: bool) -> "Iterator[list[Outcome]]":
    """Write what was decided in a state file, and count what was done."""
    from beholder.reviewing.export import write_from
    from beholder.reviewing.state import State

    if not path.is_file():
        raise BeholderError(f"{path}: no such file; `beholder review FOLDER --state {path}` makes one")
    with closing(State(path)) as state:
        for made in write_from(state, marking.writer, dry_run=dry_run):
            marking.count(made)
            yield made


def xmp_read(
    folders: Annotated[
        list[str], typer.Argument(help="Folders, files or patterns such as 'trip/*.jpg'.", metavar="FOLDER")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Table to write (.csv).")] = Path("ratings.csv"),
    recursive: Recursive = False,
    exclude: Exclude = None,
    own: Annotated[bool, typer.Option("--own", help="Also what beholder itself has written.")] = False,
    quiet: Quiet = False,
) -> None:
    """Read the stars, picks, rejects and labels that people have given, into a table.

    Looks into sidecars of both names (IMG.jpg.xmp, then IMG.xmp) and into JPEG, PNG, TIFF, WebP, DNG and HEIC. What
    beholder has written is left out. The table has the columns image, rating, pick, label and source, and a row for
    each photograph that has one of them; image is relative to the folder of the table. `beholder taste fit` learns from
    it.

    Exit status as for `beholder xmp write`.

    \b
    Examples:
      beholder xmp read photos/ --recursive --out ratings.csv
      beholder taste fit default ratings.csv
    """
    from functools import cache

    from beholder.output.csv_lines import CSV
    from beholder.progress import bar
    from beholder.text import valid_utf8
    from beholder.xmp.given import read_given
    from beholder.xmp.packet import check_installed
    from beholder.xmp.places import siblings

    if out.suffix.lower() != ".csv":
        raise BeholderError(f"{out}: the table of ratings is CSV; give a name that ends in .csv")
    check_installed()
    check_writable(out, "the ratings", _is_ratings)
    photos = InputPhotos(folders, recursive=recursive, exclude=exclude or (), quiet=quiet)
    run, reasons, lines, read = RunSummary(), Reasons(), [CSV.header(_COLUMNS)], 0
    beside = cache(siblings)
    with bar("reading", photos.total, quiet=quiet) as shown, stoppable(run):
        for item in photos:
            try:
                if isinstance(item, Unreadable):
                    raise BeholderError(item.error)
                found = read_given(item, beside, own=own)
                read += 1
                if found:
                    row = {"image": valid_utf8(_relative(item, out)), "rating": found.rating, "pick": found.flag}
                    source = ", ".join(dict.fromkeys(found.sources.values()))
                    lines.append(CSV.line({**row, "label": found.label, "source": valid_utf8(source)}, _COLUMNS))
            except BeholderError as error:
                reasons.add(item if isinstance(item, str) else item.path, str(error))
            shown.advance(shown.task_ids[0])
            if run.stopped:
                break
    if read and not run.stopped:
        with replacing(out, "the ratings") as partial, explained(out, "the ratings"):
            partial.write_bytes(b"".join(lines))
    _say_reasons("not read", reasons)
    if not quiet:
        say(f"{len(lines) - 1} of {read} photographs have stars, a flag or a label" + (f": {out}" if read else ""))
    _exit(run, done=read, failed=reasons.count)


def xmp_clear(
    folders: Folders,
    recursive: Recursive = False,
    break_links: BreakLinks = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Take out of sidecars and photographs what beholder has written, and only that.

    Our own scores go, and stars, labels and flags that still are what we wrote. What has been changed since stays. A
    sidecar that we made and that then says nothing is removed. Photographs with something of ours inside need exiftool.

    Exit status as for `beholder xmp write`.

    \b
    Examples:
      beholder xmp clear photos/ --recursive --dry-run
      beholder xmp clear photos/ --recursive
    """
    from collections import Counter

    from beholder.progress import bar
    from beholder.xmp.clear import clear_files, files
    from beholder.xmp.packet import check_installed

    check_installed()
    for folder in folders:
        if not folder.is_dir():
            raise BeholderError(f"{folder}: is not a folder")
    run, reasons, counts, kept, outcomes = RunSummary(), Reasons(), Counter[str](), 0, []
    paths = (path for folder in folders for path in files(os.fspath(folder), recursive=recursive))
    with bar("clearing", quiet=quiet) as shown, stoppable(run):
        for outcome in clear_files(paths, break_links=break_links, dry_run=dry_run):
            counts[outcome.status] += 1
            kept += bool(outcome.kept)
            if outcome.status == "refused":
                reasons.add(outcome.file, outcome.reason)
            if as_json:
                outcomes.append(_as_dict(outcome))
            elif dry_run:
                show_outcome(outcome)
            shown.advance(shown.task_ids[0])
            if run.stopped:
                break
    if as_json:
        show_json(outcomes)
    _say_reasons("not cleared", reasons)
    if not quiet:
        would = "would be " if dry_run else ""
        say(
            f"{would}cleared {counts['cleared']}, {would}removed {counts['removed']}, unchanged {counts['unchanged']}, "
            f"kept yours {kept}, refused {counts['refused']}"
        )
    _exit(run, done=sum(counts.values()) - reasons.count, failed=reasons.count, nothing_is_fine=True)


def _is_ratings(path: Path) -> bool:
    return file_head(path, 200).partition(b"\n")[0].decode(errors="replace").strip() == ",".join(_COLUMNS)


def _relative(photo: str, out: Path) -> str:
    """The path of a photograph as the table names it: relative to the table, unless it was given in full."""
    folder = os.path.abspath(out.parent)
    return photo if os.path.isabs(photo) or folder == os.getcwd() else os.path.relpath(photo, folder)


def _as_dict(outcome: "Outcome") -> dict[str, Any]:
    from beholder.xmp.names import short

    changes = [
        {"property": short(change.name), "before": change.before, "after": change.after, "why": change.why}
        for change in outcome.changes
    ]
    return {
        "photo": outcome.photo,
        "file": outcome.file,
        "status": outcome.status,
        "changes": changes,
        "kept": list(outcome.kept),
        "reason": outcome.reason or None,
        "note": outcome.note or None,
    }


def _say_reasons(what: str, reasons: Reasons) -> None:
    for reason in reasons.lines():
        say(f"{what}: {reason}")
    if reasons.unlisted:
        say(f"{what}: {reasons.unlisted} more")


def _exit(run: RunSummary, *, done: int, failed: int, nothing_is_fine: bool = False) -> None:
    """Exit with the status of a run. Raises typer.Exit unless all is well."""
    if run.stopped:
        say("stopped; every file is as it was, or whole")
        raise typer.Exit(STOPPED)
    if failed and done:
        raise typer.Exit(SOME_FAILED)
    if not done and (failed or not nothing_is_fine):
        raise typer.Exit(ALL_FAILED)
