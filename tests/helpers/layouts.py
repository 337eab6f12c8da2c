"""Small data sets in exactly the published layouts."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from beholder.cli.app import app
from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import aadb
from beholder.data.votes import Histogram, Votes
from beholder.errors import BeholderError
from beholder.tasks import Task
from helpers.workbooks import write_workbook


def split_photos(folder: Path, pictures: list[int], splits: list[str]) -> RatedPhotos:
    for place, number in enumerate(pictures):
        picture(folder / f"{place}.png", number)
    files = tuple(f"{place}.png" for place in range(len(pictures)))
    ratings = np.arange(len(files), dtype=float)[:, None] / 10
    votes = Votes(np.arange(len(files)), np.array(["a"] * len(files)), ratings[:, 0])
    return RatedPhotos("toy", folder, files, (Task("t", 0, 1),), ratings, splits=tuple(splits), votes=votes)


LISTS = {"Train": ["a.jpg", "b c.jpg"], "Validation": ["d.jpg", "e.jpg"], "TestNew": ["e.jpg", "f.jpg"]}


def make_aadb(root: Path, layout: str) -> Path:
    rng = np.random.default_rng(0)
    for published, files in LISTS.items():
        ratings = rng.integers(0, 6, (len(files), len(aadb.COLUMNS))) / 5
        if layout == "csv":
            lines = [",".join(["ImageFile", *aadb.COLUMNS])]
            lines += [",".join([file, *map(str, row)]) for file, row in zip(files, ratings, strict=True)]
            (root / f"imgList{published}Regression.csv").write_text("\n".join(lines) + "\n")
        else:
            folder = root / "imgListFiles_label"
            folder.mkdir(exist_ok=True)
            for name, column in zip(aadb.COLUMNS, ratings.T, strict=True):
                text = "".join(f"{file} {value}\n" for file, value in zip(files, column, strict=True))
                (folder / f"imgList{published}Regression_{name}.txt").write_text(text)
        (root / "datasetImages_warp256").mkdir(exist_ok=True)
        for file in files:
            Image.new("RGB", (8, 8), (ord(file[0]) * 2, 0, 0)).save(root / "datasetImages_warp256" / file)
    return root


OASIS_HEADER = (
    "image,theme,category,source,beauty_mean,beauty_sd,beauty_n,valence_mean,valence_sd,valence_n,"
    "arousal_mean,arousal_sd,arousal_n"
)
OASIS = [
    "images/Acorns 1.jpg,Acorns,Object,Pixabay,4.86,1.4,140,4.6,0.9,102,2.3,1.6,101",
    "images/Beach 1.jpg,Beach,Scenery,Pixabay,6.1,1.0,120,6.2,0.8,101,3.3,1.9,100",
]
OASIS_VOTES = [
    "rater,image,beauty",
    "1,images/Beach 1.jpg,7",
    "2,images/Beach 1.jpg,6",
    "1,images/Acorns 1.jpg,2",
    "3,images/Not here.jpg,5",
    "3,images/Beach 1.jpg,",
]
BIQ = ["images/ss03_3753.jpg,0.8471", "images/ss01_1726.jpg,0.2874"]
APPEAL_HEADER = "image,source,original,appeal_mean,appeal_n,v1,v2,v3,v4,v5,aadb_score,ava_mean,bar_top,bar_bottom"
APPEAL = [
    "images/0000_own.png,own,IMG 1.jpg,2.88,25.0,4.0,3.0,11.0,6.0,1.0,,,0,0",
    "images/0001_ava.png,ava,7.jpg,4.5,2.0,0.0,0.0,0.0,1.0,1.0,,5.1,2,1",
]
COMPOSITION_HEADER = "image,w,h,rot_E1,rot_E2,rot_mean,simple_E1,simple_E2,simple_E3,simple_E4,simple_E5,simple_mean"
COMPOSITION = [
    "images/05iRGyuJ.jpg,200,200,0,1.0,0.5,0.0,1.0,0.0,1.0,0.0,0.4",
    "images/3d8Uorpf.jpg,200,200,1,,1.0,,,,,,",
]
EVA_HEADER = '"image_id"="user_id"="score"="difficulty"="visual"="composition"="quality"="semantic"="vote_time"'
EVA_IMAGES = [str(1000 + 7 * number) for number in range(12)]
OWN_ROWS = [f"pictures/{number:02}.jpg,{1 + number / 2},{number},some words" for number in range(12)]
OWN_HEADER = "File,beauty_mean,light,notes"


def picture(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (number * 20, 0, 0)).save(path)


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make_labels(folder: Path, header: str, rows: list[str]) -> Path:
    for number, row in enumerate(rows):
        picture(folder / row.split(",")[0], number)
    return write(folder / "labels.csv", [header, *rows])


def make_oasis(root: Path) -> str:
    make_labels(root / "oasis", OASIS_HEADER, OASIS)
    write(root / "oasis" / "ratings.csv", OASIS_VOTES)
    return "oasis"


def make_biq(root: Path) -> str:
    make_labels(root / "biq2021", "image,quality_mean", BIQ)
    return "biq2021"


def make_appeal(root: Path) -> str:
    make_labels(root / "appeal", APPEAL_HEADER, APPEAL)
    return "appeal"


def make_composition(root: Path) -> str:
    make_labels(root / "composition", COMPOSITION_HEADER, COMPOSITION)
    return "composition"


def make_aadb_alone(root: Path) -> str:
    (root / "aadb").mkdir(parents=True)
    make_aadb(root / "aadb", "official")
    return "aadb"


def make_eva(root: Path) -> str:
    """Three votes a photograph: the score is 2, 4 and 6 for the first, one more for each further one."""
    lines = [EVA_HEADER]
    for number, image in enumerate(EVA_IMAGES):
        picture(root / "eva" / "images" / "EVA_together" / f"{image}.jpg", number)
        for user, first in zip(("E1", "E2", "C3"), (2, 4, 6), strict=True):
            score = min(first + number, 10)
            lines.append(f'"{image}"="{user}"="{score}"="3"="{1 + score % 4}"="2"="3"="4"="12.5"')
    picture(root / "eva" / "images" / "EVA_together" / "9.jpg", 11)  # without votes
    write(root / "eva" / "data" / "votes_filtered.csv", lines)
    shown = [f'"{image}","{1 + place % 2}"' for place, image in enumerate(EVA_IMAGES)]
    write(root / "eva" / "data" / "image_content_category.csv", ['"image_id","sort"', *shown])
    return "eva"


def make_own(root: Path, header: str = OWN_HEADER, rows: list[str] = OWN_ROWS) -> str:
    for number, row in enumerate(rows):
        picture(root / row.split(",")[0], number)
    return str(write(root / "mine.csv", [header, *rows]))


def ava_lines(counts: list[str]) -> list[str]:
    return [f"{row} {900 + row} {votes} 1 22 {1396 + row % 2}" for row, votes in enumerate(counts, 1)]


def make_ava(root: Path) -> str:
    """Twelve photographs, three votes each: the first 1, 2 and 3, one more for each further one up to 8, 9 and 10."""
    votes = [" ".join("1" if 0 <= value - min(row, 7) < 3 else "0" for value in range(10)) for row in range(12)]
    for row in range(1, 13):
        picture(root / "ava" / "images" / f"{900 + row}.jpg", row)
    write(root / "ava" / "AVA.txt", ava_lines(votes))
    write(root / "ava" / "aesthetics_image_lists" / "generic_test.jpgl", ["903", "911", "77777"])
    return "ava"


def make_psychoflickr(root: Path) -> str:
    """Three users with two photographs each; one of them both the first and the second like."""
    traits = ["user,openness,conscientiousness,extraversion,agreeableness,neuroticism"]
    traits += ["ann,0.5,0,0,0,1", "bob,-0.5,0.2,0,0,-1", "cy 7,0.1,0.1,0.1,0.1,0.1"]
    for number, file in enumerate(["ann/1.jpg", "ann/2.jpg", "bob/1.jpg", "cy 7/1.jpg", "cy 7/3.jpg"]):
        picture(root / "psychoflickr" / "images" / file, number)
    picture(root / "psychoflickr" / "images" / "bob" / "2.jpg", 1)  # Ann's
    write(root / "psychoflickr" / "images" / "bob" / "Thumbs.db", ["no photograph"])
    write(root / "psychoflickr" / "users.csv", traits)
    return "psychoflickr"


def make_tid2013(root: Path) -> str:
    names = [f"I0{reference}_01_{level}.bmp" for reference in (1, 2) for level in (1, 2)]
    for number, name in enumerate(names):
        picture(root / "tid2013" / "distorted_images" / (name.lower() if number % 2 else name), number)
    write(root / "tid2013" / "mos_with_names.txt", [f"{5.5 - row} {name}" for row, name in enumerate(names)])
    write(root / "tid2013" / "mos_std.txt", ["0.13", "0.14", "0.15", "0.16"])
    return "tid2013"


def make_msc(root: Path) -> str:
    """Twelve photographs, with means from 1 to 9.8 as a spreadsheet in Spain writes them."""
    lines = []
    for number in range(12):
        picture(root / "msc" / "images" / f"msc_{number:05}.png", number)
        lines.append(f"msc_{number:05}.png;{number * 4 // 5 + 1},{number * 80 % 100:02};1,{number:02}")
    write(root / "msc" / "dataset_msc.csv", ["Filename;Mu;Sigma", *lines])
    return "msc"


PARA_BINNED = ("compositionScore", "colorScore", "dofScore", "lightScore", "contentScore", "contentPreference")


def make_para(root: Path) -> str:
    """Twelve photographs in two sessions, nine for training; three votes each, 1, 1.5 and 2 for the first."""
    folder = root / "para" / "annotation"
    header = ["imageName", "sessionId", "semantic", *(f"aestheticScore_{half / 2}" for half in range(2, 11))]
    header += [f"{name}_{end}" for name in ("aestheticScore", "qualityScore") for end in ("mean", "std")]
    for name in (*PARA_BINNED, "willingnessToShare"):
        header += [f"{name}_{end}" for end in (1, 2, 3, 4, 5, "mean", "std")]
    rows, votes = [], []
    for number in range(12):
        image, session = f"iaa_pub{number}_.jpg", f"session{1 + number // 6}"
        picture(root / "para" / "imgs" / session / image, number)
        scores = [1 + min(number, 6) / 2 + step / 2 for step in range(3)]
        counts = [scores.count(half / 2) for half in range(2, 11)]
        bins = [cell for _ in range(7) for cell in (0, 1, 2, 0, 0, 2.7, 0.6)]
        rows.append(",".join(map(str, [image, session, "plant", *counts, scores[1], 0.5, 3.25, 0.4, *bins])))
        for user, score in zip(("A1", "B2", "C3"), scores, strict=True):
            votes.append(f"{session},{image},{user},{score},3.2,3,3,3,3,3,0,content,0,3,3,plant")
    write(folder / "PARA-GiaaTrain.csv", [",".join(header), *rows[:9]])
    write(folder / "PARA-GiaaTest.csv", [",".join(header), *rows[9:]])
    columns = "sessionId,imageName,userId,aestheticScore,qualityScore,compositionScore,colorScore,dofScore,"
    columns += "contentScore,lightScore,isObjectEmphasis,imgEmotion,difficultyOfJudgment,contentPreference,"
    write(folder / "PARA-Images.csv", [columns + "willingnessToShare,semantic", *votes])
    people = ["userId,age,gender,EducationalLevel,artExperience,photographyExperience,"]
    people[0] += "personality-E,personality-A,personality-N,personality-O,personality-C"
    people += [f"{user},22-25,female,university,beginner,competent,7,8,3,{9 - row},6" for row, user in enumerate("ABC")]
    write(folder / "PARA-UserInfo.csv", people)
    return "para"


def make_tad66k(root: Path) -> str:
    """Twelve photographs of two themes, nine for training."""
    folder = root / "tad66k" / "labels"
    for number in range(12):
        picture(root / "tad66k" / "TAD66K" / f"{number}@N0{number}.jpg", number)
    lines = [f"{number}@N0{number}.jpg,{1.5 + number / 2}\r" for number in range(12)]
    for part, listed in (("train", lines[:9]), ("test", lines[9:])):
        write(folder / "merge" / f"{part}.csv", ["image,score\r", *listed])
        for theme, some in (("beach", listed[::2]), ("snow", listed[1::2])):
            write(folder / "unmerge" / part / f"{theme}.csv", ["image,score\r", *some])
    return "tad66k"


def make_koniq10k(root: Path) -> str:
    """Twelve photographs with three votes, eight for training and two for testing: 1, 2 and 2 for the first."""
    lines = ["image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set"]
    for number in range(12):
        picture(root / "koniq10k" / "1024x768" / f"{100 + number}.jpg", number)
        low = min(number, 3)
        shares = [0.333333333333 * (place == low) + 0.666666666667 * (place == low + 1) for place in range(5)]
        part = "training" if number < 8 else ("validation", "test")[number % 2]
        shown = ",".join(map(str, shares))
        lines.append(f"{100 + number}.jpg,{shown},3,{10.5 + 7 * number},0.57735026919,{part}")
    write(root / "koniq10k" / "koniq10k_distributions_sets.csv", lines)
    return "koniq10k"


def make_spaq(root: Path) -> str:
    """Twelve photographs with all attributes."""
    rows: list[list[str | float]] = [
        ["Image name", "MOS", *["Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"]]
    ]
    for number in range(12):
        picture(root / "spaq" / "TestImage" / f"{number + 1:05}.jpg", number)
        rows.append([f"{number + 1:05}.jpg", *(5.25 * number + place for place in range(6))])
    (root / "spaq" / "Annotations").mkdir()
    write_workbook(root / "spaq" / "Annotations" / "MOS and Image attribute scores.xlsx", rows)
    return "spaq"


def make_own_votes(root: Path) -> str:
    """Votes from -1 to 1: two, one and none, and so on."""
    lines = [f"pictures/{number:02}.jpg,{2 - number % 3},{number % 3},1,3" for number in range(12)]
    return make_own(root, "file,votes_1,votes_-1,votes_0,n", lines)


# Name of a data set, or of a kind of CSV file -> what makes it in a folder and returns its name.
LAYOUTS: dict[str, Callable[[Path], str]] = {
    "oasis": make_oasis,
    "biq2021": make_biq,
    "appeal": make_appeal,
    "composition": make_composition,
    "aadb": make_aadb_alone,
    "eva": make_eva,
    "ava": make_ava,
    "psychoflickr": make_psychoflickr,
    "tid2013": make_tid2013,
    "msc": make_msc,
    "para": make_para,
    "tad66k": make_tad66k,
    "koniq10k": make_koniq10k,
    "spaq": make_spaq,
    "own": make_own,
    "own votes": make_own_votes,
}

VOTE_COUNTS = np.array([[2, 0, 1], [0, 4, 0], [0, 0, 1]])
VOTE_VALUES = np.array([1, 2, 3])


def make_voted(folder: Path, **fields: object) -> RatedPhotos:
    """Three photographs with a histogram of votes from 1 to 3."""
    for number in range(3):
        picture(folder / f"{number}.png", number)
    ratings = np.array([[5 / 3], [2], [3]])
    made = RatedPhotos("toy", folder, ("0.png", "1.png", "2.png"), (Task("t", 1, 3),), ratings)
    return dataclasses.replace(made, histogram=Histogram(VOTE_VALUES, VOTE_COUNTS), **fields)  # type: ignore[arg-type]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refused(message: str, call: Callable[..., object], *args: object, **options: object) -> None:
    with pytest.raises(BeholderError, match=message) as caught:
        call(*args, **options)
    assert "\n" not in str(caught.value)


def stats(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["data", "stats", *arguments], prog_name="beholder")
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def rows(*arguments: str) -> dict[str, list[dict[str, Any]]]:
    """The statistics as JSON, which must be valid: without NaN and infinity."""

    def never(constant: str) -> None:
        raise AssertionError(constant)

    said = json.loads(stats(*arguments, "--json"), parse_constant=never)
    return {key: part["rows"] for key, part in said.items() if key != "data"}
