"""`beholder xmp`, and `--xmp` of `beholder score`."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beholder.output.sinks import open_sink
from helpers.commands import Done, every_format, read_table
from helpers.factories import COMMAND, save_photos
from helpers.xmp_packets import lightroom, needs_exiftool, texts

Run = Callable[..., Done]
CULL = {"path": str, "series": str, "kind": str, "size": int, "rank": int, "decision": str, "reason": str}
CULL |= {"paired_with": str, "overall": float, "low": float, "high": float, "percentile": float}
CULL |= {"model": str, "sha256": str, "error": str}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_photos(tmp_path / "photos", 4)
    return tmp_path / "photos"


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def save_cull(path: Path, rows: list[dict[str, Any]]) -> None:
    common = {"series": "s1", "kind": "burst", "size": 2, "paired_with": "", "reason": "sharper by 38%", "rank": 1}
    scores = {"overall": 5.0, "low": 4.0, "high": 6.0, "percentile": 96.0, "model": "m@1", "sha256": "", "error": ""}
    with open_sink(path, CULL, "m@1") as sink:
        for row in rows:
            sink.write({**common, **scores, **row})


@every_format
def test_scores_from_a_table(beholder: Run, folder: Path, suffix: str) -> None:
    table = f"x{suffix}"
    (folder / "broken.jpg").write_bytes(b"no")
    assert beholder("score", "photos", "--out", table, "-q").code == 3
    done = beholder("xmp", "write", table, "--stars", "percentile")
    assert done.code == 0 and done.out == ""
    assert "XMP: written 4, unchanged 0, kept yours 0, refused 0" in done.err
    assert "left out 1: without a score nothing is written" in done.err
    rows = {Path(row["path"]).name: row for row in read_table(Path(table))}
    found = texts((folder / "1.jpg.xmp").read_bytes())
    assert float(found["beholder:Overall"]) == pytest.approx(float(rows["1.jpg"]["overall"]), abs=1e-4)
    assert set(found) >= {"beholder:Warmth", "beholder:Quality", "beholder:Percentile", "xmp:Rating"}
    assert found["beholder:ImageSha256"] == rows["1.jpg"]["sha256"]

    before = state(folder)
    assert "written 0, unchanged 4" in beholder("xmp", "write", table, "--stars", "percentile").err
    assert "XMP: written 0, unchanged 4" in beholder("score", "photos", "--xmp", "sidecar", "--stars", "percentile").err
    assert state(folder) == before  # also by the other way


def test_score_writes_too(beholder: Run, folder: Path) -> None:
    (folder / "2.jpg.xmp").write_bytes(lightroom(xmp_Rating="1"))
    done = beholder("score", "photos", "--xmp", "darktable", "--stars", "1,2,3,4", "--out", "x.csv")
    assert done.code == 0 and "XMP: written 4, unchanged 0, kept yours 1, refused 0" in done.err
    assert texts((folder / "2.jpg.xmp").read_bytes())["xmp:Rating"] == "1"
    assert (
        "XMP: written 0, unchanged 4"
        in beholder("score", "photos", "--xmp", "darktable", "--out", "x.csv", "--resume").err
    )
    (folder / "3.jpg.xmp").write_bytes(b"no")
    done = beholder("score", "photos", "--xmp", "sidecar", "-q")
    assert done.code == 3 and len(done.err.splitlines()) == 1
    assert done.err.startswith("not written: photos/3.jpg.xmp: is not XML that can be read (Start tag expected")


def test_decisions(beholder: Run, folder: Path) -> None:
    shutil.copy(folder / "1.jpg", folder / "1.NEF")
    decisions = ["pick", "maybe", "reject", "other"]
    rows = [{"path": f"photos/{place}.jpg", "decision": decision} for place, decision in enumerate(decisions, 1)]
    save_cull(Path("cull.csv"), [{**rows[0], "paired_with": "photos/1.NEF"}, *rows[1:]])
    done = beholder("xmp", "write", "cull.csv", "--label", "Green")
    assert done.code == 0 and "written 5" in done.err
    found = {path.name: texts(path.read_bytes()) for path in folder.glob("*.xmp")}
    for name in ("1.jpg.xmp", "1.NEF.xmp"):
        assert (found[name]["xmpDM:pick"], found[name]["xmp:Label"]) == ("1", "Green")
        assert found[name]["beholder:Decision"] == "pick" and found[name]["beholder:Series"] == "s1"
    assert [found[f"{place}.jpg.xmp"].get("digiKam:PickLabel") for place in range(1, 5)] == ["3", "2", "1", None]
    assert "xmp:Rating" not in found["3.jpg.xmp"]
    done = beholder("xmp", "write", "cull.csv", "--profile", "immich", "--reject-rating")
    assert texts((folder / "3.jpg.xmp").read_bytes())["xmp:Rating"] == "-1"


def test_a_dry_run_prints_file_change_and_reason(beholder: Run, folder: Path) -> None:
    save_cull(Path("cull.csv"), [{"path": f"photos/{place}.jpg", "decision": "pick"} for place in (1, 2, 9)])
    (folder / "2.jpg.xmp").write_bytes(lightroom(xmpDM_pick="-1", xmp_Rating="0"))
    before = state(folder)
    done = beholder("xmp", "write", "cull.csv", "--profile", "lightroom,sidecar", "--stars", "percentile", "--dry-run")
    assert done.code == 3 and state(folder) == before
    lines = done.out.splitlines()
    assert "photos/1.jpg: left out: Lightroom reads JPEG, TIFF, PNG and DNG only from inside the file" in done.out
    assert "photos/1.jpg.xmp: xmpDM:pick nothing -> 1 (empty)" in lines
    assert "photos/2.jpg.xmp: xmp:Rating 0 -> 5 (empty)" in lines
    assert "photos/2.jpg.xmp: flag stays (kept: yours)" in lines
    assert "photos/9.jpg: refused: no such file" in lines
    assert "would be written 2, unchanged 0, kept yours 1, refused 1" in done.err
    report = json.loads(beholder("xmp", "write", "cull.csv", "--dry-run", "--json").out)
    assert [row["status"] for row in report] == ["written", "written", "refused"] and report[1]["kept"] == ["flag"]
    assert report[0]["changes"][0] == {"property": "xmpDM:pick", "before": None, "after": "1", "why": "empty"}


@needs_exiftool
def test_into_photographs_and_out_again(beholder: Run, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert beholder("score", "photos", "--xmp", "lightroom", "--embed", "--stars", "percentile").code == 0
    assert {path: path.with_name(f"{path.name}_original").read_bytes() for path in before} == before
    again = state(folder)
    done = beholder("score", "photos", "--xmp", "lightroom", "--embed", "--stars", "percentile")
    assert "written 0, unchanged 4" in done.err and state(folder) == again
    assert "cleared 4, removed 0" in beholder("xmp", "clear", "photos").err
    assert "XMP: written 4" in beholder("score", "photos", "--xmp", "lightroom", "--embed").err


def test_read_and_clear(beholder: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "1.jpg.xmp").write_bytes(lightroom(xmp_Rating="4", xmp_Label="Red"))
    (folder / "2.xmp").write_bytes(lightroom(xmpDM_pick="-1", xmpDM_good="false"))
    beholder("score", "photos", "--xmp", "sidecar", "--stars", "1,2,3,4", "-q")
    done = beholder("xmp", "read", "photos")
    assert done.code == 0 and "2 of 4 photographs have stars, a flag or a label: ratings.csv" in done.err
    assert read_table(tmp_path / "ratings.csv") == [
        {"image": "photos/1.jpg", "rating": "4", "pick": "", "label": "Red", "source": "1.jpg.xmp"},
        {"image": "photos/2.jpg", "rating": "", "pick": "reject", "label": "", "source": "2.xmp"},
    ]
    (tmp_path / "tables").mkdir()
    assert "4 of 4" in beholder("xmp", "read", "photos", "--own", "--out", "tables/r.csv").err
    assert read_table(tmp_path / "tables" / "r.csv")[0]["image"] == "../photos/1.jpg"
    done = beholder("xmp", "clear", "photos")
    assert done.code == 0 and "cleared 2, removed 2, unchanged 0, kept yours 0, refused 0" in done.err
    assert {path.name for path in folder.glob("*.xmp")} == {"1.jpg.xmp", "2.xmp"}
    assert "0 of 4" not in beholder("xmp", "read", "photos").err
    (folder / "3.jpg.xmp").write_bytes(b"no")
    done = beholder("xmp", "read", "photos")
    assert done.code == 3 and "not read: photos/3.jpg: 3.jpg.xmp" in done.err.replace(f"{folder}/", "").replace(
        "photos/3.jpg.xmp", "3.jpg.xmp"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("xmp write x.csv --profile capture", "--profile 'capture': choose one or more of sidecar, lightroom"),
        ("xmp write x.csv --stars 4", "--stars 4: give percentile, or four rising"),
        ("xmp write x.csv --label pink", "--label pink: choose one of red, yellow, green, blue, purple"),
        ("xmp write x.csv --label red", "--label marks picks, and these tables have no decisions"),
        ("xmp write x.csv --embed", "--embed is for the profile lightroom"),
        ("xmp write x.csv --reject-rating", "--reject-rating is for the profiles darktable and immich"),
        ("xmp write nowhere.csv", "nowhere.csv: no such file"),
        ("xmp write empty.csv", "empty.csv: no row in it"),
        ("xmp write photos", "they end in .csv, .jsonl or .parquet"),
        ("xmp read nowhere", "nowhere: no such file"),
        ("xmp read photos --out x.txt", "the table of ratings is CSV"),
        ("xmp read photos --out x.csv", "x.csv: is there already and was not made by this command"),
        ("xmp clear nowhere", "nowhere: is not a folder"),
        ("score photos --stars percentile", "--stars is about XMP: say for which programs with --xmp"),
        ("score photos --embed", "--embed is about XMP"),
        ("score photos --xmp photos", "--xmp 'photos': choose one or more of"),
    ],
)
def test_mistakes_are_one_line(beholder: Run, folder: Path, arguments: str, says: str) -> None:
    Path("x.csv").write_text("path,overall\nphotos/1.jpg,5.0000\n")
    Path("empty.csv").write_text("path,overall\n")
    before = state(folder)
    done = beholder(*arguments.split())
    assert done.code == 1 and len(done.err.splitlines()) == 1 and says in done.err and done.out == ""
    assert state(folder) == before


@pytest.mark.parametrize(
    "command", ["xmp write x.csv", "xmp read photos", "xmp clear photos", "score photos --xmp sidecar"]
)
def test_without_lxml_a_line_says_what_to_install(
    beholder: Run, folder: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beholder.xmp.packet import _etree

    Path("x.csv").write_text("path,overall\nphotos/1.jpg,5.0000\n")
    _etree.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "lxml.etree", None)
    done = beholder(*command.split())
    assert (done.code, done.err) == (1, "error: XMP needs lxml, not installed: pip install 'beholder[xmp]'\n")
    _etree.cache_clear()


def test_nothing_that_could_be_written_is_a_failure(beholder: Run, folder: Path) -> None:
    Path("x.csv").write_text("path,overall\nphotos/1.jpg,5.0000\n")
    done = beholder("xmp", "write", "x.csv", "--profile", "lightroom")
    assert done.code == 1 and "left out 1: Lightroom reads JPEG" in done.err


SLOW = "import time\nfrom beholder.xmp.write import Writer\nwrite = Writer.write\n" + (
    "Writer.write = lambda *given: (print('one', flush=True), time.sleep(0.05), write(*given))[2]\n"
)


def test_stopped_it_leaves_whole_files(folder: Path, tmp_path: Path) -> None:
    rows = "".join(f"photos/{1 + place % 4}.jpg,{place}.0000\n" for place in range(2000))
    (tmp_path / "x.csv").write_text(f"path,overall\n{rows}")
    command = [*COMMAND[:-1], SLOW + COMMAND[-1], "xmp", "write", "x.csv"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        for _ in range(6):
            assert process.stdout.readline() == b"one\n"
        time.sleep(0.01)
        process.terminate()
        err = process.stderr.read().decode()
    assert process.returncode == 130 and "stopped; every file is as it was, or whole" in err and "XMP: written" in err
    assert {texts(path.read_bytes())["beholder:Overall"] for path in folder.glob("*.xmp")}
    assert not list(folder.glob(".beholder*"))
