"""Whether a probe ranks new photographs at least as well as the model that it starts from, by 60, 200 and 600 ratings.

`python -m benchmarks probe --root DATA`

Some photographs are drawn, a probe learns their ratings, and both it and the scores that it starts from are held
against the ratings of the rest. The default model has learned from all photographs at hand, so scores of its own would
know what is to be predicted. In their place:

- **OASIS**: half of the themes are "someone's own". Beauty, valence and arousal start from heads as the default model's
  (kernel machine and plane, with its settings, on the embedding in its file) that learned from the other half alone.
  There are too few photographs for 600.
- **BIQ2021**: of 2,000 photographs drawn once, half are someone's own; quality starts from such heads, which learned
  from the other half.
- **BIQ2021 as overall**: the mean opinion scores under the name of another task. The default model itself, whose
  overall has learned from no rating of these photographs.
- **BIQ2021 under a new name**: as if the default model had no task for it: quality is left out, and the probe may start
  from the six others. The untouched score is the nearest of them, by the ratings that were learned from.

Beside them stands ridge regression on the same embedding, which starts from nothing. The goal is that the probe is
nowhere below the untouched score by more than noise: the 95% interval of the mean difference over draws does not lie
below zero. Draws where the difference of one test set alone is told from zero, and is a loss, are counted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

import beholder
from beholder import progress
from beholder.cli.tables import plain
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.embedded.kernel_heads import HeadSettings
from beholder.metrics import bootstrap_mean, paired_bootstrap, srcc
from beholder.splits import grouped_folds, random_folds
from beholder.systems.probe import heads
from beholder.systems.probe.heads import Known, starts_of
from beholder.systems.probe.known import by_embedded
from beholder.tasks import Task
from beholder.training import kernel_ridge
from beholder.training.projection import fit_projection

SIZES = (60, 200, 600)
DRAWS = 12
LEAST = 90  # photographs to test on
BIQ_PHOTOS = 2000
BLOCK = 384  # numbers that the embedding is projected to, as in the default model
RESAMPLES = 500


@dataclass(frozen=True)
class Case:
    """Someone's own photographs, drawn anew each time.

    Attributes:
        title: what they are.
        draw: seed -> what is known of the photographs, and their ratings (N, K).
        tasks: K tasks that were rated.
    """

    title: str
    draw: Callable[[int], tuple[Known, np.ndarray]]
    tasks: tuple[Task, ...]


def measure(root: Path) -> Table:
    """One line for each task of each case and number of ratings."""
    return table(list(cases(root)), DRAWS)


def cases(root: Path) -> Iterator[Case]:
    """The cases of the docstring."""
    scorer = beholder.load()
    oasis, biq = load_data("oasis", root), load_data("biq2021", root)
    biq = biq.subset(np.sort(np.random.default_rng(0).permutation(len(biq))[:BIQ_PHOTOS]))
    of_oasis, of_biq = by_embedded(oasis, scorer), by_embedded(biq, scorer)
    (quality,) = biq.tasks
    settings = HeadSettings()

    def themes(seed: int) -> tuple[Known, np.ndarray]:
        assert oasis.groups is not None
        return _start_over(of_oasis, oasis, grouped_folds(oasis.groups, 2, seed) == 0, settings.noise)

    def half(seed: int) -> tuple[Known, np.ndarray]:
        return _start_over(of_biq, biq, random_folds(len(biq), 2, seed) == 0, settings.quality_noise)

    kept = [place for place, task in enumerate(of_biq.tasks) if task.name != quality.name]
    others = Known(of_biq.embedding, of_biq.scores[:, kept], tuple(of_biq.tasks[place] for place in kept))
    yield Case("oasis, half of the themes", themes, oasis.tasks)
    yield Case("biq2021, half", half, biq.tasks)
    yield Case("biq2021 as overall", lambda seed: (of_biq, biq.ratings), (Task("overall", 0, 1),))
    yield Case("biq2021, new name", lambda seed: (others, biq.ratings), (Task("mine", 0, 1),))


def _start_over(known: Known, photos: RatedPhotos, own: np.ndarray, noise: float) -> tuple[Known, np.ndarray]:
    """Someone's own photographs, with scores of heads that learned from the others alone.

    Args:
        own: (N,) booleans.
        noise: of a rating, as the default model's heads suppose.
    """
    settings = HeadSettings()
    project = fit_projection(known.embedding[~own], BLOCK)
    ratings, scale = photos.ratings[~own], known.embedding.shape[1] ** -0.5
    machine = kernel_ridge.fit(project(known.embedding[~own]), ratings, noise)
    standard = project.standard(known.embedding) * scale
    plane = kernel_ridge.fit_linear(standard[np.flatnonzero(~own)], ratings, noise * settings.plane_noise)
    part = settings.plane_part
    scores = (1 - part) * machine(project(known.embedding[own])) + part * plane(standard[np.flatnonzero(own)])
    return Known(known.embedding[own], scores, photos.tasks), photos.ratings[own]


def table(found: list[Case], draws: int) -> Table:
    """The goal beside what was reached: means over draws, 95% bootstrap intervals over them."""
    shown = plain(
        "Mean SRCC with ratings that were not learned from; probe less untouched (95% bootstrap intervals over draws)",
        *("data", "task", "ratings", "tested on", "draws", "untouched", "ridge", "probe"),
        *("probe less untouched", "worst draw", "draws told as a loss", "goal: not below"),
        overflow="fold",
    )
    for case in found:
        with progress.bar(case.title, len(SIZES) * draws) as bar:
            for size in SIZES:
                drawn = []
                for seed in range(draws):
                    drawn.append(_draw(case, size, seed))
                    bar.advance(bar.task_ids[0])
                for place, task in enumerate(case.tasks):
                    results = [each[place] for each in drawn if each is not None]
                    if results:
                        shown.add_row(case.title, task.name, str(size), *_cells(np.array(results)))
    return shown


def _draw(case: Case, size: int, seed: int) -> list[tuple[float, ...]] | None:
    """Of each task: photographs tested, SRCC of the untouched score, of ridge and of the probe, whether it is a loss.

    None where too few photographs are left to test on.
    """
    known, ratings = case.draw(seed)
    order = np.random.default_rng([seed, size]).permutation(len(ratings))
    if len(order) < size + LEAST:
        return None
    learned = np.isin(np.arange(len(ratings)), order[:size])
    new, truth = known.rows(~learned), ratings[~learned]
    probe = heads.fit(known, ratings, case.tasks, learned)(new)
    plain_heads = heads.fit_plain([known.embedding], ratings, learned)
    ridge = new.embedding @ plain_heads.weight + plain_heads.bias
    found = []
    for place, task in enumerate(case.tasks):
        starts = starts_of(task, known.tasks)
        agreements = [srcc(ratings[learned, place], known.scores[learned, start]) for start in starts]
        untouched = new.scores[:, starts[int(np.argmax(agreements))]]
        values = [srcc(truth[:, place], each) for each in (untouched, ridge[:, place], probe[:, place])]
        gain = paired_bootstrap(srcc, truth[:, place], probe[:, place], untouched, resamples=RESAMPLES)
        found.append((len(truth), *values, float(gain.high < 0)))
    return found


def _cells(results: np.ndarray) -> list[str]:
    tested, untouched, ridge, probe, loss = results.T
    gain = probe - untouched
    value, low, high = bootstrap_mean(gain)
    return [
        f"{tested.mean():.0f}",
        str(len(results)),
        *(f"{each.mean():.3f}" for each in (untouched, ridge, probe)),
        f"{value:+.3f} ({low:+.3f} to {high:+.3f})",
        f"{gain.min():+.3f}",
        f"{loss.sum():.0f} of {len(results)}",
        "met" if high >= 0 else "short",
    ]
