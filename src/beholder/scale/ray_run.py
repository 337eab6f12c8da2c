"""A run over many units in Ray: actors score whole units by the local engine, and only reports travel.

No row goes through Ray's object store. An actor that is lost leaves no table, or a whole one; its unit is done again
by another, with the same rows. So each row is there once, and memory does not grow.
"""

from __future__ import annotations

import os
import pickle
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.scale import store
from beholder.scale.done import Look
from beholder.scale.places import Places
from beholder.scale.ray import opened
from beholder.scale.ray_cluster import MAX_THREADS, actors_for, connected
from beholder.scale.reasons import Reasons
from beholder.scale.run import (
    MaxErrors,
    Options,
    UnitReport,
    check_errors,
    look_at_all,
    remove_partials,
    run_units,
)
from beholder.scale.unit import Unit
from beholder.scoring.batch import batch_threads
from beholder.scoring.cores import CORES
from beholder.scoring.device import AUTO, CUDA
from beholder.scoring.model_file import EMBEDDED
from beholder.scoring.scorer import Scorer
from beholder.text import one_line, printable

MAX_LOSSES = 4  # of the actor that has a unit, before the unit is given up: it may be what kills them
CUDA_ANSWER = 120.0  # seconds for a node with a GPU to say whether ONNX Runtime can use it


def run_on_ray(
    units: Sequence[Unit], scorer: Scorer, options: Options, *, looks: Sequence[Look] | None = None
) -> Iterator[UnitReport]:
    """Score units that are not done yet, in Ray: see :func:`beholder.scale.ray_cluster.connected` for which.

    Whoever leaves the reports early ends the actors. Units that are done stay.

    Args:
        units: to score.
        scorer: the model; actors open it by its path, and refuse another one.
        options: how; ``out`` is needed, and ``threads`` bounds those of an actor.
        looks: what :func:`beholder.scale.run.look_at_all` found of these units, where that was asked before.

    Yields:
        What came of a unit, once its table is in place: first of those that were done before, then in the order in
        which they end. A unit whose actor was lost too often has an error.

    Raises:
        BeholderError: nothing can be scored as it is asked, or in this Ray; or an output cannot be written.
        TooManyErrorsError: see ``max_errors``; it is looked at when a unit ends.
    """
    if options.out is None:
        raise ValueError("options.out is None; rows are not sent, so a table is needed")
    todo = {}
    for look in look_at_all(units, scorer, options) if looks is None else looks:
        if look.done is None:
            todo[look.unit.index] = look
        else:
            yield from run_units([look.unit], scorer, options, looks=[look])
    if todo:
        try:
            with closing(_reports(todo, scorer, options)) as reports:  # type: ignore[type-var]  # a generator
                yield from until_too_many_errors(reports, options.max_errors)
        finally:
            remove_partials(todo.values(), options)  # of actors that were ended, or lost


def _reports(todo: Mapping[int, Look], scorer: Scorer, options: Options) -> Iterator[UnitReport]:
    with connected(min(options.threads or CORES, CORES)) as ray:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        gpu = options.device == CUDA or (
            options.device == AUTO and any(node.get("GPU", 0) >= 1 for node in nodes) and _has_cuda(ray)
        )
        actors = actors_for(nodes, len(todo), gpu=gpu, most=options.threads or MAX_THREADS)
        losses = _counter(ray)
        sent = replace(options, threads=None, max_errors=None)
        folder = os.getcwd() if has_relative_names([look.unit for look in todo.values()], options) else None
        pictures = ray.data.from_items(
            [{"look": pickle.dumps(look)} for look in todo.values()], override_num_blocks=len(todo)
        )
        # A lost actor is started again, and its unit sent to one again, without end: the defaults of Ray Data.
        scored = pictures.map_batches(
            ScoreUnits,
            fn_constructor_args=(options.model, scorer.id, sent, folder, losses),
            batch_size=1,
            # One at a time: of two, the second would wait while another actor has nothing to do.
            compute=ray.data.ActorPoolStrategy(size=actors.count, max_tasks_in_flight_per_actor=1),
            runtime_env={"env_vars": {"OMP_NUM_THREADS": str(actors.threads)}},
            **({"num_gpus": actors.gpus} if gpu else {"num_cpus": actors.cpus}),
        )
        try:
            for batch in scored.iter_batches(batch_size=1, prefetch_batches=0):
                report: UnitReport | BeholderError = pickle.loads(batch["report"][0])
                if isinstance(report, BeholderError):
                    raise report
                unit = todo[report.unit.index].unit
                check_is_here(unit, report, options)
                yield replace(report, unit=unit)
        except ray.exceptions.RayError as error:
            raise BeholderError(f"Ray: {cause(str(error))}") from None
        finally:
            ray.kill(losses)


class ScoreUnits:
    """An actor that scores units, for ``map_batches``: a pickled look comes in, a pickled report or error goes out."""

    def __init__(self, model: str | None, identity: str, options: Options, folder: str | None, losses: Any) -> None:
        self._model, self._identity, self._options, self._folder = model, identity, options, folder
        self._losses = losses

    def __call__(self, batch: Mapping[str, np.ndarray]) -> dict[str, Any]:
        import ray

        look: Look = pickle.loads(batch["look"][0])
        begun: int = ray.get(self._losses.begin.remote(look.unit.index))
        try:
            report: UnitReport | BeholderError = self.scored(look, begun)
        except BeholderError as error:  # which Ray would send as text
            report = error
        return {"report": [pickle.dumps(report)]}

    def scored(self, look: Look, begun: int) -> UnitReport:
        """Score a unit that is begun for the first, second, ... time; a unit that was lost too often is given up."""
        bare = replace(look.unit, files=())  # of which there may be 10,000
        if begun > 1 + MAX_LOSSES:
            lost = (
                f"{printable(look.unit.path)}: what scored it was lost {begun - 1} times; it may take too much memory"
            )
            return UnitReport(bare, error=lost)
        self._enter_folder()
        scorer = opened(self._model, batch_threads(None), self._identity, self._options.device)
        looks = [look] if begun == 1 else None  # what was lost may have been done
        (report,) = run_units([look.unit], scorer, self._options, looks=looks)
        return replace(report, unit=bare, known=False)

    def _enter_folder(self) -> None:
        """Go where the command was given, so that relative names mean the same here."""
        if self._folder is not None:
            try:
                os.chdir(self._folder)
            except OSError as error:
                raise BeholderError(
                    f"{printable(self._folder)}: cannot be entered on {platform.node()} ({one_line(error)}), so "
                    "relative names mean nothing there: give URLs, or absolute names that all nodes share"
                ) from None


def _counter(ray: Any) -> Any:
    """The count of all actors, on the node of this process: on another one it could be lost, and the run live on."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    # Ray does not look at a soft affinity of what needs no CPU.
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    begun = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here)(_Begun)
    return begun.remote()


class _Begun:
    """An actor that counts how often each unit was begun."""

    def __init__(self) -> None:
        self._begun: dict[int, int] = {}

    def begin(self, unit: int) -> int:
        self._begun[unit] = self._begun.get(unit, 0) + 1
        return self._begun[unit]


def until_too_many_errors(reports: Iterator[UnitReport], limit: MaxErrors | None) -> Iterator[UnitReport]:
    """Pass reports on. Raises TooManyErrorsError after the one with which there are more errors than the limit."""
    rows = errors = 0
    reasons = Reasons()
    for report in reports:
        yield report
        rows, errors = rows + report.rows, errors + report.errors
        reasons.add_all(report.reasons)
        check_errors(limit, errors, rows, reasons)


def check_is_here(unit: Unit, report: UnitReport, options: Options) -> None:
    """Notice tables that another machine has written to a disk of its own, at the first of them."""
    assert options.out is not None
    done = Places(options.out).done(unit.name)
    if report.error is None and not store.is_remote(done) and not store.exists(done):
        raise BeholderError(
            f"{printable(done)}: was written on another machine of the cluster and is not here; give --out a folder "
            "that all machines share, or a URL"
        )


def cause(text: str) -> str:
    r"""The line that says what went wrong first, in what Ray says of an error: tracebacks, then advice.

    >>> cause("ray::Worker()\n  File ...\nOSError: disk full\n\nray::Worker()\nUserCodeException: failed\nSet ...")
    'OSError: disk full'
    """
    lines = text.strip().split("\n")
    return one_line(next((line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)), lines[-1]))


def has_relative_names(units: Iterable[Unit], options: Options) -> bool:
    """Whether names are given that mean something only in the folder where the command was given."""
    model = None if options.model in EMBEDDED else options.model
    names = (options.out, model, options.taste, *(unit.path for unit in units))
    return any(not (name is None or store.is_remote(name) or os.path.isabs(store.local_path(name))) for name in names)


def _has_cuda(ray: Any) -> bool:
    """Whether ONNX Runtime uses the GPU on a node that has one."""

    def providers() -> list[str]:
        import onnxruntime

        return list(onnxruntime.get_available_providers())

    try:
        found = ray.get(ray.remote(num_cpus=0, num_gpus=1)(providers).remote(), timeout=CUDA_ANSWER)
    except ray.exceptions.RayError:  # all GPUs are taken, or there is no ONNX Runtime
        return False
    return "CUDAExecutionProvider" in found
