"""A sheet of a photograph before and after what is suggested."""

import numpy as np
from PIL import Image

from beholder.improving.changes import CROP, STRAIGHTEN
from beholder.improving.improve import Improvement, Suggestion
from beholder.scoring.drawing import DIM, FAINT, INK, PAPER, draw_on, drawable, fitted, font
from beholder.scoring.scores import is_unlike

SIDE = 640  # pixels of the longest side of each picture
_GAP, _LINE = 24, 26
_MODEL_WIDTH = 200  # pixels for its id, right of the title


def draw(found: Improvement, name: str) -> Image.Image:
    """The photograph beside its best copy, and all that is suggested with what it gains.

    Args:
        found: something is suggested, or a crop was asked for.
        name: of the photograph, for the title.

    Returns:
        An RGB image.
    """
    before, after = (_fitted(pixels) for pixels in (found.pixels, found.after()))
    _mark_crop(before, found)
    beside = before.height >= before.width * 0.6
    across = before.width + _GAP + after.width if beside else max(before.width, after.width)
    tall = max(before.height, after.height) if beside else before.height + after.height + 2 * _LINE
    lines = report(found)
    sheet = Image.new("RGB", (max(across, 760) + 2 * _GAP, 96 + tall + 40 + _LINE * len(lines) + _GAP), PAPER)
    pen = draw_on(sheet)
    pen.text((_GAP, 16), fitted(drawable(name), 24, sheet.width - 2 * _GAP - _MODEL_WIDTH), INK, font(24))
    pen.text((sheet.width - _GAP, 24), found.scores.model, DIM, font(14), "ra")
    second = (_GAP + before.width + _GAP, 92) if beside else (_GAP, 92 + before.height + 2 * _LINE)
    for picture, place, label in ((before, (_GAP, 92), "as it is"), (after, second, "changed")):
        pen.text((place[0], place[1] - 26), label, DIM, font(15))
        sheet.paste(picture, place)
    top = 92 + tall + 22
    pen.line((_GAP, top - 8, sheet.width - _GAP, top - 8), FAINT)
    for number, line in enumerate(lines):
        pen.text((_GAP, top + _LINE * number), drawable(line), INK if number == 0 else DIM, font(17))
    return sheet


def report(found: Improvement) -> list[str]:
    """What is suggested, in lines: the score as it is, what the best copy would gain, then each single change."""
    overall = float(found.scores.values[0, 0])
    lines = [f"overall {overall:.2f}, noise {found.noise:.2f}"]
    if found.crop is not None:
        lines[0] = f"{found.crop.words}: {lines[0]}"
    if found.best is None and is_unlike(found.scores):
        return [f"{lines[0]}: unlike the photographs that were rated, so that edits cannot be judged"]
    if found.best is None:
        return [f"{lines[0]}: no edit raises it clearly"]
    for number, each in enumerate(found.single, 1):
        lines.append(f"{number}. {_told(each)}")
    if found.together is not None:
        lines.append(f"together: {_told(found.together)}")
    return lines


def _told(each: Suggestion) -> str:
    """What is suggested, what the score gains, and how it is to be taken."""
    text = f"{each.words}: {each.gain:+.2f}"
    if any(change.name == STRAIGHTEN for change in each.changes):
        return f"{text}, if you see it lean too"  # what the model sees least surely
    return f"{text}, for a fault that the model sees" if each.gain < each.worth / 2 else text


def _fitted(pixels: np.ndarray) -> Image.Image:
    image = Image.fromarray(pixels)
    share = SIDE / max(image.size)
    return image.resize(tuple(max(1, round(side * share)) for side in image.size), Image.Resampling.LANCZOS)  # type: ignore[arg-type]


def _mark_crop(picture: Image.Image, found: Improvement) -> None:
    """Outline what a crop keeps. After a turn it is in another frame, and is not drawn."""
    names = [change.name for change in found.changes]
    crops = [change.box for change in found.changes if change.name == CROP and change.box]
    if len(crops) == 1 and STRAIGHTEN not in names:
        left, top, right, bottom = crops[0]
        corners = (left * picture.width, top * picture.height, right * picture.width - 1, bottom * picture.height - 1)
        pen = draw_on(picture)
        pen.rectangle(corners, outline=(0, 0, 0), width=4)
        pen.rectangle(corners, outline=(255, 255, 255), width=2)
