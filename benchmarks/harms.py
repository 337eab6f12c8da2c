"""Whether a model sees how a photograph was taken: harmed photographs, edits by known amounts, pictures that are none.

`python -m benchmarks harms [--root DATA] [--photos FOLDER] [--model FILE ...]`

The definitions and goals are those of `beholder.embedded.harms`, which a training measures on photographs that it held
out. Here they are measured of model files, whose heads have seen all their data: figures on OASIS are of photographs
that the embedded models were trained on. Held out are the examples of this repository, samples of scikit-image, and a
folder of your own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from beholder.data.registry import load_data
from beholder.errors import BeholderError
from beholder.photos.listing.find import Unreadable, find
from benchmarks.competitors import why
from benchmarks.harms_edits import edit_names, edit_tables
from benchmarks.harms_familiarity import familiarity_tables, samples
from benchmarks.harms_rivals import SEED, Rival, nima_mobilenet, ours, told
from benchmarks.harms_tables import TASKS, harm_table, harmless_table, score_changes, series_table

REPOSITORY = Path(__file__).parent.parent
SAMPLES = "coins.png", "motorcycle_left.png"  # of scikit-image, beside those in examples/; its others are textures


@dataclass(frozen=True)
class PhotoSet:
    """Photographs that the models are measured on.

    Attributes:
        title: what they are.
        paths: of their files.
        data: name of the data set that they are of, which a model may have been trained on; None for others.
    """

    title: str
    paths: tuple[Path, ...]
    data: str | None = None


def measure(
    root: Path | None, photos: Path | None, models: Sequence[str], count: int, peers: bool = True
) -> Iterator[Table | str]:
    """All tables, for each set of photographs.

    Args:
        root: folder of data sets: photographs of OASIS are measured too. None: they are not.
        photos: folder of photographs, in place of the examples and samples.
        models: model files, or names of embedded models.
        count: most photographs of a set.
        peers: measure NIMA-MobileNet, too, where it runs.

    Raises:
        BeholderError: no photograph, or a model that cannot be opened.
    """
    rivals = [ours(model) for model in models]
    if peers:
        try:
            rivals.append(nima_mobilenet())
        except Exception as error:  # a rival that does not start does not end the comparison
            yield f"left out: NIMA-MobileNet: {why(error)}"
    for each in photo_sets(root, photos, count):
        yield from _measure_set(each, rivals)


def photo_sets(root: Path | None, photos: Path | None, count: int) -> list[PhotoSet]:
    """The photographs that are measured. Raises BeholderError if there are none in a folder."""
    if photos is not None:
        found = [Path(path) for path in find([str(photos)]) if not isinstance(path, Unreadable)]
        sets = [PhotoSet(f"photographs of {photos}", tuple(found))]
    else:
        examples = sorted((REPOSITORY / "examples" / "photos").glob("*.jpg"))
        paths = (*examples, *samples(SAMPLES))
        sets = [PhotoSet("photographs of examples/ and of scikit-image's samples", paths)]
    if root is not None:
        oasis = load_data("oasis", root)
        sets.append(PhotoSet("photographs of OASIS", tuple(oasis.paths), "oasis"))
    rng = np.random.default_rng(SEED)
    chosen = []
    for each in sets:
        if len(each.paths) < 2:
            raise BeholderError(f"{each.title}: {len(each.paths)} photographs; an interval needs 2 at least")
        rows = rng.permutation(len(each.paths))[:count]
        chosen.append(PhotoSet(each.title, tuple(each.paths[row] for row in rows), each.data))
    return chosen


def _measure_set(photos: PhotoSet, rivals: Sequence[Rival]) -> Iterator[Table | str]:
    yield f"{len(photos.paths)} {photos.title}, seed {SEED}. " + "; ".join(
        f"{rival.name}: {told(rival, photos.data)}" for rival in rivals
    )
    found, pixels = score_changes(photos.paths, rivals)
    for task in TASKS:
        having = [rival for rival in rivals if not np.isnan(found[rival.name].of(task, "original")).all()]
        if having:
            yield harm_table(task, {rival.name: found[rival.name] for rival in having})
            yield series_table(task, {rival.name: found[rival.name] for rival in having})
    yield harmless_table(found)
    for rival in rivals:
        if rival.scorer is not None and edit_names(rival.scorer):
            yield from edit_tables(rival.name, rival.scorer, pixels)
        elif rival.scorer is not None:
            yield f"{rival.name}: tells no amounts of edits"
    yield from familiarity_tables(rivals, photos.paths, pixels)
