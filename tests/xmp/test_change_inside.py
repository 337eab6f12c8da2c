"""Writing into photographs, by exiftool: nothing else in them changes, and other programs read it."""

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from beholder.errors import BeholderError
from beholder.xmp.exiftool import ExifTool, find
from beholder.xmp.inside import look_inside
from beholder.xmp.mark import Mark
from beholder.xmp.profiles import profiles_of
from beholder.xmp.write import LEFT_OUT, REFUSED, UNCHANGED, WRITTEN, Outcome, write_marks
from helpers.xmp_packets import comments, exiv2, foreign, lightroom, needs_exiftool, needs_exiv2, texts

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# As Canon writes it, a directory of its own: number of the file, model.
MAKER_NOTE = struct.pack("<HHHIIHHIII", 2, 0x0008, 4, 1, 1002345, 0x0010, 4, 1, 0x80000421, 0)
ODD_NOTE = b"Canon\0" + bytes(range(256)) * 3
MARK = {"own": {"Overall": "5.6000", "ImageSha256": "00"}, "rating": 4, "label": "green", "flag": "pick"}


def picture(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 60, 3), dtype=np.uint8))


def exif() -> Image.Exif:
    made = Image.Exif()
    made[0x010F], made[0x0110], made[0x0112] = "Canon", "EOS", 6
    made.get_ifd(0x8769).update({0x9003: "2026:01:02 03:04:05", 0x927C: ODD_NOTE})
    return made


def jpeg(path: Path) -> None:
    file = io.BytesIO()
    picture().save(file, "JPEG", exif=exif(), icc_profile=PROFILE, quality=90, comment=b"a comment")
    content = file.getvalue()
    odd = b"\xff\xeb" + struct.pack(">H", 2 + 9) + b"somebody's"[:9]  # a segment that nobody knows
    path.write_bytes(content[:2] + odd + content[2:])


def two_pictures(path: Path) -> None:
    picture().save(path, "MPO", save_all=True, append_images=[picture(1)], exif=exif(), icc_profile=PROFILE)


def with_packet(path: Path) -> None:
    jpeg(path)
    content, segment = path.read_bytes(), b"http://ns.adobe.com/xap/1.0/\0" + lightroom(xmp_Rating="0")
    path.write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + content[2:])


def png(path: Path) -> None:
    picture().save(path, "PNG", icc_profile=PROFILE, exif=exif())


def tiff(path: Path, *more: tuple[int, int, bytes], note: bytes = MAKER_NOTE) -> None:
    """An uncompressed picture with a profile and EXIF data, each of which lies somewhere in the file."""
    pixels = np.asarray(picture())
    photo = _directory([(0x9003, 2, b"2026:01:02 03:04:05\0"), (0x927C, 7, note)], at := 8 + pixels.nbytes)
    height, width, _ = pixels.shape
    tags = [(256, 4, width), (257, 4, height), (258, 3, struct.pack("<3H", 8, 8, 8)), (259, 3, 1), (262, 3, 2)]
    tags += [(271, 2, b"Canon\0"), (273, 4, 8), (277, 3, 3), (278, 4, height), (279, 4, pixels.nbytes)]
    tags += [(34665, 4, at), (34675, 7, PROFILE), *more]
    content = b"II*\0" + struct.pack("<I", at + len(photo)) + pixels.tobytes() + photo
    path.write_bytes(content + _directory(tags, len(content)))


def _directory(tags: list[tuple[int, int, Any]], at: int) -> bytes:
    """A directory of TIFF that stands at this place, with what does not fit into its entries behind it."""
    behind, entries = b"", b""
    end = at + 2 + 12 * len(tags) + 4
    for tag, kind, value in sorted(tags):
        if isinstance(value, int):
            entries += struct.pack("<HHII", tag, kind, 1, value)
            continue
        count = len(value) // {1: 1, 2: 1, 3: 2, 7: 1}[kind]
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", end + len(behind))
        behind += b"" if len(value) <= 4 else value + b"\0" * (len(value) % 2)
        entries += struct.pack("<HHI", tag, kind, count) + place
    return struct.pack("<H", len(tags)) + entries + b"\0" * 4 + behind


def dng(path: Path) -> None:
    tiff(path, (0xC612, 1, bytes([1, 4, 0, 0])), (0xC613, 1, bytes([1, 1, 0, 0])))


def old_png(path: Path) -> None:
    """As ImageMagick keeps XMP."""
    about = PngImagePlugin.PngInfo()
    about.add_text("Raw profile type xmp", f"\nxmp\n{len(lightroom())}\n{lightroom().hex()}\n", zip=True)
    picture().save(path, "PNG", pnginfo=about)


def two_packets(path: Path) -> None:
    with_packet(path)
    content = path.read_bytes()
    size = 2 + int.from_bytes(content[4:6])
    path.write_bytes(content[: 2 + size] + content[2:])


def extended(path: Path) -> None:
    with_packet(path)
    content = path.read_bytes()
    path.write_bytes(
        content.replace(
            b'xmlns:my="http://example.com/mine#"', b'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="0"'
        )
        .replace(b"my:thing", b"n:thing ")
        .replace(b"my:note", b"n:note ")
    )


KINDS: dict[str, Callable[[Path], None]] = {
    "a.jpg": jpeg,
    "b.jpg": with_packet,
    "c.JPG": two_pictures,
    "d.png": png,
    "e.tif": tiff,
    "f.dng": dng,
}
every_kind = pytest.mark.parametrize("name", KINDS)


def embed(photo: Path, profiles: str = "lightroom", **changes: Any) -> Outcome:
    options = {name: changes.pop(name) for name in ("break_links", "dry_run") if name in changes}
    (done,) = write_marks([Mark(str(photo), **{**MARK, **changes})], profiles_of(profiles), embed=True, **options)
    return done


def content_of(path: Path) -> dict[str, Any]:
    """Pixels of each picture, EXIF data with the maker's own, profile: all that must stay."""
    with Image.open(path) as image:
        tags = image.getexif()
        maker = tags.get_ifd(0x8769).get(0x927C)
        found = {"exif": {tag: value for tag, value in tags.items() if tag not in (700, 34665, 273, 279)}}
        found |= {"maker": maker, "profile": image.info.get("icc_profile"), "format": image.format, "frames": []}
        for frame in range(getattr(image, "n_frames", 1)):
            image.seek(frame)
            found["frames"].append(image.tobytes())
    return found


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """A folder with each kind of photograph, written to, what was in them before, and what exiftool saw in them."""
    folder = tmp_path_factory.mktemp("photographs")
    for name, kind in KINDS.items():
        kind(folder / name)
        (folder / name).chmod(0o640)
    before, seen = {name: content_of(folder / name) for name in KINDS}, see(folder)
    marks = [Mark(str(folder / name), **MARK) for name in KINDS]
    done = list(write_marks(marks, profiles_of("lightroom"), embed=True))
    assert [(each.status, each.file, each.reason) for each in done] == [
        (WRITTEN, str(folder / name), "") for name in KINDS
    ]
    stored = {name: (folder / name).stat().st_mtime_ns for name in KINDS}
    assert {each.status for each in write_marks(marks, profiles_of("lightroom"), embed=True)} == {UNCHANGED}
    assert stored == {name: (folder / name).stat().st_mtime_ns for name in KINDS}
    return folder, before, seen


def see(folder: Path) -> dict[str, Any]:
    """What exiftool sees in each kind of photograph, but for where it is stored."""
    names = [str(folder / name) for name in KINDS]
    done = subprocess.run(
        ["exiftool", "-j", "-G1", "-a", "-n", "-u", *names], capture_output=True, check=True, timeout=120
    )
    stored = ("System:", "SourceFile", "IFD0:StripOffsets", "IFD0:ApplicationNotes", "MPImage", "ExifTool:", "PNG:")
    return {
        Path(each["SourceFile"]).name: {key: value for key, value in each.items() if not key.startswith(stored)}
        for each in json.loads(done.stdout)
    }


@needs_exiftool
@every_kind
def test_all_else_in_a_photograph_stays(embedded: tuple[Path, dict[str, Any], dict[str, Any]], name: str) -> None:
    folder, before, _ = embedded
    path = folder / name
    after, maker = content_of(path), before[name]["maker"]
    assert maker == (MAKER_NOTE if look_inside(path).format == "TIFF" else ODD_NOTE)
    assert after["maker"].startswith(maker)  # in TIFF exiftool adds the place where it stood, as Canon does
    assert before[name]["profile"] == PROFILE and len(before[name]["frames"]) == 1 + (name == "c.JPG")
    assert {**after, "maker": maker} == before[name]
    assert path.stat().st_mode & 0o777 == 0o640
    (packet,) = look_inside(path).packets
    found = texts(packet)
    assert found["xmp:Rating"] == "4" and found["xmpDM:pick"] == "1" and found["xmpDM:good"] == "true"
    assert found["xmp:Label"] == "Green" and found["photoshop:LabelColor"] == "green"
    assert found["beholder:Overall"] == "5.6000" and "beholder:ImageSha256" not in found
    if name == "b.jpg":
        assert foreign(packet) == foreign(lightroom()) and comments(packet) == comments(lightroom())
    assert {each.name for each in folder.iterdir()} == {*KINDS, *(f"{name}_original" for name in KINDS)}
    assert content_of(folder / f"{name}_original") == before[name]


@needs_exiftool
@every_kind
def test_exiftool_reads_what_is_inside(embedded: tuple[Path, dict[str, Any], dict[str, Any]], name: str) -> None:
    folder, _, seen = embedded
    found = see(folder)[name]
    assert (found["XMP-xmp:Rating"], found["XMP-xmpDM:Pick"], found["XMP-xmpDM:Good"]) == (4, 1, True)
    assert found["XMP-beholder:Overall"] == 5.6
    others = {key: value for key, value in found.items() if not key.startswith("XMP")}
    assert others == {key: value for key, value in seen[name].items() if not key.startswith("XMP")}


@needs_exiftool
@needs_exiv2
@every_kind
def test_exiv2_reads_what_is_inside(embedded: tuple[Path, dict[str, Any], dict[str, Any]], name: str) -> None:
    found = exiv2(embedded[0] / name)
    assert (found["Xmp.xmp.Rating"], found["Xmp.xmpDM.pick"], found["Xmp.xmpDM.good"]) == ("4", "1", "true")
    assert found["Xmp.beholder.Overall"] == "5.6000"


@needs_exiftool
def test_the_first_backup_is_the_one_to_keep(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    jpeg(path)
    whole = path.read_bytes()
    for rating in (4, 2):
        assert embed(path, rating=rating).status == WRITTEN
        assert (tmp_path / "a.jpg_original").read_bytes() == whole


@needs_exiftool
def test_what_a_person_set_inside_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    jpeg(path)
    embed(path)
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", "-XMP-xmp:Rating=2", "-XMP-digiKam:PickLabel=1", path], check=True
    )
    done = embed(path, rating=5)
    assert set(done.kept) == {"rating", "flag"}
    found = texts(look_inside(path).packets[0])
    assert (found["xmp:Rating"], found["digiKam:PickLabel"], found["xmp:Label"]) == ("2", "1", "Green")
    assert "beholder:WroteRating" not in found and "beholder:WroteFlag" not in found
    assert embed(path, rating=5).status == UNCHANGED


@needs_exiftool
def test_sidecar_and_photograph_at_once(tmp_path: Path) -> None:
    """The hash in the sidecar is that of the photograph as it then is, so a second run finds it as it should be."""
    import hashlib

    path = tmp_path / "a.jpg"
    jpeg(path)
    for status in (WRITTEN, UNCHANGED):
        done = list(write_marks([Mark(str(path), **MARK)], profiles_of("sidecar,lightroom"), embed=True))
        assert [each.status for each in done] == [status, status]
    found = texts((tmp_path / "a.jpg.xmp").read_bytes())
    assert found["beholder:ImageSha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


@needs_exiftool
def test_a_run_that_was_killed_before_the_end_is_no_hindrance(tmp_path: Path) -> None:
    path, backup = tmp_path / "a.jpg", tmp_path / "a.jpg_original"
    jpeg(path)
    whole = path.read_bytes()
    backup.hardlink_to(path)
    (tmp_path / ".beholder-0123456789ab-0123456789ab.partial").write_bytes(b"half")
    (tmp_path / ".beholder-0123456789ab-0123456789ab.partial_exiftool_tmp").write_bytes(b"half")
    assert embed(path).status == WRITTEN and backup.read_bytes() == whole and path.read_bytes() != whole
    assert {each.name for each in tmp_path.iterdir()} == {"a.jpg", "a.jpg_original"}


def test_without_embed_a_line_says_where_lightroom_looks(tmp_path: Path) -> None:
    for name, kind in KINDS.items():
        kind(tmp_path / name)
        (done,) = write_marks([Mark(str(tmp_path / name), **MARK)], profiles_of("lightroom"))
        assert done.status == LEFT_OUT and "only from inside the file; --embed" in done.reason
    assert {path.name for path in tmp_path.iterdir()} == set(KINDS)


@needs_exiftool
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"GIF89a" + b"\0" * 30), "is GIF; a packet is written into JPEG"),
        (lambda path: path.write_bytes(b""), "is an empty file"),
        (lambda path: path.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF"), "exiftool could not write into it"),
        (lambda path: [with_packet(path), path.write_bytes(path.read_bytes().replace(b"xmptk", b"xmptk=1 a"))], "XML"),
        (lambda path: tiff(path, note=ODD_NOTE), "Maker notes could not be parsed"),
        (old_png, "an old form of one"),
        (two_packets, "more than one packet of XMP"),
        (extended, "in several parts"),
    ],
    ids=["gif", "empty", "cut", "damaged packet", "maker notes", "old png", "two packets", "extended"],
)
def test_photographs_that_are_refused(tmp_path: Path, make: Callable[[Path], Any], says: str) -> None:
    path = tmp_path / "a.jpg"
    make(path)
    before = path.read_bytes()
    done = embed(path)
    assert done.status == REFUSED and says in done.reason and done.reason.startswith(f"{path}: "), done
    assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == ["a.jpg"]


@needs_exiftool
def test_a_photograph_of_two_names_needs_leave(tmp_path: Path) -> None:
    path, other = tmp_path / "a.jpg", tmp_path / "other"
    jpeg(path)
    whole = path.read_bytes()
    other.hardlink_to(path)
    assert "hard links" in embed(path).reason
    assert embed(path, break_links=True).status == WRITTEN and other.read_bytes() == whole


@needs_exiftool
def test_odd_names_and_a_folder_with_a_line_break(tmp_path: Path) -> None:
    names = ["-delete_original.jpg", "two\nlines.jpg", "#a.jpg", " $(x).jpg", "caf\udce9.jpg"]
    for name in names:
        jpeg(tmp_path / name)
    marks = [Mark(str(tmp_path / name), **MARK) for name in names]
    assert {done.status for done in write_marks(marks, profiles_of("lightroom"), embed=True)} == {WRITTEN}
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    jpeg(folder / "a.jpg")
    done = embed(folder / "a.jpg")
    assert done.status == REFUSED and "a line break in the name of its folder" in done.reason
    assert done.reason.isprintable() and len(list(folder.iterdir())) == 1


def test_without_exiftool_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BeholderError, match=r"needs exiftool, which is not there: install it .*libimage-exiftool-perl"):
        find()
    for said, says in (("11.88", "version 12.10 or later, this one says 11.88"), ("hello", "says hello")):
        program = tmp_path / "exiftool"
        program.write_text(f"#!/bin/sh\necho {said}\n")
        program.chmod(0o755)
        with pytest.raises(BeholderError, match=says):
            find()


@needs_exiftool
def test_an_exiftool_that_ends_is_told_and_started_again(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    jpeg(path)
    with ExifTool() as tool:
        tool.put(path, lightroom())
        assert tool._running is not None
        tool._running.kill()
        tool._running.wait()
        tool.put(path, lightroom(xmp_Rating="3"))
        assert texts(look_inside(path).packets[0])["xmp:Rating"] == "3"
    assert shutil.which("exiftool") and tool._running is None
