"""Scorer: a model file -> scores of photographs. Knows nothing of folders, tables or the terminal."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np

from beholder.errors import ModelError, PhotoError
from beholder.photos.read import Photo, Pixels, Source, read_bytes, read_photo
from beholder.photos.sources import each_of, is_one, name_of, plain
from beholder.scoring.cores import CORES
from beholder.scoring.device import AUTO, CUDA, open_on
from beholder.scoring.explain import Explanation, occlude
from beholder.scoring.input_size import UNNAMED, InputSize
from beholder.scoring.intervals import on_scale
from beholder.scoring.model_file import EMBEDDED, ModelInfo, model_id, model_path, read_model
from beholder.scoring.scores import Scores, blank, task_index
from beholder.scoring.session import abandon, run_session

# Photographs per inference of `score`: one per core, at most 8, as more leave the cores' caches (docs/performance.md).
# At least two, because ONNX Runtime computes a batch of one differently, in the seventh digit.
SCORE_BATCH = min(max(2, CORES), 8)
CUDA_BATCH = 64  # photographs per inference on a GPU, always


class Scorer:
    """A model, ready to score. Its methods can be called from many threads, and from processes that were forked.

    It can be pickled: another process opens the same model file, or embedded model, again.

    Args:
        model: a model file, or the name of an embedded model: ``default`` (the same as None) or ``fast``, which is
            less exact. A file with such a name is given as ``./fast``. Or a model on the Hugging Face hub,
            ``hf://org/repo@commit`` (extra ``[hub]``); without the commit the newest is taken, and a line says which.
        threads: of ONNX Runtime; if None, one per core that this process may use.
        device: ``cpu``, ``cuda``, or ``auto``: CUDA where ONNX Runtime has it and a GPU works. There a model in eight
            bits computes in single precision, and scores differ a little (docs/performance.md).

    Attributes:
        threads: number of threads.
        device: where it computes, ``cpu`` or ``cuda``.
        info: the description in the model file: tasks, ranges, training data, measured quality, licence.
        id: name and content hash of the model file.

    Raises:
        ModelError: the file is missing, damaged, or not a beholder model.
        BeholderError: there is no such device, ``cuda`` cannot be used, or the hub cannot be reached.

    >>> import beholder
    >>> scorer = beholder.Scorer("fast", threads=1)
    >>> scorer.threads, scorer.id.startswith("fast@")
    (1, True)
    >>> [(task.name, task.low, task.high) for task in scorer.info.tasks][:2]
    [('overall', 1, 7), ('beauty', 1, 7)]
    """

    def __init__(
        self, model: str | os.PathLike[str] | None = None, threads: int | None = None, device: str = AUTO
    ) -> None:
        if threads is not None and threads < 0:
            raise ValueError(f"threads is {threads}; give 1 or more, or None for one per core")
        path = model_path(model)
        embedded = model is None or os.fspath(model) in EMBEDDED
        self._model = model if embedded else os.path.abspath(path)  # by which another process finds it
        self._threads, self._device = threads, device
        self.threads: int = threads or CORES
        content, info = read_model(path)
        self.info: ModelInfo = info
        self.id: str = model_id(self.info.name, content)
        self._session: Any
        self.device: str
        self._session, self.device = _open(device, path, content, threads)
        self._opening = threading.Lock()
        _SCORERS.add(self)

    def __repr__(self) -> str:
        tasks = ", ".join(task.name for task in self.info.tasks)
        place = ", cuda" if self.device == CUDA else ""
        return f"Scorer({self.id}: {tasks}; {self.threads} thread{'s' * (self.threads != 1)}{place})"

    def __reduce__(self) -> tuple[Callable[..., "Scorer"], tuple[Any, ...]]:
        return _same_scorer, (self._model, self._threads, self.id, self._device)

    def __copy__(self) -> "Scorer":
        return self  # nothing in it changes

    def __deepcopy__(self, memo: dict[int, Any]) -> "Scorer":
        return self

    def _opened(self) -> Any:
        """The session; a forked process opens one of its own when it first needs it."""
        if self._session is None:
            with self._opening:
                if self._session is None:
                    path = model_path(self._model)
                    content, info = read_model(path)
                    _check_same(self._model, self.id, model_id(info.name, content))
                    self._session, self.device = _open(self._device, path, content, self._threads)
        return self._session

    def _after_fork(self) -> None:
        """In the child: the threads of the inherited session are not there, so running or closing it would not end."""
        session, self._session, self._opening = self._session, None, threading.Lock()
        if session is not None:
            abandon(session)

    @property
    def min_size(self) -> tuple[int, int]:
        """The smallest (width, height) to decode for this model, in pixels.

        >>> import beholder
        >>> scorer = beholder.load("fast")
        >>> scorer.info.size, scorer.min_size
        ((126, 112), (189, 168))
        """
        return self.input_size.min_size

    @property
    def input_size(self) -> InputSize:
        """The size of its input, which is all that decoding needs to know."""
        return InputSize(self.info.size, self.info.resize)

    def pixels(self, photo: Photo, name: str = UNNAMED) -> Pixels:
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
        return self.input_size.pixels(photo, name)

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
        ((2, 19), (2, 2304), (2, 19, 8, 9))
        """
        if len({each.shape for each in pixels}) > 1:
            return self._run_by_shape(pixels, sizes)
        values, embedding, evidence, *distribution = self._outputs(np.asarray(pixels))
        values, low, high = on_scale(values, self.info.half_widths(values), self.info.tasks, self.id)
        return Scores(
            tasks=self.info.tasks,
            values=values,
            low=low,
            high=high,
            percentiles=self.info.percentiles(values),
            embedding=embedding,
            evidence=evidence,
            sizes=sizes,
            model=self.id,
            score_levels=self.info.score_levels,
            distribution=distribution[0] if distribution else None,
            unlike_below=self.info.unlike,
        )

    def _outputs(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Outputs of the model for pixels (B, height, width, 3), B rows each.

        A GPU always computes whole batches: it chooses how to sum by how many photographs there are, so that one in a
        batch of 32 would have another score than in one of 64.
        """
        counts = len(self.info.tasks), len(self.info.score_levels)
        if self.device != CUDA:
            return run_session(self._opened(), self.info.outputs, pixels, *counts)
        rows = np.arange(-(-len(pixels) // CUDA_BATCH) * CUDA_BATCH) % len(pixels)
        whole = [
            run_session(self._opened(), self.info.outputs, pixels[batch], *counts)
            for batch in rows.reshape(-1, CUDA_BATCH)
        ]
        return [np.concatenate(parts)[: len(pixels)] for parts in zip(*whole, strict=True)]

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

    def score(
        self, images: Source | Photo | Iterable[Source | Photo], *, on_error: Literal["raise", "skip"] = "raise"
    ) -> Scores:
        """Score one photograph or many.

        Args:
            images: a path, the bytes of a file, an open file, a PIL image, an array or a row of a data set, as for
                :func:`beholder.read_photo`; or an iterable of those. An array of four dimensions is many photographs.
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
        array([4.5], dtype=float32)
        >>> scorer.score(["examples/photos/rocket.jpg", "missing.jpg"], on_error="skip").overall.round(1)
        array([4.5, nan], dtype=float32)
        >>> scorer.score(["examples/photos/rocket.jpg", "missing.jpg"])
        Traceback (most recent call last):
        beholder.errors.PhotoError: photograph at index 1: missing.jpg: no such file
        """
        if on_error not in ("raise", "skip"):
            raise ValueError(f'on_error is {on_error!r}; give "raise" or "skip"')
        one = isinstance(images, Photo) or is_one(images)
        parts: list[Scores] = []
        batch: list[Pixels] = []
        sizes: list[tuple[int, int]] = []
        skipped: list[int] = []
        for index, source in enumerate([images] if one else each_of(images)):  # type: ignore[arg-type]
            try:
                photo = read_photo(source, self.min_size)
                batch.append(self.pixels(photo, name_of(source) or UNNAMED))
                sizes.append((photo.width, photo.height))
            except PhotoError as error:
                if on_error == "raise":
                    raise error if one else PhotoError(f"photograph at index {index}: {error}") from error
                skipped.append(index)
                batch.append(np.zeros((*reversed(self.info.size), 3), np.uint8))  # scored, and blanked below
                sizes.append((0, 0))
            if len(batch) == (CUDA_BATCH if self.device == CUDA else SCORE_BATCH):
                parts.append(self.run(batch, np.array(sizes)))
                batch, sizes = [], []
        if batch:
            parts.append(self.run(batch, np.array(sizes)))
        if not parts:
            raise PhotoError("there is no photograph to score: the list is empty")
        return blank(Scores.concatenate(parts), skipped)

    def explain(
        self,
        image: Source | Photo,
        task: str = "overall",
        grid: int = 8,
        *,
        reservation: ExitStack | None = None,
    ) -> Explanation:
        """Which parts of a photograph raise and which lower its score for a task, by hiding them in turn.

        Args:
            image: a photograph, as for :meth:`score`.
            task: name of a task of this model; ``overall`` is the first task of any model.
            grid: cells per side; the time grows with its square.
            reservation: of the pixels to draw, as for :func:`beholder.read_photo`.

        Returns:
            The map, and the same scores as of :meth:`score`.

        Raises:
            PhotoError: the photograph cannot be read.
            BeholderError: the model has no such task.

        >>> import beholder
        >>> explanation = beholder.load("fast").explain("examples/photos/rocket.jpg", task="beauty", grid=2)
        >>> explanation.task.name, explanation.evidence.shape
        ('beauty', (2, 2))
        """
        index = task_index(self.info.tasks, task)
        name = name_of(image)
        given = image if isinstance(image, Photo) else plain(image)
        if isinstance(given, str | os.PathLike):
            given = read_bytes(given)  # once, for both sizes
        photo = read_photo(given, self.min_size, name=name)  # as `score`: each reduced decode has slightly other pixels
        pixels = self.pixels(photo, name or UNNAMED)
        shown = read_photo(given, (Explanation.SIDE, Explanation.SIDE), name=name, reservation=reservation)
        scores = self.run(pixels[None], np.array([(photo.width, photo.height)]))
        return Explanation(scores, index, shown.pixels, self.occlude(pixels, grid)[index], os.path.basename(name or ""))

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
        (19, 2, 2)
        """
        return occlude(lambda hidden: self.run(hidden, np.zeros((len(hidden), 2), dtype=int)).values, pixels, grid)


def model_pixels(info: ModelInfo, photo: Photo, name: str = UNNAMED) -> Pixels:
    """As :meth:`Scorer.pixels`, where only the description of the model is at hand."""
    return InputSize(info.size, info.resize).pixels(photo, name)


def load(model: str | os.PathLike[str] | None = None, threads: int | None = None, device: str = AUTO) -> Scorer:
    """Open a model file, an embedded model, or one on the Hugging Face hub.

    Arguments and errors are those of :class:`Scorer`.

    >>> import beholder
    >>> import numpy as np
    >>> scorer = beholder.load()
    >>> bool(1 <= scorer.score(np.zeros((64, 64, 3), dtype=np.uint8)).overall[0] <= 7)
    True
    """
    return Scorer(model, threads, device)


def _open(device: str, path: Path, content: bytes, threads: int | None) -> tuple[Any, str]:
    # Where all cores may be used the runtime counts them itself, as it knows which are two halves of one.
    return open_on(device, path, content, threads or (None if os.cpu_count() == CORES else CORES))


def _same_scorer(
    model: str | os.PathLike[str] | None, threads: int | None, identity: str, device: str = AUTO
) -> Scorer:
    """The scorer that was pickled, opened again. Raises ModelError if its file is another one now."""
    scorer = Scorer(model, threads, device)
    _check_same(model, identity, scorer.id)
    return scorer


def _check_same(model: str | os.PathLike[str] | None, before: str, now: str) -> None:
    if now != before:
        raise ModelError(f"{model or 'default'}: is {now}, where {before} is expected; it was replaced: load it anew")


_SCORERS: weakref.WeakSet[Scorer] = weakref.WeakSet()


def _after_fork() -> None:
    for scorer in _SCORERS:
        scorer._after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
