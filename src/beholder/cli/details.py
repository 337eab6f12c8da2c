"""What `beholder score --details` shows: predicted edits in words and numbers, disagreement, familiarity."""

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from beholder.cli.tables import MIN_PATH_CELLS, end_of
from beholder.output.rows import Row
from beholder.scoring.model_file import ModelInfo
from beholder.tasks import DETAIL_KINDS, EDIT, UNLIKE, Task, of_kind
from beholder.text import printable

_TITLE = "Predicted edits (90% intervals); clear: an unedited picture lies outside"
_LABELS = ("clear edits", "other edits")


def has_details(tasks: Iterable[Task]) -> bool:
    """Whether a model predicts anything beside ratings."""
    return bool(of_kind(tasks, *DETAIL_KINDS))


def unlike_line(info: ModelInfo, count: int) -> str:
    """What the mark of :func:`beholder.cli.tables.scores_table` means, and how many photographs have it."""
    place, threshold = info.familiarity_column, info.unlike
    assert place is not None and threshold is not None
    task = info.tasks[place]
    many = f"{count} photographs are" if count > 1 else "1 photograph is"
    below = f"{task.words} below {task.amount(threshold)}"
    return f"? {many} unlike those that were rated ({below}): such scores say little"


def details(rows: Iterable[tuple[int, Row]], tasks: Sequence[Task], width: int) -> Iterator[Text]:
    """Lines of a block for each ranked row: clear edits, other edits, disagreement, familiarity."""
    ranked = list(rows)
    margin = max(4, len(str(len(ranked)))) + 2  # as of the table above
    label_cells = 2 + max(map(len, (*_LABELS, *(task.words for task in of_kind(tasks, *DETAIL_KINDS[1:])))))
    yield Text(_TITLE, "table.title")
    for rank, row in ranked:
        mark = " ?" if row.get(UNLIKE) else ""
        name = end_of(printable(row["path"]), max(width - margin - len(mark), MIN_PATH_CELLS))
        yield Text(f"{rank:>{margin - 2}}  {name}{mark}", "bold")
        for label, amounts in _told(row, tasks):
            for place, line in enumerate(_folded(amounts, width - margin - label_cells)):
                yield Text(" " * margin + (label if place == 0 else "").ljust(label_cells) + line)


def _told(row: Row, tasks: Sequence[Task]) -> Iterator[tuple[str, list[str]]]:
    """Labels, each with the amounts beside it."""
    edits = [task for task in of_kind(tasks, EDIT) if row[task.name] is not None]
    clear = [task for task in edits if is_clear(task, row)]
    for label, chosen in zip(_LABELS, (clear, [task for task in edits if task not in clear]), strict=True):
        if edits:
            yield label, [_edit(task, row) for task in chosen] or ["none"]
    for task in of_kind(tasks, *DETAIL_KINDS[1:]):
        if row[task.name] is not None:
            yield task.words, [task.amount(row[task.name])]


def _folded(items: Sequence[str], room: int) -> Iterator[str]:
    """Items with commas between them, as many on a line as there is room for."""
    line = ""
    for place, item in enumerate(items, 1):
        text = item if place == len(items) else f"{item},"
        if line and len(line) + 1 + len(text) > room:
            yield line
            line = ""
        line = f"{line} {text}".lstrip()
    yield line


def is_clear(task: Task, row: Row) -> bool:
    """Whether an edit of a row differs from no change by more than its interval."""
    _, low, high = (row[name] for name in task.columns)
    return task.is_clear(low, high)


def _edit(task: Task, row: Row) -> str:
    value, low, high = (row[name] for name in task.columns)
    return f"{task.words} {task.amount(value)} ({task.number(low)} to {task.number(high)})"
