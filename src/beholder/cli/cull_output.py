"""What `beholder cull` writes and prints: table, page, copies of the picks, and a table on the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from beholder.cli.reasons import Reasons
from beholder.cli.tables import end_of, plain
from beholder.cli.xmp_options import show_outcome
from beholder.console import make_console
from beholder.culling.copies import check_folder, put, with_sidecars
from beholder.culling.decisions import MAYBE, OTHER, PICK, REJECT
from beholder.culling.page import PageFrame, PageSeries, write_page
from beholder.culling.table import EXTRA
from beholder.errors import BeholderError
from beholder.files import check_writable
from beholder.output.html_page import is_page
from beholder.output.originals import link_to
from beholder.output.ranking import JsonArray
from beholder.output.rows import columns_of, identity_of
from beholder.output.sinks import STANDARD_OUTPUT, check_output, open_sink
from beholder.terminal import say
from beholder.text import printable

if TYPE_CHECKING:
    from beholder.cli.xmp_options import Marking
    from beholder.culling.cull import Culled
    from beholder.scoring.extra_columns import ExtraColumns
    from beholder.scoring.scorer import Scorer

TABLE_ROWS = 40  # of the table unless --top says otherwise


@dataclass(frozen=True)
class Outputs:
    """Where the results of a cull go.

    Attributes:
        table: file of the table, if any.
        page: HTML file, if any.
        copies, links: folders of the picks, if any.
        title: of the page.
        dry_run: whether nothing is written.
    """

    table: Path | None
    page: Path | None
    copies: Path | None
    links: Path | None
    title: str = "beholder cull"
    dry_run: bool = False

    @property
    def is_printed(self) -> bool:
        """Whether the table goes to standard output."""
        return self.table == STANDARD_OUTPUT

    @property
    def journal(self) -> Path | None:
        """The file that results are kept for while the run goes on."""
        return None if self.is_printed or self.dry_run else self.table

    def check_folders(self, inputs: Iterable[str]) -> None:
        """Check that the folders of the picks can take them; raises BeholderError."""
        photos = list(inputs) if self.copies or self.links else []
        for folder in (self.copies, self.links):
            if folder is not None:
                check_folder(folder, photos)


def check_outputs(outputs: Outputs, inputs: Sequence[str | os.PathLike[str] | None]) -> None:
    """Check, before any work, that the files can be written, each of its own; raises BeholderError."""
    for names, one, other in (
        ("--out and --report", outputs.table, outputs.page),
        ("--copy-picks and --link-picks", outputs.copies, outputs.links),
    ):
        if one is not None and other is not None and os.path.realpath(one) == os.path.realpath(other):
            raise BeholderError(f"{one}: {names} both name it; give each a name of its own")
    if outputs.dry_run:
        return
    if outputs.table is not None:
        check_output(outputs.table, inputs=inputs)
    if outputs.page is not None:
        check_writable(outputs.page, "the page", is_page, inputs)


def write_outputs(culled: Culled, scorer: Scorer, extras: Sequence[ExtraColumns], outputs: Outputs) -> None:
    """Write the table and the page that were asked for; in a dry run say what would be written."""
    if outputs.table is not None and (outputs.is_printed or not outputs.dry_run):
        columns = columns_of(scorer.info.tasks, (EXTRA, *extras))
        with open_sink(outputs.table, columns, scorer.id, (EXTRA, *extras)) as sink:
            for row in culled.rows:
                sink.write(row)
    elif outputs.table is not None:
        say(f"would write {len(culled.rows)} rows to {outputs.table}")
    if outputs.page is not None and outputs.dry_run:
        say(f"would write a page of {len(culled.series)} series to {outputs.page}")
    elif outputs.page is not None:
        _write_page(culled, scorer, extras, outputs.page, outputs.title)


def put_picks(culled: Culled, outputs: Outputs, *, quiet: bool) -> int:
    """Copy and link the picks, with all that is beside them by now; in a dry run say how many. Returns failures."""
    failed = Reasons()
    for folder, link in ((outputs.copies, False), (outputs.links, True)):
        if folder is not None:
            _put_picks(culled, folder, failed, link=link, dry_run=outputs.dry_run, quiet=quiet)
    for reason in failed.lines():
        say(f"not in the folder of picks: {reason}")
    if failed.unlisted:
        say(f"not in the folder of picks: {failed.unlisted} more")
    return failed.count


def _write_page(culled: Culled, scorer: Scorer, extras: Sequence[ExtraColumns], page: Path, title: str) -> None:
    def shown(place: int) -> PageFrame:
        frame, look = culled.frames[place], culled.pictures.get(place)
        return PageFrame(culled.rows[place], look.thumbnail, look.crop, link_to(frame.path, page), look.shown)

    series = (
        PageSeries(number, each.kind, each.scene + 1, [shown(place) for place in each.members])
        for number, each in culled.series.items()
    )
    failures = [(row["path"], row["error"]) for row in culled.rows[len(culled.frames) :]]
    first, *others = scorer.info.tasks
    write_page(
        page,
        series,
        failures,
        tasks=(first, *(task for each in extras for task in each.tasks), *others),
        model=identity_of(scorer.id, extras),
        title=title,
        rank_by=next((each.rank_by for each in extras if each.rank_by), ""),
    )


def _put_picks(culled: Culled, folder: Path, failed: Reasons, *, link: bool, dry_run: bool, quiet: bool) -> None:
    what = "linked" if link else "copied"
    made = there = 0
    for row, frame in zip(culled.rows, culled.frames, strict=False):
        if row["decision"] != PICK:
            continue
        files = with_sidecars((frame.path, *frame.paired))
        if dry_run:
            made += len(files)
            continue
        try:
            new, old = put(files, folder, link=link)
        except BeholderError as error:
            failed.add(frame.path, str(error))
            continue
        made, there = made + len(new), there + len(old)
    if not quiet:
        before = f", {there} were there" if there else ""
        say(f"{made} files {'would be ' if dry_run else ''}{what} to {folder}{before}")
        if maybes := _without_pick(culled):
            say(f"{maybes:,} series too close to call: none of their frames was {what}; look at those marked maybe")


def write_marks(culled: Culled, marking: Marking, *, dry_run: bool, shown: bool, quiet: bool) -> None:
    """Write the decisions where photo programs read them.

    Args:
        culled: whose decisions.
        marking: writes them.
        dry_run: whether it only tells what it would write.
        shown: whether to print then each file, and what would change in it.
        quiet: print no counts.
    """
    for row, frame in zip(culled.rows, culled.frames, strict=False):
        for outcome in marking.add(frame.path, row):
            if dry_run and shown:
                show_outcome(outcome)
    marking.report(quiet=quiet, dry_run=dry_run)


def _without_pick(culled: Culled) -> int:
    """How many series have frames that are too close to call, and no pick."""
    decisions: dict[int, set[str]] = {}
    for row in culled.rows[: len(culled.frames)]:
        decisions.setdefault(row["series"], set()).add(row["decision"])
    return sum(MAYBE in found and PICK not in found for found in decisions.values())


def print_picks(
    culled: Culled, extras: Sequence[ExtraColumns], top: int | None, *, as_json: bool, has_page: bool
) -> None:
    """Print the picks, best first, and how many of each decision there are; or all rows as a JSON array."""
    if as_json:
        with JsonArray() as array:
            for row in culled.rows:
                array.add(row)
        return
    by = next((each.rank_by for each in extras if each.rank_by), "overall")
    picks = sorted((row for row in culled.rows if row["decision"] == PICK), key=lambda row: -(row[by] or 0))
    console = make_console()
    shown = picks[: top or TABLE_ROWS]
    if shown:
        table = plain(None, "rank", "file", by, "of", "kind", "why", overflow="fold")
        room = max(18, console.width // 3)
        for rank, row in enumerate(shown, 1):
            name, size = end_of(printable(row["path"]), room), str(row["size"])
            table.add_row(str(rank), name, f"{row[by]:.2f}", size, row["kind"], row["reason"])
        console.print(table)
    if len(picks) > len(shown):
        say(f"{len(picks) - len(shown)} more: --top {len(picks)} shows all, --out FILE keeps them")
    say(summary(culled))
    if (maybes := _without_pick(culled)) and not has_page:
        say(f"{maybes:,} series without a pick, as their best frames are too close to call: --report FILE shows them")


def summary(culled: Culled) -> str:
    """One line: how many photographs, series and decisions."""
    bad = len(culled.rows) - len(culled.frames)
    parts = [f"{culled.count(PICK)} picked", f"{culled.count(MAYBE)} too close to call", f"{culled.count(OTHER)} other"]
    parts += [f"{culled.count(REJECT)} rejected"] if culled.count(REJECT) else []
    parts += [f"{bad} could not be read"] if bad else []
    count = len(culled.frames)
    return f"{count:,} photograph{'s' * (count != 1)} in {len(culled.series):,} series: {', '.join(parts)}"
