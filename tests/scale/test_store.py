"""Stores: what fails for a moment is asked again, what changes or refuses is told in one line."""

import os
import stat as modes
import sys

import pytest

pytest.importorskip("fsspec", reason="needs fsspec: pip install 'beholder[remote]'")

import fsspec

import beholder
from beholder.errors import BeholderError, PhotoError
from beholder.photos.listing.find import Unreadable
from beholder.scale import store
from beholder.scale.read import input_id, input_sha256, read_rows
from beholder.scale.store import Retries, StoredPhoto, StoreError
from beholder.scale.unit import UnitError
from beholder.scale.units import list_units
from helpers.flaky_store import FlakyStore, Trouble, empty_store, put
from helpers.tars import jpeg, write_table, write_tar

TROUBLED = Trouble(failing=0.2, cut=0.2, seed=3)


@pytest.fixture(autouse=True)
def _fresh_stores(monkeypatch):
    monkeypatch.setattr(store, "FIRST_WAIT", 0)
    monkeypatch.setattr(store, "BLOCK", 1000)
    empty_store()
    fsspec.filesystem("memory").store.clear()


def shards(folder):
    """A tar, a table and a folder of the same pictures."""
    pictures = {f"{number:03}.jpg": jpeg(number) for number in range(12)}
    write_tar(folder / "a.tar", pictures.items())
    write_table(folder / "b.parquet", {"image": list(pictures.values())}, row_group_size=5)
    write_table(folder / "c.parquet", {"image": [f"photos/{name}" for name in pictures]})
    (folder / "photos").mkdir()
    for name, content in pictures.items():
        (folder / "photos" / name).write_bytes(content)
    return pictures


def upload(folder, url):
    for path in folder.rglob("*.*"):
        put(f"{url}/{path.relative_to(folder).as_posix()}", path.read_bytes())


def content(row):
    """The bytes of a row's picture, as they are read for decoding."""
    source = row.source
    if isinstance(source, Unreadable):
        return source.error
    if isinstance(source, str):
        with open(source, "rb") as file:
            return file.read()
    found = source["bytes"]
    return found.read_bytes() if isinstance(found, StoredPhoto) else found


@pytest.mark.parametrize("protocol", ["memory", "flaky"])
@pytest.mark.parametrize("name", ["a.tar", "b.parquet", "c.parquet", "photos"])
def test_rows_are_those_of_the_same_files_here(tmp_path, name, protocol):
    pictures = shards(tmp_path)
    upload(tmp_path, f"{protocol}://bucket/x")
    trouble = empty_trouble() if protocol == "flaky" else None
    retries = Retries(limit=8)
    (unit,) = list_units([f"{protocol}://bucket/x/{name}"])
    (here,) = list_units([str(tmp_path / name)])
    assert unit.name == here.name
    found = [(row.path, content(row)) for row in read_rows(unit, retries=retries)]
    assert found == [(row.path, content(row)) for row in read_rows(here)]
    assert [each for _, each in found] == list(pictures.values())
    assert retries.count > 0 if trouble else retries.count == 0
    assert list_units([f"{protocol}://bucket/x/{name[:3]}*"])[0].path.startswith(f"{protocol}://bucket/x/")


def empty_trouble():
    """Trouble from now on, with what is in the store."""
    FlakyStore.trouble = Trouble(TROUBLED.latency, TROUBLED.failing, TROUBLED.cut, seed=TROUBLED.seed)
    return FlakyStore.trouble


@pytest.mark.parametrize("protocol", ["memory", "flaky"])
def test_a_pattern_in_a_store_finds_what_it_finds_here(tmp_path, protocol):
    shards(tmp_path)
    (tmp_path / "a_stats.json").write_bytes(b"{}")
    upload(tmp_path, f"{protocol}://bucket")
    for pattern in ("*", "{a,b}*", "**/00*.jpg", "[ab].*"):
        there, here = (list_units([f"{start}/{pattern}"]) for start in (f"{protocol}://bucket", str(tmp_path)))
        assert [(each.name, each.kind, each.files) for each in there] == [
            (each.name, each.kind, each.files) for each in here
        ]


def test_scores_are_those_of_the_same_files_here(tmp_path):
    shards(tmp_path)
    upload(tmp_path, "flaky://bucket")
    empty_trouble()

    def scores(paths):
        rows = [row for unit in list_units(paths) for row in read_rows(unit, retries=Retries(limit=9))]
        results = beholder.score_photos("fast", [row.source for row in rows])
        return [result.scores.overall.tolist() for result in results]

    assert scores(["flaky://bucket/photos"]) == scores([str(tmp_path / "a.tar")])


def test_a_store_that_always_fails_is_told_for_its_unit_or_its_row(tmp_path):
    shards(tmp_path)
    upload(tmp_path, "flaky://bucket")
    tar, folder = list_units(["flaky://bucket/a.tar", "flaky://bucket/photos"])
    photo = next(iter(read_rows(folder))).source["bytes"]
    FlakyStore.trouble = Trouble(failing=1)
    with pytest.raises(UnitError, match=r"^flaky://bucket/a.tar: cannot read it \(4 tries\): 503 Slow Down$"):
        list(read_rows(tar))
    with pytest.raises(PhotoError, match=r"^flaky://bucket/photos/000.jpg: cannot read it \(4 tries\): 503 Slow Down$"):
        photo.read_bytes()


@pytest.mark.parametrize("name", ["a.tar", "b.parquet"])
def test_an_object_that_changes_while_it_is_read_fails_its_unit(tmp_path, name):
    shards(tmp_path)
    upload(tmp_path, "flaky://bucket")
    (unit,) = list_units([f"flaky://bucket/{name}"])
    rows = read_rows(unit)
    next(rows)
    put(f"flaky://bucket/{name}", (tmp_path / name).read_bytes())
    with pytest.raises(UnitError, match=f"^flaky://bucket/{name}: changed while it was read; score it again when"):
        list(rows)


@pytest.mark.parametrize("name", ["a.tar", "b.parquet", "photos"])
def test_without_permission_and_without_the_object_there_is_one_line(tmp_path, name):
    shards(tmp_path)
    upload(tmp_path, "flaky://bucket")
    (unit,) = list_units([f"flaky://bucket/{name}"])
    FlakyStore.trouble = Trouble(refused=name)
    for _ in ("no permission", "no such object"):
        try:
            errors = {content(row) for row in read_rows(unit)}
        except UnitError as error:
            errors = {str(error)}
        except PhotoError as error:
            errors = {str(error)}
        assert all(error.startswith(f"flaky://bucket/{name}") and error.isprintable() for error in errors)
        assert any(words in error for error in errors for words in ("no permission to read it", "no such object"))
        empty_store()


def test_what_an_input_was_is_told_by_its_tag(tmp_path):
    shards(tmp_path)
    upload(tmp_path, "flaky://bucket")
    tar, folder = list_units(["flaky://bucket/a.tar", "flaky://bucket/photos"])
    first = input_id(tar), input_id(folder)
    assert first[0].tag and first[0].size == (tmp_path / "a.tar").stat().st_size
    assert input_sha256(tar) == "" and len(input_sha256(folder)) == 64
    assert (input_id(tar), input_id(folder)) == first
    put("flaky://bucket/a.tar", (tmp_path / "a.tar").read_bytes())
    put("flaky://bucket/photos/003.jpg", b"other")
    tar, folder = list_units(["flaky://bucket/a.tar", "flaky://bucket/photos"])
    assert input_id(tar) != first[0] and input_id(folder).sha256 != first[1].sha256


@pytest.mark.parametrize("protocol", ["memory", "flaky"])
def test_publishing_is_tried_again(tmp_path, protocol):
    FlakyStore.trouble = Trouble(failing=0.5, seed=1)
    retries, url = Retries(limit=20), f"{protocol}://out/deep/a.parquet"
    assert not store.exists(url, retries) and store.read_small(url, retries) is None
    with store.temporary_beside(url) as partial:
        partial.write_bytes(b"a table")
        store.publish(partial, url, retries)
    store.publish_bytes(b"{}", f"{url}.done.json", retries)
    assert not partial.exists()
    assert store.read_small(url, retries) == b"a table" and store.read_small(f"{url}.done.json", retries) == b"{}"
    assert (retries.count > 0) == (protocol == "flaky")


def test_publishing_here_is_one_rename(tmp_path):
    path = str(tmp_path / "new" / "a.parquet")
    for text in (b"one", b"two"):
        with store.temporary_beside(path) as partial:
            partial.write_bytes(text)
            assert partial.parent == tmp_path / "new" and partial.name.startswith(".")
            store.publish(partial, path)
        assert store.read_small(path) == text
    os.chmod(path, 0o640)
    store.publish_bytes(b"three", f"file://{path}")
    assert store.read_small(path) == b"three" and modes.S_IMODE(os.stat(path).st_mode) == 0o640
    with pytest.raises(RuntimeError), store.temporary_beside(path) as partial:
        partial.write_bytes(b"half")
        raise RuntimeError
    assert os.listdir(tmp_path / "new") == ["a.parquet"] and store.read_small(path) == b"three"


def test_publishing_where_it_is_not_permitted_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BeholderError, match="a part of it is a file, not a folder"):
        store.publish_bytes(b"", str(tmp_path / "file" / "a.parquet"))
    FlakyStore.trouble = Trouble(refused="out")
    with pytest.raises(StoreError, match=r"^flaky://out/a.parquet: no permission to write it; give this machine"):
        store.publish_bytes(b"", "flaky://out/a.parquet")


@pytest.mark.parametrize(
    ("url", "problem", "expected"),
    [
        ("s3://b/a.tar", ImportError("Install s3fs"), "s3://b/a.tar: needs s3fs, not installed: pip install s3fs"),
        ("hf://datasets/a/b.tar", ImportError("x"), "hf://datasets/a/b.tar: needs huggingface_hub, not installed: pip"),
        ("odd://b/a.tar", ValueError("Protocol not known: odd"), "odd://b/a.tar: odd:// is no store that fsspec knows"),
        ("s3://b/a.tar", PermissionError("Forbidden"), "s3://b/a.tar: no permission to list it; give this machine"),
    ],
)
def test_a_store_that_cannot_be_reached_is_told(monkeypatch, url, problem, expected):
    def fail(_):
        raise problem

    monkeypatch.setattr("fsspec.core.url_to_fs", fail)
    with pytest.raises(StoreError) as caught:
        store.list_glob(url)
    assert str(caught.value).startswith(expected)


def test_without_fsspec_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(BeholderError, match=r"needs fsspec, not installed: pip install 'beholder\[remote\]'$"):
        store.stat("s3://b/a.tar")


def test_each_wait_is_longer(monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(store, "FIRST_WAIT", 1)
    monkeypatch.setattr(store.time, "sleep", waited.append)
    retries = Retries(limit=3)
    put("flaky://bucket/a.tar", b"x")
    FlakyStore.trouble = Trouble(failing=1)
    with pytest.raises(StoreError):
        store.stat("flaky://bucket/a.tar", retries)
    assert len(waited) == retries.count == 3
    assert all(low <= seconds <= 1.5 * low for low, seconds in zip((1, 2, 4), waited, strict=True))
