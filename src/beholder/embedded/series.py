"""How alike to a model photographs of one series are, and others: what `like` and `same` of its file are set by.

Both are set by how often photographs that have nothing to do with each other are as alike. `like` is for frames that
were taken one after the other: few pairs, so that 1 in 1,000 may reach it. `same` is for frames of any time, of which
there are very many pairs: 1 in 100,000. Data sets have several photographs of one kind of place or animal, which a
shoot has, too. Changed photographs do not set `like`: nothing moves in them, but the subject of a burst does. They show
that the model knows a photograph again.

`python -m benchmarks cull` measures what comes of it on photographs of another data set. There precision and
recall change by 0.02 at most between 0.90 and 0.93 (``same``), by 0.002 between 0.75 and 0.82 (``like``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.harms import Change
from beholder.embedded.photo_encoder import PhotoEncoder
from beholder.errors import BeholderError
from beholder.photos.edits import add_noise, blur, expose, tilt
from beholder.photos.read import Pixels
from beholder.scoring.scorer import Scorer
from beholder.training.quantize import evenly_spaced

LIKE_SHARE, SAME_SHARE = 1e-3, 1e-5  # of unrelated pairs that are as alike
CHANGED_SHARE = 0.9  # of slightly changed photographs that must be at least as alike as `same`
CHANGED_PHOTOS = 120  # photographs that are changed, evenly spaced
MIN_PAIRS = 100_000  # of unrelated photographs, of which one may be above `same`


def crop(pixels: Pixels, share: float, rng: np.random.Generator) -> Pixels:
    """Cut off a share of each side, anywhere: a nearer view.

    >>> crop(np.zeros((100, 200, 3), np.uint8), 0.1, np.random.default_rng(0)).shape
    (90, 180, 3)
    """
    height, width = pixels.shape[:2]
    rows, columns = round(height * (1 - share)), round(width * (1 - share))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    return pixels[top : top + rows, left : left + columns]


def move(pixels: Pixels, share: float, rng: np.random.Generator) -> Pixels:
    """Move the frame by a share of its size in any direction: what it leaves is cut off on one side.

    >>> move(np.zeros((100, 200, 3), np.uint8), 0.1, np.random.default_rng(0)).size < 60_000
    True
    """
    height, width = pixels.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = round(share * height * abs(np.sin(angle))), round(share * width * abs(np.cos(angle)))
    top, left = rows * bool(np.sin(angle) > 0), columns * bool(np.cos(angle) > 0)
    return pixels[top : top + height - rows, left : left + width - columns]


def expose_otherwise(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Up to two stops darker or brighter, at least half a stop."""
    return expose(pixels, float(rng.uniform(0.5, 2) * rng.choice((-1, 1))))


CHANGES: Mapping[str, Change] = {  # between frames of one series
    "crop": lambda pixels, rng: crop(pixels, float(rng.uniform(0.03, 0.2)), rng),
    "shift": lambda pixels, rng: move(pixels, float(rng.uniform(0.02, 0.1)), rng),
    "exposure": expose_otherwise,
    "blur": lambda pixels, rng: blur(pixels, float(rng.uniform(0.5, 3))),
    "rotation": lambda pixels, rng: tilt(pixels, float(rng.uniform(0.5, 3) * rng.choice((-1, 1)))),
    "noise": lambda pixels, rng: add_noise(pixels, float(rng.uniform(3, 15)), rng),
}


def learn_similarity(unrelated: np.ndarray, changed: np.ndarray) -> tuple[float, float]:
    """What a model file says of likeness: ``like`` and ``same`` of `beholder.scoring.model_file.SeriesInfo`.

    Args:
        unrelated: (N, D) embeddings of photographs that have nothing to do with each other.
        changed: (S, V, D) embeddings of S photographs, each as it is and slightly changed in V - 1 ways.

    Raises:
        BeholderError: too few photographs, or a model that does not know changed photographs again.
    """
    others = _cosines(unrelated, unrelated)[np.triu_indices(len(unrelated), 1)]
    if len(others) < MIN_PAIRS:
        raise BeholderError(f"{len(others):,} pairs of photographs are too few: give {MIN_PAIRS:,}")
    like, same = (round(float(each), 3) for each in np.quantile(others, [1 - LIKE_SHARE, 1 - SAME_SHARE]))
    known_again = share_known_again(changed, same)
    if not 0 < like < same < 1 or known_again < CHANGED_SHARE:
        raise BeholderError(
            f"this model knows {known_again:.0%} of changed photographs again, where 1 in {1 / SAME_SHARE:,.0f} pairs"
            f" of others has a cosine of {same:.3f}: it cannot tell series"
        )
    return like, same


def share_known_again(changed: np.ndarray, same: float) -> float:
    """The share of changed photographs, 0 to 1, that are as alike to the unchanged one as ``same``.

    Args:
        changed: (S, V, D) as of :func:`learn_similarity`.
        same: a cosine.
    """
    cosines = np.concatenate([_cosines(each[:1], each[1:])[0] for each in changed])
    return float((cosines >= same).mean())


def measure_similarity(scorer: Scorer, photos: RatedPhotos) -> tuple[float, float]:
    """``like`` and ``same`` of a model, learned from photographs of which no two are of one series."""
    rows = evenly_spaced(len(photos), CHANGED_PHOTOS)
    versions: list[Change] = [_unchanged, *CHANGES.values()]
    changed = embed(scorer, photos, rows, versions)
    return learn_similarity(embed(scorer, photos, range(len(photos)), [_unchanged])[:, 0], changed)


def embed(scorer: Scorer, photos: RatedPhotos, rows: Sequence[int], versions: Sequence[Change]) -> np.ndarray:
    """(rows, versions, D) embeddings of changed versions of some photographs."""
    encoder = PhotoEncoder(scorer)

    def making() -> Iterator[Callable[[], Pixels]]:
        for row in rows:
            pixels = encoder.read(photos.paths[row])
            for place, version in enumerate(versions):
                yield partial(_made, encoder, version, pixels, np.random.default_rng([row, place]))

    found = encoder.all_of(making(), len(rows) * len(versions))
    return found.reshape(len(rows), len(versions), -1)


def _made(encoder: PhotoEncoder, version: Change, pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return encoder.resize(version(pixels, rng))


def _unchanged(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return pixels


def _cosines(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    one, other = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (some, others))
    found: np.ndarray = one @ other.T
    return found
