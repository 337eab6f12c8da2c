"""PsychoFlickr: 300 users of Flickr, the Big Five traits of each, and 200 photographs that each likes.

Published by Cristani, Vinciarelli, Segalin & Perina (2013). As in Li et al. (2019) the labels are of photographs: each
has the traits of the user who likes it, or their mean if several do. The traits were assessed by the users themselves,
or by others: give either.

The original, a MATLAB archive, can no longer be obtained, so the layout is ours:

- ``users.csv``: a column of users (user), and of openness, conscientiousness, extraversion, agreeableness and
  neuroticism, or O, C, E, A and N, each -1 to 1;
- ``likes.csv``: columns user and image, a path relative to the folder of the data set; or instead
  ``images/USER/``, the photographs that this user likes. Files there with the same name and the same bytes are one
  photograph.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.rated_photos import RatedPhotos, file_digest
from beholder.data.statistics import StatisticsTable, correlation_table, rating_tables
from beholder.data.tables import check_scale, numbers, read_table
from beholder.data.votes import sums_per_photo
from beholder.errors import BeholderError
from beholder.metrics import srcc_matrix
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.tasks import Task
from beholder.text import first_few

TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
TASKS = tuple(
    Task(trait, -1, 1, f"{trait.capitalize()} of those who like the photograph (-1 low, 1 high), PsychoFlickr")
    for trait in TRAITS
)
USERS_FILE = "users.csv"
LIKES_FILE = "likes.csv"


@dataclass(frozen=True)
class Labels:
    """Users, their traits, and the photographs that they like.

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


def read_labels(folder: Path) -> Labels:
    """Users, traits and likes. Needs no photographs if there is a ``likes.csv``.

    Raises:
        BeholderError: a file or column is missing; a user is listed twice, lacks a trait or has one outside -1 to 1; a
            like by an unknown user; users without photographs.
    """
    path, likes_path = folder / USERS_FILE, folder / LIKES_FILE
    users, traits = _read_users(path)
    likes = _read_likes(likes_path) if likes_path.exists() else _list_likes(folder)
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
    """Means and standard deviations (with N - 1) of the traits of the users who like a photograph, and their number.

    (N, 5) each. The deviation of a single user is NaN.
    """
    count = len(labels.files)
    likes = np.bincount(labels.photo, minlength=count)[:, None].astype(float)
    traits = labels.traits[labels.user]
    mean = sums_per_photo(labels.photo, traits, count) / likes
    squares = sums_per_photo(labels.photo, (traits - mean[labels.photo]) ** 2, count)
    return mean, np.sqrt(squares / np.where(likes > 1, likes - 1, np.nan)), np.repeat(likes, len(TASKS), axis=1)


def groups(labels: Labels) -> tuple[str, ...]:
    """N labels of groups that keep all photographs of a user together.

    Users who like the same photograph are in one group, directly or through other users. A group is named after its
    first user.
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


def load(folder: Path) -> RatedPhotos:
    """Photographs with the traits of the users who like them; the users are the groups.

    Args:
        folder: holds ``users.csv``, optionally ``likes.csv``, and the photographs.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    labels = read_labels(folder)
    mean, sd, n = summary(labels)
    return RatedPhotos("psychoflickr", folder, labels.files, TASKS, mean, groups(labels), sd=sd, n=n)


def statistics(folder: Path) -> list[StatisticsTable]:
    """Users, their likes, and their traits as ratings of photographs; the correlations are over users.

    Raises:
        BeholderError: as :func:`read_labels`.
    """
    labels = read_labels(folder)
    mean, _, n = summary(labels)
    counts = [
        ("photographs", len(labels.files)),
        ("users", len(labels.users)),
        ("likes", len(labels.user)),
        ("liked by several users", int((n[:, 0] > 1).sum())),
        ("groups of users that share none", len(set(groups(labels)))),
    ]
    return [
        *rating_tables(counts, TASKS, mean, n),
        correlation_table("Spearman correlations over users", TASKS, srcc_matrix(labels.traits)),
    ]


def _read_users(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    table = {name.lower(): cells for name, cells in read_table(path, refuse_long_rows=True).items()}
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
    table = read_table(path, ["user", "image"], refuse_long_rows=True)
    likes = [(user.strip(), file.strip()) for user, file in zip(table["user"], table["image"], strict=True)]
    broken = next((row for row, like in enumerate(likes, 2) if not all(like)), None)
    if broken:
        raise BeholderError(f"{path}: row {broken} is not a user and an image")
    return likes


def _list_likes(folder: Path) -> list[tuple[str, str]]:
    """Users and files by the folders in ``folder/images``; a photograph in several has the first of its paths."""
    images = folder / "images"
    if not images.is_dir():
        raise BeholderError(f"{images}: is no folder; give images/USER/ or {LIKES_FILE} beside {USERS_FILE}")
    paths = [
        path
        for user in sorted(images.iterdir())
        if user.is_dir()
        for path in sorted(user.iterdir())
        if path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith(".")
    ]
    sizes = [(path.name, path.stat().st_size) for path in paths]
    alike = Counter(sizes)  # only files with the same name and size are read
    first: dict[tuple[str, str], Path] = {}
    likes = []
    for path, size in zip(paths, sizes, strict=True):
        photo = path if alike[size] == 1 else first.setdefault((path.name, file_digest(path)), path)
        likes.append((path.parent.name, photo.relative_to(folder).as_posix()))
    return likes


DATA_SET = DataSet(
    name="psychoflickr",
    description="users of Flickr, their Big Five traits and the photographs that they like (Cristani et al. 2013)",
    landmarks=(USERS_FILE,),
    load=load,
    statistics=statistics,
)
