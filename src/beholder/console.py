"""Tables and progress bars on a terminal, by rich; plain text wherever output is redirected."""

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from beholder.terminal import SafeStream
from beholder.text import harmless

MIN_WIDTH, MAX_WIDTH = 20, 1000  # cells of a terminal; COLUMNS may say anything
UNLIMITED = 100_000  # cells of a line in a file or a pipe: no path is cut


class _Console(Console):
    """A console that colours text but never lets it bring control characters of its own, nor markup."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(harmless(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # the program decides how to end, not a table


class _Styled:
    """A safe stream for a console, whose control characters are its own."""

    def __init__(self, stream: SafeStream) -> None:
        self._stream = stream
        self.write = stream.write_styled

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def make_console(*, stderr: bool = False) -> Console:
    """A console on standard output or error.

    On a terminal it is as wide as that. In a file or a pipe lines are as long as they need to be, and there are no
    colours whatever the environment says (FORCE_COLOR, GITHUB_ACTIONS, ...).
    """
    stream: TextIO | None = sys.stderr if stderr else sys.stdout
    plain: dict[str, Any] = {"stderr": stderr, "markup": False, "emoji": False, "highlight": False}
    if stream is None or not stream.isatty():
        return _Console(width=UNLIMITED, color_system=None, force_terminal=False, **plain)
    file: Any = _Styled(stream) if isinstance(stream, SafeStream) else stream
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS" or value.isdecimal()}
    console = _Console(file=file, force_terminal=True, _environ=environment, **plain)
    console.width = min(max(console.width, MIN_WIDTH), MAX_WIDTH)
    return console
