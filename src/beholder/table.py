"""Tables on the terminal: scores ranked, a model described, metrics. Wide enough for whole paths when redirected."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from beholder.evaluation.metrics import Measured
from beholder.model_file import ModelInfo
from beholder.sinks import Row


def console() -> Console:
    """Standard output; where that is no terminal, lines as long as they need to be."""
    out = Console()
    return out if out.is_terminal else Console(width=100_000, color_system=None)


def scores_table(rows: Iterable[tuple[int, Row]], tasks: Sequence[str]) -> Table:
    """Ranked rows: rank, file, overall with its 90% interval and percentile, the other tasks."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("file", overflow="fold")
    for name in ("overall", "90% interval", "percentile", *tasks[1:]):
        table.add_column(name, justify="right", no_wrap=True)
    for rank, row in rows:
        table.add_row(
            str(rank),
            escape(printable(row["path"])),
            f"[bold]{row['overall']:.2f}[/]",
            f"{row['low']:.2f} to {row['high']:.2f}",
            f"{row['percentile']:.0f}",
            *(f"{row[name]:.2f}" for name in tasks[1:]),
        )
    return table


def info_tables(info: ModelInfo, identity: str) -> list[Table]:
    """A model file in words: what it is, its tasks, its data, what was measured."""
    about = Table(box=None, show_header=False, pad_edge=False)
    about.add_column(style="bold")
    about.add_column(overflow="fold")
    width, height = info.size
    for name, text in (
        ("model", identity),
        ("what", info.description),
        ("backbone", info.backbone),
        ("input", f"uint8 sRGB of any size, {info.resize} to {width} x {height}"),
        ("licence", info.licence),
        ("attribution", info.attribution),
        ("recipe", ", ".join(f"{key} {value}" for key, value in info.recipe.items())),
    ):
        about.add_row(name, escape(text))
    tasks = Table(title="Tasks", title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in ("task", "range", "90% interval", "what it is"):
        tasks.add_column(name)
    for task, half in zip(info.tasks, info.half_width, strict=True):
        tasks.add_row(task.name, f"{task.low:g} to {task.high:g}", f"± {half:.2f}", escape(task.description))
    data = Table(title="Training data", title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in ("data", "photographs", "tasks", "sha256 of photographs and ratings"):
        data.add_column(name, overflow="fold")
    for item in info.data:
        data.add_row(item.name, str(item.n), ", ".join(item.tasks), item.sha256)
    title = "Measured on photographs that the head had not seen (95% bootstrap intervals)"
    return [about, tasks, data, metrics_table(info.metrics, title)]


def metrics_table(metrics: Sequence[Measured], title: str) -> Table:
    """One line a data set, split and task; one column a metric."""
    names = list(dict.fromkeys(metric.metric for metric in metrics))
    table = Table(title=title, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in ("data", "split", "n", "task", *names):
        table.add_column(name, overflow="fold")
    lines: dict[tuple[str, str, int, str], dict[str, str]] = {}
    for metric in metrics:
        lines.setdefault((metric.data, metric.split, metric.n, metric.task), {})[metric.metric] = str(metric)
    for key, values in lines.items():
        table.add_row(*map(str, key), *(values.get(name, "") for name in names))
    return table


def printable(text: str) -> str:
    """A file name on one line: control characters and undecodable bytes as escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )
