"""Whether `beholder improve` undoes what harmed a photograph, leaves good ones alone, and finds a padded frame.

`python -m benchmarks improve --root DATA [--photos FOLDER] [--model default|fast|FILE]`

The embedded models learned what edits look like from copies of OASIS and of the 600 best photographs of BIQ2021. So
those that are harmed here are others: of BIQ2021 the places 601 to 1,200 by quality, and crops of the composition set
(one in four). Half of each, drawn with seed 11, served to choose the thresholds; the other half is measured. What a
suggestion must do is stated in :func:`undoes`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from rich.table import Table

from beholder import progress
from beholder.cli.tables import plain
from beholder.data.registry import load_data
from beholder.embedded.material import BEST
from beholder.improving.borders import Box
from beholder.improving.changes import CROP, Change
from beholder.improving.decide import Rise, suggested
from beholder.improving.improve import crops_to_try
from beholder.improving.search import judge, reduced, try_edits
from beholder.photos.edits import cast_colour, change_contrast, expose, tilt
from beholder.photos.read import Pixels, read_photo
from beholder.scoring.scorer import Scorer
from beholder.scoring.scores import is_unlike
from benchmarks.harms import photo_sets
from benchmarks.shares import share_of

SEED = 11
LAST = 1200  # place of BIQ2021 by quality, after those that the models learned edited copies of
OTHER_SHARE = 4  # one photograph in so many is of the composition set
UNDONE, ALONE, FOUND, MIN_IOU = 0.75, 0.70, 0.70, 0.8  # goals; overlap of a frame that was found
PADDED = 0.08, 0.3  # of a side, that a border adds


@dataclass(frozen=True)
class Harm:
    """A harm by a known amount, and the change that undoes it."""

    name: str
    change: str
    amount: float
    apply: Callable[[Pixels, float], Pixels]


HARMS = (
    *(Harm(f"exposure {stops:+g} EV", "exposure", stops, expose) for stops in (-2, -1, 1, 2)),
    *(Harm(f"cast {mired:+g} mired", "warmth", mired, cast_colour) for mired in (-90, 90)),
    *(Harm(f"tilt {degrees:+g}°", "straighten", degrees, tilt) for degrees in (-5, 5)),
    *(Harm(f"contrast ×{factor:g}", "contrast", factor, change_contrast) for factor in (0.5, 2)),
)
FLAT = {"black": 0, "white": 255, "grey": 128}
REPEATED = ("edge", "reflect", "wrap")
BORDERS = (*FLAT, "noise", "blurred", *REPEATED)


def measure(root: Path | None, photos: Path | None, model: str, count: int) -> Iterator[Table | str]:
    """Tables with the goals beside what was reached.

    Args:
        root: folder of data sets; None: the examples and samples of scikit-image.
        photos: folder of photographs, in place of both.
        model: model file, default or fast.
        count: most photographs.

    Raises:
        BeholderError: no photograph, or a model that cannot be opened.
    """
    scorer = Scorer(model)
    if root is None or photos is not None:
        (chosen, *_) = photo_sets(None, photos, count)
        title, paths = chosen.title, list(chosen.paths)
    else:
        title, paths = "photographs of which no edited copy was learned from", unseen(root, count)
    yield f"{len(paths)} {title}, seed {SEED}; {scorer.id}"
    first: dict[str, list[str]] = {}
    overlaps: dict[str, list[float]] = {}
    with progress.bar("improving", len(paths)) as bar:
        for number, path in enumerate(paths):
            pixels = reduced(read_photo(path).pixels)
            first.setdefault("untouched", []).append(_first(_tried(scorer, pixels)))
            for harm in HARMS:
                found = _tried(scorer, harm.apply(pixels, harm.amount))
                verdict = "undone" if found and undoes(found[0].change, harm) else _first(found)
                first.setdefault(harm.name, []).append(verdict)
            for place in range(2):
                kind = BORDERS[(2 * number + place) % len(BORDERS)]
                padded, frame = pad(pixels, kind, np.random.default_rng([SEED, number, place]))
                boxes = [each.change.box for each in _tried(scorer, padded) if each.change.name == CROP]
                overlaps.setdefault(kind, []).append(iou(boxes[0], frame) if boxes and boxes[0] else 0.0)
            bar.advance(bar.task_ids[0])
    yield _harm_table(first)
    yield _border_table(overlaps)


def unseen(root: Path, count: int) -> list[Path]:
    """Photographs that neither taught the models what edits look like nor chose the thresholds of `improve`."""
    biq, composition = load_data("biq2021", root), load_data("composition", root)
    best = np.argsort(-biq.ratings[:, 0], kind="stable")[BEST:LAST]
    good = np.random.default_rng(SEED).permutation(best)[len(best) // 2 :]
    crops = np.random.default_rng(SEED).permutation(len(composition))[len(composition) // 2 :]
    others = max(1, count // OTHER_SHARE)
    return [*(biq.paths[row] for row in good[others - count :]), *(composition.paths[row] for row in crops[-others:])]


def undoes(change: Change, harm: Harm) -> bool:
    """Whether a change is of the right kind and leaves half of the harm at most; of a factor, of its logarithm.

    >>> dark = Harm("exposure -1 EV", "exposure", -1.0, expose)
    >>> undoes(Change("exposure", 0.6), dark), undoes(Change("exposure", 0.4), dark)
    (True, False)
    """
    if change.name != harm.change:
        return False
    if harm.change == "contrast":
        return bool(abs(np.log(harm.amount * change.amount)) <= 0.5 * abs(np.log(harm.amount)))
    return abs(harm.amount + change.amount) <= 0.5 * abs(harm.amount)


def pad(pixels: Pixels, kind: str, rng: np.random.Generator) -> tuple[Pixels, Box]:
    """A photograph with a border on one to four sides, which is at most half of the picture, and where it is in it."""
    height, width = pixels.shape[:2]
    while True:
        shares = rng.uniform(*PADDED, 4) * (rng.random(4) < 0.7)
        top, bottom = (round(share * height) for share in shares[:2])
        left, right = (round(share * width) for share in shares[2:])
        tall, wide = height + top + bottom, width + left + right
        if top + bottom + left + right and height * width > 0.55 * tall * wide:
            break
    sides = ((top, bottom), (left, right), (0, 0))
    if kind in REPEATED:
        padded = np.pad(pixels, sides, mode=kind)  # type: ignore[call-overload]
    else:
        padded = np.full((tall, wide, 3), FLAT.get(kind, 128), np.uint8)
        if kind == "noise":
            padded = np.clip(padded + rng.normal(0, 8, padded.shape), 0, 255).astype(np.uint8)
        if kind == "blurred":
            image = Image.fromarray(pixels).resize((wide, tall))
            padded = np.array(image.filter(ImageFilter.GaussianBlur(0.05 * width)))
        padded[top : top + height, left : left + width] = pixels
    return padded, (left / wide, top / tall, (left + width) / wide, (top + height) / tall)


def iou(first: Box, second: Box) -> float:
    """Overlap of two frames: area of what both hold by area of what either holds, 0 to 1.

    >>> iou((0, 0, 1, 1), (0, 0, 0.5, 1))
    0.5
    """
    across = max(0.0, min(first[2], second[2]) - max(first[0], second[0]))
    down = max(0.0, min(first[3], second[3]) - max(first[1], second[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return across * down / (sum(areas) - across * down)


def _tried(scorer: Scorer, pixels: Pixels) -> list[Rise]:
    tried = try_edits(judge(scorer), scorer.info.tasks, pixels, crops_to_try(pixels))
    return suggested(tried, unlike=is_unlike(scorer.score(pixels)))


def _first(found: Sequence[Rise]) -> str:
    return found[0].change.name if found else "none"


def _harm_table(first: dict[str, list[str]]) -> Table:
    table = plain("The first suggestion", "photographs", "right", "95% interval", "goal", "others, most often")
    kinds = {harm.name: harm.change for harm in HARMS}
    for name, verdicts in first.items():
        _add(table, name, verdicts, "none" if name == "untouched" else "undone", "")
    for kind in dict.fromkeys(kinds.values()):
        _add(
            table,
            f"all of {kind}",
            [each for name in kinds if kinds[name] == kind for each in first[name]],
            "undone",
            f"{UNDONE:.2f}",
        )
    _add(table, "untouched: none", first["untouched"], "none", f"{ALONE:.2f}")
    return table


def _border_table(overlaps: dict[str, list[float]]) -> Table:
    table = plain(
        "The best crop of a padded photograph", "border", "frame found", "95% interval", "goal", "mean overlap"
    )
    everything = [value for values in overlaps.values() for value in values]
    for kind, values in [*overlaps.items(), ("all", everything)]:
        share, interval = share_of([value >= MIN_IOU for value in values])
        goal = f"{FOUND:.2f}" if kind == "all" else ""
        table.add_row(f"{kind} ({len(values)})", share, interval, goal, f"{np.mean(values):.2f}")
    return table


def _add(table: Table, name: str, verdicts: Sequence[str], right: str, goal: str) -> None:
    share, interval = share_of([each == right for each in verdicts])
    wrong = [each for each in verdicts if each != right]
    often = sorted(set(wrong), key=lambda each: (-wrong.count(each), each))[:3]
    table.add_row(
        f"{name} ({len(verdicts)})", share, interval, goal, ", ".join(f"{each} {wrong.count(each)}" for each in often)
    )
