"""Files: replaced as what they were, never through a link, and swept only where their writer is dead; the cache folder."""

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beholder.errors import BeholderError
from beholder.files import (
    cache_folder,
    check_replaceable,
    check_writable,
    hidden_beside,
    open_locked,
    path_key,
    remove_partials,
    replacing,
    write_json,
)


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"BEHOLDER_CACHE": "/here", "XDG_CACHE_HOME": "/x", "HOME": "/home/ann"}, "/here"),
        ({"BEHOLDER_CACHE": "here"}, "here"),
        ({"BEHOLDER_CACHE": "~/here", "HOME": "/home/ann"}, "/home/ann/here"),
        ({"BEHOLDER_CACHE": "", "XDG_CACHE_HOME": "/x"}, "/x/beholder"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/ann"}, "/home/ann/.cache/beholder"),
        ({"XDG_CACHE_HOME": "", "HOME": "/home/ann"}, "/home/ann/.cache/beholder"),
        ({"BEHOLDER_CACHE": "~/here"}, None),
        ({"XDG_CACHE_HOME": "relative"}, None),
        ({"HOME": "relative"}, None),
        ({}, None),
    ],
)
def test_cache_folder(environment: dict[str, str], folder: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment; without one and without an entry in the list of users, a line that says what to set."""

    def nobody(*_: Any) -> None:
        raise KeyError("uid not found: 12345")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in ("BEHOLDER_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if folder is None:
        with pytest.raises(BeholderError, match=r"^there is no home folder .* BEHOLDER_CACHE$"):
            cache_folder()
    else:
        assert os.fspath(cache_folder()) == os.fspath(Path(folder))


WRITER = """
import sys
from beholder.files import replacing
with replacing(sys.argv[1], "a test") as partial:
    partial.write_text("new")
    print("writing", flush=True)
    sys.stdin.read()
"""


def partials(folder: Path) -> list[Path]:
    return sorted(folder.glob(".beholder-*.partial"))


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o400])
@pytest.mark.parametrize("link", [False, True])
def test_a_replaced_file_keeps_its_mode(mode: int, link: bool, tmp_path: Path) -> None:
    path, named = tmp_path / "x", tmp_path / "link"
    path.write_text("old")
    path.chmod(mode)
    named.symlink_to(path)
    with replacing(named if link else path, "a test") as partial:
        assert stat.S_IMODE(partial.stat().st_mode) == 0o600
        partial.write_text("new")
    assert path.read_text() == "new" and stat.S_IMODE(path.stat().st_mode) == mode
    assert named.is_symlink() and len(os.listdir(tmp_path)) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner_and_group(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    os.chown(path, 1234, 5678)
    with replacing(path, "a test") as partial:
        partial.write_text("new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_is_for_whom_the_umask_says(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        with replacing(tmp_path / "x", "a test") as partial:
            partial.write_text("new")
        open_locked(tmp_path / "y").close()
    finally:
        os.umask(before)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "xy"} == {0o666 & ~umask}


def test_partials_are_swept_where_their_writer_is_dead_only(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as live:
        assert live.stdout and live.stdin
        assert live.stdout.readline() == "writing\n"
        (kept,) = partials(tmp_path)
        dead = tmp_path / f"{kept.name.rsplit('-', 1)[0]}-0123456789ab.partial"
        dead.write_text("of a killed run")
        remove_partials(path)
        check_writable(path, "a test", lambda _: True)
        assert partials(tmp_path) == [kept]
        live.stdin.close()
        assert live.wait(60) == 0
    assert path.read_text() == "new" and partials(tmp_path) == []


def test_a_link_in_the_place_of_a_partial_is_not_followed(tmp_path: Path) -> None:
    path, mine = tmp_path / "x", tmp_path / "mine"
    mine.write_text("mine")
    with replacing(path, "a test") as partial:
        name = f"{partial.name.rsplit('-', 1)[0]}-0123456789ab.partial"
    (tmp_path / name).symlink_to(mine)
    remove_partials(path)
    assert mine.read_text() == "mine"


def test_what_is_not_ours_or_is_read_is_not_replaced(tmp_path: Path) -> None:
    path, other, link, hard = (tmp_path / name for name in ("x", "y", "link", "hard"))
    path.write_text("notes")
    link.symlink_to(path)
    hard.hardlink_to(path)
    for name in (path, link, hard):
        with pytest.raises(BeholderError, match=r"^[^\n]*not made by this command; choose another name[^\n]*$"):
            check_replaceable(name, lambda found: found.read_text() == "ours")
        with pytest.raises(BeholderError, match=r"^[^\n]*is read by this command[^\n]*$"):
            check_replaceable(name, lambda _: True, [None, tmp_path / "none", path])
    check_replaceable(path, lambda found: found.read_text() == "notes", [None, other])
    other.touch()
    check_replaceable(other, lambda _: False)  # empty
    check_replaceable(tmp_path / "new", lambda _: False)
    assert path.read_text() == "notes"


def test_a_file_that_may_not_be_a_link(tmp_path: Path) -> None:
    mine, link, pipe = tmp_path / "mine", tmp_path / "link", tmp_path / "pipe"
    mine.write_text("mine")
    link.symlink_to(mine)
    os.mkfifo(pipe)
    for path in (link, pipe):
        with pytest.raises(OSError, match=r"symbolic links|No such device|not configured"):
            open_locked(path, follow=False)
    assert mine.read_text() == "mine"
    assert hidden_beside(link, "journal") == hidden_beside(mine, "journal")


@pytest.mark.parametrize(
    "path", ["a", "./a", "a//b", "/a/./b", "../a", "a/", ".", "", "/", ".a", "a/.b", "//a", "a/.."]
)
def test_a_path_is_known_by_its_absolute_spelling(path: str) -> None:
    assert path_key(path) == os.fspath(Path(path).absolute())


def test_a_result_file_has_no_infinity_or_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"scores": [1.5, float("nan"), (float("inf"),)]})
    assert (tmp_path / "x.json").read_text() == '{"scores": [1.5, null, [null]]}'
