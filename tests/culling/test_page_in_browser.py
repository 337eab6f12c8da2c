"""The page of a culled shoot in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from beholder.culling.page import PageFrame
from beholder.output.originals import link_to
from helpers.browsers import chromium, opened
from helpers.cull_pages import frame, jpeg, row, series, shoot, unknown, write
from helpers.report_pages import HOSTILE

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
HARD_NAMES = [
    *HOSTILE,
    "two\nlines.jpg",
    'it\'s "quoted" & spaced .jpg',
    "\u05e9\u05dc\u05d5\u05dd 1.jpg",
    "long_" * 60 + ".jpg",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Eleven photographs: a burst, two single ones, a bracket, and two that are too close to call."""
    write(tmp_path / "cull.html", shoot(), [("broken.jpg", "cut short"), (HOSTILE[0], HOSTILE[1])], title="Lake")
    with opened(browser, tmp_path / "cull.html", ".frame", viewport=WIDE) as page:
        yield page


def names(page: Any) -> list[str]:
    return list(page.locator(".frame .name").all_text_contents())


def headings(page: Any) -> list[str]:
    return list(page.locator(".series h2").all_text_contents())


def settle(page: Any) -> None:
    """Typing is drawn in the next frame."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def wait_for_focus(page: Any, name: str) -> None:
    page.locator(f".open:focus[aria-label^='Open {name},']").wait_for()


def large(page: Any) -> str:
    return str(page.locator("#large-name").inner_text())


def test_the_head_counts_and_failures_are_listed(page: Any) -> None:
    facts = page.locator("#facts").inner_text().split("\n")
    assert facts == [
        *("11", "photographs", "3", "series", "2", "single", "\u2713", "6", "picks", "\u2248", "2", "maybe"),
        *("\u2013", "2", "other", "\u00d7", "1", "rejected", "2", "could not be read"),
    ]
    assert page.locator("#model").inner_text() == "default 2.0"
    assert page.locator("#count").inner_text() == "11 photographs"
    assert page.locator("#failure-rows td").all_text_contents() == ["broken.jpg", "cut short", *HOSTILE[:2]]


def test_series_are_strips_by_time_and_single_ones_share_a_grid(page: Any) -> None:
    assert headings(page) == ["Bracket of 3", "Burst of 4", "2 single photographs", "Burst of 2"]
    strip = page.locator(".series", has_text="Burst of 4")
    assert strip.locator(".series-head p").text_content() == "14:05:00 \u00b7 scene 1 \u00b7 Canon EOS R5"
    assert strip.locator(".name").all_text_contents() == [f"IMG_{rank}.jpg" for rank in (1, 2, 3, 4)]
    decisions = ["\u2713Pick", "\u2013Other", "\u2013Other", "\u00d7Rejected"]
    assert strip.locator(".frame .decision").all_text_contents() == decisions
    assert page.locator(".rank").all_text_contents() == ["1", "2", "3", "4", "1", "2"]  # a bracket has none
    assert strip.locator(".reason").first.text_content() == "sharper by 38% at the subject than b.jpg"
    assert strip.locator(".line b").first.text_content() == "4.90"


def test_crops_are_side_by_side_at_full_size_under_their_frames(page: Any) -> None:
    strip = page.locator(".series", has_text="Burst of 4")
    crops = strip.locator(".crop img")
    crops.first.scroll_into_view_if_needed()
    crops.first.evaluate("(image) => image.decode()")
    boxes = [crops.nth(place).bounding_box() for place in range(4)]
    frames = [strip.locator(".frame").nth(place).bounding_box() for place in range(4)]
    assert {(box["width"], box["height"]) for box in boxes} == {(240, 240)}
    assert len({box["y"] for box in boxes}) == 1
    assert all(box["x"] - place["x"] == pytest.approx(1, abs=1) for box, place in zip(boxes, frames, strict=True))
    said = [f"100%sharpness {amount}" for amount in (50, 25, 17, 13)]
    assert strip.locator("figcaption").all_text_contents() == said


def test_filters_show_what_passes_and_say_how_much(page: Any) -> None:
    page.check("input[value=maybe]", force=True)
    assert (headings(page), names(page)) == (["Burst of 2"], ["IMG_21.jpg", "IMG_22.jpg"])
    assert page.locator("#count").inner_text() == "2 of 11 shown"
    page.check("input[value=other]", force=True)
    assert names(page) == ["IMG_2.jpg", "IMG_3.jpg"]
    page.get_by_role("button", name="Show all 4").click()
    assert names(page) == ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg", "IMG_4.jpg"]
    page.get_by_role("button", name="Show only what passes").click()
    assert names(page) == ["IMG_2.jpg", "IMG_3.jpg"]
    page.check("input[value=reject]", force=True)
    assert page.locator(".of-series").text_content() == "Burst of 4, 14:05:00"  # one frame alone is in the grid
    page.get_by_role("button", name="Show all 4").click()
    assert headings(page) == ["Burst of 4"]
    page.check("input[value=all]", force=True)
    page.select_option("#kind", "single")
    assert names(page) == ["IMG_11.jpg", "IMG_12.jpg"]
    page.select_option("#kind", "bracket")
    assert headings(page) == ["Bracket of 3"]


def test_search_and_an_empty_result(page: Any) -> None:
    page.fill("#search", "DAY 1/ _3")
    settle(page)
    assert names(page) == ["IMG_3.jpg"]
    page.fill("#search", "absent")
    settle(page)
    assert page.locator("#empty-text").inner_text() == "No photograph passes these filters."
    page.get_by_role("button", name="Clear the filters").click()
    assert len(names(page)) == 11


def test_sorting_by_the_score_of_the_best_puts_unknown_ones_last(page: Any) -> None:
    page.select_option("#sort", "score")
    assert headings(page) == ["Burst of 2", "Burst of 4", "Bracket of 3", "2 single photographs"]
    assert names(page)[-2:] == ["IMG_11.jpg", "IMG_12.jpg"]


def test_the_keyboard_walks_through_frames_and_series(page: Any) -> None:
    page.locator("#search").focus()
    page.keyboard.press("Tab")
    wait_for_focus(page, "IMG_30.jpg")
    page.keyboard.press("ArrowRight")
    wait_for_focus(page, "IMG_31.jpg")
    walk = {
        "ArrowDown": ["IMG_1.jpg", "IMG_11.jpg", "IMG_21.jpg", "IMG_21.jpg"],
        "ArrowUp": ["IMG_11.jpg", "IMG_1.jpg", "IMG_30.jpg"],
    }
    for key, reached in walk.items():
        for name in reached:
            page.keyboard.press(key)
            wait_for_focus(page, name)
    page.keyboard.press("Enter")
    assert large(page) == "IMG_30.jpg"
    page.keyboard.press("Escape")
    assert not page.locator("#dialog").is_visible()
    wait_for_focus(page, "IMG_30.jpg")


def test_the_large_view_goes_through_the_series_and_to_others(page: Any) -> None:
    page.locator(".open").nth(4).click()
    assert large(page) == "IMG_2.jpg"
    about = page.locator("#large-about").inner_text()
    assert (
        about == "day 1/ \u00b7 Burst of 4 \u00b7 14:05:00 \u00b7 scene 1 \u00b7 Canon EOS R5 \u00b7 photograph 2 of 4"
    )
    assert page.locator("#verdict .decision").inner_text() == "\u2013\nOther"
    assert page.locator("#verdict p").first.inner_text() == "sharper by 38% at the subject than b.jpg"
    assert "Preferred to IMG_1.jpg with a probability of 82%." in page.locator("#verdict").inner_text()
    cells = [cells.split("\t") for cells in page.locator("#measure-rows tr").all_inner_texts()]
    assert cells == [
        ["sharpness at the subject", "25", "50"],
        ["sharpness at its best", "60", "60"],
        ["blur in one direction", "25%", "25%"],
        ["highlights clipped", "1.3%", "1.3%"],
        ["shadows clipped", "0.0%", "0.0%"],
        ["noise, \u03c3 of 255", "2.0", "2.0"],
    ]
    assert page.locator("#verdict").inner_text().endswith("the scores say little.")
    assert "4.80" in page.locator("#large-rows tr").first.inner_text()
    assert "+0.5 EV" in page.locator("#edit-rows tr").inner_text()
    assert "480 \u00d7 320" in page.locator("#shot-rows").inner_text()
    walk = ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp"]
    reached = []
    for key in walk:
        page.keyboard.press(key)
        reached.append(large(page).removeprefix("IMG_").removesuffix(".jpg"))
    assert reached == ["3", "4", "11", "4", "11", "1", "30", "30"]  # down and up land on the best
    page.get_by_role("button", name="Next series").click()
    page.locator("#film button").nth(3).click()
    assert large(page) == "IMG_4.jpg"
    page.get_by_role("button", name="Close").click()
    wait_for_focus(page, "IMG_4.jpg")


def test_closing_lands_on_the_series_where_a_filter_hides_the_frame(page: Any) -> None:
    page.check("input[value=other]", force=True)
    page.locator(".open").first.click()
    page.keyboard.press("ArrowLeft")
    assert large(page) == "IMG_1.jpg"
    page.keyboard.press("Escape")
    wait_for_focus(page, "IMG_2.jpg")


@pytest.fixture
def linked(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A burst of originals of which the third one is of no browser's format."""
    for name in ("50% #1.png", "b.png"):
        Image.new("RGB", (2400, 1600), (200, 30, 30)).save(tmp_path / name)
    out = tmp_path / "cull.html"
    made = [
        frame(name, rank, link=link_to(tmp_path / name, out), shown=rank < 3, width=2400, height=1600)
        for rank, name in enumerate(["50% #1.png", "b.png", "c.raw"], 1)
    ]
    write(out, [series(1, *made)])
    with opened(browser, out, ".frame", originals=True, viewport=WIDE) as page:
        yield page


def test_originals_are_shown_and_keep_their_place_at_full_size(linked: Any) -> None:
    linked.locator(".open").first.click()
    linked.locator("#large-image[src^='file'], #large-image[src^='50']").wait_for()
    assert linked.locator("#original").get_attribute("href") == "50%25%20%231.png"
    box = linked.locator("#large-image").bounding_box()
    linked.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    assert linked.locator("#large-image").bounding_box()["width"] == 2400
    place = "[document.querySelector('#scroller').scrollLeft, document.querySelector('#scroller').scrollTop]"
    before = linked.evaluate(place)
    assert before[0] > 1000
    linked.keyboard.press("ArrowRight")
    settle(linked)
    assert (large(linked), linked.evaluate(place)) == ("b.png", pytest.approx(before, abs=2))
    linked.keyboard.press("ArrowRight")  # there is only a thumbnail of this one
    assert linked.locator("#large-image").bounding_box()["width"] < 1000
    assert not linked.locator("#zoom").is_visible()
    linked.keyboard.press("z")
    linked.keyboard.press("ArrowLeft")
    assert linked.locator("#zoom").inner_text() == "Whole picture"
    linked.keyboard.press("z")
    assert linked.locator("#large-image").bounding_box()["width"] < 1000


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_hard_names_and_unknown_numbers_are_shown_and_do_nothing(browser: Any, tmp_path: Path, viewport: Any) -> None:
    hard = [frame(name, rank, reason=name, camera=name) for rank, name in enumerate(HARD_NAMES, 1)]
    found = [
        series(1, *hard),
        series(2, unknown("x.jpg"), unknown("y.jpg")),
        series(3, PageFrame({"path": "bare"}, b"")),
    ]
    write(tmp_path / "cull.html", found, [(name, name) for name in HARD_NAMES], title=HARD_NAMES[-1], model=HOSTILE[0])
    with opened(browser, tmp_path / "cull.html", ".frame", viewport=viewport) as page:
        titles = page.locator(".frame .name").evaluate_all("(nodes) => nodes.map((node) => node.title)")
        assert titles == [*HARD_NAMES, "x.jpg", "y.jpg", "bare"]
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert "NaN" not in page.locator("body").inner_text()
        page.locator(".open").first.click()
        for _ in titles:
            assert page.evaluate(
                "document.querySelector('.side').scrollWidth <= document.querySelector('.side').clientWidth"
            )
            assert "NaN" not in page.locator("#dialog").inner_text()
            page.keyboard.press("ArrowRight")
        assert large(page) == "bare"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read(browser: Any, tmp_path: Path, scheme: str) -> None:
    """Contrast of at least 4.5 to 1 of all small text on a plain ground."""
    write(tmp_path / "cull.html", shoot(), [("broken.jpg", "cut short")])
    with opened(browser, tmp_path / "cull.html", ".frame", viewport=WIDE, color_scheme=scheme) as page:
        page.locator(".open").first.click()
        found = page.evaluate("""() => {
            const light = (text) => {
              const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map((value) => value / 255)
                .map((value) => value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4);
              return .2126 * r + .7152 * g + .0722 * b;
            };
            const groundOf = (node) => {
              const colour = getComputedStyle(node).backgroundColor;
              return colour.startsWith("rgb(") ? colour : groundOf(node.parentElement);
            };
            const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
            const low = [];
            for (const node of document.querySelectorAll("body *:not(script):not(option)")) {
              if (!hasText(node) || !node.checkVisibility()) continue;
              if (node.closest(".rank, figcaption, .step, .zoom, :disabled")) continue;
              const [a, b] = [light(getComputedStyle(node).color), light(groundOf(node))];
              const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
              if (contrast < 4.5) low.push(`${node.className} ${node.textContent} ${contrast.toFixed(2)}`);
            }
            return low;
        }""")
        assert found == []


def test_a_long_series_and_a_long_page_are_drawn_as_they_come_into_view(browser: Any, tmp_path: Path) -> None:
    picture = jpeg()
    many = series(1, *(PageFrame(row(f"{rank}.jpg", rank), picture, picture) for rank in range(1, 61)))
    single = [
        series(number, PageFrame(row(f"{number}.jpg", captured=f"2026-05-04T14:{number:03d}"), picture))
        for number in range(2, 402)
    ]
    write(tmp_path / "cull.html", [many, *single])
    with opened(browser, tmp_path / "cull.html", ".frame", viewport=WIDE) as page:
        assert page.locator(".frame").count() <= 240
        first, *_, last = page.locator(".frames").first.locator("img").all()
        first.and_(page.locator("[src]")).wait_for()
        assert last.get_attribute("src") is None
        last.scroll_into_view_if_needed()
        last.and_(page.locator("[src]")).wait_for()
        page.locator(".open").nth(59).click()
        film, current = page.locator("#film").bounding_box(), page.locator("#film [aria-current]").bounding_box()
        assert film["x"] <= current["x"] <= film["x"] + film["width"] - current["width"]
        page.keyboard.press("Escape")
        for _ in range(100):
            page.mouse.wheel(0, 20_000)
            page.wait_for_timeout(50)
            if page.locator(".frame").count() == 460:
                break
        assert headings(page) == ["Burst of 60", "400 single photographs"]
        assert page.locator(".frame").count() == 460
        assert first.get_attribute("src") is None  # released


@pytest.mark.parametrize(
    ("found", "failures", "said"),
    [([], [("a.jpg", "empty file")], "No photograph was rated."), ([series(1, frame())], [], "1 photograph")],
    ids=["failures only", "one photograph"],
)
def test_small_pages(browser: Any, tmp_path: Path, found: Any, failures: Any, said: str) -> None:
    write(tmp_path / "cull.html", found, failures)
    with opened(browser, tmp_path / "cull.html", "#meaning dt", viewport=PHONE) as page:
        assert said in page.locator("main" if failures else "#toolbar").inner_text()
        assert page.locator("#failures").is_visible() == bool(failures)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(browser: Any, tmp_path: Path, scheme: str) -> None:
    write(tmp_path / "cull.html", shoot())
    with opened(browser, tmp_path / "cull.html", ".frame", viewport=PHONE, color_scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/)[0] < 128")
        assert dark == (scheme == "dark")
        page.locator(".crop").first.scroll_into_view_if_needed()
        for _ in range(100):
            shown = page.evaluate("""[...document.querySelectorAll(".frame img")].filter((image) => {
                const box = image.getBoundingClientRect();
                return box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
            }).map((image) => image.src.slice(0, 5))""")
            if set(shown) == {"data:"}:
                break
            page.wait_for_timeout(50)
        assert len(shown) >= 3 and set(shown) == {"data:"}
        page.locator(".open").first.click()
        picture = page.locator(".picture").bounding_box()
        assert picture["x"] >= 0 and picture["x"] + picture["width"] <= PHONE["width"]
        assert picture["width"] / picture["height"] == pytest.approx(1.5, abs=0.01)
