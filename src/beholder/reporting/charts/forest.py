"""Values with their uncertainty, one row each: over seeds, with intervals, or over trainings."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from beholder.extras import require
from beholder.reporting.charts.style import (
    ACCENT,
    MUTED,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    RHO,
    TEXT_COLOUR,
    new_figure,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def seed_values(
    rows: Mapping[str, Sequence[float]], published: Mapping[str, float] | None = None, label: str = RHO
) -> "Figure":
    """How much a value varies between seeds, beside the differences between published systems.

    Args:
        rows: system -> value for each seed; NaN is left out.
        published: system -> published value, also for systems that are not in ``rows``. Their range is shaded.
        label: name of the values, with their unit.

    Raises:
        ValueError: nothing to draw.
    """
    published = published or {}
    names = list(dict.fromkeys([*published, *rows]))
    if not names:
        raise ValueError("seed_values: nothing to draw")
    figure = new_figure(7.6, 0.42 * len(names) + 1.6)
    axes = figure.add_subplot()
    if len(published) > 1:
        ends = min(published.values()), max(published.values())
        axes.axvspan(*ends, color=NEUTRAL, alpha=0.35, linewidth=0, label="range of the published values")
    # Each kind of marker is in the legend once.
    unused_labels = {"dot": "measured here, one seed", "mean": "mean over seeds", "diamond": "published"}
    for y, name in enumerate(names):
        values = np.asarray(rows.get(name, ()), float)
        values = values[np.isfinite(values)]
        if len(values):
            axes.plot([values.min(), values.max()], [y, y], color=ACCENT, linewidth=1.5, alpha=0.5)
            axes.plot(
                values, np.full(len(values), y), "o", color=ACCENT, markersize=8, alpha=0.75, markeredgewidth=0,
                label=unused_labels.pop("dot", None),
            )  # fmt: skip
        if len(values) > 1:
            axes.plot(
                values.mean(), y, "|", color=TEXT_COLOUR, markersize=16, markeredgewidth=2.2,
                label=unused_labels.pop("mean", None),
            )  # fmt: skip
        if name in published:
            axes.plot(
                published[name], y, "D", markersize=8, markeredgecolor="#d55e00", markerfacecolor="white",
                markeredgewidth=2, label=unused_labels.pop("diamond", None),
            )  # fmt: skip
    axes.set_yticks(range(len(names)), [textwrap.fill(name, 32) for name in names], parse_math=False)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.margins(x=0.08)
    style_axes(axes, label, "", grid="both")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10.5)
    return figure


def intervals(
    rows: Sequence[tuple[str, float, float, float]], *, zero_line: bool = True, label: str = f"difference in {RHO}"
) -> "Figure":
    """Forest plot of values with their 95% intervals.

    Args:
        rows: (name, value, low, high); NaN leaves the row empty.
        zero_line: the values are differences: mark zero, and draw values whose interval contains zero hollow.
        label: name of the values, with their unit.

    Raises:
        ValueError: nothing to draw.
    """
    if not rows:
        raise ValueError("intervals: nothing to draw")
    figure = new_figure(7.6, 0.44 * len(rows) + (1.4 if zero_line else 1.0))
    axes = figure.add_subplot()
    if zero_line:
        axes.axvline(0, color=MUTED, linewidth=1.2)
    for y, (_, value, low, high) in enumerate(rows):
        filled = not zero_line or low > 0 or high < 0
        axes.plot([low, high], [y, y], color=ACCENT, linewidth=2.2, solid_capstyle="round")
        fill = ACCENT if filled else "white"
        axes.plot(value, y, "o", markersize=8.5, markeredgecolor=ACCENT, markerfacecolor=fill, markeredgewidth=2)
        text = f"{value:+.3f}" if zero_line else f"{value:.3f}"
        if np.isfinite([value, low, high]).all():
            axes.annotate(
                text.replace("-", "\u2212"), (1.02, y), xycoords=("axes fraction", "data"), va="center", fontsize=10.5,
                color=TEXT_COLOUR,
            )  # fmt: skip
    axes.set_yticks(range(len(rows)), [textwrap.fill(row[0], 36) for row in rows], parse_math=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.06)
    style_axes(axes, f"{label}, 95% interval", "", grid="x")
    if zero_line:
        style: dict[str, Any] = {"color": ACCENT, "marker": "o", "markersize": 8.5, "markeredgewidth": 2}
        lines = require("matplotlib.lines", "train", "figures")
        handles = [
            lines.Line2D([], [], **style, linewidth=2.2, label="interval without zero"),
            lines.Line2D([], [], **style, linewidth=2.2, markerfacecolor="white", label="interval contains zero"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=10.5)
    return figure


def coefficients(rows: Mapping[str, Sequence[float]], label: str = "coefficient") -> "Figure":
    """Means as signed bars, with a dot for each training (Li et al. 2019, Figure 4).

    Args:
        rows: name -> its value in each training.
        label: name of the values.

    Raises:
        ValueError: nothing to draw.
    """
    if not rows:
        raise ValueError("coefficients: nothing to draw")
    figure = new_figure(7.6, 0.5 * len(rows) + 1.1)
    axes = figure.add_subplot()
    for y, values in enumerate(np.asarray(found, float) for found in rows.values()):
        mean = float(values.mean())
        axes.barh(y, mean, 0.6, color=POSITIVE if mean > 0 else NEGATIVE, alpha=0.75)
        axes.plot(values, np.full(len(values), y), "o", color=TEXT_COLOUR, markersize=5, alpha=0.7, markeredgewidth=0)
        axes.annotate(
            f"{mean:+.3f}".replace("-", "\u2212"), (1.02, y), xycoords=("axes fraction", "data"), va="center",
            fontsize=10.5, color=TEXT_COLOUR,
        )  # fmt: skip
    axes.axvline(0, color=MUTED, linewidth=1.2)
    axes.set_yticks(range(len(rows)), list(rows), parse_math=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.06)
    style_axes(axes, label, "", grid="x")
    return figure
