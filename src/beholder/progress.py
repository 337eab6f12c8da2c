"""Progress on standard error: rate and time left on a terminal, nothing if it is redirected."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from beholder.console import make_console

_shown: list[Console] = []  # consoles of the bars on the terminal: a bar inside another one is drawn below it


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        shown = task.speed is not None and task.speed >= 0.05  # a slower one would read 0.0/s
        return Text(f"{task.speed:.1f}/s" if shown else "", style="progress.data.speed")


@contextmanager
def bar(label: str, total: int | None = None, done: int = 0, *, quiet: bool = False) -> Iterator[Progress]:
    """A progress bar, shown on a terminal only. Inside the bar of a longer work it is shown below that one.

    Args:
        label: text before the bar.
        total: number of steps, if known.
        done: steps that an earlier run completed.
        quiet: show nothing.

    Yields:
        The bar; call ``bar.advance(bar.task_ids[0])`` after each step.
    """
    console = _shown[-1] if _shown else make_console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    shown = console.is_terminal and not quiet
    with Progress(*columns, console=console, disable=not shown, transient=True) as progress:
        task = progress.add_task(label, total=total, completed=done)
        progress.advance(task, 0)  # the rate counts from here, not from the end of the first batch
        if shown:
            _shown.append(console)
        try:
            yield progress
        finally:
            if shown:
                _shown.pop()
