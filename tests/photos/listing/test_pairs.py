"""One file stands for a shot: the JPEG, else the HEIC, else the RAW."""

import itertools
import unicodedata
from pathlib import Path

import pytest

from beholder.photos.listing.find import Unreadable
from beholder.photos.listing.pairs import Shots


def kept(folder: Path, *names: str, empty: tuple[str, ...] = ()) -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(b"" if name in empty else b"picture")
    shots = Shots(str(folder / name) for name in names)
    return [name for name in names if not shots.has_better(str(folder / name))]


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        pytest.param(["1.CR2", "1.JPG"], ["1.JPG"], id="RAW and JPEG"),
        pytest.param(["1.DNG", "1.heic"], ["1.heic"], id="RAW and HEIC"),
        pytest.param(["1.HEIC", "1.jpeg"], ["1.jpeg"], id="HEIC and JPEG"),
        pytest.param(["1.DNG", "1.HIF", "1.JPG", "1.NEF"], ["1.JPG"], id="all of them"),
        pytest.param(["a/1.ARW", "b/1.JPG"], ["a/1.ARW", "b/1.JPG"], id="two folders"),
        pytest.param(["1.CR2", "1.DNG"], ["1.CR2", "1.DNG"], id="RAW and its conversion"),
        pytest.param(["1.jpg", "1.jpeg"], ["1.jpg", "1.jpeg"], id="two JPEGs"),
        pytest.param(["1.CR2", "1.tif", "1.png"], ["1.CR2", "1.tif", "1.png"], id="edited pictures"),
        pytest.param(["img_1.rw2", "IMG_1.JPG"], ["IMG_1.JPG"], id="case"),
        pytest.param(
            ["1.CR2", "10.JPG", "1.CR2.JPG", "1 (2).JPG"], ["1.CR2", "10.JPG", "1.CR2.JPG", "1 (2).JPG"], id="near"
        ),
        pytest.param(["P.RAW-01.COVER.jpg", "P.RAW-02.ORIGINAL.dng"], ["P.RAW-01.COVER.jpg"], id="as Pixels name them"),
    ],
)
def test_pairs(tmp_path: Path, names: list[str], taken: list[str]) -> None:
    for number, order in enumerate(itertools.islice(itertools.permutations(names), 6)):
        assert sorted(kept(tmp_path / str(number), *order)) == sorted(taken)


def test_what_holds_no_picture_stands_for_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path, "1.NEF", "1.JPG", empty=("1.JPG",)) == ["1.NEF", "1.JPG"]
    shots = Shots([str(tmp_path / "gone.jpg"), Unreadable("gone.jpg", "gone.jpg: no photographs in this folder")])
    assert not shots.has_better(str(tmp_path / "gone.nef"))


def test_spellings_of_one_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("\xfc.jpg").write_bytes(b"picture")
    shots = Shots([".//\xfc.jpg"])
    assert shots.has_better(unicodedata.normalize("NFD", str(tmp_path / "\xfc.nef")))
