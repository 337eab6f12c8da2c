"""Appeal: votes, sources, white bars."""

from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data
from beholder.data.sets import appeal
from beholder.data.vote_distributions import check_means
from beholder.errors import BeholderError
from helpers.layouts import edit, make_appeal, refused, rows


def test_appeal_has_votes_and_sources(tmp_path: Path) -> None:
    photos = load_data(make_appeal(tmp_path), tmp_path)
    assert appeal.read_labels(photos.root).sources == ("own", "ava") and photos.groups is None and photos.splits is None
    assert photos.histogram is not None and photos.histogram.counts.tolist() == [[4, 3, 11, 6, 1], [0, 0, 0, 1, 1]]
    assert photos.n is not None and photos.n.tolist() == [[25], [2]]
    assert photos.sd is not None and photos.sd[1, 0] == pytest.approx(0.5**0.5)
    check_means(photos)


def test_bars_are_cut_off(tmp_path: Path) -> None:
    photos = load_data(make_appeal(tmp_path), tmp_path)
    assert appeal.read_labels(photos.root).bars.tolist() == [[0, 0], [2, 1]]
    read = appeal.photo_reader(photos.root)
    assert [read(path).shape for path in photos.paths] == [(8, 8, 3), (5, 8, 3)]
    rising = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)
    assert appeal.crop_bars(rising, 1, 1)[:, 0, 0].tolist() == [1, 2]
    assert appeal.crop_bars(rising, 0, 0).shape == rising.shape
    with pytest.raises(BeholderError, match="bars of 2 and 2 rows leave nothing of a photograph of 4 rows"):
        appeal.crop_bars(rising, 2, 2)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("4.5,2.0", "5.5,2.0", r"row 3, appeal_mean is 5\.5, outside its scale 1 to 5"),
        (",1.0,1.0,,5.1", ",,,,5.1", "photograph 2 has nan votes for 4"),
        (",v3,", ",votes,", "no column 'v3'"),
    ],
)
def test_bad_appeal_is_one_line(before: str, after: str, message: str, tmp_path: Path) -> None:
    make_appeal(tmp_path)
    edit(tmp_path / "appeal" / appeal.LABELS_FILE, before, after)
    refused(message, load_data, "appeal", tmp_path)


@pytest.mark.parametrize(("bar", "said"), [("-1", "-1"), ("1.5", "1.5"), ("", "nan")])
def test_bars_are_numbers_of_rows(bar: str, said: str, tmp_path: Path) -> None:
    make_appeal(tmp_path)
    edit(tmp_path / "appeal" / appeal.LABELS_FILE, ",2,1\n", f",{bar},1\n")
    refused(f"row 3, bar_top is {said}, no number of rows", load_data, "appeal", tmp_path)


def test_statistics_of_appeal_are_by_source_too(tmp_path: Path) -> None:
    make_appeal(tmp_path)
    said = rows("appeal", "--root", str(tmp_path))
    assert said["counts"][2] == {"of": "with white bars", "number": 1}
    assert [list(row.values()) for row in said["sources"]] == [["ava", 1, 4.5], ["own", 1, 2.88]]


def test_real_appeal(data_root: Path) -> None:
    if not (data_root / "appeal" / appeal.LABELS_FILE).is_file():
        pytest.skip(f"no appeal/ in {data_root}")
    photos = load_data("appeal", data_root)
    check_means(photos, 1e-3)
    labels = appeal.read_labels(photos.root)
    bars = labels.bars.sum(axis=1)
    assert len(photos) == 613 and len(set(labels.sources)) == 6 and (bars > 0).sum() == 78
    read = appeal.photo_reader(photos.root)
    for index in np.flatnonzero(bars)[:20]:
        assert read(photos.paths[index]).shape == (80 - bars[index], 80, 3)
