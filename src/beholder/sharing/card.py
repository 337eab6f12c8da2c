"""A model card: what a model file says of itself, as Markdown that the Hugging Face hub reads.

The metadata on top (YAML) is what the hub searches by: licence, library, tags, data sets, and the metrics as a
`model-index`. Everything comes from the file: what it does not know, such as who may use it for what, is not there, and
its authors add it. A value of YAML is written as JSON, which YAML contains, so that no name can add a line.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from beholder.metrics import Estimate
from beholder.reporting.cells import Chapter
from beholder.reporting.document import Cell, Column, Document, Table
from beholder.reporting.markdown import markdown_page
from beholder.scoring.hub import SHA256_KEY
from beholder.scoring.model_file import ModelInfo, model_id
from beholder.tasks import Task, ratings_of
from beholder.text import printable

# Of the hub's tags of tasks the nearest: it has none for scores of pictures.
PIPELINE_TAG = "image-classification"
TAGS = ("beholder", "onnx", "image-aesthetic-assessment")
LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "gpl-3.0", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0")
METRICS = {"srcc": "spearmanr", "plcc": "pearsonr", "rmse": "rmse", "mae": "mae"}  # as the hub calls them


def model_card(content: bytes, info: ModelInfo) -> str:
    """The card of a model.

    Args:
        content: of the model file.
        info: its description, from :func:`beholder.scoring.model_file.read_model`.

    Returns:
        Markdown that begins with YAML between two lines ``---``.

    >>> from beholder.scoring.model_file import model_path, read_model
    >>> model_card(*read_model(model_path("fast"))).splitlines()[:3]
    ['---', 'license: "apache-2.0"', 'library_name: "beholder"']
    """
    metadata = "\n".join(_yaml(_metadata(hashlib.sha256(content).hexdigest(), info)))
    return f"---\n{metadata}\n---\n\n{_body(model_id(info.name, content), info)}"


def _metadata(sha256: str, info: ModelInfo) -> dict[str, Any]:
    licence = {"license": info.licence.lower()}
    if licence["license"] not in LICENCES:
        licence = {"license": "other", "license_name": _slug(info.licence)}
    results = list(_results(info))
    index = {"model-index": [{"name": printable(info.name), "results": results}]} if results else {}
    return {
        **licence,
        "library_name": "beholder",
        "pipeline_tag": PIPELINE_TAG,
        "tags": list(TAGS),
        "datasets": list(dict.fromkeys(_slug(each.name) for each in info.data)),
        "metrics": list(dict.fromkeys(METRICS[each.metric] for each in info.metrics if _is_told(each, info))),
        SHA256_KEY: sha256,
        **index,
    }


def _results(info: ModelInfo) -> Iterator[dict[str, Any]]:
    """One result for each task, data set and split, with its metrics."""
    groups: dict[tuple[str, str, str, int], list[Estimate]] = {}
    for each in info.metrics:
        if _is_told(each, info):
            groups.setdefault((each.task, each.data, each.split, each.n), []).append(each)
    for (task, data, split, n), metrics in groups.items():
        yield {
            "task": {"type": PIPELINE_TAG, "name": printable(task)},
            "dataset": {"type": _slug(data), "name": printable(data), "split": printable(f"{split}, n = {n}")},
            "metrics": [
                {"type": METRICS[each.metric], "value": each.value, "name": f"{each.metric.upper()} {each}"}
                for each in metrics
            ],
        }


def _is_told(metric: Estimate, info: ModelInfo) -> bool:
    """Whether the hub is told a metric: of a rating, by a name that the hub has."""
    ratings = {task.name for task in ratings_of(info.tasks)}
    return metric.metric in METRICS and metric.task in ratings and math.isfinite(metric.value)


def _slug(name: str) -> str:
    """Lower case with the characters that names on the hub have."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "unnamed"


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Lines of a mapping, whose values are scalars, lists of scalars, and lists of mappings."""
    for key, each in value.items():
        if isinstance(each, dict):
            yield f"{indent}{key}:"
            yield from _yaml(each, f"{indent}  ")
        elif isinstance(each, list) and each:
            yield f"{indent}{key}:"
            for item in each:
                lines = list(_yaml(item, f"{indent}  ")) if isinstance(item, dict) else [f"{indent}  {_scalar(item)}"]
                yield f"{indent}- {lines[0][len(indent) + 2 :]}"
                yield from lines[1:]
        else:
            yield f"{indent}{key}: {_scalar(each)}"


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)  # a pair of surrogates, as JSON has it, is two characters in YAML


def _body(identity: str, info: ModelInfo) -> str:
    document = Document(info.name, [info.description, *_summary(identity, info)], [])
    return markdown_page(document, list(_chapters(info)), {}, "")


def _summary(identity: str, info: ModelInfo) -> Iterator[str]:
    yield f"Model `{identity}`, a file of beholder: one ONNX graph with its preprocessing and this description in it."
    yield "`beholder score photos/ --model FILE` scores photographs with it; `beholder info FILE` prints what it is."
    width, height = info.size
    yield f"Backbone {info.backbone}; the graph resizes photographs ({info.resize}) to {width} x {height} pixels."
    yield f"Licence: {info.licence}. {info.attribution}"
    if info.unlike is not None and info.familiarity_column is not None:
        task = info.tasks[info.familiarity_column]
        below = f"{task.words} is below {task.amount(info.unlike)}"
        yield f"A picture whose {below} is unlike what was rated, and its scores say little."


def _chapters(info: ModelInfo) -> Iterator[Chapter]:
    tasks = [_task_row(task, half) for task, half in zip(info.tasks, info.half_width, strict=True)]
    yield _chapter("What it predicts", "Tasks", ("task", "kind", "from", "to", "90% interval", "what"), tasks)
    data: list[list[Cell]] = [[each.name, each.n, ", ".join(each.tasks), each.sha256] for each in info.data]
    names = ("data", "photographs", "tasks", "sha256 of photographs and ratings")
    yield _chapter("What it learned from", "Training data", names, data)
    metrics: list[list[Cell]] = [[each.task, each.metric, each, each.n, each.data, each.split] for each in info.metrics]
    title = "Measured on photographs that the head had not seen"
    yield _chapter("How good it is", title, ("task", "metric", "value", "n", "data", "split"), metrics)
    recipe: list[list[Cell]] = [[key, json.dumps(value, ensure_ascii=False)] for key, value in info.recipe.items()]
    yield _chapter("How it was made", "Recipe", ("setting", "value"), recipe)


def _task_row(task: Task, half: float) -> list[Cell]:
    scale = [f"{end:g}" for end in (task.low, task.high)]
    return [task.name, task.kind, *scale, f"± {half:.2g} {task.unit}".strip(), task.description]


def _chapter(title: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Chapter:
    return Chapter(title, {table: Table("", table, [Column(name) for name in columns], rows)})
