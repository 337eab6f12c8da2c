"""Stars, picks and rejects that are there already become ratings, and what says nothing does not."""

from pathlib import Path

import pytest

from beholder.data.xmp_ratings import PICKS, STARS, FoundRatings, load
from beholder.photos.listing.find import Unreadable
from beholder.xmp.mark import Mark
from beholder.xmp.profiles import profiles_of
from beholder.xmp.write import write_marks
from helpers.layouts import refused
from helpers.xmp_packets import lightroom


def rated(folder: Path, said: dict[str, dict[str, str]], enough: int = 3) -> FoundRatings:
    """What is learned from photographs with these properties in their sidecars."""
    for name, properties in said.items():
        (folder / name).write_bytes(b"\xff\xd8\xff\xd9")
        (folder / f"{name}.xmp").write_bytes(lightroom(**properties))
    return load([str(folder / name) for name in said], "photos", enough)


def by_name(found: FoundRatings) -> dict[str, float]:
    return {path.name: value for path, value in zip(found.photos.paths, found.photos.ratings[:, 0], strict=True)}


STAR = [{"xmp_Rating": str(stars)} for stars in range(6)]
PICK, REJECT = {"xmpDM_pick": "1", "xmpDM_good": "true"}, {"xmpDM_pick": "-1", "xmpDM_good": "false"}


def test_stars_alone_where_there_are_enough(tmp_path: Path) -> None:
    said = {"a.jpg": STAR[1], "b.jpg": {**STAR[3], **REJECT}, "c.jpg": {**STAR[5], **PICK}}
    others = {"d.jpg": STAR[0], "e.jpg": {}, "f.jpg": REJECT, "g.jpg": {"xmp_Rating": "-1"}, "h.jpg": PICK}
    found = rated(tmp_path, {**said, **others})
    assert by_name(found) == {"a.jpg": 1, "b.jpg": 3, "c.jpg": 5} and found.photos.tasks == (STARS,)
    assert found.line == (
        "photos: 3 with stars, 2 picked, 3 rejected; stars are learned from; no stars, and rejects, say nothing"
    )


@pytest.mark.parametrize("stars", [STAR[4], {}, STAR[0]])
def test_picks_over_rejects_where_stars_are_few_or_all_the_same(tmp_path: Path, stars: dict[str, str]) -> None:
    said = {"a.jpg": {**PICK, **stars}, "b.jpg": {**PICK, **stars}, "c.jpg": {**REJECT, **stars}}
    found = rated(tmp_path, {**said, "d.jpg": {"digiKam_PickLabel": "2"}, "e.jpg": {}})
    assert by_name(found) == {"a.jpg": 1, "b.jpg": 1, "c.jpg": 0} and found.photos.tasks == (PICKS,)


@pytest.mark.parametrize(
    "said", [[], [STAR[3], STAR[3], STAR[3]], [PICK, PICK, PICK], [REJECT] * 3, [STAR[1], STAR[2]]]
)
def test_what_says_too_little(tmp_path: Path, said: list[dict[str, str]]) -> None:
    names = {f"{place}.jpg": each for place, each in enumerate(said)}
    refused(r"photos: \d with stars, \d picked, \d rejected; a taste needs 3", rated, tmp_path, names)


def test_what_we_wrote_is_not_the_persons(tmp_path: Path) -> None:
    found = {"a.jpg": STAR[1], "b.jpg": STAR[3], "c.jpg": STAR[5], "d.jpg": {}}
    rated(tmp_path, found)
    marks = [Mark(str(tmp_path / name), {"Overall": "5"}, 4, None, "pick") for name in found]
    list(write_marks(marks, profiles_of("sidecar")))
    found_again = load([str(tmp_path / name) for name in found], "photos", 3)
    assert by_name(found_again) == {"a.jpg": 1, "b.jpg": 3, "c.jpg": 5}
    assert "0 picked" in found_again.line


def test_the_jpeg_of_a_pair_stands_for_it(tmp_path: Path) -> None:
    said = {"a.NEF": STAR[1], "b.NEF": STAR[3], "c.NEF": STAR[5], "a.jpg": {}, "b.jpg": STAR[2], "d.jpg": STAR[4]}
    assert by_name(rated(tmp_path, said)) == {"a.jpg": 1, "b.jpg": 2, "c.NEF": 5, "d.jpg": 4}


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    rated(tmp_path, {"a.jpg": STAR[1], "b.jpg": STAR[3], "c.jpg": STAR[5], "d.jpg": STAR[2]})
    (tmp_path / "d.jpg.xmp").write_bytes(b"no")
    names = [str(tmp_path / f"{letter}.jpg") for letter in "abcdx"]
    found = load([*names, Unreadable("nowhere", "nowhere: no")], "photos", 3)
    assert len(found.photos) == 3 and set(found.problems) == {names[3], names[4], "nowhere"}


def test_what_says_too_little_since_it_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xd9")
    (tmp_path / "a.jpg.xmp").write_bytes(b"no")
    refused("0 rejected, 1 could not be read .*a.jpg.xmp: is not XML", load, [str(tmp_path / "a.jpg")], "photos", 3)
