"""Photographs to rows and to a page, without the command line."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import beholder
from beholder.errors import BeholderError
from beholder.output.pipeline import rank_column, score_page, score_rows
from beholder.output.ranking import JsonArray, Ranked
from beholder.scoring.batch import Result
from beholder.scoring.extra_columns import ExtraColumns, vote_extras
from beholder.tasks import Task
from helpers.factories import save_photos
from helpers.report_pages import blocks

TASKS = (Task("beauty", 1, 7), Task("quality", 0, 1))
OWN = ExtraColumns(
    kinds={"width_score": float},
    values=lambda scores: {"width_score": scores.sizes[:, 0] / 10},
    leading=True,
    shown=("width_score",),
    rank_by="width_score",
    id="own@1",
    tasks=(Task("width_score", 0, 10),),
)


def unchanged(results: Iterator[Result]) -> Iterator[Result]:
    return results


@pytest.fixture
def scorer(colour_model: Path) -> beholder.Scorer:
    return beholder.load(colour_model)


def test_rows_are_ranked_by_overall_unless_a_column_says_otherwise() -> None:
    assert rank_column(None, TASKS, vote_extras((1, 2))) == "overall"
    assert rank_column("beauty", TASKS, ()) == "overall"
    assert rank_column("sd", TASKS, vote_extras((1, 2))) == "sd"
    assert rank_column(None, TASKS, (OWN,)) == "width_score" and rank_column("quality", TASKS, (OWN,)) == "quality"
    with pytest.raises(BeholderError, match="choose one of width_score, overall, quality, percentile, sd, path"):
        rank_column("p_1", TASKS, (OWN, *vote_extras((1, 2))))


@pytest.mark.parametrize("ranks", [False, True])
def test_rows_reach_the_file_and_the_array(
    scorer: beholder.Scorer, tmp_path: Path, capsys: pytest.CaptureFixture[str], ranks: bool
) -> None:
    paths, out = [*save_photos(tmp_path / "photos", 5), str(tmp_path / "gone.jpg")], tmp_path / "x.jsonl"
    ranked = Ranked("overall", 3, with_errors=False) if ranks else None
    for resume in (False, True):
        with JsonArray() as array:
            score_rows(
                scorer, paths, (OWN,), out=out, resume=resume, ranked=ranked, array=array, batch=None, workers=1,
                watch=unchanged,
            )  # fmt: skip
        rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        assert [row["path"] for row in rows] == paths and rows[-1]["error"] and rows[0]["width_score"] == 2.4
        printed = json.loads(capsys.readouterr().out)
        if ranked is None:
            assert printed == rows
        else:
            assert len(printed) == 3 and printed[0] == max(rows[:-1], key=lambda row: row["overall"])
            assert ranked.seen == 5
            ranked = Ranked("overall", 3, with_errors=False)


def test_a_page_shows_extra_scores_and_none_is_written_of_nothing(scorer: beholder.Scorer, tmp_path: Path) -> None:
    paths, out = save_photos(tmp_path / "photos", 2), tmp_path / "r.html"

    def page(paths: list[str]) -> bool:
        return score_page(
            scorer, paths, (OWN,), out=out, title="t", exact_maps=False, batch=None, workers=None, watch=unchanged
        )

    assert page(paths)
    (about,) = blocks(out, "about")
    assert [task["name"] for task in about["tasks"]] == ["overall", "width_score", "warmth", "quality"]
    assert about["model"] == f"{scorer.id}+own@1"
    photos = blocks(out, "photograph")
    assert [photo["values"][1] for photo in photos] == [2.4, 2.4]
    assert [photo["link"] for photo in photos] == ["photos/1.jpg", "photos/2.jpg"]
    assert all(photo["shown"] and not photo["maps"] and photo["words"][0].startswith("Overall ") for photo in photos)
    before = out.read_bytes()
    assert not page([str(tmp_path / "gone.jpg")])
    assert out.read_bytes() == before and [path.name for path in tmp_path.iterdir()].count("r.html") == 1


def test_what_no_browser_shows_has_a_larger_picture(scorer: beholder.Scorer, tmp_path: Path) -> None:
    paths, out = [str(tmp_path / name) for name in ("a.png", "b.tif")], tmp_path / "r.html"
    for path in paths:
        Image.new("RGB", (1500, 1000), (9, 99, 9)).save(path)
    score_page(scorer, paths, (), out=out, title="t", exact_maps=True, batch=None, workers=None, watch=unchanged)
    pictures = [base64.b64decode(each["thumbnail"]) for each in blocks(out, "pixels")]
    assert [max(Image.open(io.BytesIO(picture)).size) for picture in pictures] == [480, 960]
    photos = blocks(out, "photograph")
    assert [photo["shown"] for photo in photos] == [True, False]
    assert [photo["maps"]["overall"]["shape"] for photo in photos] == [[8, 8], [8, 8]]
