"""The link works once, and only the person at the terminal gets another one."""

from beholder.reviewing.guard import Door


def test_the_link_works_once_and_a_new_one_is_told_to_the_terminal_only():
    told = []
    door = Door(told.append)
    door.port = 8123
    first = door.link.partition("token=")[2]
    assert door.opened("") is None and door.opened(first + "x") is None and told == []
    cookie = door.opened(first)
    assert cookie and door.knows(cookie) and not door.knows(first) and not door.knows("")
    assert door.opened(first) is None and len(told) == 1
    second = told[0].partition("token=")[2]
    assert second not in (first, cookie) and told[0].startswith("http://127.0.0.1:8123/?token=")
    assert door.opened(first) is None and len(told) == 1, "who tries again gets no flood of links"
    assert door.opened(second) == cookie and door.opened(second) is None and len(told) == 2


def test_two_doors_have_nothing_in_common():
    one, other = Door(), Door()
    one.port, other.port = 1, 2
    token = one.link.partition("token=")[2]
    cookie = one.opened(token)
    assert other.opened(token) is None and not other.knows(cookie) and one.cookie_name != other.cookie_name
