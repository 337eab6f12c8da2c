"""The report's sheets of photographs: what single raters said, and what the second domain is rated for."""

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets.psychoflickr import TRAITS
from beholder.data.votes import Votes, mean_sd_n
from beholder.reporting import photo_sheets
from beholder.reporting.document import Missing, Part, Picture

RATERS_SHOWN = 5  # as many as rated a photograph of AADB
EXTREME_SHARE = 0.2  # of the photographs by mean rating, from which those of Figure 1 are
AGREEABLENESS, NEUROTICISM = TRAITS[3:]


def photographs_part(photos: RatedPhotos, second: RatedPhotos) -> list[Part]:
    """Figures 1 and 2, on these data."""
    return [_raters(photos), _second_extremes(second)]


def _raters(photos: RatedPhotos) -> Part:
    """Figure 1: two photographs of high and two of low ratings that raters disagree about."""
    title, votes = "Photographs and what five raters each said of them", photos.votes
    if votes is None:
        return Missing("Figure 1", title, f"Ratings of single raters of {photos.name} are not at hand.")
    mean, sd, n = (column[:, 0] for column in mean_sd_n(votes.photo, votes.value[:, None], len(photos)))
    order = np.flatnonzero(n >= RATERS_SHOWN)
    order = order[np.argsort(mean[order])]
    count = max(2, round(EXTREME_SHARE * len(order)))
    if len(order) < 2 * count:
        return Missing("Figure 1", title, f"Fewer than four photographs have {RATERS_SHOWN} raters.")
    chosen = [row for part in (order[-count:], order[:count]) for row in part[np.argsort(-sd[part])[:2]]]
    drawn = {int(row): _drawn(votes, row) for row in chosen}
    captions = [
        f"{', '.join(f'{value:g}' for value in drawn[int(row)])}\n"
        f"Avg. {drawn[int(row)].mean():.2f}, SD {drawn[int(row)].std(ddof=1):.2f}\n"
        f"all {n[row]:.0f}: {mean[row]:.2f}, SD {sd[row]:.2f}"
        for row in chosen
    ]
    rated = photos.tasks[0]
    return Picture(
        "Figure 1",
        title,
        photo_sheets.gallery([photos.paths[row] for row in chosen], captions, columns=4),
        f"{len(chosen)} photographs, below each the ratings of {RATERS_SHOWN} raters, their mean and their deviation.",
        f"{rated.name.capitalize()} from {rated.low:g} to {rated.high:g}; {RATERS_SHOWN} raters of each, drawn with "
        "seed 0; below, all. Of the fifth with the highest and the fifth with the lowest mean, the two whose raters "
        "disagree most.",
    )


def _drawn(votes: Votes, row: int) -> np.ndarray:
    values = votes.value[votes.photo == row]
    found: np.ndarray = np.random.default_rng(0).choice(values, RATERS_SHOWN, replace=False)
    return found


def _second_extremes(second: RatedPhotos) -> Part:
    """Figure 2: two photographs that the second domain is far apart on."""
    names = [task.name for task in second.tasks]
    ratings = second.ratings
    if {AGREEABLENESS, NEUROTICISM} <= set(names):
        picked = [(f"the highest {name}", names.index(name), 1) for name in (AGREEABLENESS, NEUROTICISM)]
    else:
        picked = [(f"the {word} {names[0]}", 0, sign) for word, sign in (("highest", 1), ("lowest", -1))]
    rows = [int(np.nanargmax(sign * ratings[:, column])) for _, column, sign in picked]
    captions = [
        f"{label}\n" + "\n".join(f"{name} {value:.2f}" for name, value in zip(names, ratings[row], strict=True))
        for row, (label, _, _) in zip(rows, picked, strict=True)
    ]
    scales = ", ".join(f"{task.name} from {task.low:g} to {task.high:g}" for task in second.tasks)
    return Picture(
        "Figure 2",
        f"Two photographs of {second.name}",
        photo_sheets.gallery([second.paths[row] for row in rows], captions, columns=2),
        f"Two photographs of {second.name} with their ratings.",
        f"Ratings, not predictions: {scales}. The paper shows a photograph that a user of high agreeableness likes and "
        "one that a user of high neuroticism likes.",
    )
