"""Scorer: a model file -> Scores for photographs. Knows nothing of folders, tables or the terminal."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from beholder.errors import PhotoError
from beholder.photos.read import Photo, Pixels, Source, read_photo
from beholder.photos.resize import decode_size, resize_exact, short_edge
from beholder.scoring.explain import Explanation, occlude
from beholder.scoring.model_file import EMBEDDED, SQUASH, ModelInfo, default_path, embedded_path, model_id, read_model
from beholder.scoring.scores import Scores, task_index
from beholder.scoring.session import check_contract, open_session, run_session

CORES = os.cpu_count() or 1
# Photographs at a time: one a core, so that each has work. More only leave the cores' caches: docs/performance.md. Not
# one, for a photograph alone takes another path through the runtime and differs in the seventh digit.
SCORE_BATCH = min(max(2, CORES), 8)


class Scorer:
    """A model, ready to score.

    Args:
        model: a model file, or the name of an embedded model: ``default`` (as is None), or ``fast``, which is a little
            less exact. A file that is called so is given as ``./fast``.
        threads: of the runtime; one a core if None.

    Attributes:
        threads: as many.
        info: what the model file says of itself.
        id: name and content hash of the model file.

    Raises:
        ModelError: the file is missing, cut short, or not a beholder model.
    """

    def __init__(self, model: str | os.PathLike[str] | None = None, threads: int | None = None) -> None:
        path = _path(model)
        content, info = read_model(path)
        self.info: ModelInfo = info
        self.threads: int = threads or CORES
        self._session = open_session(path, content, threads)
        check_contract(path, info, self._session)
        self.id: str = model_id(self.info.name, content)

    @property
    def min_size(self) -> tuple[int, int]:
        """(width, height) that a reduced decode may not fall below."""
        return decode_size(self.info.size)

    def pixels(self, found: Photo, name: str = "<photograph>") -> Pixels:
        """A photograph as the model takes it: (height, width, 3) uint8. Safe to call from many threads.

        Raises:
            PhotoError: the model keeps the aspect ratio, and this one, called ``name``, is longer than 10:1.
        """
        if self.info.resize == SQUASH:
            return resize_exact(found, self.info.size)
        return resize_exact(found, short_edge(found.width, found.height, min(self.info.size), name))

    def run(self, pixels: np.ndarray | Sequence[Pixels], sizes: np.ndarray) -> Scores:
        """Scores for prepared pixels, B of (height, width, 3), of photographs with these (B, 2) sizes.

        Photographs of different shapes, as a model that keeps the aspect ratio has them, are run shape by shape.
        """
        if len({each.shape for each in pixels}) > 1:
            return self._run_by_shape(pixels, sizes)
        outputs = run_session(self._session, self.info.outputs, np.asarray(pixels), len(self.info.tasks))
        values, embedding, evidence, *distribution = outputs
        half_width = np.array(self.info.half_width, dtype=np.float32)
        ends = np.array([(task.low, task.high) for task in self.info.tasks], dtype=np.float32).T
        return Scores(
            tasks=self.info.tasks,
            values=values,
            low=np.maximum(values - half_width, ends[0]),
            high=np.minimum(values + half_width, ends[1]),
            percentiles=self.info.percentiles(values),
            embedding=embedding,
            evidence=evidence,
            sizes=sizes,
            model=self.id,
            buckets=self.info.buckets,
            distribution=distribution[0] if distribution else None,
        )

    def _run_by_shape(self, pixels: np.ndarray | Sequence[Pixels], sizes: np.ndarray) -> Scores:
        groups: dict[tuple[int, ...], list[int]] = {}
        for row, each in enumerate(pixels):
            groups.setdefault(each.shape, []).append(row)
        order = np.argsort(np.concatenate(list(groups.values())))
        parts = []
        for rows in groups.values():
            twice = rows * 2 if len(rows) == 1 else rows  # alone it takes another path, see `beholder.scoring.batch`
            parts.append(self.run(np.stack([pixels[row] for row in twice]), sizes[twice])[: len(rows)])
        return Scores.concatenate(parts)[order]

    def score(self, images: Source | Iterable[Source]) -> Scores:
        """Score one photograph or many: paths, bytes, PIL images, uint8 arrays.

        Args:
            images: one source, or an iterable of them. An array of three dimensions is one photograph, of four many.

        Raises:
            PhotoError: one of them cannot be read. To go on past bad files, use
                :func:`beholder.scoring.batch.score_photos`.
        """
        parts = []
        batch: list[np.ndarray] = []
        sizes: list[tuple[int, int]] = []
        for source in _many(images):
            found = read_photo(source, self.min_size)
            batch.append(self.pixels(found, str(source) if isinstance(source, str | os.PathLike) else "<photograph>"))
            sizes.append((found.width, found.height))
            if len(batch) == SCORE_BATCH:
                parts.append(self.run(batch, np.array(sizes)))
                batch, sizes = [], []
        if batch:
            parts.append(self.run(batch, np.array(sizes)))
        if not parts:
            raise PhotoError("there is no photograph to score: the list is empty")
        return Scores.concatenate(parts)

    def explain(self, image: Source, task: str = "overall", grid: int = 8) -> Explanation:
        """Which parts of one photograph raise and which lower its score for a task, by hiding them in turn.

        Args:
            image: a photograph.
            task: name of a task of this model.
            grid: cells a side; the time grows with its square.

        Raises:
            PhotoError: it cannot be read.
            BeholderError: the model has no such task.
        """
        index = task_index(self.info.tasks, task)
        found = read_photo(image, (Explanation.SIDE, Explanation.SIDE))
        pixels = self.pixels(found, str(image) if isinstance(image, str | os.PathLike) else "<photograph>")
        scores = self.run(pixels[None], np.array([(found.width, found.height)]))
        return Explanation(scores, index, found.pixels, self.occlude(pixels, grid)[index])

    def occlude(self, pixels: Pixels, grid: int = 8) -> np.ndarray:
        """(T, grid, grid) points that each task loses when a cell of prepared pixels is hidden."""
        return occlude(lambda hidden: self.run(hidden, np.zeros((len(hidden), 2), dtype=int)).values, pixels, grid)


def load(model: str | os.PathLike[str] | None = None, threads: int | None = None) -> Scorer:
    """Open a model file, or an embedded model. Arguments and errors are those of :class:`Scorer`.

    >>> import beholder
    >>> scorer = beholder.load()
    >>> bool(1 <= scorer.score(np.zeros((64, 64, 3), dtype=np.uint8)).overall[0] <= 7)
    True
    """
    return Scorer(model, threads)


def _path(model: str | os.PathLike[str] | None) -> Path:
    name = "default" if model is None else os.fspath(model)
    if name == "default":
        return default_path()
    return embedded_path(name) if name in EMBEDDED else Path(name)


def _many(images: Source | Iterable[Source]) -> Iterable[Source]:
    one = isinstance(images, (str, bytes, os.PathLike, Image.Image)) or (
        isinstance(images, np.ndarray) and images.ndim != 4
    )
    return [images] if one else images  # type: ignore[list-item,return-value]
