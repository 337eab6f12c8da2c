"""`beholder improve`."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.commands import Done, save_bad
from helpers.factories import save_photos


@pytest.fixture
def dark(tmp_path: Path) -> str:
    """A photograph that scores higher when it is brighter, with EXIF data."""
    (path,) = save_photos(tmp_path / "photos", 1, side=80)
    data = Image.Exif()
    data[0x010F] = "Maker"
    Image.fromarray(np.full((60, 90, 3), 60, np.uint8)).save(path, exif=data)
    return path


def test_improve(beholder: Callable[..., Done], dark: str, tmp_path: Path) -> None:
    before = Path(dark).read_bytes()
    done = beholder("improve", "photos")
    assert done.code == 0
    first, best, *_, sheet = done.out.splitlines()
    assert first.startswith(f"{Path('photos/1.jpg')}: overall ") and best.startswith(
        "  1. exposure +1.0 EV (brighter): +"
    )
    assert sheet == "  1-improve.png" and sorted(os.listdir(tmp_path)) == ["1-improve.png", "photos"]
    with Image.open("1-improve.png") as image:
        assert image.format == "PNG"
    assert Path(dark).read_bytes() == before
    assert beholder("improve", "photos").code == 0 and len(os.listdir(tmp_path)) == 2  # its own sheet is replaced
    Path("1-improve.png").write_text("mine")
    assert beholder("improve", "photos").out.splitlines()[-1] == "  1-improve-2.png"
    assert Path("1-improve.png").read_text() == "mine"


def test_saved_copies(beholder: Callable[..., Done], dark: str, tmp_path: Path) -> None:
    for name in ("1.jpg", "1-2.jpg"):  # an earlier copy stays
        done = beholder("improve", dark, "--save", "new/copies", "--sheets", "sheets", "-q")
        assert done.code == 0 and done.out.splitlines()[-1] == f"  {Path('new/copies') / name}"
    with Image.open("new/copies/1.jpg") as image, Image.open(dark) as original:
        assert np.asarray(image).mean() > np.asarray(original).mean() + 10
        assert image.getexif()[0x010F] == "Maker"
    assert os.listdir("sheets") == ["1-improve.png"]


def test_json(beholder: Callable[..., Done], dark: str, tmp_path: Path) -> None:
    done = beholder("improve", dark, "--json", "--crop", "1:1", "--save", "copies")
    (found,) = json.loads(done.out)
    assert found["path"] == dark and found["crop"]["aspect"] == "1:1"
    assert found["single"][0]["changes"] == [{"name": "exposure", "amount": 1.0, "unit": "EV"}]
    with Image.open(found["saved"]) as image:
        assert image.size == (60, 60)
    assert "1-improve.png" not in os.listdir(tmp_path)


def test_nothing_helps(beholder: Callable[..., Done], tmp_path: Path) -> None:
    """White cannot be brighter, and the model likes nothing else."""
    Image.new("RGB", (80, 60), "white").save(tmp_path / "white.png")
    done = beholder("improve", "white.png", "--save", "copies")
    assert done.code == 0 and "no edit raises it clearly" in done.out
    assert os.listdir("copies") == [] and not (tmp_path / "white-improve.png").exists()


def test_what_cannot_be_read_is_told(beholder: Callable[..., Done], dark: str, tmp_path: Path) -> None:
    bad = save_bad(tmp_path / "bad")
    done = beholder("improve", dark, *bad, "--json")
    assert done.code == 3 and len(json.loads(done.out)) == 1
    assert all(Path(path).name in done.err for path in bad)
    assert beholder("improve", *bad).code == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--save", "photos"], "photos: holds the original 1.jpg; give another folder for changed copies"),
        (["--crop", "wide"], "'wide' is no shape of a crop; give it as 4:5, 1:1, 3:2 or 16:9"),
        (["--crop", "5:1"], "a crop of 5:1 would leave 30% of 90 x 60 pixels, and half is the least"),
        (["--save", "photos/1.jpg/x"], "cannot make the folder for changed copies: Not a directory; give another"),
        (["--model", "x", "--fast"], "--fast is a model as --model is"),
    ],
)
def test_mistakes(beholder: Callable[..., Done], dark: str, options: list[str], message: str) -> None:
    done = beholder("improve", "photos/1.jpg", *options)
    assert done.code == 1 and message in done.err and len(done.err.splitlines()) == 1


def test_too_small_to_crop(beholder: Callable[..., Done], tmp_path: Path) -> None:
    Image.new("RGB", (20, 60)).save(tmp_path / "tiny.png")
    done = beholder("improve", "tiny.png")
    assert done.code == 1 and "tiny.png: has 20 x 60 pixels, too few to try crops and edits" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(beholder: Callable[..., Done], dark: str, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    done = beholder("improve", dark, "--save", "locked")
    assert done.code == 1 and "locked: the folder for changed copies cannot be written to; give another" in done.err
