"""Files are written whole or not at all, what a person set stays, and other programs read what is there."""

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beholder.errors import BeholderError
from beholder.xmp import change
from beholder.xmp.mark import Mark
from beholder.xmp.packet import parse
from beholder.xmp.profiles import profiles_of
from beholder.xmp.rules import Edit
from beholder.xmp.write import LEFT_OUT, REFUSED, UNCHANGED, WRITTEN, Outcome, Summary, write_marks
from helpers.xmp_packets import (
    comments,
    elements,
    exiftool,
    exiv2,
    foreign,
    lightroom,
    needs_exiftool,
    needs_exiv2,
    texts,
)

THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
OWN = {"Overall": "5.6000", "Model": "default@e88cdfca", "Decision": "pick", "Reason": "sharper by 38% than IMG_2"}


def save(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).write_bytes(b"a photograph")
    return [str(folder / name) for name in names]


def mark(photo: str, **changes: Any) -> Mark:
    return Mark(photo, **{"own": OWN, "rating": 4, "label": "green", "flag": "pick", **changes})


def write(profiles: str, *marks: Mark, now: datetime = THEN, **options: bool) -> list[Outcome]:
    return list(write_marks(marks, profiles_of(profiles), now=now, **options))


PROFILES = {  # profile -> (sidecar of a.NEF, public properties of a pick, those of a reject)
    "sidecar": (
        "a.NEF.xmp",
        {"xmp:Rating": "4", "xmp:Label": "Green", "photoshop:LabelColor": "green", "digiKam:ColorLabel": "4",
         "xmpDM:pick": "1", "xmpDM:good": "true", "digiKam:PickLabel": "3"},
        {"xmpDM:pick": "-1", "xmpDM:good": "false", "digiKam:PickLabel": "1"},
    ),
    "lightroom": (
        "a.xmp",
        {"xmp:Rating": "4", "xmp:Label": "Green", "photoshop:LabelColor": "green", "xmpDM:pick": "1",
         "xmpDM:good": "true", "photoshop:SidecarForExtension": "NEF"},
        {"xmpDM:pick": "-1", "xmpDM:good": "false", "photoshop:SidecarForExtension": "NEF"},
    ),
    "darktable": ("a.NEF.xmp", {"xmp:Rating": "4", "xmp:Label": "Green"}, {"xmp:Rating": "-1"}),
    "immich": ("a.NEF.xmp", {"xmp:Rating": "4"}, {"xmp:Rating": "-1"}),
    "digikam": (
        "a.NEF.xmp",
        {"xmp:Rating": "4", "xmp:Label": "Green", "digiKam:ColorLabel": "4", "digiKam:PickLabel": "3"},
        {"digiKam:PickLabel": "1"},
    ),
}  # fmt: skip
every_profile = pytest.mark.parametrize("profile", PROFILES)


def public(packet: bytes) -> dict[str, str]:
    return {name: text for name, text in texts(packet).items() if name.split(":")[0] not in ("beholder", "rdf")}


@every_profile
def test_each_profile_writes_what_its_programs_read(tmp_path: Path, profile: str) -> None:
    name, picked, rejected = PROFILES[profile]
    (photo,) = save(tmp_path, "a.NEF")
    (done,) = write(profile, mark(photo))
    assert (done.status, done.file, done.kept) == (WRITTEN, str(tmp_path / name), ())
    assert public((tmp_path / name).read_bytes()) == picked
    (tmp_path / name).unlink()
    options = {"reject_rating": profile in ("darktable", "immich")}
    write(profile, mark(photo, rating=None, label=None, flag="reject"), **options)
    assert public((tmp_path / name).read_bytes()) == rejected
    (tmp_path / name).unlink()
    write(profile, mark(photo, rating=None, label=None, flag="reject"))
    assert public((tmp_path / name).read_bytes()).get("xmp:Rating") is None  # -1 only where it is asked for


@every_profile
@needs_exiftool
def test_exiftool_reads_it(tmp_path: Path, profile: str) -> None:
    name, picked, _ = PROFILES[profile]
    (photo,) = save(tmp_path, "a.NEF")
    (tmp_path / name).write_bytes(lightroom())
    write(profile, mark(photo))
    found = exiftool(tmp_path / name)
    for key, text in picked.items():
        prefix, _, local = key.partition(":")
        if local != "SidecarForExtension":  # which is for new sidecars
            assert found[f"XMP-{prefix}:{local[0].upper()}{local[1:]}"] == text
    assert found["XMP-beholder:Overall"] == "5.6000" and found["XMP-beholder:Reason"] == OWN["Reason"]
    assert found["XMP-dc:Subject"] == "sea, München"
    assert not [line for line in found if "Warning" in line or "Error" in line]


@every_profile
@needs_exiv2
def test_exiv2_reads_it(tmp_path: Path, profile: str) -> None:
    name, picked, _ = PROFILES[profile]
    (photo,) = save(tmp_path, "a.NEF")
    (tmp_path / name).write_bytes(elements())
    write(profile, mark(photo))
    found = exiv2(tmp_path / name)
    for key, text in picked.items():
        if not key.endswith("SidecarForExtension"):
            assert found[f"Xmp.{key.replace(':', '.')}"] == text
    assert found["Xmp.beholder.Reason"] == OWN["Reason"] and found["Xmp.xmp.CreateDate"] == "2026-01-02"


@every_profile
def test_a_second_run_changes_no_byte_and_no_time(tmp_path: Path, profile: str) -> None:
    photos = save(tmp_path, "a.NEF", "b.NEF")
    (tmp_path / "b.xmp").write_bytes(lightroom(xmp_Rating="2"))
    write(profile, *map(mark, photos))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    again = write(profile, *map(mark, photos), now=LATER)
    assert {done.status for done in again} == {UNCHANGED}
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before
    (after,) = write(profile, mark(photos[0], own={**OWN, "Overall": "1.0000"}), now=LATER)
    assert after.status == WRITTEN and texts(Path(after.file).read_bytes())["beholder:Scored"] == "2027-01-02T03:04:05Z"


def test_several_profiles_share_a_file(tmp_path: Path) -> None:
    raw, jpeg = save(tmp_path, "a.NEF", "a.jpg")
    done = write("sidecar,lightroom,digikam", mark(raw))
    assert [Path(each.file).name for each in done] == ["a.xmp"]
    assert public((tmp_path / "a.xmp").read_bytes()) == {**PROFILES["sidecar"][1], **PROFILES["lightroom"][1]}
    done = write("sidecar,darktable,immich", mark(jpeg))
    assert [Path(each.file).name for each in done] == ["a.jpg.xmp"]


def test_the_sidecar_of_a_pair_is_the_raws(tmp_path: Path) -> None:
    raw, jpeg = save(tmp_path, "a.NEF", "a.jpg")
    (tmp_path / "a.xmp").write_bytes(lightroom())
    before = (tmp_path / "a.xmp").read_bytes()
    (done,) = write("sidecar", mark(jpeg))
    assert done.file.endswith("a.jpg.xmp") and (tmp_path / "a.xmp").read_bytes() == before
    (done,) = write("sidecar", mark(raw))
    assert done.file.endswith("a.xmp") and not (tmp_path / "a.NEF.xmp").exists()


def test_two_sidecars_and_it_says_so(tmp_path: Path) -> None:
    (photo,) = save(tmp_path, "a.jpg")
    for name in ("a.xmp", "a.jpg.xmp"):
        (tmp_path / name).write_bytes(lightroom())
    (done,) = write("sidecar", mark(photo))
    assert done.file.endswith("a.jpg.xmp") and "a.xmp is there, too" in done.note
    assert (tmp_path / "a.xmp").read_bytes() == lightroom()


def test_a_sidecar_that_may_be_anothers_is_refused(tmp_path: Path) -> None:
    raw, _ = save(tmp_path, "a.NEF", "a.dng")
    (done,) = write("lightroom", mark(raw))
    assert done.status == REFUSED and "it may belong to the DNG file of this name, too" in done.reason
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("place", ["a.xmp", "inside"])
def test_what_a_person_set_elsewhere_stays_what_counts(tmp_path: Path, place: str, photos: list[Path]) -> None:
    """Immich and darktable read IMG.jpg.xmp before all else, so a new one would hide a person's stars."""
    photo = tmp_path / "a.jpg"
    shutil.copy(photos[0], photo)
    theirs = lightroom(xmp_Rating="2")
    if place == "inside":
        content = photo.read_bytes()
        segment = b"http://ns.adobe.com/xap/1.0/\0" + theirs
        photo.write_bytes(content[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2) + segment + content[2:])
    else:
        (tmp_path / place).write_bytes(theirs)
    (done,) = write("immich", mark(str(photo)))
    assert done.kept == ("rating",) and done.status == WRITTEN
    assert public((tmp_path / "a.jpg.xmp").read_bytes()) == {}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello", "is not XML"),
        (b"", "is empty"),
        (lightroom().decode().encode("utf-16"), "is in UTF-16, not in UTF-8"),
        (b"<!DOCTYPE a>" + lightroom(), "document type"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "document type"),
        (b"<a>" + b" " * 20_000_000 + b"</a>", "more than the 16,777,216"),
        (b"<html/>", "is XML, but not XMP"),
    ],
    ids=["text", "empty", "utf-16", "doctype", "entity", "20 MB", "html"],
)
def test_sidecars_that_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (photo,) = save(tmp_path, "a.jpg")
    (tmp_path / "a.jpg.xmp").write_bytes(content)
    (done,) = write("sidecar", mark(photo))
    assert done.status == REFUSED and says in done.reason and done.reason.startswith(f"{tmp_path}/a.jpg.xmp: ")
    assert done.reason.isprintable() and (tmp_path / "a.jpg.xmp").read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 2


def test_the_mode_stays_and_links_are_followed(tmp_path: Path) -> None:
    (photo,) = save(tmp_path, "a.jpg")
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "sidecar"
    real.write_bytes(lightroom())
    real.chmod(0o640)
    (tmp_path / "a.jpg.xmp").symlink_to(real)
    (done,) = write("sidecar", mark(photo))
    assert done.status == WRITTEN and (tmp_path / "a.jpg.xmp").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640 and public(real.read_bytes())["xmp:Rating"] == "4"
    assert foreign(real.read_bytes()) == foreign(lightroom()) and comments(real.read_bytes()) == comments(lightroom())


def test_a_file_of_two_names_needs_leave(tmp_path: Path) -> None:
    (photo,) = save(tmp_path, "a.jpg")
    other = tmp_path / "copy of the sidecar"
    other.write_bytes(lightroom())
    (tmp_path / "a.jpg.xmp").hardlink_to(other)
    (done,) = write("sidecar", mark(photo))
    assert done.status == REFUSED and "2 names (hard links)" in done.reason and "--break-links" in done.reason
    (done,) = write("sidecar", mark(photo), break_links=True)
    assert done.status == WRITTEN and other.read_bytes() == lightroom()


def test_a_sidecar_that_is_read_only_stays(tmp_path: Path) -> None:
    (photo,) = save(tmp_path, "a.jpg")
    path = tmp_path / "a.jpg.xmp"
    path.write_bytes(lightroom())
    path.chmod(0o444)
    (done,) = write("sidecar", mark(photo), break_links=True)
    assert done.status == REFUSED and "is read-only; make it writable first" in done.reason
    assert path.read_bytes() == lightroom()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    (photo,) = save(tmp_path, "a.jpg")
    tmp_path.chmod(0o555)
    (done,) = write("sidecar", mark(photo))
    tmp_path.chmod(0o755)
    assert done.status == REFUSED and "not permitted" in done.reason


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, where the tests run as root."""
    (photo,) = save(tmp_path, "a.jpg")

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("beholder.files.FileIO", refuse)
    (done,) = write("sidecar", mark(photo))
    assert done.status == REFUSED and "writing there is not permitted" in done.reason


def test_photographs_that_are_gone(tmp_path: Path) -> None:
    (photo,) = save(tmp_path, "a.jpg")
    Path(photo).unlink()
    (done,) = write("sidecar,darktable", mark(photo))
    assert (done.status, done.reason) == (REFUSED, f"{photo}: no such file") and not list(tmp_path.iterdir())


def test_odd_names(tmp_path: Path) -> None:
    names = ["two\nlines.jpg", "-rf.jpg", "$(touch x).jpg", "caf\udce9.jpg", "@list.NEF", " .jpg", "a'b\"c.jpg"]
    done = write("sidecar,lightroom", *map(mark, save(tmp_path, *names)))
    assert {each.status for each in done} == {WRITTEN, LEFT_OUT}
    assert sum(path.name.endswith(".xmp") for path in tmp_path.iterdir()) == len(names)


@pytest.mark.parametrize("content", [None, lightroom()], ids=["new", "old"])
def test_a_file_that_changes_meanwhile_is_read_again(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.jpg.xmp"
    if content is not None:
        path.write_bytes(content)
    runs = []

    def editing(packet: Any, new: bool) -> Edit:
        from beholder.xmp.rules import apply

        runs.append(new)
        if len(runs) == 1:
            path.write_bytes(lightroom(xmp_Rating="2"))
        return apply(packet, mark("a.jpg"), ["{http://ns.adobe.com/xap/1.0/}Rating"], (), "now")

    edit = change.change_sidecar(path, editing)
    assert runs == [content is None, False] and edit.kept == ["rating"]
    assert texts(path.read_bytes())["xmp:Rating"] == "2"

    def restless(packet: Any, new: bool) -> Edit:
        path.write_bytes(path.read_bytes() + b"\n")
        return editing(packet, new)

    path.write_bytes(lightroom())
    with pytest.raises(BeholderError, match="another program goes on changing it"):
        change.change_sidecar(path, restless)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg.xmp"]


def test_what_would_lose_something_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg.xmp"
    path.write_bytes(lightroom())

    def careless(packet: Any, _: bool) -> Edit:
        from beholder.xmp.rules import apply

        packet.remove("{http://ns.adobe.com/camera-raw-settings/1.0/}Exposure2012")
        return apply(packet, mark("a.jpg"), (), (), "now")

    with pytest.raises(BeholderError, match="without losing something of others"):
        change.change_sidecar(path, careless)
    assert path.read_bytes() == lightroom()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    photos = save(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "b.jpg.xmp").write_bytes(lightroom(xmp_Rating="2"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = write("sidecar", *map(mark, photos), dry_run=True)
    assert [(each.status, each.kept) for each in done] == [(WRITTEN, ()), (WRITTEN, ("rating",))]
    assert "xmp:Rating nothing -> 4" in [str(each) for each in done[0].changes]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_counts(tmp_path: Path) -> None:
    photos = save(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    (tmp_path / "b.jpg.xmp").write_bytes(lightroom(xmp_Rating="2"))
    (tmp_path / "c.jpg.xmp").write_bytes(b"no")
    summary = Summary()
    for done in write("sidecar,lightroom", *map(mark, photos)):
        summary.count(done)
    assert summary.line() == "written 2, unchanged 0, kept yours 1, refused 1"
    assert list(summary.reasons.values()) == [3] and "--embed" in next(iter(summary.reasons))


@pytest.mark.parametrize(
    ("profiles", "options", "says"),
    [
        ("sidecar", {"embed": True}, "--embed is for the profile lightroom"),
        ("lightroom,sidecar", {"reject_rating": True}, "--reject-rating is for the profiles darktable and immich"),
    ],
)
def test_options_that_say_nothing(profiles: str, options: dict[str, bool], says: str) -> None:
    with pytest.raises(BeholderError, match=says):
        write(profiles, **options)


KILLED = """
import sys
from pathlib import Path
from beholder.xmp.mark import Mark
from beholder.xmp.profiles import profiles_of
from beholder.xmp.write import write_marks
folder, profiles, embed = sys.argv[1:]
photos = sorted(str(path) for path in Path(folder).iterdir() if path.suffix in (".jpg", ".NEF"))
print("ready", flush=True)
for turn in range(10_000):
    marks = [Mark(photo, {"Overall": str(turn)}, 2 + turn % 4, "red", "pick") for photo in photos]
    for done in write_marks(marks, profiles_of(profiles), embed=bool(embed)):
        assert done.status == "written", done
"""


@pytest.mark.slow
@pytest.mark.parametrize("embed", ["", pytest.param("embed", marks=needs_exiftool)])
def test_killed_at_any_moment_it_leaves_the_old_or_the_new(tmp_path: Path, embed: str, photos: list[Path]) -> None:
    generator = random.Random(0)
    names = [f"{number}.{suffix}" for number in range(3) for suffix in ("jpg",) * bool(embed) + ("NEF",)]
    for name in names:
        if name.endswith(".jpg"):
            shutil.copy(photos[0], tmp_path / name)
        else:
            save(tmp_path, name)
            (tmp_path / name).with_suffix(".xmp").write_bytes(lightroom())
    pixels = {name: _pixels(tmp_path / name) for name in names if name.endswith(".jpg")}
    for _ in range(6 if embed else 15):
        command = [sys.executable, "-c", KILLED, str(tmp_path), "lightroom", embed]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            time.sleep(generator.uniform(0, 0.5 if embed else 0.05))
            process.send_signal(signal.SIGKILL)
        for name in names:
            path = tmp_path / name
            if name.endswith(".jpg"):
                assert _pixels(path) == pixels[name]
                _check_whole(_packet_inside(path), {})
            else:
                _check_whole(path.with_suffix(".xmp").read_bytes(), foreign(lightroom()))
    marks = [mark(str(tmp_path / name)) for name in names]
    assert {done.status for done in write("lightroom", *marks, embed=bool(embed))} == {WRITTEN}
    left = {path.name for path in tmp_path.iterdir()} - set(names) - {f"{name}_original" for name in names}
    assert left <= {f"{number}.xmp" for number in range(3)}


def _check_whole(packet: bytes | None, others: Any) -> None:
    if packet is None:
        return
    found, own = texts(packet), parse(packet).own()
    assert foreign(packet) == others or not others
    if own:
        assert found["xmp:Rating"] == own["WroteRating"] == str(2 + int(own["Overall"]) % 4)


def _packet_inside(path: Path) -> bytes | None:
    from beholder.xmp.inside import look_inside

    return next(iter(look_inside(path).packets), None)


def _pixels(path: Path) -> bytes:
    from PIL import Image

    with Image.open(path) as image:
        return image.tobytes()


def test_a_sidecar_with_much_padding_keeps_it(tmp_path: Path) -> None:
    (photo,) = save(tmp_path, "a.jpg")
    padding = b" " * 9_000_000
    (tmp_path / "a.jpg.xmp").write_bytes(lightroom() + padding)
    (done,) = write("sidecar", mark(photo))
    assert done.status == WRITTEN and (tmp_path / "a.jpg.xmp").read_bytes().endswith(padding)
