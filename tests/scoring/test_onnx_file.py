"""What an ONNX file says of itself, found without onnx; the seal that tells a flipped bit."""

from pathlib import Path

import onnx
import pytest

from beholder.errors import ModelError
from beholder.scoring.model_file import default_path
from beholder.scoring.onnx_file import read_metadata, sealed


@pytest.mark.parametrize("which", ["made", "embedded"])
def test_metadata_is_what_onnx_finds(which: str, colour_model: Path) -> None:
    content = (colour_model if which == "made" else default_path()).read_bytes()
    for each in (content, sealed(content)):
        expected = {entry.key: entry.value for entry in onnx.load_model_from_string(each).metadata_props}
        assert read_metadata(each) == expected and "beholder" in expected


def test_a_sealed_file_is_the_same_model(colour_model: Path) -> None:
    content = colour_model.read_bytes()
    seen = onnx.load_model_from_string(sealed(content))
    assert seen.metadata_props.pop().key == "beholder.sha256"
    assert seen == onnx.load_model_from_string(content)


def test_every_flipped_bit_of_a_sealed_file_is_told(colour_model: Path) -> None:
    whole = sealed(colour_model.read_bytes())
    for at in range(0, len(whole) - 64, 7):  # what is behind is the digest itself
        content = bytearray(whole)
        content[at] ^= 1 << at % 8
        if at < len(whole) - 83:
            with pytest.raises(ModelError, match="damaged"):
                read_metadata(bytes(content))
    content = bytearray(whole)
    content[-1] ^= 1
    with pytest.raises(ModelError, match="sha256"):
        read_metadata(bytes(content))


def test_a_file_cut_anywhere_is_told_or_whole(colour_model: Path) -> None:
    """Only at the end of a field is there nothing to see."""
    content, whole = colour_model.read_bytes(), 0
    for end in range(len(content)):
        try:
            read_metadata(content[:end])
            whole += 1
        except ModelError as error:
            assert "cut short" in str(error)
    assert whole < 12
