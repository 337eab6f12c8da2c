"""What /openapi.json says of bodies and answers, with examples."""

from http import HTTPStatus
from typing import Any

from beholder import __version__
from beholder.serving.problems import MEDIA_TYPE
from beholder.serving.uploads import FORM, JSON, RAW

Document = dict[str, Any]
Responses = dict[int | str, Document]

_IDENTITY = {
    "model": "default@0a1b2c3d",
    "model_sha256": "0a1b2c3d" + "0" * 56,
    "version": __version__,
    "image_sha256": "4e5f6071" + "0" * 56,
}
_TEXT, _NUMBER = {"type": "string"}, {"type": ["number", "null"]}
_IDENTITY_SCHEMA = dict.fromkeys(_IDENTITY, _TEXT)
_SCORED = {
    **_IDENTITY,
    "overall": 4.3312,
    "beauty": 4.4401,
    "low": 3.2903,
    "high": 5.3721,
    "percentile": 51.2,
    "width": 640,
    "height": 427,
}
_FAILED = {**_IDENTITY, "name": "b.jpg", "error": "b.jpg: is empty (0 bytes)"}
_SCORE = {
    "type": "object",
    "properties": {
        **_IDENTITY_SCHEMA,
        "name": _TEXT,
        "overall": _NUMBER,
        "embedding": {"type": "array", "items": {"type": "number"}},
    },
    "required": list(_IDENTITY),
    "additionalProperties": _NUMBER,
}
_SCORE_OR_ERROR = {
    "anyOf": [
        _SCORE,
        {
            "type": "object",
            "properties": {**_IDENTITY_SCHEMA, "name": _TEXT, "error": _TEXT},
            "required": [*_IDENTITY, "error"],
        },
    ]
}
_PROBLEM = {
    "type": "object",
    "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
    "required": ["type", "title", "status", "detail"],
}
_FILE = {"type": "string", "format": "binary"}
_IMAGES = {
    "type": "object",
    "properties": {
        "images": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"data": {"type": "string", "contentEncoding": "base64"}, "name": _TEXT},
                "required": ["data"],
            },
        }
    },
    "required": ["images"],
}


def _content(media_type: str, schema: Document, example: Any = None) -> Document:
    return {media_type: {"schema": schema, **({} if example is None else {"example": example})}}


def _problem(status: int, line: str) -> Document:
    example = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": line}
    return {"description": line, "content": _content(MEDIA_TYPE, _PROBLEM, example)}


def _problems(**lines: str) -> Responses:
    """By status; each with an example of its line."""
    found: Responses = {}
    for code, line in lines.items():
        status = int(code[1:])
        found[status] = _problem(status, line)
    return found


_REFUSED = _problems(
    _401="the token is missing or wrong: send the header Authorization: Bearer TOKEN",
    _403="without a token only programs on this machine are answered: start it with --token-file",
)
_BODY_PROBLEMS = {
    **_REFUSED,
    **_problems(
        _400="the form is cut short, or a part of it has no end",
        _408="the body did not come within the 30 s of --timeout: send it faster, or less",
        _413="the body has more than the 64 MB that are read: send fewer or smaller photographs",
        _415="a body of type text/plain is not read: send image/jpeg or another image type",
        _422="a.jpg: is not a photograph that can be read; it looks like text",
        _429="64 photographs are being scored or wait, of 64 at most: try again in a moment",
        _500="the model cannot be run on these pixels",
        _503="the service is being stopped: send it to another one, or again",
        _504="not done within the 30 s of --timeout: try again, or send fewer photographs",
    ),
}
_BODY: Document = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": _FILE},
            RAW: {"schema": _FILE},
            FORM: {"schema": {"type": "object", "additionalProperties": _FILE}},
            **_content(JSON, _IMAGES, {"images": [{"data": "/9j/4AAQSkZJRg==", "name": "a.jpg"}]}),
        },
    }
}
SCORE_REQUEST = EXPLAIN_REQUEST = _BODY
SCORE_RESPONSES: Responses = {
    200: {
        "description": "One object for a body that is a photograph; a list, in order, for a form or JSON.",
        "content": {
            JSON: {
                "schema": {"anyOf": [_SCORE, {"type": "array", "items": _SCORE_OR_ERROR}]},
                "examples": {"one": {"value": _SCORED}, "many": {"value": [{**_SCORED, "name": "a.jpg"}, _FAILED]}},
            }
        },
    },
    **_BODY_PROBLEMS,
}
EXPLAIN_RESPONSES: Responses = {
    200: {
        "description": "Numbers and words, or a sheet where Accept asks for image/png.",
        "content": {
            **_content(
                JSON,
                {
                    "type": "object",
                    "properties": _IDENTITY_SCHEMA,
                    "required": [*_IDENTITY, "task", "words", "scores", "map"],
                },
                {
                    **_IDENTITY,
                    "task": "overall",
                    "words": ["Under-exposed by about 1.3 EV."],
                    "scores": {"overall": 4.3312},
                    "map": [[0.012, -0.034], [0.05, 0.001]],
                },
            ),
            "image/png": {"schema": _FILE},
        },
    },
    **_BODY_PROBLEMS,
}
MODEL_RESPONSES: Responses = {
    200: {
        "description": "The model that is in memory.",
        "content": _content(
            JSON,
            {"type": "object", "required": ["model", "model_sha256", "version", "models"]},
            {
                **_IDENTITY,
                "models": [
                    {"id": _IDENTITY["model"], "name": "default", "tasks": [{"name": "overall", "low": 1, "high": 7}]}
                ],
            },
        ),
    },
    **_REFUSED,
}
STATE_RESPONSES: Responses = {
    200: {"description": "Yes.", "content": _content("text/plain", _TEXT)},
    **_problems(_503="not ready: the queue is full"),
}
METRICS_RESPONSES: Responses = {
    200: {"description": "Text for Prometheus.", "content": _content("text/plain", _TEXT)},
    **_REFUSED,
}
