"""Colours and parts that all charts share.

Colours can be told apart with any colour vision: blue is negative and orange is positive, as in
`beholder.scoring.heatmap`; other series have the colours of Okabe & Ito (2008), each with its own marker and line. Text
is 13 to 15 pixels high where a chart is shown 700 pixels wide. Figures are made without pyplot, so the state of
matplotlib does not change.
"""

import io
import textwrap
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from beholder.extras import require
from beholder.photos.encodings import srgb_to_linear
from beholder.scoring.heatmap import LOWERS, RAISES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

SeriesStyle = tuple[str, str | tuple[int, tuple[int, ...]], str]  # colour, line style, marker
TEXT_COLOUR, MUTED, GRID_COLOUR = "#1b1c1e", "#63666c", "#dededb"
ACCENT, NEUTRAL = "#0b7a70", "#b9bec1"
NEGATIVE, POSITIVE = (f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in (LOWERS, RAISES))
SERIES_STYLES: tuple[SeriesStyle, ...] = (
    ("#0b7a70", "-", "o"),
    ("#d55e00", "--", "s"),
    ("#0072b2", "-.", "^"),
    ("#8c4a7f", ":", "D"),
    ("#1b1c1e", (0, (5, 1, 1, 1, 1, 1)), "v"),
    ("#b08a00", (0, (8, 2)), "P"),
)
RHO = "Spearman's \N{GREEK SMALL LETTER RHO}"


def new_figure(wide: float, tall: float) -> "Figure":
    """A white figure of the given size in inches, without a window.

    Raises:
        BeholderError: matplotlib is not installed.
    """
    module = require("matplotlib.figure", "train", "figures")
    figure: Figure = module.Figure(figsize=(wide, tall), facecolor="white", layout="constrained")
    return figure


def as_image(figure: "Figure") -> Image.Image:
    """A chart as pixels, 130 an inch, to be put into a sheet of photographs."""
    with io.BytesIO() as drawn:
        figure.savefig(drawn, format="png", dpi=130)
        return Image.open(drawn).convert("RGB")


def style_axes(axes: "Axes", x: str, y: str, grid: Literal["x", "y", "both"] | None) -> None:
    """Set both axis labels, and draw a thin bottom line and grid lines only."""
    axes.set_facecolor("white")
    axes.set_axisbelow(True)
    axes.set_xlabel(x, fontsize=11, color=TEXT_COLOUR, parse_math=False)
    axes.set_ylabel(y, fontsize=11, color=TEXT_COLOUR, parse_math=False)
    axes.tick_params(labelsize=10.5, labelcolor=TEXT_COLOUR, color=GRID_COLOUR, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(NEUTRAL)
    if grid is not None:
        axes.grid(axis=grid, color=GRID_COLOUR, linewidth=0.8)


def set_title(axes: "Axes", text: str) -> None:
    """Set the title, with line breaks in a long one."""
    axes.set_title(textwrap.fill(text, 64), fontsize=11.5, color=TEXT_COLOUR, pad=9, parse_math=False)


def contrast_colour(colour: tuple[float, ...]) -> str:
    """White or dark, whichever reads better on (red, green, blue, ...), 0 to 1 each, by WCAG's relative luminance."""
    return TEXT_COLOUR if np.dot(srgb_to_linear(np.array(colour[:3])), [0.2126, 0.7152, 0.0722]) > 0.2 else "white"


def rgb(colour: str) -> tuple[float, ...]:
    """``#rrggbb`` -> (red, green, blue), 0 to 1 each."""
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def legend_patch(colour: str, label: str) -> "Patch":
    """The key of filled areas in a legend."""
    patch: Patch = require("matplotlib.patches", "train", "figures").Patch(color=colour, label=label)
    return patch


def legend_line(series_style: SeriesStyle, label: str) -> "Line2D":
    """The key of a line in a legend."""
    colour, line, marker = series_style
    style: dict[str, Any] = {"color": colour, "linestyle": line, "marker": marker, "markersize": 4, "linewidth": 1.8}
    drawn: Line2D = require("matplotlib.lines", "train", "figures").Line2D([], [], label=label, **style)
    return drawn
