"""What the default model predicts of photographs that it did not learn from, and what follows for its metadata.

Each photograph, with all its copies, is predicted by machines that were fitted without its fold: of random folds, and
for OASIS also of folds by theme, so that nothing of its subject was seen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from beholder.embedded.columns import Column, coverage_name, mean_of
from beholder.embedded.copies import UNEDITED, is_reference
from beholder.embedded.kernel_heads import EDIT_TASKS, RATED, Heads, Rows
from beholder.embedded.material import Material, Parts
from beholder.evaluation.conformal import half_width
from beholder.metrics import Estimate
from beholder.models.kernel_head import on_grid, similarities
from beholder.models.kernel_model import weighted
from beholder.photos.edits import EDITS
from beholder.training.quantize import evenly_spaced

Predictions = Mapping[str, np.ndarray]  # task -> (N,) or (V, N) predictions; NaN where none was held out
FIFTHS = 5


@dataclass(frozen=True)
class HeldOut:
    """Out-of-fold predictions.

    Attributes:
        folds: data set -> (N,) random folds; ``themes`` -> those of OASIS by theme.
        heads: of each random fold, fitted without it.
        random: data set -> predictions of its photographs, random folds.
        themes: predictions of OASIS, folds by theme.
        copies: predictions of the edited copies of OASIS, (V, N), random folds.
        familiarity: data set -> (N,) mean similarity to photographs of other folds, as a logarithm.
    """

    folds: Mapping[str, np.ndarray]
    heads: Sequence[Heads]
    random: Mapping[str, Predictions]
    themes: Predictions
    copies: Predictions
    familiarity: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class FamiliaritySettings:
    """How near a picture is to what was rated: the mean of similarity ** sharpness over a support.

    Attributes:
        weights: of scene, detail and statistics in squared distances.
        sharpness: larger ones look at the nearest photographs alone.
        support: number of rated photographs, evenly from all data sets.
        unlike: percentile of held-out photographs below which a picture is marked as unlike them.
    """

    weights: tuple[float, float, float] = (0.4, 0.3, 0.3)
    sharpness: float = 4.0
    support: int = 800
    unlike: float = 3.0


def predict_held_out(
    material: Material, fit: Callable[[Rows], Heads], familiarity: FamiliaritySettings, folds: int, seed: int
) -> HeldOut:
    """Fit everything without each fold in turn, and predict what was left out.

    Args:
        fit: to the photographs of these rows alone.
    """
    fold_of = material.folds(folds, seed)
    names = list(material.photos)
    random: dict[str, dict[str, np.ndarray]] = {name: {} for name in names}
    themes: dict[str, np.ndarray] = {}
    copies: dict[str, np.ndarray] = {}
    heads = []
    for fold in range(folds):
        kept = {name: fold_of[name] != fold for name in names}
        fitted = fit(kept)
        heads.append(fitted)
        for name in names:
            _fill(random[name], fitted, material.views[name].parts[:1], ~kept[name])
        _fill(copies, fitted, material.copies["oasis"].parts, ~kept["oasis"])
        by_theme = {**kept, "oasis": fold_of["themes"] != fold}
        _fill(themes, fit(by_theme), material.views["oasis"].parts[:1], ~by_theme["oasis"])
    return HeldOut(
        fold_of,
        heads,
        {name: {task: values[0] for task, values in found.items()} for name, found in random.items()},
        {task: values[0] for task, values in themes.items()},
        copies,
        _levels_held_out(material, fold_of, familiarity),
    )


def _fill(found: dict[str, np.ndarray], heads: Heads, versions: Sequence[Parts], rows: np.ndarray) -> None:
    """Add predictions of some rows in all versions to task -> (V, N)."""
    for place, parts in enumerate(versions):
        for task, values in heads.predict(parts.rows(np.flatnonzero(rows))).items():
            found.setdefault(task, np.full((len(versions), len(rows)), np.nan))[place, rows] = values


def familiarity_support(material: Material, settings: FamiliaritySettings) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """Weighted blocks of the support (M, D), the number of each one's data set, and its row there."""
    total = sum(map(len, material.photos.values()))
    parts, sets, rows = [], [], []
    for number, (name, photos) in enumerate(material.photos.items()):
        share = 0.5 if name == "biq2021" else 1.5
        count = max(1, round(settings.support * share * len(photos) / total))
        chosen = np.array(evenly_spaced(len(photos), count))
        blocks = weighted(material.views[name].parts[0].blocks, settings.weights)
        parts.append(blocks[torch.from_numpy(chosen)])
        sets.append(np.full(len(chosen), number))
        rows.append(chosen)
    return on_grid(torch.cat(parts)), np.concatenate(sets), np.concatenate(rows)


def levels(x: Tensor, support: Tensor, sharpness: float, leave_out: np.ndarray | None = None) -> np.ndarray:
    """(N,) logarithms of the mean similarity of weighted blocks (N, D) to a support.

    Args:
        leave_out: (N, M) booleans: pairs that do not count.
    """
    near = similarities(x, support) ** sharpness
    if leave_out is None:
        found: np.ndarray = torch.log(near.mean(1) + 1e-30).numpy()
        return found
    counted = torch.from_numpy(~leave_out).float()
    held: np.ndarray = torch.log((near * counted).sum(1) / counted.sum(1) + 1e-30).numpy()
    return held


def _levels_held_out(
    material: Material, fold_of: Mapping[str, np.ndarray], settings: FamiliaritySettings
) -> dict[str, np.ndarray]:
    support, sets, rows = familiarity_support(material, settings)
    found = {}
    for number, (name, photos) in enumerate(material.photos.items()):
        folds = fold_of["themes"] if name == "oasis" else fold_of[name]
        own = np.where(sets == number, folds[np.minimum(rows, len(photos) - 1)], -1)
        x = weighted(material.views[name].parts[0].blocks, settings.weights)
        found[name] = levels(x, support, settings.sharpness, folds[:, None] == own)
    return found


def thresholds_of(held_out: HeldOut) -> np.ndarray:
    """(101,) rising percentiles of familiarity; each data set counts the same."""
    size = min(map(len, held_out.familiarity.values()))
    evenly = [np.percentile(values, np.linspace(0, 100, size)) for values in held_out.familiarity.values()]
    found = np.percentile(np.concatenate(evenly), range(101))
    rising: np.ndarray = found + np.arange(101) * 1e-6
    return rising


def percentages(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """(N,) logarithms -> (N,) familiarity, 0 to 100."""
    return np.interp(values, thresholds, np.arange(101))


def rating_columns(material: Material, held_out: HeldOut, folds: int, seed: int) -> Iterator[Column]:
    """Predictions of every rating, random folds first, then by theme."""
    random, by_theme = (f"{folds}-fold{how}, seed {seed}" for how in ("", " by theme"))
    oasis = material.photos["oasis"]

    def of_oasis(found: Predictions, fold_of: np.ndarray, split: str) -> Iterator[Column]:
        truths = {"overall": oasis.ratings[:, 0], **dict(zip(RATED, oasis.ratings.T, strict=True))}
        if oasis.sd is not None:
            truths["disagreement"] = oasis.sd[:, 0]
        for task, truth in truths.items():
            yield Column(task, "oasis", truth, found[task], fold_of, split)

    yield from of_oasis(held_out.random["oasis"], held_out.folds["oasis"], random)
    for name, task in (("appeal", "appeal"), ("composition", "simplicity"), ("biq2021", "quality")):
        if name in material.photos:
            truth = material.photos[name].ratings[:, 0]
            known = np.isfinite(truth)
            predicted = held_out.random[name][task][known]
            yield Column(task, name, truth[known], predicted, held_out.folds[name][known], random)
    yield from of_oasis(held_out.themes, held_out.folds["themes"], by_theme)


def edit_columns(material: Material, held_out: HeldOut, split: str) -> Iterator[Column]:
    """Predicted amounts of copies with that edit, alone or with others, and of as many that are unedited."""
    copies = material.copies["oasis"]
    folds = np.broadcast_to(held_out.folds["oasis"], copies.kinds.shape)
    for task in EDIT_TASKS:
        amounts = copies.amounts[:, :, list(EDITS).index(task)]
        made = np.isfinite(amounts) & (amounts != EDITS[task].neutral)
        chosen = made | (copies.kinds == UNEDITED)
        yield Column(task, "oasis, edited", amounts[chosen], held_out.copies[task][chosen], folds[chosen], split)


def overall_by_appeal(material: Material, held_out: HeldOut, sources: Sequence[str], split: str) -> Iterator[Column]:
    """Overall and appeal against the votes of `appeal`, all of it and by source."""
    truth, folds = material.photos["appeal"].ratings[:, 0], held_out.folds["appeal"]
    found = held_out.random["appeal"]
    yield Column("overall", "appeal", truth, found["overall"], folds, split)
    for task in ("overall", "appeal"):
        for source in sorted(set(sources)):
            rows = np.array(sources) == source
            yield Column(task, f"appeal, {source}", truth[rows], found[task][rows], folds[rows], split)


def widening_of(
    columns: Sequence[Column], familiarity: Mapping[str, np.ndarray], coverage: float
) -> list[tuple[float, float]]:
    """(familiarity, factor) of the intervals: by fifths of familiarity, never narrower for the less familiar.

    Args:
        columns: predictions of ratings.
        familiarity: data set -> (N,) percentages of its photographs.
        coverage: of the intervals.
    """
    ratio = np.concatenate([np.abs(each.truth - each.predicted) / each.half_width(coverage) for each in columns])
    known = np.concatenate([familiarity[each.data] for each in columns])
    factors = [half_width(ratio[_in_fifth(known, fifth)], coverage) for fifth in range(FIFTHS)]
    falling = np.maximum.accumulate(factors[::-1])[::-1]
    width = 100 / FIFTHS
    return [(width * (fifth + 0.5), round(float(factor), 4)) for fifth, factor in enumerate(falling)]


def coverage_by_fifth(
    columns: Sequence[Column], familiarity: Mapping[str, np.ndarray], coverage: float, split: str
) -> list[Estimate]:
    """Coverage among the least and the most familiar, where width and factor come from the other folds."""
    inside: dict[int, list[np.ndarray]] = {0: [], FIFTHS - 1: []}
    for fold in np.unique(columns[0].folds):
        others = [_rows(each, each.folds != fold) for each in columns]
        apart = {each.data: familiarity[each.data][each.folds != fold] for each in columns}
        at, factors = np.array(widening_of(others, apart, coverage)).T
        for column, other in zip(columns, others, strict=True):
            tested = _rows(column, column.folds == fold)
            known = familiarity[column.data][column.folds == fold]
            width = other.half_width(coverage) * np.interp(known, at, factors)
            within = np.abs(tested.truth - tested.predicted) <= width
            for fifth, found in inside.items():
                found.append(within[_in_fifth(known, fifth)])
    names = {0: "least familiar fifth", FIFTHS - 1: "most familiar fifth"}
    return [
        mean_of(
            coverage_name(coverage),
            "ratings",
            "held-out photographs",
            f"{names[fifth]}, {split}",
            np.concatenate(found),
        )
        for fifth, found in inside.items()
    ]


def _in_fifth(familiarity: np.ndarray, fifth: int) -> np.ndarray:
    found: np.ndarray = np.minimum(familiarity // (100 / FIFTHS), FIFTHS - 1) == fifth
    return found


def _rows(column: Column, rows: np.ndarray) -> Column:
    return Column(
        column.task, column.data, column.truth[rows], column.predicted[rows], column.folds[rows], column.split
    )


def unedited(material: Material, held_out: HeldOut, task: str) -> np.ndarray:
    """(N,) predictions for copies of OASIS that are as good as the photograph: an edit's percentiles refer to these."""
    return held_out.copies[task][is_reference(material.copies["oasis"].kinds)]
