"""Spark: the function on batches of Arrow, and the real Spark where it and Java are installed."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from beholder.errors import BeholderError
from beholder.integrations.spark import Score
from helpers.hosts import alike, expected, host, save_some


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    return save_some(tmp_path / "photos")


def table_of(paths: list[str]) -> pa.Table:
    return pa.table(
        {
            "content": [Path(path).read_bytes() for path in paths],
            "cell": [{"bytes": None, "path": path} for path in paths],
            "place": paths,
        }
    )


@pytest.mark.parametrize("column", ["content", "cell", "place"])
def test_batches_become_batches_with_scores(column: str, paths: list[str], colour_model: Path) -> None:
    batches = table_of(paths).to_batches(max_chunksize=2)
    found = list(Score(column, colour_model, keep=["place"])(batches))
    assert [len(batch) for batch in found] == [2, 2, 1]
    scored = pa.Table.from_batches(found).to_pydict()
    wanted = expected(colour_model, paths)
    assert list(scored) == ["place", *wanted] and scored["place"] == paths
    for name in set(wanted) - {"error"}:  # of bytes it does not begin with the path
        assert all(alike(*pair) for pair in zip(scored[name], wanted[name], strict=True)), name
    assert [bool(error) for error in scored["error"]] == [bool(error) for error in wanted["error"]]


def test_types_do_not_depend_on_what_a_batch_holds(paths: list[str], colour_model: Path) -> None:
    score = Score("place", colour_model, embeddings=True, prefix="b_")
    good, bad = (next(score([batch])) for batch in table_of(paths).to_batches(max_chunksize=1)[:2])
    assert good.schema == bad.schema and good.schema.names[:3] == ["content", "cell", "place"]
    assert bad["b_overall"][0].as_py() is None and bad["b_embedding"][0].as_py() is None
    assert len(good["b_embedding"][0]) == 3


def test_an_unknown_or_a_taken_column_is_one_line(paths: list[str], colour_model: Path) -> None:
    with pytest.raises(BeholderError, match="no column 'image'; it has content, cell, place"):
        next(Score("image", colour_model)(table_of(paths).to_batches()))
    taken = table_of(paths).append_column("width", [[0] * len(paths)])
    with pytest.raises(BeholderError, match="column 'width' already"):
        next(Score("place", colour_model)(taken.to_batches()))
    next(Score("place", colour_model, keep=["place"])(taken.to_batches()))


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    sql = host("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.slow
def test_spark_gives_each_row_its_scores(session: Any, paths: list[str], colour_model: Path) -> None:
    folder = str(Path(paths[0]).parent)
    photos = session.read.format("binaryFile").load(folder).select("path", "content").repartition(2)
    score = Score("content", colour_model, keep=["path"], embeddings=True)
    rows = photos.mapInArrow(score, score.schema(photos.schema)).collect()
    found = {Path(row["path"]).name: row for row in rows}
    wanted = expected(colour_model, paths)
    assert len(rows) == len(paths)
    for at, path in enumerate(paths):
        row = found[Path(path).name]
        assert all(alike(row[name], wanted[name][at]) for name in set(wanted) - {"error"})
        assert bool(row["error"]) == bool(wanted["error"][at]) == (row["embedding"] is None)
