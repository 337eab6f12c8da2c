"""Data-Juicer, the real one where it is installed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.errors import BeholderError
from helpers.factories import REPOSITORY
from helpers.hosts import alike, expected, host, save_some

host("data_juicer.ops.base_op")
from beholder.integrations.data_juicer import STATS, ImageBeholderFilter  # noqa: E402  # needs the host

STATS_KEY = "__dj__stats__"


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    return save_some(tmp_path / "photos")


def scored(operator: Any, samples: list[dict[str, Any]]) -> tuple[list[list[float]], list[bool]]:
    """Scores and decisions for samples, by the methods that Data-Juicer calls."""
    batch = {name: [sample[name] for sample in samples] for name in samples[0]} | {STATS_KEY: [{} for _ in samples]}
    done = operator.compute_stats(batch)
    return [stats[STATS].tolist() for stats in done[STATS_KEY]], [bool(kept) for kept in operator.process(done)]


def test_scores_of_samples_are_those_of_a_table(paths: list[str], colour_model: Path) -> None:
    samples = [{"images": paths[:3]}, {"images": []}, {"images": paths[3:]}]
    found, _ = scored(ImageBeholderFilter(model=str(colour_model)), samples)
    wanted = expected(colour_model, paths)["overall"]
    assert [len(each) for each in found] == [3, 0, 2]
    for value, known in zip([*found[0], *found[2]], wanted, strict=True):
        assert np.isnan(value) if known is None else alike(value, known)


def test_contents_are_taken_before_paths(paths: list[str], colour_model: Path) -> None:
    contents = [Path(path).read_bytes() for path in paths[:1]]
    samples = [{"images": ["nowhere.jpg"], "image_bytes": contents}, {"images": paths[:1], "image_bytes": []}]
    found, _ = scored(ImageBeholderFilter(model=str(colour_model)), samples)
    assert found[0] == found[1] and np.isfinite(found[0]).all()


def test_samples_are_kept_by_any_or_all_of_their_images(paths: list[str], colour_model: Path) -> None:
    good = [path for at, path in enumerate(paths) if at != 1]
    values = sorted((value, path) for value, path in zip(expected(colour_model, good)["overall"], good, strict=True))
    (low, worst), (high, best) = values[0], values[-1]
    between = (low + high) / 2
    samples = [{"images": [worst, best]}, {"images": [worst]}, {"images": [paths[1]]}, {"images": []}]

    def kept(**options: Any) -> list[bool]:
        return scored(ImageBeholderFilter(model=str(colour_model), **options), samples)[1]

    assert kept(min_score=between) == [True, False, False, True]
    assert kept(min_score=between, any_or_all="all") == [False, False, False, True]
    assert kept(max_score=between) == [True, True, False, True]
    assert kept() == [True, True, False, True]
    with pytest.raises(BeholderError, match="any_or_all is 'some'"):
        ImageBeholderFilter(any_or_all="some", model=str(colour_model))


def test_one_sample_and_what_is_known(paths: list[str], colour_model: Path) -> None:
    operator = ImageBeholderFilter(min_score=1, model=str(colour_model))
    one = operator.compute_stats_single({"images": paths[:1], STATS_KEY: {}})
    assert len(one[STATS_KEY][STATS]) == 1 and operator.process_single(one)
    known = operator.compute_stats_single({"images": paths[:1], STATS_KEY: {STATS: [6.5]}})
    assert known[STATS_KEY][STATS] == [6.5]


@pytest.mark.slow
def test_a_recipe_runs_it(paths: list[str], colour_model: Path, tmp_path: Path) -> None:
    """By name, from a file in `custom_operator_paths`, in two processes, as `dj-process` does."""
    import json
    import subprocess
    import sys

    (tmp_path / "beholder_operators.py").write_text(
        "from beholder.integrations.data_juicer import ImageBeholderFilter\n"
    )
    lines = [json.dumps({"text": "", "images": [path]}) for path in paths]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    values = expected(colour_model, paths)["overall"]
    limit = sorted(value for value in values if value is not None)[2]
    (tmp_path / "recipe.yaml").write_text(
        f"""
project_name: test
dataset_path: {tmp_path}/in.jsonl
export_path: {tmp_path}/out/out.jsonl
work_dir: {tmp_path}/work
np: 2
custom_operator_paths: [{tmp_path}/beholder_operators.py]
process:
  - image_beholder_filter: {{min_score: {limit}, model: {colour_model}}}
"""
    )
    program = [sys.executable, "-m", "data_juicer.tools.process_data", "--config", str(tmp_path / "recipe.yaml")]
    done = subprocess.run(program, capture_output=True, text=True, cwd=REPOSITORY, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    kept = [json.loads(line)["images"][0] for line in (tmp_path / "out" / "out.jsonl").read_text().splitlines()]
    assert kept == [path for path, value in zip(paths, values, strict=True) if value is not None and value >= limit]
