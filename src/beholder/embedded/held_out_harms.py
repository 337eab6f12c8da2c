"""Whether the default model falls when a photograph is harmed: measured on photographs that it did not learn from."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.columns import mean_of
from beholder.embedded.harms import HARMLESS, HARMS, SERIES, Change, above, is_falling
from beholder.embedded.kernel_heads import Heads
from beholder.embedded.material import parts_of
from beholder.embedded.photo_encoder import PhotoEncoder
from beholder.metrics import Estimate
from beholder.models.kernel_model import Blocks
from beholder.photos.read import Pixels
from beholder.training.quantize import evenly_spaced

TASKS = ("overall", "quality")
PHOTOS, SERIES_PHOTOS = 120, 40  # photographs of OASIS, evenly spaced


def measure_harms(
    encoder: PhotoEncoder, blocks: Blocks, heads: Sequence[Heads], photos: RatedPhotos, folds: np.ndarray, split: str
) -> list[Estimate]:
    """Shares of good frames above their harmed twins, series that fall, and mean changes by harmless edits.

    Args:
        heads: of each fold, fitted without it.
        folds: (N,) fold of each photograph.
        split: how the folds were made.
    """

    def predict(count: int, versions: Sequence[Change]) -> dict[str, np.ndarray]:
        """Task -> (photographs, versions)."""
        rows = np.array(evenly_spaced(len(photos), count))

        def making() -> Iterator[Callable[[], Pixels]]:
            for row in rows:
                pixels = encoder.read(photos.paths[row])
                for place, version in enumerate(versions):
                    rng = np.random.default_rng([int(row), place])
                    yield partial(_version, encoder, version, pixels, rng)

        parts = parts_of(blocks, encoder.all_of(making(), len(rows) * len(versions)))
        fold_of = np.repeat(folds[rows], len(versions))
        found = {task: np.empty(len(fold_of)) for task in TASKS}
        for fold, fitted in enumerate(heads):
            held_out = np.flatnonzero(fold_of == fold)
            for task, values in fitted.predict(parts.rows(held_out)).items():
                if task in found:
                    found[task][held_out] = values
        return {task: values.reshape(len(rows), len(versions)) for task, values in found.items()}

    references = dict.fromkeys(each.reference for each in HARMS.values())  # in the same order in every run
    versions: list[Change] = [lambda pixels, rng: pixels, *references, *(each.apply for each in HARMS.values())]
    versions += [each.apply for each in HARMLESS.values()]
    at = {version: place for place, version in enumerate(versions)}
    scores = predict(PHOTOS, versions)
    estimates = []
    for task, values in scores.items():
        for name, harm in HARMS.items():
            good, harmed = values[:, at[harm.reference]], values[:, at[harm.apply]]
            estimates.append(mean_of("above_harmed", task, "oasis", f"{name}, {split}", above(good, harmed)))
    original = scores["overall"][:, 0]
    for name, change in HARMLESS.items():
        if name != "reduced to 1,024 px":  # the photographs of OASIS are smaller
            moved = np.abs(scores["overall"][:, at[change.apply]] - original)
            estimates.append(mean_of("mean_change", "overall", "oasis", f"{name}, {split}", moved))

    strengths = [(name, strength) for name, series in SERIES.items() for strength in series.strengths]
    steps = predict(SERIES_PHOTOS, [_at(name, strength) for name, strength in strengths])
    for task, values in steps.items():
        falls = []
        for name in SERIES:
            places = [place for place, (series, _) in enumerate(strengths) if series == name]
            falls.append(is_falling(values[:, places].mean(axis=0)))
        estimates.append(
            mean_of("falling_series", task, "oasis", f"{len(SERIES)} series of harms, {split}", np.array(falls))
        )
    return estimates


def _version(encoder: PhotoEncoder, version: Change, pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return encoder.resize(version(pixels, rng))


def _at(name: str, strength: float) -> Change:
    apply = SERIES[name].apply
    return lambda pixels, rng: apply(pixels, strength, rng)
