"""PsychoFlickr: 300 users of Flickr, the Big-Five traits of each, and 200 photographs that each likes.

Cristani, Vinciarelli, Segalin & Perina (2013); as image-level labels in Li et al. (2019): a photograph has the traits
of who likes it, their mean where several do. Users assessed themselves, or were assessed by others: give either.

The original is a MATLAB archive that is not to be had any more, so the layout is ours:

- ``users.csv``: a column of users (user), and of openness, conscientiousness, extraversion, agreeableness and
  neuroticism, or O, C, E, A and N, each -1 to 1;
- ``likes.csv``: columns user and image, a path relative to the folder of the data set; or without it
  ``images/USER/``, the photographs that this user likes. Files there with one name and the same bytes are one
  photograph.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos, digest
from beholder.data.statistics import Statistic, matrix_cells, rating_statistics
from beholder.data.tables import check_scale, numbers, read_table
from beholder.errors import BeholderError
from beholder.metrics import srcc_matrix
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.tasks import Task
from beholder.text import first_few

TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
TASKS = tuple(
    Task(trait, -1, 1, f"{trait.capitalize()} of who likes the photograph (-1 low, 1 high), PsychoFlickr")
    for trait in TRAITS
)
USERS = "users.csv"
LIKES = "likes.csv"


@dataclass(frozen=True)
class Labels:
    """Who likes what, and what they are like.

    Attributes:
        users: U names.
        traits: (U, 5) in the order of ``TASKS``, -1 to 1.
        files: N photographs, each once.
        user: (L,) index into ``users`` of each like.
        photo: (L,) index into ``files`` of each like.
    """

    users: tuple[str, ...]
    traits: np.ndarray
    files: tuple[str, ...]
    user: np.ndarray
    photo: np.ndarray


def read_labels(root: Path) -> Labels:
    """Users, traits and likes. Needs no photographs where there is a ``likes.csv``.

    Raises:
        BeholderError: a file or column is missing, the row of a user twice, without a trait or with one outside -1 to
            1, a like of somebody who is no user, users without photographs.
    """
    path = root / USERS
    users, traits = _read_users(path)
    likes = _read_likes(root / LIKES) if (root / LIKES).exists() else _list_likes(root)
    places = {user: place for place, user in enumerate(users)}
    stranger = next(((user, file) for user, file in likes if user not in places), None)
    if stranger:
        raise BeholderError(f"{path}: has no user {stranger[0]!r}, who likes {stranger[1]}; add a row")
    liking = {user for user, _ in likes}
    idle = [user for user in users if user not in liking]
    if idle:
        raise BeholderError(
            f"{path}: {len(idle)} of {len(users)} users have no images: {first_few(idle)}; "
            "give theirs, or leave them out"
        )
    likes = list(dict.fromkeys(likes))  # nobody likes one photograph twice
    files = {file: place for place, file in enumerate(dict.fromkeys(file for _, file in likes))}
    return Labels(
        users,
        traits,
        tuple(files),
        np.array([places[user] for user, _ in likes], dtype=int),
        np.array([files[file] for _, file in likes], dtype=int),
    )


def summary(labels: Labels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and standard deviations (with N - 1) of the traits over who likes a photograph, and their number, (N, 5).

    The deviation of a single user is NaN.
    """
    count = len(labels.files)
    likes = np.bincount(labels.photo, minlength=count)[:, None].astype(float)
    traits = labels.traits[labels.user]
    mean = _sums(labels.photo, traits, count) / likes
    squares = _sums(labels.photo, (traits - mean[labels.photo]) ** 2, count)
    return mean, np.sqrt(squares / np.where(likes > 1, likes - 1, np.nan)), np.repeat(likes, len(TASKS), axis=1)


def groups(labels: Labels) -> tuple[str, ...]:
    """N labels that keep users whole: the user who likes the photograph.

    Users with a photograph in common are one group, and so are those who have one in common with these; it is called
    after the first of them.
    """
    leader = list(range(len(labels.users)))

    def first(user: int) -> int:
        while leader[user] != user:
            user = leader[user]
        return user

    owner: dict[int, int] = {}
    for user, photo in zip(labels.user.tolist(), labels.photo.tolist(), strict=True):
        low, high = sorted((first(owner.setdefault(photo, user)), first(user)))
        leader[high] = low
    return tuple(labels.users[first(owner[photo])] for photo in range(len(labels.files)))


def load(root: Path) -> RatedPhotos:
    """Photographs with the traits of who likes them; users are the groups.

    Args:
        root: holds ``users.csv``, ``likes.csv`` where there is one, and the photographs.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    labels = read_labels(root)
    mean, sd, n = summary(labels)
    return RatedPhotos("psychoflickr", root, labels.files, TASKS, mean, groups(labels), sd=sd, n=n)


def _read_users(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    table = {name.lower(): cells for name, cells in read_table(path, even=True).items()}
    columns = {"user": "user", **{trait: trait if trait in table else trait[0] for trait in TRAITS}}
    absent = next((name for name, column in columns.items() if column not in table), None)
    if absent:
        raise BeholderError(f"{path}: no column {absent!r}; it has {', '.join(table)}")
    users = tuple(user.strip() for user in table["user"])
    for row, user in enumerate(users, 2):
        if not user or user in users[: row - 2]:
            raise BeholderError(f"{path}: row {row}, user is {user!r}; give each user one row and a name")
    traits = np.empty((len(users), len(TASKS)))
    for place, task in enumerate(TASKS):
        column = columns[task.name]
        traits[:, place] = numbers(path, task.name, table[column])
        empty = np.flatnonzero(np.isnan(traits[:, place]))
        if len(empty):
            raise BeholderError(f"{path}: row {empty[0] + 2}, {task.name} is missing; give it or leave the user out")
        check_scale(path, task.name, traits[:, place], task)
    return users, traits


def _read_likes(path: Path) -> list[tuple[str, str]]:
    table = read_table(path, ["user", "image"], even=True)
    likes = [(user.strip(), file.strip()) for user, file in zip(table["user"], table["image"], strict=True)]
    broken = next((row for row, like in enumerate(likes, 2) if not all(like)), None)
    if broken:
        raise BeholderError(f"{path}: row {broken} is not a user and an image")
    return likes


def _list_likes(root: Path) -> list[tuple[str, str]]:
    """Who likes what by the folders in ``root/images``; a photograph in several has the first of its paths."""
    images = root / "images"
    if not images.is_dir():
        raise BeholderError(f"{images}: is no folder; give images/USER/ or {LIKES} beside {USERS}")
    paths = [
        path
        for folder in sorted(images.iterdir())
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith(".")
    ]
    sizes = [(path.name, path.stat().st_size) for path in paths]
    alike = Counter(sizes)  # only what shares name and size is read
    first: dict[tuple[str, str], Path] = {}
    return [
        (
            path.parent.name,
            (path if alike[size] == 1 else first.setdefault((path.name, digest(path)), path))
            .relative_to(root)
            .as_posix(),
        )
        for path, size in zip(paths, sizes, strict=True)
    ]


def _sums(photo: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    return np.stack([np.bincount(photo, column, count) for column in values.T], axis=1)


def of_psychoflickr(labels: Labels) -> list[Statistic]:
    """Users, what they like, and their traits as ratings of photographs; correlations are over users."""
    mean, _, n = summary(labels)
    counts = [
        ("photographs", len(labels.files)),
        ("users", len(labels.users)),
        ("likes", len(labels.user)),
        ("liked by several users", int((n[:, 0] > 1).sum())),
        ("groups of users that share none", len(set(groups(labels)))),
    ]
    return [
        *rating_statistics(counts, TASKS, mean, n),
        matrix_cells("Spearman correlations over users", TASKS, srcc_matrix(labels.traits)),
    ]
