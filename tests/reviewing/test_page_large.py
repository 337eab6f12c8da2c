"""The page of `beholder review` with 5,000 photographs, and who can use it: labels, contrast, motion."""

from collections.abc import Iterator
from typing import Any

import pytest

from helpers.browsers import chromium
from helpers.review_pages import PHONE, WIDE, opened_desk
from helpers.review_service import Service, shoot


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


def test_5000_photographs_scroll_with_few_in_the_document(browser: Any) -> None:
    with opened_desk(browser, Service(shoot(5000))) as desk:
        page = desk.page
        assert page.locator("#left").inner_text() == "5,000 of 5,000 left to decide"
        grid = page.locator("#grid")
        # 40 screens, each drawn in the frame after the scroll: what is in sight has a cell, and few others have.
        seen = grid.evaluate(
            """async (grid) => {
              const frame = () => new Promise(requestAnimationFrame);
              const seen = [];
              for (let k = 1; k <= 40; k += 1) {
                grid.scrollTop = k / 40 * (grid.scrollHeight - grid.clientHeight);
                await frame();
                await frame();
                const {left, top, width, height} = grid.getBoundingClientRect();
                const at = document.elementsFromPoint(left + 40, top + height / 2 - 40).concat(
                  document.elementsFromPoint(left + 40, top + height / 2 + 40));
                seen.push([at.some((node) => node.closest(".cell")), grid.querySelectorAll(".cell").length]);
              }
              return seen;
            }"""
        )
        assert [there for there, _ in seen] == [True] * 40
        assert max(number for _, number in seen) < 80
        desk.press("End")
        assert desk.framed() == "IMG_4999.jpg"
        assert page.locator("#cell-4999").get_attribute("aria-posinset") == "5000"
        desk.press("x", "ArrowUp", "p")
        assert desk.saved(2)[0] == ("X on IMG_4999.jpg", [{"i": 4999, "flag": "reject"}])
        page.locator("#order").select_option("score")
        desk.press("Escape", "Home")
        best = max(photo["scores"]["overall"] for photo in desk.service.photos)
        first = desk.service.photos[desk.listed()[0]]
        members = [photo for photo in desk.service.photos if photo["series"] == first["series"]]
        assert max(photo["scores"]["overall"] for photo in members) == best


def arrange(desk: Any, view: str) -> None:
    if view == "filters":
        desk.page.locator("#show-filters").click()
    elif view == "export":
        desk.page.locator("#export").click()
        desk.page.locator("#export-summary", has_text="Nothing is written").wait_for()
    elif view == "decided":
        desk.press("p", "ArrowRight", "x", "ArrowRight", "3", "6", "ArrowRight", "8", "Shift+ArrowRight")
        desk.saved(5)
    else:
        desk.press(view)
        desk.page.locator("#keys-box[open], .view:visible").first.wait_for()


VIEWS = ["g", "e", "c", "s", "?", "export", "decided"]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("size", "view"), [*((WIDE, view) for view in VIEWS), *((PHONE, view) for view in [*VIEWS, "filters"])]
)
def test_axe_finds_nothing(browser: Any, size: dict[str, int], view: str, scheme: str) -> None:
    """Roles, names, contrast of at least 4.5 to 1 and more, by the rules of axe-core."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    service = Service(shoot(12))
    service.about |= {
        "progress": {"stage": "scoring", "done": 3, "total": 12},
        "failed": [{"name": "broken.jpg", "reason": "cut short"}],
    }
    with opened_desk(browser, service, viewport=size, color_scheme=scheme, reduced_motion="reduce") as desk:
        desk.page.locator("#failed:visible, #grid").first.wait_for()
        arrange(desk, view)
        found = axe.Axe().run(desk.page).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_the_frame_is_known_to_a_screen_reader(browser: Any) -> None:
    photos = shoot(12)
    photos[1].update(flag="pick", stars=4, label="red")
    photos[2].update(error="cut short", scores=None)
    with opened_desk(browser, Service(photos), viewport=WIDE) as desk:
        desk.choose("All")
        desk.press("Escape", "Home", "ArrowRight")
        grid = desk.page.locator("#grid")
        assert grid.get_attribute("aria-activedescendant") == "cell-1"
        label = desk.page.locator("#cell-1").get_attribute("aria-label")
        assert label == "IMG_0001.jpg, picked, 4 stars, red, aesthetics 5.70, 3 alike, suggested pick"
        assert desk.page.locator("#cell-1").get_attribute("aria-selected") == "true"
        label = desk.page.locator("#cell-2").get_attribute("aria-label")
        assert label == "IMG_0002.jpg, undecided, cannot be read: cut short, 3 alike, suggested other"
        desk.press("e")
        desk.page.locator("#said", has_text="").first.wait_for(state="attached")
        desk.press("ArrowLeft")
        desk.page.locator("#said", has_text="IMG_0000.jpg, undecided").wait_for(state="attached")


def test_every_control_can_be_reached_and_shows_its_focus(browser: Any) -> None:
    with opened_desk(browser, Service(shoot(12)), viewport=WIDE) as desk:
        reached = set()
        for _ in range(60):
            desk.press("Tab")
            reached.add(desk.page.evaluate("document.activeElement.id || document.activeElement.dataset.act || ''"))
            reached.add(desk.page.evaluate("document.activeElement.dataset.act || ''"))
        assert {
            "export",
            "help",
            "search",
            "least",
            "most",
            "order",
            "stars",
            "size",
            "grid",
            "pick",
            "reject",
        } <= reached
        assert {"loupe", "compare", "series", "label", "advance"} <= reached
