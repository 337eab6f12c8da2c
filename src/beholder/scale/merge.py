"""Whether all units of a run are there and whole, what is in them together, and one table of them all."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import explained
from beholder.output.line_format import MAX_ROW_BYTES
from beholder.scale import store
from beholder.scale.done import LOOKS, Done
from beholder.scale.output import WHAT, EmbeddingsWriter
from beholder.scale.places import PLAN, Places
from beholder.scale.plan import Plan, read_plan
from beholder.scale.reasons import Reasons
from beholder.scale.written import is_table, is_whole, open_written
from beholder.text import first_few, one_line, printable

_PART = 1 << 20  # bytes that are copied at a time


@dataclass
class Together:
    """What is in all tables of a run.

    Attributes:
        places: of the tables.
        units: names of all units, in order.
        shards: machines that the run was made for.
        missing: (index, why) of units that are not whole.
        rows, errors, retries: of the others.
        reasons: why rows could not be scored.
        models: id -> units with its scores; of a whole run there is one.
        options: what else tables were made with -> units; of a whole run there is one.
        embeddings: whether embeddings are beside the tables.
    """

    places: Places
    units: tuple[str, ...]
    shards: int
    missing: list[tuple[int, str]] = field(default_factory=list)
    rows: int = 0
    errors: int = 0
    retries: int = 0
    reasons: Reasons = field(default_factory=Reasons)
    models: Counter[str] = field(default_factory=Counter)
    options: Counter[str] = field(default_factory=Counter)
    embeddings: bool = False

    @property
    def problems(self) -> list[str]:
        """Why the run is not whole, one line each."""
        lines = [f"{printable(self.units[index])}: {why}" for index, why in self.missing]
        for what, found in (("models", self.models), ("options", self.options)):
            if len(found) > 1:
                counts = "; ".join(f"{printable(name)}: {count:,} units" for name, count in found.most_common(3))
                lines.append(f"the tables are of different {what} ({counts}): score again with --overwrite")
        return lines

    @property
    def shards_missing(self) -> list[int]:
        """The shards that units are missing of."""
        return sorted({index % self.shards for index, _ in self.missing})


def look_together(out: str, *, deep: bool = False) -> Together:
    """Look at all tables of a run.

    Args:
        out: folder of the tables, or the pattern that they were written with.
        deep: read each table and compare its sha256, rather than its size only.

    Raises:
        BeholderError: there is no plan of a run.
    """
    places, plan = _planned(out)
    together = Together(places, plan.units, plan.shards)
    with ThreadPoolExecutor(LOOKS if store.is_remote(places.pattern) else 1) as pool:
        looks = pool.map(lambda name: _look(name, places, deep=deep), plan.units)
        for index, (done, why) in enumerate(looks):
            if done is None:
                together.missing.append((index, why))
                continue
            together.rows += done.rows
            together.errors += done.errors
            together.retries += done.retries
            together.reasons.add_all(done.reasons)
            together.models[done.wanted.model] += 1
            together.options[str(dict(done.wanted.options))] += 1
            together.embeddings = together.embeddings or done.embeddings is not None
    return together


def _planned(out: str) -> tuple[Places, Plan]:
    if "{unit}" in out:
        path = Places(out).plan
        assert path is not None
    else:
        path = out if out.endswith(f"/{PLAN}") else store.join(out, PLAN)
    plan = read_plan(path)
    if plan is None:
        raise BeholderError(
            f"{printable(path)}: there is no such plan; give the folder of --out 'FOLDER/{{unit}}.parquet', which "
            "beholder score writes"
        )
    places = Places(path[: -len(PLAN)] + plan.pattern)
    if "{unit}" in out and places.pattern != out:
        raise BeholderError(f"{printable(out)}: the tables there are {printable(places.pattern)}; give that")
    return places, plan


def _look(name: str, places: Places, *, deep: bool) -> tuple[Done | None, str]:
    """The done file of a unit whose table is whole; or None, and why it is not."""
    content = store.read_small(places.done(name))
    done = None if content is None else Done.of_json(content)
    if done is None:
        return None, "is not done" if content is None else "is not done (its done file is damaged)"
    if not is_whole(places.table(name), done.output, deep=deep):
        return None, f"is not whole ({printable(places.table(name))})"
    if done.embeddings is not None and not is_whole(places.embeddings(name), done.embeddings, deep=deep):
        return None, f"is not whole ({printable(places.embeddings(name))})"
    return done, ""


def join(together: Together, out: str, *, overwrite: bool = False) -> None:
    """Write one table of all units, in their order, in memory that does not grow with them.

    Args:
        together: all are whole.
        out: file or URL, of the format that the tables have.
        overwrite: whether a file of another program goes.

    Raises:
        BeholderError: it cannot be written, or a table cannot be read.
    """
    target, places = Places(out), together.places
    if target.suffix != places.suffix:
        raise BeholderError(f"{printable(out)}: the tables end in {places.suffix}, and so has the one of them all to")
    if any(out in (places.table(name), places.done(name)) for name in together.units):
        raise BeholderError(f"{printable(out)}: is read by this command; give the output another name")
    if not overwrite and store.exists(out) and not is_table(out):
        raise BeholderError(
            f"{printable(out)}: is there already and is no table of beholder; choose another name, or replace it by "
            "--overwrite"
        )
    tables = [places.table(name) for name in together.units]
    with ExitStack() as opened:
        numbers = None
        if together.embeddings:
            numbers = opened.enter_context(store.temporary_beside(target.embeddings("")))
            with explained(out, WHAT):
                _join_embeddings([places.embeddings(name) for name in together.units], numbers)
        table = opened.enter_context(store.temporary_beside(out))
        with explained(out, WHAT):
            if target.suffix == ".parquet":
                _join_parquet(tables, table)
            else:
                _join_lines(tables, table, header=target.suffix == ".csv")
        if numbers is not None:
            store.publish(numbers, target.embeddings(""))
        store.publish(table, out)


def _join_lines(tables: Sequence[str], path: Path, *, header: bool) -> None:
    first: bytes | None = None
    with path.open("wb") as joined:
        for table in tables:
            with open_written(table) as file:
                if header:
                    names = _header(file)
                    if first is None:
                        joined.write(names)
                    elif names != first:
                        raise _other_columns(tables[0], table)
                    first = names
                shutil.copyfileobj(file, joined, _PART)


def _header(file: BinaryIO) -> bytes:
    """The first row of CSV; a name may have a line break in it."""
    line = b""
    while part := file.readline(MAX_ROW_BYTES):
        line += part
        if line.count(b'"') % 2 == 0:
            break
    return line


def _join_parquet(tables: Sequence[str], path: Path) -> None:
    arrow = require("pyarrow", "parquet", "joining Parquet")
    parquet = require("pyarrow.parquet", "parquet", "joining Parquet")
    schema: Any = None
    for table, file in zip(tables, _parquet_files(tables), strict=True):
        found = file.schema_arrow
        try:
            schema = found if schema is None else arrow.unify_schemas([schema, found], promote_options="permissive")
        except arrow.ArrowException:  # types that have no common one
            raise _other_columns(tables[0], table) from None
        if found.names != schema.names:
            raise _other_columns(tables[0], table)
    with parquet.ParquetWriter(path, schema, use_dictionary=["unit", "model", "error"]) as writer:
        for file in _parquet_files(tables):
            for number in range(file.num_row_groups):
                writer.write_table(file.read_row_group(number).cast(schema))


def _parquet_files(tables: Sequence[str]) -> Iterator[Any]:
    arrow = require("pyarrow", "parquet", "joining Parquet")
    parquet = require("pyarrow.parquet", "parquet", "joining Parquet")
    for table in tables:
        with open_written(table) as file:
            try:
                with parquet.ParquetFile(file) as opened:
                    yield opened
            except arrow.ArrowInvalid as error:
                raise BeholderError(f"{printable(table)}: cannot be read ({one_line(error)})") from None


def _other_columns(first: str, other: str) -> BeholderError:
    return BeholderError(f"{printable(other)}: has other columns than {printable(first)}; they make no one table")


def _join_embeddings(files: Sequence[str], path: Path) -> None:
    writer: EmbeddingsWriter | None = None
    for name in files:
        with open_written(name) as file:
            np.lib.format.read_magic(file)
            (rows, dimensions), *_ = np.lib.format.read_array_header_1_0(file)
            writer = writer or EmbeddingsWriter(path, dimensions)
            if dimensions != writer.dimensions:
                raise _other_columns(files[0], name)
            writer.copy(file, rows)
    if writer is not None:
        writer.close()


def shards_in_words(together: Together) -> str:
    """Which machines of a run have to score again.

    >>> places = Places("out/{unit}.csv")
    >>> shards_in_words(Together(places, ("a", "b", "c"), 2, [(1, "is not done")]))
    'run the same command again with --shard 1/2'
    """
    if together.shards == 1:
        return "run the same command again"
    shards = [f"{shard}/{together.shards}" for shard in together.shards_missing]
    return f"run the same command again with --shard {first_few(shards)}"
