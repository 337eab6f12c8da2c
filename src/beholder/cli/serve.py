"""`beholder serve`."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import Batch, Fast, Model, Threads, Workers
from beholder.cli.session import RunSummary
from beholder.cli.stopping import stoppable
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.terminal import say


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen at; beyond this machine only with a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8017,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the token that requests have to give: Authorization: Bearer TOKEN.", metavar="FILE"
        ),
    ] = None,
    max_body: Annotated[str, typer.Option(help="Largest body of a request.", metavar="SIZE")] = "64MB",
    max_pixels: Annotated[
        str, typer.Option(help="Largest photograph in pixels; most of the memory depends on it.", metavar="NUMBER")
    ] = "100MP",
    queue: Annotated[
        int, typer.Option(min=1, max=4096, help="How many photographs may be received, wait or be scored at once.")
    ] = 64,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=3600, help="Seconds for a body to arrive, and again for its answer.")
    ] = 30.0,
    model: Model = None,
    fast: Fast = False,
    batch: Batch = None,
    workers: Workers = None,
    threads: Threads = None,
) -> None:
    """Answer programs over HTTP: scores, explanations, embeddings.

    One model stays in memory. Photographs that come at the same time are scored together, with the numbers of `beholder
    score`. The first line says where it listens, which model answers, and how much memory it takes at most.

    POST a photograph to /v1/score, or many as a form or as JSON with base64; /v1/explain says where a score comes from.
    /openapi.json describes all of it. Addresses of photographs are never followed, and nothing of a photograph is
    logged or kept. In Python, `beholder.Client` asks for it.

    Ctrl-C or SIGTERM stops it in order: what was taken is answered, for at most 20 seconds. A second one ends it.

    \b
    Exit status:
      0    stopped in order
      1    it could not be started
      130  stopped twice

    \b
    Examples:
      beholder serve
      beholder serve --fast --port 9000 --max-pixels 50MP
      beholder serve --host 0.0.0.0 --token-file token
    """
    from beholder.scoring.cores import CORES

    for module in ("fastapi", "uvicorn", "prometheus_client"):
        require(module, "serve", "beholder serve")
    from beholder.serving.admission import read_token
    from beholder.serving.limits import Limits, in_words, number_of
    from beholder.serving.server import address_of, listening_socket
    from beholder.serving.server import serve as serve_on
    from beholder.serving.service import Service

    limits = Limits(
        max_body=number_of(max_body, "B", "--max-body"),
        max_pixels=number_of(max_pixels, "P", "--max-pixels"),
        queue=queue,
        timeout=timeout,
        batch=batch,
        workers=workers or threads or CORES,
        threads=threads,
    )
    if model and fast:
        raise BeholderError("--fast is a model as --model is: give one of the two")
    token = None if token_file is None else read_token(token_file)
    with closing(listening_socket(host, port, has_token=token is not None)) as bound:
        service = Service("fast" if fast else model, limits, token)
        address, run = address_of(bound), RunSummary()

        def ready() -> None:
            most = in_words(service.memory_at_most, "B")
            say(f"{address}: {service.scorer.id} answers, with at most {most} of memory; Ctrl-C stops it")

        with stoppable(run):
            serve_on(service, bound, lambda: run.stopped, ready)
