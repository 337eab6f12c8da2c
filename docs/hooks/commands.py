"""Writes the page of all commands from the command line itself, so that it is never of another version."""

import re
from collections.abc import Iterator
from typing import Any

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from beholder.cli.app import USERS, app

PAGE = "reference/commands.md"
START = (
    "# Commands",
    "The same as `beholder COMMAND --help` prints. The exit status is 0 where all was done, 1 where nothing was, 2 "
    "where the command was written wrongly, 3 where some photographs could not be read, and 130 where it was stopped.",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, PAGE, content="\n\n".join([*START, *_all_sections()])))
    return files


def _all_sections() -> Iterator[str]:
    program = typer.main.get_command(app)
    context = program.context_class(program, info_name="beholder")
    for user, names in USERS.items():
        yield f"## {user}"
        for name in names:
            yield from _sections(program.commands[name], context, 3)


def _sections(command: Any, parent: Any, depth: int) -> Iterator[str]:
    """Headings, help and options of a command and of those below it."""
    context = command.context_class(command, info_name=command.name, parent=parent)
    yield f"{'#' * depth} {context.command_path}"
    yield from _prose(command.help or "")
    if hasattr(command, "commands"):
        for each in (each for each in command.commands.values() if not each.hidden):
            yield from _sections(each, context, depth + 1)
    else:
        yield f"```\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```"
        yield from _table(command, context)


def _prose(text: str) -> Iterator[str]:
    """Paragraphs as they are; what is set line by line (after a form of `\\b`) as a block."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b\n"):
            first, _, rest = paragraph[2:].partition("\n")
            lines = [line.removeprefix("  ") for line in rest.split("\n")]
            yield first
            yield "\n".join(["```sh" if first.startswith("Example") else "```", *lines, "```"])
        else:
            yield _sentences(paragraph)


def _table(command: Any, context: Any) -> Iterator[str]:
    records = [record for each in command.get_params(context) if (record := each.get_help_record(context))]
    if records:
        rows = [f"| <code>{_escaped(names).replace('|', '&#124;')}</code> | {_cell(what)} |" for names, what in records]
        yield "\n".join(["| argument or option | what it does |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return _sentences(" ".join(text.split())).replace("|", "&#124;")


def _sentences(text: str) -> str:
    """A paragraph whose options do not break at their hyphens. What is in backticks stays."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"(?<![\w-])(--[a-z][a-z-]*)", r"<code>\1</code>", _escaped(part)) for part in parts[::2]]
    return "`".join(parts)


def _escaped(text: str) -> str:
    """Text whose stars, underscores and angles mean themselves."""
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), ("*", "&#42;"), ("_", "&#95;"), ("[", "&#91;")):
        text = text.replace(sign, written)
    return text
