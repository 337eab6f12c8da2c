"""The report on Li et al. (2019): what it says of a run, and its photographs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import psychoflickr
from beholder.data.votes import Votes
from beholder.errors import BeholderError
from beholder.reporting.document import Missing, Picture
from beholder.systems.li2019.experiment import AESTHETIC_ONLY, LiConfig
from beholder.systems.li2019.recipe import PAPER
from beholder.systems.li2019.report import report
from beholder.systems.li2019.report_photographs import photographs_part
from beholder.systems.li2019.report_protocol import deviations, protocol
from beholder.systems.li2019.report_traits import weights_sentence
from beholder.systems.li2019.stages import InterTask
from beholder.systems.study import Study
from beholder.systems.study_runs import Outcome, Result
from helpers.li2019 import CPU, RECIPE
from helpers.trainings import save_csv

FIRST_LIMIT = "at most 1,000 photographs of psychoflickr are drawn"


@pytest.fixture
def study(photos: RatedPhotos) -> Study:
    named = replace(photos, name="ava")
    rows = np.flatnonzero(np.array(photos.splits) == "test")
    results = [Result(AESTHETIC_ONLY, 0, 0, rows, Outcome([], {}))]
    return Study(named, [named], rows, {}, {}, results)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"batch": 3, "seed": 9}, []),  # of which the paper says nothing
        ({"backbone": "mobilenet_v2"}, ["the backbone is mobilenet_v2, not DenseNet-121"]),
        ({"mirror": True}, ["mirror images are shown too"]),
        ({"epochs1": 10}, ["10 and 20 epochs, not 20"]),
        ({"epochs2": 0}, ["20 and 0 epochs, not 20"]),
        ({"decay": 0.5}, ["the rates fall by 0.5, not 0.9, an epoch"]),
        ({"momentum": 0.0}, ["momentum is 0, not 0.9"]),
        ({"weight_decay": 0.0}, ["weight decay is 0, not 1e-5"]),
        ({"hidden": (9, 8)}, ["branches of 9 and 8 units, not 1,024 and 512"]),
        ({"side": 192}, ["pixels of 256 and squares of 192, not 256 and 224"]),
        (
            {"lr_shared": 0.5},
            [
                "the learning rates are 0.5 (shared layers; the paper's 1e-05), as the paper learns from 8,500 or "
                "230,000 photographs and this from 18"
            ],
        ),
        (
            {"shared": "none"},
            [
                FIRST_LIMIT,
                "of the backbone nothing is trained, not the whole",
                "squares are cut out at the centre and the four corners, not anywhere",
            ],
        ),
    ],
)
def test_what_differs_from_the_paper_is_told_and_nothing_else(
    changes: dict[str, Any], told: list[str], study: Study, second: RatedPhotos
) -> None:
    traits = replace(second, name="psychoflickr").with_splits(["train"] * len(second))
    recipe = replace(PAPER, **changes)
    config = LiConfig("ava", None, 1, 1, False, recipe, False, Path(), None)
    assert deviations(study, traits, config, recipe) == told
    text = " ".join(protocol(study, traits, config, recipe).paragraphs)
    assert ("Nothing that the paper says is done otherwise." in text) == (not told)
    assert "total of 20 epochs is taken for each stage" in text and "own rates" not in text


def test_other_data_are_told(study: Study, photos: RatedPhotos, second: RatedPhotos) -> None:
    config = LiConfig("first", None, 1, 1, False, PAPER, False, Path(), None, second_count=15)
    assert deviations(replace(study, photos=photos), second, config, PAPER) == [
        "the score is learned from first, not from AVA or AADB",
        "the second branch learns warm, detail from second, not the Big Five from PsychoFlickr, and says nothing of "
        "personality",
        "at most 15 photographs of second are drawn",
        "8 of these are held out, the paper learns from all",
    ]


def test_weights_are_told_where_they_did_not_help() -> None:
    found = [InterTask({"warm": value}, {"warm": 0.2}, 3, 20, loss, 0.5) for value, loss in ((0.1, 0.4), (0.3, 0.6))]
    text = weights_sentence(found)
    assert "warm +0.2000 (mean of 2 trainings)" in text and "lowered that loss in 1 of 2 trainings" in text
    assert "stage 2 was left out" in weights_sentence([])


@pytest.mark.parametrize("raters", [0, 3, 5])
def test_photographs_that_raters_disagree_about(raters: int, photos: RatedPhotos, second: RatedPhotos) -> None:
    """Figure 1 needs five raters of a photograph."""
    votes = None
    if raters:
        photo = np.repeat(np.arange(len(photos)), raters)
        value = np.tile([1.0, 4.0, 5.0, 6.0, 10.0][:raters], len(photos))
        votes = Votes(photo, np.tile(np.arange(raters), len(photos)), value)
    figure = photographs_part(replace(photos, votes=votes), second)[0]
    assert figure.number == "Figure 1"  # type: ignore[union-attr]
    if raters < 5:
        assert isinstance(figure, Missing)
    else:
        assert isinstance(figure, Picture) and isinstance(figure.image, Image.Image)


@pytest.mark.parametrize("traits", [("agreeableness", "neuroticism"), ("warm", "detail")])
def test_photographs_of_the_second_domain(
    traits: tuple[str, str], second: RatedPhotos, photos: RatedPhotos, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figure 2: those of high agreeableness and high neuroticism, or else the ends of the first task."""
    assert set(traits) <= {*psychoflickr.TRAITS, "warm", "detail"}
    shown: list[list[str]] = []
    monkeypatch.setattr(
        "beholder.systems.li2019.report_photographs.photo_sheets.gallery",
        lambda paths, captions, columns: shown.append([path.name for path in paths]) or Image.new("RGB", (1, 1)),
    )
    tasks = tuple(replace(task, name=name) for task, name in zip(second.tasks, traits, strict=True))
    figure = photographs_part(photos, replace(second, tasks=tasks))[1]
    assert isinstance(figure, Picture) and figure.number == "Figure 2"
    first, other = second.ratings.T
    ends = [np.nanargmax(first), np.nanargmax(other) if traits[0] == "agreeableness" else np.nanargmin(first)]
    assert shown == [[Path(second.files[row]).name for row in ends]]


@pytest.mark.usefixtures("networks")
def test_domains_that_do_not_fit_are_told_before_any_work(second: RatedPhotos, tmp_path: Path) -> None:
    rows = [{"image": str(path), "warm": value} for path, value in zip(second.paths, second.ratings[:, 1], strict=True)]
    table = str(save_csv(tmp_path / "both.csv", rows))
    config = LiConfig(table, None, 1, 1, False, RECIPE, False, tmp_path / "work", tmp_path, table)
    with pytest.raises(BeholderError, match="both domains have a task called warm"):
        report(config, CPU)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "both.csv"]
