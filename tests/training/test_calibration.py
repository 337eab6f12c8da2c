"""Which layers of a graph can be quantized: those that feed each other, and large matrices that may be rounded."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from beholder.errors import BeholderError
from beholder.training.calibration import calibrate

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
FILTERS = {3: RNG.normal(size=(4, 3, 3, 3)).astype(np.float32), 4: RNG.normal(size=(4, 4, 1, 1)).astype(np.float32)}
LARGE = RNG.normal(size=(256, 256)).astype(np.float32)

Node = tuple[str, list[str], str]  # operator, inputs, output
READ = [("Cast", ["image"], "numbers"), ("Transpose", ["numbers"], "pixels")]
PATCHES: list[Node] = [("Conv", ["pixels", "f3"], "a"), ("Flatten", ["a"], "flat")]  # (B, 4 * 6 * 6)
WIDENED: list[Node] = [("MatMul", ["flat", "widen"], "wide")]  # (B, 256); too small a matrix to be quantized
GRAPHS: dict[str, tuple[list[Node], list[str]]] = {  # what is computed -> layers that are quantized, by their outputs
    "a chain of convolutions": (
        [("Conv", ["pixels", "f3"], "a"), ("Relu", ["a"], "b"), ("Conv", ["b", "f4"], "c")],
        ["a", "c"],
    ),
    "a chain with a sum between": (
        [
            ("Conv", ["pixels", "f3"], "a"),
            ("Relu", ["a"], "b"),
            ("Add", ["b", "a"], "sum"),
            ("Conv", ["sum", "f4"], "c"),
        ],
        ["a", "c"],
    ),
    "two that read pixels alone, and a matrix": (
        [
            *PATCHES,
            ("Abs", ["pixels"], "other"),
            ("Conv", ["other", "f3"], "d"),
            ("Flatten", ["d"], "flat 2"),
            ("Add", ["flat", "flat 2"], "both"),
            ("MatMul", ["both", "widen"], "wide"),
            ("MatMul", ["wide", "large"], "m"),
        ],
        ["m"],
    ),
    "one that feeds a matrix": ([*PATCHES, *WIDENED, ("MatMul", ["wide", "large"], "m")], ["m"]),
    "matrices of which one stays single": (
        [*PATCHES, *WIDENED, ("MatMul", ["wide", "large"], "m"), ("MatMul", ["m", "head.single_matrix"], "n")],
        ["m"],
    ),
    "nothing but what stays": ([*PATCHES, *WIDENED, ("MatMul", ["wide", "head.single_matrix"], "n")], []),
}


def save(path: Path, nodes: list[Node]) -> Path:
    constants = {"f3": FILTERS[3], "f4": FILTERS[4], "large": LARGE, "head.single_matrix": LARGE}
    constants["widen"] = RNG.normal(size=(144, 256)).astype(np.float32)
    options = {"Cast": {"to": onnx.TensorProto.FLOAT}, "Transpose": {"perm": [0, 3, 1, 2]}}
    used = {name for _, inputs, _ in nodes for name in inputs}
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, inputs, [output], **options.get(kind, {})) for kind, inputs, output in nodes],
        "layers",
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["batch", 8, 8, 3])],
        [onnx.helper.make_tensor_value_info(nodes[-1][2], onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items() if name in used],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9), path)
    return path


@pytest.mark.parametrize(("nodes", "expected"), GRAPHS.values(), ids=GRAPHS)
def test_what_can_be_quantized(nodes: list[Node], expected: list[str], tmp_path: Path) -> None:
    path = save(tmp_path / "layers.onnx", [*READ, *nodes])
    if not expected:
        with pytest.raises(BeholderError, match="nothing to quantize"):
            calibrate(onnx, path, PIXELS)
        return
    _, layers, ranges = calibrate(onnx, path, PIXELS)
    assert layers == expected
    inputs = {nodes[i][1][0] for i in range(len(nodes)) if nodes[i][2] in expected}
    assert inputs <= set(ranges)
    assert all(
        (each.low <= each.rows.min(axis=0)).all() and (each.high >= each.rows.max(axis=0)).all()
        for each in ranges.values()
    )
