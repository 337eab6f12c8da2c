"""Edits, disagreement and familiarity on the command line."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from beholder.cli.details import is_clear
from beholder.scoring.model_file import read_model
from helpers.commands import Done, every_format, on_terminal, read_table, table
from helpers.factories import DETAILED_TASKS, save_photos

# What the model says of it: nothing but a blur that may be none, too bright, and too red for it.
COLOURS = {"fine.png": (50, 50, 50), "bright.png": (90, 90, 90), "red.png": (120, 15, 15)}
COLUMNS = [
    *("path", "overall", "beauty", "quality", "low", "high", "percentile"),
    *(name for task in DETAILED_TASKS if task.kind == "edit" for name in task.columns),
    *("disagreement", "familiarity", "unlike", "width", "height", "model", "sha256", "error"),
]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.fromarray(np.full((20, 30, 3), colour, np.uint8)).save(folder / name)
    return folder


def test_details_in_words(beholder: Callable[..., Done], detailed_model: Path, pictures: Path) -> None:
    done = beholder("score", "pictures", "-m", detailed_model, "--details", "--sort", "path")
    first, details = done.out.split("\n\n")
    assert table(first)[0] == ["rank", "file", "overall", "90% interval", "pct", "beauty", "quality"]
    assert "exposure" not in first
    assert details.splitlines() == [
        "Predicted edits (90% intervals); clear: an unedited picture lies outside",
        "   1  pictures/bright.png",
        "      clear edits   exposure +2.0 EV (+1.5 to +2.5), contrast ×1.40 (1.20 to 1.60), "
        "noise σ 20 of 255 (12 to 28)",
        "      other edits   colour cast 0 mired (−20 to +20), sharpness 0.7‰ of the long side (0.0 to 1.7), "
        "compression JPEG quality 99 (84 to 100), tilt 0.0° (−2.5 to +2.5)",
        "      disagreement  1.40 points of beauty",
        "      familiarity   60%",
        "   2  pictures/fine.png",
        "      clear edits   sharpness 1.5‰ of the long side (0.5 to 2.5)",
        "      other edits   exposure 0.0 EV (−0.5 to +0.5), contrast ×1.00 (0.80 to 1.20), "
        "colour cast 0 mired (−20 to +20), noise σ 0 of 255 (0 to 8), compression JPEG quality 99 (84 to 100), "
        "tilt 0.0° (−2.5 to +2.5)",
        "      disagreement  1.00 points of beauty",
        "      familiarity   60%",
        "   3  pictures/red.png ?",
        "      clear edits   colour cast +105 mired (+85 to +120), sharpness 1.5‰ of the long side (0.5 to 2.5), "
        "tilt +5.2° (+2.8 to +7.8)",
        "      other edits   exposure 0.0 EV (−0.5 to +0.5), contrast ×1.00 (0.80 to 1.20), "
        "noise σ 0 of 255 (0 to 8), compression JPEG quality 99 (84 to 100)",
        "      disagreement  1.00 points of beauty",
        "      familiarity   0%",
    ]


@pytest.mark.parametrize("options", [[], ["--details"], ["--top", "1", "--sort", "familiarity"]])
def test_what_is_unlike_is_told(
    beholder: Callable[..., Done], detailed_model: Path, pictures: Path, options: list[str]
) -> None:
    done = beholder("score", "pictures", "-m", detailed_model, *options)
    line = "? 1 photograph is unlike those that were rated (familiarity below 30%): such scores say little"
    assert done.err.splitlines()[1] == line  # after that of the columns
    marked = [line for line in done.out.split("\n\n")[0].splitlines() if " ? " in line]
    assert len(marked) == (0 if "--top" in options else 1) and all("red.png" in line for line in marked)
    assert line not in beholder("score", "pictures/fine.png", "-m", detailed_model).err
    assert beholder("score", "pictures", "-m", detailed_model, "--json").err.startswith("3 scored in")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_details_fit_the_terminal(detailed_model: Path, pictures: Path, width: int) -> None:
    shown = on_terminal(width, ["score", pictures, "-m", detailed_model, "--details"]).replace("\r", "")
    lines = shown[shown.index("rank") : shown.index("\n?")].splitlines()  # with the line on the columns, folded
    assert all(len(line) <= width for line in lines) and len(lines) > 20
    if width >= 80:  # no amount is broken
        assert all(line.count("(") == line.count(")") for line in lines)


def test_a_model_of_ratings_says_so(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    done = beholder("score", "photos", "--details")
    assert done.out == beholder("score", "photos").out and done.code == 0
    said = r"colour@\w{8} predicts ratings only: it has no edits, disagreement or familiarity for --details to show"
    assert re.fullmatch(said, done.err.splitlines()[1])
    done = beholder("score", "photos", "--sort", "exposure")
    assert done.code == 1 and "choose one of overall, warmth, quality, percentile, path" in done.err


@pytest.mark.parametrize("by", ["exposure", "disagreement", "familiarity"])
def test_sorted_by_what_is_no_rating(
    beholder: Callable[..., Done], detailed_model: Path, pictures: Path, by: str
) -> None:
    done = beholder("score", "pictures", "-m", detailed_model, "--sort", by)
    header, *rows = (line.split() for line in done.out.splitlines())
    assert by in header
    values = [float(row[-3]) for row in rows]
    assert values == sorted(values, reverse=True) and len(set(values)) > 1
    assert beholder("score", "pictures", "-m", detailed_model, "--sort", "exposure_low").code == 1


@every_format
def test_all_columns_are_in_every_file(
    beholder: Callable[..., Done], detailed_model: Path, pictures: Path, suffix: str
) -> None:
    (pictures / "text.jpg").write_text("hello")
    done = beholder("score", "pictures", "-m", detailed_model, "-o", f"x{suffix}", "-q")
    assert done.code == 3
    rows: list[dict[str, Any]] = read_table(Path(f"x{suffix}"))
    assert all(list(row) == COLUMNS for row in rows)
    assert [row["unlike"] for row in rows] == (["0", "0", "1", ""] if suffix == ".csv" else [0, 0, 1, None])
    assert [round(float(row["exposure_high"] or -9), 4) for row in rows] == [2.5, 0.5, 0.5, -9]
    before = Path(f"x{suffix}").read_bytes()
    again = beholder("score", "pictures", "-m", detailed_model, "-o", f"x{suffix}", "--resume")
    assert "3 known from before" in again.err and Path(f"x{suffix}").read_bytes() == before
    assert "? 1 photograph is unlike" in again.err  # a row of before
    array = json.loads(beholder("score", "pictures", "-m", detailed_model, "--json").out)
    assert [list(row) for row in array] == [COLUMNS] * 4


@every_format
def test_a_table_of_a_model_without_these_columns_is_not_taken_up(
    beholder: Callable[..., Done], detailed_model: Path, pictures: Path, suffix: str
) -> None:
    beholder("score", "pictures", "-o", f"x{suffix}")
    before = Path(f"x{suffix}").read_bytes()
    done = beholder("score", "pictures", "-m", detailed_model, "-o", f"x{suffix}", "--resume")
    assert done.code == 1 and Path(f"x{suffix}").read_bytes() == before
    assert "columns" in done.err and "leave out --resume to replace it" in done.err and done.err.count("\n") == 1


def test_info_tells_edits_apart(beholder: Callable[..., Done], detailed_model: Path) -> None:
    shown = beholder("info", detailed_model).out
    about, tasks, edits, others, _, measured, measured_edits = re.sub(r" +\n", "\n", shown).split("\n\n")[:7]
    assert "familiarity  below 30% a photograph is flagged as unlike; intervals of ratings are widened by it" in about
    assert "×3.00 at 0%, ×1.00 at 50%" in about
    assert tasks.startswith("Tasks\n") and "beauty" in tasks and "exposure" not in tasks
    assert edits.startswith("Predicted edits\n") and others.startswith("Also predicted\n")
    assert table(edits)[2] == ["exposure", "EV", "-3 to 3", "0", "± 0.5", DETAILED_TASKS[3].description]
    assert table(others)[2][:4] == ["disagreement", "disagreement", "points of beauty", "0 to 3"]
    assert "beauty" in measured and "exposure" not in measured
    assert measured_edits.startswith("Predicted edits, measured on") and "false_alarms" in measured_edits
    document = json.loads(beholder("info", detailed_model, "--json").out)
    assert document["tasks"][3]["unit"] == "EV" and document["unlike"] == 30


def test_explain_an_edit(beholder: Callable[..., Done], detailed_model: Path, pictures: Path) -> None:
    done = beholder("explain", pictures / "bright.png", "-m", detailed_model, "--task", "exposure", "--grid", "2")
    assert done.code == 0 and "bright-exposure.png: exposure +2.0 EV; one cell raises it" in done.out
    with Image.open("bright-exposure.png") as sheet:
        assert sheet.height > 38 * len(DETAILED_TASKS)


def test_report_and_taste_with_such_a_model(
    beholder: Callable[..., Done], detailed_model: Path, pictures: Path, tmp_path: Path
) -> None:
    paths = save_photos(tmp_path / "rated", 8)
    (tmp_path / "mine.csv").write_text("image,stars\n" + "".join(f"{path},{n}\n" for n, path in enumerate(paths, 1)))
    assert beholder("taste", "fit", detailed_model, "mine.csv").code == 0
    assert beholder("report", "pictures", "-m", detailed_model, "--taste", "taste.json", "-o", "r.html").code == 0
    done = beholder("score", "pictures", "-m", detailed_model, "--taste", "taste.json", "-o", "x.csv", "--details")
    assert done.code == 0 and list(read_table(Path("x.csv"))[0]) == ["path", "taste", *COLUMNS[1:]]
    weights = json.loads((tmp_path / "taste.json").read_text())["on_tasks"]
    assert [weight != 0 for weight in weights] == [task.kind == "rating" for task in DETAILED_TASKS]


def test_an_edit_is_clear_beyond_its_interval(detailed_model: Path) -> None:
    (task,) = (task for task in read_model(detailed_model)[1].tasks if task.name == "noise")
    for low, high, clear in ((0, 8, False), (0.1, 8, True), (-1, 1, False)):
        assert is_clear(task, {"noise": 4.0, "noise_low": low, "noise_high": high}) == clear
