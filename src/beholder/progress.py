"""Progress on standard error: rate and time left on a terminal, nothing if it is redirected."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from beholder.console import make_console


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def bar(label: str, total: int | None = None, done: int = 0, *, quiet: bool = False) -> Iterator[Progress]:
    """A progress bar, shown on a terminal only.

    Args:
        label: text before the bar.
        total: number of steps, if known.
        done: steps that an earlier run completed.
        quiet: show nothing.

    Yields:
        The bar; call ``bar.advance(bar.task_ids[0])`` after each step.
    """
    console = make_console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        task = progress.add_task(label, total=total, completed=done)
        progress.advance(task, 0)  # the rate counts from here, not from the end of the first batch
        yield progress
