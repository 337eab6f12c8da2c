"""Whether `beholder cull` picks the untouched frame, says why, groups rightly, and what it costs.

`python -m benchmarks cull --root DATA [--model default|fast|FILE]`

- **Ladders**: a photograph, moved by 1%, against copies of it that are worse by a known amount. Which one is preferred,
  how surely, and whether the reason names what was done. Photographs of BIQ2021 of which neither edited copies were
  learned from by the model nor ladders by the weights (256 px), and of OASIS at full size (500 x 400 px; copies of them
  taught the model what edits look like, so their exposure flatters it).
- **Too close to call**: said of the same photograph saved twice, and not of a clearly damaged one.
- **Series**: :mod:`benchmarks.cull_series`.
- **Time**: of 12-megapixel frames, beside `score` in the same run.
"""

import io
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from rich.table import Table

from beholder import progress
from beholder.cli.tables import plain
from beholder.culling.cull import Wishes, cull, score_frames, series_info
from beholder.culling.decisions import SURE, decide
from beholder.culling.preference import FrameEvidence, probability
from beholder.culling.reasons import CLEANER, EXPOSED, SHARPER, STEADIER
from beholder.data.registry import load_data
from beholder.embedded.ladders import MOVED, RUNGS, SAVED_TWICE, UNTOUCHED, ladders
from beholder.embedded.series_info import photos_to_try
from beholder.photos.read import read_photo
from beholder.scoring.batch import batch_threads, score_photos
from beholder.scoring.model_file import SeriesInfo
from beholder.scoring.scorer import Scorer
from benchmarks import cull_series
from benchmarks.shares import share_of

SEED = 7
WRONG = "damaged picked"
REASON = {"blur": SHARPER, "motion": STEADIER, "exposure": EXPOSED, "noise": CLEANER}
BLUR_GOAL, EXPOSURE_GOAL, REASON_GOAL, TWICE_GOAL, CLEAR_GOAL = 0.95, 0.85, 0.90, 0.95, 0.05
FRAMES, SERIES_SIZE = 60, 6  # of the timing: frames, and how many of them are a series
LARGE = 4000, 3000  # pixels

Ladder = dict[str, FrameEvidence]


def measure(root: Path, model: str, count: int) -> Iterator[Table | str]:
    """Tables with the goals beside what was reached.

    Args:
        root: folder of data sets.
        model: model file, default or fast.
        count: photographs of each data set.
    """
    scorer = Scorer(model)
    info = series_info(scorer.info)
    oasis = load_data("oasis", root)
    chosen = np.random.default_rng(SEED).permutation(len(oasis))[:count]
    for title, paths in (
        ("BIQ2021, 256 px, never learned from as edited", photos_to_try(load_data("biq2021", root))[:count]),
        ("OASIS, 500 x 400 px", [oasis.paths[row] for row in chosen]),
    ):
        found: list[Ladder] = []
        with progress.bar("ladders", len(paths)) as bar:
            for ladder in ladders(scorer, paths, SEED):
                found.append(ladder)
                bar.advance(bar.task_ids[0])
        yield from _ladder_tables(info, found, f"{title}; {len(paths)} photographs, seed {SEED}; {scorer.id}")
    yield from cull_series.measure(root, (model,))
    yield _times(root, model)


def _ladder_tables(info: SeriesInfo, found: Sequence[Ladder], title: str) -> Iterator[Table]:
    table = plain(title, "copy", "untouched first", "surely", "damaged one surely", "goal", numbers=True)
    for name, rung in RUNGS.items():
        if rung.kind != "same":
            odds = np.array([probability(info, ladder[MOVED[0]], ladder[name]) for ladder in found])
            wrong = float((odds <= 1 - SURE).mean())
            goal = BLUR_GOAL if rung.kind in ("blur", "motion") and rung.is_clear else ""
            goal = EXPOSURE_GOAL if name in ("-1 EV", "+1 EV") else goal
            table.add_row(name, _share(odds > 0.5), _share(odds >= SURE), f"{wrong:.2f}", str(goal))
    yield table
    yield _reasons(info, found)
    yield _close(info, found)


def _reasons(info: SeriesInfo, found: Sequence[Ladder]) -> Table:
    """What was done, against the reason that is given for the pick where the untouched frame is picked."""
    stated_codes = [*REASON.values(), "higher_score"]
    codes = [*stated_codes, "too_close", WRONG]
    table = plain("Reasons", "what was done", *codes, "right of those given", "goal", numbers=True)
    right = given = 0
    for kind, expected in REASON.items():
        counts: Counter[str] = Counter()
        for ladder in found:
            for name, rung in RUNGS.items():
                if rung.kind == kind:
                    first, _ = decide(info, "burst", [ladder[MOVED[0]], ladder[name]], ["a", "b"])
                    counts[first.reason.code if first.rank == 1 or first.decision == "maybe" else WRONG] += 1
        stated = sum(counts[code] for code in stated_codes)
        right, given = right + counts[expected], given + stated
        share = f"{counts[expected] / max(stated, 1):.2f}"
        table.add_row(kind, *(str(counts[code]) for code in codes), share, f"{REASON_GOAL}")
    table.add_row("all", *[""] * len(codes), f"{right / max(given, 1):.2f}", f"{REASON_GOAL}")
    return table


def _close(info: SeriesInfo, found: Sequence[Ladder]) -> Table:
    table = plain("Too close to call", "pairs", "said of", "goal", numbers=True)

    def said(one: str, others: Sequence[str]) -> np.ndarray:
        pairs = [(ladder[one], ladder[other]) for ladder in found for other in others]
        return np.array([decide(info, "burst", pair, ["a", "b"])[0].decision == "maybe" for pair in pairs])

    clear = [name for name, rung in RUNGS.items() if rung.is_clear]
    moved = [name for name, rung in RUNGS.items() if rung.kind == "same" and name not in SAVED_TWICE]
    table.add_row("saved twice (JPEG 95, 85)", _share(said(UNTOUCHED, SAVED_TWICE)), f"at least {TWICE_GOAL}")
    table.add_row(
        "clearly damaged (blur from σ 1 px, motion from 5 px, 2 EV, noise from σ 8)",
        _share(said(MOVED[0], clear)),
        f"at most {CLEAR_GOAL}",
    )
    table.add_row("1 EV", _share(said(MOVED[0], ["-1 EV", "+1 EV"])), "")
    table.add_row("moved by 1, 2, 5%, mirrored", _share(said(UNTOUCHED, moved)), "")
    return table


def _share(found: np.ndarray) -> str:
    return "{} ({})".format(*share_of(found.tolist()))


def _times(root: Path, model: str) -> Table:
    """Seconds for frames of 12 megapixels, all of them in series, and of scoring alone."""
    oasis = load_data("oasis", root)
    with TemporaryDirectory() as folder:
        for number in range(FRAMES):
            photo = Image.fromarray(read_photo(oasis.paths[number // SERIES_SIZE]).pixels).resize(LARGE)
            data = io.BytesIO()
            photo.crop((number % SERIES_SIZE, 0, *LARGE)).save(data, "JPEG", quality=92)
            (Path(folder) / f"IMG_{number:04d}.JPG").write_bytes(data.getvalue())
        paths = sorted(map(str, Path(folder).iterdir()))
        scorer = Scorer(model, batch_threads(None))
        list(score_photos(scorer, paths[:SERIES_SIZE]))  # warm
        start = time.perf_counter()
        list(score_photos(scorer, paths, hashed=True))
        middle = time.perf_counter()
        with cull(scorer.info, score_frames(scorer, paths, ()), (), Wishes()) as culled:
            end = time.perf_counter()
    seconds = [1000 / FRAMES * each for each in (middle - start, end - middle)]
    title = f"Seconds for 1,000 frames of 12 megapixels ({FRAMES} measured, {len(culled.series)} series); {scorer.id}"
    table = plain(title, "score", "cull, every frame in a series", "ratio", numbers=True)
    table.add_row(f"{seconds[0]:.0f}", f"{seconds[1]:.0f}", f"{seconds[1] / seconds[0]:.2f}")
    return table
