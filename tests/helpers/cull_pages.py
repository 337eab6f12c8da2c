"""Series for the page of a culled shoot."""

import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from beholder.culling.page import PageFrame, PageSeries, write_page
from beholder.tasks import Task

TASKS = [
    Task("aesthetics", 1, 7, "How good the picture is"),
    Task("beauty", 1, 7, "How beautiful </dd><script>alert(1)</script> it is"),
    Task("exposure", -3, 3, "How much lighter it was made", kind="edit", unit="EV", neutral=0),
]


def jpeg(colour: tuple[int, int, int] = (90, 120, 150), size: tuple[int, int] = (48, 32)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def row(path: str = "a.jpg", rank: int = 1, decision: str = "pick", overall: float | None = 5.0, **cells: Any) -> Any:
    given: dict[str, Any] = {
        "path": path,
        "rank": rank,
        "decision": decision,
        "reason": "sharper by 38% at the subject than b.jpg",
        "reason_code": "sharper",
        "p_best": 0.82,
        "sharpness_subject": 50.0 / rank,
        "sharpness_best": 60.0,
        "motion_measured": 0.25,
        "clipped_high": 1.25,
        "clipped_low": 0.0,
        "noise_measured": 2.0,
        "captured": "2026-05-03T14:03:12.250+02:00",
        "camera": "Canon EOS R5",
        "paired_with": "",
        "overall": overall,
        "low": None if overall is None else overall - 0.75,
        "high": None if overall is None else overall + 0.75,
        "percentile": 50.0,
        "width": 480,
        "height": 320,
        "beauty": 4.0,
        "exposure": 0.5,
        "exposure_low": 0.25,
        "exposure_high": 0.75,
    }
    return {**given, **cells}


UNKNOWN = dict.fromkeys(row().keys() - {"path"}) | {"beauty": math.nan, "sharpness_best": math.inf}


def frame(path: str = "a.jpg", rank: int = 1, *, link: str = "", shown: bool = False, **cells: Any) -> PageFrame:
    return PageFrame(row(path, rank, **cells), jpeg(), jpeg((200, 60 * rank % 256, 30), (240, 240)), link, shown)


def series(number: int, *frames: PageFrame, kind: str = "burst") -> PageSeries:
    return PageSeries(number, kind if len(frames) > 1 else "single", number, frames)


def shoot() -> list[PageSeries]:
    """A burst, two single ones, a bracket, and one too close to call; in the order of the table, not of time."""
    at = "2026-05-03T14:{:02d}:00".format
    burst = [
        frame(
            f"day 1/IMG_{rank}.jpg", rank, decision=decision, captured=at(5), overall=5.0 - rank / 10, unlike=rank == 2
        )
        for rank, decision in enumerate(["pick", "other", "other", "reject"], 1)
    ]
    close = [frame(f"IMG_{20 + rank}.jpg", rank, decision="maybe", captured=at(9), overall=6.0) for rank in (1, 2)]
    bracket = [frame(f"IMG_{30 + place}.jpg", 1, captured=at(1), overall=4.0, p_best=None) for place in range(3)]
    return [
        series(1, *burst),
        series(2, frame("IMG_11.jpg", captured=at(6), overall=3.0)),
        series(3, frame("IMG_12.jpg", captured=at(7), overall=None)),
        series(4, *close),
        series(5, *bracket, kind="bracket"),
    ]


def write(path: Path, found: Iterable[PageSeries], failures: Any = (), **changes: Any) -> None:
    write_page(path, found, failures, **{"tasks": TASKS, "model": "default 2.0", **changes})


def unknown(path: str, cells: Any = UNKNOWN) -> PageFrame:
    """A frame of which only the name is known."""
    return PageFrame(row(path) | cells, jpeg())
