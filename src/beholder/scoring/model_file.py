"""The model file: one ONNX file that holds the whole model and its description.

The graph takes uint8 sRGB pixels of any size; resizing and normalisation are part of it. Its metadata has one JSON
document under the key ``beholder``: tasks with native ranges, interval widths, the reference for percentiles,
training data by content hash, and measured quality with intervals. Scoring needs no other file.

Graph contract: ``image`` (B, H, W, 3) uint8 -> ``scores`` (B, T) native units, ``embedding`` (B, D), ``evidence``
(B, T, rows, columns) native units. T is the number of tasks, the first of which is the overall score. A model that
predicts votes has one more: ``distribution`` (B, M), the share of votes for each score level of the first task.
Not all tasks are ratings (:mod:`beholder.tasks`): amounts of edits, disagreement and familiarity are columns of the
same outputs. Format 1 had ratings only.

The file ends with a seal, the sha256 of what is before it, and is refused without one: so any damage is detected. It
is no signature. Files that another program has written are sealed by `beholder.scoring.onnx_file.sealed`. A graph can
do no more than compute, but that without end and with all memory: score with models that you trust, or under a limit.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from beholder.errors import BeholderError, ModelError
from beholder.metrics import Estimate, rounded
from beholder.reading import read_bytes
from beholder.scoring.hub import SCHEME, fetch_model
from beholder.scoring.json_types import read_object, typed
from beholder.scoring.onnx_file import OnnxFile, TensorType, read_onnx
from beholder.tasks import DISAGREEMENT, FAMILIARITY, RATING, Task
from beholder.text import printable

METADATA_KEY = "beholder"
FORMAT = 2  # that is written
FORMATS = (1, 2)  # that are read
OUTPUTS = ("scores", "embedding", "evidence")
MAX_SIDE = 4096  # pixels of a side of the input
MAX_MODEL_BYTES = 2 * 1024**3  # of a model file; the limit of protobuf
MAX_METADATA_CHARS = 1_000_000  # a hundred times those of the embedded models
MAX_NAME = 200  # characters
DISTRIBUTION = "distribution"
SQUASH, SHORT_EDGE = "squash", "short edge"  # values of `ModelInfo.resize`
UNDEFINED = ("metrics.value", "metrics.low", "metrics.high", "learned.predicted")  # NaN where there is no value
MAX_LEARNED, MAX_PREDICTED = 10_000, 40_000  # photographs whose digests are kept, and predictions of them
DIGEST = 16  # hexadecimal digits of a sha256 that are kept
FLOAT, UINT8 = 1, 2  # element types of onnx.proto
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
class LearnedPhotos:
    """Photographs that a model learned from, so that nothing is measured on them by mistake.

    Attributes:
        digests: N beginnings of the sha256 of their files, :data:`DIGEST` hexadecimal digits each.
        predicted: T rows of N predictions, native units, by heads that had not learned from the photograph; NaN where
            there is none. Or empty.
    """

    digests: tuple[str, ...]
    predicted: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class SeriesInfo:
    """How alike photographs of one series are to a model, and what tells which of them is better.

    Attributes:
        like: cosine of two embeddings from which photographs taken one after the other are of one series.
        same: cosine from which two photographs are of one series, whenever they were taken.
        preference: pairs of the name of a difference between two photographs of a series and its weight: the log odds
            that the first is preferred for each unit of the difference (:mod:`beholder.culling.preference`).
        overall_spread: standard deviation of the difference of overall scores of two frames that are equally good,
            native units.
    """

    like: float
    same: float
    preference: tuple[tuple[str, float], ...] = ()
    overall_spread: float = 0.0


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
        unlike: a photograph whose familiarity is below this is unlike those that were rated; None if none is marked.
        widening: pairs of a familiarity, rising, and the factor that the half-widths of ratings are multiplied by
            there; linear between the pairs, constant before the first and after the last. Empty: intervals are equally
            wide for every photograph.
        learned: the photographs of the first of ``data``, one by one; None if they are known by its hash alone.
        series: how it tells series of photographs; None if that was not learned.
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
    unlike: float | None = None
    widening: tuple[tuple[float, float], ...] = ()
    learned: LearnedPhotos | None = None
    series: SeriesInfo | None = None

    def __post_init__(self) -> None:
        for true, wrong in self._rules():
            if not true:
                raise ModelError(f"in its metadata {wrong}")

    def _rules(self) -> Iterator[tuple[Any, str]]:
        """What must be true of a description, each with what is wrong otherwise."""
        name, size, count, levels = self.name, self.size, len(self.tasks), self.score_levels
        yield name.isprintable() and 0 < len(name) <= MAX_NAME, f"name is not one line of 1 to {MAX_NAME} characters"
        yield all(0 < side <= MAX_SIDE for side in size), f"size is {size}, not width and height from 1 to {MAX_SIDE}"
        known = self.resize == SQUASH or (self.resize == SHORT_EDGE and len(set(size)) == 1)
        yield known, f"resize is {self.resize[:50]!r}, to {size}: pip install --upgrade beholder"
        yield count, "tasks is empty"
        yield len({task.name for task in self.tasks}) == count, "two tasks have the same name"
        for field, values in (("half_width", self.half_width), ("reference", self.reference)):
            yield len(values) == count, f"{field} is for {len(values)} tasks, but there are {count} tasks"
        yield np.isfinite(self.half_width).all(), "half_width is not finite"
        yield min(self.half_width) >= 0, "half_width is a negative width"
        for row in self.reference:
            rises = len(row) == 101 and np.isfinite(row).all() and np.all(np.diff(row) >= 0)
            yield rises, "reference is not 101 rising values for each task"
        yield (
            len(levels) != 1 and np.all(np.diff(levels) > 0),
            "score_levels (buckets) are not two or more rising values",
        )
        low, high = self.tasks[0].low, self.tasks[0].high
        inside = not levels or low <= levels[0] < levels[-1] <= high
        yield inside, f"score_levels are beyond the scale of {self.tasks[0].name}, {low:g} to {high:g}"
        if self.learned is not None:
            digests, predicted = self.learned.digests, self.learned.predicted
            yield len(digests) <= MAX_LEARNED, f"learned has {len(digests)} photographs, more than {MAX_LEARNED}"
            right = all(len(each) == DIGEST and set(each) <= set("0123456789abcdef") for each in digests)
            yield right, f"learned.digests are not {DIGEST} hexadecimal digits each"
            right = len(predicted) in (0, count) and all(len(row) == len(digests) for row in predicted)
            yield right, "learned.predicted is not one row a task, with a number for each photograph"
        if self.series is not None:
            like, same, weights = self.series.like, self.series.same, self.series.preference
            yield 0 < like <= same <= 1, f"series has cosines of {like:g} and {same:g}, not two rising ones up to 1"
            yield np.isfinite([weight for _, weight in weights]).all(), "series.preference is not finite"
            spread = self.series.overall_spread
            yield 0 <= spread < math.inf, "series.overall_spread is not 0 or more"
        yield from self._rules_of_kinds()

    def _rules_of_kinds(self) -> Iterator[tuple[Any, str]]:
        """What must be true of tasks that are no ratings, and of what follows from familiarity."""
        first = self.tasks[0]
        yield first.kind == RATING, f"the first task, {first.name}, is of kind {first.kind}; it must be a rating"
        for kind in (DISAGREEMENT, FAMILIARITY):
            yield sum(task.kind == kind for task in self.tasks) <= 1, f"two tasks are of kind {kind}"
        place = self.familiarity_column
        for field, given in (("unlike", self.unlike is not None), ("widening", self.widening)):
            yield not given or place is not None, f"{field} needs a task of kind {FAMILIARITY}, and there is none"
        if self.unlike is not None and place is not None:
            low, high = self.tasks[place].low, self.tasks[place].high
            inside = low <= self.unlike <= high
            yield (
                inside,
                f"unlike is {self.unlike:g}, beyond the scale of {self.tasks[place].name}, {low:g} to {high:g}",
            )
        if self.widening:
            knots = np.array(self.widening)
            right = knots.ndim == 2 and knots.shape[1] == 2 and np.isfinite(knots).all() and (knots[:, 1] >= 0).all()
            rises = right and (np.diff(knots[:, 0]) > 0).all()
            yield rises, "widening is not pairs of a rising familiarity and a factor of 0 or more"

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

    @property
    def familiarity_column(self) -> int | None:
        """Index of the task of kind familiarity; None if there is none."""
        return next((index for index, task in enumerate(self.tasks) if task.kind == FAMILIARITY), None)

    def to_json(self) -> str:
        """The JSON document of a model file."""
        document = {"format": FORMAT, **asdict(self)}
        for name in ("learned", "series"):
            if document[name] is None:
                del document[name]
        return json.dumps(_without_nan(document), sort_keys=True, allow_nan=False)

    def half_widths(self, scores: np.ndarray) -> np.ndarray:
        """(B, T) native scores -> (B, T) half-widths of their 90% intervals, native units; see ``widening``."""
        widths = np.broadcast_to(np.array(self.half_width), scores.shape)
        if not self.widening or self.familiarity_column is None:
            return widths
        factors = np.interp(scores[:, self.familiarity_column], *np.array(self.widening).T)
        ratings = np.array([task.kind == RATING for task in self.tasks])
        return np.where(ratings, factors[:, None] * widths, widths)

    def percentiles(self, scores: np.ndarray) -> np.ndarray:
        """(B, T) native scores -> (B, T) percentages of the rated photographs that score lower, 0 to 100."""
        steps = np.linspace(0, 100, 101)
        columns = [np.interp(scores[:, index], row, steps) for index, row in enumerate(self.reference)]
        return np.stack(columns, axis=1)


def learned_photos(digests: np.ndarray, predicted: np.ndarray) -> LearnedPhotos | None:
    """What a model file keeps of the photographs that a model learned from; None if they are too many.

    Args:
        digests: (N,) sha256 of their files, in hexadecimal.
        predicted: (N, T) by heads that had not learned from the photograph, NaN where there is no such prediction.

    >>> learned_photos(np.array(["ab" * 32]), np.array([[2.5]]))
    LearnedPhotos(digests=('abababababababab',), predicted=((2.5,),))
    """
    if len(digests) > MAX_LEARNED:
        return None
    kept = np.isfinite(predicted).any() and predicted.size <= MAX_PREDICTED
    rows = tuple(tuple(map(rounded, row)) for row in predicted.T) if kept else ()
    return LearnedPhotos(tuple(str(digest)[:DIGEST] for digest in digests), rows)


def parse_info(text: str) -> ModelInfo:
    """The JSON document of a model file -> ModelInfo.

    Raises:
        ModelError: the text is not such a document, or has a later format than this version reads.
    """
    if len(text) > MAX_METADATA_CHARS:
        raise ModelError(
            f"its metadata has {len(text):,} characters, more than the {MAX_METADATA_CHARS:,} that are read"
        )
    document = read_object(text)
    found = document.pop("format", None)
    if type(found) is not int or found not in FORMATS:
        what = f"it has format {found}" if type(found) is int and found < 1000 else "its format is not known"
        known = " and ".join(map(str, FORMATS))
        raise ModelError(f"{what}, this version reads formats {known}: pip install --upgrade beholder")
    if found == 1:
        document["score_levels"] = document.pop("buckets", [])
    try:
        info: ModelInfo = typed(ModelInfo, document, "", undefined=UNDEFINED)
    except ModelError:
        raise
    except BeholderError as error:  # of a task
        raise ModelError(f"in its metadata {error}") from None
    return info


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: a metric that is undefined, as a correlation with a constant is, becomes null."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_model(path: Path) -> tuple[bytes, ModelInfo]:
    """The content of a model file and its description; nothing in the file is run.

    Raises:
        ModelError: the file is missing, not a regular file, too large, cut short, damaged, not a beholder model, not
            sealed, keeps data outside itself, or has metadata that cannot be true or does not fit its graph.
    """
    advice = "leave it out for the default model"
    content = read_bytes(path, "a model file", MAX_MODEL_BYTES, advice=advice, error=ModelError)
    try:
        return content, _describe(read_onnx(content), len(content))
    except ModelError as error:
        raise ModelError(f"{printable(os.fspath(path))}: {error}") from None


def _describe(file: OnnxFile, size: int) -> ModelInfo:
    if not size:
        raise ModelError("not a model file: it is empty")
    if METADATA_KEY not in file.metadata:
        raise ModelError("an ONNX file, but not a beholder model; `beholder train` makes one")
    if not file.sealed:  # a file that was cut off just before its seal, or of which any bit of the seal's key is wrong
        raise ModelError(
            "does not end with its sha256: it was cut short, damaged, or changed by another program; make or fetch it "
            "again"
        )
    info = parse_info(file.metadata[METADATA_KEY])
    check_contract(info, file.inputs, file.outputs)
    return info


def check_contract(
    info: ModelInfo, inputs: Mapping[str, TensorType | None], outputs: Mapping[str, TensorType | None]
) -> None:
    """Check that inputs and outputs of the graph are those of a beholder model with these tasks.

    Raises:
        ModelError: they are not.
    """
    image = inputs.get("image")
    right = image is not None and image.element == UINT8 and len(image.shape) == 4 and image.shape[3] == 3
    if not right or len(inputs) > 1 or not set(info.outputs) <= set(outputs):
        raise ModelError("its inputs and outputs are not those of a beholder model")
    count = len(info.tasks)
    contract = {  # output -> number of dimensions, length of the second
        "scores": (2, count),
        "embedding": (2, None),
        "evidence": (4, count),
        DISTRIBUTION: (2, len(info.score_levels)),
    }
    for name in info.outputs:
        (dimensions, length), found = contract[name], outputs[name]
        if found is None or found.element != FLOAT or len(found.shape) != dimensions:
            raise ModelError(f"its {name} are not declared as floats of {dimensions} dimensions")
        if length is not None and found.shape[1] != length:
            what = "score levels" if name == DISTRIBUTION else "tasks"
            raise ModelError(f"it describes {length} {what} and computes {name} of {found.shape[1] or 'any number'}")


def model_id(name: str, content: bytes) -> str:
    """Name and the start of the file's sha256. Two files with the same id give the same scores."""
    return f"{name}@{hashlib.sha256(content).hexdigest()[:8]}"


def model_path(model: str | os.PathLike[str] | None) -> Path:
    """The file of a model given by path, by the name of an embedded model, or None for the default.

    One on the hub (``hf://org/repo@commit``) is fetched: :func:`beholder.scoring.hub.fetch_model` says what it raises.
    """
    name = "default" if model is None else os.fspath(model)
    if name == "default":
        return default_path()
    if name.startswith(SCHEME):
        return fetch_model(name)
    return embedded_path(name) if name in EMBEDDED else Path(name)


def default_path() -> Path:
    """The file of the embedded default model."""
    return embedded_path("default")


def embedded_path(name: str) -> Path:
    """The file of an embedded model, one of ``EMBEDDED``."""
    return Path(__file__).parent.parent / "assets" / f"{name}.onnx"
