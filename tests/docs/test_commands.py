"""Every command and all Python code of the documentation is run, or at least read by the command line itself.

A shell block runs as it is written, in a folder that holds what the text supposes. Trainings run with a tiny network in
place of the named one (slow tests). Of a block under ``<!-- not run: REASON -->``, and of code within sentences, the
commands and options must exist.
"""

import functools
import importlib
import io
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from PIL import Image

from beholder.cli.app import app
from beholder.models.registry import WEIGHTS
from beholder.systems.registry import COMPARED, SYSTEMS
from helpers.factories import REPOSITORY
from helpers.shell_examples import (
    BLOCKS,
    FILES,
    SHELL,
    Block,
    Words,
    all_commands,
    find_command,
    inline,
    is_long,
    named,
    options_in,
    options_of,
    pipelines,
    run,
)

PYTHON = [block for block in BLOCKS if block.language == "python"]
INLINE = [pytest.param(code, id=place) for file in FILES for place, code in inline(file)]
COMMANDS = [(block, words) for block in SHELL for pipeline in pipelines(block.text) for words in pipeline]
TRAINED = (*SYSTEMS, *COMPARED)
HOSTS = {
    "integrations.md": ("datasets", "webdataset", "torchmetrics")
}  # file -> packages that its Python code is about


@functools.cache
def command_line(package: str = "beholder") -> Any:
    """The commands of beholder or of the benchmarks."""
    found = app if package == "beholder" else importlib.import_module("benchmarks.__main__").app
    return typer.main.get_command(found)


@pytest.fixture(autouse=True)
def repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m benchmarks` is run from there."""
    monkeypatch.syspath_prepend(REPOSITORY)


# Reading


def test_examples_are_found() -> None:
    """The test would say nothing if it read nothing."""
    assert len(SHELL) >= 9 and len(PYTHON) >= 2 and len(COMMANDS) >= 40 and len(INLINE) >= 200


@named(BLOCKS)
def test_blocks_say_what_they_are(block: Block) -> None:
    """A language that is tested here, or none for output and drawings."""
    if block.language:
        assert block in SHELL or block.language == "python", block.language
    else:
        assert not re.search(r"^(\$ |beholder |pip |python)", block.text, re.MULTILINE), "write ```sh above it"


def check(words: Words, *, whole: bool) -> None:
    """That a program exists, and its command, options and, of a whole command, values. Fails if not."""
    match words:
        case ["beholder", *rest]:
            check_command("beholder", rest, whole=whole)
        case ["python", "-m", "benchmarks", *rest]:
            check_command("benchmarks", rest, whole=whole)
        case ["python", "-m", module, *_]:
            assert (REPOSITORY / f"{module.replace('.', '/')}.py").is_file(), module
        case ["pip", "install", *rest]:
            check_install(rest)
        case ["uvx", *options, "beholder", "score", folder]:
            check_install([word for word in options if word != "--from"])
            assert (REPOSITORY / folder).is_dir()
        case ["pipx", "install", constraints, *rest]:
            check_install([*constraints.removeprefix("--pip-args=").split(), *rest])
        case ["pytest", *rest]:
            check_tests(rest)
        case ["python3", "-m", "venv", _] | [".", _] | ["pre-commit", "install"] | ["find" | "head", *_]:
            pass
        case ["curl", *rest]:  # tests/serving runs them
            assert any(word.startswith("http://127.0.0.1:8017/") for word in rest), words
        case ["docker", "build" | "run", *_]:
            assert (REPOSITORY / "Dockerfile").is_file()
        case ["sbatch" | "kubectl" | "ray", *rest]:  # tests/docs/test_job_files.py reads the files
            assert [word for word in rest if (REPOSITORY / word).is_file()], words
        case ["mkdocs", "build" | "serve", *_]:
            assert (REPOSITORY / "mkdocs.yml").is_file()
        case ["bash", script]:
            assert (REPOSITORY / script).is_file()
        case _:
            pytest.fail(f"no test knows what this is: {' '.join(words)}")


def check_command(package: str, words: Words, *, whole: bool) -> None:
    command, name, rest = find_command(command_line(package), words)
    if whole:
        command.make_context(name, list(rest))  # reads every option and value, and raises where one is wrong
    assert options_in(rest) <= options_of(command), f"{name} has no {options_in(rest) - options_of(command)}"


def check_install(words: Words) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    for word in words:
        extra = re.fullmatch(r"(?:beholder|\.)(?:\[(.+)\])?", word)
        if extra:
            assert {*filter(None, (extra[1] or "").split(","))} <= set(project["optional-dependencies"]), word
        else:
            assert word in ("-q", "-c", "-e") or (REPOSITORY / word).is_file(), word


def check_tests(words: Words) -> None:
    """``pytest [FILE] [-m MARK] [-k NAME]``."""
    file = next((word for word in words if word.startswith("tests/")), None)
    assert file is None or (REPOSITORY / file).is_file(), file
    if file and "-k" in words:
        assert re.search(rf"def test_\w*{words[words.index('-k') + 1]}", (REPOSITORY / file).read_text()), words


@pytest.mark.parametrize(
    "words", [pytest.param(words, id=f"{block.place} {' '.join(words)}") for block, words in COMMANDS]
)
def test_command_is_read(words: Words) -> None:
    check(words, whole=True)


@pytest.mark.parametrize("code", INLINE)
def test_code_in_sentences_exists(code: str) -> None:
    if re.match(r"(beholder|python|pytest|pip|pre-commit|bash) ", code):
        check(next(pipelines(code))[0], whole=False)
    elif re.match(r"--[a-z]", code):  # options of one and the same command
        wanted = options_in(code.replace("/--", " --").split())  # --this/--or-that
        commands = [
            command for package in ("beholder", "benchmarks") for _, command in all_commands(command_line(package))
        ]
        assert any(wanted <= options_of(command) for command in commands), code
    elif re.fullmatch(r"\[[a-z]+\]", code):
        check_install([f"beholder{code}"])
    elif dotted := re.match(r"beholder((?:\.\w+)+)(?=$|\()", code):
        owner, _, name = dotted[0].rpartition(".")
        if name not in ("sha256", "json"):  # an entry of a model file, a key of a sample
            assert hasattr(importlib.import_module(owner), name) or importlib.import_module(dotted[0])


HELP = [
    pytest.param(text, id=name)
    for name, command in all_commands(command_line())
    for text in re.findall(r"Examples?:\n((?:.+\n?)+)", command.help or "")
]


@pytest.mark.parametrize("text", HELP)
def test_examples_of_help_pages_are_read(text: str) -> None:
    for pipeline in pipelines(text):
        for words in pipeline:
            check(words, whole=True)


@named([block for block in SHELL if not block.reason])
def test_trainings_use_weights_that_can_be_had(block: Block) -> None:
    """The network that is named, or the recipe's own, comes from a package, not only from a file of the user's."""
    for words in (words for pipeline in pipelines(block.text) for words in pipeline):
        if words[:2] == ["beholder", "train"] and words[2] in TRAINED:
            command, name, rest = find_command(command_line(), words[1:])
            backbone = command.make_context(name, list(rest)).params["backbone"]
            assert WEIGHTS[backbone].package, f"{block.place}: {' '.join(words)} needs {backbone}"


# Running


@named([block for block in SHELL if not block.reason])
def test_block_runs(block: Block, workshop: Path) -> None:
    for pipeline in pipelines(block.text):
        if not is_long(pipeline):
            run(pipeline)


@pytest.mark.parametrize("file", sorted({block.place.partition(":")[0] for block in PYTHON}))
def test_python_runs(file: str, workshop: Path) -> None:
    """The blocks of a file one after the other, with the names that the text supposes."""
    for name in HOSTS.get(file, ()):
        pytest.importorskip(name, exc_type=ImportError)
    picture = Image.open("photo.jpg")
    names = {
        "pil_image": picture,
        "jpeg_bytes": Path("photo.jpg").read_bytes(),
        "open_file": io.BytesIO(Path("photo.jpg").read_bytes()),
        "array": np.asarray(picture),
        "paths": ["photo.jpg", "nowhere.jpg"],
    }
    for block in PYTHON:
        if block.place.startswith(f"{file}:") and not block.reason:
            exec(compile(block.text, block.place, "exec"), names)
