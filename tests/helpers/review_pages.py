"""The page of `beholder review` in a browser, before a server of its kind."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from helpers.browsers import visited
from helpers.review_service import Service, serving

WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
LONG = 60.0  # seconds; nothing takes so long, but machines are busy


def until(condition: Callable[[], Any]) -> Any:
    """What a condition gives once it is true. Fails after a long time."""
    end = time.monotonic() + LONG
    while not (found := condition()):
        assert time.monotonic() < end, "this did not happen"
        time.sleep(0.02)
    return found


class Desk:
    """One window on a service.

    Attributes:
        page: of the browser.
        service: what answers it.
    """

    def __init__(self, page: Any, service: Service) -> None:
        self.page, self.service = page, service

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def framed(self) -> str:
        """Name of the photograph that is framed."""
        return str(self.page.locator("#framed b").inner_text())

    def wait_for_frame(self, name: str) -> None:
        self.page.locator(f"#framed:has(b:text-is('{name}'))").wait_for()

    def toast(self, text: str) -> None:
        """Waits until it was said."""
        self.page.locator("#toast.shown", has_text=text).wait_for()

    def listed(self) -> list[int]:
        """Numbers of all photographs in the list, whether they are drawn or not."""
        script = "import('/assets/review/state.js').then(({state}) => state.list)"
        return list(self.page.evaluate(script))

    def saved(self, number: int) -> list[Any]:
        """The decisions that reached the service, once there are so many."""
        until(lambda: len(self.service.decided) >= number)
        assert len(self.service.decided) == number
        return [(body["what"], body["items"]) for body in self.service.decided]

    def choose(self, decided: str) -> None:
        """Which decisions are listed: `All`, `Undecided` and so on."""
        self.page.get_by_role("radio", name=re.compile(f"^\\W*{decided}")).check(force=True)


@contextmanager
def opened_desk(browser: Any, service: Service, wait_for: str = ".cell.framed", **options: Any) -> Iterator[Desk]:
    """A service and a window on it; `options` as of :func:`helpers.browsers.visited`."""
    with serving(service) as url, visited(browser, url, wait_for, **{"viewport": WIDE, **options}) as page:
        yield Desk(page, service)
