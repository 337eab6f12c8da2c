"""README's tables and pictures, made from the models at hand, so that they are never of another one.

`python -m benchmarks readme [--check]`

What the models state of themselves (the rows of the two embedded models, the line on new themes) is read from their
files. The table of the example photographs is what `beholder score` prints. Pictures are drawn by the commands that
they show, or photographed by Chromium, and their JPEG comment says which model they are of. Other rows of the table of
models are of `python -m benchmarks accuracy`, and stay as they are.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from beholder.errors import BeholderError
from beholder.photos.edits import blur, blur_by_motion, cast_colour, expose, tilt
from beholder.photos.read import Pixels, read_photo
from beholder.scoring.model_file import ModelInfo, embedded_path, model_id, read_model

REPOSITORY = Path(__file__).parents[1]
PHOTOS = "examples/photos"
ROWS = {"default": "| **default** |", "fast": "| fast: taught by the default |"}  # starts of lines of the README
TASKS = ("beauty", "valence", "arousal", "quality", "appeal", "simplicity")  # columns of that table
FOLDS, THEMES = "5-fold, seed 0", "5-fold by theme, seed 0"
SCORES = re.compile(r"(?<=<!-- made: scores -->\n```\n).*?(?=```)", re.DOTALL)
NEW_THEMES = re.compile(r"(?<=the default has )[\d.]+, [\d.]+ and [\d.]+(?= on OASIS)")
QUALITY = 88  # of the pictures
FRAMES: dict[str, tuple[Callable[[Pixels], Pixels], ...]] = {  # example -> frames of a shoot, one a second
    "chelsea": (lambda it: it, lambda it: blur(it, 4), lambda it: blur_by_motion(it, 20, 0), lambda it: expose(it, 2)),
    "flower": (lambda it: it, lambda it: it[:, 12:], lambda it: blur(it, 3)),
    "china": (lambda it: it, lambda it: expose(it, -1)),
    "coffee": (lambda it: it, lambda it: it),
    "rocket": (lambda it: it,),
}


def update(check: bool) -> list[str]:
    """Write README.md and its pictures again. Returns what changed, or with ``check`` what would.

    Raises:
        BeholderError: a part that is made is not in the README, or there is no Chromium for the pictures of pages.
    """
    path = REPOSITORY / "README.md"
    before = path.read_text("utf-8")
    after = with_scores(with_models(before))
    found = [f"README.md: {line}" for line in after.splitlines() if line not in before.splitlines()]
    old = [name for name, model in picture_models().items() if model != identity("default")]
    if check:
        return [*found, *(f"docs/images/{name}: is of {picture_models()[name] or 'no known model'}" for name in old)]
    path.write_text(after, "utf-8")
    draw_pictures()
    return [*found, *(f"docs/images/{name}" for name in PICTURES)]


# Text


def with_models(text: str) -> str:
    """The README with what the files of the embedded models state."""
    for name, start in ROWS.items():
        strong = "**" if name == "default" else ""
        cells = (f"{strong}{_srcc(_read(name)[1], task, FOLDS)}{strong}" for task in TASKS)
        row = " ".join([start, *(f"{cell} |" for cell in cells)])
        text = _replaced(re.compile(f"^{re.escape(start)} .*$", re.MULTILINE), row, text)
    beauty, valence, arousal = (_srcc(_read("default")[1], task, THEMES).split()[0] for task in TASKS[:3])
    return _replaced(NEW_THEMES, f"{beauty}, {valence} and {arousal}", text)


def with_scores(text: str) -> str:
    """The README with what `beholder score` prints of the examples. On another processor the last digit may differ."""
    return _replaced(SCORES, _beholder("score", PHOTOS, folder=REPOSITORY), text)


def identity(name: str) -> str:
    """Name and hash of an embedded model."""
    return model_id(name, _read(name)[0])


def _read(name: str) -> tuple[bytes, ModelInfo]:
    return read_model(embedded_path(name))


def _srcc(info: ModelInfo, task: str, split: str) -> str:
    """As in the table: value and interval; on the data that the task is of, which comes before its parts."""
    wanted = [each for each in info.metrics if (each.metric, each.task, each.split) == ("srcc", task, split)]
    return str(wanted[0])


def _replaced(pattern: re.Pattern[str], by: str, text: str) -> str:
    if len(pattern.findall(text)) != 1:
        raise BeholderError(f"README.md: has not one place of {pattern.pattern!r}; put it back, or change {__name__}")
    return pattern.sub(lambda _: by, text)


def _beholder(*words: str, folder: Path) -> str:
    command = [sys.executable, "-m", "beholder", *words]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


# Pictures


def picture_models() -> dict[str, str]:
    """Which model each picture is of, as its comment says; empty where it says nothing."""
    models = {}
    for name in PICTURES:
        with Image.open(REPOSITORY / "docs" / "images" / name) as picture:
            models[name] = bytes(picture.info.get("comment", b"")).decode("latin-1")
    return models


def draw_pictures() -> None:
    """Draw all pictures anew. 2 minutes."""
    for name, draw in PICTURES.items():
        with TemporaryDirectory() as folder:
            (Path(folder) / "examples").symlink_to(REPOSITORY / "examples")
            picture = draw(Path(folder)).convert("RGB")
        picture.save(REPOSITORY / "docs" / "images" / name, quality=QUALITY, comment=identity("default").encode())


def _report(folder: Path) -> Image.Image:
    _beholder("report", PHOTOS, "--out", "report.html", folder=folder)
    return _page(folder / "report.html", 1120)


def _cull(folder: Path) -> Image.Image:
    _save_shoot(folder / "shoot")
    _beholder("cull", "shoot", "--report", "cull.html", folder=folder)
    return _page(folder / "cull.html", 1060)


def _explain(folder: Path) -> Image.Image:
    _beholder("explain", f"{PHOTOS}/rocket.jpg", "--out", "explain.png", folder=folder)
    return Image.open(folder / "explain.png").copy()


def _improve(folder: Path) -> Image.Image:
    """Of `china.jpg`, 1.5 EV darker, 60 mired cooler and turned by 4°."""
    pixels = read_photo(folder / PHOTOS / "china.jpg").pixels
    Image.fromarray(tilt(cast_colour(expose(pixels, -1.5), -60), 4)).save(folder / "china.png")
    _beholder("improve", "china.png", folder=folder)
    return Image.open(folder / "china-improve.png").copy()


def _review(folder: Path) -> Image.Image:
    """With decisions on the first photographs, by the keys of the page."""
    _save_shoot(folder / "shoot")
    command = [sys.executable, "-m", "beholder", "review", "shoot", "--no-browser", "--state", "shoot.sqlite"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as program:
        try:
            link = next(line.split()[0] for line in program.stderr or () if line.startswith("http"))
            with _chromium() as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 820})
                page.goto(link)
                page.get_by_text("All photographs are scored.").wait_for(state="attached", timeout=300_000)
                for key in ("p", "x", "x", "x", "4", "", "x", "", "5", ""):
                    if key:
                        page.keyboard.press(key)
                    page.keyboard.press("ArrowRight")
                page.keyboard.press("p")
                page.get_by_text("picked").first.wait_for()
                page.wait_for_load_state("networkidle")
                page.screenshot(path=folder / "review.png")
        finally:
            program.terminate()
    return Image.open(folder / "review.png").copy()


def _page(file: Path, height: int) -> Image.Image:
    with _chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": height})
        page.goto(file.as_uri())
        page.wait_for_load_state("networkidle")
        page.screenshot(path=file.with_suffix(".png"))
    return Image.open(file.with_suffix(".png")).copy()


@contextmanager
def _chromium() -> Iterator[Any]:
    program = shutil.which("chromium")
    if program is None:
        raise BeholderError("needs Chromium for pictures of pages; --check needs none")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def _save_shoot(folder: Path) -> None:
    """Frames as a camera writes them: a second apart within a series, a minute between series."""
    folder.mkdir()
    moment, number = datetime(2026, 5, 30, 9), 0
    for name, frames in FRAMES.items():
        pixels = read_photo(REPOSITORY / PHOTOS / f"{name}.jpg").pixels
        for change in frames:
            moment, number = moment + timedelta(seconds=1), number + 1
            exif = Image.Exif()
            exif[0x010F], exif[0x0110] = "Canon", "Canon EOS R5"
            exif.get_ifd(0x8769)[0x9003] = moment.strftime("%Y:%m:%d %H:%M:%S")
            image = Image.fromarray(np.ascontiguousarray(change(pixels)))
            image.save(folder / f"IMG_{number:04d}.JPG", quality=93, exif=exif.tobytes())
        moment += timedelta(minutes=1)


PICTURES: dict[str, Callable[[Path], Image.Image]] = {
    "report.jpg": _report,
    "explain.jpg": _explain,
    "improve.jpg": _improve,
    "cull.jpg": _cull,
    "review.jpg": _review,
}
