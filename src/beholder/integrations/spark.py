"""Spark: scores as new columns of a data frame, by ``mapInArrow``.

>>> import pyarrow as pa
>>> score = Score("content", "fast", fields=["overall"], keep=["path"])
>>> photo = {"path": "rocket.jpg", "content": open("examples/photos/rocket.jpg", "rb").read()}
>>> (scored,) = score([pa.RecordBatch.from_pylist([photo])])  # in Spark: df.mapInArrow(score, score.schema(df.schema))
>>> scored.schema.names
['path', 'overall', 'width', 'height', 'model', 'sha256', 'error']
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from beholder.extras import require
from beholder.integrations.batches import BatchScorer
from beholder.scoring.scorer import Scorer


class Score:
    """A function for ``DataFrame.mapInArrow``. Each Python worker of Spark opens the model once.

    The other arguments are those of :class:`beholder.integrations.batches.BatchScorer`.
    Spark runs a worker for each core, so one thread is enough.

    Args:
        column: of the pictures: the bytes of files, ``{bytes, path}``, or paths.
        keep: names of the columns that stay; None for all.

    Raises:
        BeholderError: the model cannot be opened, or has no such field.
    """

    def __init__(
        self,
        column: str = "content",
        model: Scorer | str | os.PathLike[str] | None = None,
        *,
        keep: Sequence[str] | None = None,
        fields: Iterable[str] | None = None,
        embeddings: bool = False,
        threads: int | None = 1,
        prefix: str = "",
    ) -> None:
        self.column, self.keep = column, keep
        self.batch = BatchScorer(model, fields=fields, embeddings=embeddings, threads=threads, prefix=prefix)

    def __call__(self, batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            self.batch.check_table(self.column, batch.schema.names, self.keep)
            yield self._scored(batch)

    def _scored(self, batch: Any) -> Any:
        arrow = require("pyarrow", "parquet", "scoring in Spark")
        types = {str: arrow.string(), int: arrow.int64(), float: arrow.float32()}
        columns = {name: batch.column(name) for name in self._kept(batch.schema.names)}
        new = self.batch(cell.as_py() for cell in batch.column(self.column))
        columns |= {name: arrow.array(new[name], types[kind]) for name, kind in self.batch.kinds.items()}
        if self.batch.embedding is not None:  # Spark has no half precision
            rows = [None if np.isnan(row).any() else row.astype(np.float32) for row in new[self.batch.embedding]]
            columns[self.batch.embedding] = arrow.array(rows, arrow.list_(arrow.float32()))
        return arrow.RecordBatch.from_pydict(columns)

    def schema(self, given: Any) -> Any:
        """The schema of the scored data frame, from that of the one that is scored."""
        from pyspark.sql import types as spark

        self.batch.check_table(self.column, given.names, self.keep)
        kinds = {str: spark.StringType(), int: spark.LongType(), float: spark.FloatType()}
        fields = [given[name] for name in self._kept(given.names)]
        fields += [spark.StructField(name, kinds[kind]) for name, kind in self.batch.kinds.items()]
        if self.batch.embedding is not None:
            fields.append(spark.StructField(self.batch.embedding, spark.ArrayType(spark.FloatType())))
        return spark.StructType(fields)

    def _kept(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if self.keep is None or name in self.keep]
