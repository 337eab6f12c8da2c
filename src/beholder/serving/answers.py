"""Results as the documents that are sent, and the description of the model."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from beholder.output.rows import DECIMALS, row_of
from beholder.scoring.batch import Result
from beholder.scoring.input_size import UNNAMED
from beholder.scoring.scorer import Scorer
from beholder.serving.problems import Problem
from beholder.serving.service import Explained, Service
from beholder.text import cut, printable

EMBEDDING = "embedding"
EMBEDDING_DECIMALS = 6
_ELSEWHERE = ("path", "model", "sha256", "error")  # columns of a row that an answer has in another way, or not
_NOT_SHOWN = ("reference", "learned", "series", "recipe")  # of a description: thousands of numbers, or how it was made


def chosen_fields(service: Service, text: str | None) -> Sequence[str]:
    """Names of what an answer holds; by default all columns of ``beholder score``, without the embedding.

    Raises:
        Problem: 422: there is no such field.
    """
    known = [name for name in service.columns if name not in _ELSEWHERE]
    if text is None:
        return known
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        if name not in (*known, EMBEDDING):
            raise Problem(
                422, f"no field is called {printable(cut(name))!r}: there are {', '.join((*known, EMBEDDING))}"
            )
    return wanted


def score_document(service: Service, result: Result, fields: Sequence[str]) -> dict[str, Any]:
    """The answer for one photograph: the row of ``beholder score --json``, and what identifies it."""
    document = _head(service, result.path, result.sha256)
    if result.scores is None:
        return {**document, "error": result.error}
    row = row_of(result, service.columns, service.extras)
    if EMBEDDING in fields:
        row[EMBEDDING] = [round(number, EMBEDDING_DECIMALS) for number in result.scores.embedding[0].tolist()]
    return document | {name: row[name] for name in fields}


def explain_document(service: Service, name: str, found: Explained) -> dict[str, Any]:
    """An explanation in numbers and words: the document of ``beholder explain --json``."""
    explanation = found.explanation
    scores = {column: round(values[0].item(), DECIMALS) for column, values in explanation.scores.to_dict().items()}
    return {
        **_head(service, name, found.sha256),
        "task": explanation.task.name,
        "words": explanation.words(),
        "scores": scores,
        "map": explanation.evidence.astype(float).round(DECIMALS + 1).tolist(),
    }


def explain_headers(service: Service, found: Explained) -> dict[str, str]:
    """What identifies an explanation that is a picture, as headers."""
    document = _head(service, UNNAMED, found.sha256)
    return {
        f"Beholder-{name.replace('_', '-').title()}": quote(str(value), safe="@ ") for name, value in document.items()
    }


def model_document(service: Service) -> dict[str, Any]:
    """What the model is, learned from and was measured at."""
    described = _description(service.scorer)
    return {
        **service.identity,
        "models": [{"id": service.scorer.id, "sha256": service.identity["model_sha256"], **described}],
    }


def _description(scorer: Scorer) -> Mapping[str, Any]:
    return {name: value for name, value in json.loads(scorer.info.to_json()).items() if name not in _NOT_SHOWN}


def _head(service: Service, name: str, sha256: str) -> dict[str, Any]:
    return {**service.identity, "image_sha256": sha256, **({} if name == UNNAMED else {"name": name})}
