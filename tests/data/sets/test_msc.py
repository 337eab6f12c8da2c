"""MSC: a table of means in whatever way it is written, and a scale that it does not tell."""

from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data
from helpers.layouts import make_msc, picture, rows, write


def test_decimal_commas_and_an_inferred_scale(tmp_path: Path) -> None:
    photos = load_data(make_msc(tmp_path), tmp_path)
    (task,) = photos.tasks
    assert (task.name, task.low, task.high) == ("aesthetics", 1, 10)
    assert "scale 1 to 10 inferred from ratings of 1 to 9.8" in task.description
    assert photos.ratings[:3, 0].tolist() == [1, 1.8, 2.6] and photos.files[0] == "msc_00000.png"
    assert photos.sd is not None and photos.sd[:2, 0].tolist() == [1, 1.01] and photos.groups is None
    assert rows("msc", "--root", str(tmp_path))["ratings"][0]["scale"] == [1, 10]


@pytest.mark.parametrize(("folder", "pictures"), [("ratings", "MSC"), (".", ".")])
def test_other_places_and_names(folder: str, pictures: str, tmp_path: Path) -> None:
    for number in range(12):
        picture(tmp_path / "msc" / pictures / f"{number}.png", number)
    lines = [f"{number}.png,{number},{number % 2},0.5,{number}.25,100" for number in range(12)]
    write(tmp_path / "msc" / folder / "dataset_msc.csv", ["image,index,uglified,std,mean,mean_n", *lines])
    photos = load_data("msc", tmp_path)
    assert photos.ratings[:2, 0].tolist() == [0.25, 1.25] and photos.sd is not None and photos.sd[0, 0] == 0.5
    assert photos.n is not None and photos.n[0, 0] == 100


def test_single_ratings_are_averaged(tmp_path: Path) -> None:
    folder = tmp_path / make_msc(tmp_path)
    given = [(rater, number, 1 + (number + step) % 7) for number in range(12) for step, rater in enumerate("ab")]
    votes = [f"{rater};msc_{number:05}.png;{rating}" for rater, number, rating in given]
    write(folder / "dataset_msc.csv", ["participant;Filename;rating", *votes])
    photos = load_data("msc", tmp_path)
    assert photos.ratings[0, 0] == 1.5 and photos.votes is not None and len(photos.votes) == 24
    assert photos.histogram is not None and np.array_equal(photos.histogram.values, np.arange(1, 8))
