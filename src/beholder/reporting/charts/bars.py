"""Bar charts of numbers of photographs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from beholder.extras import require
from beholder.reporting.charts.style import (
    ACCENT,
    MUTED,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    SERIES_STYLES,
    TEXT_COLOUR,
    contrast_colour,
    legend_patch,
    new_figure,
    rgb,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGN_COLOURS = {"negative": NEGATIVE, "null": NEUTRAL, "positive": POSITIVE}


def signs(
    rows: Mapping[str, tuple[int, int, int]], published: Mapping[str, tuple[int, int, int]] | None = None
) -> "Figure":
    """How often each attribute is negative, null and positive (Soydaner & Wagemans 2023, Figure 3).

    Args:
        rows: name -> numbers of photographs with a negative, null and positive mean rating, as stacked bars.
        published: the same numbers from a paper, drawn paler below each bar.

    Raises:
        ValueError: nothing to draw.
    """
    published = published or {}
    names = list(dict.fromkeys([*rows, *published]))
    if not names:
        raise ValueError("signs: nothing to draw")
    pair = bool(published)
    figure = new_figure(7.6, (0.62 if pair else 0.42) * len(names) + 1.3)
    axes = figure.add_subplot()
    longest = max(sum(counts) for counts in [*rows.values(), *published.values()])
    for index, name in enumerate(names):
        for source, shift in ((rows, -0.21), (published, 0.21)):
            if name not in source:
                continue
            pale = source is published
            left = 0
            for count, colour in zip(source[name], SIGN_COLOURS.values(), strict=True):
                fill = _thinned(colour, 0.45) if pale else colour
                y = index + (shift if pair else 0)
                axes.barh(y, count, 0.38 if pair else 0.72, left=left, color=fill, edgecolor="white", linewidth=0.8)
                if count > 0.055 * longest:
                    ink = contrast_colour(rgb(fill))
                    axes.text(left + count / 2, y, f"{count:,}", ha="center", va="center", fontsize=9.5, color=ink)
                left += count
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlim=(0, longest))
    axes.xaxis.set_major_formatter(require("matplotlib.ticker", "train", "figures").StrMethodFormatter("{x:,.0f}"))
    style_axes(axes, "photographs", "", grid=None)
    handles = [legend_patch(colour, sign) for sign, colour in SIGN_COLOURS.items()]
    if pair:
        handles.append(legend_patch(_thinned(MUTED, 0.45), "paler: published"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=10.5)
    return figure


def histogram(edges: np.ndarray, counts: np.ndarray, label: str) -> "Figure":
    """Numbers of photographs by score.

    Args:
        edges: (K + 1,) edges of the bins. Bins can differ in width; the height of a bar is always its count.
        counts: (K,) photographs.
        label: what the edges measure, with its unit.
    """
    edges, counts = np.asarray(edges, float), np.asarray(counts)
    figure = new_figure(7, 3.6)
    axes = figure.add_subplot()
    bars = axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=ACCENT, edgecolor="white", linewidth=1)
    if len(counts) <= 20:
        axes.bar_label(bars, [f"{count:,}" for count in counts], padding=2, fontsize=10, color=TEXT_COLOUR)
        axes.set_ylim(0, max(float(np.max(counts, initial=0)), 1) * 1.12)
        if len(counts) <= 12:
            near = 0.06 * (edges[-1] - edges[0])  # labels closer than this would touch
            crowded = [bool(np.any((edges < edge) & (edges > edge - near))) for edge in edges]
            axes.set_xticks(edges, ["" if skip else f"{edge:g}" for edge, skip in zip(edges, crowded, strict=True)])
    style_axes(axes, label, "photographs", grid="y")
    return figure


def votes(values: np.ndarray, counts: np.ndarray, predicted: np.ndarray, label: str) -> "Figure":
    """The votes for one photograph: their number at the left, their share at the right (Song et al. 2023, Figure 8).

    Args:
        values: (M,) rating levels.
        counts: (M,) votes for each.
        predicted: (M,) predicted shares, drawn as points.
        label: what was rated.
    """
    colour, _, marker = SERIES_STYLES[1]
    total = int(counts.sum())
    figure = new_figure(5.6, 3.6)
    axes = figure.add_subplot()
    places = np.arange(len(values))
    axes.bar(places, counts, 0.78, color=ACCENT, label=f"votes, {total}")
    axes.plot(places, predicted * total, color=colour, marker=marker, linestyle="", label="predicted share")
    axes.set_xticks(places, [f"{value:g}" for value in values])
    axes.set_ylim(0, 1.08 * float(max(counts.max(), predicted.max() * total)))
    style_axes(axes, label, "votes", grid="y")
    shares = axes.twinx()
    shares.set_ylim(0, axes.get_ylim()[1] / total)
    style_axes(shares, "", "share of the votes", grid=None)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=10.5)
    return figure


def _thinned(colour: str, share: float) -> str:
    """A colour mixed with white; ``share`` is that of the colour, 0 to 1."""
    return "#" + "".join(f"{round(255 * (1 - share + share * value)):02x}" for value in rgb(colour))
