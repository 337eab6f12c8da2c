"""The report page in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from beholder.output.originals import link_to
from beholder.output.report import Entry, thumbnail, write_report
from beholder.tasks import Task
from helpers.browsers import chromium, opened
from helpers.report_pages import HOSTILE, TASKS, entry, write

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
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    """The report, opened from disk with no network."""
    with opened(browser, report, ".card", viewport={"width": 1400, "height": 1000}) as page:
        yield page


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


def test_cards_are_ranked_by_another_task(browser: Any, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    values = {"a": (2.0, 6.0), "b": (6.0, 2.0), "c": (4.0, 4.0)}
    made = [
        entry(name, beauty, values={"beauty": beauty, "valence": valence}) for name, (beauty, valence) in values.items()
    ]
    write(out, made, rank_by="valence")
    page = browser.new_page()
    page.goto(out.as_uri())
    page.wait_for_selector(".card")
    assert names(page) == ["a", "c", "b"]
    assert page.locator(".card .rank").all_inner_texts() == ["1", "2", "3"]
    assert page.locator(".card .rank").first.get_attribute("title") == "Rank 1 of 3 by valence"
    assert page.locator("#sort").input_value() == page.locator("#histogram-task").input_value() == "1"
    page.close()


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


def test_a_click_opens_the_plain_photograph_and_a_signed_map_on_demand(page: Any) -> None:
    page.locator(".open").first.click()
    assert page.locator("#large-name").inner_text() == "IMG_0.jpg"
    assert page.locator("#map").is_hidden() and page.locator("#original").is_hidden()
    assert page.evaluate("getComputedStyle(document.getElementById('large-image')).filter") == "none"
    page.get_by_label("Heat map of").first.check()
    pixel = """([x, y]) => { const map = document.getElementById("map");
        return Array.from(map.getContext("2d").getImageData(x * map.width, y * map.height, 1, 1).data); }"""
    adds, zero, takes = (page.evaluate(pixel, [x, 0.5]) for x in (0.1, 0.5, 0.9))
    assert adds[0] > adds[2] and adds[3] > 60, "orange where the evidence adds"
    assert zero[3] == 0, "transparent where it does neither"
    assert takes[2] > takes[0] and 30 < takes[3] < adds[3], "blue, and fainter, where it takes half as much"
    # The scale is the largest cell of the report, 0.08, until the reader asks for this photograph's own.
    assert page.locator("#ramp-high").inner_text() == "+0.080"
    assert page.locator("#statement").inner_text() == (
        "Cells: \u22120.010 to +0.020 points of beauty, the loss when the cell is hidden. A line every 0.02."
    )
    page.get_by_label("this photograph").check()
    assert page.locator("#ramp-high").inner_text() == "+0.020"
    assert page.evaluate(pixel, [0.1, 0.5])[3] == 255
    lines = page.evaluate("""() => { const map = document.getElementById("map"), wide = map.width;
        const row = map.getContext("2d").getImageData(0, map.height >> 1, wide, 1).data;
        return Array.from({length: wide}, (_, x) => x).filter((x) => row[4 * x + 1] === 214).map((x) => x / wide); }""")
    assert len(lines) == 3 and all(0.29 < place < 0.38 for place in lines), "a line at each quarter of the scale"
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
    page.get_by_label("Heat map of").first.check()
    assert page.locator("#statement").inner_text() == "There is no map of beauty for this photograph."
    assert page.locator("#map").is_hidden()


def test_the_keyboard_reaches_everything(page: Any) -> None:
    page.locator(".open").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("#large-name").inner_text() == "IMG_1.jpg"
    page.keyboard.press("ArrowRight")
    assert page.locator("#large-name").inner_text() == "IMG_2.jpg"
    assert page.locator("#map").is_hidden()
    page.keyboard.press("h")
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
        document.body.insertAdjacentHTML("beforeend", "<img src='http://x/x.png'><img src=data: onerror='alert(1)'>");
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
    assert line.startswith("'=2+3.jpg,")  # no spreadsheet takes it for a formula
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


@pytest.fixture
def linked(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A page of photographs that can be shown, are damaged, are gone, and are of no browser's format."""
    folder = tmp_path / "shoot 1"
    folder.mkdir()
    names = {"50% #1.png": True, "damaged.png": True, "gone.png": True, "camera.raw": False}
    Image.new("RGB", (900, 600), (200, 30, 30)).save(folder / "50% #1.png")
    (folder / "damaged.png").write_bytes(b"\x89PNG")
    Image.new("RGB", (900, 600)).save(folder / "camera.raw", "PNG")
    out = tmp_path / "report.html"
    small = thumbnail(np.full((200, 300, 3), 90, np.uint8))
    made = [
        entry(name, 5.0 - k, width=900, height=600, thumbnail=small, link=link_to(folder / name, out), shown=shown)
        for k, (name, shown) in enumerate(names.items())
    ]
    write(out, made)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(out.as_uri())
    page.wait_for_selector(".card")
    yield page
    context.close()


def width_shown(page: Any) -> int:
    image = page.locator("#large-image")
    return int(image.evaluate("(image) => image.decode().then(() => image.naturalWidth)"))


def test_the_original_is_shown_where_it_can_be(linked: Any) -> None:
    linked.locator(".open").first.click()
    linked.locator("#large-image[src^='shoot'], #large-image[src^='file']").wait_for()
    assert width_shown(linked) == 900
    for _ in range(3):  # the embedded picture of this photograph, not the one before
        linked.keyboard.press("ArrowRight")
        linked.wait_for_timeout(200)
        assert width_shown(linked) == 300
    assert linked.locator("#large-name").inner_text() == "camera.raw"


def test_a_link_opens_the_original(linked: Any) -> None:
    linked.locator(".open").first.click()
    link = linked.locator("#original")
    assert link.inner_text() == "Open the original"
    with linked.context.expect_page() as opened:
        link.click()
    assert unquote(opened.value.url).endswith("/shoot 1/50% #1.png")
    assert opened.value.evaluate("document.images[0].naturalWidth") == 900


def test_a_page_without_maps_offers_none(linked: Any) -> None:
    linked.locator(".open").first.click()
    assert linked.locator("#map-controls").is_hidden() and linked.locator("#map-key").is_hidden()
    assert "heat map" not in linked.locator("#meaning").inner_text()


EDITS = (
    Task("exposure", -3, 3, "How much lighter (+) or darker (-) it was made", "edit", "EV", 0),
    Task("contrast", 0.3, 2, "Factor of the contrast", "edit", "×", 1),
    Task("noise", 0, 60, "Noise that was added", "edit", "σ of 255", 0),
    Task("tilt", -15, 15, "How far it was turned", "edit", "°", 0),
    Task("disagreement", 0, 3, "How much the votes differ", "disagreement", "points of beauty"),
    Task("familiarity", 0, 100, "How near it is to what was rated", "familiarity", "%"),
)


@pytest.fixture
def edited(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A page of a photograph with four clear edits, one with none, and one unlike what was rated."""
    amounts = {
        "four.jpg": ((-1.27, 0.6, 21, 3), 1.1, 60),
        "none.jpg": ((0.1, 1.05, 2, -0.3), 0.8, 50),
        "<b>odd.jpg": ((0, 1, 2, 0), 2.2, 4),
    }
    widths = (0.6, 0.2, 8, 2)
    made = []
    for beauty, (name, (edits, disagreement, familiarity)) in zip((5.0, 4.0, 3.0), amounts.items(), strict=True):
        values = dict(zip((task.name for task in EDITS), (*edits, disagreement, familiarity), strict=True))
        ends = {
            task.name: (max(task.low, at - wide), at + wide)
            for task, at, wide in zip(EDITS[:4], edits, widths, strict=True)
        }
        grids = {"beauty": np.ones((2, 2)), "exposure": np.ones((2, 2))}
        said = {"words": [f"First of {name}.", "Second."], "faults": f"Faults of {name}.", "unlike": familiarity < 30}
        made.append(
            entry(name, beauty, values={"beauty": beauty, "valence": 3.0} | values, ends=ends, evidence=grids, **said)
        )
    out = tmp_path / "report.html"
    write_report(out, made, [], (*TASKS[:2], *EDITS), model="m@1", tells_unlike=True)
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(out.as_uri())
    page.wait_for_selector(".card")
    yield page
    context.close()
    assert complaints == []


def test_cards_show_a_line_of_words_and_what_is_unlike(edited: Any) -> None:
    first, second, third = edited.locator(".card").all()
    assert first.locator(".faults").inner_text() == "Faults of four.jpg."
    assert third.locator(".faults").inner_text() == "Faults of <b>odd.jpg."
    assert "disagreement 1.10 points of beauty" in first.inner_text()
    assert first.locator(".attributes .of").all_inner_texts() == ["valence"]
    assert second.locator(".unlike").count() == 0
    assert third.locator(".unlike").inner_text() == "unlike what was rated"
    assert "1\nunlike what was rated" in edited.locator("#facts").inner_text()
    meaning = edited.locator("#meaning").inner_text().replace("\xa0", " ")
    assert "An edit is clear where" in meaning and "Noise that was added. Range σ 0 to 60 of 255." in meaning


def test_a_click_shows_all_edits_with_their_intervals(edited: Any) -> None:
    edited.locator(".open").first.click()
    rows = [row.inner_text().split("\t")[:2] for row in edited.locator("#edit-rows tr").all()]
    cells = [[name.strip(), *amount.strip().split("\n")] for name, amount in rows]
    assert cells == [
        ["exposure", "−1.3 EV", "−1.9 to −0.7"],
        ["contrast", "×0.60", "0.40 to 0.80"],
        ["noise", "σ 21 of 255", "13 to 29"],
        ["tilt", "+3.0°", "+1.0 to +5.0"],
    ]
    assert edited.locator("#edit-rows .clear").count() == 4
    assert edited.locator("#large-rows td:first-child").all_inner_texts() == ["beauty", "valence"]
    others = edited.locator("#other-rows").inner_text()
    assert "1.10 points of beauty" in others and "60%" in others
    assert edited.locator("#map-task option").all_inner_texts() == ["beauty"]  # only ratings have maps
    assert edited.locator("#large-words p").all_inner_texts() == ["First of four.jpg.", "Second."]
    assert edited.locator(".notice").count() == 0
    edited.click("#next")
    edited.click("#next")
    assert edited.locator(".notice").all_inner_texts() == ["First of <b>odd.jpg."]


def test_edits_can_be_sorted_filtered_and_saved(edited: Any) -> None:
    edited.select_option("#sort", label="exposure")
    settle(edited)
    assert names(edited) == ["none.jpg", "<b>odd.jpg", "four.jpg"]
    assert edited.locator(".card").last.locator(".sorted.value").inner_text() == "−1.3"
    edited.select_option("#histogram-task", label="familiarity")
    settle(edited)
    assert edited.locator("#histogram .axis").text_content() == "familiarity, %"
    with edited.expect_download() as download:
        edited.click("#csv")
    header, *lines = Path(download.value.path()).read_bytes().decode().rstrip().split("\r\n")
    edits = [name for task in EDITS for name in task.columns]
    assert header.split(",") == [
        "path",
        "beauty",
        "valence",
        "low",
        "high",
        "percentile",
        *edits,
        "unlike",
        "width",
        "height",
    ]
    assert [line.split(",")[-3] for line in lines] == ["0", "1", "0"]
    assert lines[2].split(",")[6:9] == ["-1.27", "-1.87", "-0.67"]


@pytest.mark.parametrize("width", [390, 1280])
def test_edits_need_no_sideways_scrolling(edited: Any, width: int) -> None:
    edited.set_viewport_size({"width": width, "height": 844})
    assert edited.evaluate("document.documentElement.scrollWidth") <= width
    edited.locator(".open").first.click()
    for selector in ("#large-edits", "#large-others", ".notice"):
        for found in edited.locator(selector).all():
            box = found.bounding_box()
            assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= width)
