"""Files that commands write: what an earlier run made and may be replaced, and what is said before."""

import csv
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from beholder.errors import BeholderError
from beholder.files import check_writable, explained, file_head, replacing, starts_with
from beholder.terminal import say

if TYPE_CHECKING:
    from PIL import Image

PNG_SOFTWARE = "beholder"  # in the text of a PNG under the keyword Software
_HEAD_BYTES = 1 << 14


def is_explanation(path: Path) -> bool:
    """Whether a file is a picture of `beholder explain`."""
    head = file_head(path, _HEAD_BYTES)
    return head.startswith(b"\x89PNG") and f"tEXtSoftware\0{PNG_SOFTWARE}".encode() in head


def is_explanation_of(path: Path, photo: str) -> bool:
    """Whether a file is a picture of `beholder explain` with this comment."""
    return is_explanation(path) and f"tEXtComment\0{photo}".encode("latin-1", "replace") in file_head(path, _HEAD_BYTES)


def free_picture_path(folder: Path, stem: str, comment: str) -> Path:
    """A name in a folder that is free, or has a picture with the same comment, which may be replaced."""
    names = (folder / f"{stem}{numbered(number)}.png" for number in count(1))
    return next(path for path in names if not path.exists() or is_explanation_of(path, comment))


def numbered(number: int) -> str:
    """What tells the files of one name apart: nothing for the first, then -2, -3."""
    return "" if number == 1 else f"-{number}"


def save_picture(picture: "Image.Image", path: Path, what: str, comment: str) -> None:
    """Write a PNG that is known again as made by this program.

    Args:
        picture: RGB.
        path: replaced as a whole, or not at all.
        what: it is, for error messages.
        comment: what it shows.
    """
    from PIL.PngImagePlugin import PngInfo

    about = PngInfo()
    about.add_text("Software", PNG_SOFTWARE)
    about.add_text("Comment", comment)
    with replacing(path, what) as partial, explained(path, what):
        picture.save(partial, "PNG", pnginfo=about)


def is_predictions(path: Path) -> bool:
    """Whether a file is a table of `beholder evaluate`."""
    line = file_head(path, _HEAD_BYTES).partition(b"\n")[0]
    try:
        (names,) = csv.reader([line.decode().rstrip("\r")])
    except (ValueError, csv.Error):
        return False
    return names[:1] == ["image"] and names[-1] == "error" and any("_predicted" in name for name in names)


def is_taste(path: Path) -> bool:
    """Whether a file is a taste, as `beholder taste fit` writes it."""
    return starts_with(path, b'{\n "taste_format"')


def is_model(path: Path) -> bool:
    """Whether a file is a model that this version reads."""
    from beholder.scoring.model_file import read_model

    try:
        read_model(path)
    except BeholderError:
        return False
    return True


def model_output(out: Path | None, default: str, inputs: tuple[str | Path | None, ...] = ()) -> Path:
    """The path of a model file to write.

    Args:
        out: as the user gave it.
        default: name without ``.onnx`` if they gave none.
        inputs: files that the command reads.

    Raises:
        BeholderError: it does not end in .onnx, cannot be written, or would take the place of something else.
    """
    path = out or Path(f"{default}.onnx")
    if path.suffix.lower() != ".onnx":
        raise BeholderError(f"{path}: a model file is an ONNX file; give a name that ends in .onnx")
    check_writable(path, "the model file", is_model, inputs)
    if out is None:
        say_replaced(path)
    return path


def say_replaced(path: Path) -> None:
    """Say that a file, whose name the user did not choose, will be replaced; nothing if there is none."""
    if path.exists():
        say(f"{path} is there already and will be replaced; --out FILE keeps both")
