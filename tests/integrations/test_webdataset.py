"""webdataset, the real one: shards read, scored and written."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.integrations.webdataset import AT_ONCE, Score
from helpers.hosts import alike, expected, host, save_some


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    return save_some(tmp_path / "photos")


def samples_of(paths: list[str]) -> list[dict[str, Any]]:
    return [{"__key__": Path(path).stem, "txt": b"words", "jpg": Path(path).read_bytes()} for path in paths]


def same_rows(rows: list[dict[str, Any]], model: Path, paths: list[str]) -> bool:
    """Whether these are the rows of a table; a reason begins with the name in the shard, not with that of the file."""
    wanted = expected(model, paths)
    wanted["error"] = [error.replace(str(Path(paths[0]).parent) + "/", "") for error in wanted["error"]]
    return len(rows) == len(paths) and all(
        list(row) == list(wanted) and all(alike(row[name], wanted[name][at]) for name in wanted)
        for at, row in enumerate(rows)
    )


def test_samples_are_scored_in_order_one_by_one_or_as_a_stream(paths: list[str], colour_model: Path) -> None:
    score = Score(colour_model)
    for scored in (list(map(score, samples_of(paths))), list(score.stream(samples_of(paths)))):
        assert same_rows([sample["beholder.json"] for sample in scored], colour_model, paths)
        assert [list(sample) for sample in scored] == [["__key__", "txt", "jpg", "beholder.json"]] * len(paths)


def test_a_stream_reads_no_further_than_it_must(paths: list[str], colour_model: Path) -> None:
    read = []
    many = (read.append(number) or {"__key__": str(number), "txt": b""} for number in range(1000))
    first = next(Score(colour_model).stream(many))
    assert first["beholder.json"]["error"] == "has no picture" and len(read) == AT_ONCE


@pytest.mark.parametrize(
    ("sample", "key", "good"),
    [
        ({"image.png": "bytes"}, None, True),
        ({"JPG": "bytes"}, None, True),
        ({"picture": "bytes"}, None, False),
        ({"picture": "bytes"}, "picture", True),
        ({"jpg": None}, None, False),
        ({"__url__.jpg": "bytes"}, None, False),
    ],
)
def test_the_picture_is_what_ends_in_the_suffix_of_one(
    sample: dict[str, Any], key: str | None, good: bool, paths: list[str], colour_model: Path
) -> None:
    content = Path(paths[0]).read_bytes()
    given = {"__key__": "1"} | {name: value and content for name, value in sample.items()}
    row = Score(colour_model, key=key)(given)["beholder.json"]
    assert (row["overall"] is not None) == good and (row["error"] == "has no picture") != good


def test_shards_are_read_scored_and_written(paths: list[str], colour_model: Path, tmp_path: Path) -> None:
    wds = host("webdataset")
    shard, scored = str(tmp_path / "in.tar"), str(tmp_path / "out.tar")
    with wds.TarWriter(shard) as writer:
        for sample in samples_of(paths):
            writer.write(sample)
    score = Score(colour_model, embeddings=True)
    with wds.TarWriter(scored) as writer:
        for sample in wds.WebDataset(shard, shardshuffle=False).compose(score.stream):
            writer.write(sample)
    found = list(wds.WebDataset(scored, shardshuffle=False).decode())
    assert same_rows([sample["beholder.json"] for sample in found], colour_model, paths)
    assert [bool(np.isfinite(sample["embedding.npy"]).all()) for sample in found] == [
        sample["beholder.json"]["error"] == "" for sample in found
    ]
    mapped = wds.WebDataset(shard, shardshuffle=False).decode("pil", handler=wds.ignore_and_continue).map(score)
    assert [sample["beholder.json"]["overall"] for sample in mapped] == [
        value for value in expected(colour_model, paths)["overall"] if value is not None
    ]
