"""Many photographs: in order, past bad files, in bounded memory, with the same scores however they are batched."""

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beholder
from beholder.errors import ModelError, PhotoError
from beholder.photos import memory
from beholder.photos.listing.find import Unreadable
from beholder.photos.memory import PixelBudget
from beholder.photos.read import Photo, Pixels, read_photo
from beholder.scoring.batch import Result, batch_threads, concurrent_batches, score_photos
from helpers.factories import save_photos


@pytest.fixture(scope="module")
def quick(colour_model: Path) -> beholder.Scorer:
    """A model that takes no time."""
    return beholder.load(colour_model)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Forty photographs, the 5th, 6th, ... 14th of which are broken."""
    paths = save_photos(tmp_path_factory.mktemp("many") / "photos", 40)
    for path in paths[4:14]:
        Path(path).write_bytes(Path(path).read_bytes()[:200])
    return paths


@pytest.mark.parametrize("batch", [1, 3, 32])
@pytest.mark.parametrize("workers", [1, 8])
def test_order_is_kept_past_bad_files(
    quick: beholder.Scorer, many: list[str], batch: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = read_photo

    def slow(*given: Any, **options: Any) -> Photo:  # later photographs are ready first
        if "name" in options:
            time.sleep(0.004 * (int(Path(options["name"]).stem) % 5 == 0))
        return read(*given, **options)

    monkeypatch.setattr("beholder.scoring.batch.read_photo", slow)
    results = list(score_photos(quick, many, batch=batch, workers=workers, hashed=True))
    assert [result.path for result in results] == many
    assert [result.error is not None for result in results] == [4 <= index < 14 for index in range(40)]
    for result in results:
        assert len(result.sha256) == 64
        if result.scores is None:
            assert result.error is not None and result.error.startswith(result.path) and "cut short" in result.error
        else:
            expected = quick.score(result.path)
            np.testing.assert_allclose(result.scores.values, expected.values, atol=1e-5)
            assert result.scores.sizes.tolist() == [[24, 24]]


@pytest.fixture(scope="module")
def alone(scorer: beholder.Scorer, photos: list[Path]) -> np.ndarray:
    return scorer.score(photos).values


@pytest.mark.parametrize(("batch", "workers"), [(1, 1), (1, 8), (7, 1), (32, 8)])
def test_scores_do_not_depend_on_the_batch(
    scorer: beholder.Scorer, photos: list[Path], alone: np.ndarray, batch: int, workers: int
) -> None:
    results = list(score_photos(scorer, photos, batch=batch, workers=workers))
    values = np.concatenate([result.scores.values for result in results if result.scores is not None])
    np.testing.assert_allclose(values, alone, rtol=1e-5, atol=1e-5)
    if batch > 1:  # to the last bit, also for the one that is left over: a resumed run gives the same file
        np.testing.assert_array_equal(values, alone)


@pytest.mark.parametrize("count", [50, 500])
def test_little_is_read_ahead(quick: beholder.Scorer, many: list[str], count: int) -> None:
    taken = 0

    def source() -> Iterator[str]:
        nonlocal taken
        for _ in range(count):
            taken += 1
            yield many[taken % 4]

    ahead = [taken - given for given, _ in enumerate(score_photos(quick, source(), batch=4, workers=2))]
    assert len(ahead) == count
    assert max(ahead) <= 2 * 4 + 2 + concurrent_batches(quick) * 4


@pytest.mark.parametrize("failing", [False, True])
def test_known_and_bad_files_are_not_held_back(quick: beholder.Scorer, many: list[str], failing: bool) -> None:
    taken = 0

    def source() -> Iterator[str]:
        nonlocal taken
        for _ in range(500):
            taken += 1
            yield "nowhere.jpg" if failing else many[0]

    results = score_photos(quick, source(), batch=4, workers=2, known=lambda path, sha256: True)
    assert max(taken - given for given, _ in enumerate(results)) <= 2 * 4 + 2 + concurrent_batches(quick) * 4 * 4


def test_decoding_goes_on_beside_the_model(
    quick: beholder.Scorer, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, during = threading.Semaphore(0), []
    read, run = read_photo, quick.run

    def count(*given: Any, **options: Any) -> Photo:
        found = read(*given, **options)
        decoded.release()
        return found

    def wait(*given: Any) -> beholder.Scores:
        if not during:  # six photographs while the first two are in the model
            during.extend(decoded.acquire(timeout=10) for _ in range(6))
        return run(*given)

    monkeypatch.setattr("beholder.scoring.batch.read_photo", count)
    monkeypatch.setattr(quick, "run", wait)
    assert len(list(score_photos(quick, many[14:], batch=2, workers=2))) == 26
    assert during == [True] * 6


def test_known_photographs_are_neither_decoded_nor_scored(
    quick: beholder.Scorer, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def known(path: str, sha256: str) -> bool:
        asked.append((path, sha256))
        return True

    monkeypatch.setattr("beholder.scoring.batch.read_photo", lambda *given, **options: pytest.fail("decoded"))
    results = list(score_photos(quick, [*many, "nowhere.jpg"], known=known))
    assert sorted(asked) == sorted((result.path, result.sha256) for result in results[:-1])
    assert [result.scores is result.error is None for result in results] == [True] * 40 + [False]


def test_unreadable_places_among_the_paths_fail_in_their_place(quick: beholder.Scorer, many: list[str]) -> None:
    why = "folder: cannot list this folder (Permission denied)"
    results = list(score_photos(quick, [many[0], Unreadable("folder", why), Path(many[1])]))
    assert [result.path for result in results] == [many[0], "folder", many[1]]
    assert results[1] == Result("folder", "", error=why)


def test_what_else_is_made_of_a_photograph(quick: beholder.Scorer, many: list[str]) -> None:
    results = list(score_photos(quick, many[:6], batch=2, also=lambda found: found.pixels.shape))
    assert [result.extra for result in results] == [(24, 24, 3)] * 4 + [None] * 2


@pytest.mark.parametrize("error", [MemoryError(), PhotoError("1.jpg: too odd")])
def test_failures_after_decoding_are_rows_too(quick: beholder.Scorer, many: list[str], error: Exception) -> None:
    def fail(found: Photo) -> None:
        raise error

    (result,) = score_photos(quick, many[:1], also=fail)
    assert result.scores is None and result.error is not None and "1.jpg: " in result.error


def test_large_photographs_wait_until_others_are_small(
    quick: beholder.Scorer, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In `also` and in resizing they are as large as in decoding."""
    monkeypatch.setattr(memory, "LARGE_PIXELS", 24 * 24 - 1)
    monkeypatch.setattr(memory, "PIXEL_BUDGET", PixelBudget(2 * 24 * 24))
    lock, now, most = threading.Lock(), 0, 0
    pixels = quick.pixels

    def count(found: Photo, name: str) -> Pixels:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1
        return pixels(found, name)

    monkeypatch.setattr(quick, "pixels", count)
    monkeypatch.setattr(quick, "info", replace(quick.info, size=(24, 24)))  # so that the decode is not reduced
    results = list(score_photos(quick, many[14:], batch=2, workers=8))
    assert most == 2 and all(result.scores is not None for result in results)


def test_stopping_early_stops_reading(quick: beholder.Scorer, many: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr("beholder.scoring.batch.read_bytes", lambda path: seen.append(path) or Path(path).read_bytes())
    results = score_photos(quick, many * 10, batch=2, workers=2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    count = len(seen)
    assert count <= 10
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]


def test_leaving_does_not_wait_for_a_decoder_that_hangs(
    quick: beholder.Scorer, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beholder.scoring.session.GRACE", 0.1)
    read, let_go = read_photo, threading.Event()

    def hang(*given: Any, **options: Any) -> Photo:
        if options["name"] not in many[:3]:  # as many as the model has at once, and one
            let_go.wait(60)
        return read(*given, **options)

    monkeypatch.setattr("beholder.scoring.batch.read_photo", hang)
    results = score_photos(quick, many, batch=1, workers=2)
    try:
        next(results)
        results.close()  # type: ignore[attr-defined]
        assert not let_go.is_set()
    finally:
        let_go.set()


def test_what_is_no_path_is_scored_too(quick: beholder.Scorer, many: list[str]) -> None:
    content = Path(many[0]).read_bytes()
    given = [many[0], content, io.BytesIO(content), {"bytes": content, "path": "row.jpg"}, b"\xff\xd8" * 9999, None]
    results = list(score_photos(quick, given, hashed=True))  # type: ignore[arg-type]
    assert [result.scores is not None for result in results] == [True] * 4 + [False] * 2
    assert len({result.sha256 for result in results[:4]}) == 1
    assert [result.path for result in results[1:4]] == ["<photograph>", "<photograph>", "row.jpg"]
    assert all(result.error is not None and len(result.error) < 300 for result in results[4:])


@pytest.mark.parametrize(("threads", "of_each", "batches"), [(1, 1, 1), (2, 1, 2), (7, 1, 7), (16, 2, 8), (64, 8, 8)])
def test_threads_of_all_batches_together(colour_model: Path, threads: int, of_each: int, batches: int) -> None:
    scorer = beholder.load(colour_model, batch_threads(threads))
    assert (scorer.threads, concurrent_batches(scorer, threads)) == (of_each, batches)
    assert concurrent_batches(beholder.load(colour_model, threads=4), 1) == 1


def test_a_model_is_opened_by_name_or_file(quick: beholder.Scorer, colour_model: Path, many: list[str]) -> None:
    (by_file,) = beholder.score_photos(colour_model, many[:1])
    (by_name,) = beholder.score_photos("fast", many[:1])
    (default,) = beholder.score_photos(None, many[:1])
    assert by_file.scores is not None and by_name.scores is not None and default.scores is not None
    assert [scores.model.partition("@")[0] for scores in (by_name.scores, default.scores)] == ["fast", "default"]
    np.testing.assert_allclose(by_file.scores.values, quick.score(many[:1]).values, atol=1e-5)
    with pytest.raises(ModelError, match="no such file"):
        beholder.score_photos("nowhere.onnx", many[:1])


def test_nothing_gives_nothing(quick: beholder.Scorer) -> None:
    assert list(score_photos(quick, [])) == []
