"""Around all routes: who may come in, what is counted, and that an answer is held until it is read."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import Any

from beholder.serving.admission import check_request
from beholder.serving.metrics import TOTAL
from beholder.serving.problems import AGAIN, Problem, problem_of, problem_response
from beholder.serving.service import Service
from beholder.terminal import say
from beholder.text import printable

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
OPEN = ("/livez", "/readyz")  # without a token, for what starts and watches services
ROUTES = ("/v1/score", "/v1/explain", "/v1/models", "/metrics", "/openapi.json", *OPEN)
SLICE = 32_768  # bytes of an answer that are written before the reader is waited for
LINGER = 10.0  # seconds in which what is still sent is read and dropped, so that its sender sees the answer
DROPPED = 2  # times the largest body that is read: so much of it, at most


def guarded(app: App, service: Service) -> App:
    """The same application, behind the token, counted, and past its errors."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began, status, body_is_read = time.monotonic(), 0, False

        async def receiving() -> Message:
            nonlocal body_is_read
            message = await receive()
            body_is_read = body_is_read or not message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 400 and scope["method"] == "POST" and not body_is_read:
                    if status != 408:  # whose sender had time enough; others might never see the answer
                        await drop_rest(scope, receiving, DROPPED * service.limits.max_body)
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
                await send(message)
                return
            body, more = message.get("body", b""), message.get("more_body", False)
            for at in range(0, len(body) - SLICE, SLICE):
                await send({"type": message["type"], "body": body[at : at + SLICE], "more_body": True})
            await send(
                {"type": message["type"], "body": body[(max(len(body), 1) - 1) // SLICE * SLICE :], "more_body": more}
            )

        async with AsyncExitStack() as held:  # places and bytes, until the answer is written
            scope.setdefault("state", {})["held"] = held
            try:
                refused = _refused(scope, service)
                if refused is None:
                    await app(scope, receiving, sending)
                else:
                    identity = {} if refused.status in (401, 403) else service.identity
                    await problem_response(refused, identity)(scope, receiving, sending)
            except Exception as error:
                say(f"error: {scope['method']} {printable(scope['path'])[:100]}: {type(error).__name__}")
                if not status:
                    await problem_response(problem_of(error), service.identity)(scope, receiving, sending)
            finally:
                route = scope["path"] if scope["path"] in ROUTES else "other"
                service.metrics.requests.labels(route, status or 499).inc()
                service.metrics.seconds.labels(TOTAL).observe(time.monotonic() - began)

    return answer


def _refused(scope: Message, service: Service) -> Problem | None:
    if scope["path"] in OPEN:
        return None
    try:
        check_request(
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}, service.token
        )
    except Problem as problem:
        return problem
    if service.is_stopping and scope["method"] == "POST":
        return Problem(503, "the service is being stopped: send it to another one, or again", headers=AGAIN)
    return None


async def drop_rest(scope: Message, receive: Receive, most: int) -> None:
    """Read the rest of a body, for a moment and not without end."""
    if any(name == b"expect" for name, _ in scope["headers"]):  # the sender waits for a word before it sends more
        return
    try:
        async with asyncio.timeout(LINGER):
            while most > 0 and (message := await receive())["type"] == "http.request" and message.get("more_body"):
                most -= len(message.get("body", b""))
    except TimeoutError:
        return
