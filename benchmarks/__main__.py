"""`python -m benchmarks NAME`: one table each, measured in one go."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.tables import metrics_table
from beholder.console import make_console
from beholder.errors import BeholderError
from benchmarks import accuracy as accuracies
from benchmarks import crash_recovery
from benchmarks import cull as culling
from benchmarks import faithfulness as faith
from benchmarks import fast as fast_benchmark
from benchmarks import fuzz as fuzzing
from benchmarks import harms as harming
from benchmarks import heads as candidates
from benchmarks import improve as improving
from benchmarks import memory as peaks
from benchmarks import precision as stored
from benchmarks import probe as probes
from benchmarks import readme as readmes
from benchmarks import scale as scaling
from benchmarks import scoring as speeds
from benchmarks import serve as serving
from benchmarks import taste as tastes
from benchmarks import train as trainings
from benchmarks import words as saying
from benchmarks.peers import interpreters

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
Root = Annotated[Path, typer.Option(envvar="BEHOLDER_DATA", help="Folder with one folder a data set.", file_okay=False)]


@app.command()
def accuracy(root: Root) -> None:
    """The default model beside ridges on its embedding and on VGG16, the mean and NIMA, on the same folds. An hour the
    first time."""
    found, left_out = accuracies.measure_all(root)
    make_console().print(metrics_table(found, "Out of fold (95% bootstrap intervals)"))
    for line in left_out:
        make_console().print(line, markup=False)


@app.command()
def precision(root: Root) -> None:
    """The embedding of the default model's file (eight bits, another runtime) beside single precision in torch."""
    make_console().print(stored.compare(root))


@app.command()
def heads(root: Root) -> None:
    """What the default model was chosen from: layers, pooling, mirror images, resize rules, kinds of heads."""
    for part in candidates.compare(root):
        make_console().print(part)


@app.command()
def faithfulness(root: Root, photographs: Annotated[int, typer.Option(min=10)] = 100) -> None:
    """Whether heat maps tell the truth: hide what they point at, and compare with hiding anything else."""
    make_console().print(faith.measure(root, photographs))


@app.command()
def words(root: Root, photographs: Annotated[int, typer.Option(min=10)] = 1400) -> None:
    """How often words name an edit in photographs that people rated good, and bad. 3 minutes."""
    make_console().print(saying.measure(root, photographs))


@app.command()
def scoring(
    root: Annotated[
        Path | None, typer.Option(envvar="BEHOLDER_DATA", help="Also makes photographs from OASIS.", file_okay=False)
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer photographs and rounds. 2 minutes.")] = False,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Also write the numbers there.", metavar="FILE")
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(
            help="Run a peer (plain, nima, pyiqa, keras) in an interpreter of its own; once a peer.",
            metavar="NAME=PYTHON",
        ),
    ] = None,
) -> None:
    """How fast photographs are scored, beside what the machine could do and other programs. 15 minutes.

    A program that does not run here is left out, and a line says why.
    """
    parts, found = speeds.measure(root, quick, interpreters(peer or []))
    for part in parts:
        make_console().print(part)
        make_console().print()
    if as_json is not None:
        as_json.write_text(json.dumps(found, indent=2) + "\n")


@app.command()
def train(
    root: Root,
    photographs: Annotated[int, typer.Option(min=10)] = 66,
    batch: Annotated[int, typer.Option(min=1)] = 32,
) -> None:
    """The two-stage training beside a plain PyTorch loop and plain Keras (pip install tensorflow). 15 minutes."""
    for part in trainings.compare(root, photographs, batch):
        make_console().print(part)


@app.command()
def taste(root: Root) -> None:
    """A personal score beside the generic one for raters whom no head has seen, from 10, 30, 100 votes. 5 minutes."""
    make_console().print(tastes.measure(root))


@app.command()
def probe(root: Root) -> None:
    """A probe beside the untouched model that it starts from, by 60, 200 and 600 ratings. 10 minutes the first time."""
    make_console().print(probes.measure(root))


@app.command()
def readme(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what would change.")] = False,
) -> None:
    """Write README's tables and pictures again, from the models at hand. 2 minutes, and Chromium for the pictures."""
    for line in readmes.update(check):
        make_console().print(line, markup=False)


@app.command()
def cull(
    root: Root,
    model: Annotated[str, typer.Option("--model", help="Model file, default or fast.")] = "default",
    photographs: Annotated[int, typer.Option(min=10, help="Of each data set.")] = 100,
) -> None:
    """Whether the untouched frame of a series is picked and the reason is right, how series are found, and the time. 15
    minutes."""
    for part in culling.measure(root, model, photographs):
        make_console().print(part)


@app.command()
def fuzz(
    count: Annotated[int, typer.Option(min=1, help="Mutations.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Child processes at a time.")] = 1,
    keep: Annotated[Path, typer.Option(help="Folder for the files of findings.", file_okay=False)] = Path("findings"),
) -> None:
    """Damaged photographs from bytes to score: no crash, no hang, no memory beyond a cap. 50 a second."""
    outcome = fuzzing.run(count, seed, jobs, keep=keep)
    make_console().print(fuzzing.table(outcome))
    if outcome.findings:
        raise BeholderError(f"{len(outcome.findings)} findings; their files are in {keep}")


@app.command("crash-recovery")
def crash_recovery_command(
    times: Annotated[int, typer.Option(min=1)] = 50,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    photographs: Annotated[int, typer.Option(min=100)] = 2000,
) -> None:
    """Runs killed at random moments and taken up again: the file of an undisturbed run. 10 minutes."""
    outcomes = crash_recovery.run(times, seed, photographs)
    make_console().print(crash_recovery.table(outcomes, times, photographs))
    if wrong := [f"{suffix}: {what}" for suffix, each in outcomes.items() for what in each.wrong]:
        raise BeholderError("; ".join(sorted(set(wrong))))


@app.command()
def memory(
    photographs: Annotated[str, typer.Option(help="How many, for each run.")] = "100,400,1600",
    side: Annotated[int, typer.Option(min=4, help="Pixels of the longer side.")] = 4000,
    suffix: Annotated[str, typer.Option(help=".png decodes whole, .jpg at a reduced size.")] = ".jpg",
    workers: Annotated[int, typer.Option(min=1, help="Decoding threads.")] = 2,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="The embedded model, not one that takes no time.")
    ] = False,
) -> None:
    """Peak memory of a run against the number of photographs of 12 megapixels."""
    make_console().print(peaks.table(photographs, side, embedded, suffix, workers))


@app.command()
def serve(
    model: Annotated[str, typer.Option("--model", help="Model file, default or fast.")] = "default",
    requests: Annotated[int, typer.Option(min=64, help="For each number of connections, a round.")] = 200,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    soak: Annotated[int, typer.Option(min=0, help="Requests while memory is watched, one in ten bad.")] = 10_000,
    side: Annotated[int, typer.Option(min=64, help="Pixels of the longer side of a photograph.")] = 2000,
    overload: Annotated[bool, typer.Option(help="Also send what takes much memory.")] = True,
) -> None:
    """`beholder serve` beside `score_photos`: requests a second, how long they take, and memory. 15 minutes."""
    for part in serving.measure(model, requests, rounds, soak, side, overload):
        make_console().print(part, markup=False) if isinstance(part, str) else make_console().print(part)


@app.command()
def scale(
    model: Annotated[str, typer.Option("--model", help="Model file, default or fast.")] = "fast",
    photographs: Annotated[int, typer.Option(min=30)] = 1200,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    rows: Annotated[int, typer.Option(min=0, help="Small pictures of the run whose memory is watched.")] = 100_000,
    kills: Annotated[int, typer.Option(min=1)] = 20,
    ray: Annotated[bool, typer.Option(help="Also with --engine ray.")] = True,
) -> None:
    """Shards beside a folder, Ray beside one process, memory, kills, and a bad store. 30 minutes."""
    for part in scaling.measure(model, photographs, rounds, rows, kills, ray):
        make_console().print(part, markup=False) if isinstance(part, str) else make_console().print(part)


@app.command()
def fast(root: Root) -> None:
    """The fast model beside the default one, and candidates of other sizes. 15 minutes."""
    for part in fast_benchmark.compare(root):
        make_console().print(part)


@app.command()
def harms(
    root: Annotated[
        Path | None,
        typer.Option(envvar="BEHOLDER_DATA", help="Also measures photographs of OASIS.", file_okay=False),
    ] = None,
    photos: Annotated[
        Path | None, typer.Option(help="Folder of good photographs, in place of the examples.", file_okay=False)
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Model file, default or fast; once a model.  [default: default, fast]")
    ] = None,
    count: Annotated[int, typer.Option(min=2, help="Most photographs of a set.")] = 100,
    peers: Annotated[bool, typer.Option(help="NIMA-MobileNet too, where it runs.")] = True,
) -> None:
    """Whether good frames score above harmed twins, amounts of edits are told, and what is no photograph.

    About 2 minutes for 100 photographs and the default model, on two cores.
    """
    for part in harming.measure(root, photos, model or ["default", "fast"], count, peers):
        make_console().print(part, markup=False) if isinstance(part, str) else make_console().print(part)
        make_console().print()


@app.command()
def improve(
    root: Annotated[
        Path | None,
        typer.Option(envvar="BEHOLDER_DATA", help="Folder with one folder a data set.  [default: the examples]"),
    ] = None,
    photos: Annotated[
        Path | None, typer.Option(help="Folder of good photographs, in place of both.", file_okay=False)
    ] = None,
    model: Annotated[str, typer.Option(help="Model file, default or fast.")] = "default",
    count: Annotated[int, typer.Option(min=2, help="Most photographs.")] = 40,
) -> None:
    """Whether `beholder improve` undoes a harm, leaves untouched photographs alone, and finds a padded frame.

    About 40 seconds a photograph with the default model on two cores.
    """
    for part in improving.measure(root, photos, model, count):
        make_console().print(part, markup=False) if isinstance(part, str) else make_console().print(part)


if __name__ == "__main__":
    try:
        app()
    except BeholderError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
