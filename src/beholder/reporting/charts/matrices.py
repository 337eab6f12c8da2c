"""Heat maps of correlation matrices."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from beholder.extras import require
from beholder.reporting.charts.style import (
    GRID_COLOUR,
    NEGATIVE,
    POSITIVE,
    RHO,
    TEXT_COLOUR,
    contrast_colour,
    new_figure,
    set_title,
)

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure


def correlations(matrices: Sequence[tuple[str, np.ndarray]], names: Sequence[str]) -> "Figure":
    """Correlation matrices side by side on one scale from -1 to 1 (Soydaner & Wagemans 2023, Figures 9 and 14).

    Args:
        matrices: (title, (T, T) correlations); NaN is grey, with a dash.
        names: T names of the rows and columns.

    Raises:
        ValueError: no matrix, or one that does not fit the names.
    """
    count = len(names)
    if not matrices or any(matrix.shape != (count, count) for _, matrix in matrices):
        raise ValueError(f"correlations: need matrices of shape ({count}, {count}), a row and a column for each name")
    cell = 0.62 if count <= 6 else 0.4
    labels = [textwrap.fill(name, 16, max_lines=2, placeholder="…") for name in names]
    beside = 1.35
    figure = new_figure(len(matrices) * count * cell + beside + 0.8, count * cell + beside + 0.3)
    panels = figure.subplots(1, len(matrices), squeeze=False)[0]
    colours = _signed_colours()
    for index, (axes, (title, matrix)) in enumerate(zip(panels, matrices, strict=True)):
        image = axes.imshow(np.ma.masked_invalid(matrix), vmin=-1, vmax=1, cmap=colours, interpolation="nearest")
        for row, column in np.ndindex(count, count):
            value = float(matrix[row, column])
            # Without the leading zero, as in statistics, so that twelve columns fit a page.
            text = f"{value:.2f}".replace("0.", ".").replace("-", "\u2212") if np.isfinite(value) else "\u2013"
            ink = contrast_colour(colours(value / 2 + 0.5))
            axes.text(column, row, text, ha="center", va="center", fontsize=9.5, color=ink)
        axes.set_xticks(range(count), labels, rotation=90 if count > 6 else 45, parse_math=False)
        if count <= 6:
            for tick in axes.get_xticklabels():
                tick.set(ha="right", rotation_mode="anchor")
        axes.set_yticks(range(count), labels if index == 0 else [""] * count, parse_math=False)
        axes.tick_params(length=0, labelsize=9.5, labelcolor=TEXT_COLOUR)
        axes.spines[:].set_visible(False)
        set_title(axes, title)
    bar = figure.colorbar(image, ax=panels, shrink=0.8, aspect=28, pad=0.015, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label(RHO, fontsize=10.5, color=TEXT_COLOUR)
    bar.ax.tick_params(labelsize=9.5, length=0)
    bar.outline.set_visible(False)
    return figure


def _signed_colours() -> "Colormap":
    """Blue, white, orange; grey where there is no value."""
    module = require("matplotlib.colors", "train", "figures")
    stops = ["#0f3f99", NEGATIVE, "#ffffff", POSITIVE, "#9a4a00"]
    colours: Colormap = module.LinearSegmentedColormap.from_list("signed", stops, N=255)
    return colours.with_extremes(bad=GRID_COLOUR)
