"""Charts of reports: functions that take arrays and return a matplotlib Figure."""

from beholder.reporting.charts.bars import histogram, signs, votes
from beholder.reporting.charts.forest import coefficients, intervals, seed_values
from beholder.reporting.charts.lines import curves_by_size, deletion_curves, training_curves
from beholder.reporting.charts.matrices import correlations
from beholder.reporting.charts.points import embeddings, scatter
from beholder.reporting.charts.style import as_image

__all__ = [
    "as_image",
    "coefficients",
    "correlations",
    "curves_by_size",
    "deletion_curves",
    "embeddings",
    "histogram",
    "intervals",
    "scatter",
    "seed_values",
    "signs",
    "training_curves",
    "votes",
]
