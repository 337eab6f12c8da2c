"""The report: what is written, what hostile names can do, what stays when writing fails; the page in a real browser."""

import base64
import errno
import io
import json
import os
import re
import shutil
import sys
import weakref
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from beholder.errors import BeholderError
from beholder.output.report import Entry, thumbnail, write_report
from beholder.tasks import Task

TASKS = [
    Task("beauty", 1, 7, "How beautiful the picture is, mean of about 100 raters"),
    Task("valence", 1, 7, "How pleasant </dd><script>alert(1)</script> it feels"),
    Task("rule_of_thirds", -1, 1, "Whether the subject lies on a third"),
]
HOSTILE = [
    "<img src=x onerror=alert(1)>.jpg",
    "</script><script>alert(2)</script>.jpg",
    "<!--<script>.jpg",
    "=2+3.jpg",
    "a\u2028b\u202egpj.exe",
]


def entry(path: str = "a.jpg", beauty: float = 4.0, **changes: Any) -> Entry:
    given: dict[str, Any] = {
        "path": path,
        "values": {"beauty": beauty, "valence": 3.0, "rule_of_thirds": 0.25},
        "low": beauty - 0.5,
        "high": beauty + 0.75,
        "percentile": 50.0,
        "width": 800,
        "height": 600,
        "thumbnail": b"\xff\xd8 stands for a JPEG",
        "evidence": {},
    }
    return Entry(**{**given, **changes})


def blocks(path: Path, kind: str) -> list[Any]:
    text = path.read_bytes().decode("utf-8")
    return [
        json.loads(block)
        for block in re.findall(rf'<script type="application/json" class="{kind}">(.*?)</script>', text)
    ]


def write(path: Path, entries: Any, failures: Any = (), **changes: Any) -> None:
    write_report(path, entries, failures, TASKS, **{"model": "oasis 1.0", **changes})


# ---- what is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "size"), [((600, 800), (320, 240)), ((800, 400), (160, 320)), ((20, 30), (30, 20)), ((1, 9000), (320, 1))]
)
def test_a_thumbnail_keeps_the_aspect_and_is_never_enlarged(shape: tuple[int, int], size: tuple[int, int]) -> None:
    image = Image.open(io.BytesIO(thumbnail(np.full((*shape, 3), 200, np.uint8))))
    assert (image.format, image.size) == ("JPEG", size)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 4), np.uint8)],
)
def test_a_thumbnail_of_anything_but_rgb_bytes_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{pixels.shape} {pixels.dtype}")):
        thumbnail(pixels)


def test_the_page_holds_the_numbers_the_thumbnails_and_the_failures(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write(out, [entry("b/IMG 1.jpg", 5.125), entry("c.jpg", 2)], [("d.jpg", "cut short")], title="Holiday")
    (about,) = blocks(out, "about")
    assert (about["title"], about["model"]) == ("Holiday", "oasis 1.0")
    assert [(task["name"], task["low"], task["high"]) for task in about["tasks"]] == [
        (task.name, task.low, task.high) for task in TASKS
    ]
    first, second = blocks(out, "photograph")
    assert first == {
        "path": "b/IMG 1.jpg",
        "values": [5.125, 3, 0.25],
        "interval": [4.625, 5.875],
        "percentile": 50,
        "size": [800, 600],
        "maps": {},
    }
    assert second["path"] == "c.jpg"
    assert base64.b64decode(blocks(out, "pixels")[0]["thumbnail"]) == entry().thumbnail
    assert blocks(out, "failure") == [["d.jpg", "cut short"]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("shape", [(16, 16), (1, 1), (3, 7)])
def test_evidence_survives_in_eight_bits(tmp_path: Path, shape: tuple[int, int], dtype: Any) -> None:
    grid = np.random.default_rng(3).normal(0, 0.02, shape).astype(dtype)
    write(tmp_path / "r.html", [entry(evidence={"valence": grid})])
    about = blocks(tmp_path / "r.html", "photograph")[0]["maps"]["valence"]
    cells = np.frombuffer(
        base64.b64decode(blocks(tmp_path / "r.html", "pixels")[0]["maps"]["valence"]), np.int8
    ).reshape(about["shape"])
    assert np.abs(cells * about["step"] - grid).max() <= np.abs(grid).max() / 254 * 1.001
    assert np.abs(cells).max() == 127
    assert [about["least"], about["most"], about["total"]] == pytest.approx(
        [grid.min(), grid.max(), grid.astype(float).sum()], rel=1e-5
    )


def test_evidence_of_zero_is_kept_and_of_nan_is_left_out(tmp_path: Path) -> None:
    write(
        tmp_path / "r.html",
        [entry(evidence={"beauty": np.zeros((2, 2)), "valence": np.full((2, 2), np.nan), "unknown": np.ones((2, 2))})],
    )
    maps = blocks(tmp_path / "r.html", "photograph")[0]["maps"]
    assert list(maps) == ["beauty"]
    assert maps["beauty"] == {"shape": [2, 2], "step": 0, "least": 0, "most": 0, "total": 0}


def test_scores_that_are_missing_or_not_finite_become_null(tmp_path: Path) -> None:
    values = {"beauty": float("nan"), "valence": np.float32("inf")}
    write(tmp_path / "r.html", [entry(values=values, low=float("nan"), high=np.nan, percentile=float("nan"))])
    (row,) = blocks(tmp_path / "r.html", "photograph")
    assert (row["values"], row["interval"], row["percentile"]) == ([None, None, None], [None, None], None)


def test_hostile_text_stays_inside_its_data_block(tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    write(out, map(entry, HOSTILE), [(name, name) for name in HOSTILE], model=HOSTILE[0], title=HOSTILE[1])
    text = out.read_text(encoding="utf-8")
    assert not any(name in text for name in HOSTILE[:3])
    assert "alert(1)</" not in text
    assert "\u2028" not in text
    # What is not data is the template: the same number of elements as in an empty report.
    write(tmp_path / "empty.html", [])
    data = r'<script type="application/json" class="\w+">[^<]*</script>\n'
    assert re.sub(data, "", text) == re.sub(data, "", (tmp_path / "empty.html").read_text(encoding="utf-8"))
    assert [row["path"] for row in blocks(out, "photograph")] == HOSTILE


def test_a_name_that_is_no_utf8_is_shown_with_escapes(tmp_path: Path) -> None:
    name = os.fsencode("caf") + b"\xe9.jpg"
    write(
        tmp_path / "r.html", [entry(os.fsdecode(name)), entry("lone \ud800.jpg")], [(os.fsdecode(name), "unreadable")]
    )
    assert [row["path"] for row in blocks(tmp_path / "r.html", "photograph")] == [r"caf\udce9.jpg", r"lone \ud800.jpg"]
    assert blocks(tmp_path / "r.html", "failure") == [[r"caf\udce9.jpg", "unreadable"]]


def test_the_template_inserts_no_markup_and_reaches_for_nothing(tmp_path: Path) -> None:
    write(tmp_path / "r.html", [])
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|\{\{", text)
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}  # the name of a namespace
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy


# ---- how it is written -----------------------------------------------------------------------------------------------


def test_entries_are_written_and_forgotten_as_they_come(tmp_path: Path) -> None:
    alive: list[weakref.ref[Entry]] = []
    most_alive, sizes = 0, []

    def stream() -> Iterator[Entry]:
        nonlocal most_alive
        for k in range(40):
            made = entry(f"{k}.jpg", thumbnail=bytes(100_000))
            alive.append(weakref.ref(made))
            yield made
            del made
            most_alive = max(most_alive, sum(ref() is not None for ref in alive))
            (partial,) = tmp_path.glob(".beholder-*.partial")
            sizes.append(partial.stat().st_size)

    write(tmp_path / "r.html", stream())
    assert most_alive <= 2
    assert all(later > earlier for earlier, later in pairwise(sizes))
    assert len(blocks(tmp_path / "r.html", "photograph")) == 40


def test_failures_may_grow_while_entries_are_consumed(tmp_path: Path) -> None:
    failures: list[tuple[str, str]] = []

    def stream() -> Iterator[Entry]:
        yield entry()
        failures.append(("late.jpg", "empty file"))

    write(tmp_path / "r.html", stream(), failures)
    assert blocks(tmp_path / "r.html", "failure") == [["late.jpg", "empty file"]]


@pytest.mark.parametrize(
    "error", [RuntimeError("the model fell over"), OSError(errno.ENOSPC, "not ours"), KeyboardInterrupt()]
)
def test_an_error_in_the_entries_passes_and_the_old_report_stays(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "r.html"
    out.write_text("old")

    def stream() -> Iterator[Entry]:
        yield entry()
        raise error

    with pytest.raises(type(error)) as caught:
        write(out, stream())
    assert caught.value is error
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("r.html", "old")]


@pytest.mark.parametrize("where", ["missing/r.html", "file/r.html", "folder", "n" * 300 + ".html"])
def test_a_place_that_cannot_be_written_is_told_before_the_first_entry(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    entries = iter([entry()])
    with pytest.raises(BeholderError) as caught:
        write(tmp_path / where, entries)
    assert str(tmp_path / where) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(list(entries)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices here")
def test_a_device_is_not_replaced() -> None:
    with pytest.raises(BeholderError, match="not a file"):
        write(Path("/dev/null"), [])


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "not permitted"),
        (errno.EROFS, "not permitted"),
        (errno.EIO, "Input/output"),
    ],
)
def test_an_error_of_the_disk_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(number, os.strerror(number))

    opened = Path.open

    def open_full(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        file = opened(self, mode, *rest, **options)
        return Full() if mode == "wb" else file

    (tmp_path / "r.html").write_text("old")
    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(BeholderError, match=advice):
        write(tmp_path / "r.html", [entry()])
    monkeypatch.undo()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("r.html", "old")]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there, and modes mean little")
def test_a_link_keeps_pointing_and_the_mode_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to(tmp_path / "real.html")
    write(tmp_path / "link.html", [])
    assert (tmp_path / "link.html").is_symlink()
    (tmp_path / "plain").touch()
    assert (tmp_path / "real.html").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_mistakes_of_the_caller_are_value_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one task"):
        write_report(tmp_path / "r.html", [], [], [], model="m")
    with pytest.raises(ValueError, match=r"evidence of beauty: .* got shape \(4,\)"):
        write(tmp_path / "r.html", [entry(evidence={"beauty": np.zeros(4)})])
    assert not list(tmp_path.iterdir())


# ---- the page in a browser -------------------------------------------------------------------------------------------


COUNT = 90  # more than the page draws at a time


def scores() -> np.ndarray:
    """(COUNT, 3) native scores; the first five photographs have beauty of exactly 6.1, 6.0, 5.9, 5.8, 1.5."""
    rng = np.random.default_rng(7)
    table = np.stack([rng.uniform(2, 5, COUNT), rng.uniform(1, 7, COUNT), rng.uniform(-1, 1, COUNT)], axis=1).round(4)
    table[:5, 0] = [6.1, 6.0, 5.9, 5.8, 1.5]
    table[-1, 1] = np.nan
    return table


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 cards of real photographs. Of every map of beauty the left third adds, the middle is zero, the right takes."""
    data = pytest.importorskip("skimage.data", reason="the photographs come with scikit-image")
    photographs = [
        np.ascontiguousarray(load())
        for load in (data.astronaut, data.coffee, data.chelsea, data.rocket, data.hubble_deep_field)
    ]
    small = [(thumbnail(pixels), pixels.shape) for pixels in photographs]
    grid = np.zeros((16, 15), np.float32)
    grid[:, :5], grid[:, 10:] = 0.02, -0.01

    def stream() -> Iterator[Entry]:
        for k, row in enumerate(scores()):
            jpeg, (height, width, _) = small[k % len(small)]
            name = HOSTILE[k - 10] if 10 <= k < 10 + len(HOSTILE) else f"shoot {k % 3}/IMG_{k}.jpg"
            evidence = {} if k == 1 else {"beauty": grid * (4 if k == 2 else 1), "valence": -grid}
            yield Entry(
                name, dict(zip(["beauty", "valence", "rule_of_thirds"], row, strict=True)), row[0] - 0.6, row[0] + 0.7,
                float(100 * (scores()[:, 0] < row[0]).mean()), width, height, jpeg, evidence,
            )  # fmt: skip

    out = tmp_path_factory.mktemp("report") / "report.html"
    failures = [("broken.jpg", "cut short at byte 12288"), (HOSTILE[0], HOSTILE[1])]
    write(out, stream(), failures, title="A <b>shoot</b>")
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    quiet = "--disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", *quiet.split()]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """The report, opened from disk with no network. In the end: no request left the page, and nothing complained."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, locale="en-GB")
    context.set_offline(True)
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))  # and the test then hangs until its timeout
    page.goto(report.as_uri())
    page.wait_for_selector(".card")
    yield page
    context.close()
    assert {url.split(":")[0] for url in requests} <= {"file", "data", "blob"}
    assert [url for url in requests if url.startswith("file:")] == [report.as_uri()]
    assert complaints == []


def scroll_to_the_end(page: Any) -> None:
    """Until all cards are drawn. (Playwright's own waiting evaluates strings, which the page's policy forbids.)"""
    for _ in range(100):
        page.mouse.wheel(0, 20_000)
        page.wait_for_timeout(50)
        if page.locator(".card").count() == COUNT:
            return
    raise AssertionError(f"only {page.locator('.card').count()} of {COUNT} cards were drawn")


def settle(page: Any) -> None:
    """Typing and sliding are drawn in the next frame."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def shown_scores(page: Any) -> list[float]:
    return [float(text) for text in page.locator(".card .score b").all_text_contents()]


def names(page: Any) -> list[str]:
    return list(page.locator(".card .name").all_text_contents())


def test_cards_are_sorted_by_score_and_the_header_is_right(page: Any) -> None:
    shown = shown_scores(page)
    assert shown[:4] == [6.1, 6.0, 5.9, 5.8]
    assert shown == sorted(shown, reverse=True)
    assert page.title() == page.locator("h1").inner_text() == "A <b>shoot</b>"
    assert page.locator("#model").inner_text() == "oasis 1.0"
    assert page.locator("#count").inner_text() == "90 photographs"
    first = page.locator(".card").first.inner_text()
    assert "90% interval 5.50 to 6.80" in first
    assert "98th percentile" in first
    assert page.locator(".card .rank").all_text_contents()[:4] == ["1", "2", "3", "4"]
    # The thumbnail near the screen is decoded, those far below are not even asked for.
    width = "(image) => image.decode().then(() => image.naturalWidth)"
    assert page.locator(".card img[src]").first.evaluate(width) == 320
    assert page.locator(".card img[src]").count() < 50


def test_cards_come_as_the_page_is_scrolled(page: Any) -> None:
    scroll_to_the_end(page)
    assert shown_scores(page)[-1] == 1.5
    page.locator(".card img").first.and_(page.locator(":not([src])")).wait_for(state="attached")  # let go of


def test_sorting_by_another_task_or_by_name(page: Any) -> None:
    valence = scores()[:, 1]
    page.select_option("#sort", label="valence")
    best = np.argsort(-valence)[:3]  # NumPy, too, puts NaN last
    assert shown_scores(page)[:3] == pytest.approx(scores()[best, 0], abs=0.006)
    page.click("#direction")
    worst = np.argsort(valence)[:3]
    assert shown_scores(page)[:3] == pytest.approx(scores()[worst, 0], abs=0.006)
    scroll_to_the_end(page)
    assert names(page)[-1] == "IMG_89.jpg"  # its valence is unknown
    page.select_option("#sort", label="file name")
    ordered = [name for name in names(page) if name.startswith("IMG_")]
    assert ordered[:4] == ["IMG_0.jpg", "IMG_3.jpg", "IMG_6.jpg", "IMG_9.jpg"]  # folder by folder, 9 before 18


def test_search_filters_and_can_be_cleared(page: Any) -> None:
    page.fill("#search", "shoot img_8")
    settle(page)
    assert sorted(names(page)) == sorted(["IMG_8.jpg", *[f"IMG_{k}.jpg" for k in range(80, 90)]])
    assert page.locator("#count").inner_text() == "11 of 90 photographs"
    page.fill("#search", "nothing like this")
    settle(page)
    assert names(page) == []
    assert "No photograph passes" in page.locator("#empty").inner_text()
    page.click("#clear")
    assert page.locator("#count").inner_text() == "90 photographs"
    assert page.input_value("#search") == ""


def test_the_histogram_filters_by_click_by_drag_and_by_slider(page: Any) -> None:
    assert "beauty, rated on a scale of 1 to 7" in page.locator("#histogram .axis").text_content().replace(
        "\u00a0", " "
    )
    plot = page.locator("#histogram").bounding_box()
    at = {"y": plot["y"] + 90}

    def x(score: float) -> float:
        return float(plot["x"] + 38 + (plot["width"] - 46) * (score - 1) / 6)

    page.mouse.click(x(5.9), at["y"])  # the bin from 5.8 to 6.0
    settle(page)
    assert shown_scores(page) == [5.9, 5.8]
    assert page.locator("#chips").inner_text().startswith("5.80 \u2264 beauty < 6.00")
    page.mouse.click(x(5.9), at["y"])  # again: let go
    settle(page)
    assert page.locator("#count").inner_text() == "90 photographs"

    page.mouse.move(x(5.85), at["y"])
    page.mouse.down()
    page.mouse.move(x(6.5), at["y"], steps=5)
    page.mouse.up()
    settle(page)
    assert shown_scores(page) == [6.1, 6.0, 5.9, 5.8]
    # A filter of one task stays when the histogram shows another, and both hold.
    page.select_option("#histogram-task", label="rule of thirds")
    assert page.locator("#chips button").count() == 1
    page.locator("#chips button").click()
    page.focus("#minimum")
    page.keyboard.press("End")
    settle(page)
    expected = int((scores()[:, 2] >= 0.9875).sum())
    assert page.locator("#count").inner_text().startswith(f"{expected} of")
    page.keyboard.press("Home")
    settle(page)
    assert page.locator("#count").inner_text() == "90 photographs"


def test_a_click_opens_the_photograph_with_its_signed_map(page: Any) -> None:
    page.locator(".open").first.click()
    assert page.locator("#large-name").inner_text() == "IMG_0.jpg"
    pixel = """([x, y]) => { const map = document.getElementById("map");
        return Array.from(map.getContext("2d").getImageData(x * map.width, y * map.height, 1, 1).data); }"""
    adds, zero, takes = (page.evaluate(pixel, [x, 0.5]) for x in (0.1, 0.5, 0.9))
    assert adds[0] > adds[2] and adds[3] > 60, "orange where the evidence adds"
    assert zero[3] == 0, "transparent where it does neither"
    assert takes[2] > takes[0] and 30 < takes[3] < adds[3], "blue, and fainter, where it takes half as much"
    # The scale is the largest cell of the report, 0.08, until the reader asks for this photograph's own.
    assert page.locator("#ramp-high").inner_text() == "+0.080"
    assert (
        page.locator("#statement").inner_text()
        == "Cells: \u22120.010 to +0.020 points of beauty. The whole map adds +0.800."
    )
    page.get_by_label("this photograph").check()
    assert page.locator("#ramp-high").inner_text() == "+0.020"
    assert page.evaluate(pixel, [0.1, 0.5])[3] == 255
    page.select_option("#map-task", label="valence")
    assert page.evaluate(pixel, [0.1, 0.5])[2] > page.evaluate(pixel, [0.1, 0.5])[0]
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    assert page.locator("#readout").inner_text() == "Row 1 of 16, column 1 of 15: \u22120.0200"
    page.get_by_label("Heat map of").first.uncheck()
    assert page.locator("#map").is_hidden()
    table = page.locator("#large-rows").inner_text().replace("\u00a0", " ")
    assert re.search(r"rule of thirds\s+\S+\s+\u22121 to 1", table)


def test_a_photograph_without_a_map_says_so(page: Any) -> None:
    page.locator(".open").nth(1).click()
    assert page.locator("#statement").inner_text() == "There is no map of beauty for this photograph."
    assert page.locator("#map").is_hidden()


def test_the_keyboard_reaches_everything(page: Any) -> None:
    page.locator(".open").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("#large-name").inner_text() == "IMG_1.jpg"
    page.keyboard.press("ArrowRight")
    assert page.locator("#large-name").inner_text() == "IMG_2.jpg"
    assert page.locator("#map").is_visible()
    page.keyboard.press("h")
    assert page.locator("#map").is_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")  # there is none before the first
    assert page.locator("#large-name").inner_text() == "IMG_0.jpg"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    assert not page.locator("#dialog").is_visible()
    assert page.evaluate("document.activeElement.ariaLabel") == "Open shoot 1/IMG_1.jpg, beauty 6.00"


def test_hostile_names_are_shown_and_do_nothing(page: Any) -> None:
    scroll_to_the_end(page)
    assert {HOSTILE[0], HOSTILE[2], HOSTILE[3], HOSTILE[4]} <= set(names(page))
    titles = page.locator(".card .name").evaluate_all("(nodes) => nodes.map((node) => node.title)")
    assert set(HOSTILE) <= set(titles)
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("script:not([type])").count() == 1
    assert "How pleasant </dd><script>alert(1)</script> it feels." in page.locator("#meaning").inner_text()


def test_the_policy_holds_even_if_markup_slips_in(browser: Any, report: Path) -> None:
    page = browser.new_page()
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(report.as_uri())
    page.evaluate("""() => {
        window.blocked = [];
        document.addEventListener("securitypolicyviolation", (event) => window.blocked.push(event.effectiveDirective));
        document.body.insertAdjacentHTML("beforeend", "<img src='file:///x.png'><img src=data: onerror='alert(1)'>");
        const script = document.createElement("script");
        script.textContent = "alert(2)";
        document.body.append(script);
    }""")
    page.wait_for_timeout(200)
    assert set(page.evaluate("window.blocked")) == {"img-src", "script-src-attr", "script-src-elem"}
    page.close()


def test_failures_are_listed_with_their_reasons(page: Any) -> None:
    assert "2\ncould not be rated" in page.locator("#facts").inner_text()
    cells = page.locator("#failure-rows td").all_text_contents()
    assert cells == ["broken.jpg", "cut short at byte 12288", HOSTILE[0], HOSTILE[1]]


def test_the_table_is_saved_as_csv(page: Any) -> None:
    page.fill("#search", "=2")
    settle(page)
    with page.expect_download() as download:
        page.click("#csv")
    text = Path(download.value.path()).read_bytes().decode()
    header, line, rest = text.split("\r\n")
    assert header == "path,beauty,valence,rule_of_thirds,low,high,percentile,width,height"
    assert line.startswith("./=2+3.jpg,")  # no spreadsheet takes it for a formula
    assert [float(value) for value in line.split(",")[1:4]] == list(scores()[13])
    assert rest == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/)[0] < 128")
    assert dark == (scheme == "dark")
    page.locator(".open").first.click()
    picture = page.locator("#picture").bounding_box()
    assert picture["x"] >= 0 and picture["x"] + picture["width"] <= 390
    assert picture["width"] / picture["height"] == pytest.approx(1, abs=0.01)  # the astronaut is square


def test_an_empty_report_says_so(browser: Any, tmp_path: Path) -> None:
    write(tmp_path / "r.html", [])
    page = browser.new_page()
    page.goto((tmp_path / "r.html").as_uri())
    assert "No photograph was rated." in page.locator("#empty").inner_text()
    page.close()
