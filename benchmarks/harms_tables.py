"""The part of `benchmarks.harms` on harms, series of strengths and harmless changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.table import Table

from beholder.embedded.harms import (
    HARMLESS,
    HARMLESS_LIMIT,
    HARMS,
    SERIES,
    Harm,
    is_falling,
    reduce_to,
    share_above,
)
from beholder.metrics import bootstrap_mean, resampled
from beholder.photos.read import Pixels, read_photo
from benchmarks.harms_rivals import RESAMPLES, SEED, Rival

SIDE = 640  # pixels of the long side of a harmed photograph: enough for any model's input, and near OASIS's 500
SERIES_PHOTOS = 12  # photographs of which series of strengths are scored: two minutes must do for all
HARMLESS_PHOTOS = 30  # photographs that are changed without harm
TASKS = "overall", "quality"
Key = tuple[object, ...]  # of a changed photograph


@dataclass(frozen=True)
class Measured:
    """Scores of one rival.

    Attributes:
        count: photographs, N.
        scores: key of a change -> task -> (N,) scores of the photographs after it, NaN where it was not made.
    """

    count: int
    scores: dict[Key, dict[str, np.ndarray]] = field(default_factory=dict)

    def add(self, number: int, keys: Sequence[Key], found: dict[str, np.ndarray]) -> None:
        """The scores of one photograph after each of its changes."""
        for place, key in enumerate(keys):
            for task, values in found.items():
                rows = self.scores.setdefault(key, {}).setdefault(task, np.full(self.count, np.nan))
                rows[number] = values[place]

    def of(self, task: str, *key: object) -> np.ndarray:
        """(N,) scores; NaN where there are none."""
        return self.scores.get(key, {}).get(task, np.full(self.count, np.nan))

    def mean(self, task: str, series: str, strength: float) -> float:
        """Mean of the photographs of which series are scored."""
        key: Key = ("series", series, strength)
        shared = next((("harm", harm.name) for harm in HARMS.values() if harm.at == (series, strength)), None)
        return float(self.of(task, *(shared or key))[:SERIES_PHOTOS].mean())


def score_changes(paths: Sequence[Path], rivals: Sequence[Rival]) -> tuple[dict[str, Measured], list[Pixels]]:
    """Score each photograph and all its changed copies.

    Returns:
        Name of a rival -> its scores; and the photographs, reduced to `SIDE`.
    """
    found = {rival.name: Measured(len(paths)) for rival in rivals}
    kept = []
    for number, path in enumerate(paths):
        original = read_photo(path).pixels
        kept.append(reduce_to(original, SIDE))
        changed = list(_changes(original, kept[-1], number))
        for rival in rivals:
            scores = rival.score([picture for _, picture in changed])
            found[rival.name].add(number, [key for key, _ in changed], scores)
    return found, kept


def _changes(original: Pixels, pixels: Pixels, number: int) -> Iterator[tuple[Key, Pixels]]:
    rng = np.random.default_rng([SEED, number])
    yield ("original",), original
    for reference in dict.fromkeys(harm.reference for harm in HARMS.values()):
        yield ("reference", reference), reference(pixels, rng)
    for harm in HARMS.values():
        yield ("harm", harm.name), harm.apply(pixels, rng)
    if number < HARMLESS_PHOTOS:
        for harmless in HARMLESS.values():
            if harmless.applies(original):
                yield ("harmless", harmless.name), harmless.apply(original, rng)
    if number < SERIES_PHOTOS:
        shared = {harm.at for harm in HARMS.values()}
        for series in SERIES.values():
            for strength in series.strengths:
                if (series.name, strength) not in shared:
                    yield ("series", series.name, strength), series.apply(pixels, strength, rng)


def harm_table(task: str, found: dict[str, Measured]) -> Table:
    """Share of good frames above their harmed twin, for each harm and rival."""
    table = Table(
        title=f"{task}: share of good frames above their harmed twin (95% interval), and mean change in points"
    )
    table.add_column("harm")
    table.add_column("goal", justify="right")
    met = dict.fromkeys(found, 0)
    rows = []
    for harm in HARMS.values():
        cells = []
        for name, scores in found.items():
            text, reached = _share(task, harm, scores)
            met[name] += reached
            cells.append(text)
        rows.append((harm.name, f"{harm.goal:.0%}", *cells))
    for name in found:
        table.add_column(f"{name}, {met[name]} of {len(HARMS)} met")
    for row in rows:
        table.add_row(*row)
    return table


def _share(task: str, harm: Harm, scores: Measured) -> tuple[str, bool]:
    good, harmed = scores.of(task, "reference", harm.reference), scores.of(task, "harm", harm.name)
    share = resampled(lambda rows: share_above(good[rows], harmed[rows]), len(good), resamples=RESAMPLES)
    met = share.value >= harm.goal
    change = float((harmed - good).mean())
    digits = 2 if task == "overall" else 3
    shown = f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
    return f"{shown} {'met' if met else 'short'}, {change:+.{digits}f}", met


def series_table(task: str, found: dict[str, Measured]) -> Table:
    """Mean scores at rising strengths."""
    count = min(SERIES_PHOTOS, *(each.count for each in found.values()))
    digits = 2 if task == "overall" else 3
    table = Table(title=f"{task}: mean at rising strengths, {count} photographs; each is to be below the one before")
    table.add_column("series")
    table.add_column("strengths")
    for name in found:
        table.add_column(name)
    for series in SERIES.values():
        cells = []
        for scores in found.values():
            means = np.array([scores.mean(task, series.name, each) for each in series.strengths])
            shown = " ".join(f"{mean:.{digits}f}" for mean in means)
            cells.append(f"{shown} {'falls' if is_falling(means) else 'NOT'}")
        table.add_row(series.name, f"{', '.join(f'{each:g}' for each in series.strengths)} {series.unit}", *cells)
    return table


def harmless_table(found: dict[str, Measured]) -> Table:
    """Mean size of the change of overall by changes that harm nothing."""
    table = Table(
        title=f"overall: mean size of the change by what is harmless (95% interval); goal: {HARMLESS_LIMIT:g}"
    )
    table.add_column("change")
    table.add_column("photographs", justify="right")
    for name in found:
        table.add_column(name)
    for harmless in HARMLESS.values():
        cells, count = [], 0
        for scores in found.values():
            changes = np.abs(scores.of("overall", "harmless", harmless.name) - scores.of("overall", "original"))
            changes = changes[~np.isnan(changes)]
            count = len(changes)
            if count < 2:
                cells.append("")
                continue
            mean = bootstrap_mean(changes, resamples=RESAMPLES)
            cells.append(f"{mean} {'met' if mean.value <= HARMLESS_LIMIT else 'short'}")
        table.add_row(harmless.name, str(count), *cells)
    return table
