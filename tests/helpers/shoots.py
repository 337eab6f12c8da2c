"""A small shoot: real photographs, with frames that are worse, the same, or bracketed, and the times of a camera."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

from beholder.photos.edits import blur, blur_by_motion, expose
from beholder.photos.read import Pixels, read_photo
from helpers.factories import REPOSITORY

START = datetime(2026, 5, 30, 9, 0, 0)
SERIES = {  # example -> frames: name, seconds after the first, what is done to it, exposure bias
    "chelsea": (("good", 0, "none", 0), ("soft", 1, "blur", 0), ("shaken", 2, "motion", 0)),
    "coffee": (("once", 100, "none", 0), ("twice", 101, "none", 0)),
    "china": (("middle", 200, "none", 0), ("dark", 201, "-2", -2), ("bright", 202, "+2", 2)),
    "rocket": (("alone", 300, "none", 0),),
}


def save_shot(
    path: Path,
    pixels: Pixels,
    seconds: float | None = None,
    bias: float = 0.0,
    camera: str = "EOS R5",
    quality: int = 93,
) -> None:
    """A JPEG as a camera writes it; without a time if ``seconds`` is None."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Canon", f"Canon {camera}"
    if seconds is not None:
        taken = START + timedelta(seconds=seconds)
        exif.get_ifd(0x8769).update(
            {
                0x9003: taken.strftime("%Y:%m:%d %H:%M:%S"),
                0x9291: f"{taken.microsecond // 10000:02d}",
                0x9204: bias,
                0x829A: 0.004,
                0xA431: "1234",
            }
        )
    Image.fromarray(pixels).save(path, "JPEG", quality=quality, exif=exif.tobytes())


def changed(pixels: Pixels, how: str) -> Pixels:
    """A frame after what the name says."""
    if how == "blur":
        return blur(pixels, 4)
    if how == "motion":
        return blur_by_motion(pixels, 20, 0)
    return pixels if how == "none" else expose(pixels, float(how))


def save_shoot(folder: Path) -> dict[str, str]:
    """Write the shoot: IMG_0001.JPG and so on. File name -> name of the frame."""
    folder.mkdir(parents=True)
    names: dict[str, str] = {}
    for example, frames in SERIES.items():
        pixels = read_photo(REPOSITORY / "examples" / "photos" / f"{example}.jpg").pixels
        for frame, seconds, how, bias in frames:
            name = f"IMG_{len(names) + 1:04d}.JPG"
            quality = 88 if frame == "twice" else 93
            save_shot(folder / name, changed(np.ascontiguousarray(pixels), how), seconds, bias, quality=quality)
            names[name] = frame
    return names
