"""Scatter plots: predictions against ratings, and embeddings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from beholder.metrics import srcc
from beholder.reporting.charts.style import (
    ACCENT,
    GRID_COLOUR,
    MUTED,
    RHO,
    SERIES_STYLES,
    new_figure,
    set_title,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def scatter(
    truth: np.ndarray, predicted: np.ndarray, label: str, low: float, high: float, what: str = "mean rating"
) -> "Figure":
    """Predictions against ratings (Soydaner & Wagemans 2023, Figures 5 and 10).

    Args:
        truth, predicted: (N,) native units; pairs with a NaN are left out.
        label: what was rated, with its unit, for example ``beauty (1 to 7)``.
        low, high: ends of the rating scale; predictions outside are shown, too.
        what: what the horizontal axis shows.
    """
    known = np.isfinite(truth) & np.isfinite(predicted)
    truth, predicted = np.asarray(truth, float)[known], np.asarray(predicted, float)[known]
    figure = new_figure(6, 5.9)
    axes = figure.add_subplot()
    ends = [min([low, *truth, *predicted]), max([high, *truth, *predicted])]
    margin = 0.02 * (ends[1] - ends[0])
    axes.plot(ends, ends, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)), label="prediction = rating")
    if len(predicted):
        least, most = float(predicted.min()), float(predicted.max())
        band_label = f"range of the predictions, {least:.2f} to {most:.2f}"
        axes.axhspan(least, most, color=ACCENT, alpha=0.1, linewidth=0, label=band_label)
        size = float(np.clip(6000 / len(predicted), 7, 30))
        axes.scatter(truth, predicted, s=size, color=ACCENT, alpha=0.55 if len(predicted) > 200 else 0.8, linewidths=0)
    axes.set(xlim=(ends[0] - margin, ends[1] + margin), ylim=(ends[0] - margin, ends[1] + margin), aspect="equal")
    style_axes(axes, f"{what}: {label}", f"prediction: {label}", grid="both")
    set_title(axes, f"{RHO} {_correlation_text(truth, predicted)}, {len(truth):,} photographs")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10)
    return figure


def embeddings(panels: Sequence[tuple[str, np.ndarray, np.ndarray]], labels: tuple[str, str]) -> "Figure":
    """Two kinds of points in the plane, in one panel or several (Song et al. 2023, Figure 11).

    Args:
        panels: (title, (N, 2) points of the first kind, (K, 2) points of the second).
        labels: names of the two kinds.
    """
    figure = new_figure(3.4 * len(panels), 3.9)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, *kinds) in zip(all_axes, panels, strict=True):
        for points, label, (colour, _, marker) in zip(kinds, labels, SERIES_STYLES, strict=False):
            style: dict[str, Any] = {"s": 13, "color": colour, "marker": marker, "alpha": 0.6, "linewidths": 0}
            axes.scatter(points[:, 0], points[:, 1], label=label if axes is all_axes[0] else None, **style)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(GRID_COLOUR)
        set_title(axes, title)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10.5)
    return figure


def _correlation_text(truth: np.ndarray, predicted: np.ndarray) -> str:
    value = srcc(truth, predicted) if len(truth) > 1 else float("nan")
    return f"= {value:.3f}".replace("-", "\u2212") if np.isfinite(value) else "is not defined"
