"""Frames are given as subjects: embeddings of one subject have a cosine of about `near`, others are almost at right
angles."""

import tracemalloc
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from beholder.culling.frames import Frame, frames_of
from beholder.culling.grouping import BLOCK, MAX_TABLE
from beholder.culling.layout import SIDE
from beholder.culling.sequences import MAX_AT_ONCE
from beholder.culling.series import ALIKE, BRACKET, BURST, SINGLE, find_series
from beholder.photos.edits import expose
from beholder.photos.metadata import Metadata, read_metadata
from helpers.exif_files import exif, tiff_block
from helpers.photo_files import CHINA, FLOWER, encode

LIKE, SAME = 0.75, 0.9
WIDTH = 1000
NOON = datetime(2026, 5, 17, 12)


def shot(path, seconds=None, **known):
    captured = None if seconds is None else NOON + timedelta(seconds=seconds)
    return Frame(path, Metadata(captured=captured, **known))


def views(subjects, near=0.95, seed=0):
    """One embedding for each subject in a list; two of one subject have a cosine of about `near`."""
    rng = np.random.default_rng(seed)
    middles = {subject: unit(rng.standard_normal(WIDTH)) for subject in dict.fromkeys(subjects)}
    spread = np.sqrt(1 / near - 1)
    return np.stack([middles[each] + spread * unit(rng.standard_normal(WIDTH)) for each in subjects])


def unit(vector):
    return vector / np.linalg.norm(vector)


def found(frames, embeddings, layout=lambda path: None):
    """(kind, names, scene) of each series, checked for what is true of any."""
    embeddings = np.asarray(embeddings)
    series = find_series(frames, embeddings, like=LIKE, same=SAME, layout=layout)
    assert sorted(number for each in series for number in each.members) == list(range(len(frames)))
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    for each in series:
        assert each.medoid in each.members and (each.kind == SINGLE) == (len(each.members) == 1)
        if each.kind in (BURST, ALIKE):
            assert (units[list(each.members)] @ units[each.medoid]).min() >= LIKE - 1e-5
    assert list(dict.fromkeys(each.scene for each in series)) == list(range(len({each.scene for each in series})))
    return [(each.kind, " ".join(frames[number].path for number in each.members), each.scene) for each in series]


def test_a_burst_is_soon_and_alike():
    frames = [shot("1", 0), shot("2", 2), shot("3", 3), shot("4", 90), shot("5", 91)]
    assert found(frames, views("AABAC", near=0.8)) == [
        (BURST, "1 2", 0),
        (SINGLE, "3", 1),
        (SINGLE, "4", 2),
        (SINGLE, "5", 3),
    ]


def test_nearly_the_same_at_any_time_is_one_series():
    frames = [shot("1", 0), shot("2", 1), shot("3", 86_400 * 30)]
    assert found(frames, views("AAA", near=0.97)) == [(ALIKE, "1 2 3", 0)]
    assert found(frames, views("AAA", near=0.8)) == [(BURST, "1 2", 0), (SINGLE, "3", 1)]


def test_a_scene_is_wider_than_a_burst():
    frames = [shot("1", 0), shot("2", 1), shot("3", 40), shot("4", 41), shot("5", 80), shot("6", 200)]
    assert found(frames, views("AAAABA", near=0.82)) == [
        (BURST, "1 2", 0),
        (BURST, "3 4", 0),
        (SINGLE, "5", 1),
        (SINGLE, "6", 2),
    ]


def test_a_slow_change_is_not_chained():
    """300 steps of which each is alike the one before, from one subject to another: no series spans them."""
    angles = np.linspace(0, np.pi / 2, 300)
    embeddings = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    series = find_series([shot(f"{n}", n) for n in range(300)], embeddings, like=LIKE, same=SAME)
    for each in series:
        spanned = angles[max(each.members)] - angles[min(each.members)]
        assert spanned <= 2 * np.arccos(LIKE) + 1e-6
    assert 1 < len(series) < 10


def test_a_frame_goes_to_the_medoid_that_it_is_most_like():
    degrees = np.radians([0, 7, 7, 7, 7, 8, 48, 70, 71])  # the one at 48 is linked to both groups, nearer to the second
    embeddings = np.stack([np.cos(degrees), np.sin(degrees)], axis=1)
    series = found([shot(f"{n}", n) for n in range(9)], embeddings)
    assert [each[1] for each in series] == ["0 1 2 3 4 5", "6 7 8"]


def test_a_burst_stays_whole():
    """The frame of another time is nearly the same as one of a burst, but not as the other."""
    degrees = np.radians([0, 30, 35])
    embeddings = np.stack([np.cos(degrees), np.sin(degrees)], axis=1)
    assert found([shot("1", 0), shot("2", 1), shot("3", 999)], embeddings) == [(BURST, "1 2", 0), (SINGLE, "3", 1)]
    assert found([shot("1", 0), shot("2", 500), shot("3", 999)], embeddings) == [(SINGLE, "1", 0), (ALIKE, "2 3", 1)]


def test_two_bursts_that_are_nearly_the_same_are_one_series():
    frames = [shot("1", 0), shot("2", 1), shot("3", 999), shot("4", 1000)]
    assert found(frames, views("AAAA", near=0.96)) == [(ALIKE, "1 2 3 4", 0)]


def test_two_bodies_are_not_compared_in_time():
    one, other = {"camera": "Canon EOS R5", "serial": "1"}, {"camera": "Canon EOS R5", "serial": "2"}
    frames = [shot("a/IMG_1", 0, **one), shot("b/IMG_1", 0, **other), shot("a/IMG_2", 1, **one)]
    assert [each[:2] for each in found(frames, views("AAA", near=0.8))] == [
        (BURST, "a/IMG_1 a/IMG_2"),
        (SINGLE, "b/IMG_1"),
    ]
    assert found(frames, views("AAA", near=0.97)) == [(ALIKE, "a/IMG_1 a/IMG_2 b/IMG_1", 0)]


def test_a_long_exposure_is_no_pause():
    frames = [shot("1", 0, exposure_time=30.0), shot("2", 31), shot("3", 62)]
    assert found(frames, views("AAA", near=0.8)) == [(BURST, "1 2", 0), (SINGLE, "3", 0)]


@pytest.mark.parametrize(
    ("names", "series"),
    [
        (["IMG_9.jpg", "IMG_10.jpg", "IMG_11.jpg"], ["IMG_9.jpg IMG_10.jpg IMG_11.jpg"]),
        (["IMG_1.jpg", "IMG_3.jpg", "IMG_4.jpg"], ["IMG_1.jpg", "IMG_3.jpg IMG_4.jpg"]),
        (["a/IMG_1.jpg", "b/IMG_2.jpg"], ["a/IMG_1.jpg", "b/IMG_2.jpg"]),
        (["IMG_1.jpg", "DSC_2.jpg"], ["DSC_2.jpg", "IMG_1.jpg"]),
        (["1-edited.jpg", "1.jpg", "2-edited.jpg", "2.jpg"], ["1.jpg 2.jpg", "1-edited.jpg 2-edited.jpg"]),
        (["beach.jpg", "church.jpg"], ["beach.jpg", "church.jpg"]),
    ],
)
def test_without_times_the_next_number_is_a_neighbour(names, series):
    assert [each[1] for each in found([Frame(name) for name in names], views("A" * len(names), near=0.8))] == series


def test_without_times_numbers_alone_say_little():
    """Two frames of one subject, with others between: with times a burst, by number not."""
    embeddings = views("ABA", near=0.8)
    assert len(found([shot(f"{n}", n) for n in range(3)], embeddings)) == 2
    assert len(found([shot(f"{n}") for n in range(3)], embeddings)) == 3


def test_a_clock_that_stands_still_says_nothing():
    count = MAX_AT_ONCE + 1
    frames = [shot(f"{n}", 0) for n in range(count)]
    subjects = ["AB"[n % 2] for n in range(count)]  # never twice in a row
    assert len(found(frames, views(subjects, near=0.8))) == count
    assert len(found(frames[1:], views(subjects[1:], near=0.8))) == 2


def test_a_clock_that_was_set_back_in_between():
    """The second half happened later and says that it was earlier, among frames of other subjects."""
    frames = [shot(f"IMG_{n}", seconds) for n, seconds in enumerate([100, 101, 102, 99.5, 100.5, 101.5])]
    assert found(frames, views("AAABBB", near=0.8)) == [
        (BURST, "IMG_3 IMG_4 IMG_5", 0),
        (BURST, "IMG_0 IMG_1 IMG_2", 1),
    ]


def test_over_midnight_and_time_zones():
    late = [shot(f"{n}", 43_199 + n) for n in range(3)]
    assert [frame.metadata.captured.day for frame in late] == [17, 18, 18]
    assert found(late, views("AAA", near=0.8)) == [(BURST, "0 1 2", 0)]
    before, after = {"utc_offset": timedelta(hours=2)}, {"utc_offset": timedelta(hours=1)}
    frames = [shot("1", 3600, **before), shot("2", 1, **after), shot("3", 3601, **after)]
    assert [each[1] for each in found(frames, views("AAA", near=0.8))] == ["1 2", "3"]
    frames[2] = shot("3", 3601)  # one without a zone: all by the clock
    assert [each[1] for each in found(frames, views("AAA", near=0.8))] == ["2", "1 3"]


def bracket(biases, gap=0.5, start=0, **known):
    return [shot(f"{n}", start + n * gap, exposure_bias=bias, **known) for n, bias in enumerate(biases)]


FRAMING = np.random.default_rng(1).integers(20, 230, (4, SIDE, SIDE)).astype(np.uint8)


def same_framing(path):
    return FRAMING[0]


@pytest.mark.parametrize(
    ("frames", "layout", "kinds"),
    [
        pytest.param(bracket([0, -2, 2]), same_framing, [(BRACKET, "0 1 2")], id="three"),
        pytest.param(
            bracket([0, -1, 1, 0, -1, 1]),
            same_framing,
            [(BRACKET, "0 1 2"), (BRACKET, "3 4 5")],
            id="one after another",
        ),
        pytest.param(bracket([0, -2]), same_framing, [(BURST, "0 1")], id="two by hand"),
        pytest.param(bracket([0, -2], auto_bracket=True), same_framing, [(BRACKET, "0 1")], id="two by the camera"),
        pytest.param(bracket([0, 0, 0]), same_framing, [(BURST, "0 1 2")], id="one exposure"),
        pytest.param(bracket([None, None, None]), same_framing, [(BURST, "0 1 2")], id="unknown exposure"),
        pytest.param(
            bracket([0, -2, 2], gap=9), same_framing, [(SINGLE, "0"), (SINGLE, "1"), (SINGLE, "2")], id="too slow"
        ),
        pytest.param(
            bracket([0, -2, 2], gap=9, exposure_time=8.0), same_framing, [(BRACKET, "0 1 2")], id="long exposures"
        ),
        pytest.param(bracket([0, -2, 2]), lambda path: FRAMING[int(path)], [(BURST, "0 1 2")], id="other framings"),
        pytest.param(
            bracket([-1, 0, 1, 2]),
            lambda path: FRAMING[int(path == "0")],
            [(SINGLE, "0"), (BRACKET, "1 2 3")],
            id="moved",
        ),
        pytest.param(bracket([0, -2, 2]), lambda path: None, [(BURST, "0 1 2")], id="unreadable"),
    ],
)
def test_brackets(frames, layout, kinds):
    found_series = [each[:2] for each in found(frames, views("A" * len(frames), near=0.8), layout)]
    assert found_series == kinds


def test_the_medoid_of_a_bracket_is_exposed_as_metered_and_likeness_does_not_count():
    frames = bracket([-2, 0, 2])
    (series,) = find_series(frames, views("ABC"), like=LIKE, same=SAME, layout=same_framing)
    assert (series.kind, series.medoid) == (BRACKET, 1)


def test_layouts_are_read_only_where_a_bracket_may_be():
    asked = []
    frames = [*bracket([0, 0, 0]), shot("a", 50), *(replace(each, path="b") for each in bracket([1, 2, 3], start=99))]
    found(frames, views("A" * len(frames)), asked.append)
    assert asked == ["b", "b", "b"]


def test_a_folder(tmp_path):
    """Files as cameras write them: a bracket and a burst, each JPEG with its RAW, and a photograph without metadata."""
    for number, stops in enumerate([0, -2, 2, None, None]):
        picture = CHINA if stops is not None else FLOWER[number:]
        shot_tags = {0x9003: "2026:05:17 23:59:58", 0x9291: f"{number}", 0x9204: (stops or 0, 1)}
        written = exif({0x0110: "One"}, shot_tags)
        (tmp_path / f"DSC_{number}.JPG").write_bytes(encode(expose(picture, stops or 0), "JPEG", exif=written))
        (tmp_path / f"DSC_{number}.NEF").write_bytes(tiff_block({0x0110: "One"}, shot_tags))
    (tmp_path / "scan.png").write_bytes(encode(CHINA, "PNG"))
    frames = frames_of({str(path): read_metadata(path) for path in tmp_path.iterdir()})
    assert [len(frame.paired) for frame in frames] == [1] * 5 + [0]
    embeddings = views("AAABBC", near=0.95)
    series = find_series(frames, embeddings, like=LIKE, same=SAME)
    assert sorted((each.kind, each.members) for each in series) == [
        (BRACKET, (0, 1, 2)),
        (BURST, (3, 4)),
        (SINGLE, (5,)),
    ]


def test_the_order_of_the_paths_does_not_matter():
    rng = np.random.default_rng(4)
    frames = [shot(f"IMG_{n}.jpg", None if n % 7 == 0 else n // 2, camera=f"{n % 3}") for n in range(120)]
    embeddings = views(["ABCDEF"[n // 20] for n in range(120)], near=0.85)[:, :50]  # with more chance
    first = sorted(found(frames, embeddings))
    for _ in range(5):
        order = rng.permutation(120)
        assert sorted(found([frames[n] for n in order], embeddings[order])) == first
    assert {each[0] for each in first} == {SINGLE, BURST, ALIKE}


def test_none_and_one():
    assert find_series([], np.zeros((0, 8)), like=LIKE, same=SAME) == []
    assert found([Frame("a")], np.ones((1, 8))) == [(SINGLE, "a", 0)]


@pytest.mark.parametrize("broken", [0.0, np.nan, np.inf])
def test_an_embedding_that_is_no_direction_is_like_nothing(broken):
    embeddings = np.ones((3, 8), np.float16)
    embeddings[1] = broken
    series = find_series([shot(f"{n}", n) for n in range(3)], embeddings, like=LIKE, same=SAME)
    assert [each.members for each in series] == [(0, 2), (1,)]


@pytest.mark.parametrize("count", [BLOCK + 300, MAX_TABLE + 300])
def test_all_identical_files_are_one_series(count):
    series = find_series([Frame(f"copy {n}.jpg") for n in range(count)], np.ones((count, 4)), like=LIKE, same=SAME)
    assert [(each.members, each.medoid) for each in series] == [(tuple(range(count)), 0)]


def test_large_groups_are_divided_as_small_ones_are(monkeypatch):
    monkeypatch.setattr("beholder.culling.grouping.BLOCK", 7)
    frames = [shot(f"{n}", n) for n in range(60)]
    embeddings = views(["ABCD"[n // 15] for n in range(60)], near=0.75)[:, :50]  # on both sides of the limit
    whole = found(frames, embeddings)
    monkeypatch.setattr("beholder.culling.grouping.MAX_TABLE", 2)
    assert found(frames, embeddings) == whole
    assert 1 < sum(" " in names for _, names, _ in whole) < len(whole)


def test_memory_does_not_grow_with_the_square_of_the_frames():
    peaks = []
    for count in (2000, 4000):
        frames = [shot(f"{n}", n) for n in range(count)]
        embeddings = views([n // 4 for n in range(count)], near=0.8)[:, :100].astype(np.float16)
        tracemalloc.start()
        try:
            find_series(frames, embeddings, like=LIKE, same=SAME)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.7 * peaks[0]  # the frames themselves double, blocks do not
