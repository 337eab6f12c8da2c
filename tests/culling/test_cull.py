"""A shoot from files to decisions, with a real model."""

import numpy as np
import pytest

import beholder
from beholder.culling.cull import Wishes, _names, captured_text, cull, score_frames, series_info
from beholder.culling.keep import Keep
from beholder.culling.table import COLUMNS, EXTRA
from beholder.errors import BeholderError
from beholder.output.rows import columns_of
from beholder.scoring.extra_columns import model_extras
from helpers.shoots import save_shoot


@pytest.fixture(scope="module")
def fast():
    return beholder.load("fast")


@pytest.fixture(scope="module")
def shoot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shoot") / "shoot"
    return folder, save_shoot(folder)


@pytest.fixture(scope="module")
def scored(fast, shoot):
    folder, _ = shoot
    (folder / "broken.JPG").write_text("no photograph")
    try:
        return score_frames(fast, sorted(map(str, folder.iterdir())), model_extras(fast.info))
    finally:
        (folder / "broken.JPG").unlink()


def _rows(fast, scored, shoot, **wishes):
    with cull(fast.info, scored, (), Wishes(**wishes)) as found:
        names = shoot[1]
        return {names.get(row["path"].rsplit("/")[-1], "broken"): row for row in found.rows}


def test_the_untouched_frame_is_picked_and_the_reasons_are_right(fast, scored, shoot):
    rows = _rows(fast, scored, shoot)
    assert {name: (row["kind"], row["decision"], row["reason_code"]) for name, row in rows.items()} == {
        "good": ("burst", "pick", rows["good"]["reason_code"]),
        "soft": ("burst", "other", "softer"),
        "shaken": ("burst", "other", "motion"),
        "once": ("burst", "maybe", "too_close"),
        "twice": ("burst", "maybe", "too_close"),
        "middle": ("bracket", "pick", "bracket"),
        "dark": ("bracket", "pick", "bracket"),
        "bright": ("bracket", "pick", "bracket"),
        "alone": ("single", "pick", "only"),
        "broken": ("", "", "unreadable"),
    }
    assert rows["good"]["reason_code"] in ("sharper", "less_motion") and rows["good"]["p_best"] > 0.9
    assert rows["good"]["captured"] == "2026-05-30T09:00:00" and rows["good"]["camera"] == "Canon EOS R5"


def test_rows_have_the_columns_of_the_table(fast, scored):
    columns = list(columns_of(fast.info.tasks, (EXTRA, *model_extras(fast.info))))
    assert columns[1 : 1 + len(COLUMNS)] == list(COLUMNS)
    with cull(fast.info, scored, (), Wishes()) as found:
        for row in found.rows:
            assert list(row) == columns
            for name, kind in EXTRA.kinds.items():
                assert (kind is str) == isinstance(row[name], str), name
        assert [row["series"] for row in found.rows[:-1]] == sorted(row["series"] for row in found.rows[:-1])
        assert found.rows[-1]["error"] and len(found.frames) == len(found.rows) - 1


def test_only_series_are_measured_unless_all_are_asked_for(fast, scored, shoot):
    assert _rows(fast, scored, shoot)["alone"]["sharpness_subject"] is None
    rows = _rows(fast, scored, shoot, measure_all=True)
    assert rows["alone"]["sharpness_subject"] > 0
    assert rows["soft"]["sharpness_subject"] < rows["good"]["sharpness_subject"]


@pytest.mark.parametrize(("count", "picked"), [(1, 1), (2, 2), (4, 4)])
def test_a_number_of_keepers_from_different_scenes(fast, scored, shoot, count, picked):
    rows = _rows(fast, scored, shoot, keep=Keep(count=count))
    picks = [row for row in rows.values() if row["decision"] == "pick"]
    assert len({row["series"] for row in picks}) == picked


def test_a_measured_defect_is_rejected_where_that_is_asked_for(fast, scored, shoot):
    rows = _rows(fast, scored, shoot, reject_defects=True)
    assert {name for name, row in rows.items() if row["decision"] == "reject"} == {"soft", "shaken"}
    assert rows["soft"]["reason"].startswith("out of focus: ")


def test_pictures_are_of_their_rows(fast, scored):
    with cull(fast.info, scored, (), Wishes(pictures=True)) as found:
        for series in found.series.values():
            looks = [found.pictures.get(place) for place in series.members]
            assert all(look.thumbnail.startswith(b"\xff\xd8") for look in looks)
            assert all(bool(look.crop) == (len(looks) > 1) for look in looks)
        assert found.pictures.get(len(found.rows)).thumbnail == b""


def test_a_shoot_is_the_same_in_any_order(fast, shoot):
    folder, _ = shoot
    paths = sorted(map(str, folder.iterdir()))
    tables = []
    for order in (paths, paths[::-1]):
        with cull(fast.info, score_frames(fast, order, ()), (), Wishes()) as found:
            tables.append([(row["path"], row["series"], row["rank"], row["decision"]) for row in found.rows])
    assert tables[0] == tables[1]


@pytest.mark.parametrize("count", [0, 1])
def test_a_shoot_of_few(fast, shoot, count):
    paths = [str(shoot[0] / "IMG_0001.JPG")][:count]
    with cull(fast.info, score_frames(fast, paths, ()), (), Wishes(keep=Keep(share=0.2))) as found:
        assert [row["decision"] for row in found.rows] == ["pick"] * count


def test_a_model_that_knows_no_series_says_what_to_do(colour_model):
    with pytest.raises(BeholderError, match=r"cannot tell series of photographs.*Leave out --model"):
        series_info(beholder.load(colour_model).info)


def test_times_are_iso_with_the_zone_where_it_is_known():
    from datetime import datetime, timedelta

    from beholder.photos.metadata import Metadata

    taken = datetime(2026, 5, 30, 9, 0, 1, 250_000)
    assert captured_text(Metadata(taken, timedelta(hours=-3, minutes=-30))) == "2026-05-30T09:00:01.250-03:30"
    assert captured_text(Metadata(taken.replace(microsecond=0))) == "2026-05-30T09:00:01"
    assert captured_text(Metadata()) == ""


def test_a_photograph_that_vanishes_after_scoring_has_no_measures(fast, shoot, tmp_path):
    save_shoot(tmp_path / "shoot")
    paths = sorted(map(str, (tmp_path / "shoot").iterdir()))
    scored = score_frames(fast, paths, ())
    (tmp_path / "shoot" / "IMG_0002.JPG").unlink()
    with cull(fast.info, scored, (), Wishes(pictures=True)) as found:
        (gone,) = [row for row in found.rows if row["path"].endswith("IMG_0002.JPG")]
        assert gone["sharpness_subject"] is None and gone["rank"] > 1
        assert np.isfinite(gone["p_best"])


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/1.jpg"], ["1.jpg"]),
        (["a/1.jpg", "a/2.jpg"], ["1.jpg", "2.jpg"]),
        (["a/1.jpg", "b/1.jpg"], ["a/1.jpg", "b/1.jpg"]),
        (["x/a/y/1.jpg", "x/b/y/1.jpg", "x/b/y/2.jpg"], ["a/y/1.jpg", "b/y/1.jpg", "b/y/2.jpg"]),
        (["1.jpg", "a/1.jpg"], ["1.jpg", "a/1.jpg"]),
        (["1.jpg", "1.jpg"], ["1.jpg", "1.jpg"]),
    ],
)
def test_reasons_tell_files_of_one_name_apart_by_their_folders(paths, names):
    assert _names(paths) == names
