"""The figures of a reproduction: arrays in, a matplotlib Figure or, for sheets of photographs, a Pillow image out.

Colours are told apart with any colour vision: blue for what is negative and orange for what is positive, as in
`beholder.scoring.explain`, and otherwise Okabe & Ito's (2008), always with another marker or line as well. Sizes are
made for a page: text is 13 to 15 pixels high where a figure is shown 700 pixels wide. No
state of matplotlib is touched.
"""

import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from beholder.extras import require
from beholder.metrics import srcc
from beholder.scoring.heatmap import LOWERS, RAISES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

Photograph = str | os.PathLike[str] | Image.Image | np.ndarray

TEXT, DIM, LINE = "#1b1c1e", "#63666c", "#dededb"
ACCENT, PLAIN = "#0b7a70", "#b9bec1"
NEGATIVE, POSITIVE = (f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in (LOWERS, RAISES))
SERIES = (  # colour, line, marker
    ("#0b7a70", "-", "o"),
    ("#d55e00", "--", "s"),
    ("#0072b2", "-.", "^"),
    ("#8c4a7f", ":", "D"),
    ("#1b1c1e", (0, (5, 1, 1, 1, 1, 1)), "v"),
    ("#b08a00", (0, (8, 2)), "P"),
)
RHO = "Spearman's \N{GREEK SMALL LETTER RHO}"


def scatter(
    truth: np.ndarray, predicted: np.ndarray, label: str, low: float, high: float, what: str = "mean rating"
) -> "Figure":
    """Predictions over ratings (Soydaner & Wagemans 2023, Figures 5 and 10).

    Args:
        truth, predicted: (N,) native units; pairs with a NaN are left out.
        label: what was rated, with its unit, for example ``beauty (1 to 7)``.
        low, high: ends of the rating scale. Predictions outside are shown, too.
        what: is on the first axis.
    """
    known = np.isfinite(truth) & np.isfinite(predicted)
    truth, predicted = np.asarray(truth, float)[known], np.asarray(predicted, float)[known]
    figure = _figure(6, 5.9)
    axes = figure.add_subplot()
    ends = [min([low, *truth, *predicted]), max([high, *truth, *predicted])]
    margin = 0.02 * (ends[1] - ends[0])
    axes.plot(ends, ends, color=DIM, linewidth=1.2, linestyle=(0, (4, 3)), label="prediction = rating")
    if len(predicted):
        least, most = float(predicted.min()), float(predicted.max())
        told = f"range of the predictions, {least:.2f} to {most:.2f}"
        axes.axhspan(least, most, color=ACCENT, alpha=0.1, linewidth=0, label=told)
        size = float(np.clip(6000 / len(predicted), 7, 30))
        axes.scatter(truth, predicted, s=size, color=ACCENT, alpha=0.55 if len(predicted) > 200 else 0.8, linewidths=0)
    axes.set(xlim=(ends[0] - margin, ends[1] + margin), ylim=(ends[0] - margin, ends[1] + margin), aspect="equal")
    _dress(axes, f"{what}: {label}", f"prediction: {label}", grid="both")
    _title(axes, f"{RHO} {_correlation(truth, predicted)}, {len(truth):,} photographs")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10)
    return figure


def correlations(matrices: Sequence[tuple[str, np.ndarray]], names: Sequence[str]) -> "Figure":
    """Heat maps side by side, one scale from -1 to 1, the numbers in the cells (ibid., Figures 9 and 14).

    Args:
        matrices: (title, (T, T) correlations); NaN is grey, with a dash.
        names: (T,) of the rows and columns.
    """
    count = len(names)
    if not matrices or any(matrix.shape != (count, count) for _, matrix in matrices):
        raise ValueError(f"correlations: need matrices of ({count}, {count}), one row and column a name")
    cell = 0.62 if count <= 6 else 0.4
    labels = [textwrap.fill(name, 16, max_lines=2, placeholder="…") for name in names]
    beside = 1.35
    figure = _figure(len(matrices) * count * cell + beside + 0.8, count * cell + beside + 0.3)
    panels = figure.subplots(1, len(matrices), squeeze=False)[0]
    colours = _diverging()
    for index, (axes, (title, matrix)) in enumerate(zip(panels, matrices, strict=True)):
        image = axes.imshow(np.ma.masked_invalid(matrix), vmin=-1, vmax=1, cmap=colours, interpolation="nearest")
        for row, column in np.ndindex(count, count):
            value = float(matrix[row, column])
            # Written as statisticians do, without the zero: twelve columns then fit a page.
            text = f"{value:.2f}".replace("0.", ".").replace("-", "\u2212") if np.isfinite(value) else "\u2013"
            axes.text(column, row, text, ha="center", va="center", fontsize=9.5, color=_on(colours(value / 2 + 0.5)))
        axes.set_xticks(range(count), labels, rotation=90 if count > 6 else 45, parse_math=False)
        if count <= 6:
            for tick in axes.get_xticklabels():
                tick.set(ha="right", rotation_mode="anchor")
        axes.set_yticks(range(count), labels if index == 0 else [""] * count, parse_math=False)
        axes.tick_params(length=0, labelsize=9.5, labelcolor=TEXT)
        axes.spines[:].set_visible(False)
        _title(axes, title)
    bar = figure.colorbar(image, ax=panels, shrink=0.8, aspect=28, pad=0.015, ticks=[-1, -0.5, 0, 0.5, 1])
    bar.set_label(RHO, fontsize=10.5, color=TEXT)
    bar.ax.tick_params(labelsize=9.5, length=0)
    bar.outline.set_visible(False)
    return figure


def signs(
    rows: Mapping[str, tuple[int, int, int]], published: Mapping[str, tuple[int, int, int]] | None = None
) -> "Figure":
    """How often each attribute is negative, null and positive, as stacked bars (ibid., Figure 3).

    Args:
        rows: name -> photographs with a negative, null and positive mean rating.
        published: the same as a paper prints it, drawn fainter below each bar.
    """
    published = published or {}
    names = list(dict.fromkeys([*rows, *published]))
    if not names:
        raise ValueError("signs: nothing to draw")
    pair = bool(published)
    figure = _figure(7.6, (0.62 if pair else 0.42) * len(names) + 1.3)
    axes = figure.add_subplot()
    longest = max(sum(counts) for counts in [*rows.values(), *published.values()])
    for index, name in enumerate(names):
        for source, shift in ((rows, -0.21), (published, 0.21)):
            if name not in source:
                continue
            faint = source is published
            left = 0
            for count, colour in zip(source[name], (NEGATIVE, PLAIN, POSITIVE), strict=True):
                fill = _mixed(colour, 0.45) if faint else colour
                y = index + (shift if pair else 0)
                axes.barh(y, count, 0.38 if pair else 0.72, left=left, color=fill, edgecolor="white", linewidth=0.8)
                if count > 0.055 * longest:
                    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9.5, "color": _on(_rgb(fill))}
                    axes.text(left + count / 2, y, f"{count:,}", **style)
                left += count
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set(ylim=(len(names) - 0.4, -0.6), xlim=(0, longest))
    axes.xaxis.set_major_formatter(require("matplotlib.ticker", "train", "figures").StrMethodFormatter("{x:,.0f}"))
    _dress(axes, "photographs", "", grid=None)
    handles = [_patch(colour, word) for colour, word in zip((NEGATIVE, PLAIN, POSITIVE), _SIGNS, strict=True)]
    if pair:
        handles.append(_patch(_mixed(DIM, 0.45), "fainter: published"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=10.5)
    return figure


_SIGNS = ("negative", "null", "positive")


def histogram(edges: np.ndarray, counts: np.ndarray, label: str) -> "Figure":
    """Photographs by score.

    Args:
        edges: (K + 1,) ends of the intervals, which may differ in width; the height of a bar is its count all the same.
        counts: (K,) photographs.
        label: what is on the edges, with its unit.
    """
    edges, counts = np.asarray(edges, float), np.asarray(counts)
    figure = _figure(7, 3.6)
    axes = figure.add_subplot()
    bars = axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=ACCENT, edgecolor="white", linewidth=1)
    if len(counts) <= 20:
        axes.bar_label(bars, [f"{count:,}" for count in counts], padding=2, fontsize=10, color=TEXT)
        axes.set_ylim(0, max(float(np.max(counts, initial=0)), 1) * 1.12)
        if len(counts) <= 12:
            near = 0.06 * (edges[-1] - edges[0])  # two numbers would touch
            crowded = [bool(np.any((edges < edge) & (edges > edge - near))) for edge in edges]
            axes.set_xticks(edges, ["" if skip else f"{edge:g}" for edge, skip in zip(edges, crowded, strict=True)])
    _dress(axes, label, "photographs", grid="y")
    return figure


def curves(histories: Sequence[Sequence[Mapping[str, Any]]], label: str = "mean squared error") -> "Figure":
    """Loss and validation SRCC over the epochs of both stages, the seeds overlaid.

    Args:
        histories: one a seed, as ``Trained.history``: rows with ``stage``, ``epoch`` (from 1 in each stage), ``loss``,
            ``validation_loss`` and ``validation_srcc``. Stage 2 begins where the longest stage 1 ended.
        label: of the losses.
    """
    rows = [row for history in histories for row in history]
    if not rows:
        raise ValueError("curves: nothing to draw")
    stages = sorted({int(row["stage"]) for row in rows})
    lengths = [max(int(row["epoch"]) for row in rows if row["stage"] == stage) for stage in stages]
    before = dict(zip(stages, np.cumsum([0, *lengths]).tolist(), strict=False))
    figure = _figure(7.6, 5.6)
    above, below = figure.subplots(2, 1, sharex=True)
    alpha = 1.0 if len(histories) == 1 else 0.6
    for history in histories:
        for stage in stages:
            part = sorted((row for row in history if row["stage"] == stage), key=lambda row: int(row["epoch"]))
            epochs = [before[stage] + int(row["epoch"]) for row in part]
            for axes, key, series in (
                (above, "loss", SERIES[0]),
                (above, "validation_loss", SERIES[1]),
                (below, "validation_srcc", SERIES[2]),
            ):
                colour, line, marker = series
                style: dict[str, Any] = {"color": colour, "linestyle": line, "alpha": alpha, "linewidth": 1.8}
                axes.plot(epochs, [float(row[key]) for row in part], marker=marker, markersize=4, **style)
    for axes in (above, below):
        for stage in stages[1:]:
            axes.axvline(before[stage] + 0.5, color=DIM, linewidth=1, linestyle=(0, (2, 2)))
    for stage, length in zip(stages, lengths, strict=True):
        place = before[stage] + (length + 1) / 2
        above.annotate(
            f"stage {stage}", (place, 1), (0, 5), xycoords=("data", "axes fraction"), textcoords="offset points",
            ha="center", fontsize=10.5, color=DIM,
        )  # fmt: skip
    total = sum(lengths)
    below.set_xlim(0.5, total + 0.5)
    axis = require("matplotlib.ticker", "train", "figures")
    below.xaxis.set_major_locator(axis.MaxNLocator(integer=True, nbins=12))
    _dress(above, "", label, grid="y")
    _dress(below, "epoch", f"validation {RHO}", grid="y")
    words = ("training loss", "validation loss", f"validation {RHO}")
    handles = [_stroke(series, word) for series, word in zip(SERIES, words, strict=False)]
    seeds = "1 seed" if len(histories) == 1 else f"{len(histories)} seeds, one line each"
    below_all: dict[str, Any] = {"loc": "outside lower center", "ncols": 3, "frameon": False, "fontsize": 10}
    figure.legend(handles=handles, title=seeds, title_fontsize=10.5, **below_all)
    return figure


def noise(
    rows: Mapping[str, Sequence[float]], published: Mapping[str, float] | None = None, label: str = RHO
) -> "Figure":
    """How far the same system moves from seed to seed, beside how far published systems lie apart.

    Args:
        rows: system -> value for each seed; NaN is left out.
        published: system -> printed value; a name that is only here gets a line, too. Their range is shaded.
        label: of the values, with their unit.
    """
    published = published or {}
    names = list(dict.fromkeys([*published, *rows]))
    if not names:
        raise ValueError("noise: nothing to draw")
    figure = _figure(7.6, 0.42 * len(names) + 1.6)
    axes = figure.add_subplot()
    if len(published) > 1:
        told = "range of the published values"
        axes.axvspan(min(published.values()), max(published.values()), color=PLAIN, alpha=0.35, linewidth=0, label=told)
    first = {"dot": "measured here, one seed", "mean": "mean over seeds", "diamond": "published"}
    for y, name in enumerate(names):
        values = np.asarray(rows.get(name, ()), float)
        values = values[np.isfinite(values)]
        if len(values):
            axes.plot([values.min(), values.max()], [y, y], color=ACCENT, linewidth=1.5, alpha=0.5)
            axes.plot(
                values, np.full(len(values), y), "o", color=ACCENT, markersize=8, alpha=0.75, markeredgewidth=0,
                label=first.pop("dot", None),
            )  # fmt: skip
        if len(values) > 1:
            axes.plot(
                values.mean(), y, "|", color=TEXT, markersize=16, markeredgewidth=2.2, label=first.pop("mean", None)
            )  # fmt: skip
        if name in published:
            axes.plot(
                published[name], y, "D", markersize=8, markeredgecolor="#d55e00", markerfacecolor="white",
                markeredgewidth=2, label=first.pop("diamond", None),
            )  # fmt: skip
    axes.set_yticks(range(len(names)), [textwrap.fill(name, 32) for name in names], parse_math=False)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.margins(x=0.08)
    _dress(axes, label, "", grid="both")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10.5)
    return figure


def intervals(
    rows: Sequence[tuple[str, float, float, float]], zero_line: bool = True, label: str = f"difference in {RHO}"
) -> "Figure":
    """Forest plot of values with their 95% intervals.

    Args:
        rows: (name, value, low, high); NaN leaves the line empty.
        zero_line: the values are differences: zero is marked, and a value whose interval holds it is hollow.
        label: of the values, with their unit.
    """
    if not rows:
        raise ValueError("intervals: nothing to draw")
    figure = _figure(7.6, 0.44 * len(rows) + (1.4 if zero_line else 1.0))
    axes = figure.add_subplot()
    if zero_line:
        axes.axvline(0, color=DIM, linewidth=1.2)
    for y, (_, value, low, high) in enumerate(rows):
        told = not zero_line or low > 0 or high < 0
        axes.plot([low, high], [y, y], color=ACCENT, linewidth=2.2, solid_capstyle="round")
        fill = ACCENT if told else "white"
        axes.plot(value, y, "o", markersize=8.5, markeredgecolor=ACCENT, markerfacecolor=fill, markeredgewidth=2)
        text = f"{value:+.3f}" if zero_line else f"{value:.3f}"
        if np.isfinite([value, low, high]).all():
            axes.annotate(
                text.replace("-", "\u2212"), (1.02, y), xycoords=("axes fraction", "data"), va="center", fontsize=10.5,
                color=TEXT,
            )  # fmt: skip
    axes.set_yticks(range(len(rows)), [textwrap.fill(row[0], 36) for row in rows], parse_math=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.06)
    _dress(axes, f"{label}, 95% interval", "", grid="x")
    if zero_line:
        style: dict[str, Any] = {
            "color": ACCENT,
            "marker": "o",
            "markersize": 8.5,
            "markeredgewidth": 2,
            "linewidth": 2.2,
        }
        lines = require("matplotlib.lines", "train", "figures")
        handles = [
            lines.Line2D([], [], **style, label="interval without zero"),
            lines.Line2D([], [], **style, markerfacecolor="white", label="interval holds zero"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=10.5)
    return figure


def coefficients(rows: Mapping[str, Sequence[float]], label: str = "coefficient") -> "Figure":
    """Signed bars of means, and a dot for each training (Li et al. 2019, Figure 4).

    Args:
        rows: name -> its value in each training.
        label: of the values.
    """
    if not rows:
        raise ValueError("coefficients: nothing to draw")
    figure = _figure(7.6, 0.5 * len(rows) + 1.1)
    axes = figure.add_subplot()
    for y, values in enumerate(np.asarray(found, float) for found in rows.values()):
        mean = float(values.mean())
        axes.barh(y, mean, 0.6, color=POSITIVE if mean > 0 else NEGATIVE, alpha=0.75)
        axes.plot(values, np.full(len(values), y), "o", color=TEXT, markersize=5, alpha=0.7, markeredgewidth=0)
        axes.annotate(
            f"{mean:+.3f}".replace("-", "\u2212"), (1.02, y), xycoords=("axes fraction", "data"), va="center",
            fontsize=10.5, color=TEXT,
        )  # fmt: skip
    axes.axvline(0, color=DIM, linewidth=1.2)
    axes.set_yticks(range(len(rows)), list(rows), parse_math=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.06)
    _dress(axes, label, "", grid="x")
    return figure


def deletion(
    steps: np.ndarray,
    curves: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    label: str = "mean change of the score (points)",
) -> "Figure":
    """How the score falls as the picture is taken away, what a map calls important first.

    Args:
        steps: (S,) shares of the picture that are gone, 0 to 1.
        curves: map -> (mean, low, high), each (S,): the mean change of the score and its 95% interval.
        label: of the change, with its unit.
    """
    if not 0 < len(curves) <= len(SERIES):
        raise ValueError(f"deletion: 1 to {len(SERIES)} curves can be told apart, got {len(curves)}")
    share = 100 * np.asarray(steps, float)
    figure = _figure(7.6, 4.6)
    axes = figure.add_subplot()
    axes.axhline(0, color=DIM, linewidth=1)
    for (name, (mean, low, high)), (colour, line, marker) in zip(curves.items(), SERIES, strict=False):
        axes.fill_between(share, low, high, color=colour, alpha=0.13, linewidth=0)
        (drawn,) = axes.plot(share, mean, color=colour, linestyle=line, marker=marker, markersize=5.5, linewidth=2)
        drawn.set_label(name.lstrip("_"))  # matplotlib leaves out what begins with an underscore
    axes.set_xlim(float(share.min()) - 1, float(share.max()) + 1)
    _dress(axes, "part of the picture that is blurred away (%), the most important first", label, grid="y")
    told = "bands: 95% intervals"
    legend = figure.legend(
        loc="outside lower center", ncols=3, frameon=False, fontsize=10.5, title=told, title_fontsize=10
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def by_size(sizes: Sequence[float], curves: Mapping[str, tuple[np.ndarray, ...]], x: str, y: str) -> "Figure":
    """Values by a size that doubles, with their 95% intervals (Song et al. 2023, Figure 9).

    Args:
        sizes: (S,) rising, above 0.
        curves: what -> (value, low, high), each (S,).
        x, y: labels.
    """
    figure = _figure(7.0, 4.4)
    axes = figure.add_subplot()
    for (name, (value, low, high)), (colour, line, marker) in zip(curves.items(), SERIES, strict=False):
        axes.fill_between(sizes, low, high, color=colour, alpha=0.13, linewidth=0)
        axes.plot(sizes, value, color=colour, linestyle=line, marker=marker, markersize=6, linewidth=2, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.minorticks_off()
    _dress(axes, x, y, grid="y")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10.5)
    return figure


def embeddings(panels: Sequence[tuple[str, np.ndarray, np.ndarray]], labels: tuple[str, str]) -> "Figure":
    """Two kinds of points in the plane, panel by panel (ibid., Figure 11).

    Args:
        panels: (title, (N, 2) places of the first kind, (K, 2) of the second).
        labels: of the two kinds.
    """
    figure = _figure(3.4 * len(panels), 3.9)
    drawn = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, *kinds) in zip(drawn, panels, strict=True):
        for places, label, (colour, _, marker) in zip(kinds, labels, SERIES, strict=False):
            style: dict[str, Any] = {"s": 13, "color": colour, "marker": marker, "alpha": 0.6, "linewidths": 0}
            axes.scatter(places[:, 0], places[:, 1], label=label if axes is drawn[0] else None, **style)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(LINE)
        _title(axes, title)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=10.5)
    return figure


def _figure(wide: float, tall: float) -> "Figure":
    """A white figure in inches, which belongs to no window."""
    module = require("matplotlib.figure", "train", "figures")
    figure: Figure = module.Figure(figsize=(wide, tall), facecolor="white", layout="constrained")
    return figure


def _dress(axes: "Axes", x: str, y: str, grid: str | None) -> None:
    axes.set_facecolor("white")
    axes.set_axisbelow(True)
    axes.set_xlabel(x, fontsize=11, color=TEXT, parse_math=False)
    axes.set_ylabel(y, fontsize=11, color=TEXT, parse_math=False)
    axes.tick_params(labelsize=10.5, labelcolor=TEXT, color=LINE, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(PLAIN)
    if grid is not None:
        axes.grid(axis=grid, color=LINE, linewidth=0.8)  # type: ignore[arg-type]


def _title(axes: "Axes", text: str) -> None:
    axes.set_title(textwrap.fill(text, 64), fontsize=11.5, color=TEXT, pad=9, parse_math=False)


def _correlation(truth: np.ndarray, predicted: np.ndarray) -> str:
    value = srcc(truth, predicted) if len(truth) > 1 else float("nan")
    return f"= {value:.3f}".replace("-", "\u2212") if np.isfinite(value) else "is not defined"


def _diverging() -> "Colormap":
    """Blue, white, orange; grey where there is no value."""
    module = require("matplotlib.colors", "train", "figures")
    stops = ["#0f3f99", NEGATIVE, "#ffffff", POSITIVE, "#9a4a00"]
    colours: Colormap = module.LinearSegmentedColormap.from_list("signed", stops, N=255)
    return colours.with_extremes(bad=LINE)


def _on(colour: tuple[float, ...]) -> str:
    """White or ink, whichever reads better on (red, green, blue, ...) from 0 to 1 (WCAG's relative luminance)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return TEXT if np.dot(linear, [0.2126, 0.7152, 0.0722]) > 0.2 else "white"


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _mixed(colour: str, part: float) -> str:
    """A colour thinned with white."""
    return "#" + "".join(f"{round(255 * (1 - part + part * value)):02x}" for value in _rgb(colour))


def _patch(colour: str, label: str) -> Any:
    return require("matplotlib.patches", "train", "figures").Patch(color=colour, label=label)


def _stroke(series: tuple[Any, ...], label: str) -> Any:
    colour, line, marker = series
    style: dict[str, Any] = {"color": colour, "linestyle": line, "marker": marker, "markersize": 4, "linewidth": 1.8}
    return require("matplotlib.lines", "train", "figures").Line2D([], [], label=label, **style)
