"""NeMo Curator: on what its stages are documented to be given, and on the real one where it is installed."""

import copy
import importlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import beholder
from beholder.errors import BeholderError
from helpers import nemo_curator_host
from helpers.hosts import expected, save_some

MODULE = "beholder.integrations.nemo_curator"


@pytest.fixture(params=["as documented", "installed"])
def stages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of the stages, imported anew for each host."""
    if request.param == "installed":
        pytest.importorskip("nemo_curator.stages.base", reason="NeMo Curator is not installed", exc_type=ImportError)
    else:
        nemo_curator_host.provide(monkeypatch)
    sys.modules.pop(MODULE, None)
    yield importlib.import_module(MODULE)
    sys.modules.pop(MODULE, None)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    return save_some(tmp_path / "photos")


def batch_of(paths: list[str], kind: str) -> Any:
    """A task of the host that is imported now."""
    tasks = importlib.import_module("nemo_curator.tasks")
    if kind == "bytes" and not hasattr(tasks.ImageObject, "image_bytes"):
        pytest.skip("images of this version have no content of a file")
    given = {
        "path": lambda path: {"image_path": path},
        "bytes": lambda path: {"image_path": "", "image_bytes": Path(path).read_bytes()},
        "pixels": lambda path: {"image_path": path, "image_data": np.array(Image.open(path))},
    }[kind]
    images = [tasks.ImageObject(image_id=str(at), **given(path)) for at, path in enumerate(paths)]
    return tasks.ImageBatch(dataset_name="mine", data=images, _metadata={"source": "here"})


@pytest.mark.parametrize("kind", ["path", "bytes", "pixels"])
def test_each_image_gets_its_score_and_row(stages: Any, kind: str, paths: list[str], colour_model: Path) -> None:
    some = [path for path in paths if kind != "pixels" or path != paths[1]]
    stage = stages.BeholderScoreStage(model=colour_model, fields=["quality"])
    stage.setup()
    (done,) = stage.process_batch([batch_of(some, kind)])
    wanted = expected(colour_model, some)
    assert [image.image_id for image in done.data] == [str(at) for at in range(len(some))]
    assert [image.aesthetic_score for image in done.data] == wanted["overall"]
    rows = [image.metadata["beholder"] for image in done.data]
    assert list(rows[0]) == ["overall", "quality", "width", "height", "model", "sha256", "error"]
    assert [row["quality"] for row in rows] == wanted["quality"]
    assert [bool(row["error"]) for row in rows] == [bool(error) for error in wanted["error"]]


def test_dropping_is_a_stage_of_its_own(stages: Any, paths: list[str], colour_model: Path) -> None:
    score, batch = stages.BeholderScoreStage(model=colour_model), batch_of(paths, "path")
    score.setup()
    (scored,) = score.process_batch([batch])
    values = [image.aesthetic_score for image in scored.data]
    limit = sorted(value for value in values if value is not None)[2]
    (kept,) = stages.BeholderDropStage(min_score=limit).process_batch([scored])
    assert [image.aesthetic_score for image in kept.data] == [
        value for value in values if value is not None and value >= limit
    ]
    assert len(scored.data) == 5 and (kept.dataset_name, kept._metadata["source"]) == ("mine", "here")


def test_an_image_without_anything_is_an_error_of_its_row(stages: Any, colour_model: Path) -> None:
    stage, batch = stages.BeholderScoreStage(model=colour_model), batch_of([""], "path")
    stage.setup()
    (image,) = stage.process(batch).data
    assert image.aesthetic_score is None and image.metadata["beholder"]["error"] == "has no picture"


def test_a_stage_is_configured_copied_and_sent(stages: Any, paths: list[str], colour_model: Path) -> None:
    stage = stages.BeholderScoreStage(model=beholder.load(colour_model, threads=1), threads=2)
    assert stage.resources.cpus == 2
    named = stage.with_(name="mine", batch_size=4)
    assert (named.name, named.batch_size, stage.name) == ("mine", 4, "beholder_score")
    answers = []
    for each in (stage, copy.deepcopy(named), pickle.loads(pickle.dumps(named))):
        each.setup()
        answers.append([image.aesthetic_score for image in each.process(batch_of(paths, "path")).data])
    assert answers[0] == answers[1] == answers[2]


def test_an_unknown_field_stops_the_pipeline_before_it_starts(stages: Any, colour_model: Path) -> None:
    with pytest.raises(BeholderError, match="no field is called 'beuty'"):
        stages.BeholderScoreStage(model=colour_model, fields=["beuty"])
