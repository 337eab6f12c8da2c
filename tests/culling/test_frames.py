from datetime import datetime, timedelta
from itertools import permutations

import pytest

from beholder.culling.frames import Frame, frames_of, path_order
from beholder.photos.metadata import Metadata


def at(seconds, **known):
    return Metadata(captured=datetime(2026, 5, 17, 12) + timedelta(seconds=seconds), **known)


@pytest.fixture
def found(tmp_path):
    """Names and seconds (None: unknown) -> pairs of what stands for a shot and what goes with it."""

    def make(seconds):
        files = {}
        for name, moment in seconds.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"" if name.startswith("empty") else b"picture")
            files[str(path)] = Metadata() if moment is None else at(moment)
        every = [
            [
                (frame.path.removeprefix(f"{tmp_path}/"), *(path.removeprefix(f"{tmp_path}/") for path in frame.paired))
                for frame in frames_of(dict(order))
            ]
            for order in permutations(files.items())
        ]
        assert all(each == every[0] for each in every)
        return every[0]

    return make


@pytest.mark.parametrize(
    ("files", "shots"),
    [
        pytest.param({"1.CR2": 0, "1.JPG": 0}, [("1.JPG", "1.CR2")], id="RAW and JPEG"),
        pytest.param({"1.CR2": 0, "1.JPG": 2, "1.heic": 0}, [("1.JPG", "1.heic", "1.CR2")], id="three files"),
        pytest.param({"1.dng": 0, "1.heic": 1}, [("1.heic", "1.dng")], id="RAW and HEIC"),
        pytest.param({"1.CR2": 0, "1.JPG": 3}, [("1.CR2",), ("1.JPG",)], id="the counter began again"),
        pytest.param({"1.CR2": None, "1.JPG": 3}, [("1.JPG", "1.CR2")], id="one time is unknown"),
        pytest.param({"1.CR2": 90, "1.JPG": 0, "1.jpeg": 90}, [("1.JPG",), ("1.jpeg", "1.CR2")], id="two JPEGs"),
        pytest.param({"a/1.CR2": 0, "b/1.JPG": 0}, [("a/1.CR2",), ("b/1.JPG",)], id="two folders"),
        pytest.param({"1.CR2": 0, "1.tif": 0, "1.png": 0}, [("1.CR2",), ("1.png",), ("1.tif",)], id="edited"),
        pytest.param({"empty.CR2": 0, "empty.JPG": 0}, [("empty.CR2",), ("empty.JPG",)], id="empty files"),
        pytest.param({"10.JPG": 0, "9.JPG": 0, "9.NEF": 0}, [("9.JPG", "9.NEF"), ("10.JPG",)], id="natural order"),
    ],
)
def test_files_of_one_shot_are_one_frame(files, shots, found):
    assert found(files) == shots


def test_metadata_is_that_of_the_file_that_stands_for_the_shot(tmp_path):
    jpeg, raw = str(tmp_path / "1.jpg"), str(tmp_path / "1.nef")
    for path in (jpeg, raw):
        (tmp_path / path).write_bytes(b"picture")
    files = {raw: at(0.25), jpeg: at(0)}
    assert frames_of(files) == [Frame(jpeg, at(0), (raw,))]
    assert frames_of({}) == []


def test_natural_order_goes_by_folder_first():
    assert sorted(["b/1.jpg", "a/10.jpg", "a/9.jpg", "a10/1.jpg", "a9/1.jpg"], key=path_order) == [
        "a/9.jpg",
        "a/10.jpg",
        "a9/1.jpg",
        "a10/1.jpg",
        "b/1.jpg",
    ]
