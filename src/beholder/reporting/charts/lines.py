"""Line charts: a training by epoch, the deletion test by hidden share, metrics by size."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from beholder.extras import require
from beholder.reporting.charts.style import (
    MUTED,
    RHO,
    SERIES_STYLES,
    legend_line,
    new_figure,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def training_curves(histories: Sequence[Sequence[Mapping[str, Any]]], label: str = "mean squared error") -> "Figure":
    """Loss and validation SRCC over the epochs of all stages, one line for each seed.

    Args:
        histories: the history of each seed: rows with ``stage``, ``epoch`` (from 1 in each stage), ``loss``,
            where known ``validation_loss`` and ``validation_srcc``. Stage 2 begins where the longest stage 1 ended.
        label: name of the loss.

    Raises:
        ValueError: nothing to draw.
    """
    rows = [row for history in histories for row in history]
    if not rows:
        raise ValueError("training_curves: nothing to draw")
    stages = sorted({int(row["stage"]) for row in rows})
    lengths = [max(int(row["epoch"]) for row in rows if row["stage"] == stage) for stage in stages]
    before = dict(zip(stages, np.cumsum([0, *lengths]).tolist(), strict=False))
    figure = new_figure(7.6, 5.6)
    above, below = figure.subplots(2, 1, sharex=True)
    alpha = 1.0 if len(histories) == 1 else 0.6
    for history in histories:
        for stage in stages:
            part = sorted((row for row in history if row["stage"] == stage), key=lambda row: int(row["epoch"]))
            epochs = [before[stage] + int(row["epoch"]) for row in part]
            for axes, key, (colour, line, marker) in (
                (above, "loss", SERIES_STYLES[0]),
                (above, "validation_loss", SERIES_STYLES[1]),
                (below, "validation_srcc", SERIES_STYLES[2]),
            ):
                style: dict[str, Any] = {"color": colour, "linestyle": line, "alpha": alpha, "linewidth": 1.8}
                axes.plot(epochs, [float(row.get(key, np.nan)) for row in part], marker=marker, markersize=4, **style)
    for axes in (above, below):
        for stage in stages[1:]:
            axes.axvline(before[stage] + 0.5, color=MUTED, linewidth=1, linestyle=(0, (2, 2)))
    for stage, length in zip(stages, lengths, strict=True):
        place = before[stage] + (length + 1) / 2
        above.annotate(
            f"stage {stage}", (place, 1), (0, 5), xycoords=("data", "axes fraction"), textcoords="offset points",
            ha="center", fontsize=10.5, color=MUTED,
        )  # fmt: skip
    total = sum(lengths)
    below.set_xlim(0.5, total + 0.5)
    ticker = require("matplotlib.ticker", "train", "figures")
    below.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, nbins=12))
    style_axes(above, "", label, grid="y")
    style_axes(below, "epoch", f"validation {RHO}", grid="y")
    names = ("training loss", "validation loss", f"validation {RHO}")
    handles = [legend_line(series, name) for series, name in zip(SERIES_STYLES, names, strict=False)]
    seeds = "1 seed" if len(histories) == 1 else f"{len(histories)} seeds, one line each"
    place_below: dict[str, Any] = {"loc": "outside lower center", "ncols": 3, "frameon": False, "fontsize": 10}
    figure.legend(handles=handles, title=seeds, title_fontsize=10.5, **place_below)
    return figure


def deletion_curves(
    steps: np.ndarray,
    curves: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    label: str = "mean change of the score (points)",
) -> "Figure":
    """How the score changes as cells of the photographs are hidden (`beholder.evaluation.faithfulness`).

    Args:
        steps: (S,) shares of the photograph that are hidden, 0 to 1.
        curves: name -> (mean, low, high), each (S,): the mean change of the score and its 95% interval.
        label: name of the change, with its unit.

    Raises:
        ValueError: no curve, or more than there are styles for.
    """
    if not 0 < len(curves) <= len(SERIES_STYLES):
        raise ValueError(f"deletion_curves: 1 to {len(SERIES_STYLES)} curves can be told apart, got {len(curves)}")
    share = 100 * np.asarray(steps, float)
    figure = new_figure(7.6, 4.6)
    axes = figure.add_subplot()
    axes.axhline(0, color=MUTED, linewidth=1)
    for (name, (mean, low, high)), (colour, line, marker) in zip(curves.items(), SERIES_STYLES, strict=False):
        axes.fill_between(share, low, high, color=colour, alpha=0.13, linewidth=0)
        (drawn,) = axes.plot(share, mean, color=colour, linestyle=line, marker=marker, markersize=5.5, linewidth=2)
        drawn.set_label(name.lstrip("_"))  # matplotlib leaves out labels that begin with an underscore
    axes.set_xlim(float(share.min()) - 1, float(share.max()) + 1)
    style_axes(axes, "hidden part of the photograph (%)", label, grid="y")
    legend = figure.legend(
        loc="outside lower center", ncols=3, frameon=False, fontsize=10.5, title="bands: 95% intervals",
        title_fontsize=10,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def curves_by_size(sizes: Sequence[float], curves: Mapping[str, tuple[np.ndarray, ...]], x: str, y: str) -> "Figure":
    """Metrics by a size on a logarithmic axis, with their 95% intervals (Song et al. 2023, Figure 9).

    Args:
        sizes: (S,) in rising order, above 0.
        curves: name -> (value, low, high), each (S,).
        x, y: labels of the axes.
    """
    figure = new_figure(7.0, 4.4)
    axes = figure.add_subplot()
    for (name, (value, low, high)), (colour, line, marker) in zip(curves.items(), SERIES_STYLES, strict=False):
        axes.fill_between(sizes, low, high, color=colour, alpha=0.13, linewidth=0)
        axes.plot(sizes, value, color=colour, linestyle=line, marker=marker, markersize=6, linewidth=2, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.minorticks_off()
    style_axes(axes, x, y, grid="y")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10.5)
    return figure
