"""A table is valid at every moment, and a resumed one equals that of an uninterrupted run."""

import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beholder.errors import BeholderError
from beholder.files import hidden_beside
from beholder.output.rows import Row, columns_of
from beholder.output.sinks import open_sink
from beholder.tasks import Task
from helpers.commands import every_format, growing_file
from helpers.rows import COLUMNS, LINES, ROWS, bad, good, read, without_model, write


@every_format
def test_valid_at_every_moment(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    growing = growing_file(path)
    with open_sink(path, COLUMNS, "m@1") as sink:
        assert read(growing) == []
        for count, each in enumerate(ROWS, 1):
            sink.write(each)
            assert without_model(read(growing)) == without_model(ROWS[:count])


@pytest.mark.parametrize("suffix", LINES)
def test_cut_anywhere_and_resumed(suffix: str, tmp_path: Path) -> None:
    whole, path = tmp_path / f"whole{suffix}", tmp_path / f"x{suffix}"
    rows = [good("a.jpg"), good('é, \n"b".jpg'), bad("c.jpg"), good("d.jpg")]
    write(whole, rows)
    content = whole.read_bytes()
    computed = []
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        computed.append(write(path, rows, resume=True))
        assert path.read_bytes() == content, cut
    assert computed == sorted(computed, reverse=True)
    assert set(computed) == {4, 3, 2, 1}  # to the last, for one failed


@every_format
def test_resuming_what_is_done_changes_nothing(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    write(path, ROWS)
    content, inode = path.read_bytes(), path.stat().st_ino
    assert write(path, ROWS, resume=True) == 1  # b.jpg failed, and is tried again
    assert path.read_bytes() == content
    assert suffix == ".parquet" or path.stat().st_ino == inode


@every_format
def test_other_models_are_computed_again(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    write(path, [good("a.jpg"), good("b.jpg")])
    again = [good("a.jpg", model="m@2"), good("b.jpg", model="m@2")]
    assert write(path, again, resume=True, model="m@2") == 2
    assert read(path) == again


def test_content_that_comes_back_gets_its_own_row(tmp_path: Path) -> None:
    """Killed after the row of the new content was added, before the old one was taken out."""
    path = tmp_path / "x.csv"
    write(path, [good("a.jpg", "1"), good("a.jpg", "2"), good("b.jpg")])
    write(path, [good("a.jpg", "1"), good("b.jpg")], resume=True)
    assert read(path) == [good("a.jpg", "1"), good("b.jpg")]


photographs = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["1", "2", "bad"]))


@every_format
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=photographs, after=photographs, stop=st.integers(0, 6), order=st.permutations("abcdef"))
def test_resumed_is_as_undisturbed(
    suffix: str, before: dict[str, str], after: dict[str, str], stop: int, order: list[str], tmp_path: Path
) -> None:
    """Photographs were added, taken away, changed, mended, and named in another order since a run that was stopped."""

    def rows(given: dict[str, str], names: list[str]) -> list[Row]:
        return [bad(k) if given[k] == "bad" else good(k, given[k]) for k in names if k in given]

    path, whole = tmp_path / f"x{suffix}", tmp_path / f"whole{suffix}"
    for each in (path, whole):
        each.unlink(missing_ok=True)
    earlier = rows(before, sorted(before))[:stop]
    write(path, earlier)
    now = rows(after, order)
    computed = write(path, now, resume=True)
    assert computed == sum(each not in earlier or bool(each["error"]) for each in now)
    write(whole, [*now, *(each for each in earlier if each["path"] not in after)])
    assert path.read_bytes() == whole.read_bytes()
    assert sorted(os.listdir(tmp_path)) == sorted([path.name, whole.name])


@pytest.mark.parametrize("suffix", LINES)
def test_zeros_after_a_crash_are_cut_off(suffix: str, tmp_path: Path) -> None:
    path, whole = tmp_path / f"x{suffix}", tmp_path / f"whole{suffix}"
    rows = [good("a.jpg"), good("b.jpg")]
    write(whole, rows)
    write(path, rows[:1])
    with path.open("ab") as file:
        file.write(b"\0" * 4096)
    assert write(path, rows, resume=True) == 1
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x.txt", "unknown extension '.txt'"),
        ("x", "unknown extension ''"),
        ("nowhere/x.csv", "does not exist"),
        ("folder.csv", "is a folder"),
        ("file.csv/x.csv", "does not exist"),
    ],
)
def test_bad_outputs_are_one_line(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file.csv").write_text("kept")
    with pytest.raises(BeholderError, match=rf"^[^\n]*{says}[^\n]*$"):
        write(tmp_path / name, [])
    assert (tmp_path / "file.csv").read_text() == "kept"


@every_format
@pytest.mark.parametrize("resume", [False, True])
def test_a_second_run_is_refused(suffix: str, resume: bool, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    with open_sink(path, COLUMNS, "m@1") as sink:
        for each in ROWS:
            sink.write(each)
            with pytest.raises(BeholderError, match=r"^[^\n]*another run is writing it[^\n]*$"):
                write(path, [good("other.jpg")], resume)
    assert without_model(read(path)) == without_model(ROWS)
    assert os.listdir(tmp_path) == [path.name]  # no lock is left behind
    write(path, [good("z.jpg"), good("a.jpg")], resume)
    assert len(read(path)) == (len(ROWS) if resume else 2)


@every_format
def test_a_second_run_is_refused_until_the_rows_are_in_order(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end the file is written anew: the new one is locked, too."""
    path, seen = tmp_path / f"x{suffix}", []
    write(path, [good("a.jpg"), good("b.jpg")])
    replace = Path.replace

    def and_then(new: Path, target: Path) -> Path:
        place = replace(new, target)
        with pytest.raises(BeholderError, match="another run is writing it"):
            write(path, [good("other.jpg")], resume=True)
        seen.append(target.name)
        return place

    monkeypatch.setattr(Path, "replace", and_then)
    write(path, [good("b.jpg"), good("a.jpg")], resume=True)
    assert len(seen) == (3 if suffix == ".parquet" else 1) and seen[-1] == path.name
    assert read(path) == [good("b.jpg"), good("a.jpg")] and os.listdir(tmp_path) == [path.name]


def test_a_file_that_was_replaced_while_it_was_opened_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.csv"
    write(path, [good("a.jpg")])
    flock, late = fcntl.flock, []

    def lose(file: Any, how: int) -> None:
        if not late:
            late.append(path.read_bytes() + b"half a row")
            (tmp_path / "new").write_bytes(late[0])
            (tmp_path / "new").replace(path)
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", lose)
    write(path, [good("a.jpg"), good("b.jpg")], resume=True)
    assert late and read(path) == [good("a.jpg"), good("b.jpg")]


@every_format
@pytest.mark.parametrize(("before", "after"), [("./{}", "{}"), ("{}", ".//{}"), ("{}", None), (None, "{}")])
def test_a_photograph_is_known_however_it_was_named(
    suffix: str, before: str | None, after: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, whole = tmp_path / f"x{suffix}", tmp_path / f"whole{suffix}"

    def rows(form: str | None) -> list[Row]:
        return [{**good(name), "path": form.format(name) if form else str(tmp_path / name)} for name in "cab"]

    write(path, rows(before))
    with open_sink(path, COLUMNS, "m@1", resume=True) as sink:
        for each in rows(after):
            assert sink.knows(each["path"], each["sha256"]) and sink.keep(each["path"], each["sha256"]) == each
        assert not sink.knows(rows(after)[0]["path"], good("c", "other")["sha256"])
    write(whole, rows(after))
    assert path.read_bytes() == whole.read_bytes()


NOT_OURS = [
    b"notes of mine",
    b"image,beauty\na.jpg,5\n",
    b"path,score\na.jpg,5\n",
    b'"unclosed',
    b'{"path": "a.jpg", "score": 5}\n',
    b"[1, 2]\n",
    b"\xff\xd8\xff\xe0 a photograph",
    b"PAR1",
    b"\0" * 100,
]


@every_format
@pytest.mark.parametrize("content", NOT_OURS)
@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("link", [False, True])
def test_a_file_of_others_is_never_written_over(
    suffix: str, content: bytes, resume: bool, link: bool, tmp_path: Path
) -> None:
    path, mine = tmp_path / f"x{suffix}", tmp_path / ("mine" if link else f"x{suffix}")
    mine.write_bytes(content)
    if link:
        path.symlink_to(mine)
    with pytest.raises(BeholderError, match=r"^[^\n]*x\.\w+: (is there|does not hold|row 1 )[^\n]*$") as raised:
        write(path, ROWS, resume)
    assert "leave out --resume" not in str(raised.value)
    assert mine.read_bytes() == content
    assert sorted(os.listdir(tmp_path)) == sorted({path.name, mine.name})


@every_format
def test_a_table_of_ours_is_replaced_and_keeps_its_mode(suffix: str, tmp_path: Path) -> None:
    path, whole = tmp_path / f"x{suffix}", tmp_path / f"whole{suffix}"
    write(whole, [good("a.jpg")])
    with open_sink(path, columns_of((Task("beauty", 1, 7),)), "other@2") as sink:
        sink.write(
            dict.fromkeys(columns_of((Task("beauty", 1, 7),)), None) | {"path": "b.jpg", "sha256": "", "error": ""}
        )
    path.chmod(0o600)
    write(path, [good("a.jpg")])
    assert path.read_bytes() == whole.read_bytes() and path.stat().st_mode & 0o777 == 0o600


@every_format
@pytest.mark.parametrize("rows", [[], [bad("b.jpg")], [bad(f"{number}.jpg") for number in range(50)]])
def test_an_older_table_stays_if_nothing_is_scored(suffix: str, rows: list[Row], tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    write(path, ROWS)
    before = path.read_bytes()
    with open_sink(path, COLUMNS, "m@1") as sink:
        for each in rows:
            sink.write(each)
        assert sink.is_waiting and path.read_bytes() == before
    assert sink.is_waiting and path.read_bytes() == before and os.listdir(tmp_path) == [path.name]


@every_format
def test_an_older_table_stays_until_a_photograph_is_scored(suffix: str, tmp_path: Path) -> None:
    path, whole, growing = tmp_path / f"x{suffix}", tmp_path / f"whole{suffix}", growing_file(tmp_path / f"x{suffix}")
    rows = [bad("b.jpg"), bad("c.jpg"), good("d.jpg"), bad("e.jpg")]
    write(whole, rows)
    write(path, ROWS)
    before = growing.read_bytes() if growing.exists() else b""
    with pytest.raises(KeyError), open_sink(path, COLUMNS, "m@1"):
        raise KeyError
    with open_sink(path, COLUMNS, "m@1") as sink:
        for number, each in enumerate(rows):
            sink.write(each)
            assert sink.is_waiting == (number < 2) and (growing.read_bytes() == before) == (number < 2)
    assert path.read_bytes() == whole.read_bytes()


@every_format
@pytest.mark.parametrize("content", [b"notes of mine", b"[1]\n"])
def test_a_file_in_the_place_of_the_journal_is_left_alone(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    for place in (tmp_path / f"x{suffix}.partial", hidden_beside(path, "journal")):
        place.write_bytes(content)
    for resume in (False, True):
        if suffix == ".parquet":
            with pytest.raises(BeholderError, match=r"^[^\n]*journal: was not written by beholder[^\n]*$"):
                write(path, ROWS, resume)
        else:
            write(path, ROWS, resume)
    assert {place.read_bytes() for place in tmp_path.glob("*.partial")} == {content}
    assert hidden_beside(path, "journal").read_bytes() == content


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_in_the_place_of_the_journal_is_not_followed(dangling: bool, tmp_path: Path) -> None:
    path, mine = tmp_path / "x.parquet", tmp_path / "mine"
    if not dangling:
        mine.write_bytes(b'{"path": "mine"}')
    hidden_beside(path, "journal").symlink_to(mine)
    for resume in (False, True):
        with pytest.raises(BeholderError, match=r"^[^\n]*journal: cannot write there \(it is a link\)$"):
            write(path, ROWS, resume)
    assert mine.exists() != dangling and (dangling or mine.read_bytes() == b'{"path": "mine"}')


def moved(row: Row, path: Path) -> Row:
    return {**row, "path": str(path)}


@every_format
def test_photographs_of_a_moved_folder_are_known_by_content(suffix: str, tmp_path: Path) -> None:
    """Two of them are the same picture; one failed and fails again."""
    card, year, path = tmp_path / "card", tmp_path / "2024", tmp_path / f"x{suffix}"
    rows = [good("a"), {**good("b"), "sha256": good("a")["sha256"]}, good("c"), bad("d", "5"), bad("e")]
    card.mkdir()
    for each in rows:
        (card / each["path"]).touch()
    write(path, [moved(each, card / each["path"]) for each in rows])
    card.rename(year)
    now = [moved(each, year / each["path"]) for each in rows]
    failed = [moved(each, card / each["path"]) for each in rows[4:]]  # its content is not known
    with open_sink(path, COLUMNS, "m@1", resume=True) as sink:
        for each in now:
            assert sink.knows(each["path"], each["sha256"]) == (not each["error"])
            if each["error"]:
                sink.write(each)
            else:
                found = sink.keep(each["path"], each["sha256"])
                assert found["path"] == each["path"] and found["sha256"] == each["sha256"]
    assert [row["path"] for row in read(path)] == [row["path"] for row in (*now, *failed)]
    same = {"overall"}  # of one of the two that are the same picture
    assert [{k: v for k, v in row.items() if k not in same} for row in without_model(read(path))] == [
        {k: v for k, v in row.items() if k not in same} for row in without_model([*now, *failed])
    ]


@every_format
def test_a_run_that_was_killed_after_a_move_goes_on(suffix: str, tmp_path: Path) -> None:
    path, rows = tmp_path / f"x{suffix}", [good("card/a"), good("card/b"), good("card/c")]
    now = [{**row, "path": row["path"].replace("card", "2024")} for row in rows]
    lines = tmp_path / "lines.jsonl" if suffix == ".parquet" else path
    write(lines, [*rows, *now[:2]])
    if suffix == ".parquet":
        lines.rename(growing_file(path))
    assert write(path, now, resume=True) == 0
    assert read(path) == now


@every_format
def test_a_journal_is_as_private_as_its_table(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    write(path, ROWS)
    path.chmod(0o600)
    for resume in (True, False):
        with open_sink(path, COLUMNS, "m@1", resume=resume) as sink:
            sink.write(good("new.jpg"))
            assert growing_file(path).stat().st_mode & 0o777 == 0o600
        assert path.stat().st_mode & 0o777 == 0o600


@every_format
def test_a_copy_gets_a_row_of_its_own_and_the_other_stays(suffix: str, tmp_path: Path) -> None:
    first, path = tmp_path / "a.jpg", tmp_path / f"x{suffix}"
    first.touch()
    row = moved(good("a"), first)
    write(path, [row])
    copy = {**row, "path": str(tmp_path / "copy.jpg")}
    assert write(path, [copy], resume=True) == 0
    assert read(path) == [copy, row]
    assert write(path, [row, copy], resume=True) == 0
    assert read(path) == [row, copy]


def test_photographs_that_changed_places_keep_their_scores(tmp_path: Path) -> None:
    path, first, second = tmp_path / "x.csv", good("a"), good("b")
    write(path, [first, second])
    changed = [{**second, "path": "a"}, {**first, "path": "b"}]
    assert write(path, changed, resume=True) == 0
    assert read(path) == changed


@every_format
def test_full_disk_is_one_line(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.symlink_to("/dev/full")
    with pytest.raises(BeholderError, match=r"^[^\n]*x\.\w+: (cannot write|is not a regular file)[^\n]*$"):
        write(path, ROWS)
    assert sorted(os.listdir(tmp_path)) == [path.name]


@every_format
def test_links_stay_links(suffix: str, tmp_path: Path) -> None:
    path, target = tmp_path / f"x{suffix}", tmp_path / "target"
    path.symlink_to(target)
    write(path, [good("b.jpg")])
    write(path, [good("a.jpg"), good("b.jpg")], resume=True)
    assert path.is_symlink() and read(path) == [good("a.jpg"), good("b.jpg")]
    assert sorted(os.listdir(tmp_path)) == sorted(["target", path.name])


@pytest.mark.parametrize("suffix", LINES)
def test_rows_stream_into_a_pipe(suffix: str, tmp_path: Path) -> None:
    path, copy = tmp_path / f"x{suffix}", tmp_path / f"copy{suffix}"
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: copy.write_bytes(path.read_bytes()))
    reader.start()
    write(path, ROWS)
    reader.join(10)
    assert without_model(read(copy)) == without_model(ROWS)
