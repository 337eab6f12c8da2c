"""The page of `beholder review` in a real browser: a shoot of 60 is gone through with the keyboard."""

from collections.abc import Iterator
from typing import Any

import pytest

from helpers.browsers import chromium, visited
from helpers.report_pages import HOSTILE
from helpers.review_pages import PHONE, Desk, opened_desk, until
from helpers.review_service import Service, burst, photograph, serving, shoot

# The first series of the shoot: three alike, 0 to 2; the best of each series is its second frame.
SECOND = {"pick": "IMG_0004.jpg", "frames": [3, 4, 5, 6]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def desk(browser: Any) -> Iterator[Desk]:
    with opened_desk(browser, Service(shoot(60))) as desk:
        yield desk


def test_opens_on_what_is_undecided_at_the_best_of_the_first_series(browser: Any) -> None:
    photos = shoot(60)
    photos[0]["flag"], photos[7]["stars"], photos[8]["label"] = "pick", 3, "red"  # a label alone decides nothing
    with opened_desk(browser, Service(photos)) as desk:
        assert desk.framed() == "IMG_0001.jpg"
        assert desk.page.locator("#left").inner_text() == "58 of 60 left to decide"
        assert desk.listed() == [i for i in range(60) if i not in (0, 7)]


@pytest.mark.parametrize("view", ["g", "e", "s", "c"])
def test_a_key_changes_the_framed_photograph_and_nothing_else(desk: Desk, view: str) -> None:
    desk.press(view)
    steps: list[tuple[str, dict[str, Any], str, str]] = [
        ("p", {"flag": "pick"}, "P", "picked"),
        ("u", {"flag": None}, "U", "no flag"),
        ("1", {"stars": 1}, "1 star", "1 star"),
        ("5", {"stars": 5}, "5 stars", "5 stars"),
        ("0", {"stars": 0}, "no stars", "no stars"),
        ("6", {"label": "red"}, "red", "red label"),
        ("9", {"label": "blue"}, "blue", "blue label"),
        ("x", {"flag": "reject"}, "X", "rejected"),
    ]
    for number, (key, change, what, said) in enumerate(steps, 1):
        desk.press(key)
        desk.toast(f"IMG_0001.jpg: {said}")
        assert desk.saved(number)[-1] == (f"{what} on IMG_0001.jpg", [{"i": 1, **change}])


def test_a_label_is_taken_away_by_its_key(desk: Desk) -> None:
    desk.press("7", "7")
    assert [items for _, items in desk.saved(2)] == [[{"i": 1, "label": "yellow"}], [{"i": 1, "label": None}]]


def test_keep_this_one_and_reject_the_rest_of_its_series(desk: Desk) -> None:
    desk.press("ArrowDown", "Shift+P")
    desk.toast("IMG_0004.jpg: picked; the other 3 of its series rejected")
    rest = [{"i": i, "flag": "reject"} for i in (3, 5, 6)]
    assert desk.saved(1) == [("Shift+P on IMG_0004.jpg", [{"i": 4, "flag": "pick"}, *rest])]


def test_arrows_go_through_photographs_and_series(desk: Desk) -> None:
    for key, name in [
        ("ArrowRight", "IMG_0002.jpg"),
        ("ArrowDown", SECOND["pick"]),
        ("ArrowDown", "IMG_0008.jpg"),
        ("ArrowUp", SECOND["pick"]),
        ("ArrowLeft", "IMG_0003.jpg"),
        ("End", "IMG_0059.jpg"),
        ("ArrowRight", "IMG_0059.jpg"),
        ("Home", "IMG_0000.jpg"),
        ("ArrowUp", "IMG_0000.jpg"),
    ]:
        desk.press(key)
        assert desk.framed() == name, key
        assert desk.page.locator(".cell.framed .cell-name").inner_text() == name


def test_marked_photographs_are_decided_together(desk: Desk) -> None:
    desk.press("Shift+ArrowRight", "Shift+ArrowRight")
    assert desk.framed() == "3 photographs"
    assert desk.page.locator(".cell[aria-selected=true]").count() == 3
    desk.press("x")
    desk.toast("3 photographs: rejected")
    assert desk.saved(1) == [("X on 3 photographs", [{"i": i, "flag": "reject"} for i in (1, 2, 3)])]
    desk.press("Escape", "e", "p")  # in the loupe one is seen, and one is decided
    assert desk.saved(2)[1] == ("P on IMG_0003.jpg", [{"i": 3, "flag": "pick"}])


def test_clicks_frame_add_and_extend(desk: Desk) -> None:
    cell = desk.page.locator
    cell("#cell-2").click()
    assert desk.framed() == "IMG_0002.jpg"
    cell("#cell-4").click(modifiers=["Control"])
    cell("#cell-6").click(modifiers=["Control"])
    cell("#cell-4").click(modifiers=["Control"])
    desk.press("p")
    cell("#cell-2").click()
    cell("#cell-4").click(modifiers=["Shift"])
    desk.press("x")
    cell("#cell-5").dblclick()
    cell("#loupe-view:visible").wait_for()
    assert [[item["i"] for item in items] for _, items in desk.saved(2)] == [[2, 6], [2, 3, 4]]
    assert desk.framed() == "IMG_0005.jpg"


def test_what_was_scrolled_away_is_shown_before_it_can_be_decided(desk: Desk) -> None:
    desk.page.locator("#grid").evaluate("(grid) => { grid.scrollTop = grid.scrollHeight; }")
    desk.press("p")
    desk.toast("IMG_0001.jpg was out of sight")
    assert desk.page.locator("#cell-1 .cell-picture").is_visible()
    desk.press("p")
    assert desk.saved(1) == [("P on IMG_0001.jpg", [{"i": 1, "flag": "pick"}])]


def test_a_card_that_was_scrolled_away_is_shown_before_it_can_be_decided(browser: Any) -> None:
    with opened_desk(browser, Service(burst(0, 1, 20))) as desk:
        desk.press("s")
        desk.page.locator("#series-view .card.framed").wait_for()
        desk.page.locator("#series-view").evaluate("(view) => { view.scrollTop = view.scrollHeight; }")
        desk.press("x")
        desk.toast("IMG_0001.jpg was out of sight")
        desk.press("x")
        assert desk.saved(1) == [("X on IMG_0001.jpg", [{"i": 1, "flag": "reject"}])]


def test_nothing_moves_when_something_is_decided_until_one_asks(desk: Desk) -> None:
    before = desk.listed()
    desk.press("p", "ArrowRight", "x")
    desk.saved(2)
    assert desk.listed() == before
    assert desk.page.locator("#left").inner_text() == "58 of 60 left to decide"
    assert desk.page.locator("#refresh").inner_text() == "Take away 2 that do not match any more"
    desk.press("r")
    assert desk.listed() == [i for i in range(60) if i not in (1, 2)]
    assert desk.framed() == "IMG_0003.jpg"


def test_goes_on_after_a_decision_where_that_is_wished(desk: Desk) -> None:
    desk.page.locator("#advance").click()
    desk.press("p", "x", "4", "6", "Shift+P")  # a label goes nowhere
    assert [(what, items[0]["i"]) for what, items in desk.saved(5)] == [
        ("P on IMG_0001.jpg", 1),
        ("X on IMG_0002.jpg", 2),
        ("4 stars on IMG_0003.jpg", 3),
        ("red on IMG_0004.jpg", 4),
        ("Shift+P on IMG_0004.jpg", 4),
    ]
    desk.wait_for_frame("IMG_0007.jpg")  # 5 and 6 were rejected with the rest of the series
    desk.press("End", "x")
    desk.wait_for_frame("IMG_0000.jpg")  # and in the end what was passed over


def test_caps_lock_goes_on_too(desk: Desk) -> None:
    held = "{key: 'P', modifierCapsLock: true, bubbles: true}"
    desk.page.evaluate(f"() => void document.body.dispatchEvent(new KeyboardEvent('keydown', {held}))")
    desk.wait_for_frame("IMG_0002.jpg")
    desk.press("x")  # Caps Lock is off
    desk.toast("IMG_0002.jpg: rejected")
    assert desk.framed() == "IMG_0002.jpg"


def test_undo_and_redo_say_and_show_what_they_did(desk: Desk) -> None:
    desk.press("p", "ArrowDown", "3", "End", "x")
    desk.saved(3)
    desk.press("Control+z")
    desk.toast("Undone: X on IMG_0059.jpg")
    desk.press("Control+z", "Control+z")
    desk.toast("Undone: P on IMG_0001.jpg")
    desk.wait_for_frame("IMG_0001.jpg")
    assert [photo["i"] for photo in desk.service.photos if photo["flag"] or photo["stars"]] == []
    desk.page.locator("#left", has_text="60 of 60 left").wait_for()
    desk.press("Control+z")
    desk.toast("Nothing to undo.")
    desk.press("Control+Shift+Z", "Control+y")
    desk.toast("Done again: 3 stars on IMG_0004.jpg")
    desk.wait_for_frame("IMG_0004.jpg")
    assert desk.page.locator("#cell-4 .cell-stars").inner_text() == "\u2605" * 3


def test_a_reload_keeps_the_place_the_view_and_the_filters(desk: Desk) -> None:
    desk.press("ArrowDown", "ArrowRight", "p", "e")
    desk.saved(1)
    desk.page.reload()
    desk.page.locator("#loupe-view:visible").wait_for()
    desk.wait_for_frame("IMG_0005.jpg")  # decided, and still looked at
    desk.press("g")
    desk.choose("All")
    desk.page.locator("#order").select_option("score")
    desk.press("Escape", "End")
    name, listed = desk.framed(), desk.listed()
    desk.page.reload()
    desk.wait_for_frame(name)
    assert desk.listed() == listed
    assert desk.page.locator(".cell.framed .cell-picture").is_visible()


def test_filters(browser: Any) -> None:
    photos = shoot(24)
    changes: dict[int, dict[str, Any]] = {
        3: {"flag": "pick", "stars": 5},
        4: {"flag": "reject", "label": "green"},
        5: {"stars": 2, "folder": "Trip 2", "day": "2026-05-02"},
        6: {"camera": "", "name": "Hall\u00e9.JPG", "scores": None},
    }
    for i, cells in changes.items():
        photos[i].update(cells)
    with opened_desk(browser, Service(photos)) as desk:
        page = desk.page
        for decided, expected in [("Picks", [3]), ("Rejected", [4]), ("All", list(range(24))), ("Decided", [3, 4, 5])]:
            desk.choose(decided)
            assert desk.listed() == expected, decided
        desk.choose("All")
        for name, value, expected in [
            ("stars", "2", [3, 5]),
            ("stars", "none", [i for i in range(24) if i not in (3, 5)]),
            ("label", "green", [4]),
            ("camera", "NIKON Z 8", [photo["i"] for photo in photos if photo["camera"].startswith("NIKON")]),
            ("kind", "single", [photo["i"] for photo in photos if photo["kind"] == "single"]),
            ("suggestion", "maybe", [photo["i"] for photo in photos if photo["suggestion"] == "maybe"]),
            ("day", "2026-05-02", [5]),
        ]:
            page.locator(f"#{name}").select_option(value)
            assert desk.listed() == expected, (name, value)
            page.locator(f"#{name}").select_option("")
        for text, expected in [("trip", [5]), ("HALLE\u0301", [6]), ("img 0010", [10]), ("nothing", [])]:
            page.locator("#search").fill(text)
            assert desk.listed() == expected, text
        assert page.locator("#empty-text").inner_text() == "No photograph passes these filters."
        assert page.locator("#shown").inner_text() == "0 of 24 shown"
        page.locator("#show-all").click()
        assert desk.listed() == list(range(24))


def test_the_histogram_is_a_filter(desk: Desk) -> None:
    page = desk.page
    page.locator("#least").focus()
    for _ in range(20):
        desk.press("ArrowRight")
    photos = desk.service.photos
    low = 2 + 20 / 60 * 4  # the scores lie between 2 and 6; the slider has 60 steps
    assert desk.listed() == [photo["i"] for photo in photos if photo["scores"]["overall"] >= low]
    assert page.locator("#score-range").inner_text() == "3.33 to 6.00"
    assert page.locator("#least").get_attribute("aria-valuetext") == "3.33"
    assert page.locator("#histogram .out").count() == 10
    page.locator("#clear").click()
    assert len(desk.listed()) == 60


def test_orders_keep_series_together(browser: Any) -> None:
    photos = shoot(24)
    service = Service(photos)
    service.about["progress"]["stage"] = "measuring"  # the page asks often
    for photo in photos:
        photo["taste"] = 7 - photo["scores"]["overall"]
    line = "On the last 20 decisions no better than the general score (0.61 against 0.64)."
    with opened_desk(browser, service) as desk:
        assert desk.page.locator("#order option").all_text_contents() == ["Capture time", "Aesthetics"]
        service.about["taste"] = {"ratings": 12, "needed": 10, "ready": True, "better": False, "line": line}
        desk.page.locator("#taste", has_text=line).wait_for()
        assert desk.page.locator("#order option").count() == 2  # it stays off where it is no better
        line = "On the last 20 decisions it was right more often (0.71 against 0.64)."
        service.about["taste"] |= {"better": True, "line": line}
        desk.page.locator("#taste", has_text=line).wait_for()
        for order, value in [
            ("score", lambda photo: photo["scores"]["overall"]),
            ("taste", lambda photo: photo["taste"]),
        ]:
            desk.page.locator("#order").select_option(order)
            listed = [photos[i] for i in desk.listed()]
            series = list(dict.fromkeys(photo["series"] for photo in listed))
            assert [photo["series"] for photo in sorted(listed, key=lambda photo: series.index(photo["series"]))] == [
                photo["series"] for photo in listed
            ]
            best = [max(value(photo) for photo in photos if photo["series"] == number) for number in series]
            assert best == sorted(best, reverse=True), order
            assert listed[0]["rank"] == 1


def test_loupe_zooms_to_the_pixels_under_the_pointer_and_stays_there(desk: Desk) -> None:
    page = desk.page
    desk.press("ArrowDown", "e")
    page.locator("#loupe-view .picture img.preview").wait_for()
    stage = page.locator("#loupe-view .stage")
    box, whole = stage.bounding_box(), page.locator("#loupe-view .picture").bounding_box()
    at = (whole["x"] + 0.3 * whole["width"], whole["y"] + 0.6 * whole["height"])
    page.mouse.move(*at)
    desk.press("z")
    page.locator("#loupe-view .picture img.full").wait_for()
    large = page.locator("#loupe-view .picture").bounding_box()
    assert (large["width"], large["height"]) == (1500, 1000)
    under = ((at[0] - large["x"]) / 1500, (at[1] - large["y"]) / 1000)
    assert under == pytest.approx((0.3, 0.6), abs=0.01)
    desk.press("ArrowRight")  # the same place of the next one
    page.locator("#loupe-view .picture img.full[src='/photo/5/full']").wait_for()
    assert page.locator("#loupe-view .picture").bounding_box() == large
    page.mouse.down()
    page.mouse.move(at[0] - 60, at[1] + 40, steps=4)
    page.mouse.up()
    moved = page.locator("#loupe-view .picture").bounding_box()
    assert (moved["x"] - large["x"], moved["y"] - large["y"]) == pytest.approx((-60, 40), abs=1)
    desk.press("Shift+ArrowRight")
    assert page.locator("#loupe-view .picture").bounding_box()["x"] == pytest.approx(moved["x"] - 120, abs=1)
    page.mouse.click(*at)
    small = page.locator("#loupe-view .picture").bounding_box()
    assert small["width"] <= box["width"] and small["height"] <= box["height"]
    assert desk.service.decided == []


def test_loupe_has_its_neighbours_ready_and_says_why(desk: Desk) -> None:
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url.split("/", 3)[3]))
    desk.press("ArrowDown", "Enter")
    desk.page.locator("#loupe-view .picture img.preview").wait_for()
    until(lambda: {f"photo/{i}/preview" for i in (2, 3, 4, 5, 6)} <= set(asked))
    text = desk.page.locator("#loupe-view .about").inner_text()
    for said in ["IMG_0004.jpg", "Burst of 4", "sharper by 38%", "3.90", "90% interval", "noise", "1500 \u00d7 1000"]:
        assert said in text or said == "3.90"
    assert desk.page.locator("#loupe-view .film button").count() == 4


def test_a_photograph_that_cannot_be_read_says_so_everywhere(browser: Any) -> None:
    photos = [photograph(0, error="cut short", scores=None), photograph(1)]
    service = Service(photos)
    service.pictures = lambda i, what: service.drawn(i, what) if i else b"no picture"
    with opened_desk(browser, service) as desk:
        assert desk.page.locator("#cell-0 .broken").inner_text() == "cut short"
        desk.press("e")
        desk.page.locator("#loupe-view .note", has_text="This photograph cannot be shown.").wait_for()
        assert "Cannot be read: cut short" in desk.page.locator("#loupe-view .about").inner_text()
        desk.press("x", "ArrowRight")
        desk.page.locator("#loupe-view .picture img.preview").wait_for()
        assert desk.page.locator("#loupe-view .note").is_hidden()
        assert desk.saved(1) == [("X on IMG_0000.jpg", [{"i": 0, "flag": "reject"}])]


def test_map_of_evidence_is_asked_for_only_on_demand(desk: Desk) -> None:
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    desk.press("e")
    desk.page.locator("#loupe-view .picture img.preview").wait_for()
    assert not [url for url in asked if "/map" in url]
    desk.press("m")
    desk.page.locator("#loupe-view .picture img.map").wait_for()
    assert desk.page.locator("#loupe-view .note").inner_text() == "Orange raises the score, blue lowers it"
    desk.press("m")
    assert desk.page.locator("#loupe-view .picture img.map").count() == 0


def test_compare_moves_and_zooms_in_step_and_decides_in_one_pane(desk: Desk) -> None:
    page = desk.page
    desk.press("ArrowDown", "c")
    panes = page.locator("#compare-view .pane:visible")
    assert panes.count() == 2
    desk.press("c", "c")
    assert panes.count() == 4
    desk.press("z")
    for pane in range(4):
        page.locator("#compare-view .pane").nth(pane).locator("img.full").wait_for()
    desk.press("Shift+ArrowRight", "Shift+ArrowDown")
    transforms = page.locator("#compare-view .picture").evaluate_all("(all) => all.map((each) => each.style.transform)")
    assert len(set(transforms)) == 1
    desk.press("ArrowRight")
    framed = page.locator("#compare-view .pane.framed")
    assert framed.count() == 1 and desk.framed() in framed.inner_text()
    name = desk.framed()
    desk.press("2")
    assert [what for what, _ in desk.saved(1)] == [f"2 stars on {name}"]
    desk.press("c")
    assert panes.count() == 2


def test_a_rejected_pane_shows_the_next_of_the_series(desk: Desk) -> None:
    desk.press("ArrowDown", "c")
    shown = desk.page.locator("#compare-view .pane:visible b").all_inner_texts
    assert shown() == ["IMG_0004.jpg", "IMG_0003.jpg"]
    desk.press("ArrowRight", "x")
    assert shown() == ["IMG_0004.jpg", "IMG_0005.jpg"]
    desk.press("x")
    assert shown() == ["IMG_0004.jpg", "IMG_0006.jpg"]
    assert [items[0]["i"] for _, items in desk.saved(2)] == [3, 5]


def test_the_series_view_shows_the_pick_and_the_reasons(desk: Desk) -> None:
    desk.press("ArrowDown", "s")
    cards = desk.page.locator("#series-view .card")
    assert cards.count() == 4
    assert desk.page.locator("#series-view h2").inner_text() == "Burst of 4"
    framed = desk.page.locator("#series-view .card.framed").inner_text()
    assert "Pick" in framed and "sharper by 38%" in framed
    assert "softer than IMG_0004.jpg" in cards.nth(0).inner_text()
    desk.press("ArrowDown")
    assert desk.page.locator("#series-view h2").inner_text() == "Burst of 5"


def test_fills_while_scoring_goes_on_and_keeps_what_is_looked_at(browser: Any) -> None:
    first = [photograph(i, scores=None, series=None, kind=None, suggestion=None, rank=None) for i in range(20, 40)]
    service = Service(first)
    service.photos = [photograph(i) for i in range(20)] + first  # numbers are places in the list
    service.changed = dict.fromkeys(range(20, 40), 1)
    service.about["progress"] = {"stage": "scoring", "done": 0, "total": 40}
    with opened_desk(browser, service) as desk:
        desk.page.locator("#stage", has_text="Scoring 0 of 40").wait_for()
        assert desk.page.locator("#cell-20 .cell-score").inner_text() == ""
        desk.press("End")
        top = desk.page.locator("#cell-39").bounding_box()["y"]
        service.about["progress"] = {"stage": "scoring", "done": 20, "total": 40}
        service.add(*(photograph(i) for i in range(20)))
        desk.page.locator("#left", has_text="40 of 40").wait_for()
        assert desk.framed() == "IMG_0039.jpg"
        assert desk.page.locator("#cell-39").bounding_box()["y"] == pytest.approx(top, abs=1)
        service.add(*burst(36, 900, 4))
        service.about["progress"] = {"stage": "done", "done": 40, "total": 40}
        desk.page.locator("#cell-39.together").wait_for()
        desk.page.locator("#progress").wait_for(state="hidden")
        assert desk.framed() == "IMG_0039.jpg"


def test_two_windows_agree(desk: Desk) -> None:
    other = desk.page.context.new_page()
    other.goto(desk.page.url)
    other.locator(".cell.framed").wait_for()
    desk.press("p")
    other.locator("#cell-1.pick").wait_for()
    assert other.locator("#left").inner_text() == "59 of 60 left to decide"
    other.keyboard.press("ArrowRight")
    other.keyboard.press("x")
    desk.page.locator("#cell-2.reject").wait_for()


def test_decisions_wait_while_the_server_is_away(browser: Any) -> None:
    service = Service(shoot(12))
    with serving(service) as url:
        port = int(url.rsplit(":", 1)[1])
        window = visited(browser, url, ".cell.framed", may_fail=True)
        page = window.__enter__()
    desk = Desk(page, service)
    desk.press("p", "ArrowRight", "4")
    away = page.locator("#away", has_text="2 decisions not saved yet")
    away.wait_for()
    assert "The server does not answer" in away.inner_text()
    assert page.locator("#cell-1.pick").count() == 1
    with serving(service, port):
        assert [what for what, _ in desk.saved(2)] == ["P on IMG_0001.jpg", "4 stars on IMG_0002.jpg"]
        away.wait_for(state="hidden")
        desk.toast("The server is there again.")
        window.__exit__(None, None, None)


def test_what_waits_goes_to_the_right_photographs_of_a_server_that_counts_otherwise(browser: Any) -> None:
    with serving(Service(shoot(12))) as url:
        port = int(url.rsplit(":", 1)[1])
        window = visited(browser, url, ".cell.framed", may_fail=True)
        page = window.__enter__()
    new = Service([photograph(0, name="new.jpg"), *(photograph(i + 1, name=f"IMG_{i:04}.jpg") for i in range(12))])
    desk = Desk(page, new)
    desk.press("p", "ArrowRight", "x")
    page.locator("#away", has_text="2 decisions not saved yet").wait_for()
    with serving(new, port):
        assert desk.saved(2) == [
            ("P on IMG_0001.jpg", [{"i": 2, "flag": "pick"}]),
            ("X on IMG_0002.jpg", [{"i": 3, "flag": "reject"}]),
        ]
        page.locator("#cell-3.framed.reject").wait_for()
        page.locator("#left", has_text="11 of 13").wait_for()
        assert desk.framed() == "IMG_0002.jpg"
        window.__exit__(None, None, None)


def test_a_decision_that_was_refused_is_taken_back_and_said(browser: Any) -> None:
    service = Service(shoot(12))
    service.refusal = "the disk is full: free some room"
    with opened_desk(browser, service, may_fail=True) as desk:
        desk.press("p")
        desk.toast("Not saved (P on IMG_0001.jpg): the disk is full: free some room")
        assert desk.page.locator("#cell-1.pick").count() == 0


def test_export_shows_what_it_would_write_before_it_writes(desk: Desk) -> None:
    page = desk.page
    desk.press("p", "ArrowDown", "p")
    desk.saved(2)
    page.locator("#export").click()
    summary = page.locator("#export-summary")
    page.locator("#export-summary", has_text="Nothing is written yet").wait_for()
    assert page.locator("#export-lines tr").count() == 2
    assert [body["dry_run"] for body in desk.service.exported] == [True]
    page.locator("input[value=lightroom]").check()
    assert page.locator("#write").is_disabled()  # what was shown is not what would be written
    page.locator("#preview").click()
    page.locator("#write:enabled").click()
    page.locator("#export-summary", has_text="Done").wait_for()
    assert "written 2" in summary.inner_text()
    xmp = {"to": "xmp", "profiles": "sidecar,lightroom", "embed": False}
    assert desk.service.exported[1:] == [{**xmp, "dry_run": True}, {**xmp, "dry_run": False}]
    page.locator("input[value=copy]").check()
    page.locator("#path").fill("best of")
    page.locator("#preview").click()
    until(lambda: len(desk.service.exported) == 4)
    assert desk.service.exported[3] == {"to": "copy", "path": "best of", "dry_run": True}
    desk.press("Escape", "x")  # the keys are for the photographs again
    assert desk.saved(3)[2][0] == "X on IMG_0004.jpg"


def test_names_and_reasons_are_text(browser: Any) -> None:
    photos = burst(0, 1, 5)
    for photo, name in zip(photos, HOSTILE, strict=True):
        photo.update(
            name=name, reason=f"softer than {HOSTILE[0]}", camera=HOSTILE[1], folder=HOSTILE[2], day=HOSTILE[3]
        )
    photos.append(photograph(5, error=HOSTILE[0], scores=None))
    service = Service(photos)
    service.about |= {"title": HOSTILE[1], "failed": [{"name": HOSTILE[0], "reason": HOSTILE[1]}]}
    with opened_desk(browser, service) as desk:
        assert desk.page.locator("#cells .cell-name").all_text_contents() == [*HOSTILE, "IMG_0005.jpg"]
        desk.press("p")
        desk.toast(f"{HOSTILE[1]}: picked")
        for key in "esc":
            desk.press(key)
            assert HOSTILE[1] in desk.page.locator("main").inner_text()
        desk.page.locator("#failed").click()
        assert desk.page.locator("#failed-rows td").all_text_contents() == HOSTILE[:2]
        assert desk.page.locator("img[src=x], main script").count() == 0


def test_the_question_mark_shows_every_key(desk: Desk) -> None:
    desk.press("?")
    box = desk.page.locator("#keys-box")
    box.wait_for()
    text = box.inner_text()
    for key in ["P X U", "6 7 8 9", "Shift+P", "Ctrl+Z", "Z or Space", "G E C S"]:
        assert key in text
    desk.press("p")  # is for the dialog
    desk.press("Escape")
    box.wait_for(state="hidden")
    assert desk.service.decided == []


def test_keys_in_the_search_field_are_letters(desk: Desk) -> None:
    desk.page.locator("#search").click()
    desk.page.keyboard.type("pxg1")
    assert desk.page.locator("#search").input_value() == "pxg1"
    desk.page.locator("#search").fill("")
    desk.press("Escape", "p")
    assert desk.saved(1) == [("P on IMG_0001.jpg", [{"i": 1, "flag": "pick"}])]


def test_an_empty_queue_says_so(browser: Any) -> None:
    photos = [photograph(i, flag="pick") for i in range(3)]
    with opened_desk(browser, Service(photos), "#empty") as desk:
        desk.page.locator("#empty-text", has_text="Everything is decided.").wait_for()
        assert desk.page.locator("#left").inner_text() == "All 3 decided"
        desk.press("p", "e", "c", "Shift+P", "m", "ArrowDown")  # there is nothing to act on
        assert desk.service.decided == []
        desk.page.locator("#show-all").click()
        assert desk.listed() == [0, 1, 2]


def test_on_a_phone_by_touch(browser: Any) -> None:
    with opened_desk(browser, Service(shoot(12)), viewport=PHONE, has_touch=True, is_mobile=True) as desk:
        page = desk.page
        page.locator("#cell-1").tap()
        page.locator("#loupe-view:visible").wait_for()
        assert desk.framed() == "IMG_0001.jpg"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        swipe(page, -160)
        desk.wait_for_frame("IMG_0002.jpg")
        swipe(page, 160)
        desk.wait_for_frame("IMG_0001.jpg")
        page.locator("#decide [data-act=pick]").tap()
        page.locator("#star-buttons [data-value='4']").tap()
        assert desk.saved(2) == [
            ("P on IMG_0001.jpg", [{"i": 1, "flag": "pick"}]),
            ("4 stars on IMG_0001.jpg", [{"i": 1, "stars": 4}]),
        ]
        page.locator(".over .back").tap()
        page.locator("#show-filters").tap()
        desk.choose("Picks")
        page.locator("#hide-filters").tap()
        assert desk.listed() == [1]


def swipe(page: Any, by: int) -> None:
    """A finger goes over the picture; Playwright's own touch has taps only."""
    box = page.locator("#loupe-view .stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)
    points = [{"x": x + by * min(k, 5) / 5, "y": y} for k in range(12)]  # it rests in the end, so that nothing flings
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        page.evaluate("new Promise(requestAnimationFrame)")
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
