"""The report's tables of traits and their correlations with the score."""

from collections.abc import Mapping, Sequence

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.reporting import charts, photo_sheets
from beholder.reporting.document import Cell, Column, Missing, Part, Picture, Table, spread
from beholder.systems.li2019.experiment import TRAITS_STAGE, TWO_DOMAINS
from beholder.systems.li2019.published import TRAIT_SIGNS
from beholder.systems.li2019.stages import weights_of
from beholder.systems.study import Study

EXTREMES_SHOWN = 2  # photographs of a low and of a high rating


def traits_part(study: Study, second: RatedPhotos) -> list[Part]:
    names = [task.name for task in second.tasks]
    found = [weights_of(each.outcome.history, names) for each in study.results if each.setting == TWO_DOMAINS]
    found = [each for each in found if each]
    parts: list[Part] = []
    signs: list[list[Cell]] = [[name, sign, *_coefficients(found, name)] for name, sign in TRAIT_SIGNS.items()]
    signs += [[name, None, *_coefficients(found, name)] for name in names if name not in TRAIT_SIGNS]
    if found:
        rows = {name: [each[name][0] for each in found] for name in names}
        rows |= {f"{name}, least squares": [each[name][1] for each in found] for name in names}
        parts.append(
            Picture(
                "Figure 4",
                "Coefficients of the inter-task layer",
                charts.coefficients(rows),
                "Bars of the mean coefficient of each trait, and a dot for each training.",
                "Points of the score, from 0 to 1, for one unit of a trait that runs from -1 to 1; one dot a training "
                "(round and seed).",
            )
        )
    parts.append(
        Table(
            "Figure 4",
            "Signs of the coefficients",
            [
                Column("trait"),
                Column("sign, AADB", "published"),
                Column("coefficient", "measured"),
                Column("by least squares", "measured"),
            ],
            signs,
            "The paper gives the coefficients in a figure only; its text names their signs. Spread over trainings. The "
            "coefficients are fitted on the photographs that the branches learned from, whose scores the aesthetic "
            "branch has explained already: they say what is left over, not how score and trait correlate.",
        )
    )
    parts.append(_extremes(study, names))
    return parts


def _coefficients(found: Sequence[Mapping[str, tuple[float, float]]], name: str) -> list[Cell]:
    there = [each[name] for each in found if name in each]
    return [spread([pair[which] for pair in there]) for which in (0, 1)] if there else [None, None]


def _extremes(study: Study, names: Sequence[str]) -> Part:
    """Figure 5: tested photographs of low and of high ratings with score and traits."""
    if (TWO_DOMAINS, TRAITS_STAGE) not in study.predicted:
        return Missing("Figure 5", "Photographs with their traits", "No traits were learned.")
    rated = study.photos.tasks[0]
    order = np.argsort(study.truth[:, 0])
    chosen = [*order[-EXTREMES_SHOWN:], *order[:EXTREMES_SHOWN]]
    score, traits = study.final(TWO_DOMAINS)[0, :, 0], study.predicted[TWO_DOMAINS, TRAITS_STAGE][0]
    captions = [
        "\n".join(
            [
                f"rated {study.truth[index, 0]:.2f}, predicted {score[index]:.2f}",
                *(f"{name} {value:+.2f}" for name, value in zip(names, traits[index], strict=True)),
            ]
        )
        for index in chosen
    ]
    sheet = photo_sheets.gallery([study.photos.paths[study.rows[index]] for index in chosen], captions, columns=4)
    return Picture(
        "Figure 5",
        "Photographs of high and of low ratings with score and traits",
        sheet,
        f"{len(chosen)} photographs with rating, predicted score and traits.",
        f"Seed 0. Scores from {rated.low:g} to {rated.high:g}; the traits on their own scales.",
    )
