"""The training commands of the table: their options are those of the recipe, and listing them imports no torch."""

import inspect
import re
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from beholder.cli.train.systems import system_command
from beholder.systems.options import default_text, defaults_for
from beholder.systems.protocol import SystemFunctions, TrainFunctions
from beholder.systems.registry import COMPARED, SYSTEMS, find_trained
from helpers.extras import needs_torch
from helpers.layouts import make_own
from helpers.trainings import run

SHARED = ("data", "root", "out", "range", "drop-leaks", "split-seed", "work", "cache", "device", "tensorboard")
TRAINED = (*SYSTEMS, *COMPARED)


def functions_of(protocol: type) -> list[str]:
    asked = [vars(each) for each in protocol.__mro__ if each in (TrainFunctions, SystemFunctions)]
    return [name for each in asked for name, value in each.items() if inspect.isfunction(value) and name[0] != "_"]


def options_of(name: str) -> dict[str, str]:
    """Option -> its text in --help, in one line."""
    text = run("train", name, "--help").out.split("Options:")[1]
    parts = re.split(r"\n  (?:-\w, )?--", text)[1:]
    return {re.split(r"[ ,\n]", part)[0]: " ".join(part.split()) for part in parts}


@pytest.mark.parametrize("name", TRAINED)
def test_protocol_is_complete(name: str) -> None:
    system = find_trained(name)
    functions = system.functions()
    protocol = TrainFunctions if name in COMPARED else SystemFunctions
    wanted = functions_of(protocol)
    assert system.name == name and "fit" in wanted and ("report" in wanted) == (name in SYSTEMS)
    for function in wanted:
        asked = list(inspect.signature(getattr(protocol, function)).parameters)[1:]
        given = inspect.signature(getattr(functions, function)).parameters
        assert [each for each in given if each in asked] == asked, function
        more = [each for key, each in given.items() if key not in asked]
        assert all(each.default is not inspect.Parameter.empty for each in more), function


@pytest.mark.parametrize("name", TRAINED)
def test_help_lists_every_field_of_the_recipe_with_its_default(name: str) -> None:
    shown, recipe = options_of(name), find_trained(name).recipe
    assert set(SHARED) <= set(shown) and "cache-features" in shown
    for field in fields(recipe):
        assert field.default is not MISSING and field.metadata["help"]
        text = shown[field.name.replace("_", "-")]
        assert " ".join(field.metadata["help"].split()) in text
        limits = [f"x>={field.metadata['min']}"] if field.metadata["min"] is not None else []
        if field.metadata["max"] is not None:
            limits = [f"{field.metadata['min']}<=x<={field.metadata['max']}"]
        assert all(limit in text for limit in limits), text
        if special := default_text(field):
            assert f"[default: {special}]" in text
        elif isinstance(field.default, tuple):
            assert f"[default: {', '.join(map(str, field.default))}]" in text
        elif field.default is not None and not isinstance(field.default, bool):
            assert f"[default: {field.default}" in text, text


@pytest.mark.parametrize("name", TRAINED)
def test_defaults_are_written_once(name: str) -> None:
    """The options of the command have the recipe's defaults, and those of a data set replace them."""
    recipe = find_trained(name).recipe
    parameters = inspect.signature(system_command(find_trained(name))).parameters
    for field in fields(recipe):
        expected = None if field.metadata["by_data"] else field.default
        assert parameters[field.name].default == expected
    for data in {data for field in fields(recipe) for data in field.metadata["by_data"]}:
        made = recipe(**defaults_for(recipe, data))
        assert all(getattr(made, key) == value for key, value in defaults_for(recipe, data).items())
    assert recipe(**defaults_for(recipe, "mine.csv")) == recipe()


def test_the_table_needs_no_torch() -> None:
    code = "import beholder.cli.app, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_student_is_another_name_of_fast() -> None:
    listed = run("train", "--help").out
    assert re.search(r"^  fast  ", listed, re.MULTILINE) and not re.search(r"^  student", listed, re.MULTILINE)
    hidden, shown = (run("train", name, "--help").out for name in ("student", "fast"))
    assert hidden.split("\n", 1)[1] == shown.split("\n", 1)[1]


@pytest.mark.parametrize("option", ["--second", "--second-root"])
def test_second_domain_is_refused_where_there_is_none(option: str) -> None:
    done = run("reproduce", "song2023", "--data", "oasis", option, "biq2021")
    assert done.code == 1
    assert done.err.splitlines()[-1] == "error: song2023 has no second domain: --second is for li2019"


@needs_torch
@pytest.mark.parametrize("name", ["probe", "soydaner2023"])
def test_equal_ratings_are_refused(name: str, tmp_path: Path) -> None:
    table = make_own(tmp_path, "image,mine", [f"{number}.jpg,3" for number in range(12)])
    done = run("train", name, "--data", table, "--out", tmp_path / "m.onnx")
    assert (
        done.code == 1
        and "mine: all ratings of mine are 3, so there is nothing to learn" in done.err
        and done.err.count("\n") == 1
    )
