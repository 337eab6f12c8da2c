"""When a unit is done, when it is scored again, and when nothing is touched."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import beholder
from beholder.errors import BeholderError
from beholder.scale.done import INVALID, Done
from helpers.commands import every_format
from helpers.shards import photo, rows_of, run, save_shards, save_table, state_of


@pytest.fixture
def scored(tmp_path: Path, colour_model: Path) -> Path:
    """A folder with shards in/ and their tables out/."""
    run(save_shards(tmp_path / "in", [3, 2]), tmp_path / "out/{unit}.csv", colour_model, embeddings=True)
    return tmp_path


def again(folder: Path, model: Path, **options: Any) -> list[bool]:
    """Runs the same again; of each unit whether it was known."""
    options = {"embeddings": True, **options}
    reports = run(sorted((folder / "in").iterdir()), folder / "out/{unit}.csv", model, **options)
    assert all(report.error is None for report in reports)
    return [report.known for report in sorted(reports, key=lambda report: report.unit.index)]


def refused(folder: Path, model: Path, **options: Any) -> str:
    """Why the same is not run again; nothing is touched."""
    before = state_of(folder)
    with pytest.raises(BeholderError) as caught:
        again(folder, model, **options)
    assert state_of(folder) == before
    message = str(caught.value)
    assert message.isprintable() and "--overwrite" in message
    return message


def test_what_is_done_is_known(scored: Path, colour_model: Path) -> None:
    before = state_of(scored)
    assert again(scored, colour_model) == [True, True] and state_of(scored) == before
    assert again(scored, colour_model, overwrite=True) == [True, True]  # it replaces only what it must


def test_done_file_says_what_was_scored(scored: Path, colour_model: Path) -> None:
    about = json.loads((scored / "out/00000.done.json").read_text())
    table, source = scored / "out/00000.csv", scored / "in/00000.tar"
    assert about["output"]["size"] == table.stat().st_size and about["input"]["size"] == source.stat().st_size
    assert about["input"]["path"] == str(source) and len(about["input"]["sha256"]) == 64
    assert (about["unit"], about["index"], about["rows"], about["errors"]) == ("00000", 0, 3, 0)
    assert about["wanted"]["model"] == beholder.load(colour_model).id and about["version"] == beholder.__version__
    assert about["wanted"]["options"]["embeddings"] is True
    content = (scored / "out/00000.done.json").read_bytes()
    done = Done.of_json(content)
    assert done is not None and done.to_json() == content


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [cut, Path.unlink, lambda path: path.write_bytes(INVALID)])
@pytest.mark.parametrize("name", ["00001.done.json", "00001.csv", "00001.npy"])
def test_what_is_not_whole_is_scored_again(
    name: str, damage: Callable[[Path], object], scored: Path, colour_model: Path
) -> None:
    before = state_of(scored)
    damage(scored / "out" / name)
    assert again(scored, colour_model) == [True, False] and state_of(scored) == before


def test_done_files_of_any_content_are_damaged_at_most() -> None:
    whole = {"done_format": 1, "unit": "a", "index": 0, "input": {"path": "a", "size": 1, "tag": "", "sha256": ""}}
    whole |= {"row_groups": None, "output": {"size": 1, "sha256": ""}, "embeddings": None, "rows": 1, "errors": 0}
    whole |= {"retries": 0, "reasons": [], "wanted": {"model": "m", "model_sha256": "", "options": {}}, "version": "1"}
    assert Done.of_json(json.dumps(whole).encode()) is not None
    for name in whole:
        for wrong in (None, [], "x", {"x": 1}):
            if not (name in ("row_groups", "embeddings") and wrong is None):
                changed = json.dumps({**whole, name: wrong}).encode()
                fits = (name == "reasons" and wrong == []) or (name in ("unit", "version") and wrong == "x")
                assert fits or Done.of_json(changed) is None, (name, wrong)
        assert Done.of_json(json.dumps({key: value for key, value in whole.items() if key != name}).encode()) is None
    for content in (b"", b"\xff", b"[]", b"null", b"[" * 100_000):
        assert Done.of_json(content) is None


def test_of_another_model_stays(scored: Path, colour_model: Path, other_model: Path) -> None:
    assert f"has scores of {beholder.load(colour_model).id}, this is" in refused(scored, other_model)
    before = rows_of(scored / "out/00000.csv", scored / "out/00001.csv")
    assert again(scored, other_model, overwrite=True) == [False, False]
    after = rows_of(scored / "out/00000.csv", scored / "out/00001.csv")
    assert len(after) == len(before) and all(a["overall"] != b["overall"] for a, b in zip(after, before, strict=True))
    assert again(scored, other_model) == [True, True]


@pytest.mark.parametrize(
    "options", [{"embeddings": False}, {"fields": ("overall",)}, {"batch_rows": 7}, {"column": "img"}]
)
def test_of_other_options_stays(options: dict[str, Any], scored: Path, colour_model: Path) -> None:
    assert f"was made with {next(iter(options))} " in refused(scored, colour_model, **options)
    assert again(scored, colour_model, **options, overwrite=True) == [False, False]


def test_one_refusal_keeps_all(scored: Path, colour_model: Path, other_model: Path) -> None:
    """What is refused is looked for before anything is scored."""
    (scored / "out/00000.done.json").unlink()
    (scored / "out/00000.csv").unlink()
    refused(scored, other_model)


def test_changed_input_is_scored_again(scored: Path, colour_model: Path) -> None:
    os.utime(scored / "in/00000.tar", (1, 1))
    assert again(scored, colour_model) == [True, True]  # the content decides
    save_shards(scored / "in", [3], first=50)
    assert again(scored, colour_model) == [False, True]
    assert rows_of(scored / "out/00000.csv")[0]["path"] == "000050.jpg"


def test_moved_input_is_known_and_another_is_refused(scored: Path, colour_model: Path) -> None:
    shutil.copytree(scored / "in", scored / "copies")
    shutil.rmtree(scored / "in")
    (scored / "copies").rename(scored / "elsewhere")
    reports = run(sorted((scored / "elsewhere").iterdir()), scored / "out/{unit}.csv", colour_model, embeddings=True)
    assert [report.known for report in reports] == [True, True]
    others = save_shards(scored / "others", [3, 2], first=50)
    with pytest.raises(BeholderError, match=r"is of another input, .*in/00000\.tar"):
        run(others, scored / "out/{unit}.csv", colour_model, embeddings=True)
    reports = run(others, scored / "out/{unit}.csv", colour_model, embeddings=True, overwrite=True)
    assert [report.known for report in reports] == [False, False]


def test_folder_that_grew_is_scored_again(tmp_path: Path, colour_model: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(photo(number))
    for known, count in ((False, 3), (True, 3), (False, 4)):
        if count == 4:
            (folder / "3.jpg").write_bytes(photo(3))
        (report,) = run([folder], tmp_path / "out.csv", colour_model)
        assert (report.known, report.rows) == (known, count)


@every_format
def test_what_another_program_wrote_stays(suffix: str, tmp_path: Path, colour_model: Path) -> None:
    shards, out = save_shards(tmp_path / "in", [2]), tmp_path / f"out{suffix}"
    out.write_bytes(b"my notes\n")
    with pytest.raises(BeholderError, match="is there already and is no table of beholder"):
        run(shards, out, colour_model)
    assert out.read_bytes() == b"my notes\n"
    run(shards, out, colour_model, overwrite=True)
    table = out.read_bytes()
    (tmp_path / "out.done.json").unlink()  # a table of beholder is replaced
    (report,) = run(shards, out, colour_model)
    assert not report.known and out.read_bytes() == table


def test_input_is_never_written_over(tmp_path: Path, colour_model: Path) -> None:
    source = save_table(tmp_path / "a.parquet", [1, 2])
    before = source.read_bytes()
    (tmp_path / "link").symlink_to(tmp_path)
    for out in (source, tmp_path / "link/{unit}.parquet"):
        with pytest.raises(BeholderError, match="is read by this command"):
            run([source], out, colour_model, overwrite=True)
    assert source.read_bytes() == before


def test_done_file_is_invalid_while_its_table_is_replaced(
    scored: Path, other_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a kill between the two would leave a done file for a table of another model, of the same size."""
    from beholder.scale import store

    published = []
    publish = store.publish

    def spied(local: Path, path: str, *rest: Any) -> None:
        published.append((Path(path).name, (scored / "out/00000.done.json").read_bytes()))
        publish(local, path, *rest)

    monkeypatch.setattr(store, "publish", spied)
    again(scored, other_model, overwrite=True)
    tables = [done for name, done in published if name in ("00000.csv", "00000.npy")]
    assert tables == [INVALID, INVALID]
