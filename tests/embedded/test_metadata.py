"""What the file of an embedded model says of it: tasks, intervals, percentiles, metrics, data and authors."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from beholder.embedded import held_out_harms, metadata, out_of_fold
from beholder.embedded.default import DefaultRecipe
from beholder.embedded.harms import HARMS
from beholder.embedded.kernel_heads import EDIT_TASKS, fit_heads
from beholder.embedded.material import Material
from beholder.embedded.unlike_photos import KINDS
from beholder.metrics import resampled
from beholder.scoring.model_file import ModelInfo, parse_info
from helpers.material import COUNTS, FAMILIARITY, SETTINGS, material
from helpers.quick_encoder import quick_encoder

RECIPE = DefaultRecipe(folds=3, seed=1, familiarity=FAMILIARITY)
RATINGS = ("overall", "beauty", "appeal", "valence", "arousal", "quality", "simplicity")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material(tmp_path_factory.mktemp("metadata") / "all")


@pytest.mark.parametrize("without", [(), ("appeal",), ("composition",), ("appeal", "composition")], ids=str)
def test_tasks_are_those_of_the_data_at_hand(given: Material, without: tuple[str, ...]) -> None:
    left = {name: photos for name, photos in given.photos.items() if name not in without}
    lost = {"appeal": "appeal", "composition": "simplicity"}
    ratings = [task for task in RATINGS if task not in [lost[name] for name in without]]
    tasks = metadata.tasks_of(left)
    assert [task.name for task in tasks] == [*ratings, *EDIT_TASKS, "disagreement", "familiarity"]
    kinds = ["rating"] * len(ratings) + ["edit"] * len(EDIT_TASKS) + ["disagreement", "familiarity"]
    assert [task.kind for task in tasks] == kinds
    ends = {task.name: (task.low, task.high) for task in tasks}
    assert ends["overall"] == ends["beauty"] == (1, 7) and ends["quality"] == (0, 1) and ends["exposure"] == (-3, 3)
    assert all(task.description and task.description[-1] != "." for task in tasks)
    named = metadata.attribution(left)
    assert "OASIS" in named and "BIQ2021" in named and "DINOv2" in named
    assert [name in named for name in ("TU Ilmenau", "Göring & Raake")] == ["appeal" in left, "composition" in left]


SOURCES = ("ava", "own")


@pytest.fixture(scope="module")
def held_out(given: Material) -> out_of_fold.HeldOut:
    return predict_held_out(given)


def predict_held_out(given: Material) -> out_of_fold.HeldOut:
    fit = partial(fit_heads, given, settings=SETTINGS, seed=RECIPE.seed)
    return out_of_fold.predict_held_out(given, fit, FAMILIARITY, RECIPE.folds, RECIPE.seed)


def describe(given: Material, held_out: out_of_fold.HeldOut, resamples: int) -> tuple[ModelInfo, np.ndarray]:
    """With few resamples and few pictures that are no photographs."""
    said = {"name": "mine", "description": "a model", "backbone": "quick", "size": (16, 16)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata, "PICTURES", 1)
        for module in ("beholder.metrics", "beholder.embedded.metadata"):
            patch.setattr(f"{module}.resampled", lambda *given, **options: resampled(*given, resamples=resamples))
        return metadata.describe(
            Path("data"), given, held_out, quick_encoder()[0], RECIPE, {"kept": ["layer"], "keep": 1}, **said
        )


@pytest.fixture(scope="module")
def described(given: Material, held_out: out_of_fold.HeldOut) -> tuple[ModelInfo, np.ndarray]:
    sources = [SOURCES[row % 2] for row in range(COUNTS["appeal"])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_out_harms, "PHOTOS", 4)
        patch.setattr(held_out_harms, "SERIES_PHOTOS", 2)
        patch.setattr(metadata.appeal_set, "read_labels", lambda folder: SimpleNamespace(sources=sources))
        return describe(given, held_out, resamples=50)


def test_what_the_file_says(described: tuple[ModelInfo, np.ndarray], given: Material) -> None:
    info, thresholds = described
    assert parse_info(info.to_json()) == info and info.tasks == metadata.tasks_of(given.photos)
    widths = dict(zip([task.name for task in info.tasks], info.half_width, strict=True))
    assert widths.pop("familiarity") == 0 and min(widths.values()) > 0
    assert widths["exposure"] < 1 and widths["beauty"] < 1
    assert [(data.name, data.n) for data in info.data] == list(COUNTS.items())
    assert info.unlike == FAMILIARITY.unlike and len(info.widening) == 5 and thresholds.shape == (101,)
    assert info.recipe == {"kept": ["layer"], "keep": 1}
    assert (info.name, info.backbone, info.size, info.resize) == ("mine", "quick", (16, 16), "squash")
    references = {task.name: values for task, values in zip(info.tasks, info.reference, strict=True)}
    np.testing.assert_allclose(references["familiarity"], np.arange(101), atol=6)
    assert abs(references["exposure"][50]) < 0.1 and abs(references["contrast"][50] - 1) < 0.1
    assert 3 < references["beauty"][50] < 5


def test_intervals_are_of_subjects_that_were_held_out(
    described: tuple[ModelInfo, np.ndarray], given: Material, held_out: out_of_fold.HeldOut
) -> None:
    """Of folds by theme, where there are themes; percentiles are of random folds."""
    info, _ = described
    columns = list(out_of_fold.rating_columns(given, held_out, RECIPE.folds, RECIPE.seed))
    for place, task in enumerate(info.tasks):
        own = [each for each in columns if each.task == task.name]
        if own:
            assert info.half_width[place] == own[-1].half_width(RECIPE.coverage), task.name
            assert info.reference[place][50] == pytest.approx(np.median(own[0].predicted), rel=1e-4), task.name
    beauty = [each for each in columns if each.task == "beauty"]
    assert len(beauty) == 2 and beauty[0].half_width(0.9) != beauty[1].half_width(0.9)


def test_what_was_measured(described: tuple[ModelInfo, np.ndarray]) -> None:
    """Every rating by random folds, those of OASIS by theme as well; edits against always saying the mean."""
    info, _ = described
    found = {(each.metric, each.task, each.data, each.split): each for each in info.metrics}
    assert len(found) == len(info.metrics) and all(each.low <= each.value <= each.high for each in info.metrics)
    random, by_theme = "3-fold, seed 1", "3-fold by theme, seed 1"
    of_oasis = {
        (task, "oasis", split) for task in (*RATINGS[:2], *RATINGS[3:5], "disagreement") for split in (random, by_theme)
    }
    others = {("appeal", "appeal", random), ("simplicity", "composition", random), ("quality", "biq2021", random)}
    for metric in ("plcc", "rmse", "coverage90"):
        assert {key[1:] for key in found if key[0] == metric and key[1] != "ratings"} == of_oasis | others
    by_source = {(task, f"appeal, {source}", random) for task in ("overall", "appeal") for source in SOURCES}
    srccs = {key[1:] for key in found if key[0] == "srcc"}
    assert srccs == of_oasis | others | by_source | {("overall", "appeal", random)}
    assert all(found["srcc", *key].value > 0.5 for key in srccs)
    for task in EDIT_TASKS:
        mae, of_mean = (found[metric, task, "oasis, edited", random] for metric in ("mae", "mae_of_mean"))
        assert mae.n == of_mean.n > COUNTS["oasis"] and mae.value < 0.5 * of_mean.value
    fifths = [key[3] for key in found if key[1] == "ratings"]
    assert fifths == [f"{which} familiar fifth, {random}" for which in ("least", "most")]
    (familiarity,) = (each for each in info.metrics if each.task == "familiarity")
    assert familiarity.metric == "auroc" and f"{len(KINDS)} script-made pictures" in familiarity.split
    assert {key[3] for key in found if key[:2] == ("above_harmed", "quality")} == {
        f"{name}, {random}" for name in HARMS
    }


def test_without_appeal_and_composition_the_rest_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    less = material(tmp_path / "less", ("appeal", "composition"))
    monkeypatch.setattr(metadata, "measure_harms", lambda *given: [])
    info, _ = describe(less, predict_held_out(less), resamples=20)
    assert {"appeal", "simplicity"}.isdisjoint(task.name for task in info.tasks)
    assert {each.data for each in info.metrics} == {"oasis", "biq2021", "oasis, edited", "held-out photographs"}
    assert "Göring" not in info.attribution
