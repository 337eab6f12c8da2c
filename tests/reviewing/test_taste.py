"""A taste while one decides: from ten decisions on, and shown only where it predicts better."""

import numpy as np
import pytest

from beholder.culling.shoot import Shot
from beholder.reviewing.state import Decided, Known
from beholder.reviewing.taste import Lesson, learn
from beholder.scoring.scorer import Scorer


@pytest.fixture(scope="module")
def info(colour_model):
    return Scorer(colour_model).info


def _lesson(count, field="stars", by="embedding", seed=0):
    """Photographs rated by one direction of the embedding, by the overall score, or by nothing."""
    generator = np.random.default_rng(seed)
    embedding = generator.normal(size=(count, 6))
    embedding[:, 0] *= 4
    overall = generator.normal(4, 1, count)
    liked = {"embedding": embedding[:, 0], "overall": overall, "nothing": generator.normal(size=count)}[by]
    ranks = liked.argsort().argsort() / max(count - 1, 1)
    photographs = []
    for number in range(count):
        length = float(np.linalg.norm(embedding[number]))
        row = {"model": "colour@1", "overall": overall[number]}
        shot = Shot(f"{number}", row, (embedding[number] / length).astype(np.float16))
        value = round(1 + 4 * ranks[number]) if field == "stars" else "pick" if ranks[number] > 0.5 else "reject"
        decided = Decided({field: value}, {field: "person"}, {field: number + 1})
        photographs.append((Known(shot, np.array([overall[number], 4, 0.5], np.float32), length), decided))
    return Lesson(photographs)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_below_ten_decisions_there_is_none(info, count):
    learned = learn(_lesson(count), info)
    assert learned.taste is None and not learned.better and learned.ratings == count
    assert learned.described()["ready"] is False and "10 decisions" in learned.line


@pytest.mark.parametrize("field", ["stars", "flag"])
def test_a_taste_of_ones_own_is_found_and_orders_the_others(info, field):
    lesson = _lesson(80, field)
    learned = learn(lesson, info)
    assert learned.better and learned.last == 20 and learned.srcc_taste > 0.5 > abs(learned.srcc_overall)
    assert learned.taste.scale.name == ("stars" if field == "stars" else "pick")
    values = learned.values_of([known for known, _ in lesson.photographs] + [None])
    assert values[-1] is None
    first = [known.shot.embedding[0] * known.length for known, _ in lesson.photographs]
    assert np.corrcoef(first, values[:-1])[0, 1] > 0.7


def test_what_is_predicted_was_not_seen(info):
    """Decisions by chance are not predicted; a fit that had seen them would predict them well."""
    found = [learn(_lesson(80, by="nothing", seed=seed), info).srcc_taste for seed in range(6)]
    assert abs(np.mean([value or 0 for value in found])) < 0.3


def test_it_stays_off_where_it_is_no_better(info):
    learned = learn(_lesson(60, by="overall"), info)
    assert learned.taste is not None and not learned.better
    assert learned.srcc_overall > 0.9 and "stays off" in learned.line
    assert learned.values_of([_lesson(1).photographs[0][0]]) == [None]


def test_few_decisions_say_nothing_of_how_good_it_is(info):
    learned = learn(_lesson(12), info)
    assert learned.taste is not None and learned.last == 6 and not learned.better and "too few" in learned.line


def test_equal_decisions_are_told(info):
    lesson = _lesson(12)
    same = Lesson([(known, Decided({"stars": 3}, {}, {"stars": 1})) for known, _ in lesson.photographs])
    learned = learn(same, info)
    assert learned.taste is None and "all your decisions are the same" in learned.line.lower()


def test_the_order_is_that_of_the_decisions():
    lesson = Lesson(list(reversed(_lesson(12).photographs)))
    assert [known.shot.path for known, _ in lesson.ratings()[1]] == [str(number) for number in range(12)]


def test_stars_count_before_flags_where_there_are_enough():
    flags, stars = _lesson(30, "flag").photographs, _lesson(9).photographs
    assert Lesson([*flags, *stars]).ratings()[0].name == "pick"
    assert Lesson([*flags, *_lesson(10).photographs]).ratings()[0].name == "stars"
