"""The trainings of a study: settings x folds x seeds. Each is kept when it ends, so that a stopped study resumes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import is_csv, load_data, split_of
from beholder.errors import BeholderError
from beholder.files import explained, read_json, remove, replacing
from beholder.splits import USUAL_SHARES, Shares, fold_split, folds_of, split_hash
from beholder.terminal import say
from beholder.text import json_text

FOLDS = 5


class Recipe(Protocol):
    """A dataclass of the settings of a training, with a ``seed``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Recipe)


@dataclass(frozen=True)
class StudyConfig(Generic[R]):
    """Settings of a paper's report.

    Attributes:
        data: name of a data set, or a CSV file.
        root: folder of the data, as of `beholder.data.registry.load_data`.
        seeds: trainings of each setting in each fold.
        folds: folds of cross-validation to run, 1 to 5, if the data set has no published split.
        by_group: keep groups whole in cross-validation: themes in OASIS.
        recipe: of the paper's network; the other settings follow from it.
        drop_leaks: as of `beholder.data.registry.load_data`.
        work: folder of finished trainings.
        cache: folder of weights and features, the user's cache by default.
        second: second data set of a system that learns from two, in place of its default.
        second_root: folder of the second data set.
        second_count: photographs of the second data set to learn from; None for the default of the report.
        backbones: further backbones that the network is trained on, to be compared.
        keep: keep inputs of the trainings in the cache; without it they are computed in every step.
        drop_missing: as of `beholder.data.registry.load_data`.
        shares: of one split that is drawn, in place of cross-validation or of the split that a data set draws.
    """

    data: str
    root: Path | None
    seeds: int
    folds: int
    by_group: bool
    recipe: R
    drop_leaks: bool
    work: Path
    cache: Path | None
    second: str | None = None
    second_root: Path | None = None
    second_count: int | None = None
    backbones: tuple[str, ...] = ()
    keep: bool = True
    drop_missing: bool = False
    shares: Shares = USUAL_SHARES

    @property
    def beside(self) -> Path | None:
        """Folder of other data sets; None for the default."""
        return None if is_csv(self.data) else self.root

    def photos(self) -> RatedPhotos:
        """The photographs. Raises as `beholder.data.registry.load_data` and `beholder.data.registry.split_of`."""
        found = load_data(self.data, self.root, drop_leaks=self.drop_leaks, drop_missing=self.drop_missing)
        return split_of(found, shares=self.shares) if self.shares.are_given else found


@dataclass(frozen=True)
class Outcome:
    """History and predictions of a training.

    Attributes:
        history: rows of its epochs, as `beholder.training.loop.train_stage` reports them.
        predicted: name of a stage, in the order of the stages -> (n, T) predictions for the test part.
    """

    history: list[dict[str, Any]]
    predicted: dict[str, np.ndarray]

    @classmethod
    def of(
        cls, photos: RatedPhotos, history: list[dict[str, Any]], stages: Mapping[str, np.ndarray | None]
    ) -> "Outcome":
        """Outcome from (N, T) predictions after each stage; those that are None were left out."""
        test = np.array(photos.splits) == "test"
        return cls(history, {stage: found[test] for stage, found in stages.items() if found is not None})


Train = Callable[[RatedPhotos, R, Path], Outcome]


@dataclass(frozen=True)
class Result:
    """One training and its predictions for photographs that it did not learn from.

    Attributes:
        setting: name of the recipe.
        seed, fold: of the training and of the split.
        test: (n,) rows of the data set.
        outcome: of the training, for these rows.
    """

    setting: str
    seed: int
    fold: int
    test: np.ndarray
    outcome: Outcome


def note_epoch(row: dict[str, Any]) -> None:
    """Print an epoch of a training."""
    say(
        f"stage {row['stage']}, epoch {row['epoch']}: loss {row['loss']:.4f}, validation loss "
        f"{row['validation_loss']:.4f}, SRCC {row['validation_srcc']:.3f}, {row['seconds']:.0f} s"
    )


def split_into_folds(photos: RatedPhotos, folds: int, by_group: bool = False, seed: int = 0) -> list[RatedPhotos]:
    """The photographs with the parts of each fold: their own split, or the first ``folds`` of five folds.

    In each fold a fifth is tested and a tenth of all photographs, from the rest, is for validation. A published split
    without a validation part gets one.

    Raises:
        BeholderError: fewer than two photographs in the train or the test part.
    """
    if photos.splits is not None:
        return [_check_parts(split_of(photos, seed))]
    groups = photos.groups if by_group else None
    fold_of = folds_of(len(photos), groups, FOLDS, seed)
    parts = [fold_split(fold_of, fold, seed=seed, groups=groups) for fold in range(min(folds, FOLDS))]
    return [_check_parts(photos.with_splits(part.tolist())) for part in parts]


def _check_parts(photos: RatedPhotos) -> RatedPhotos:
    """The same photographs. Raises BeholderError where a part is too small to learn from or to test.

    Whether a validation part is needed depends on the system, whose ``check`` says so.
    """
    for part in ("train", "test"):
        count = (photos.splits or ()).count(part)
        if count < 2:
            raise BeholderError(
                f"{photos.name}: {count} photographs in the {part} part, at least 2 are needed to run a paper again; "
                "give more, or leave the split out where a table has one"
            )
    return photos


@dataclass(frozen=True)
class _Run(Generic[R]):
    """A training of a study, what it depends on, and its files."""

    name: str
    seed: int
    fold: int
    photos: RatedPhotos
    recipe: R
    made_by: dict[str, Any]
    path: Path
    checkpoint: Path

    def label(self, folds: int) -> str:
        """What is trained, in words."""
        fold = f", fold {self.fold}" if folds > 1 else ""
        goes_on = ", goes on with the epoch that it was in" if self.checkpoint.exists() else ""
        return f"{self.name}, seed {self.seed}{fold}{goes_on}"


def _runs(
    fold_splits: Sequence[RatedPhotos],
    settings: Mapping[str, R],
    seeds: int,
    work: Path,
    also: Mapping[str, Any] | None,
) -> list[_Run[R]]:
    """The trainings in their order: fold by fold, seed by seed."""
    found = []
    for fold, photos in enumerate(fold_splits):
        data = {"data": photos.content_hash, "split": split_hash(photos.files, photos.splits or ()), **(also or {})}
        for seed in range(seeds):
            for name, setting in settings.items():
                recipe = replace(setting, seed=seed)
                made_by = json.loads(json.dumps({**asdict(recipe), **data}))
                stem = work / f"{name.replace(' ', '-')}-seed{seed}-fold{fold}"
                files = (stem.with_name(f"{stem.name}.json"), stem.with_name(f"{stem.name}.safetensors"))
                found.append(_Run(name, seed, fold, photos, recipe, made_by, *files))
    return found


def count_trainings(
    fold_splits: Sequence[RatedPhotos],
    settings: Mapping[str, R],
    seeds: int,
    work: Path,
    also: Mapping[str, Any] | None = None,
    chosen: Sequence[str] = (),
) -> tuple[int, int]:
    """How many trainings :func:`train_all` is asked for, and how many of them ``work`` has already.

    Args:
        chosen: fields of the recipe that the study chooses while it runs; kept trainings may have any value of them.
    """
    runs = _runs(fold_splits, settings, seeds, work, also)
    free = dict.fromkeys(chosen)
    kept = [found for run in runs if (found := _read(run.path)) and {**found[0], **free} == {**run.made_by, **free}]
    return len(runs), len(kept)


def train_all(
    fold_splits: Sequence[RatedPhotos],
    settings: Mapping[str, R],
    seeds: int,
    work: Path,
    train: "Train[R]",
    also: Mapping[str, Any] | None = None,
) -> list[Result]:
    """Train every setting in every fold with every seed, fold by fold; trainings that ``work`` has already are read.

    Args:
        settings: name -> recipe, whose seed is replaced.
        train: trains on one fold by one recipe, with a file for its checkpoint. The checkpoint of the first training
            is kept, for reports that show what its network does.
        also: what else the trainings depend on, by name.

    Raises:
        BeholderError: as of ``train``, or ``work`` cannot be written.
    """
    with explained(work, "the runs"):
        work.mkdir(parents=True, exist_ok=True)
    runs = _runs(fold_splits, settings, seeds, work, also)
    found = [_read(run.path) for run in runs]
    kept = [each[1] if each and each[0] == run.made_by else None for run, each in zip(runs, found, strict=True)]
    outcomes = []
    with progress.bar("trainings", len(runs), len(runs) - kept.count(None)) as bar:
        for number, (run, outcome) in enumerate(zip(runs, kept, strict=True), 1):
            if outcome is not None:
                outcomes.append(outcome)
                continue
            if found[number - 1]:  # of another recipe, as is the checkpoint that it may have left
                remove(run.checkpoint)
                run.path.unlink()
            say(f"training {number} of {len(runs)}: {run.label(len(fold_splits))}")
            outcomes.append(_trained(run, train))
            if number > 1:
                remove(run.checkpoint)
            bar.advance(bar.task_ids[0])
    return [
        Result(run.name, run.seed, run.fold, np.flatnonzero(np.array(run.photos.splits) == "test"), outcome)
        for run, outcome in zip(runs, outcomes, strict=True)
    ]


def _trained(run: _Run[R], train: "Train[R]") -> Outcome:
    """The outcome of a training, which is kept as a file."""
    outcome = train(run.photos, run.recipe, run.checkpoint)
    predicted = {stage: values.tolist() for stage, values in outcome.predicted.items()}
    with replacing(run.path, "a run") as partial, explained(run.path, "a run"):
        partial.write_text(json_text({"made_by": run.made_by, "history": outcome.history, "predicted": predicted}))
    return outcome


def _read(path: Path) -> tuple[dict[str, Any], Outcome] | None:
    """What a finished run depends on and its outcome; None if there is no file or it cannot be read."""
    try:
        found = read_json(path)
        predicted = {stage: np.array(values, dtype=float) for stage, values in found["predicted"].items()}
        history = [
            {name: np.nan if value is None else value for name, value in row.items()} for row in found["history"]
        ]
        return found["made_by"], Outcome(history, predicted)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
