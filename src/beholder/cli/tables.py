"""Tables on standard output: ranked scores, a model described, metrics, statistics.

Names and texts of others are shown as they are, without markup, and with control characters as escapes.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import OverflowMethod, RenderableType
from rich.table import Table
from rich.text import Text

from beholder.data.statistics import StatisticsCell, StatisticsTable
from beholder.evaluation.results import Evaluation
from beholder.evaluation.selection import scale_of
from beholder.metrics import Estimate, p_text
from beholder.output.rows import Row, detail_names, score_names, shown_names
from beholder.scoring.extra_columns import ExtraColumns
from beholder.scoring.model_file import SHORT_EDGE, ModelInfo
from beholder.tasks import DETAIL_KINDS, EDIT, UNLIKE, Task, of_kind, ratings_of
from beholder.text import printable

MIN_PATH_CELLS = 18  # of a path before columns are left out
AFFECT = ("valence", "arousal")  # how what is shown feels, which is no judgement of the photograph


class _Table(Table):
    """A table whose cells, header and title are text as it is: no markup, and control characters as escapes."""

    def add_column(self, header: RenderableType = "", *args: Any, **options: Any) -> None:
        super().add_column(_as_text(header), *args, **options)

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        super().add_row(*map(_as_text, cells), **options)


def _as_text(cell: Any) -> Any:
    return Text(printable(cell)) if isinstance(cell, str) else cell


def affect_of(tasks: Sequence[Task], by: str = "") -> list[str]:
    """Names of ratings that a table shows with --details only, unless rows are ranked by them."""
    return [task.name for task in ratings_of(tasks)[1:] if task.name in AFFECT and task.name != by]


def columns_line(tasks: Sequence[Task], hidden: Sequence[str]) -> str:
    """What the columns of :func:`scores_table` are, in one line, and what is not shown.

    >>> columns_line([Task("overall", 1, 7), Task("beauty", 1, 7), Task("valence", 1, 7)], ["valence"])
    'overall, beauty: 1 to 7; 90% interval: of overall; pct: percentile among rated photographs; --details: valence'
    """
    scales: dict[str, list[str]] = {}
    for place, task in enumerate(ratings_of(tasks)):
        if task.name not in hidden:
            scales.setdefault(f"{task.low:g} to {task.high:g}", []).append(task.name if place else "overall")
    parts = [f"{', '.join(names)}: {scale}" for scale, names in scales.items()]
    parts += ["90% interval: of overall", "pct: percentile among rated photographs"]
    more = [*hidden, *(["edits"] if of_kind(tasks, EDIT) else [])]
    return "; ".join([*parts, f"--details: {', '.join(more)}"] if hidden else parts)


def scores_table(
    rows: Iterable[tuple[int, Row]],
    tasks: Sequence[Task],
    extras: Sequence[ExtraColumns],
    width: int,
    by: str = "",
    hidden: Sequence[str] = (),
) -> Table:
    """Ranked rows: rank, file, overall score with its 90% interval and percentile, other ratings, and extra columns.

    A photograph unlike those that were rated has a question mark. Of what a model predicts beside ratings only the
    column ``by`` is shown, if rows are ranked by that. A row is a line. What does not fit the width is left out:
    folders first, from the left, then columns, from the right up to the percentile. Ratings of ``hidden`` are left out.
    """
    ranked = list(rows)
    names = [printable(row["path"]) for _, row in ranked]
    leading, trailing = (
        {name: [_value(row[name]) for _, row in ranked] for name in shown_names(extras, leading=side)}
        for side in (True, False)
    )
    marks = ["?" if row.get(UNLIKE) else "" for _, row in ranked]
    always = ({"": marks} if any(marks) else {}) | leading
    always |= {
        "overall": [_value(row["overall"]) for _, row in ranked],
        "90% interval": [f"{_value(row['low'])} to {_value(row['high'])}" for _, row in ranked],
        "pct": ["" if row["percentile"] is None else str(int(row["percentile"])) for _, row in ranked],
    }
    if by in detail_names(tasks):
        always[by] = [_value(row[by]) for _, row in ranked]
    ratings = [name for name in score_names(tasks)[1:] if name not in hidden]
    columns = always | trailing | {name: [_value(row[name]) for _, row in ranked] for name in ratings}
    longest = max(map(cell_len, (*names, "file")))

    def room() -> int:
        taken = sum(gap + max(map(len, (name, *cells))) for name, cells in columns.items())
        return width - taken - gap - max(4, len(str(len(ranked))))

    gap = 2
    if room() < longest:
        gap = 1
    while room() < min(longest, MIN_PATH_CELLS) and len(columns) > len(always):
        columns.popitem()
    table = _Table(box=None, header_style="bold", pad_edge=False, padding=(0, gap, 0, 0))
    table.add_column("rank", justify="right")
    table.add_column("file", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for (rank, _), name, first, *cells in zip(ranked, names, *columns.values(), strict=True):
        table.add_row(str(rank), Text(end_of(name, room())), Text(first, "bold"), *cells)
    return table


def _value(value: Any) -> str:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else printable(str(value))


def end_of(name: str, room: int) -> str:
    """The end of a path, which says more than its beginning, in this many cells."""
    if cell_len(name) <= room:
        return name
    while name and cell_len(name) >= room:
        name = name[1:]
    return f"…{name}"


def info_tables(info: ModelInfo, identity: str) -> list[Table]:
    """A model file described: what it is, its tasks, its training data, its metrics."""
    about = _pairs()
    width, height = info.size
    for name, text in (
        ("model", identity),
        ("what", info.description),
        ("backbone", info.backbone),
        (
            "input",
            f"uint8 sRGB of any size, {info.resize} to {width}{'' if info.resize == SHORT_EDGE else f' x {height}'}",
        ),
        ("licence", info.licence),
        ("attribution", info.attribution),
        ("recipe", ", ".join(f"{key} {value}" for key, value in info.recipe.items())),
    ):
        about.add_row(name, text)
    if note := _familiarity_line(info):
        about.add_row("familiarity", note)
    if info.series is not None:
        like, same = info.series.like, info.series.same
        about.add_row("series", f"from a cosine of {like:.3f} of frames taken one after the other, {same:.3f} of any")
    if info.learned is not None:
        before = ", with what was predicted of them out of fold" if info.learned.predicted else ""
        about.add_row("keeps", f"hashes of {len(info.learned.digests)} photographs that it learned from{before}")
    parts = [about, *_task_tables(info)]
    columns = ("data", "photographs", "tasks", "sha256 of photographs and ratings")
    data = plain("Training data", *columns, overflow="fold")
    for item in info.data:
        data.add_row(item.name, str(item.n), ", ".join(item.tasks), item.sha256)
    parts.append(data)
    kinds = {task.name: task.kind for task in info.tasks}
    edits = [metric for metric in info.metrics if kinds.get(metric.task) == EDIT]
    title = "on photographs that the head had not seen (95% bootstrap intervals)"
    parts.append(metrics_table([metric for metric in info.metrics if metric not in edits], f"Measured {title}"))
    if edits:
        parts.append(metrics_table(edits, f"Predicted edits, measured {title}"))
    return parts


def _task_tables(info: ModelInfo) -> list[Table]:
    """The ratings, then the edits in their units, then disagreement and familiarity, as far as the model has them."""
    half_of = dict(zip(info.tasks, info.half_width, strict=True))
    tables = []
    ratings = plain("Tasks", "task", "range", "90% interval", "what it is")
    for task in ratings_of(info.tasks):
        ratings.add_row(task.name, f"{task.low:g} to {task.high:g}", f"± {half_of[task]:.2f}", task.description)
    tables.append(ratings)
    if edits := of_kind(info.tasks, EDIT):
        columns = ("edit", "unit", "range", "no change", "90% interval", "what it is")
        table = plain("Predicted edits", *columns)
        for task in edits:
            ends, half = f"{task.low:g} to {task.high:g}", f"± {half_of[task]:.{task.decimals}f}"
            table.add_row(task.name, task.unit, ends, f"{task.neutral:g}", half, task.description)
        tables.append(table)
    if others := of_kind(info.tasks, *DETAIL_KINDS[1:]):
        table = plain("Also predicted", "name", "kind", "unit", "range", "90% interval", "what it is")
        for task in others:
            ends, half = f"{task.low:g} to {task.high:g}", f"± {half_of[task]:.{task.decimals}f}"
            table.add_row(task.name, task.kind, task.unit, ends, half, task.description)
        tables.append(table)
    return tables


def _familiarity_line(info: ModelInfo) -> str:
    """What follows from familiarity: who is flagged, and how far intervals of ratings are widened."""
    if info.familiarity_column is None:
        return ""
    task = info.tasks[info.familiarity_column]
    parts = [] if info.unlike is None else [f"below {task.amount(info.unlike)} a photograph is flagged as unlike"]
    if info.widening:
        knots = ", ".join(f"×{factor:.2f} at {task.amount(at)}" for at, factor in info.widening)
        parts.append(f"intervals of ratings are widened by it: {knots}")
    return "; ".join(parts)


def metrics_table(metrics: Sequence[Estimate], title: str) -> Table:
    """One line for each data set, split and task; one column for each metric."""
    names = list(dict.fromkeys(metric.metric for metric in metrics))
    table = plain(title, "data", "split", "n", "task", *names, overflow="fold")
    lines: dict[tuple[str, str, int, str], dict[str, str]] = {}
    for metric in metrics:
        lines.setdefault((metric.data, metric.split, metric.n, metric.task), {})[metric.metric] = str(metric)
    for key, values in lines.items():
        table.add_row(*(str(part) for part in key), *(values.get(name, "") for name in names))
    return table


def statistics_tables(statistics: Iterable[StatisticsTable]) -> list[Table]:
    """One table for each statistic. Correlations have numbered columns, which are narrower than names."""
    tables = []
    for statistic in statistics:
        others = list(statistic.columns[1:])
        matrix = others == [row[0] for row in statistic.rows]
        header = ("", *(str(place) for place in range(1, len(others) + 1))) if matrix else statistic.columns
        found = plain(statistic.title, *header, numbers=True)
        for place, (name, *cells) in enumerate(statistic.rows, 1):
            label = f"{place} {name}" if matrix else _cell(name, statistic.digits)
            found.add_row(label, *(_cell(cell, statistic.digits) for cell in cells))
        tables.append(found)
    return tables


def _cell(cell: StatisticsCell, digits: int) -> str:
    if isinstance(cell, tuple):
        return " to ".join(filter(None, (_cell(end, digits) for end in cell)))
    if isinstance(cell, float):
        return "" if math.isnan(cell) else f"{cell:.{digits}f}"
    return str(cell)


def plain(title: str | None, *columns: str, numbers: bool = False, overflow: OverflowMethod = "ellipsis") -> Table:
    """An empty table in the common style; ``numbers`` aligns every column but the first to the right."""
    heading = None if title is None else Text(printable(title), "table.title")
    table = _Table(title=heading, title_justify="left", box=None, header_style="bold", pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if numbers and place else "left", overflow=overflow)
    return table


def _pairs() -> Table:
    """An empty table of names and what they are."""
    table = _Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table


def evaluation_tables(evaluation: Evaluation) -> list[Table]:
    """What was evaluated, two tables for each model (agreement, errors), and the differences of two models."""
    about = _pairs()
    missing = f", {len(evaluation.failures)} more could not be read" if evaluation.failures else ""
    for name, text in (
        ("data", evaluation.photos.name),
        ("content", evaluation.sha256[:12]),
        ("split", evaluation.split),
        ("photographs", f"{len(evaluation.photos) - len(evaluation.failures)}{missing}"),
        *(("model" if place == 0 else "against", found.model) for place, found in enumerate(evaluation.models)),
    ):
        about.add_row(name, text)
    shown = [about]
    for found in evaluation.models:
        title = f"Agreement of {found.model} with the ratings (95% bootstrap intervals)"
        agreement = plain(title, "task", "n", "srcc", "p", "plcc", "krcc", overflow="fold")
        errors = plain(
            f"Errors of {found.model} in units of the data (95% bootstrap intervals)",
            *("task", "scale", "rmse", "mae", "accuracy", "at", "above", "coverage90"),
            overflow="fold",
        )
        for each in found.agreements:
            cells = {metric.metric: metric_cell(metric) for metric in each.metrics}
            correlations = (cells["srcc"], p_text(each.p), cells["plcc"], cells.get("krcc", ""))
            agreement.add_row(each.pair.name, str(each.n), *correlations)
            errors.add_row(
                each.pair.name,
                " to ".join(f"{end:g}" for end in scale_of(each.pair.rated)),
                *(cells[metric] for metric in ("rmse", "mae", "accuracy")),
                f"{each.threshold:g}",
                f"{each.above:.0%}",
                cells.get("coverage90", ""),
            )
        shown += [agreement, errors]
    if evaluation.differences:
        first, second = (found.model for found in evaluation.models)
        title = f"{first} less {second}, same photographs (95% paired bootstrap intervals)"
        table = plain(title, "task", "n", "metric", "difference", "so", overflow="fold")
        for difference in evaluation.differences:
            measured = difference.measured
            table.add_row(measured.task, str(measured.n), measured.metric, metric_cell(measured), difference.verdict)
        shown.append(table)
    return shown


def metric_cell(measured: Estimate) -> str:
    """A value with its interval, or ``undefined``."""
    return "undefined" if math.isnan(measured.value) else str(measured)
