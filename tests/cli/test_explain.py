"""`beholder explain`."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.commands import Done
from helpers.factories import save_photos


def test_explain(beholder: Callable[..., Done], tmp_path: Path) -> None:
    (path,) = save_photos(tmp_path / "photos", 1)
    done = beholder("explain", path, "--task", "warmth")
    assert done.code == 0 and done.out.startswith("1-warmth.png: warmth ") and done.err == ""
    assert done.out.splitlines()[1].startswith("Overall ") and done.out.count("\n") == 2
    with Image.open(tmp_path / "1-warmth.png") as sheet:
        assert sheet.format == "PNG"
    assert beholder("explain", path, "-o", "named.PNG").code == 0 and (tmp_path / "named.PNG").exists()


def test_words_say_what_is_clear(beholder: Callable[..., Done], detailed_model: Path, tmp_path: Path) -> None:
    Image.new("RGB", (30, 20), (105, 105, 105)).save("bright.png")
    done = beholder("explain", "bright.png", "-m", detailed_model, "--grid", "2")
    assert done.out.splitlines()[1:] == [
        "Overall 4.1 of 1 to 7, give or take 0.5: higher than 51% of rated photographs.",
        "Perhaps over-exposed by about 2.8 EV; noisy; harsh contrast.",
        "What is shown is rated 4.3 for beauty, higher than 55%.",
    ]


def test_json_has_words_numbers_and_the_map(beholder: Callable[..., Done], detailed_model: Path) -> None:
    Image.new("RGB", (30, 20), (105, 105, 105)).save("b.png")
    arguments = ("explain", "b.png", "-m", detailed_model, "--grid", "3", "--task", "exposure")
    document = json.loads(beholder(*arguments, "--json").out)
    assert document["words"] == beholder(*arguments).out.splitlines()[1:]
    assert (document["path"], document["task"], document["scores"]["exposure"]) == ("b.png", "exposure", 2.75)
    assert np.shape(document["map"]) == (3, 3) and Path(document["sheet"]).exists()


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000)])
def test_a_tiny_photograph(beholder: Callable[..., Done], size: tuple[int, int]) -> None:
    Image.new("RGB", size, (200, 30, 30)).save("x.png")
    done = beholder("explain", "x.png", "-o", "sheet.png", "--grid", "2")
    assert done.code == 0 and "-0.000" not in done.out
    with Image.open("sheet.png") as sheet:
        assert sheet.width == 1352 and sheet.height < 3000
