"""Scorer: a model file -> scores of photographs. Knows nothing of folders, tables or the terminal."""

import os
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from PIL import Image

from beholder.errors import PhotoError
from beholder.photos.read import Photo, Pixels, Source, read_photo
from beholder.photos.resize import decode_size, resize_exact, short_edge
from beholder.scoring.explain import Explanation, occlude
from beholder.scoring.model_file import SQUASH, ModelInfo, model_id, model_path, read_model
from beholder.scoring.scores import Scores, blank, task_index
from beholder.scoring.session import open_session, run_session
from beholder.text import printable

CORES = os.cpu_count() or 1
# Photographs per inference of `score`: one per core, at most 8, as more leave the cores' caches (docs/performance.md).
# At least two, because ONNX Runtime computes a batch of one differently, in the seventh digit.
SCORE_BATCH = min(max(2, CORES), 8)


class Scorer:
    """A model, ready to score. Its methods can be called from many threads.

    Args:
        model: a model file, or the name of an embedded model: ``default`` (the same as None) or ``fast``, which is
            less exact. A file with such a name is given as ``./fast``.
        threads: of ONNX Runtime; one per core if None.

    Attributes:
        threads: number of threads.
        info: the description in the model file: tasks, ranges, training data, measured quality, licence.
        id: name and content hash of the model file.

    Raises:
        ModelError: the file is missing, damaged, or not a beholder model.

    >>> import beholder
    >>> scorer = beholder.Scorer("fast", threads=1)
    >>> scorer.threads, scorer.id.startswith("fast@")
    (1, True)
    >>> [(task.name, task.low, task.high) for task in scorer.info.tasks][:2]
    [('overall', 1, 7), ('beauty', 1, 7)]
    """

    def __init__(self, model: str | os.PathLike[str] | None = None, threads: int | None = None) -> None:
        path = model_path(model)
        content, info = read_model(path)
        self.info: ModelInfo = info
        self.threads: int = threads or CORES
        self._session = open_session(path, content, threads)
        self.id: str = model_id(self.info.name, content)

    @property
    def min_size(self) -> tuple[int, int]:
        """The smallest (width, height) to decode for this model, in pixels.

        >>> import beholder
        >>> scorer = beholder.load("fast")
        >>> scorer.info.size, scorer.min_size
        ((126, 112), (189, 168))
        """
        return decode_size(self.info.size)

    def pixels(self, photo: Photo, name: str = "<photograph>") -> Pixels:
        """Resize a photograph to the input of the model.

        Args:
            photo: from :func:`beholder.read_photo`.
            name: of the photograph, for error messages.

        Returns:
            (height, width, 3) uint8.

        Raises:
            PhotoError: the model keeps the aspect ratio, and the photograph is longer than 10:1.

        >>> import beholder
        >>> scorer = beholder.load("fast")
        >>> scorer.pixels(beholder.read_photo("examples/photos/rocket.jpg", scorer.min_size)).shape
        (112, 126, 3)
        """
        if self.info.resize == SQUASH:
            return resize_exact(photo, self.info.size)
        return resize_exact(photo, short_edge(photo.width, photo.height, min(self.info.size), name))

    def run(self, pixels: np.ndarray | Sequence[Pixels], sizes: np.ndarray) -> Scores:
        """Score pixels that are resized already.

        Args:
            pixels: B arrays of (height, width, 3) uint8, from :meth:`pixels`. Photographs of different shapes, which a
                model that keeps the aspect ratio has, are run shape by shape.
            sizes: (B, 2) width and height of the original photographs, only passed on to the scores.

        Returns:
            Scores of B photographs.

        Raises:
            ModelError: the model cannot be run, or its outputs are not those that its file declares.

        >>> import beholder
        >>> import numpy as np
        >>> scorer = beholder.load("fast")
        >>> scores = scorer.run(np.zeros((2, 112, 126, 3), np.uint8), np.array([[640, 480], [480, 640]]))
        >>> scores.values.shape, scores.embedding.shape, scores.evidence.shape
        ((2, 5), (2, 3072), (2, 5, 8, 9))
        """
        if len({each.shape for each in pixels}) > 1:
            return self._run_by_shape(pixels, sizes)
        counts = len(self.info.tasks), len(self.info.score_levels)
        outputs = run_session(self._session, self.info.outputs, np.asarray(pixels), *counts)
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
            score_levels=self.info.score_levels,
            distribution=distribution[0] if distribution else None,
        )

    def _run_by_shape(self, pixels: np.ndarray | Sequence[Pixels], sizes: np.ndarray) -> Scores:
        groups: dict[tuple[int, ...], list[int]] = {}
        for row, each in enumerate(pixels):
            groups.setdefault(each.shape, []).append(row)
        order = np.argsort(np.concatenate(list(groups.values())))
        parts = []
        for rows in groups.values():
            twice = rows * 2 if len(rows) == 1 else rows  # a batch of one differs in the seventh digit
            parts.append(self.run(np.stack([pixels[row] for row in twice]), sizes[twice])[: len(rows)])
        return Scores.concatenate(parts)[order]

    def score(self, images: Source | Iterable[Source], *, on_error: Literal["raise", "skip"] = "raise") -> Scores:
        """Score one photograph or many.

        Args:
            images: a path, the bytes of a file, a PIL image or a uint8 array of shape (H, W, 3), (H, W) or
                (H, W, 4); or an iterable of those. An array of four dimensions is many photographs.
            on_error: what to do if a photograph cannot be read: ``raise`` an error that names it, or ``skip`` it. A
                skipped photograph keeps its row, so that row i always belongs to photograph i: all its scores are NaN
                and its size is 0. :func:`beholder.score_photos` gives the reasons, too.

        Returns:
            Scores of N photographs, in their order.

        Raises:
            PhotoError: a photograph cannot be read, or there is none. If many were given, the message begins with the
                index of the photograph.
            ModelError: the model cannot be run.

        >>> import beholder
        >>> scorer = beholder.load("fast")
        >>> scorer.score("examples/photos/rocket.jpg").overall.round(1)
        array([4.7], dtype=float32)
        >>> scorer.score(["examples/photos/rocket.jpg", "missing.jpg"], on_error="skip").overall.round(1)
        array([4.7, nan], dtype=float32)
        >>> scorer.score(["examples/photos/rocket.jpg", "missing.jpg"])
        Traceback (most recent call last):
        beholder.errors.PhotoError: photograph at index 1: missing.jpg: no such file
        """
        if on_error not in ("raise", "skip"):
            raise ValueError(f'on_error is {on_error!r}; give "raise" or "skip"')
        one = _is_one(images)
        parts: list[Scores] = []
        batch: list[Pixels] = []
        sizes: list[tuple[int, int]] = []
        skipped: list[int] = []
        for index, source in enumerate([images] if one else images):  # type: ignore[arg-type]
            try:
                photo = read_photo(source, self.min_size)  # type: ignore[arg-type]
                batch.append(self.pixels(photo, _name(source)))
                sizes.append((photo.width, photo.height))
            except PhotoError as error:
                if on_error == "raise":
                    raise error if one else PhotoError(f"photograph at index {index}: {error}") from error
                skipped.append(index)
                batch.append(np.zeros((*reversed(self.info.size), 3), np.uint8))  # scored, and blanked below
                sizes.append((0, 0))
            if len(batch) == SCORE_BATCH:
                parts.append(self.run(batch, np.array(sizes)))
                batch, sizes = [], []
        if batch:
            parts.append(self.run(batch, np.array(sizes)))
        if not parts:
            raise PhotoError("there is no photograph to score: the list is empty")
        return blank(Scores.concatenate(parts), skipped)

    def explain(self, image: Source, task: str = "overall", grid: int = 8) -> Explanation:
        """Which parts of a photograph raise and which lower its score for a task, by hiding them in turn.

        Args:
            image: a photograph, as for :meth:`score`.
            task: name of a task of this model; ``overall`` is the first task of any model.
            grid: cells per side; the time grows with its square.

        Raises:
            PhotoError: the photograph cannot be read.
            BeholderError: the model has no such task.

        >>> import beholder
        >>> explanation = beholder.load("fast").explain("examples/photos/rocket.jpg", task="beauty", grid=2)
        >>> explanation.task.name, explanation.evidence.shape
        ('beauty', (2, 2))
        """
        index = task_index(self.info.tasks, task)
        photo = read_photo(image, (Explanation.SIDE, Explanation.SIDE))
        pixels = self.pixels(photo, _name(image))
        scores = self.run(pixels[None], np.array([(photo.width, photo.height)]))
        return Explanation(scores, index, photo.pixels, self.occlude(pixels, grid)[index])

    def occlude(self, pixels: Pixels, grid: int = 8) -> np.ndarray:
        """The points that each task loses when a cell of the photograph is hidden.

        Args:
            pixels: (height, width, 3) uint8, from :meth:`pixels`.
            grid: cells per side.

        Returns:
            (T, grid, grid), native units; negative where hiding the cell raises the score.

        >>> import beholder
        >>> import numpy as np
        >>> beholder.load("fast").occlude(np.zeros((112, 126, 3), np.uint8), grid=2).shape
        (5, 2, 2)
        """
        return occlude(lambda hidden: self.run(hidden, np.zeros((len(hidden), 2), dtype=int)).values, pixels, grid)


def load(model: str | os.PathLike[str] | None = None, threads: int | None = None) -> Scorer:
    """Open a model file, or an embedded model. Arguments and errors are those of :class:`Scorer`.

    >>> import beholder
    >>> import numpy as np
    >>> scorer = beholder.load()
    >>> bool(1 <= scorer.score(np.zeros((64, 64, 3), dtype=np.uint8)).overall[0] <= 7)
    True
    """
    return Scorer(model, threads)


def _is_one(images: Source | Iterable[Source]) -> bool:
    if isinstance(images, np.ndarray):
        return images.ndim != 4
    return isinstance(images, str | bytes | os.PathLike | Image.Image)


def _name(source: object) -> str:
    return printable(os.fsdecode(source)) if isinstance(source, str | os.PathLike) else "<photograph>"
