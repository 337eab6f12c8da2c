"""Scorer: a model file -> Scores for photographs. Knows nothing of folders, tables or the terminal."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from beholder import photo
from beholder.errors import ModelError, PhotoError, one_line
from beholder.explain import Explanation, occlude
from beholder.model_file import (
    DISTRIBUTION,
    EMBEDDED,
    SQUASH,
    ModelInfo,
    default_path,
    embedded_path,
    model_id,
    read,
)
from beholder.onnx_file import answers
from beholder.scores import Scores, task_index

CORES = os.cpu_count() or 1
# Photographs at a time: one a core, so that each has work. More only leave the cores' caches: docs/performance.md. Not
# one, for a photograph alone takes another path through the runtime and differs in the seventh digit.
BATCH = min(max(2, CORES), 8)


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
        content, info = read(path)
        self.info: ModelInfo = info
        self.threads: int = threads or CORES
        self._session = _open(path, content, threads)
        _compare(path, info, self._session)
        self.id: str = model_id(self.info.name, content)

    @property
    def at_least(self) -> tuple[int, int]:
        """(width, height) that a reduced decode may not fall below."""
        return photo.enough(self.info.size)

    def pixels(self, found: photo.Photo, name: str = "<photograph>") -> photo.Pixels:
        """A photograph as the model takes it: (height, width, 3) uint8. Safe to call from many threads.

        Raises:
            PhotoError: the model keeps the aspect ratio, and this one, called ``name``, is longer than 10:1.
        """
        if self.info.resize == SQUASH:
            return photo.squash(found, self.info.size)
        return photo.squash(found, photo.short_edge(found.width, found.height, min(self.info.size), name))

    def run(self, pixels: np.ndarray | Sequence[photo.Pixels], sizes: np.ndarray) -> Scores:
        """Scores for prepared pixels, B of (height, width, 3), of photographs with these (B, 2) sizes.

        Photographs of different shapes, as a model that keeps the aspect ratio has them, are run shape by shape.
        """
        if len({each.shape for each in pixels}) > 1:
            return self._run_by_shape(pixels, sizes)
        outputs = answers(self._session, self.info.outputs, np.asarray(pixels), len(self.info.tasks))
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

    def _run_by_shape(self, pixels: np.ndarray | Sequence[photo.Pixels], sizes: np.ndarray) -> Scores:
        groups: dict[tuple[int, ...], list[int]] = {}
        for row, each in enumerate(pixels):
            groups.setdefault(each.shape, []).append(row)
        order = np.argsort(np.concatenate(list(groups.values())))
        parts = []
        for rows in groups.values():
            twice = rows * 2 if len(rows) == 1 else rows  # alone it takes another path, see `beholder.batch`
            parts.append(self.run(np.stack([pixels[row] for row in twice]), sizes[twice])[: len(rows)])
        return Scores.concatenate(parts)[order]

    def score(self, images: photo.Source | Iterable[photo.Source]) -> Scores:
        """Score one photograph or many: paths, bytes, PIL images, uint8 arrays.

        Args:
            images: one source, or an iterable of them. An array of three dimensions is one photograph, of four many.

        Raises:
            PhotoError: one of them cannot be read. To go on past bad files, use :func:`beholder.batch.score_photos`.
        """
        parts = []
        batch: list[np.ndarray] = []
        sizes: list[tuple[int, int]] = []
        for source in _many(images):
            found = photo.read(source, self.at_least)
            batch.append(self.pixels(found, str(source) if isinstance(source, str | os.PathLike) else "<photograph>"))
            sizes.append((found.width, found.height))
            if len(batch) == BATCH:
                parts.append(self.run(batch, np.array(sizes)))
                batch, sizes = [], []
        if batch:
            parts.append(self.run(batch, np.array(sizes)))
        if not parts:
            raise PhotoError("there is no photograph to score: the list is empty")
        return Scores.concatenate(parts)

    def explain(self, image: photo.Source, task: str = "overall", grid: int = 8) -> Explanation:
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
        found = photo.read(image, (Explanation.SIDE, Explanation.SIDE))
        pixels = self.pixels(found, str(image) if isinstance(image, str | os.PathLike) else "<photograph>")
        scores = self.run(pixels[None], np.array([(found.width, found.height)]))
        return Explanation(scores, index, found.pixels, self.occlude(pixels, grid)[index])

    def occlude(self, pixels: photo.Pixels, grid: int = 8) -> np.ndarray:
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


def _many(images: photo.Source | Iterable[photo.Source]) -> Iterable[photo.Source]:
    one = isinstance(images, (str, bytes, os.PathLike, Image.Image)) or (
        isinstance(images, np.ndarray) and images.ndim != 4
    )
    return [images] if one else images  # type: ignore[list-item,return-value]


def _open(path: Path, content: bytes, threads: int | None) -> Any:
    # From 1.29 the runtime tells its makers of every model that it opens, by name and hash, unless this is set before
    # it is loaded. Whose photographs are scored, and by what, is nobody's business.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # here, for it takes longer than all else that `import beholder` loads

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # A thread of the runtime that has nothing to do would burn a core that decoding wants.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = threads or 0  # which is one a core, hyper-threads not counted
    providers: list[Any] = ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():  # of onnxruntime-gpu; in full precision, for
        providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0"}))  # scores should not depend on the machine
    try:
        return onnxruntime.InferenceSession(content, options, providers=providers, enable_fallback=0)
    except Exception as error:  # the runtime has a dozen exception types of its own, all bare Exceptions
        raise ModelError(f"{path}: not a model file, or damaged ({one_line(error)}); make or fetch it again") from None


def _compare(path: Path, info: ModelInfo, session: Any) -> None:
    """Raises ModelError where the graph's inputs and outputs are not those of the contract, or of these tasks."""
    try:
        inputs = {put.name: (put.type, len(put.shape), put.shape[-1:]) for put in session.get_inputs()}
        outputs = {put.name: (put.type, put.shape) for put in session.get_outputs()}
    except UnicodeDecodeError:
        raise ModelError(f"{path}: not a model file, or damaged; make or fetch it again") from None
    if inputs != {"image": ("tensor(uint8)", 4, [3])} or not set(info.outputs) <= set(outputs):
        raise ModelError(f"{path}: its inputs and outputs are not those of a beholder model")
    count = len(info.tasks)
    contract = {
        "scores": (2, count),
        "embedding": (2, None),
        "evidence": (4, count),
        DISTRIBUTION: (2, len(info.buckets)),
    }
    for name in info.outputs:
        (ranks, wide), (kind, shape) = contract[name], outputs[name]
        if kind != "tensor(float)" or len(shape) != ranks:
            raise ModelError(f"{path}: its {name} are {kind} of {len(shape)} dimensions, where {ranks} of float belong")
        if wide is not None and shape[1] != wide:
            what = "values that can be voted" if name == DISTRIBUTION else "tasks"
            raise ModelError(f"{path}: it describes {wide} {what} and computes {name} of {shape[1]}")
