"""Photographs -> scores -> rows in a file, a ranked table and a JSON array, or one report page.

The commands `score` and `report` read arguments, call these functions and print. Progress, counting and stopping are
the caller's: it passes `watch`, which wraps the results on their way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from beholder.errors import BeholderError
from beholder.output.originals import link_to
from beholder.output.ranking import JsonArray, Ranked
from beholder.output.report import Entry, entry, thumbnail, write_report
from beholder.output.row_file import Sink
from beholder.output.rows import Row, columns_of, identity_of, row_of, score_names, shown_names
from beholder.output.score_store import ScoreStore
from beholder.output.sinks import open_sink
from beholder.photos.formats import BROWSER_FORMATS
from beholder.photos.listing.find import Unreadable
from beholder.photos.read import Photo, Pixels
from beholder.scoring.batch import Result, score_photos
from beholder.scoring.cores import CoreLimit
from beholder.scoring.extra_columns import ExtraColumns
from beholder.scoring.scorer import Scorer
from beholder.tasks import DETAIL_KINDS, Task, of_kind

if TYPE_CHECKING:
    from beholder.output.rows import Columns

THUMBNAIL_SIDE = 480  # pixels of the longest side in a report; of a click the original is shown,
PREVIEW_SIDE = 960  # and where no browser can show that, a larger picture
Photos = Iterable[str | Unreadable]
Watch = Callable[[Iterator[Result]], Iterator[Result]]


def rank_column(chosen: str | None, tasks: Sequence[Task], extras: Sequence[ExtraColumns]) -> str:
    """The column that rows are ranked by.

    Args:
        chosen: by the user; None for the default.
        tasks: of the model, the overall score first, which is ranked by under its own name too.
        extras: what is added to the scores.

    Raises:
        BeholderError: there is no such column; the message has those there are.
    """
    by = chosen or next((each.rank_by for each in extras if each.rank_by), "overall")
    if by == tasks[0].name:
        return "overall"
    sortable = (
        *shown_names(extras, leading=True),
        *score_names(tasks),
        "percentile",
        *(task.name for task in of_kind(tasks, *DETAIL_KINDS)),
        *shown_names(extras, leading=False),
        "path",
    )
    if by not in sortable:
        raise BeholderError(f"--sort {by}: choose one of {', '.join(sortable)}")
    return by


def score_rows(
    scorer: Scorer,
    photos: Photos,
    extras: Sequence[ExtraColumns],
    *,
    out: Path | None,
    resume: bool,
    csv_bom: bool = False,
    ranked: Ranked | None,
    array: JsonArray | None,
    each: Callable[[str, Row], object] | None = None,
    store: ScoreStore | None = None,
    batch: int | None,
    workers: int | None,
    threads: int | None = None,
    watch: Watch,
) -> bool:
    """Score photographs and pass each row on.

    Args:
        scorer: the model.
        photos: paths, and places that could not be listed or hold no photograph.
        extras: what is added to the scores.
        out: file to write, if any.
        resume: go on with the file: rows that it has are not computed again.
        csv_bom: begin a CSV file with a byte order mark.
        ranked: collects the rows.
        array: gets each row as it comes or, with ``ranked``, the ranked rows at the end.
        each: is called with the path of a photograph and its row, once that is written.
        store: has scores from before, and takes new ones; what it knows is not computed again.
        batch, workers, threads: as :func:`beholder.scoring.batch.score_photos` takes them.
        watch: wraps the results on their way, to count them or to stop.

    Returns:
        Whether an older file stays as it was, because nothing was scored.

    Raises:
        BeholderError: as :func:`beholder.output.sinks.open_sink`, or the file cannot be written.
    """
    columns = columns_of(scorer.info.tasks, extras)
    opened = open_sink(out, columns, scorer.id, extras, resume=resume, csv_bom=csv_bom) if out else nullcontext()
    with opened as sink:
        # The table on a terminal has no sha256.
        hashed = array is not None or sink is not None or each is not None or store is not None
        knowing: list[Callable[[str, str], bool]] = [sink.knows] if sink is not None and resume else []
        knowing += [store.knows] if store is not None else []
        known = (lambda path, sha256: any(knows(path, sha256) for knows in knowing)) if knowing else None
        for result in watch(
            score_photos(scorer, photos, batch=batch, workers=workers, threads=threads, hashed=hashed, known=known)
        ):
            row = _row(result, columns, extras, sink, store)
            if each is not None:
                each(result.path, row)
            if ranked is not None:
                ranked.add(row)
            elif array is not None:
                array.add(row)
        if ranked is not None and array is not None:
            for _, row in ranked.rows():
                array.add(row)
    return sink is not None and sink.is_waiting


def _row(
    result: Result, columns: Columns, extras: Sequence[ExtraColumns], sink: Sink | None, store: ScoreStore | None
) -> Row:
    """The row of a result, taken from the sink or the store if they have it already, else written to both."""
    if result.scores is None and result.error is None:
        if sink is not None and sink.knows(result.path, result.sha256):
            return sink.keep(result.path, result.sha256)
        assert store is not None
        row = store.row(result.path, result.sha256)
    else:
        row = row_of(result, columns, extras)
        if store is not None and result.scores is not None:
            store.keep(result, row)
    if sink is not None:
        sink.write(row)
    return row


def score_page(
    scorer: Scorer,
    photos: Photos,
    extras: Sequence[ExtraColumns],
    *,
    out: Path,
    title: str,
    exact_maps: bool,
    batch: int | None,
    workers: int | None,
    threads: int | None = None,
    watch: Watch,
) -> bool:
    """Score photographs and write a report page of them.

    Args:
        scorer: the model.
        photos: paths, and places that could not be listed or hold no photograph.
        extras: what is added to the scores.
        out: HTML file to write.
        title: of the page.
        exact_maps: whether the page has heat maps, by hiding parts of the picture, which takes seconds a photograph.
        batch, workers, threads: as :func:`beholder.scoring.batch.score_photos` takes them.
        watch: wraps the results on their way, to count them or to stop.

    Returns:
        Whether the page was written. It is not if no photograph could be scored: an older page is worth more.

    Raises:
        BeholderError: the page cannot be written.
    """
    failures: list[tuple[str, str]] = []
    limit = CoreLimit.of(threads)

    def prepare(found: Photo) -> tuple[bytes, bool, Pixels | None]:
        shown = found.format in BROWSER_FORMATS
        side = THUMBNAIL_SIDE if shown else PREVIEW_SIDE
        return thumbnail(found.pixels, side), shown, scorer.pixels(found) if exact_maps else None

    def entries() -> Iterator[Entry]:
        scored = False
        for result in watch(score_photos(scorer, photos, batch=batch, workers=workers, threads=limit, also=prepare)):
            if result.scores is None:
                failures.append((result.path, result.error or ""))
                continue
            scored = True
            picture, shown, pixels = result.extra
            maps: np.ndarray | None = None
            if pixels is not None:
                with limit.taken(scorer.threads):
                    maps = scorer.occlude(pixels)
            yield entry(result.path, result.scores, picture, maps, extras, link_to(result.path, out), shown)
        if not scored:
            raise _NothingScoredError

    first, *others = scorer.info.tasks
    try:
        write_report(
            out,
            entries(),
            failures,
            (first, *(task for each in extras for task in each.tasks), *others),
            model=identity_of(scorer.id, extras),
            title=title,
            score_levels=scorer.info.score_levels,
            rank_by=next((each.rank_by for each in extras if each.rank_by), ""),
            tells_unlike=scorer.info.unlike is not None,
        )
    except _NothingScoredError:
        return False
    return True


class _NothingScoredError(Exception):
    """Ends the writing of a page that would have no photograph."""
