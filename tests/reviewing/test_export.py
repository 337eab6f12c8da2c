"""What goes out: XMP that a person decided here, never over what is newer; tables, copies and links."""

import csv
import os
import shutil

import pytest
from typer.testing import CliRunner

from beholder.cli.app import app
from beholder.errors import BeholderError
from beholder.reviewing.export import Wanted, export
from beholder.reviewing.state import State
from beholder.xmp.given import read_given
from helpers.factories import save_photos
from helpers.reviews import filled, make_library

PACKET = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmp:Rating="{stars}" xmp:Label="{label}" dc:format="image/jpeg"/></rdf:RDF></x:xmpmeta>"""


def _say(photo, stars, label=""):
    """Write a sidecar as another program does."""
    photo.with_name(f"{photo.name}.xmp").write_text(PACKET.format(stars=stars, label=label))


@pytest.fixture
def folder(tmp_path):
    save_photos(tmp_path / "shoot", 4)
    return tmp_path / "shoot"


@pytest.fixture
def opened(folder, colour_model):
    """Opens a review of the folder, again and again."""
    open_ones = []

    def again():
        if open_ones:
            open_ones[-1][0].stop()
            open_ones[-1][1].close()
        state = State(folder.parent / "state.sqlite")
        library = filled(make_library(folder, colour_model, state))
        open_ones.append((library, state))
        return library

    yield again
    open_ones[-1][0].stop()
    open_ones[-1][1].close()


def _texts(exported):
    return {(os.path.basename(line["file"]), line["what"]) for line in exported.lines}


def test_what_was_found_is_shown_and_only_a_person_is_written(folder, opened):
    _say(folder / "1.jpg", 3, "Red")
    library = opened()
    described = library.described(library.entry(0))
    assert (described["stars"], described["label"], described["who"]) == (3, "red", "file")
    assert export(library, Wanted("xmp")).lines == []
    library.decide([(0, {"stars": 5}), (1, {"flag": "pick"})], "two")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    told = export(library, Wanted("xmp"))
    assert ("1.jpg.xmp", "xmp:Rating 3 -> 5 (decided)") in _texts(told)
    assert told.summary == "would be written 2, unchanged 0, kept yours 0, refused 0"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    done = export(library, Wanted("xmp", dry_run=False))
    assert _texts(done) == _texts(told) and done.summary.startswith("written 2,")
    given = [read_given(str(folder / f"{number}.jpg"), own=True) for number in (1, 2, 3)]
    assert [(each.rating, each.flag, each.label) for each in given] == [
        (5, "", "Red"),
        (None, "pick", ""),
        (None, "", ""),
    ]
    assert "image/jpeg" in (folder / "1.jpg.xmp").read_text()
    assert export(library, Wanted("xmp", dry_run=False)).summary.startswith("written 0, unchanged 2,")


def test_what_a_person_takes_back_is_taken_out(folder, opened):
    _say(folder / "1.jpg", 3, "Red")
    library = opened()
    library.decide([(0, {"stars": None, "label": None})], "nothing")
    export(library, Wanted("xmp", dry_run=False))
    given = read_given(str(folder / "1.jpg"), own=True)
    assert (given.rating, given.label) == (None, "")


def test_a_pick_replaces_a_reject_by_stars(folder, opened):
    _say(folder / "1.jpg", -1)
    library = opened()
    assert library.described(library.entry(0))["flag"] == "reject"
    library.decide([(0, {"flag": "pick"})], "P")
    export(library, Wanted("xmp", dry_run=False))
    assert read_given(str(folder / "1.jpg"), own=True).flag == "pick"
    assert 'Rating="-1"' not in (folder / "1.jpg.xmp").read_text()


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("exported", [False, True])
def test_what_is_newer_in_the_file_stays_until_it_is_decided_again(folder, opened, restart, exported):
    library = opened()
    library.decide([(0, {"stars": 5, "flag": "pick"})], "5 P")
    if exported:
        export(library, Wanted("xmp", dry_run=False))
    _say(folder / "1.jpg", 2)
    library = opened() if restart else library
    for dry_run in (True, False, False):
        found = export(library, Wanted("xmp", dry_run=dry_run))
        assert ("1.jpg.xmp", "rating stays: it was changed in the file since") in _texts(found)
        assert "kept yours 1" in found.summary
    given = read_given(str(folder / "1.jpg"), own=True)
    assert (given.rating, given.flag) == (2, "pick")
    library.decide([(0, {"stars": 5})], "5 all the same")
    export(library, Wanted("xmp", dry_run=False))
    assert read_given(str(folder / "1.jpg"), own=True).rating == 5


def test_raw_and_jpeg_are_both_written(folder, opened):
    (folder / "1.CR2").write_bytes(b"II*\0" + bytes(100))
    library = opened()
    library.decide([(0, {"stars": 4})], "4")
    assert export(library, Wanted("xmp", dry_run=False)).summary.startswith("written 2,")
    assert {path.name for path in folder.glob("*.xmp")} == {"1.jpg.xmp", "1.CR2.xmp"}


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs the program exiftool")
def test_after_writing_into_the_photograph_it_is_known_again(folder, opened):
    library = opened()
    library.decide([(0, {"stars": 4})], "4")
    wanted = Wanted("xmp", profiles="lightroom", embed=True, dry_run=False)
    assert export(library, wanted).summary.startswith("written 1,")
    assert export(library, wanted).summary.startswith("written 0, unchanged 1,")
    library = opened()
    assert library.described(library.entry(0))["stars"] == 4 and library.state.next_undo() == "4"
    library.state.undo()
    assert [entry.number for entry in library.refresh()] == [0]
    assert library.described(library.entry(0))["stars"] is None


def test_a_table_has_what_stands_and_who_decided(folder, opened, tmp_path):
    _say(folder / "2.jpg", 3)
    library = opened()
    library.decide([(0, {"flag": "pick", "stars": 5, "label": "green"})], "P")
    path = tmp_path / "picks.csv"
    assert export(library, Wanted("csv", path=str(path))).summary == "would be written 4 rows" and not path.exists()
    assert export(library, Wanted("csv", path=str(path), dry_run=False)).summary == "written 4 rows"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["flag"], row["stars"], row["label"], row["who"]) for row in rows] == [
        ("pick", "5", "green", "person"),
        ("", "3", "", "file"),
        ("", "", "", ""),
        ("", "", "", ""),
    ]
    assert all(float(row["overall"]) and row["sha256"] for row in rows)


@pytest.mark.parametrize("to", ["copy", "link"])
def test_picks_are_copied_or_linked_with_their_files(folder, opened, tmp_path, to):
    (folder / "1.CR2").write_bytes(b"II*\0" + bytes(100))
    library = opened()
    library.decide([(0, {"flag": "pick"}), (1, {"flag": "reject"})], "P")
    picks = tmp_path / "picks"
    told = export(library, Wanted(to, path=str(picks)))
    assert {os.path.basename(line["file"]) for line in told.lines} == {"1.jpg", "1.CR2"} and not picks.exists()
    export(library, Wanted(to, path=str(picks), dry_run=False))
    assert sorted(path.name for path in picks.iterdir()) == ["1.CR2", "1.jpg"]
    assert os.path.samefile(picks / "1.jpg", folder / "1.jpg") == (to == "link")
    assert "2 were there" in export(library, Wanted(to, path=str(picks), dry_run=False)).summary


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted("csv"), "name the file"),
        (Wanted("csv", path="a.txt"), "end its name in .csv"),
        (Wanted("csv", path="none/a.csv"), "does not exist"),
        (Wanted("copy", path="none/none"), "there is no folder"),
        (Wanted("copy", path="a\0b"), "is no name of a file or folder"),
        (Wanted("link", path="~nobody-of-this-name/x"), "is no name of a file or folder"),
        (Wanted("link", path="x" * 300), "xxx...: File name too long"),
        (Wanted("xmp", profiles="gimp"), "profiles .gimp.: choose"),
        (Wanted("xmp", embed=True), "--embed is for the profile lightroom"),
    ],
)
def test_what_cannot_be_is_told(opened, wanted, said):
    with pytest.raises(BeholderError, match=said):
        export(opened(), wanted)


def test_no_original_is_replaced(folder, opened):
    library = opened()
    library.decide([(0, {"flag": "pick"})], "P")
    with pytest.raises(BeholderError, match="name another folder"):
        export(library, Wanted("copy", path=str(folder), dry_run=False))
    table = folder / "theirs.csv"
    table.write_text("not ours\n1\n")
    with pytest.raises(BeholderError):
        export(library, Wanted("csv", path=str(table), dry_run=False))
    assert table.read_text() == "not ours\n1\n"


def test_the_command_writes_what_was_decided_too(folder, opened, tmp_path):
    (folder / "1.CR2").write_bytes(b"II*\0" + bytes(100))
    _say(folder / "1.jpg", 3, "Red")
    library = opened()
    library.decide([(0, {"stars": 5}), (1, {"flag": "pick"}), (2, {"stars": 2}), (3, {"stars": 1})], "some")
    _say(folder / "2.jpg", 4)
    _say(folder / "3.jpg", 4)  # newer
    (folder / "4.jpg").rename(folder / "moved.jpg")
    path = library.state.path

    def write(*args):
        return CliRunner().invoke(app, ["xmp", "write", "--state", str(path), *args])

    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    told = write("--dry-run")
    assert told.exit_code == 3 and "xmp:Rating 3 -> 5 (decided)" in told.stdout
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    done = write()
    assert "XMP: written 3, unchanged 1, kept yours 1, refused 1" in done.stderr, done.stderr
    assert "was moved or changed since; open its folder with `beholder review` first" in done.stderr
    given = [read_given(str(folder / name), own=True) for name in ("1.jpg", "1.CR2", "2.jpg", "3.jpg")]
    assert [(each.rating, each.flag) for each in given] == [(5, ""), (5, ""), (4, "pick"), (4, "")]
    assert "written 0, unchanged 4" in write().stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "give either tables of beholder score or cull, or --state FILE"),
        (("a.csv", "--state", "b"), "give either tables"),
        (("--state", "none"), "no such file"),
        (("--state", "none", "--stars", "percentile"), "--stars is about tables"),
    ],
)
def test_wrong_wishes_of_the_command_are_told(tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["xmp", "write", *args])
    assert done.exit_code == 1 and said in done.stderr
