"""The model file: one ONNX file that holds the whole model and its description.

The graph takes uint8 sRGB pixels of any size; resizing and normalisation are part of it. Its metadata has one JSON
document under the key ``beholder``: tasks with native ranges, interval widths, the reference for percentiles,
training data by content hash, and measured quality with intervals. Scoring needs no other file.

Graph contract: ``image`` (B, H, W, 3) uint8 -> ``scores`` (B, T) native units, ``embedding`` (B, D), ``evidence``
(B, T, rows, columns) native units. T is the number of tasks, the first of which is the overall score. A model that
predicts votes has one more: ``distribution`` (B, M), the share of votes for each score level of the first task.
"""

import hashlib
import json
import os
import stat
from dataclasses import asdict, dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from beholder.errors import ModelError
from beholder.metrics import Estimate
from beholder.scoring.onnx_file import read_metadata
from beholder.tasks import Task
from beholder.text import one_line, printable

METADATA_KEY = "beholder"
FORMAT = 1
OUTPUTS = ("scores", "embedding", "evidence")
MAX_SIDE = 4096  # pixels of a side of the input
MAX_MODEL_BYTES = 2 * 1024**3  # of a model file; the limit of protobuf
MAX_METADATA_CHARS = 10_000_000
DISTRIBUTION = "distribution"
SQUASH, SHORT_EDGE = "squash", "short edge"  # values of `ModelInfo.resize`
EMBEDDED = ("default", "fast")  # names of the models inside the package


@dataclass(frozen=True)
class TrainingData:
    """A data set that a model was trained on.

    Attributes:
        name: of the data set.
        n: number of photographs.
        sha256: of photographs and ratings.
        tasks: names of the tasks that were learned from it.
    """

    name: str
    n: int
    sha256: str
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class ModelInfo:
    """The description of a model, stored in its file.

    Attributes:
        name: of the model.
        description: one sentence.
        backbone: name of the network that computes the features.
        size: (width, height) in pixels that photographs are resized to.
        resize: how, by antialiased bicubic: ``squash`` (to ``size``, aspect ratio not kept) or ``short edge`` (the
            shorter side to ``size``, whose two numbers are then equal; aspect ratio kept, 10:1 at most).
        tasks: T tasks in the order of the outputs, the overall score first.
        half_width: T half-widths of the 90% interval, native units.
        reference: T rows of 101 rising values: the 0th to 100th percentile of out-of-fold predictions for the rated
            photographs.
        data: the data sets that it was trained on.
        metrics: measured on photographs that the measured head was not trained on.
        recipe: settings and seed that reproduce it.
        licence: of the file.
        attribution: authors of the work that it contains.
        score_levels: M values that raters of the first task choose from, rising; empty unless the model predicts
            their shares.
    """

    name: str
    description: str
    backbone: str
    size: tuple[int, int]
    resize: str
    tasks: tuple[Task, ...]
    half_width: tuple[float, ...]
    reference: tuple[tuple[float, ...], ...]
    data: tuple[TrainingData, ...]
    metrics: tuple[Estimate, ...]
    recipe: dict[str, Any]
    licence: str
    attribution: str
    score_levels: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        words = (self.name, self.description, self.backbone, self.resize, self.licence, self.attribution)
        if not all(isinstance(word, str) for word in words) or not self.name.isprintable():
            raise ModelError("its metadata has no text where there should be some")
        if len(self.size) != 2 or not all(type(side) is int and 0 < side <= MAX_SIDE for side in self.size):
            raise ModelError(f"its input size is {self.size}, where width and height from 1 to {MAX_SIDE} are expected")
        if len({task.name for task in self.tasks}) < len(self.tasks):
            raise ModelError("two of its tasks have the same name")
        count = len(self.tasks)
        if not count or len(self.half_width) != count or len(self.reference) != count:
            raise ModelError("its metadata does not give an interval and a reference for every task")
        if not np.isfinite(np.array([*self.half_width, *chain(*self.reference)], dtype=float)).all():
            raise ModelError("its intervals or percentile reference are not finite numbers")
        if min(self.half_width) < 0:
            raise ModelError("its intervals have a negative width")
        if any(len(row) != 101 or np.any(np.diff(row) < 0) for row in self.reference):
            raise ModelError("its percentile reference is not 101 rising values per task")
        if self.resize not in (SQUASH, SHORT_EDGE) or (self.resize == SHORT_EDGE and len(set(self.size)) > 1):
            raise ModelError(f"its resizing is {self.resize!r} to {self.size}: pip install --upgrade beholder")
        if np.any(np.diff(self.score_levels) <= 0):
            raise ModelError("its score levels do not rise")

    def __repr__(self) -> str:
        """One line; the reference alone has 101 numbers a task."""
        tasks = ", ".join(f"{task.name} {task.low:g} to {task.high:g}" for task in self.tasks)
        data = ", ".join(f"{each.n} photographs of {each.name}" for each in self.data)
        width, height = self.size
        return printable(f"ModelInfo({self.name}: {tasks}; {self.backbone} at {width} x {height}, trained on {data})")

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the graph's outputs."""
        return (*OUTPUTS, DISTRIBUTION) if self.score_levels else OUTPUTS

    def to_json(self) -> str:
        """The JSON document of a model file."""
        document = {"format": FORMAT, **asdict(self)}
        score_levels = document.pop("score_levels")
        if score_levels:
            document["buckets"] = score_levels  # the key of format 1
        return json.dumps(document, sort_keys=True)

    def percentiles(self, scores: np.ndarray) -> np.ndarray:
        """(B, T) native scores -> (B, T) percentages of the rated photographs that score lower, 0 to 100."""
        steps = np.linspace(0, 100, 101)
        columns = [np.interp(scores[:, index], row, steps) for index, row in enumerate(self.reference)]
        return np.stack(columns, axis=1)


def parse_info(text: str) -> ModelInfo:
    """The JSON document of a model file -> ModelInfo.

    Raises:
        ModelError: the text is not such a document, or has a later format than this version reads.
    """
    if len(text) > MAX_METADATA_CHARS:
        raise ModelError(
            f"its metadata has {len(text):,} characters, more than the {MAX_METADATA_CHARS:,} that are read"
        )
    try:
        document = json.loads(text)
        found = document.pop("format")
        if found != FORMAT:
            raise ModelError(
                f"it has format {found}, this version reads format {FORMAT}: pip install --upgrade beholder"
            )
        document["tasks"] = tuple(Task(**task) for task in document["tasks"])
        document["data"] = tuple(TrainingData(**{**d, "tasks": tuple(d["tasks"])}) for d in document["data"])
        document["metrics"] = tuple(Estimate(**metric) for metric in document["metrics"])
        document["size"] = tuple(document["size"])
        document["score_levels"] = tuple(document.pop("buckets", ()))  # the key of format 1
        document["half_width"] = tuple(document["half_width"])
        document["reference"] = tuple(tuple(row) for row in document["reference"])
        return ModelInfo(**{field.name: document[field.name] for field in fields(ModelInfo)})
    except ModelError:
        raise
    except Exception as error:  # whatever a wrong document raises
        what = f"{type(error).__name__}: {one_line(error)}"
        raise ModelError(f"its metadata is not what a beholder model carries ({what})") from None


def read_model(path: Path) -> tuple[bytes, ModelInfo]:
    """The content of a model file and its description; nothing in the file is run.

    Raises:
        ModelError: the file is missing, not a regular file, too large, cut short, damaged, not a beholder model, keeps
            data outside itself, or has metadata that cannot be true.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode) or not stat.S_ISREG(found.st_mode):  # reading a pipe or device may never end
            what = "Is a directory" if stat.S_ISDIR(found.st_mode) else "not a regular file"
            raise ModelError(f"{path}: cannot open the model ({what}); leave it out for the default")
        if found.st_size > MAX_MODEL_BYTES:
            raise ModelError(f"{path}: has {found.st_size:,} bytes, more than a model file can have")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ModelError(f"{path}: cannot open the model ({why}); leave it out for the default") from None
    try:
        entries = read_metadata(content)
        if METADATA_KEY in entries:
            return content, parse_info(entries[METADATA_KEY])
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    raise ModelError(
        f"{path}: an ONNX file, but not a beholder model; `beholder train` makes one"
        if content
        else f"{path}: not a model file: it is empty"
    )


def model_id(name: str, content: bytes) -> str:
    """Name and the start of the file's sha256. Two files with the same id give the same scores."""
    return f"{name}@{hashlib.sha256(content).hexdigest()[:8]}"


def model_path(model: str | os.PathLike[str] | None) -> Path:
    """The file of a model given by path, by the name of an embedded model, or None for the default."""
    name = "default" if model is None else os.fspath(model)
    if name == "default":
        return default_path()
    return embedded_path(name) if name in EMBEDDED else Path(name)


def default_path() -> Path:
    """The file of the embedded default model."""
    return embedded_path("default")


def embedded_path(name: str) -> Path:
    """The file of an embedded model, one of ``EMBEDDED``."""
    return Path(__file__).parent.parent / "assets" / f"{name}.onnx"
