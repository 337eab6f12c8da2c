"""`beholder explain`."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from helpers.commands import Done
from helpers.factories import save_photos


def test_explain(beholder: Callable[..., Done], tmp_path: Path) -> None:
    (path,) = save_photos(tmp_path / "photos", 1)
    done = beholder("explain", path, "--task", "warmth")
    assert done.code == 0 and done.out.startswith("1-warmth.png: warmth ") and done.err == ""
    with Image.open(tmp_path / "1-warmth.png") as sheet:
        assert sheet.format == "PNG"
    assert beholder("explain", path, "-o", "named.PNG").code == 0 and (tmp_path / "named.PNG").exists()
