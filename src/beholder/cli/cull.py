"""`beholder cull`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from beholder.cli.options import (
    Batch,
    Exclude,
    Fast,
    Model,
    Paths,
    Recursive,
    StateFile,
    TasteFile,
    Threads,
    Workers,
    open_scorer,
    open_store,
)
from beholder.cli.session import SOME_FAILED, STOPPED, InputPhotos, RunSummary, finish, watched
from beholder.cli.stopping import stoppable
from beholder.cli.xmp_options import BreakLinks, Embed, Label, RejectRating, Stars, Xmp, open_marking
from beholder.errors import BeholderError
from beholder.interruption import interruptible
from beholder.output.extras import open_extras
from beholder.output.formats import FORMATS, in_words
from beholder.scoring.batch import batch_threads
from beholder.terminal import say

if TYPE_CHECKING:
    from beholder.culling.full_size import Look


def cull(
    paths: Paths,
    keep: Annotated[
        str,
        typer.Option(help="How many to pick: a number (200), a share (20%) or one-per-series.", metavar="N|N%|WORD"),
    ] = "one-per-series",
    min_per_scene: Annotated[
        int, typer.Option(min=0, help="With a number or a share: pick so many of each scene first.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help=f"Write a table, series by series: {in_words(tuple(FORMATS))}; - prints CSV."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page of the series with pictures, reasons and 100% crops.", metavar="FILE.html"),
    ] = None,
    xmp: Xmp = None,
    stars: Stars = None,
    label: Label = None,
    embed: Embed = False,
    reject_rating: RejectRating = False,
    break_links: BreakLinks = False,
    copy_picks: Annotated[
        Path | None, typer.Option(help="Copy the picks to this folder, with their RAW and XMP files.", file_okay=False)
    ] = None,
    link_picks: Annotated[
        Path | None, typer.Option(help="Link the picks in this folder, which takes no space.", file_okay=False)
    ] = None,
    reject_defects: Annotated[
        bool,
        typer.Option(
            "--reject-defects",
            help="Reject a frame for one measured defect (out of focus, motion blur, clipped, blank), never the last of"
            " a scene.",
        ),
    ] = False,
    measure_all: Annotated[
        bool, typer.Option("--measure-all", help="Measure sharpness and light of photographs that are alone, too.")
    ] = False,
    recursive: Recursive = False,
    exclude: Exclude = None,
    taste: TasteFile = None,
    model: Model = None,
    fast: Fast = False,
    top: Annotated[int | None, typer.Option(min=1, help="How many of the best picks to show.  [default: 40]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as a JSON array.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped run with the same --out.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; say what would be written, copied and linked.")
    ] = False,
    state: StateFile = None,
    batch: Batch = None,
    workers: Workers = None,
    threads: Threads = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No table, no progress; errors only.")] = False,
) -> None:
    """Find the keepers of a shoot: group it into series, pick the best of each, and say why.

    Photographs are scored, and those that belong together are found by likeness and by the time in the camera: bursts,
    exposure brackets (kept together), photographs that are nearly the same, and scenes. RAW and JPEG of one shot are
    one. The frames of a series are then decoded in full, and their sharpness, motion blur, clipped light and noise are
    measured, which no small picture shows.

    \b
    Every photograph gets one of four decisions, with a reason:
      pick    the best of its series, or a photograph alone, or a frame of a bracket
      maybe   too close to call: another frame is about as good; look yourself
      other   a rank in its series; it is not rejected
      reject  only with --reject-defects

    With --keep 200 or 20% so many are picked, good ones that differ, from every scene at least --min-per-scene as long
    as there is room. A bracket counts as one.

    With --state scores are kept in a file of `beholder review`, and what it knows is not scored again.

    With --xmp the decisions are also written where photo programs read them; what a person has set there stays.

    Nothing is deleted and nothing is moved, ever.

    \b
    Exit status:
      0    all done
      1    nothing could be scored
      3    some could not be read, copied or linked, or not be written to by --xmp
      130  stopped; run again with --resume to go on

    \b
    Examples:
      beholder cull shoot/
      beholder cull shoot/ --keep 20% --report cull.html
      beholder cull shoot/ --recursive --out cull.csv --resume
      beholder cull shoot/ --keep 200 --copy-picks picks/ --dry-run
      beholder cull shoot/ --keep 20% --xmp sidecar,lightroom --label green
      beholder cull shoot/ --taste taste.json --reject-defects
    """
    from beholder.cli.cull_output import Outputs, check_outputs, print_picks, put_picks, write_marks, write_outputs
    from beholder.culling import shoot
    from beholder.culling.cull import Wishes, cull, score_frames, series_info
    from beholder.culling.keep import parse_keep
    from beholder.progress import bar

    title = os.path.basename(os.path.abspath(paths[0])) if len(paths) == 1 and paths != ["-"] else "beholder cull"
    outputs = Outputs(out, report, copy_picks, link_picks, title, dry_run=dry_run)
    if resume and not outputs.journal:
        raise BeholderError("--resume goes on with a file: name it with --out, and leave out --dry-run")
    if outputs.is_printed and as_json:
        raise BeholderError("--out - and --json both print: give one of the two")
    wishes = Wishes(parse_keep(keep), min_per_scene, reject_defects, measure_all, report is not None and not dry_run)
    check_outputs(outputs, inputs=(*paths, model, taste, state))
    scorer = open_scorer(model, fast=fast, threads=batch_threads(threads))
    series_info(scorer.info)
    extras = open_extras(scorer, taste)
    with open_marking(
        xmp,
        stars=stars,
        label=label,
        embed=embed,
        reject_rating=reject_rating,
        break_links=break_links,
        dry_run=dry_run,
    ) as marking:
        run = RunSummary()
        photos = InputPhotos(paths, recursive=recursive, exclude=exclude or (), quiet=quiet)
        outputs.check_folders(item for item in photos if isinstance(item, str))
        progress = not quiet and not (as_json and sys.stdout.isatty())
        with stoppable(run), open_store(state, scorer, extras, culling=True) as store:
            scored = score_frames(
                scorer,
                photos,
                extras,
                journal=outputs.journal,
                resume=resume,
                store=store,
                batch=batch,
                workers=workers,
                threads=threads,
                watch=lambda results, total: watched(results, run, total, progress=progress),
            )
        if run.stopped:
            _stop(outputs.journal if run.scored + run.known else None)

        def looking(looks: Iterator[list["Look"]], total: int) -> Iterator[list["Look"]]:
            with bar("looking at series", total, quiet=not progress) as shown:
                for look in looks:
                    yield look
                    shown.advance(shown.task_ids[0])

        unmarked = 0
        try:
            with (
                interruptible(),
                cull(scorer.info, scored, extras, wishes, workers=workers, threads=threads, watch=looking) as culled,
            ):
                write_outputs(culled, scorer, extras, outputs)
            if marking is not None:
                shown = not (quiet or as_json or outputs.is_printed)
                write_marks(culled, marking, dry_run=dry_run, shown=shown, quiet=quiet)
                unmarked = marking.reasons.count
            missing = put_picks(culled, outputs, quiet=quiet)  # with the XMP files that are there now
        except KeyboardInterrupt:
            _stop(outputs.journal)
        if outputs.journal:
            shoot.forget(outputs.journal)
        if as_json or not (outputs.is_printed or quiet):
            print_picks(culled, extras, top, as_json=as_json, has_page=report is not None)
        finish(run, out if not outputs.is_printed else None, quiet=quiet)
        if unmarked or missing:
            raise typer.Exit(SOME_FAILED)


def _stop(journal: Path | None) -> NoReturn:
    """End a run that was stopped, and say how it goes on."""
    kept = f"; what was scored is kept for {journal}: run again with --resume" if journal else ""
    say(f"stopped{kept}")
    raise typer.Exit(STOPPED)
