"""The training command of Song et al. (2023)."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from beholder.cli.app import app
from helpers import tiny_backbones
from helpers.song2023 import save_voted


def test_command(tmp_path: Path) -> None:
    """From a CSV file of votes to a table, an explanation, a report and an evaluation."""
    counts = save_voted(tmp_path, 30)
    lines = [f"{number}.png,{','.join(map(str, row))},{sum(row)}" for number, row in enumerate(counts.tolist())]
    (tmp_path / "votes.csv").write_text("\n".join(["image,votes_1,votes_2,votes_3,n", *lines]) + "\n")
    model, table, page = tmp_path / "song.onnx", tmp_path / "scores.csv", tmp_path / "report.html"
    quick = ["--backbone", "tiny", "--side", "32", "--maps", "2", "--epochs1", "2", "--epochs2", "1"]
    runner = CliRunner()

    def run(*words: object) -> str:
        result = runner.invoke(app, list(map(str, words)))
        assert result.exit_code == 0, result.output
        return result.output

    said = run("train", "song2023", "--data", tmp_path / "votes.csv", "--out", model, "--cache", tmp_path / "c", *quick)
    assert "30 photographs" in said and "linear probe on tiny" in said
    assert not list(tmp_path.glob("*.training"))
    said = run("score", tmp_path / "1.png", tmp_path / "2.png", "--model", model, "--out", table, "--sort", "sd")
    header, first, _ = [line.split(",") for line in table.read_text().splitlines()]
    row = dict(zip(header, first, strict=True))
    assert sum(float(row[f"p_{value}"]) for value in (1, 2, 3)) == pytest.approx(1, abs=2e-4)
    assert " sd\n" in said and f"{float(row['sd']):.2f}" in said
    rows = json.loads(run("score", tmp_path / "1.png", "--model", model, "--json", "--quiet"))
    assert rows[0]["p_1"] == float(row["p_1"])
    run("explain", tmp_path / "2.png", "--model", model, "--out", tmp_path / "why.png", "--grid", 3)
    run("report", tmp_path / "1.png", tmp_path / "2.png", "--model", model, "--out", page)
    assert '"buckets":[1.0,2.0,3.0]' in page.read_text() and page.read_text().count('"votes":[0.') == 2
    assert "srcc" in run("evaluate", model, "--data", tmp_path / "votes.csv")
    assert "short edge to 32" in run("info", model)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--activation", "l2"), "no activation loss is called 'l2'; there are l1, kl, js"),
        (("--out", "song.pt"), "song.pt: a model file is an ONNX file"),
        (("--backbone", "tokens"), "multiples of"),
        ((), "no numbers of votes, which song2023 learns from"),
    ],
)
def test_mistakes_are_one_line(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    counts = save_voted(tmp_path, 20)
    header = "image,votes_1,votes_2,votes_3" if options else "image,score"
    lines = [f"{n}.png,{','.join(map(str, row)) if options else row[0] % 5}" for n, row in enumerate(counts.tolist())]
    (tmp_path / "votes.csv").write_text("\n".join([header, *lines]) + "\n")
    words_given = ["train", "song2023", "--data", str(tmp_path / "votes.csv"), "--backbone", "tiny", "--side", "32"]
    out = ["--out", str(tmp_path / "song.onnx")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_backbones.Tokens, "multiple", 4)
        result = CliRunner().invoke(app, [*words_given, *out, *options])
    assert result.exit_code == 1 and words in result.output and result.output.strip().count("\n") <= 2


def test_votes_that_do_not_sum(tmp_path: Path) -> None:
    save_voted(tmp_path, 12)
    lines = [f"{number}.png,5,6,7,{18 + (number == 4)}" for number in range(12)]
    (tmp_path / "votes.csv").write_text("\n".join(["image,votes_1,votes_2,votes_3,n", *lines]) + "\n")
    result = CliRunner().invoke(app, ["train", "song2023", "--data", str(tmp_path / "votes.csv"), "--backbone", "tiny"])
    assert result.exit_code == 1 and "row 6, n is 19, its votes are 18" in result.output
