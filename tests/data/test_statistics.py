"""Statistics of rated photographs, as tables and as JSON."""

from pathlib import Path

import pytest

from helpers.layouts import edit, make_own, make_own_votes, rows, stats


def test_statistics_of_own_ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = make_own(tmp_path)
    edit(Path(name), "00.jpg,1.0,0", "00.jpg,1.0,")
    monkeypatch.setenv("BEHOLDER_DATA", "/nowhere")  # is no business of a file
    said = rows(name)
    assert [row["photographs"] for row in said["ratings"]] == [12, 11]
    assert said["correlations"][0] == {"task": "beauty", "beauty": 1, "light": pytest.approx(1)}
    assert "agreement" not in said and "ratings_per_photograph" not in said
    refusal = stats(name, "--root", str(tmp_path / "pictures"), code=1)
    assert "12 of 12 photographs are not in" in refusal and refusal.count("\n") == 1


def test_statistics_of_leaking_ratings(tmp_path: Path) -> None:
    lines = [f"{number}.jpg,{number},{('train', 'test')[number % 2]}" for number in range(12)]
    name = make_own(tmp_path, "image,score,split", lines)
    (tmp_path / "4.jpg").write_bytes((tmp_path / "5.jpg").read_bytes())
    assert "--drop-leaks" in stats(name, code=1)
    counts = {row["of"]: row["number"] for row in rows(name, "--drop-leaks")["counts"]}
    assert counts == {"photographs": 11, "train": 5, "validation": 0, "test": 6}


def test_statistics_of_votes_in_a_csv_file(tmp_path: Path) -> None:
    assert [row["votes"] for row in rows(make_own_votes(tmp_path))["histogram"]] == [12, 12, 12]
