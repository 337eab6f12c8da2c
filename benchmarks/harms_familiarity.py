"""The part of `benchmarks.harms` on pictures that are no photographs: does familiarity tell them?"""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.table import Table

from beholder.embedded.unlike_photos import make_pictures
from beholder.metrics import auroc
from beholder.photos.read import Pixels, read_photo
from beholder.tasks import FAMILIARITY
from benchmarks.harms_rivals import SEED, Rival, scores_of

PICTURES = 10  # of each kind that are no photographs
FAMILIARITY_GOAL = 0.97  # AUROC
# Samples of scikit-image that are not in examples/: photographs, and pictures that are none. Left out are pictures
# through microscopes and of the eye, which are photographs of a kind.
SAMPLE_PHOTOS = "brick.png", "coins.png", "grass.png", "gravel.png", "moon.png", "motorcycle_left.png"
SAMPLE_PICTURES = "horse.png", "logo.png", "page.png", "phantom.png", "text.png"


def samples(names: Sequence[str]) -> list[Path]:
    """Those of these samples of scikit-image that are installed."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent / "data"
    return [folder / name for name in names if (folder / name).is_file()]


def familiarity_tables(
    rivals: Sequence[Rival], paths: Sequence[Path], photos: Sequence[Pixels]
) -> Iterator[Table | str]:
    """AUROC of familiarity between photographs and pictures that are none, by kind.

    Args:
        rivals: those that tell it are measured, for the others there is a line.
        paths: N photographs; samples of scikit-image that are not among them are added.
        photos: N pixels (H, W, 3).
    """
    telling = {}
    for rival in rivals:
        kinds = [task.kind for task in rival.scorer.info.tasks] if rival.scorer else []
        if rival.scorer is not None and FAMILIARITY in kinds:
            telling[rival.name] = rival.scorer, kinds.index(FAMILIARITY)
        elif rival.scorer is not None:
            yield f"{rival.name}: tells no familiarity"
    if not telling:
        return
    photos = [*photos, *(read_photo(path).pixels for path in samples(SAMPLE_PHOTOS) if path not in paths)]
    made = make_pictures(PICTURES, SEED)
    if others := samples(SAMPLE_PICTURES):
        made["scikit-image's samples"] = [read_photo(path).pixels for path in others]
    table = Table(title=f"familiarity: AUROC, {len(photos)} photographs against others; {FAMILIARITY_GOAL:g} at least")
    table.add_column("against")
    table.add_column("number", justify="right")
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, (scorer, column) in telling.items():
        table.add_column(name, justify="right")
        found[name] = {
            kind: scores_of(scorer, pictures).values[:, column] for kind, pictures in (("", photos), *made.items())
        }
    for kind, pictures in made.items():
        cells = [f"{auroc(values[''], values[kind]):.3f}" for values in found.values()]
        table.add_row(kind, str(len(pictures)), *cells)
    together = []
    for values in found.values():
        whole = auroc(values[""], np.concatenate([values[kind] for kind in made]))
        together.append(f"{whole:.3f} {'met' if whole >= FAMILIARITY_GOAL else 'short'}")
    table.add_row("all of them", str(sum(map(len, made.values()))), *together)
    yield table
