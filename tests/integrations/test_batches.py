"""One scorer a process, and operators that travel to other processes."""

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beholder
from beholder.errors import BeholderError, ModelError
from beholder.integrations import batches
from beholder.integrations.batches import BatchScorer
from helpers.factories import save_model, save_photos
from helpers.hosts import expected, host, save_some


def test_columns_are_those_of_a_table_with_a_prefix(colour_model: Path, tmp_path: Path) -> None:
    paths = save_some(tmp_path / "photos")
    score = BatchScorer(colour_model, prefix="b_", embeddings=True)
    found = score(paths)
    assert {name: values for name, values in found.items() if name != "b_embedding"} == {
        f"b_{name}": values for name, values in expected(colour_model, paths).items()
    }
    assert score.embedding == "b_embedding" and list(found) == [*score.kinds, "b_embedding"]


def test_what_is_wrong_is_said_before_anything_is_scored(colour_model: Path, tmp_path: Path) -> None:
    with pytest.raises(BeholderError, match="no field is called 'beuty'"):
        BatchScorer(colour_model, fields=["beuty"])
    with pytest.raises(ModelError, match=r"nowhere\.onnx"):
        BatchScorer(tmp_path / "nowhere.onnx")
    score = BatchScorer(colour_model, fields=["overall"])
    with pytest.raises(BeholderError, match="no column 'image'; it has picture, width"):
        score.check_table("image", ["picture", "width"])
    with pytest.raises(BeholderError, match="has a column 'width' already; give prefix='beholder_'"):
        score.check_table("picture", ["picture", "width"])
    score.check_table("picture", ["picture", "width"], kept=["picture"])
    BatchScorer(colour_model, prefix="beholder_").check_table("picture", ["picture", "width"])


def test_a_process_opens_a_model_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_model(tmp_path / "mine.onnx", shift=0.25)
    packed = pickle.dumps(BatchScorer(path))
    monkeypatch.setattr(batches, "_SCORERS", {})  # as in another process
    opened = []
    init = beholder.Scorer.__init__

    def counted(self: beholder.Scorer, *args: Any, **kwargs: Any) -> None:
        opened.append(args)
        init(self, *args, **kwargs)

    monkeypatch.setattr(beholder.Scorer, "__init__", counted)
    one, other = pickle.loads(packed), pickle.loads(packed)
    assert one.scorer is other.scorer and len(opened) == 1


def test_another_model_in_its_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_model(tmp_path / "mine.onnx")
    packed = pickle.dumps(BatchScorer(path))
    save_model(path, shift=0.5)
    monkeypatch.setattr(batches, "_SCORERS", {})
    with pytest.raises(ModelError, match="it was replaced"):
        pickle.loads(packed)([])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_scores_in_another_process_are_the_same_and_it_ends(method: Any, colour_model: Path, tmp_path: Path) -> None:
    paths = save_some(tmp_path / "photos")
    score = BatchScorer(colour_model, threads=1)
    here = score(paths)
    with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:  # waits for the process to end
        assert pool.submit(score, paths).result(timeout=300) == here


def _datasets(model: Path) -> Any:
    return host("beholder.integrations.datasets").Score("image", model, fields=["overall"])


def _webdataset(model: Path) -> Any:
    return host("beholder.integrations.webdataset").Score(model)


def _spark(model: Path) -> Any:
    return host("beholder.integrations.spark").Score("content", model)


def _data_juicer(model: Path) -> Any:
    return host("beholder.integrations.data_juicer").ImageBeholderFilter(min_score=2, model=str(model))


def _torchmetrics(model: Path) -> Any:
    return host("beholder.integrations.torchmetrics").MeanScore(model, threads=1)


def _sklearn(model: Path) -> Any:
    return host("beholder.integrations.sklearn").BeholderEmbedding(model, threads=1).fit([])


def _torch_dataset(model: Path) -> Any:
    return host("beholder.integrations.torch_dataset").PhotoDataset([PICTURE], beholder.load(model))


PICTURE = np.full((24, 24, 3), 90, np.uint8)
OPERATORS = [_datasets, _webdataset, _spark, _data_juicer, _torchmetrics, _sklearn, _torch_dataset]


@pytest.mark.parametrize("make", OPERATORS, ids=lambda make: make.__name__.strip("_"))
def test_every_operator_can_be_copied_and_sent(make: Callable[[Path], Any], colour_model: Path, tmp_path: Path) -> None:
    operator = make(colour_model)
    pickles = host("dill") if make is _data_juicer else pickle  # whose own operators need that
    packed = pickles.dumps(operator)
    assert len(packed) < 50_000  # the model stays where it is
    (path,) = save_photos(tmp_path / "photos", 1)
    answers = [_answer(each, path) for each in (operator, pickles.loads(packed), copy.deepcopy(operator))]
    assert answers[0] == answers[1] == answers[2]


def _answer(operator: Any, path: str) -> Any:
    """What an operator says of a photograph, by the interface of its host."""
    return {
        "datasets": lambda: operator({"image": [path]}),
        "webdataset": lambda: operator({"__key__": "1", "jpg": Path(path).read_bytes()}),
        "spark": lambda: list(operator([host("pyarrow").RecordBatch.from_pydict({"content": [path]})])),
        "data_juicer": lambda: str(operator.compute_stats_single({"images": [path], "__dj__stats__": {}})),
        "torchmetrics": lambda: float(operator(host("torch").full((2, 3, 9, 9), 0.5))),
        "sklearn": lambda: operator.transform([path]).tolist(),
        "torch_dataset": lambda: list(operator[0][0].shape),
    }[type(operator).__module__.rpartition(".")[2]]()
