"""Check that a chart or a sheet of photographs is drawn, legibly and without warnings."""

import io
import warnings
from collections.abc import Callable
from typing import Any

from PIL import Image

NAN = float("nan")
BAD = r"_$\bad{$"  # matplotlib would read it as a formula, and fail


def encoded(drawn: Any) -> bytes:
    buffer = io.BytesIO()
    if isinstance(drawn, Image.Image):
        drawn.save(buffer, "PNG")
    else:
        drawn.savefig(buffer, format="png", dpi=50)
    return buffer.getvalue()


def check_drawing(draw: Callable[[], Any]) -> None:
    """Draw twice: no warning, the same bytes, white background, more than a few colours, labels of a readable size."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, again = draw(), draw()
        data = encoded(first)
        assert data == encoded(again)
    image = Image.open(io.BytesIO(data)).convert("RGB")
    assert len(image.getcolors(1 << 24) or []) > 5 and image.getpixel((0, 0)) == (255, 255, 255)
    if not isinstance(first, Image.Image):
        axes = first.axes
        assert all(one.get_xlabel() or one.get_ylabel() or one.get_images() for one in axes)
        words = [text for one in axes for text in (*one.get_xticklabels(), one.xaxis.label, one.title, *one.texts)]
        assert min(text.get_fontsize() for text in words) >= 9.5
