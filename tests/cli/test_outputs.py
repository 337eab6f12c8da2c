"""No command writes over what it did not make, nor over what it reads, and none does so in silence."""

import csv
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from helpers.commands import Done, apart
from helpers.extras import needs_torch
from helpers.factories import COMMAND, save_photo, save_photos

Run = Callable[..., Done]
WRITING = [  # command, and its output
    ("score p.jpg -o {}", "x.csv"),
    ("score p.jpg -o {}", "x.jsonl"),
    ("score p.jpg -o {}", "x.parquet"),
    ("report p.jpg -o {}", "x.html"),
    ("explain p.jpg -o {}", "x.png"),
    ("evaluate default --data r.csv --split all -o {}", "x.csv"),
    ("taste fit default r.csv -o {}", "x.json"),
]
TRAINING = [
    ("quantize default p.jpg -o {}", "x.onnx"),
    ("train probe --data r.csv -o {}", "x.onnx"),
    ("train soydaner2023 --data r.csv -o {}", "x.onnx"),
    ("train fast --root . -o {}", "x.onnx"),
    ("reproduce soydaner2023 --data r.csv -o {}", "x.html"),
    ("evaluate default --data r.csv --split all --report {}", "x.html"),
    ("train default --root . -o {}", "x.onnx"),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a photograph and a table of ratings."""
    save_photo(tmp_path / "p.jpg", 1)
    (tmp_path / "r.csv").write_text("image,beauty\np.jpg,5\n")
    return tmp_path


def text_of(command: str, name: str) -> list[str]:
    return command.format(name).split()


@pytest.mark.parametrize(
    ("command", "name"), [*WRITING, *(pytest.param(*each, marks=needs_torch) for each in TRAINING)]
)
@pytest.mark.parametrize("link", [False, True])
def test_a_file_of_the_user_is_left_alone(beholder: Run, place: Path, command: str, name: str, link: bool) -> None:
    mine = place / ("mine" if link else name)
    mine.write_text("notes of mine")
    if link:
        (place / name).symlink_to(mine)
    before = sorted(os.listdir(place))
    done = beholder(*text_of(command, name))
    assert done.code == 1 and done.out == "", done
    (line,) = done.err.splitlines()
    assert f"{name}: is there already" in line and "choose another name" in line
    assert mine.read_text() == "notes of mine" and sorted(os.listdir(place)) == before


@pytest.mark.parametrize(
    ("command", "name"), [*WRITING, *(pytest.param(*each, marks=needs_torch) for each in TRAINING[:-1])]
)
def test_a_file_that_is_read_is_not_written(beholder: Run, place: Path, command: str, name: str) -> None:
    read = next(word for word in command.split() if word in ("p.jpg", "r.csv") or word == "fast")
    (place / name).symlink_to(place / ("p.jpg" if read == "fast" else read))
    before = (place / name).read_bytes()
    done = beholder(*text_of(command, name))
    assert done.code == 1 and len(done.err.splitlines()) == 1, done
    assert "is read by this command" in done.err or "is there already" in done.err
    assert (place / name).read_bytes() == before


@needs_torch
def test_a_model_is_not_quantized_onto_itself(beholder: Run, place: Path, colour_model: Path) -> None:
    (place / "m.onnx").write_bytes(colour_model.read_bytes())
    done = beholder("quantize", "m.onnx", "p.jpg", "-o", "m.onnx")
    assert done.code == 1 and "m.onnx: is read by this command" in done.err
    assert (place / "m.onnx").read_bytes() == colour_model.read_bytes()


@needs_torch
@pytest.mark.parametrize("taken", ["x.md", "x-figures/mine.png"])
def test_what_stands_beside_a_report_is_left_alone(beholder: Run, place: Path, taken: str) -> None:
    (place / taken).parent.mkdir(exist_ok=True)
    (place / taken).write_text("mine")
    done = beholder("reproduce", "soydaner2023", "--data", "r.csv", "-o", "x.html")
    assert done.code == 1 and f"{Path(taken).parts[0]}: is there already" in done.err
    assert (place / taken).read_text() == "mine" and not (place / "x.html").exists()


@pytest.mark.parametrize(("command", "name"), [pair for pair in WRITING[:5] if pair[1] != "x.parquet"])
def test_an_output_of_before_is_replaced(beholder: Run, place: Path, command: str, name: str) -> None:
    for _ in range(2):
        done = beholder(*text_of(command, name))
        assert done.code == 0, done


def test_default_names_are_said_before_they_are_replaced(beholder: Run, place: Path) -> None:
    said = "report.html is there already and will be replaced; --out FILE keeps both\n"
    first, again, quiet = beholder("report", "p.jpg"), beholder("report", "p.jpg"), beholder("report", "p.jpg", "-q")
    assert first.code == again.code == quiet.code == 0
    assert said not in first.err and said in again.err and quiet.err == ""


def test_explanations_of_two_photographs_of_one_name(beholder: Run, tmp_path: Path) -> None:
    (first,), (second, _) = save_photos(tmp_path / "a", 1), save_photos(tmp_path / "b", 2)
    Path(second).write_bytes(Path(_).read_bytes())
    (tmp_path / "1-overall-2.png").write_text("mine")
    names = [beholder("explain", path).out.split(":")[0] for path in (first, second, first, second)]
    assert names == ["1-overall.png", "1-overall-3.png"] * 2
    assert (tmp_path / "1-overall-2.png").read_text() == "mine"
    with Image.open("1-overall.png") as one, Image.open("1-overall-3.png") as other:
        assert one.tobytes() != other.tobytes()


def test_a_table_of_before_stays_if_nothing_is_scored(beholder: Run, place: Path) -> None:
    assert beholder("score", "p.jpg", "-o", "x.csv", "-q").code == 0
    before = (place / "x.csv").read_bytes()
    (place / "bad.jpg").write_text("no photograph")
    done = beholder("score", "bad.jpg", "-o", "x.csv")
    assert done.code == 1 and "x.csv stays as it was: nothing was scored" in done.err
    assert (place / "x.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["-o", "-", "--json"], "both print"),
        (["-o", "-", "--resume"], "standard output is none"),
        (["--csv-bom"], "name it with --out"),
        (["-o", "x.jsonl", "--csv-bom"], "is for CSV"),
    ],
)
def test_outputs_that_do_not_go_together(beholder: Run, place: Path, options: list[str], says: str) -> None:
    done = beholder("score", "p.jpg", *options)
    assert done.code == 1 and says in done.err and len(done.err.splitlines()) == 1


@pytest.mark.parametrize("bom", [False, True])
def test_csv_on_standard_output(place: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch, bom: bool) -> None:
    monkeypatch.chdir(place)
    options = ["--csv-bom"] if bom else []
    done = apart("score", "p.jpg", "none.jpg", "-m", colour_model, "-o", "-", *options)
    file = apart("score", "p.jpg", "none.jpg", "-m", colour_model, "-o", "x.csv", "-q", *options)
    assert done.code == file.code == 3
    assert done.out == (place / "x.csv").read_text("utf-8") and done.out.startswith("\ufeff") == bom
    assert [row["path"] for row in csv.DictReader(done.out.lstrip("\ufeff").splitlines())] == ["p.jpg", "none.jpg"]
    assert "none.jpg" in done.err and "1 scored" in done.err and "rank" not in done.out


def test_a_reader_of_standard_output_may_leave(crowd: Path, colour_model: Path) -> None:
    command = [*COMMAND, "score", str(crowd), "-m", str(colour_model), "-o", "-", "-q"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline().startswith(b"path,")
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(60) == 141


def test_closed_standard_output_is_one_line(place: Path, colour_model: Path) -> None:
    command = [*COMMAND, "score", str(place / "p.jpg"), "-m", str(colour_model), "-o", "-"]
    closed = ["sh", "-c", 'exec "$@" >&-', "sh"]
    done = subprocess.run([*closed, *command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1 and done.stderr == "error: standard output is closed: name a file with --out\n"


@pytest.mark.parametrize("command", ["info --json", "score p.jpg none.jpg --json", "score p.jpg --json --top 1"])
def test_no_json_has_infinity_or_nan(beholder: Run, place: Path, command: str) -> None:
    json.loads(beholder(*command.split()).out, parse_constant=pytest.fail)
