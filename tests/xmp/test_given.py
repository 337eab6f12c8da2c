"""What people have set is read, wherever it stands; what we wrote is not theirs."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from beholder.errors import BeholderError
from beholder.xmp.given import EXIF, INSIDE, read_given
from beholder.xmp.mark import Mark
from beholder.xmp.profiles import profiles_of
from beholder.xmp.write import write_marks
from helpers.xmp_packets import STYLES, lightroom, texts


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("properties", "rating", "flag", "label"),
    [
        ({}, None, "", ""),
        ({"xmp_Rating": "3"}, 3, "", ""),
        ({"xmp_Rating": "5.0"}, 5, "", ""),
        ({"xmp_Rating": "0"}, None, "", ""),
        ({"xmp_Rating": "-1"}, None, "reject", ""),
        ({"xmp_Rating": "9"}, None, "", ""),
        ({"xmp_Rating": "inf"}, None, "", ""),
        ({"xmpDM_pick": "1", "xmpDM_good": "true"}, None, "pick", ""),
        ({"xmpDM_pick": "-1"}, None, "reject", ""),
        ({"xmpDM_good": "False"}, None, "reject", ""),
        ({"xmpDM_pick": "0"}, None, "", ""),
        ({"digiKam_PickLabel": "1"}, None, "reject", ""),
        ({"digiKam_PickLabel": "2"}, None, "maybe", ""),
        ({"digiKam_PickLabel": "3", "xmp_Rating": "4"}, 4, "pick", ""),
        ({"xmp_Label": "Lila", "photoshop_LabelColor": "purple"}, None, "", "Lila"),
        ({"photoshop_LabelColor": "red"}, None, "", "red"),
        ({"digiKam_ColorLabel": "4"}, None, "", "Green"),
    ],
)
def test_what_a_sidecar_says(
    tmp_path: Path, style: str, properties: dict[str, str], rating: int | None, flag: str, label: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xd9")
    (tmp_path / "a.jpg.xmp").write_bytes(STYLES[style](**properties))
    found = read_given(str(tmp_path / "a.jpg"))
    assert (found.rating, found.flag, found.label) == (rating, flag, label)
    assert bool(found) == bool(rating or flag or label)
    assert set(found.sources.values()) <= {"a.jpg.xmp"}


def test_the_first_place_that_has_it_counts(tmp_path: Path, photos: list[Path]) -> None:
    path = tmp_path / "a.jpg"
    content, segment = (
        photos[0].read_bytes(),
        b"http://ns.adobe.com/xap/1.0/\0" + lightroom(xmp_Rating="1", xmp_Label="A"),
    )
    path.write_bytes(content[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2) + segment + content[2:])
    found = read_given(str(path))
    assert (found.rating, found.label, found.sources) == (1, "A", {"rating": INSIDE, "label": INSIDE})
    (tmp_path / "a.xmp").write_bytes(lightroom(xmp_Rating="2"))
    (tmp_path / "a.jpg.xmp").write_bytes(lightroom(xmpDM_pick="1"))
    found = read_given(str(path))
    assert (found.rating, found.flag, found.label) == (2, "pick", "A")
    assert found.sources == {"flag": "a.jpg.xmp", "rating": "a.xmp", "label": INSIDE}
    (tmp_path / "a.NEF").write_bytes(b"")  # then a.xmp is the RAW's
    assert read_given(str(path)).rating == 1


def test_stars_of_exif(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x4746] = 3
    Image.new("RGB", (9, 9)).save(path, exif=exif)
    found = read_given(str(path))
    assert (found.rating, found.sources) == (3, {"rating": EXIF})
    (tmp_path / "a.xmp").write_bytes(lightroom(xmp_Rating="2"))
    assert read_given(str(path)).rating == 2
    (tmp_path / "a.xmp").unlink()
    (done,) = write_marks([Mark(str(path), {}, 4)], profiles_of("sidecar"))
    assert done.kept == ("rating",) and not (tmp_path / "a.jpg.xmp").exists()
    exif[0x4746] = 4
    Image.new("RGB", (9, 9)).save(path)
    list(write_marks([Mark(str(path), {"Overall": "5"}, 4)], profiles_of("sidecar")))
    Image.new("RGB", (9, 9)).save(path, exif=exif)  # a program that copies our stars to where it keeps them
    assert not read_given(str(path))
    (done,) = write_marks([Mark(str(path), {"Overall": "5"}, 5)], profiles_of("sidecar"))
    assert done.kept == () and texts((tmp_path / "a.jpg.xmp").read_bytes())["xmp:Rating"] == "5"


def test_what_we_wrote_is_left_out(tmp_path: Path, photos: list[Path]) -> None:
    path = tmp_path / "a.jpg"
    shutil.copy(photos[0], path)
    list(write_marks([Mark(str(path), {"Overall": "5"}, 4, "green", "pick")], profiles_of("sidecar")))
    assert not read_given(str(path))
    own = read_given(str(path), own=True)
    assert (own.rating, own.flag, own.label) == (4, "pick", "Green")
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(sidecar.read_bytes().replace(b'PickLabel="3"', b'PickLabel="1"'))  # a person, in digiKam
    assert read_given(str(path)).flag == "reject"
    sidecar.write_bytes(sidecar.read_bytes().replace(b'xmp:Rating="4"', b'xmp:Rating="-1"'))
    assert read_given(str(path)).flag == "reject" and read_given(str(path)).rating is None


def test_a_broken_sidecar_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xd9")
    (tmp_path / "a.jpg.xmp").write_bytes(b"no")
    with pytest.raises(BeholderError, match=r"a\.jpg\.xmp: is not XML"):
        read_given(str(tmp_path / "a.jpg"))
