"""Charts of reports: functions that take arrays and return a matplotlib Figure."""

from beholder.reporting.charts.bars import histogram, signs
from beholder.reporting.charts.forest import coefficients, intervals, noise
from beholder.reporting.charts.lines import by_size, curves, deletion
from beholder.reporting.charts.matrices import correlations
from beholder.reporting.charts.points import embeddings, scatter

__all__ = [
    "by_size",
    "coefficients",
    "correlations",
    "curves",
    "deletion",
    "embeddings",
    "histogram",
    "intervals",
    "noise",
    "scatter",
    "signs",
]
