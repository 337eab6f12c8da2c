"""The report's figures of traits: their weights in the score, and photographs with their predicted traits."""

from collections.abc import Sequence

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.reporting import charts, photo_sheets
from beholder.reporting.document import Cell, Column, Missing, Part, Picture, Table, spread
from beholder.reporting.photo_sheets import Bar
from beholder.systems.li2019.experiment import TRAITS_STAGE, TWO_DOMAINS
from beholder.systems.li2019.published import TRAIT_SIGNS
from beholder.systems.li2019.stages import InterTask, inter_task_of
from beholder.systems.study import Study

EXTREMES_SHOWN = 2  # photographs of a low and of a high rating


def inter_task_layers(study: Study, second: RatedPhotos) -> list[InterTask]:
    """What stage 2 found in each training; none where it was left out."""
    names = [task.name for task in second.tasks]
    found = [inter_task_of(each.outcome.history, names) for each in study.results if each.setting == TWO_DOMAINS]
    return [each for each in found if each is not None]


def weights_sentence(found: Sequence[InterTask]) -> str:
    """The mean weights of the inter-task layer, how they were found, and how often they helped."""
    if not found:
        return "Inter-task weights: none, as stage 2 was left out."
    means = {name: float(np.mean([each.weights[name] for each in found])) for name in found[0].weights}
    trainings = f"{len(found)} training{'s' * (len(found) > 1)}"
    return (
        "Inter-task weights: "
        + ", ".join(f"{name} {value:+.4f}" for name, value in means.items())
        + f" (mean of {trainings}), by gradient descent from 0, the epoch of least validation loss of "
        f"{found[0].epochs}. They lowered that loss in {sum(each.helped for each in found)} of {trainings}; where they "
        "do not, a model file has 0 in their place unless it keeps the last stage. What is told here has them."
    )


def traits_part(study: Study, second: RatedPhotos) -> list[Part]:
    names = [task.name for task in second.tasks]
    found = inter_task_layers(study, second)
    parts: list[Part] = []
    signs: list[list[Cell]] = [[name, sign, *_coefficients(found, name)] for name, sign in TRAIT_SIGNS.items()]
    signs += [[name, None, *_coefficients(found, name)] for name in names if name not in TRAIT_SIGNS]
    if found:
        rows = {name: [each.weights[name] for each in found] for name in names}
        rows |= {f"{name}, least squares": [each.least_squares[name] for each in found] for name in names}
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
            f"{weights_sentence(found)} Least squares: what makes equation 6 smallest on the centres of the training "
            "photographs. The paper gives the coefficients in a figure only; its text names their signs. They are "
            "fitted on the photographs that the branches learned from, whose scores the aesthetic branch has explained "
            "already: they say what is left over, not how score and trait correlate.",
            digits=4,
        )
    )
    parts.append(_profiles(study, second))
    return parts


def _coefficients(found: Sequence[InterTask], name: str) -> list[Cell]:
    there = [each for each in found if name in each.weights]
    if not there:
        return [None, None]
    return [spread([each.weights[name] for each in there]), spread([each.least_squares[name] for each in there])]


def _profiles(study: Study, second: RatedPhotos) -> Part:
    """Figure 5: tested photographs of low and of high ratings with score and traits, as bars."""
    title = "Photographs of high and of low ratings with score and traits"
    if (TWO_DOMAINS, TRAITS_STAGE) not in study.predicted:
        return Missing("Figure 5", title, "No traits were learned.")
    order = np.argsort(study.truth[:, 0])
    chosen = [*order[-EXTREMES_SHOWN:], *order[:EXTREMES_SHOWN]]
    rated = study.photos.tasks[0]
    truth, score = (rated.to_unit(column) for column in (study.truth[:, 0], study.final(TWO_DOMAINS)[0, :, 0]))
    columns = study.predicted[TWO_DOMAINS, TRAITS_STAGE][0].T
    traits = {task.name: 2 * task.to_unit(column) - 1 for task, column in zip(second.tasks, columns, strict=True)}
    bars = [
        [
            Bar(f"{rated.name}, rated", truth[index], 0, 1),
            Bar(f"{rated.name}, predicted", score[index], 0, 1),
            *(Bar(name, values[index], -1, 1) for name, values in traits.items()),
        ]
        for index in chosen
    ]
    captions = [f"rated {study.truth[index, 0]:.2f} of {rated.low:g} to {rated.high:g}" for index in chosen]
    return Picture(
        "Figure 5",
        title,
        photo_sheets.profiles([study.photos.paths[study.rows[index]] for index in chosen], bars, captions),
        f"{len(chosen)} photographs with bars of the rating, the predicted score and the predicted traits.",
        f"Tested photographs, the {EXTREMES_SHOWN} with the highest mean {rated.name} and the {EXTREMES_SHOWN} with "
        "the lowest; seed 0. Scores brought to 0 to 1, traits to -1 to 1, as in the paper.",
    )
