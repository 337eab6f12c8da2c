"""One HTML page of a culled shoot: each series as a strip, the best frame first, with the reason under each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class PageFrame:
    """One photograph of a series, as the page shows it.

    Attributes:
        row: of the table of `beholder cull`: path, rank, decision, reason, scores and measures.
        thumbnail: JPEG bytes of the whole picture.
        crop: JPEG bytes of a part at 100%, the same part in all frames of a series; empty if it was not measured.
        link: URL of the original, relative to the page; empty for none.
        shown: whether a browser shows the original.
    """

    row: Mapping[str, Any]
    thumbnail: bytes
    crop: bytes = b""
    link: str = ""
    shown: bool = False


@dataclass(frozen=True, eq=False)
class PageSeries:
    """One series.

    Attributes:
        number: of the series in the table.
        kind: ``single``, ``burst``, ``bracket`` or another one of :mod:`beholder.culling.series`.
        scene: number of the scene.
        frames: best first.
    """

    number: int
    kind: str
    scene: int
    frames: Sequence[PageFrame]


def is_page(path):
    return True


def write_page(path, series, failures, *, tasks, model):
    pass
