"""Data sets in the published layouts whose ratings follow from the colour of the photographs."""

from pathlib import Path

import numpy as np

from beholder.data.sets import aadb
from beholder.photos.read import read_photo
from helpers.factories import save_photo


def warmth(path: Path, number: int) -> float:
    """Saves a photograph; 0 to 1, how red it is: what the ratings here are made of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_photo(path, number)
    return float(read_photo(path).pixels[..., 0].mean() / 128)


def make_oasis(root: Path, count: int = 40) -> Path:
    folder = root / "oasis"
    header = "image,theme,category,source,beauty_mean,beauty_sd,beauty_n,valence_mean,valence_sd,valence_n,"
    rows, votes = [header + "arousal_mean,arousal_sd,arousal_n"], ["rater,image,beauty"]
    for number in range(count):
        name = f"images/{number}.jpg"
        red = min(warmth(folder / name, number), 1)
        given = [round(1 + 6 * red), min(7, round(1.4 + 6 * red)), max(1, round(0.6 + 6 * red))]
        rows.append(
            f"{name},theme {number // 2},Object,Web,{np.mean(given):.4f},1,3,"
            f"{2 + 4 * red:.4f},1,9,{6 - 4 * red:.4f},1,9"
        )
        votes += [f"{rater},{name},{vote}" for rater, vote in enumerate(given)]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "ratings.csv").write_text("\n".join(votes) + "\n")
    return root


def make_aadb(root: Path) -> Path:
    folder = root / "aadb"
    labels = folder / "imgListFiles_label"
    labels.mkdir(parents=True)
    for start, (split, count) in zip((0, 30, 40), (("Train", 30), ("Validation", 10), ("TestNew", 12)), strict=True):
        numbers = range(start, start + count)
        red = [min(warmth(folder / "datasetImages_warp256" / f"{number}.jpg", number), 1) for number in numbers]
        for place, column in enumerate(aadb.COLUMNS):
            lines = [
                f"{number}.jpg {value * (0.5 + 0.04 * place):.4f}" for number, value in zip(numbers, red, strict=True)
            ]
            (labels / f"imgList{split}Regression_{column}.txt").write_text("\n".join(lines) + "\n")
    return root


def make_eva(root: Path) -> Path:
    folder = root / "eva"
    lines = ['"image_id"="user_id"="score"="difficulty"="visual"="composition"="quality"="semantic"="vote_time"']
    for number in range(60):
        red = min(warmth(folder / "images" / "EVA_together" / f"{number}.jpg", number), 1)
        for user in range(3):
            score = min(10, round(9 * red) + user % 2)
            level = 1 + min(3, round(3 * red))
            lines.append(f'"{number}"="{user}"="{score}"="1"="{level}"="{level}"="{5 - level}"="{level}"="9.5"')
    (folder / "data").mkdir()
    (folder / "data" / "votes_filtered.csv").write_text("\n".join(lines) + "\n")
    shown = "\n".join(['"image_id","sort"', *(f'"{number}","1"' for number in range(60))])
    (folder / "data" / "image_content_category.csv").write_text(shown + "\n")
    return root


def make_rated(root: Path) -> Path:
    """The four data sets that the embedded models learn from: 40 photographs of OASIS, 30 of each other one."""
    make_oasis(root)
    tables = {
        "biq2021": ("image,quality_mean", "{red:.3f}"),
        "appeal": ("image,source,appeal_mean,v1,v2,v3,v4,v5,bar_top,bar_bottom", "own,{appeal:.3f},1,0,0,0,1,2,1"),
        "composition": (
            "image,simple_E1,simple_E2,simple_E3,simple_E4,simple_E5,simple_mean",
            "{mark},{mark},{mark},{mark},{mark},{mark}",
        ),
    }
    for start, (name, (header, line)) in enumerate(tables.items(), 1):
        rows = [header]
        for number in range(100 * start, 100 * start + 30):
            red = min(warmth(root / name / f"images/{number}.jpg", number), 1)
            rows.append(f"images/{number}.jpg," + line.format(red=red, appeal=1 + 4 * red, mark=round(red)))
        if name == "composition":
            rows[1] = rows[1].split(",")[0] + ",,,,,,"
        (root / name / "labels.csv").write_text("\n".join(rows) + "\n")
    return root
