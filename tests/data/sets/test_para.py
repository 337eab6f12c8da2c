"""PARA: numbers of votes, who voted, and the raters' Big Five."""

from pathlib import Path

import numpy as np

from beholder.data.registry import load_data
from beholder.data.sets import para
from helpers.layouts import edit, make_para, rows, stats


def test_ratings_and_votes(tmp_path: Path) -> None:
    photos = load_data(make_para(tmp_path), tmp_path)
    assert photos.files[0] == "imgs/session1/iaa_pub0_.jpg" and photos.splits == ("train",) * 9 + ("test",) * 3
    assert photos.ratings[0].tolist() == [1.5, 3.25, *[2.7] * 7]
    assert photos.sd is not None and photos.n is not None and photos.histogram is not None and photos.votes is not None
    assert photos.sd[0].tolist() == [0.5, 0.4, *[0.6] * 7] and photos.n[0].tolist() == [3] * 9
    assert photos.histogram.counts[0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0]
    first = photos.votes.photo == 0
    assert photos.votes.rater[first].tolist() == ["A1", "B2", "C3"]
    assert photos.votes.value[first].tolist() == [1, 1.5, 2] and len(photos.votes) == 36


def test_traits_of_raters(tmp_path: Path) -> None:
    folder = tmp_path / make_para(tmp_path)
    raters = para.read_raters(folder)
    assert raters is not None and raters.labels == ("A", "B", "C")
    assert raters.traits[0].tolist() == [9, 6, 7, 8, 3]  # O, C, E, A, N, published as E, A, N, O, C
    said = rows("para", "--root", str(tmp_path))
    assert said["traits"][0] == {"trait": "openness", "minimum": 7, "mean": 8, "maximum": 9}
    (folder / "annotation" / "PARA-UserInfo.csv").unlink()
    assert para.read_raters(folder) is None and "traits" not in rows("para", "--root", str(tmp_path))


def test_without_single_votes_the_rest_loads(tmp_path: Path) -> None:
    folder = tmp_path / make_para(tmp_path)
    (folder / "annotation" / "PARA-Images.csv").unlink()
    photos = load_data("para", tmp_path)
    assert photos.votes is None and photos.histogram is not None
    assert "agreement" not in rows("para", "--root", str(tmp_path))


def test_votes_of_other_photographs_and_attributes_that_are_empty_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / make_para(tmp_path) / "annotation"
    edit(folder / "PARA-Images.csv", "session1,iaa_pub0_.jpg,A1", "session1,iaa_pub99_.jpg,A1")
    edit(folder / "PARA-Images.csv", "iaa_pub0_.jpg,B2,1.5", "iaa_pub0_.jpg,B2,")
    edit(folder / "PARA-GiaaTrain.csv", "1.5,0.5,3.25", "1.5,0.5,")
    photos = load_data("para", tmp_path)
    assert photos.votes is not None and photos.votes.rater[photos.votes.photo == 0].tolist() == ["C3"]
    assert np.isnan(photos.ratings[0, 1]) and np.isnan(photos.ratings).sum() == 1


def test_one_rater_agrees_with_nobody(tmp_path: Path) -> None:
    path = tmp_path / make_para(tmp_path) / "annotation" / "PARA-Images.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *(line for line in lines if ",A1," in line)]) + "\n")
    everyone = rows("para", "--root", str(tmp_path))["agreement"][-1]
    assert everyone == {"photographs rated": "all", "raters": 0, "mean SRCC": None, "95% interval": [None, None]}
    assert "0 of 1 raters" in " ".join(stats("para", "--root", str(tmp_path)).split())
