"""scikit-learn, the real one: a step of a pipeline."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import beholder
from beholder.errors import PhotoError
from helpers.factories import save_photos
from helpers.hosts import host

sklearn = host("sklearn")
from sklearn.base import clone  # noqa: E402  # needs the host
from sklearn.compose import ColumnTransformer  # noqa: E402
from sklearn.linear_model import Ridge, RidgeCV  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_predict  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.utils import estimator_checks  # noqa: E402

from beholder.integrations.sklearn import BeholderEmbedding  # noqa: E402


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return save_photos(tmp_path_factory.mktemp("sklearn") / "photos", 12)


@pytest.fixture
def warmth(paths: list[str]) -> np.ndarray:
    """What the embedding of the colour model tells."""
    return np.array([beholder.read_photo(path, (16, 16)).pixels[..., 0].mean() for path in paths])


KINDS: dict[str, Any] = {
    "list": list,
    "array": np.array,
    "objects": lambda paths: np.array(paths, dtype=object),
    "column": lambda paths: np.array(paths)[:, None],
    "series": pandas.Series,
    "frame": lambda paths: pandas.DataFrame({"path": paths}),
    "Path": lambda paths: [Path(path) for path in paths],
    "bytes": lambda paths: [Path(path).read_bytes() for path in paths],
}


@pytest.mark.parametrize("kind", KINDS)
def test_photographs_become_embeddings(kind: str, paths: list[str], colour_model: Path) -> None:
    embedding = BeholderEmbedding(colour_model)
    found = embedding.transform(KINDS[kind](paths))
    assert found.shape == (12, 3) and found.dtype == np.float32
    np.testing.assert_allclose(found, beholder.load(colour_model).score(paths).embedding, rtol=1e-5)
    names = embedding.get_feature_names_out().tolist()
    assert names == ["beholderembedding0", "beholderembedding1", "beholderembedding2"]


def test_a_pipeline_learns_and_predicts(paths: list[str], warmth: np.ndarray, colour_model: Path) -> None:
    model = make_pipeline(BeholderEmbedding(colour_model), RidgeCV())
    predicted = cross_val_predict(model, paths, warmth, cv=3)
    assert np.corrcoef(predicted, warmth)[0, 1] > 0.99
    table = pandas.DataFrame({"path": paths, "iso": range(12)})
    both = ColumnTransformer([("photo", BeholderEmbedding(colour_model), "path"), ("iso", "passthrough", ["iso"])])
    assert both.fit_transform(table).shape == (12, 4)


@pytest.mark.slow
def test_a_search_in_two_processes(paths: list[str], warmth: np.ndarray, colour_model: Path) -> None:
    model = make_pipeline(BeholderEmbedding(threads=1), Ridge())
    choices = {"beholderembedding__model": [str(colour_model)], "ridge__alpha": [0.1, 1e9]}
    search = GridSearchCV(model, choices, cv=2, n_jobs=2).fit(paths, warmth)
    assert search.best_params_["ridge__alpha"] == 0.1


def test_a_clone_has_the_same_parameters_and_one_scorer(colour_model: Path) -> None:
    scorer = beholder.load(colour_model)
    given = BeholderEmbedding(scorer, threads=1)
    assert clone(given).get_params() == given.get_params() == {"model": scorer, "threads": 1}


def test_other_parameters_open_another_model(paths: list[str], colour_model: Path, detailed_model: Path) -> None:
    embedding = BeholderEmbedding(colour_model).fit(paths)
    one = embedding.transform(paths[:2])
    assert embedding.set_params(model=detailed_model).transform(paths[:2]).shape == one.shape
    assert embedding._opened().id == beholder.load(detailed_model).id


def test_frames_out_keep_names(paths: list[str], colour_model: Path) -> None:
    found = BeholderEmbedding(colour_model).set_output(transform="pandas").fit_transform(pandas.Series(paths, name="p"))
    assert found.columns[0] == "beholderembedding0" and len(found) == 12


def test_a_photograph_that_cannot_be_read_is_named(paths: list[str], colour_model: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    with pytest.raises(PhotoError, match=r"photograph at index 2: .*bad\.jpg: is not a photograph"):
        BeholderEmbedding(colour_model).transform([*paths[:2], bad])
    assert BeholderEmbedding(colour_model).transform([]).shape == (0, 3)


CHECKS = [
    *("do_not_raise_errors_in_init_or_set_params", "estimator_cloneable", "estimator_repr", "estimator_tags_renamed"),
    *("get_params_invariance", "mixin_order", "no_attributes_set_in_init", "parameters_default_constructible"),
    "set_params",
]


@pytest.mark.parametrize("name", CHECKS)
def test_checks_of_its_host(name: str, colour_model: Path) -> None:
    """Those that do not feed tables of numbers, in which there are no photographs."""
    getattr(estimator_checks, f"check_{name}")("BeholderEmbedding", BeholderEmbedding(colour_model, threads=1))
