"""Scores of real photographs by the embedded model: the same however they are asked for, and bad models refused."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image
from typer.testing import CliRunner

import beholder
from beholder import Scorer, Scores
from beholder.cli.app import app
from beholder.errors import BeholderError, ModelError, PhotoError
from beholder.scoring.explain import Explanation, occlude
from beholder.scoring.heatmap import RAISES
from beholder.scoring.model_file import default_path
from beholder.scoring.onnx_file import sealed
from beholder.tasks import Task
from helpers.factories import save_model

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def alone(scorer: Scorer, photos: list[Path]) -> np.ndarray:
    """(N, T) scores of each photograph by itself."""
    return np.concatenate([scorer.score(path).values for path in photos])


@pytest.mark.parametrize("size", [2, 3, 8, 32])
def test_same_score_in_any_batch_and_place(scorer: Scorer, photos: list[Path], alone: np.ndarray, size: int) -> None:
    order = np.random.default_rng(size).permutation(np.repeat(np.arange(len(photos)), 5))
    sizes = np.array([(100, 100)] * size)
    pixels = np.stack(
        [scorer.pixels(beholder.photos.read.read_photo(photos[index], scorer.min_size)) for index in order[:32]]
    )
    for start in range(0, 32 - size + 1, size):
        values = scorer.run(pixels[start : start + size], sizes).values
        np.testing.assert_allclose(values, alone[order[start : start + size]], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("threads", [1, 2])
def test_same_score_with_any_threads(photos: list[Path], alone: np.ndarray, threads: int) -> None:
    values = beholder.load(threads=threads).score(photos).values
    np.testing.assert_allclose(values, alone, atol=TOLERANCE, rtol=0)


def test_same_score_in_another_process(photos: list[Path], alone: np.ndarray) -> None:
    code = "import sys, json, beholder; print(json.dumps(beholder.load().score(sys.argv[1:]).values.tolist()))"
    done = subprocess.run([sys.executable, "-c", code, *map(str, photos)], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(json.loads(done.stdout), alone, atol=TOLERANCE, rtol=0)


def test_nothing_is_told_to_anybody(photos: list[Path], tmp_path: Path) -> None:
    """The runtime's telemetry keeps its queue in the user's cache folder, and is off in CI: so not in this process."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "import sys, beholder; beholder.load().score(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(photos[0])], env=environment, check=True)
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("there", [False, True])
def test_a_gpu_is_used_where_the_runtime_has_one(
    colour_model: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    import onnxruntime

    asked: list[list[str]] = []
    open_session = onnxruntime.InferenceSession

    def opened(content: bytes, options: Any, providers: list[Any], **_: Any) -> Any:
        asked.append([each if isinstance(each, str) else each[0] for each in providers])
        return open_session(content, options, providers=["CPUExecutionProvider"])

    gpu = ["CUDAExecutionProvider"] * there
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*gpu, "CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", opened)
    beholder.load(colour_model)
    assert asked == [[*gpu, "CPUExecutionProvider"]]


def test_sources_agree(scorer: Scorer, photos: list[Path], alone: np.ndarray) -> None:
    path = next(path for path in photos if path.name == "chelsea.jpg")  # too small for a reduced decode
    with Image.open(path) as image:
        image.load()
    array = np.asarray(image)
    sources = [path, str(path), path.read_bytes(), image, array]
    for source in sources:
        np.testing.assert_allclose(scorer.score(source).values[0], alone[photos.index(path)], atol=TOLERANCE)
    assert len(scorer.score(sources)) == len(sources)
    np.testing.assert_allclose(
        scorer.score(np.stack([array, array])).values, alone[[photos.index(path)] * 2], atol=1e-5
    )


@pytest.mark.parametrize("name", ["flower.jpg", "rocket.jpg", "coffee.jpg"])
def test_reduced_decode_keeps_the_score(scorer: Scorer, photos: list[Path], name: str) -> None:
    """A large JPEG is decoded at a fraction of its size: every score stays within 2% of its scale."""
    with Image.open(next(path for path in photos if path.name == name)) as image:
        content = io.BytesIO()
        image.resize((3000, 2000), Image.Resampling.BICUBIC).save(content, "JPEG", quality=92)
    reduced, whole = (beholder.photos.read.read_photo(content.getvalue(), least) for least in (scorer.min_size, None))
    assert reduced.pixels.shape[0] < whole.pixels.shape[0] // 3
    values = scorer.run(np.stack([scorer.pixels(found) for found in (reduced, whole)]), np.ones((2, 2), int)).values
    spans = np.array([task.high - task.low for task in scorer.info.tasks])
    np.testing.assert_array_less(np.abs(values[0] - values[1]) / spans, 0.02)


def test_resizing_inside_the_model_agrees(scorer: Scorer, photos: list[Path]) -> None:
    """Somebody else's runtime gives the graph whole pictures; the resize in it must be ours."""
    for path in photos:
        whole = beholder.photos.read.read_photo(path)
        found, expected = (
            scorer.run(pixels[None], np.array([(1, 1)])).values[0] for pixels in (whole.pixels, scorer.pixels(whole))
        )
        np.testing.assert_allclose(found, expected, atol=0.05)


def test_scores_hold_together(scorer: Scorer, photos: list[Path]) -> None:
    scores = scorer.score(photos)
    names = [task.name for task in scores.tasks]
    assert names == ["overall", "beauty", "valence", "arousal", "quality"]
    assert list(scores.attributes) == names[1:]
    low, high = scores.interval.T
    assert (low <= scores.overall).all() and (scores.overall <= high).all() and (low < high).all()
    for index, task in enumerate(scores.tasks):
        for values in (scores.values, scores.low, scores.high):
            assert (values[:, index] >= task.low).all() and (values[:, index] <= task.high).all()
    assert ((scores.percentile >= 0) & (scores.percentile <= 100)).all()
    assert (np.argsort(scores.percentile, kind="stable") == np.argsort(scores.overall, kind="stable")).all()
    assert scores.embedding.shape[0] == len(photos) and scores.evidence.shape == (len(photos), 5, 16, 16)
    with Image.open(photos[0]) as image:
        assert tuple(scores.sizes[0]) == image.size
    assert [len(one) for one in scores] == [1] * len(photos)
    np.testing.assert_array_equal(scores[-1].values, scores.values[-1:])
    np.testing.assert_array_equal(Scores.concatenate([scores[:3], scores[3:]]).values, scores.values)
    frame = scores.to_pandas()
    assert list(frame.columns)[:5] == names and len(frame) == len(photos)
    with pytest.raises(IndexError):
        scores[len(photos)]
    with pytest.raises(BeholderError, match="overall, beauty"):
        scores.column("lightness")


def test_scores_are_sane(scorer: Scorer, photos: list[Path], alone: np.ndarray) -> None:
    flower = next(path for path in photos if path.name == "flower.jpg")
    with Image.open(flower) as image:
        small = image.resize((40, 30)).resize(image.size)
        grey = Image.new("RGB", image.size, (120, 120, 120))
    spoiled = scorer.score([small, grey])
    good = alone[photos.index(flower)]
    quality = scorer.info.tasks.index(next(task for task in scorer.info.tasks if task.name == "quality"))
    assert (spoiled.values[:, quality] < good[quality] - 0.1).all()
    assert (spoiled.overall < good[0] - 0.3).all()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "empty"),
        ("/nowhere.jpg", "no such file"),
        (b"", "bytes"),
        (np.zeros((4, 4)), "uint8"),
        (["/nowhere.jpg"], "no such file"),
    ],
)
def test_bad_sources_are_one_line(scorer: Scorer, bad: object, message: str) -> None:
    with pytest.raises(PhotoError, match=message) as caught:
        scorer.score(bad)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def _changed(change) -> bytes:  # type: ignore[no-untyped-def]
    model = onnx.load_model_from_string(default_path().read_bytes())
    assert model.metadata_props.pop().key == "beholder.sha256"  # the seal, which would tell of any change
    change(model)
    return model.SerializeToString()


def _metadata(model: onnx.ModelProto, edit) -> None:  # type: ignore[no-untyped-def]
    entry = next(entry for entry in model.metadata_props if entry.key == "beholder")
    document = json.loads(entry.value)
    edit(document)
    entry.value = json.dumps(document)


BAD_MODELS = {
    "empty": lambda: b"",
    "text": lambda: b"this is no model\n" * 100,
    "cut short": lambda: default_path().read_bytes()[:1_000_000],
    "not ours": lambda: _changed(lambda model: model.metadata_props.pop()),
    "later format": lambda: _changed(lambda model: _metadata(model, lambda d: d.update(format=99))),
    "no tasks": lambda: _changed(lambda model: _metadata(model, lambda d: d.update(tasks=[]))),
    "lost a field": lambda: _changed(lambda model: _metadata(model, lambda d: d.pop("half_width"))),
    "one task too many": lambda: _changed(
        lambda model: _metadata(
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
    assert str(path) in str(caught.value) and "\n" not in str(caught.value) and "sha256" not in str(caught.value)


def _lie(**lies: object) -> Callable[[Path], None]:
    """A change of the metadata."""

    def change(path: Path) -> None:
        model = onnx.load(path)
        _metadata(model, lambda document: document.update(lies))
        onnx.save(model, path)

    return change


def _graph(edit: Callable[[onnx.ModelProto], object]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        model = onnx.load(path)
        edit(model)
        onnx.save(model, path)

    return change


def _outside(location: str, make: Callable[[onnx.ModelProto], onnx.TensorProto]) -> Callable[[Path], None]:
    def edit(model: onnx.ModelProto) -> None:
        tensor = make(model)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "12")):
            tensor.external_data.add(key=key, value=value)

    return lambda path: path.write_bytes((edit(model := onnx.load(path)), model.SerializeToString())[1]) and None


def _constant(model: onnx.ModelProto) -> onnx.TensorProto:
    """A tensor in a graph in an attribute of a node."""
    tensor = onnx.numpy_helper.from_array(np.zeros(3, np.float32), "t")
    inner = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
    graph = onnx.helper.make_graph([inner], "g", [], [onnx.helper.make_tensor_value_info("c", 1, [3])])
    model.graph.node.append(onnx.helper.make_node("If", ["condition"], ["out"], then_branch=graph, else_branch=graph))
    return model.graph.node[-1].attribute[0].g.node[0].attribute[0].t


def _deep(path: Path) -> None:
    graph = b""
    for _ in range(3000):  # graph in attribute in node in graph
        graph = _field(1, _field(5, _field(6, graph)))
    path.write_bytes(path.read_bytes() + _field(7, graph))


def _field(number: int, content: bytes) -> bytes:
    length, size = b"", len(content)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


ROW = list(np.linspace(1, 7, 101))
NAN = float("nan")
TASK = {"name": "overall", "low": 1, "high": 7, "description": ""}
REFUSED_UNSEEN = {  # change of a whole model file -> what is said
    "external": (_outside("secret", lambda m: m.graph.initializer[3]), "data outside the file"),
    "external elsewhere": (_outside("../../etc/passwd", lambda m: m.graph.initializer[0]), "data outside the file"),
    "external in memory": (_outside("*/_ORT_MEM_ADDR_/*", lambda m: m.graph.initializer[0]), "data outside the file"),
    "external in a branch": (_outside("secret", _constant), "data outside the file"),
    "nested": (_deep, "nested too deeply"),
    "reference is no number": (_lie(reference=[ROW, ROW, [NAN] * 101]), "not finite"),
    "reference is endless": (_lie(reference=[ROW, ROW, [*ROW[:-1], float("inf")]]), "not finite"),
    "reference of words": (_lie(reference=[ROW, ROW, ["a"] * 101]), "not what a beholder model carries"),
    "reference falls": (_lie(reference=[ROW, ROW, ROW[::-1]]), "rising"),
    "interval is no number": (_lie(half_width=[NAN, 1, 1]), "not finite"),
    "interval is negative": (_lie(half_width=[-1, 1, 1]), "negative width"),
    "interval beyond floats": (_lie(half_width=[10**400, 1, 1]), "not what a beholder model carries"),
    "interval is a word": (_lie(half_width="abc"), "not what a beholder model carries"),
    "size of words": (_lie(size=["a", "b"]), "width and height"),
    "size of fractions": (_lie(size=[16.5, 16]), "width and height"),
    "size of nothing": (_lie(size=[0, 16]), "width and height"),
    "size beyond memory": (_lie(size=[10**9, 10**9]), "width and height"),
    "size of three": (_lie(size=[16, 16, 3]), "width and height"),
    "name is a number": (_lie(name=5), "no text"),
    "name of two lines": (_lie(name="a\nb"), "no text"),
    "licence is a list": (_lie(licence=[]), "no text"),
    "tasks alike": (_lie(tasks=[TASK, TASK, TASK]), "same name"),
    "task without a range": (_lie(tasks=[TASK, {**TASK, "low": 7, "name": "a"}, {**TASK, "name": "b"}]), "range"),
    "tasks are numbers": (_lie(tasks=[1, 2, 3]), "not what a beholder model carries"),
    "data is a word": (_lie(data="abc"), "not what a beholder model carries"),
    "endless words": (_lie(description="x" * 10_000_001), "characters"),
    "nested words": (_graph(lambda m: setattr(m.metadata_props[0], "value", "[" * 100_000)), "metadata"),
    "words that are no text": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"beholder", b"\xff\xfeholder")),
        "damaged",
    ),
    "metadata is a list": (_graph(lambda m: setattr(m.metadata_props[0], "value", "[1]")), "metadata"),
    "too large": (lambda path: os.truncate(path, 2 * 1024**3 + 1), "more than a model file can have"),
    "pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "not a regular file"),
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
    monkeypatch.setattr(
        "beholder.scoring.session.open_session", lambda *_: pytest.fail("the runtime was given the file")
    )
    with pytest.raises(ModelError, match=rf"bad.onnx: [^\n]*{says}[^\n]*$") as caught:
        beholder.load(path)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 600


def _hidden(output: str, declared: int | None) -> Callable[[onnx.ModelProto], object]:
    """An output that loses one of three columns by a node of which no runtime foresees that."""

    def edit(model: onnx.ModelProto) -> None:
        maker = next(node for node in model.graph.node if output in node.output)
        maker.output[0] = "raw"
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([True, True, False]), "kept"))
        model.graph.node.append(onnx.helper.make_node("Compress", ["raw", "kept"], [output], axis=1))
        for put in model.graph.output:
            if put.name == output and declared:
                put.type.tensor_type.shape.dim[1].dim_value = declared
            elif put.name == output:
                put.type.tensor_type.shape.dim[1].Clear()

    return edit


REFUSED_UNRUN = {
    "operators of others": (
        lambda m: (setattr(m.graph.node[0], "domain", "evil"), m.opset_import.add(domain="evil", version=1)),
        "not a registered function",
    ),
    "scores of more tasks": (_hidden("scores", 4), "describes 3 tasks and computes scores of 4"),
    "maps of more tasks": (_hidden("evidence", 7), "describes 3 tasks and computes evidence of 7"),
    "scores of no known number": (_hidden("scores", None), "describes 3 tasks and computes scores of"),
    "maps without a grid": (lambda m: m.graph.output[2].type.tensor_type.shape.dim.pop(), "evidence"),
    "another input": (
        lambda m: m.graph.input.append(onnx.helper.make_tensor_value_info("other", 1, [1])),
        "inputs and outputs",
    ),
    "an output lost": (lambda m: m.graph.output.pop(), "inputs and outputs"),
}


@pytest.mark.parametrize("kind", REFUSED_UNRUN)
def test_refused_before_anything_runs(kind: str, colour_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(colour_model.read_bytes())
    edit, says = REFUSED_UNRUN[kind]
    _graph(edit)(path)
    with pytest.raises(ModelError, match=rf"bad.onnx: [^\n]*{says}[^\n]*$"):
        beholder.load(path)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (_hidden("scores", 3), "computes scores of shape"),
        (_hidden("evidence", 3), "computes evidence of shape"),
        (lambda m: m.graph.initializer[3].CopyFrom(_numbers("bias", np.full(3, np.nan))), "not finite"),
        (_hidden("embedding", None), "cannot be run"),
    ],
    ids=["fewer scores", "fewer maps", "not finite", "does not fit"],
)
def test_lies_that_only_running_shows_are_one_line(
    edit: Callable[[onnx.ModelProto], object], says: str, colour_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(colour_model.read_bytes())
    _graph(edit)(path)
    with pytest.raises(ModelError, match=rf"^[^\n]*{says}[^\n]*$"):
        beholder.load(path).score(np.zeros((9, 9, 3), np.uint8))


def _numbers(name: str, values: np.ndarray) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(values.astype(np.float32), name)


@pytest.mark.parametrize("sealing", [False, True])
def test_damaged_model_files(sealing: bool, colour_model: Path, tmp_path: Path, capfd: Any) -> None:
    """Any bit may be wrong, any part missing: what comes is a model that computes numbers, or one line."""
    whole, path, loaded = colour_model.read_bytes(), tmp_path / "m.onnx", 0
    whole = sealed(whole) if sealing else whole
    for number in range(400):
        random, content = Random(number), bytearray(whole)
        if random.random() < 0.3:
            content = content[: random.randrange(len(content))]
        else:
            for _ in range(random.choice((1, 1, 2, 8))):
                content[random.randrange(min(len(content), random.choice((700, 9999))))] ^= 1 << random.randrange(8)
        path.write_bytes(content)
        try:
            beholder.load(path).score(np.zeros((9, 9, 3), np.uint8))
            loaded += 1
        except ModelError as error:
            assert str(error).isprintable(), number
    assert loaded == 0 if sealing else 0 < loaded < 100
    assert capfd.readouterr() == ("", "")  # the runtime does not talk


def test_missing_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot open"):
        beholder.load(tmp_path / "none.onnx")


def test_explanation(scorer: Scorer, photos: list[Path], tmp_path: Path) -> None:
    for task in scorer.info.tasks:
        explanation = scorer.explain(photos[0], task.name, grid=4)
        assert explanation.score == pytest.approx(scorer.score(photos[0]).values[0, explanation.index], abs=0.02)
        assert explanation.evidence.shape == (4, 4)
        assert np.abs(explanation.evidence).max() <= explanation.scale
        sheet = explanation.draw()
        content = io.BytesIO()
        sheet.save(content, "PNG")
        assert len(content.getvalue()) > 10_000
    with pytest.raises(BeholderError, match="no task"):
        scorer.explain(photos[0], "sharpness")


def test_heat_map_has_the_colour_of_the_sign(scorer: Scorer, photos: list[Path]) -> None:
    explanation = scorer.explain(photos[0], grid=4)
    rows, columns = explanation.evidence.shape
    plain = np.full((rows * 21, columns * 21, 3), 128, dtype=np.uint8)
    picture = np.asarray(replace(explanation, pixels=plain).overlay()).astype(int)
    redder = picture[10::21, 10::21, 0] - picture[10::21, 10::21, 2]
    strong = np.abs(explanation.evidence) > 0.5 * np.abs(explanation.evidence).max()
    assert strong.any()
    assert (np.sign(redder[strong]) == np.sign(explanation.evidence[strong])).all()


def test_bars_of_a_scale_with_two_sides_begin_between_them() -> None:
    def orange(value: float) -> np.ndarray:
        """Columns of the sheet that the bar covers."""
        one = np.full((1, 1), value)
        tasks, cell = (Task("conscientiousness", -1, 1),), np.zeros((1, 1, 2, 2))
        scores = Scores(tasks, one, one, one, np.full((1, 1), 50), one, cell, np.array([[80, 60]]), "made")
        sheet = np.asarray(Explanation(scores, 0, np.zeros((60, 80, 3), np.uint8), cell[0, 0]).draw())
        return np.flatnonzero((sheet == RAISES).all(axis=2).any(axis=0))

    above, below = orange(0.5), orange(-0.5)
    assert abs(int(above.min()) - int(below.max())) <= 2 and abs(len(above) - len(below)) <= 2
    assert below.min() > 24 + 110  # right of a name that is longer than most


@pytest.mark.parametrize("size", [(1, 1), (3000, 40), (40, 3000), (15, 700)])
def test_odd_shapes_are_scored_and_drawn(scorer: Scorer, size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 60).convert("RGB")
    assert np.isfinite(scorer.score(image).values).all()
    assert scorer.explain(image, grid=2).draw().size[0] >= 640


def test_hiding_what_raises_the_score_lowers_it(scorer: Scorer, photos: list[Path]) -> None:
    """A planted truth: only the left half counts, the upper part for it and the lower part against it."""

    def score(pixels: np.ndarray) -> np.ndarray:
        detail = np.abs(np.diff(pixels[:, :, :40, 0].astype(float), axis=2))
        return np.stack([detail[:, :40].mean((1, 2)) - detail[:, 40:].mean((1, 2))] * 2, axis=1)

    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    losses = occlude(score, noise, grid=4)
    assert losses.shape == (2, 4, 4)
    assert (losses[:, :2, :2] > 1).all() and (losses[:, 2:, :2] < -1).all()
    assert (np.abs(losses[:, :, 2:]) < 1e-9).all()


def test_first_task_of_any_model_is_the_overall_score(photos: list[Path], tmp_path: Path) -> None:
    model = str(save_model(tmp_path / "model.onnx", first="beauty"))
    explained = [beholder.load(model).explain(photos[0], task) for task in ("overall", "beauty", "warmth")]
    assert explained[0].score == explained[1].score != explained[2].score
    done = CliRunner().invoke(app, ["score", *map(str, photos), "--model", model, "--sort", "beauty", "--json"])
    values = [row["overall"] for row in json.loads(done.stdout)]
    assert values == sorted(values, reverse=True) and len(values) == len(photos)
