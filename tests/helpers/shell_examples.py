"""Commands and code of the documentation: found, split into words, looked up in the command line, and run."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from typer.testing import CliRunner

from beholder.cli.app import app
from helpers.factories import REPOSITORY

TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
FILES = [*(REPOSITORY / name for name in TOP), *sorted((REPOSITORY / "docs").rglob("*.md"))]
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
FENCE = re.compile(r" *```(\w*)")

Words = list[str]
"""A command: the program and its arguments."""


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        place: file and line.
        language: the word after the fence, ``""`` for output and drawings.
        text: what is inside.
        reason: why it is not run, from a comment ``<!-- not run: REASON -->`` in the line above it; ``""`` if it is.
    """

    place: str
    language: str
    text: str
    reason: str


def named_in(file: Path) -> str:
    """The name of a file in the documentation."""
    docs = REPOSITORY / "docs"
    return file.relative_to(docs if file.is_relative_to(docs) else REPOSITORY).as_posix()


def blocks(file: Path) -> list[Block]:
    """The fenced blocks of a Markdown file."""
    found: list[Block] = []
    inside: list[str] | None = None
    language, first, reason, marked = "", 0, "", ""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        fence = FENCE.match(line)
        if inside is None and fence:
            inside, language, first, reason = [], fence[1], number, marked
        elif inside is not None and fence:
            found.append(Block(f"{named_in(file)}:{first}", language, dedent("\n".join(inside)), reason))
            inside = None
        elif inside is not None:
            inside.append(line)
        mark = NOT_RUN.match(line)
        marked = mark[1] if mark else ""
    return found


def inline(file: Path) -> list[tuple[str, str]]:
    """Code between backticks in the text of a Markdown file: file and line, and the code."""
    lines: list[str] = []
    outside = True
    for line in file.read_text().splitlines():
        fence = FENCE.match(line)
        lines.append(line if outside and not fence else "")
        outside = outside != bool(fence)
    text = "\n".join(lines)
    spans = re.finditer(r"`([^`]+?)`", text)
    return [
        (f"{named_in(file)}:{text.count(chr(10), 0, span.start()) + 1}", " ".join(span[1].split())) for span in spans
    ]


def pipelines(text: str) -> Iterator[list[Words]]:
    """The commands of a shell script, without comments: one list for each pipeline, of what stands between its bars.

    >>> list(pipelines("pip install . && beholder info  # what it is"))
    [[['pip', 'install', '.']], [['beholder', 'info']]]
    """
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        pipeline: list[Words] = [[]]
        for word in lexer:
            if word == "&&":
                yield pipeline
                pipeline = [[]]
            elif word == "|":
                pipeline.append([])
            else:
                pipeline[-1].append(word)
        if pipeline != [[]]:
            yield pipeline


def find_command(program: Any, words: Words) -> tuple[Any, str, Words]:
    """The command that the words name, its name, and its arguments. Raises AssertionError if there is no such command.

    Args:
        program: a command of click.
        words: names of groups and of the command, then arguments.
    """
    names, rest = [], list(words)
    while hasattr(program, "commands"):
        if not rest or rest[0] not in program.commands:
            assert names and not rest, f"no command is called {' '.join([*names, *rest[:1]])!r}"
            break  # a group, mentioned by its name
        names.append(rest.pop(0))
        program = program.commands[names[-1]]
    return program, " ".join(names), rest


def all_commands(program: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each command below this one and its name."""
    for word, command in getattr(program, "commands", {}).items():
        yield f"{name} {word}".strip(), command
        yield from all_commands(command, f"{name} {word}".strip())


def options_in(words: Words) -> set[str]:
    """The options among words, without values: ``--range=1:5`` is ``--range``, ``[--quick]`` is ``--quick``."""
    bare = (word.strip("[]").partition("=")[0] for word in words)
    return {word for word in bare if re.match(r"--?[a-z]", word)}


def options_of(command: Any) -> set[str]:
    """The options that a command of click has."""
    return {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}


def run(pipeline: list[Words]) -> None:
    """Run the commands of beholder in a pipeline, in this process, and `find` before them; others are passed over.

    Raises:
        AssertionError: a command that does not end with status 0.
    """
    given: bytes | None = None
    for words in pipeline:
        if words[0] == "beholder":
            done = CliRunner().invoke(app, words[1:], input=given, prog_name="beholder")
            assert done.exit_code == 0, f"{' '.join(words)}\n{done.output}\n{done.exception!r}"
            given = done.stdout_bytes
        elif words[0] == "find":
            given = subprocess.run(words, capture_output=True, check=True).stdout


BLOCKS = [block for file in FILES for block in blocks(file)]
SHELL = [block for block in BLOCKS if block.language in ("sh", "bash", "console")]
LONG = ("train", "reproduce", "quantize")  # commands that take seconds, and PyTorch


def is_long(pipeline: list[Words]) -> bool:
    return any(words[0] == "beholder" and words[1] in LONG for words in pipeline)


def named(some: list[Block]) -> pytest.MarkDecorator:
    """Parametrised by block; its file and line are its name."""
    return pytest.mark.parametrize("block", [pytest.param(block, id=block.place) for block in some])
