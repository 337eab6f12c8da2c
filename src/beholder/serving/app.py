"""The routes. What they do is in `service`, what they say in `answers`, what is refused in `problems`."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from beholder import __version__
from beholder.errors import BeholderError
from beholder.scoring.scores import task_index
from beholder.serving import documents
from beholder.serving.answers import (
    chosen_fields,
    explain_document,
    explain_headers,
    model_document,
    score_document,
)
from beholder.serving.guard import App, guarded
from beholder.serving.metrics import CONTENT_TYPE, READ
from beholder.serving.problems import AGAIN, Problem, problem_of, problem_response
from beholder.serving.service import Service
from beholder.serving.uploads import MAX_NAME, RAW, Upload, read_body, splitter, too_large
from beholder.text import cut, json_text, printable

JSON, PNG = "application/json", "image/png"
Name = Annotated[
    str | None,
    Query(
        max_length=MAX_NAME,
        description="Of a photograph that is the whole body, for messages; its suffix tells RAW from TIFF.",
    ),
]


def make_app(service: Service) -> App:
    """The application of a service, for any ASGI server."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="beholder",
        version=__version__,
        summary="How beautiful people would find a photograph, attribute by attribute, and how sure.",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )

    @app.post("/v1/score", openapi_extra=documents.SCORE_REQUEST, responses=documents.SCORE_RESPONSES)
    async def score(
        request: Request,
        fields: Annotated[
            str | None,
            Query(
                max_length=MAX_NAME,
                description="Names of what to answer, with commas between; embedding is one more.",
                examples=["overall,embedding"],
            ),
        ] = None,
        name: Name = None,
    ) -> Response:
        """Score one photograph, or many in one form or JSON document."""
        chosen = chosen_fields(service, fields)
        uploads, is_one = await receive_uploads(request, service, name)
        async with _in_time(service):
            results = await service.score(uploads)
        found = [score_document(service, result, chosen) for result in results]
        if not is_one:
            return _json(found)
        if results[0].error is not None:
            raise Problem(422, results[0].error, more={"image_sha256": results[0].sha256})
        return _json(found[0])

    @app.post("/v1/explain", openapi_extra=documents.EXPLAIN_REQUEST, responses=documents.EXPLAIN_RESPONSES)
    async def explain(
        request: Request,
        task: Annotated[
            str, Query(max_length=MAX_NAME, description="What to explain.", examples=["beauty"])
        ] = "overall",
        grid: Annotated[int, Query(ge=2, le=16, description="Cells per side; the time grows with its square.")] = 8,
        name: Name = None,
    ) -> Response:
        """Where in a photograph its score comes from: a sheet (Accept: image/png), or numbers and words."""
        drawn = any(kind.strip().startswith("image/") for kind in request.headers.get("accept", "").lower().split(","))
        task_index(service.scorer.info.tasks, task)  # before a body is read for nothing
        uploads, _ = await receive_uploads(request, service, name)
        if len(uploads) > 1:
            raise Problem(422, f"{len(uploads)} photographs in one request: an explanation is of one")
        async with _in_time(service):
            found = await service.explain(uploads[0], task, grid, drawn=drawn)
        if found.sheet is not None:
            return Response(found.sheet, headers=explain_headers(service, found), media_type=PNG)
        return _json(explain_document(service, uploads[0].name, found))

    @app.get("/v1/models", responses=documents.MODEL_RESPONSES)
    async def models() -> Response:
        """The model that answers: tasks, ranges, training data, measured quality, licence."""
        return _json(model_document(service))

    @app.get("/livez", responses=documents.STATE_RESPONSES)
    async def livez() -> Response:
        """Whether the service runs; if not, it has to be started again."""
        if service.is_stuck:
            raise Problem(503, "decoders hang and take all threads: start the service again")
        return Response("ok\n", media_type="text/plain")

    @app.get("/readyz", responses=documents.STATE_RESPONSES)
    async def readyz() -> Response:
        """Whether a photograph would be taken now."""
        if not service.is_ready or service.is_stuck:
            raise Problem(503, "not ready: it is being started or stopped", headers=AGAIN)
        if service.places.taken >= service.places.count:
            raise Problem(503, "not ready: the queue is full", headers=AGAIN)
        return Response("ready\n", media_type="text/plain")

    @app.get("/metrics", responses=documents.METRICS_RESPONSES)
    async def metrics() -> Response:
        """Counters and times, for Prometheus."""
        return Response(service.metrics_page(), headers={"Content-Type": CONTENT_TYPE})

    _answer_errors(app, service)
    return guarded(app, service)


def _answer_errors(app: FastAPI, service: Service) -> None:
    """Every error as a problem, those of the framework too."""

    def respond(_: Request, error: Exception) -> Response:
        return problem_response(problem_of(error), service.identity)

    def respond_to_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        line = {404: "there is no such page", 405: "this page does not answer that method"}.get(error.status_code)
        return problem_response(
            Problem(error.status_code, line or str(error.detail), headers=error.headers), service.identity
        )

    def respond_to_query(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first: Mapping[str, Any] = error.errors()[0]
        line = f"{printable(cut(str(first['loc'][-1])))}: {printable(cut(str(first['msg']), 200))}"
        return problem_response(Problem(422, line), service.identity)

    app.add_exception_handler(BeholderError, respond)
    app.add_exception_handler(Exception, respond)
    app.add_exception_handler(HTTPException, respond_to_http)
    app.add_exception_handler(RequestValidationError, respond_to_query)


async def receive_uploads(request: Request, service: Service, name: str | None) -> tuple[list[Upload], bool]:
    """The photographs of a request, and whether its whole body is one.

    Each has a place in the queue, and the body its bytes, until the answer is written.

    Raises:
        Problem: 400, 408, 413, 415 or 429.
    """
    limits, held, headers = service.limits, request.state.held, request.headers
    split = splitter(headers.get("content-type", ""), name)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem(415, "a compressed body is not read: leave Content-Encoding out")
    declared = headers.get("content-length", "")
    most = int(declared) if declared.isdecimal() and len(declared) < 20 else limits.max_body
    if most > limits.max_body:
        raise too_large(limits.max_body)
    held.enter_context(service.places.take(1))
    try:
        async with asyncio.timeout(limits.timeout):
            keep = await held.enter_async_context(service.bodies.reserved(most))
    except TimeoutError:
        raise Problem(429, "other large bodies are being received: try again in a moment", headers=AGAIN) from None
    try:
        with service.metrics.seconds.labels(READ).time():
            async with asyncio.timeout(limits.timeout):
                body = await read_body(request.stream(), most)
    except TimeoutError:
        line = f"the body did not come within the {limits.timeout:g} s of --timeout: send it faster, or less"
        raise Problem(408, line) from None
    except ClientDisconnect:
        raise Problem(400, "the body was cut short") from None
    keep(len(body))
    uploads = split(body, limits.queue)
    held.enter_context(service.places.take(len(uploads) - 1))
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return uploads, kind.startswith("image/") or kind == RAW


@asynccontextmanager
async def _in_time(service: Service) -> AsyncIterator[None]:
    """Raises the problem of a block that takes too long; what has not been decoded by then never is."""
    try:
        async with asyncio.timeout(service.limits.timeout):
            yield
    except TimeoutError:
        line = f"not done within the {service.limits.timeout:g} s of --timeout: try again, or send fewer photographs"
        raise Problem(504, line, headers=AGAIN) from None


def _json(document: Any) -> Response:
    return Response(json_text(document), media_type=JSON)
