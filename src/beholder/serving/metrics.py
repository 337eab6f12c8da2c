"""What a service counts, as Prometheus reads it. Nothing of a photograph is in it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
READ, DECODE, MODEL, TOTAL = "read", "decode", "model", "total"  # stages that are timed
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters of one service, in a registry of their own.

    Attributes:
        requests: by route and status.
        photographs: by result, ``scored`` or ``failed``.
        batch: photographs per run of the model.
        seconds: by stage.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter("beholder_requests", "Requests.", ["route", "code"], registry=registry)
        self.photographs = Counter("beholder_photographs", "Photographs.", ["result"], registry=registry)
        self.batch = Histogram(
            "beholder_batch_size", "Photographs per run of the model.", buckets=(1, 2, 4, 8, 16), registry=registry
        )
        self.seconds = Histogram(
            "beholder_seconds",
            "Time to read a body, to decode a photograph, to run the model, and of whole requests.",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._queue = Gauge(
            "beholder_queue_length", "Photographs that are received, wait or are scored.", registry=registry
        )
        self._bodies = Gauge("beholder_body_bytes", "Bytes that bodies have reserved.", registry=registry)
        self._threads = Gauge("beholder_decoding_threads", "Decoding threads, with those that hang.", registry=registry)
        self._model = Gauge(
            "beholder_model_info", "1, for the model and version.", ["model", "version"], registry=registry
        )
        ProcessCollector(registry=registry)

    def name_model(self, model: str, version: str) -> None:
        """Say which model answers."""
        self._model.labels(model, version).set(1)

    def page(self, queue: int, bodies: int, threads: int) -> bytes:
        """All of it as text, with how much is waiting now."""
        self._queue.set(queue)
        self._bodies.set(bodies)
        self._threads.set(threads)
        return generate_latest(self._registry)
