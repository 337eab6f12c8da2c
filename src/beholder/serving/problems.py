"""What went wrong, as RFC 9457 has it: a status and the line that the command line says."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from beholder.errors import BeholderError, ModelError
from beholder.text import json_text

MEDIA_TYPE = "application/problem+json"
AGAIN = {"Retry-After": "1"}  # header of what may go well a moment later


class Problem(BeholderError):  # noqa: N818  the word of the standard
    """A request that cannot be answered.

    Args:
        status: of HTTP.
        line: what is wrong, why, and what to do.
        headers: of the answer.
        more: members of the document beside those of the standard.
    """

    def __init__(
        self, status: int, line: str, *, headers: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(line)
        self.status, self.headers, self.more = status, dict(headers or {}), dict(more or {})


def problem_of(error: Exception) -> Problem:
    """Any error as a problem: what a user can mend is 422, a fault of the model or of the program 500.

    >>> problem_of(BeholderError("no task is called 'fun'")).status, problem_of(ZeroDivisionError()).status
    (422, 500)
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, BeholderError):
        return Problem(500 if isinstance(error, ModelError) else 422, str(error))
    return Problem(500, f"{type(error).__name__}: this is a fault of beholder, please report it")


def problem_response(problem: Problem, identity: Mapping[str, Any]) -> Response:
    """The answer to a request that cannot be answered otherwise.

    Args:
        problem: what is wrong.
        identity: of model and version, which every answer holds.
    """
    document = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": str(problem),
        **identity,
        **problem.more,
    }
    return Response(json_text(document), problem.status, problem.headers, MEDIA_TYPE)
