"""KonIQ-10k: shares of votes that become numbers of votes, two published tables."""

from pathlib import Path

import numpy as np

from beholder.data.registry import load_data
from helpers.layouts import edit, make_koniq10k, rows, write


def test_shares_become_votes(tmp_path: Path) -> None:
    photos = load_data(make_koniq10k(tmp_path), tmp_path)
    assert photos.histogram is not None and photos.histogram.counts[:2].tolist() == [[1, 2, 0, 0, 0], [0, 1, 2, 0, 0]]
    assert photos.sd is not None and photos.n is not None and photos.splits is not None
    np.testing.assert_allclose(photos.ratings[:2], [[5 / 3, 10.5], [8 / 3, 17.5]])
    np.testing.assert_allclose(photos.sd[0], [0.57735026919, np.nan])  # as published in the column SD
    assert photos.n[0].tolist() == [3, 3]
    assert [photos.splits.count(part) for part in ("train", "validation", "test")] == [8, 2, 2]


def test_the_table_without_a_split(tmp_path: Path) -> None:
    folder = tmp_path / make_koniq10k(tmp_path)
    table = (folder / "koniq10k_distributions_sets.csv").rename(folder / "koniq10k_scores_and_distributions.csv")
    edit(table, "MOS,SD,set", "MOS,SD,MOS_zscore")
    lines = [line.rpartition(",")[0] for line in table.read_text().splitlines()[1:]]
    write(table, [table.read_text().splitlines()[0], *(f"{line},{20 + row}" for row, line in enumerate(lines))])
    photos = load_data("koniq10k", tmp_path)
    assert photos.splits is None and photos.ratings[0].tolist() == [5 / 3, 20]


def test_small_photographs_are_read_where_the_large_are_not(tmp_path: Path) -> None:
    folder = tmp_path / make_koniq10k(tmp_path)
    (folder / "1024x768").rename(folder / "512x384")
    assert load_data("koniq10k", tmp_path).files[0] == "512x384/100.jpg"
    assert rows("koniq10k", "--root", str(tmp_path))["counts"][0]["number"] == 12
