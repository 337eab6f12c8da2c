"""The page of `beholder evaluate --report`: its tables, and figures of what they count."""

from collections.abc import Iterator

import numpy as np

from beholder.evaluation.results import Agreement, Difference, Evaluation, ModelEvaluation
from beholder.evaluation.selection import scale_of
from beholder.metrics import Estimate, p_text
from beholder.reporting import charts
from beholder.reporting.document import Cell, Column, Document, Part, Picture, Section, Table, Text

COVERAGE = "coverage90"
AGREEMENT = ("srcc", "plcc", "krcc")
ERRORS = ("rmse", "mae", "accuracy", COVERAGE)


def evaluation_report(found: Evaluation) -> Document:
    """Everything that an evaluation found, as a document: a section a model, then what sets two models apart."""
    missing = f", {len(found.failures)} more could not be read" if found.failures else ""
    count = len(found.photos) - len(found.failures)
    summary = [
        f"{count:,} photographs{missing}: {found.split}. Content sha256 `{found.sha256[:12]}`. Intervals are 95% "
        "bootstrap intervals over photographs.",
        *(f"Warning: {text}." for each in found.models for text in each.warnings),
    ]
    sections = [Section(each.model, list(_model_parts(found, each))) for each in found.models]
    if found.refused is not None:
        sections.append(Section("The two models", [Text("No verdict", [found.refused])]))
    elif found.differences:
        sections.append(Section("The two models", list(_difference_parts(found))))
    names = " and ".join(each.model for each in found.models)
    return Document(f"{names} on {found.photos.name}", summary, sections)


def _model_parts(found: Evaluation, model: ModelEvaluation) -> Iterator[Part]:
    columns = [Column("task"), Column("n"), *(Column(name, "measured") for name in (*AGREEMENT, "p of srcc"))]
    rows: list[list[Cell]] = [
        [each.pair.name, each.n, *(_metric(each, name) for name in AGREEMENT), p_text(each.p)]
        for each in model.agreements
    ]
    yield Table("", "Agreement with the ratings", columns, rows)
    columns = [Column("task"), Column("scale"), *(Column(name, "measured") for name in ERRORS)]
    rows = [
        [
            each.pair.name,
            " to ".join(f"{end:g}" for end in scale_of(each.pair.rated)),
            *(_metric(each, name) for name in ERRORS),
        ]
        for each in model.agreements
    ]
    note = "accuracy: on the right side of the middle of the scale (ava: of 5), or of --threshold. "
    note += f"{COVERAGE}: ratings inside the model's 90% intervals."
    yield Table("", "Errors in units of the data", columns, rows, note)
    yield _forest(model, "srcc", "Rank correlation by task", "SRCC")
    if any(_metric(each, COVERAGE) for each in model.agreements):
        yield _forest(model, COVERAGE, "Share of ratings inside the 90% intervals", "share of ratings; 0.9 is right")
    for each in model.agreements:
        rated = each.pair.rated
        label = f"{rated.name} ({rated.low:g} to {rated.high:g})"
        ratings = found.photos.ratings[:, found.photos.tasks.index(rated)]
        chart = charts.scatter(ratings, model.predicted[each.pair.name], label, rated.low, rated.high)
        alt = f"Scatter of {each.n} photographs, rating against prediction."
        yield Picture("", f"Ratings and predictions: {each.pair.name}", chart, alt)
    if model.notes:
        yield Text("Notes", [f"{note}." for note in model.notes])


def _metric(each: Agreement, name: str) -> Estimate | None:
    return next((metric for metric in each.metrics if metric.metric == name), None)


def _forest(model: ModelEvaluation, metric: str, title: str, label: str) -> Picture:
    named = [(each.pair.name, _metric(each, metric)) for each in model.agreements]
    rows = [(name, found.value, found.low, found.high) for name, found in named if found is not None]
    chart = charts.intervals(rows, zero_line=False, label=label)
    return Picture("", title, chart, f"{title}, with 95% intervals.")


def _difference_parts(found: Evaluation) -> Iterator[Part]:
    first, second = (each.model for each in found.models)
    columns = [Column("task"), Column("metric"), Column("n"), Column("difference", "measured"), Column("so")]
    rows: list[list[Cell]] = [_difference_row(each) for each in found.differences]
    yield Table("", f"{first} less {second}, on the same photographs", columns, rows)
    by_rank = [each.measured for each in found.differences if each.measured.metric == "srcc"]
    drawn = [(each.task, each.value, each.low, each.high) for each in by_rank if np.isfinite(each.value)]
    if drawn:
        yield Picture(
            "",
            f"{first} less {second}: rank correlation",
            charts.intervals(drawn),
            "Paired differences in SRCC with 95% intervals, and the line of no difference.",
            "Positive: the first is better.",
        )


def _difference_row(each: Difference) -> list[Cell]:
    return [each.measured.task, each.measured.metric, each.measured.n, each.measured, each.verdict]
