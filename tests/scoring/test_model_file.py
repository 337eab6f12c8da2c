"""Model files that are damaged, or describe what cannot be, are refused before a runtime opens them."""

import functools
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import beholder
from beholder.errors import ModelError
from beholder.metrics import Estimate
from beholder.scoring.model_file import (
    EMBEDDED,
    MAX_METADATA_CHARS,
    default_path,
    embedded_path,
    learned_photos,
    model_path,
    parse_info,
    read_model,
)
from beholder.scoring.onnx_file import read_onnx, sealed
from helpers.broken_models import as_format_1, edit_metadata, votes, with_graph, with_metadata
from helpers.factories import save_model, save_photos


def changed_default(change) -> bytes:  # type: ignore[no-untyped-def]
    model = onnx.load_model_from_string(default_path().read_bytes())
    assert model.metadata_props.pop().key == "beholder.sha256"  # the seal, which would reveal any change
    change(model)
    return sealed(model.SerializeToString())


BAD_MODELS = {
    "empty": lambda: b"",
    "text": lambda: b"this is no model\n" * 100,
    "cut short": lambda: default_path().read_bytes()[:1_000_000],
    "not ours": lambda: changed_default(lambda model: model.metadata_props.pop()),
    "not sealed": lambda: default_path().read_bytes()[: -len(sealed(b""))],
    "later format": lambda: changed_default(lambda model: edit_metadata(model, lambda d: d.update(format=99))),
    "no tasks": lambda: changed_default(lambda model: edit_metadata(model, lambda d: d.update(tasks=[]))),
    "lost a field": lambda: changed_default(lambda model: edit_metadata(model, lambda d: d.pop("half_width"))),
    "one task too many": lambda: changed_default(
        lambda model: edit_metadata(
            model,
            lambda d: d.update({key: d[key] + d[key][-1:] for key in ("tasks", "half_width", "reference")}),
        )
    ),
}


@pytest.mark.parametrize("kind", BAD_MODELS)
def test_bad_model_is_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(BAD_MODELS[kind]())
    with pytest.raises(ModelError) as caught:
        beholder.load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 500


def external(location: str, make: Callable[[onnx.ModelProto], onnx.TensorProto]) -> Callable[[Path], None]:
    def edit(model: onnx.ModelProto) -> None:
        tensor = make(model)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "12")):
            tensor.external_data.add(key=key, value=value)

    return with_graph(edit)


def constant_in_branch(model: onnx.ModelProto) -> onnx.TensorProto:
    """A tensor in a graph in an attribute of a node."""
    tensor = onnx.numpy_helper.from_array(np.zeros(3, np.float32), "t")
    inner = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
    graph = onnx.helper.make_graph([inner], "g", [], [onnx.helper.make_tensor_value_info("c", 1, [3])])
    model.graph.node.append(onnx.helper.make_node("If", ["condition"], ["out"], then_branch=graph, else_branch=graph))
    return model.graph.node[-1].attribute[0].g.node[0].attribute[0].t


def nest_deeply(path: Path) -> None:
    graph = b""
    for _ in range(3000):  # graph in attribute in node in graph
        graph = protobuf_field(1, protobuf_field(5, protobuf_field(6, graph)))
    path.write_bytes(protobuf_field(7, graph))


def protobuf_field(number: int, content: bytes) -> bytes:
    length, size = b"", len(content)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


ROW = list(np.linspace(1, 7, 101))
NAN = float("nan")
METRIC = {"metric": "srcc", "task": "a", "data": "b", "split": "c", "n": 1, "value": 0.5, "low": 0.4, "high": 0.6}
TASK = {"name": "overall", "low": 1, "high": 7, "description": ""}
REFUSED_UNSEEN = {  # change of a whole model file -> part of the message
    "external": (external("secret", lambda m: m.graph.initializer[3]), "data outside the file"),
    "external elsewhere": (
        external("../../etc/passwd", lambda m: m.graph.initializer[0]),
        "data outside the file",
    ),
    "external in memory": (
        external("*/_ORT_MEM_ADDR_/*", lambda m: m.graph.initializer[0]),
        "data outside the file",
    ),
    "external in a branch": (external("secret", constant_in_branch), "data outside the file"),
    "nested": (nest_deeply, "nested too deeply"),
    "reference is no number": (with_metadata(reference=[ROW, ROW, [NAN] * 101]), r"reference\[2\]\[0\] is nan, where"),
    "reference is endless": (
        with_metadata(reference=[ROW, ROW, [*ROW[:-1], float("inf")]]),
        r"reference\[2\]\[100\] is inf",
    ),
    "reference of words": (with_metadata(reference=[ROW, ROW, ["a"] * 101]), r"reference\[2\]\[0\] is 'a'"),
    "reference falls": (with_metadata(reference=[ROW, ROW, ROW[::-1]]), "rising"),
    "interval is no number": (with_metadata(half_width=[NAN, 1, 1]), r"half_width\[0\] is nan"),
    "interval is negative": (with_metadata(half_width=[-1, 1, 1]), "half_width is a negative width"),
    "interval beyond floats": (with_metadata(half_width=[10**400, 1, 1]), r"half_width\[0\] is a huge number"),
    "interval is a word": (with_metadata(half_width="abc"), "half_width is 'abc', where an array"),
    "digest is a word": (
        with_metadata(learned={"digests": ["photographs here"]}),
        "learned.digests are not 16 hexadeci",
    ),
    "too many digests": (
        with_metadata(learned={"digests": ["0" * 16] * 10_001}),
        "learned has 10001 photographs, more",
    ),
    "predictions of others": (
        with_metadata(learned={"digests": ["0" * 16], "predicted": [[1], [2, 3], [4]]}),
        "learned.predicted is not one row a task",
    ),
    "prediction is a word": (
        with_metadata(learned={"digests": ["0" * 16], "predicted": [["a"]] * 3}),
        r"learned.predicted\[0\]\[0\] is 'a', where a number",
    ),
    "size of words": (with_metadata(size=["a", "b"]), r"size\[0\] is 'a'"),
    "size of fractions": (with_metadata(size=[16.5, 16]), r"size\[0\] is 16.5, where a whole number"),
    "size of nothing": (with_metadata(size=[0, 16]), "width and height"),
    "size beyond memory": (with_metadata(size=[10**9, 10**9]), "width and height"),
    "size of three": (with_metadata(size=[16, 16, 3]), "size is an array of 3, where an array of 2"),
    "name is a number": (with_metadata(name=5), "name is 5, where text"),
    "name of two lines": (with_metadata(name="a\nb"), "metadata name is not one line"),
    "licence is a list": (with_metadata(licence=[]), "licence is an array of 0, where text"),
    "tasks alike": (with_metadata(tasks=[TASK, TASK, TASK]), "two tasks have the same name"),
    "task without a range": (
        with_metadata(tasks=[TASK, {**TASK, "low": 7, "name": "a"}, {**TASK, "name": "b"}]),
        "range",
    ),
    "tasks are numbers": (with_metadata(tasks=[1, 2, 3]), r"tasks\[0\] is 1, where an object"),
    "levels beyond the scale": (with_metadata(score_levels=[0, 3, 7]), "beyond the scale of overall, 1 to 7"),
    "one level": (with_metadata(score_levels=[3]), "not two or more rising"),
    "a metric that is endless": (
        with_metadata(metrics=[{**METRIC, "value": float("inf")}]),
        r"metrics\[0\].value is inf",
    ),
    "a count below 0": (with_metadata(data=[{"name": "a", "n": -1, "sha256": "", "tasks": []}]), r"data\[0\].n is -1"),
    "recipe is nested": (with_metadata(recipe={"a": functools.reduce(lambda a, _: [a], range(50), [])}), "too deeply"),
    "two values for a key": (
        with_graph(lambda m: setattr(m.metadata_props[0], "value", '{"name": "a", "name": "b"}')),
        "two values for 'name'",
    ),
    "data is a word": (with_metadata(data="abc"), "data is 'abc', where an array"),
    "endless words": (with_metadata(description="x" * 1_000_001), "metadata has 1,0.* characters"),
    "nested words": (with_graph(lambda m: setattr(m.metadata_props[0], "value", "[" * 100_000)), "metadata"),
    "words that are no text": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"beholder", b"\xff\xfeholder")),
        "damaged",
    ),
    "metadata is a list": (with_graph(lambda m: setattr(m.metadata_props[0], "value", "[1]")), "metadata"),
    "too large": (lambda path: os.truncate(path, 2 * 1024**3 + 1), "more than the 2,147,483,648 that are read"),
    "pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "is a pipe, not a model file"),
}


@pytest.mark.parametrize("kind", REFUSED_UNSEEN)
def test_refused_before_the_runtime_sees_it(
    kind: str, colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_bytes(bytes(12))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.onnx"
    path.write_bytes(colour_model.read_bytes())
    change, says = REFUSED_UNSEEN[kind]
    change(path)
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: pytest.fail("the runtime was given the file"))
    with pytest.raises(ModelError, match=rf"bad.onnx: [^\n]*{says}[^\n]*$") as caught:
        beholder.load(path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600


def test_missing_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        beholder.load(tmp_path / "none.onnx")


@pytest.mark.parametrize("name", EMBEDDED)
def test_description_is_written_as_it_was_read(name: str) -> None:
    text = read_onnx(embedded_path(name).read_bytes()).metadata["beholder"]
    written = parse_info(text).to_json()
    assert parse_info(written) == parse_info(text) and parse_info(written).to_json() == written
    assert json.loads(written)["format"] == 2 and (json.loads(text)["format"] == 1 or written == text)


LEVELS_BY_FORMAT = ((1, "buckets"), (2, "score_levels"))


@pytest.mark.parametrize(("number", "key"), LEVELS_BY_FORMAT)
def test_score_levels_have_a_key_in_each_format(number: int, key: str) -> None:
    _, info = read_model(default_path())
    with_levels = replace(info, score_levels=(1.0, 2.5, 4.0))
    document = json.loads(with_levels.to_json())
    assert document["score_levels"] == [1.0, 2.5, 4.0] and "buckets" not in document
    document = {**document, "format": number, key: document.pop("score_levels")}
    assert parse_info(json.dumps(document)) == with_levels
    with pytest.raises(ModelError, match="two or more rising"):
        replace(info, score_levels=(1.0, 1.0))


@pytest.mark.parametrize("with_votes", [False, True])
def test_a_file_of_format_1_still_scores(with_votes: bool, tmp_path: Path) -> None:
    photos = save_photos(tmp_path / "photos", 3)
    new, old = (save_model(tmp_path / f"{name}.onnx") for name in ("new", "old"))
    if with_votes:
        for path in (new, old):
            with_graph(votes([0.25, 0.25, 0.5]))(path)
    before, now = beholder.load(as_format_1(old)), beholder.load(new)
    assert json.loads(read_onnx(old.read_bytes()).metadata["beholder"])["format"] == 1
    assert before.info == now.info and before.info.outputs == now.info.outputs
    first, second = before.score(photos), now.score(photos)
    assert replace(first, model="") == replace(second, model="")
    assert list(first.to_dict()) == [
        "overall",
        "warmth",
        "quality",
        "low",
        "high",
        "percentile",
        *(("sd", "p_1", "p_4", "p_7") if with_votes else ()),
        "width",
        "height",
    ]
    assert (first.edits, first.disagreement, first.familiarity, first.unlike) == ({}, None, None, None)


def of_task(place: int, **lies: object) -> Callable[[Path], None]:
    """A change of a model file: these fields of one of its tasks."""
    return with_graph(lambda model: edit_metadata(model, lambda document: document["tasks"][place].update(lies)))


REFUSED_DETAILS = {  # change of a model that tells edits, too -> part of the message
    "kind unknown": (of_task(3, kind="guess"), "task exposure: its kind is 'guess', this version knows rating, edit"),
    "kind is a number": (of_task(3, kind=2), r"tasks\[3\].kind is 2, where text"),
    "unit of two lines": (of_task(3, unit="E\nV"), "task exposure: its unit is not one line"),
    "unit is long": (of_task(3, unit="x" * 41), "its unit is not one line of at most 40"),
    "unit is null": (of_task(3, unit=None), r"tasks\[3\].unit is null, where text"),
    "edit without neutral": (of_task(3, neutral=None), "task exposure: an edit has a neutral value"),
    "neutral is a word": (of_task(3, neutral="0"), r"tasks\[3\].neutral is '0', where a number"),
    "neutral is no number": (of_task(3, neutral=NAN), r"tasks\[3\].neutral is nan, where a number"),
    "neutral outside": (of_task(3, neutral=4), "neutral value 4 is outside its range, -3 to 3"),
    "rating with neutral": (of_task(1, neutral=4), "task beauty: an edit has a neutral value, and nothing else"),
    "first is an edit": (of_task(0, kind="edit", neutral=4), "the first task, overall, is of kind edit"),
    "two disagreements": (of_task(2, kind="disagreement"), "two tasks are of kind disagreement"),
    "two familiarities": (of_task(2, kind="familiarity"), "two tasks are of kind familiarity"),
    "unlike without familiarity": (of_task(11, kind="rating"), "unlike needs a task of kind familiarity"),
    "unlike outside": (with_metadata(unlike=101), "unlike is 101, beyond the scale of familiarity, 0 to 100"),
    "unlike is a word": (with_metadata(unlike="few"), "unlike is 'few', where a number"),
    "unlike is no number": (with_metadata(unlike=NAN), "unlike is nan, where a number"),
    "widening is a number": (with_metadata(widening=2), "widening is 2, where an array"),
    "widening of numbers": (with_metadata(widening=[1, 2]), r"widening\[0\] is 1, where an array of 2"),
    "widening of three": (with_metadata(widening=[[1, 2, 3]]), r"widening\[0\] is an array of 3"),
    "widening is no number": (with_metadata(widening=[[1, NAN]]), r"widening\[0\]\[1\] is nan"),
    "widening falls": (with_metadata(widening=[[9, 1], [3, 2]]), "widening is not pairs of a rising familiarity"),
    "widening twice": (with_metadata(widening=[[3, 1], [3, 2]]), "widening is not pairs of a rising familiarity"),
    "widening below 0": (with_metadata(widening=[[3, -1]]), "a factor of 0 or more"),
    "widening without familiarity": (
        lambda path: [change(path) for change in (with_metadata(unlike=None), of_task(11, kind="rating"))],
        "widening needs a task of kind familiarity",
    ),
}


@pytest.mark.parametrize("kind", REFUSED_DETAILS)
def test_a_description_of_edits_that_cannot_be_is_one_line(kind: str, detailed_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(detailed_model.read_bytes())
    change, says = REFUSED_DETAILS[kind]
    change(path)
    with pytest.raises(ModelError, match=rf"bad.onnx: [^\n]*{says}[^\n]*$") as caught:
        read_model(path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600


def test_a_description_of_edits_is_written_as_it_was_read(detailed_model: Path) -> None:
    text = read_onnx(detailed_model.read_bytes()).metadata["beholder"]
    info = parse_info(text)
    assert info.to_json() == text and info.unlike == 30 and info.widening == ((0, 3), (50, 1))
    assert (info.tasks[3].kind, info.tasks[3].unit, info.tasks[3].neutral) == ("edit", "EV", 0)


@pytest.mark.parametrize(
    ("widening", "familiarity", "factor"),
    [
        ((), 0, 1),
        (((0, 3), (50, 1)), 0, 3),
        (((0, 3), (50, 1)), 25, 2),
        (((0, 3), (50, 1)), 50, 1),
        (((0, 3), (50, 1)), 99, 1),
        (((20, 0), (30, 2)), 5, 0),
        (((20, 1.5),), 80, 1.5),
    ],
)
def test_half_widths_of_ratings_follow_familiarity(
    widening: tuple[tuple[float, float], ...], familiarity: float, factor: float, detailed_model: Path
) -> None:
    info = replace(read_model(detailed_model)[1], widening=widening)
    scores = np.full((2, len(info.tasks)), 4.0)
    scores[:, info.tasks.index(info.tasks[-1])] = familiarity
    wide = info.half_widths(scores)
    expected = [
        half * factor if task.kind == "rating" else half for task, half in zip(info.tasks, info.half_width, strict=True)
    ]
    np.testing.assert_allclose(wide, [expected, expected])


def test_a_metric_without_a_value_is_null_in_the_file() -> None:
    _, info = read_model(default_path())
    undefined = replace(info, metrics=(Estimate("srcc", "a", "b", "c", 9, NAN, NAN, NAN),), unlike=None)
    text = undefined.to_json()
    neutral = sum(task.neutral is None for task in info.tasks)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert text.count('": null') == 3 + 1 + neutral  # of the metric, `unlike`, and each `neutral` that there is not
    for each in (text, re.sub(r'"(value|low|high)": null', r'"\1": NaN', text)):  # as earlier versions wrote it
        assert all(np.isnan(parse_info(each).metrics[0].interval))


@pytest.mark.parametrize("model", [None, "default", "fast"])
def test_embedded_models_are_found_by_name(model: str | None) -> None:
    assert model_path(model) == embedded_path(model or "default")
    assert model_path("./fast") == Path("fast")


def test_learned_photographs_are_read_as_written(colour_model: Path) -> None:
    info = beholder.load(colour_model).info
    assert info.learned is None and "learned" not in json.loads(info.to_json())
    predicted = np.array([[1.23456789, np.nan, 0.5], [2, 3, 0.25]])
    said = replace(info, learned=learned_photos(np.array(["ab" * 32, "cd" * 32]), predicted))
    read = parse_info(said.to_json()).learned
    assert read is not None and read.digests == ("ab" * 8, "cd" * 8)
    np.testing.assert_array_equal(np.array(read.predicted), [[1.23457, 2], [np.nan, 3], [0.5, 0.25]])
    many = np.array([f"{number:064x}" for number in range(10_000)])
    kept = learned_photos(many, np.ones((10_000, 5)))
    assert kept is not None and len(kept.digests) == 10_000 and kept.predicted == ()  # too many numbers
    assert len(replace(info, learned=learned_photos(many, np.ones((10_000, 3)))).to_json()) < MAX_METADATA_CHARS / 2
    assert learned_photos(np.append(many, "0" * 64), np.ones((10_001, 1))) is None
