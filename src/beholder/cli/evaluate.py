"""`beholder evaluate`."""

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from beholder.cli.options import Batch, Data, DropLeaks, Root, Scale, Threads, Workers, open_scorer, ranges
from beholder.cli.outputs import is_predictions
from beholder.cli.reasons import Reasons
from beholder.cli.session import SOME_FAILED
from beholder.errors import BeholderError
from beholder.scoring.batch import batch_threads
from beholder.terminal import say, show, show_json

if TYPE_CHECKING:
    from beholder.evaluation.results import Evaluation


def evaluate(
    model: Annotated[
        str, typer.Argument(help="Model file, or default or fast for an embedded model.", metavar="MODEL")
    ],
    data: Data,
    root: Root = None,
    part: Annotated[str, typer.Option("--split", help="test, validation, train, or all photographs.")] = "test",
    against: Annotated[
        str | None, typer.Option(help="A second model, to compare on the same photographs.", metavar="MODEL2")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Threshold of the accuracy, for the data's first task.  [default: 5 for ava, else the middle]"
        ),
    ] = None,
    split_seed: Annotated[int, typer.Option(help="Seed of the split, if the data set has none.")] = 0,
    drop_leaks: DropLeaks = False,
    scale: Scale = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Also write a CSV file: each photograph's ratings and scores.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Also write a page with the same tables and with figures (FILE.html, FILE.md, FILE-figures/).",
            metavar="FILE.html",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same numbers as JSON.")] = False,
    batch: Batch = None,
    workers: Workers = None,
    threads: Threads = None,
) -> None:
    """Measure a model on rated photographs.

    The photographs may be those of its own data set or of another. The command measures every task that model and data
    both have by name, and always the model's overall score against the first task of the data. Each number has a 95%
    bootstrap interval over photographs. Errors are in the units of the data; if model and data do not rate the same
    thing on the same scale, use the rank correlation (srcc), as Table 11 of Soydaner & Wagemans (2023) does. "accuracy"
    is the share of photographs on the right side of the threshold in "at", "above" the share with a rating at or above
    it, and "coverage90" the share of ratings inside the model's 90% intervals.

    A model that learned from these photographs, as its file says, is measured by what was predicted of them out of
    fold, if the file keeps that (train probe does). If not, a warning is printed, and two models are not compared.
    Photographs that cannot be read are named and left out.

    \b
    Exit status:
      0    all were evaluated
      1    nothing was evaluated
      3    some could not be read
      130  stopped by Ctrl-C, SIGTERM or SIGHUP

    \b
    Examples:
      beholder evaluate default --data ratings.csv --split all
      beholder evaluate mine.onnx --data ratings.csv --against default --report mine.html
      beholder evaluate mine.onnx --data ratings.csv --range beauty=1:10 --json
    """
    from beholder.cli.evaluation_report import evaluation_report
    from beholder.cli.tables import evaluation_tables
    from beholder.console import make_console
    from beholder.data.registry import load_data
    from beholder.evaluation import evaluate as measuring
    from beholder.evaluation.selection import EVALUATION_PARTS
    from beholder.extras import require
    from beholder.files import check_writable, explained, replacing
    from beholder.reporting.write import check_document_path, write_document

    if part not in EVALUATION_PARTS:
        raise BeholderError(f"--split {part}: choose one of {', '.join(EVALUATION_PARTS)}")
    if out is not None and out.suffix.lower() != ".csv":
        raise BeholderError(f"{out}: predictions are a CSV file; give a name that ends in .csv")
    if out is not None:
        check_writable(out, "the predictions", is_predictions, (data, model, against))
    if report is not None:
        for module in ("matplotlib", "jinja2"):
            require(module, "train", "--report")
        check_document_path(report, (data, model, against, None if out is None else str(out)))
    scorers = [open_scorer(name, threads=batch_threads(threads)) for name in (model, against) if name is not None]
    photos = load_data(data, root, drop_leaks=drop_leaks, ranges=ranges(scale))
    with ExitStack() as stack:
        partial = stack.enter_context(replacing(out, "the predictions")) if out else None
        found = measuring.evaluate(
            scorers, photos, part, split_seed, threshold=threshold, batch=batch, workers=workers, threads=threads
        )
        if out and partial:
            with explained(out, "the predictions"):
                write_csv(partial, found)
    if report is not None:
        write_document(evaluation_report(found), report)
    for text in dict.fromkeys(warning for each in found.models for warning in each.warnings):
        say(f"warning: {text}")
    if as_json:
        show_json(found.as_dict())
    else:
        console = make_console()
        for shown in evaluation_tables(found):
            console.print(shown)
            console.print()
        if found.refused is not None:
            show(found.refused)
        for text in dict.fromkeys(note for each in found.models for note in each.notes):
            show(f"note: {text}")
    reasons = Reasons()
    for file, reason in found.failures.items():
        reasons.add(str(photos.root / file), reason)
    for line in reasons.lines():
        say(f"not evaluated: {line}")
    if reasons.unlisted:
        say(f"not evaluated: {reasons.unlisted} more; --json and --out FILE name them all")
    if found.failures:
        raise typer.Exit(SOME_FAILED)


def write_csv(path: Path, evaluation: "Evaluation") -> None:
    """Write one row a photograph: image, each rating, each prediction in the units of the data, and an error if any.

    The column of a prediction is ``TASK_predicted`` or, if the model's task has another name,
    ``TASK_by_OTHER_predicted``; that of the second model ends in ``_2``.
    """
    columns = {
        task.name: ratings for task, ratings in zip(evaluation.photos.tasks, evaluation.photos.ratings.T, strict=True)
    }
    for end, found in zip(("", "_2"), evaluation.models, strict=False):
        columns |= {f"{name.replace(' ', '_')}_predicted{end}": values for name, values in found.predicted.items()}
    from beholder.output.csv_lines import no_formula

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", *map(no_formula, columns), "error"])
        for file_name, *values in zip(evaluation.photos.files, *columns.values(), strict=True):
            cells = ["" if np.isnan(value) else f"{value:.7g}" for value in values]
            writer.writerow([no_formula(file_name), *cells, no_formula(evaluation.failures.get(file_name, ""))])
