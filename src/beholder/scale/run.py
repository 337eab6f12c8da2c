"""One run over many units: all their rows in one stream, a table for each unit, and what came of it.

The model never waits for a unit to end: rows of the next one are decoded meanwhile. Results come in the order of the
rows, so one table is open at a time. A unit that cannot be read to its end leaves nothing, and the others go on.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from os.path import dirname, realpath
from typing import TYPE_CHECKING, Any

import numpy as np

from beholder import __version__
from beholder.errors import BeholderError, ModelError
from beholder.files import remove_all_partials
from beholder.output.extras import open_extras
from beholder.output.rows import Row, identity_of, row_of
from beholder.photos.listing.find import Unreadable
from beholder.photos.sources import Source
from beholder.reading import read_bytes
from beholder.scale import store
from beholder.scale.carry import Carry
from beholder.scale.done import INVALID, Done, Look, Wanted, look_at
from beholder.scale.output import Schema, UnitWriter, check_carried, columns_to_write
from beholder.scale.places import Places
from beholder.scale.read import InputId, carried_types, input_id, input_sha256, read_rows
from beholder.scale.reasons import Reason, Reasons
from beholder.scale.unit import Kind, Unit, UnitError
from beholder.scoring.batch import Result, score_photos
from beholder.scoring.cores import CORES
from beholder.scoring.model_file import MAX_MODEL_BYTES, model_id, model_path
from beholder.text import printable, valid_utf8

if TYPE_CHECKING:
    from beholder.output.rows import Columns
    from beholder.scoring.extra_columns import ExtraColumns
    from beholder.scoring.scorer import Scorer

BATCH_ROWS = 10_000  # of a row group of Parquet
RETRIES = 3
FEW_ROWS = 100  # up to which a share of errors says little
STORE_WORKERS = 16  # decoding threads where each of them fetches its picture from a store
Watch = Callable[[Iterator[Result]], Iterator[Result]]


@dataclass(frozen=True)
class MaxErrors:
    """How many rows without scores end a run: a share of all rows, or a number.

    >>> MaxErrors.of_text("5%"), MaxErrors.of_text("200")
    (MaxErrors(share=0.05, count=None), MaxErrors(share=None, count=200))
    """

    share: float | None = None
    count: int | None = None

    @staticmethod
    def of_text(text: str) -> MaxErrors:
        """What ``--max-errors`` says. Raises BeholderError where that is neither a share nor a number."""
        if re.fullmatch(r"[0-9]+", text):
            return MaxErrors(count=int(text))
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?%", text) and float(text[:-1]) <= 100:
            return MaxErrors(share=float(text[:-1]) / 100)
        raise BeholderError(f"--max-errors {printable(text)}: give a share of the rows such as 5%, or a number of rows")

    def __str__(self) -> str:
        return f"{self.count}" if self.share is None else f"{100 * self.share:g}%"

    def are_passed(self, errors: int, rows: int) -> bool:
        """Whether there are more errors among the rows than these."""
        return errors > (self.share * rows if self.share is not None else self.count or 0)


class TooManyErrorsError(BeholderError):
    """A run that has gone wrong: more rows than ``--max-errors`` could not be scored."""


@dataclass(frozen=True)
class Options:
    """How units are scored. It can be sent to another machine.

    Attributes:
        out: pattern of the tables, with ``{unit}``, or one table; None for none.
        model: model file, name of an embedded model, or None for the default: that of the scorer.
        taste: file of `beholder taste fit`.
        column: of Parquet files, that has the pictures; None for ``image``.
        carry: columns of the input that go through.
        fields: columns of scores; None for all.
        embeddings: whether tables have the embeddings.
        batch_rows: rows of a row group of Parquet.
        retries: of one read of a store.
        overwrite: whether tables of another model, of other options, of another input or of another program go.
        max_errors: how many rows without scores end the run; None for any number.
        batch, workers, threads: as :func:`beholder.score_photos` takes them.
        device: where actors of Ray compute: ``auto``, ``cpu`` or ``cuda``.
    """

    out: str | None
    model: str | None = None
    taste: str | None = None
    column: str | None = None
    carry: tuple[Carry, ...] = ()
    fields: tuple[str, ...] | None = None
    embeddings: bool = False
    batch_rows: int = BATCH_ROWS
    retries: int = RETRIES
    overwrite: bool = False
    max_errors: MaxErrors | None = None
    batch: int | None = None
    workers: int | None = None
    threads: int | None = None
    device: str = "auto"

    def of_rows(self) -> Mapping[str, Any]:
        """What decides a table beside model and input, as JSON has it; the taste is in the model's id."""
        return {
            "column": self.column,
            "carry": [[each.name, each.as_name] for each in self.carry],
            "fields": None if self.fields is None else list(self.fields),
            "embeddings": self.embeddings,
            "batch_rows": self.batch_rows,
        }


@dataclass(frozen=True)
class UnitReport:
    """What came of a unit.

    Attributes:
        unit: it.
        rows, errors: rows of its table, and how many of them have no scores.
        error: why there is no table, one line; None if it was scored.
        retries: reads of the store that were tried again.
        seconds: from its first row to its table.
        reasons: the most frequent ones of the errors.
        known: whether it was scored by an earlier run.
    """

    unit: Unit
    rows: int = 0
    errors: int = 0
    error: str | None = None
    retries: int = 0
    seconds: float = 0.0
    reasons: tuple[Reason, ...] = ()
    known: bool = False


def check_errors(limit: MaxErrors | None, errors: int, rows: int, reasons: Reasons) -> None:
    """Raise TooManyErrorsError where more of the rows than this limit have no scores."""
    if limit is not None and limit.are_passed(errors, rows):
        raise TooManyErrorsError(
            f"{errors:,} of {rows:,} rows could not be scored, more than --max-errors {limit}: "
            f"{'; '.join(reasons.lines()[:3])}"
        )


def wanted_by(scorer: Scorer, options: Options) -> Wanted:
    """What the rows are to be made with. Raises ModelError where the model file is no longer that of the scorer."""
    content = read_bytes(model_path(options.model), "a model file", MAX_MODEL_BYTES, error=ModelError)
    if (now := model_id(scorer.info.name, content)) != scorer.id:
        raise ModelError(f"{options.model or 'default'}: is {now}, where {scorer.id} is expected; it was replaced")
    identity = identity_of(scorer.id, open_extras(scorer, options.taste))
    return Wanted(identity, hashlib.sha256(content).hexdigest(), options.of_rows())


def look_at_all(units: Sequence[Unit], scorer: Scorer, options: Options) -> list[Look]:
    """What is there of each unit already.

    Raises:
        BeholderError: a column is not there or has the name of another one, or an output takes the place of an input or
            of something that stays without ``overwrite``.
    """
    _scores_of(scorer, open_extras(scorer, options.taste), options)
    if options.out is None:
        return [Look(unit) for unit in units]
    places = Places(options.out)
    inputs = {_place(unit.path): unit.path for unit in units}
    for unit in units:
        if (table := _place(places.table(unit.name))) in inputs:
            raise BeholderError(f"{printable(table)}: is read by this command; give the outputs other names")
    return look_at(units, places, wanted_by(scorer, options), overwrite=options.overwrite)


def _scores_of(scorer: Scorer, extras: Sequence[ExtraColumns], options: Options) -> Columns:
    """The columns of scores, once it is sure that all columns have names of their own."""
    scores = columns_to_write(scorer, extras, options.fields)
    check_carried([each.as_name for each in options.carry], scores, embeddings=options.embeddings)
    return scores


def _place(path: str) -> str:
    return path if store.is_remote(path) else realpath(path)


def run_units(
    units: Sequence[Unit],
    scorer: Scorer,
    options: Options,
    *,
    looks: Sequence[Look] | None = None,
    each: Callable[[Row], object] | None = None,
    watch: Watch | None = None,
) -> Iterator[UnitReport]:
    """Score units that are not done yet, in order.

    Args:
        units: to score.
        scorer: the model, best opened with :func:`beholder.scoring.batch.batch_threads`.
        options: how.
        looks: what :func:`look_at_all` found of these units, where that was asked before.
        each: is called with each row.
        watch: wraps the results of all rows on their way, to count them or to end early. The unit at hand is then
            dropped.

    Yields:
        What came of a unit, once its table is in place: first of those that were done before.

    Raises:
        BeholderError: nothing can be scored as it is asked, or an output cannot be written. Units that are done stay.
        TooManyErrorsError: see ``max_errors``.
    """
    looks = look_at_all(units, scorer, options) if looks is None else looks
    for look in looks:
        if look.done is not None:
            done = look.done
            yield UnitReport(look.unit, done.rows, done.errors, retries=done.retries, reasons=done.reasons, known=True)
    todo = [look for look in looks if look.done is None]
    if todo:
        remove_partials(todo, options)
        run = _Run(scorer, options, {look.unit.index: look.stale for look in todo}, each)
        with closing(run):
            yield from run.reports([look.unit for look in todo], watch or (lambda results: results))


def remove_partials(looks: Iterable[Look], options: Options) -> None:
    """Remove what processes that were killed left where tables will be."""
    if options.out is not None and not store.is_remote(options.out):
        places = Places(store.local_path(options.out))
        for folder in {dirname(realpath(places.table(look.unit.name))) for look in looks}:
            remove_all_partials(folder)


@dataclass(frozen=True)
class _Begin:
    """Stands before the rows of a unit."""

    unit: Unit
    carried: Mapping[str, Any]


@dataclass(frozen=True)
class _Line:
    """Stands for a row whose picture is being scored."""

    path: str
    carried: Mapping[str, Any]


@dataclass(frozen=True)
class _End:
    """Stands after the rows of a unit: what was read, or why it was not read to its end."""

    unit: Unit
    retries: store.Retries
    input: InputId | None = None
    error: str | None = None


@dataclass
class _Counts:
    """Of a unit, or of the run."""

    rows: int = 0
    errors: int = 0
    reasons: Reasons = field(default_factory=Reasons)

    def add(self, row: Row) -> None:
        self.rows += 1
        if row["error"]:
            self.errors += 1
            self.reasons.add(row["unit"], row["path"], row["error"])


class _Run:
    """The state of a run: what is being scored, in the order of the input, and the one table that is open."""

    def __init__(
        self,
        scorer: Scorer,
        options: Options,
        stale: Mapping[int, bool],
        each: Callable[[Row], object] | None,
    ) -> None:
        self._scorer, self._options, self._stale, self._each = scorer, options, stale, each
        self._places = None if options.out is None else Places(options.out)
        self._extras = open_extras(scorer, options.taste)
        self._scores = _scores_of(scorer, self._extras, options)
        self._wanted = None if self._places is None else wanted_by(scorer, options)
        self._coming: deque[_Begin | _Line | _End] = deque()
        self._open = ExitStack()
        self._writer: UnitWriter | None = None
        self._counts, self._all = _Counts(), _Counts()
        self._started = time.monotonic()
        self._known_dimensions = 0
        self._unit = ""

    def close(self) -> None:
        """Drop the unit at hand."""
        self._open.close()

    def reports(self, units: Sequence[Unit], watch: Watch) -> Iterator[UnitReport]:
        options, workers = self._options, self._options.workers
        if workers is None and any(unit.kind is Kind.FOLDER and store.is_remote(unit.path) for unit in units):
            workers = max(CORES, STORE_WORKERS)
        results = score_photos(
            self._scorer,
            self._sources(units),
            batch=options.batch,
            workers=workers,
            threads=options.threads,
            hashed=True,
        )
        with closing(results):  # type: ignore[type-var]  # a generator
            for result in watch(results):
                yield from self._pass_marks()
                line = self._coming.popleft()
                assert isinstance(line, _Line)
                self._add(result, line)
                yield from self._pass_marks()
            yield from self._pass_marks()

    def _sources(self, units: Sequence[Unit]) -> Iterator[Source | Unreadable]:
        """The pictures of all rows; what else belongs to them goes to ``_coming``."""
        column, carry = self._options.column, self._options.carry
        for unit in units:
            retries = store.Retries(self._options.retries)
            try:
                before = input_id(unit, retries)
                self._coming.append(_Begin(unit, carried_types(unit, column, carry, retries)))
                for row in read_rows(unit, column=column, carry=carry, retries=retries):
                    self._coming.append(_Line(row.path, row.carried))
                    yield row.source
                now = input_id(unit, retries)
                if unit.kind is not Kind.FOLDER and (now.size, now.tag) != (before.size, before.tag):
                    raise UnitError(f"{printable(unit.path)}: has changed while it was read; run again")
                end = _End(unit, retries, before)
            except (UnitError, store.StoreError) as error:
                end = _End(unit, retries, error=str(error))
            self._coming.append(end)

    def _pass_marks(self) -> Iterator[UnitReport]:
        """Begin and end the units whose turn it is."""
        while self._coming and not isinstance(self._coming[0], _Line):
            mark = self._coming.popleft()
            if isinstance(mark, _Begin):
                self._begin(mark)
            else:
                assert isinstance(mark, _End)
                yield self._end(mark)

    def _begin(self, mark: _Begin) -> None:
        self._counts, self._started, self._unit = _Counts(), time.monotonic(), valid_utf8(mark.unit.name)
        if self._places is None or self._wanted is None:
            return
        schema = Schema(self._scores, mark.carried, self._dimensions())
        about = {"beholder_version": __version__, "beholder_model": self._wanted.model}
        writer = UnitWriter(mark.unit.name, self._places, schema, about, self._options.batch_rows)
        self._writer = self._open.enter_context(writer)

    def _dimensions(self) -> int:
        """Of an embedding, which only a run of the model tells; 0 where none is asked for."""
        if self._options.embeddings and not self._known_dimensions:
            width, height = self._scorer.info.size
            black = np.zeros((2, height, width, 3), np.uint8)
            self._known_dimensions = self._scorer.run(black, np.ones((2, 2), int)).embedding.shape[1]
        return self._known_dimensions

    def _add(self, result: Result, line: _Line) -> None:
        scores = row_of(result, {"path": str, **self._scores}, self._extras)
        row: Row = {"path": valid_utf8(line.path), "unit": self._unit, "row": self._counts.rows}
        row |= {each.as_name: _valid(line.carried.get(each.as_name)) for each in self._options.carry}
        row |= {name: scores[name] for name in self._scores}
        self._counts.add(row)
        self._all.add(row)
        if self._all.rows >= FEW_ROWS:
            self._check_errors()
        if self._writer is not None:
            wanted = self._options.embeddings and result.scores is not None
            self._writer.write(row, result.scores.embedding[0] if wanted and result.scores is not None else None)
        if self._each is not None:
            self._each(row)

    def _check_errors(self) -> None:
        check_errors(self._options.max_errors, self._all.errors, self._all.rows, self._all.reasons)

    def _end(self, mark: _End) -> UnitReport:
        """Put the table of a unit in its place, or drop it."""
        counts, error = self._counts, mark.error
        try:
            if error is None:
                self._check_errors()
                error = self._publish(mark)
        finally:
            self._open.close()
            self._writer = None
        retries, seconds = mark.retries.count, time.monotonic() - self._started
        if error is not None:
            return UnitReport(mark.unit, error=error, retries=retries, seconds=seconds)
        reasons = counts.reasons.most()
        return UnitReport(mark.unit, counts.rows, counts.errors, None, retries, seconds, reasons)

    def _publish(self, mark: _End) -> str | None:
        """Publish the table, then the file that says it is whole. Returns why it is not, if the input is lost."""
        places, wanted, unit, counts = self._places, self._wanted, mark.unit, self._counts
        if places is None or wanted is None or self._writer is None or mark.input is None:
            return None
        try:
            sha256 = mark.input.sha256 or ("" if unit.row_groups else input_sha256(unit, mark.retries))
        except (UnitError, store.StoreError) as error:
            return str(error)
        if self._stale.get(unit.index):
            store.publish_bytes(INVALID, places.done(unit.name), mark.retries)
        output, embeddings = self._writer.publish(mark.retries)
        done = Done(
            unit=valid_utf8(unit.name),
            index=unit.index,
            input=replace(mark.input, path=valid_utf8(mark.input.path), sha256=sha256),
            row_groups=unit.row_groups,
            output=output,
            embeddings=embeddings,
            rows=counts.rows,
            errors=counts.errors,
            retries=mark.retries.count,
            reasons=counts.reasons.most(),
            wanted=wanted,
            version=__version__,
        )
        store.publish_bytes(done.to_json(), places.done(unit.name), mark.retries)
        return None


def _valid(value: Any) -> Any:
    return valid_utf8(value) if isinstance(value, str) else value
