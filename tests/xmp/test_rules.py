"""What a person has set is never changed; what we wrote is, and what is empty."""

from dataclasses import replace

import pytest

from beholder.xmp import names
from beholder.xmp.mark import Mark
from beholder.xmp.names import full, short
from beholder.xmp.packet import Packet, empty_packet, parse
from beholder.xmp.rules import FIELDS, Standing, apply, clear, standing
from helpers.xmp_packets import PUBLIC, STYLES, elements, lightroom

ALL = PUBLIC - {names.DARKTABLE_COLOURS}
MARK = Mark("a.jpg", {"Overall": "5.6", "Beauty": "5.5"}, 4, "green", "pick")
WANTED = {
    "xmp:Rating": "4",
    "xmp:Label": "Green",
    "photoshop:LabelColor": "green",
    "digiKam:ColorLabel": "4",
    "xmpDM:pick": "1",
    "xmpDM:good": "true",
    "digiKam:PickLabel": "3",
}
FIELD_OF = {short(name): which for which, known in FIELDS.items() for name in known.properties}


def packet_of(content: bytes, *marks: Mark) -> Packet:
    packet = parse(content)
    for mark in marks:
        apply(packet, mark, ALL, (), "now")
    return parse(packet.to_bytes())


def said(packet: Packet) -> dict[str, str]:
    """The public properties."""
    found = {short(name): packet.get(name) for name in PUBLIC}
    return {name: text for name, text in found.items() if text is not None}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "empty",
    [
        {},
        {"xmp_Rating": "0"},
        {"xmp_Rating": "", "xmp_Label": ""},
        {"xmpDM_pick": "0"},
        {"digiKam_PickLabel": "0", "digiKam_ColorLabel": "0"},
    ],
)
def test_what_is_empty_is_written(style: str, empty: dict[str, str]) -> None:
    packet = packet_of(STYLES[style](**empty), MARK)
    assert said(packet) == WANTED
    assert packet.own() == {
        "Beauty": "5.5",
        "Overall": "5.6",
        "Scored": "now",
        "WroteFlag": "pick",
        "WroteLabel": "green",
        "WroteRating": "4",
    }


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("xmp_Rating", "3"),
        ("xmp_Rating", "-1"),
        ("xmp_Rating", "many"),
        ("xmp_Label", "Rot"),
        ("photoshop_LabelColor", "red"),
        ("digiKam_ColorLabel", "9"),
        ("xmpDM_pick", "-1"),
        ("xmpDM_good", "false"),
        ("digiKam_PickLabel", "1"),
        ("digiKam_PickLabel", "2"),
    ],
)
def test_what_somebody_set_stays(style: str, name: str, text: str) -> None:
    packet = parse(STYLES[style](**{name: text}))
    edit = apply(packet, MARK, ALL, (), "now")
    name = name.replace("_", ":")
    which = FIELD_OF[name]
    kept = {which, "flag"} if text == "-1" and which == "rating" else {which}  # -1 stars are a reject
    assert set(edit.kept) == kept
    others = {each: value for each, value in WANTED.items() if FIELD_OF[each] not in kept}
    assert said(packet) == {**others, name: text}
    assert not {f"Wrote{each.capitalize()}" for each in kept} & set(packet.own())
    assert packet.own()["Overall"] == "5.6"  # our own values are ours


def test_what_a_list_says_stays() -> None:
    colours = "<rdf:Seq><rdf:li>2</rdf:li></rdf:Seq>"
    packet = parse(elements(darktable_colorlabels=colours))
    assert apply(packet, MARK, ALL, (), "now").kept == ["label"]


@pytest.mark.parametrize("style", STYLES)
def test_what_we_wrote_follows_what_we_find(style: str) -> None:
    first = packet_of(STYLES[style](), MARK)
    changed = Mark("a.jpg", {"Overall": "3.1"}, 2, "none", "reject")
    packet = packet_of(first.to_bytes(), changed)
    assert said(packet) == {"xmp:Rating": "2", "xmpDM:pick": "-1", "xmpDM:good": "false", "digiKam:PickLabel": "1"}
    assert packet.own() == {"Overall": "3.1", "Scored": "now", "WroteFlag": "reject", "WroteRating": "2"}
    gone = packet_of(packet.to_bytes(), Mark("a.jpg", {"Overall": "3.1"}, 0, "none", "none"))
    assert said(gone) == {} and gone.own() == {"Overall": "3.1", "Scored": "now"}


def test_what_is_not_asked_for_stays() -> None:
    packet = packet_of(lightroom(), MARK, Mark("a.jpg", {"Overall": "3.1"}))
    assert said(packet) == WANTED and packet.own()["WroteRating"] == "4"


@pytest.mark.parametrize("name", ["xmp:Rating", "xmp:Label", "xmpDM:pick", "digiKam:PickLabel"])
def test_what_is_changed_after_us_is_yours(name: str) -> None:
    packet = packet_of(lightroom(), MARK)
    packet.set(full(name), "2")
    which = FIELD_OF[name]
    edit = apply(packet, Mark("a.jpg", {"Overall": "1"}, 5, "red", "reject"), ALL, (), "later")
    assert edit.kept == [which] and said(packet)[name] == "2"
    assert f"Wrote{which.capitalize()}" not in packet.own()
    assert standing(packet, which) is Standing.YOURS
    before = packet.to_bytes()
    again = apply(packet, Mark("a.jpg", {"Overall": "1"}, 5, "red", "reject"), ALL, (), "even later")
    assert again.kept == [which] and not again.changes and packet.to_bytes() == before


def test_who_sets_the_same_is_not_told() -> None:
    """But nothing is claimed as ours either."""
    packet = parse(lightroom(xmp_Rating="4"))
    edit = apply(packet, MARK, ALL, (), "now")
    assert edit.kept == [] and "WroteRating" not in packet.own()
    assert apply(packet, Mark("a.jpg", {}, 5), ALL, (), "now").kept == ["rating"]


@pytest.mark.parametrize("which", FIELDS)
def test_what_somebody_set_elsewhere_counts(which: str) -> None:
    theirs = {"rating": {"xmp_Rating": "2"}, "label": {"xmp_Label": "Red"}, "flag": {"xmpDM_pick": "-1"}}[which]
    packet, other = parse(empty_packet()), parse(lightroom(**theirs))
    edit = apply(packet, MARK, ALL, [other], "now")
    assert edit.kept == [which] and not any(FIELD_OF[name] == which for name in said(packet))
    ours = packet_of(lightroom(), MARK)
    assert apply(parse(empty_packet()), MARK, ALL, [ours], "now").kept == []


def test_a_second_run_changes_nothing() -> None:
    packet = parse(lightroom(xmp_Rating="2"))
    apply(packet, MARK, ALL, (), "now")
    before = packet.to_bytes()
    assert not apply(packet, MARK, ALL, (), "later").changes and packet.to_bytes() == before


def test_only_what_the_programs_read_is_written() -> None:
    packet = parse(lightroom())
    apply(packet, MARK, {names.RATING, names.PICK_LABEL}, (), "now")
    assert said(packet) == {"xmp:Rating": "4", "digiKam:PickLabel": "3"}
    assert "WroteLabel" not in packet.own()
    apply(packet, Mark("a.jpg", {}, None, None, "reject"), {names.PICK, names.GOOD}, (), "now")
    assert said(packet)["digiKam:PickLabel"] == "1"  # which we wrote, so it is brought up to date


def test_a_reject_of_stars_needs_a_flag_that_is_free() -> None:
    packet = parse(lightroom(xmpDM_pick="1"))
    edit = apply(packet, Mark("a.jpg", {}, -1, None, "reject"), ALL, (), "now")
    assert edit.kept == ["flag", "rating"] and said(packet) == {"xmpDM:pick": "1"}


def test_scores_and_decisions_replace_their_own_kind() -> None:
    cull = Mark("a.jpg", {"Overall": "5", "Beauty": "4", "Decision": "pick", "Reason": "sharper", "Rank": "1"})
    packet = packet_of(lightroom(), cull)
    packet = packet_of(packet.to_bytes(), Mark("a.jpg", {"Overall": "6"}))
    assert packet.own() == {"Overall": "6", "Decision": "pick", "Reason": "sharper", "Rank": "1", "Scored": "now"}
    packet = packet_of(packet.to_bytes(), Mark("a.jpg", {"Overall": "6", "Decision": "other"}))
    assert packet.own() == {"Overall": "6", "Decision": "other", "Scored": "now"}


@pytest.mark.parametrize("style", STYLES)
def test_clear_takes_out_what_we_wrote_and_no_more(style: str) -> None:
    packet = packet_of(STYLES[style](xmp_Rating="0"), MARK)
    packet.set(names.LABEL, "Rot")
    edit = clear(packet)
    assert edit.kept == ["label"] and packet.own() == {}
    assert said(packet) == {"xmp:Label": "Rot", "photoshop:LabelColor": "green", "digiKam:ColorLabel": "4"}
    assert not clear(packet).changes


@pytest.mark.parametrize("style", STYLES)
def test_what_a_person_has_decided_is_written_over_it(style: str) -> None:
    theirs = {"xmp_Rating": "2", "xmp_Label": "Rot", "xmpDM_pick": "-1", "xmpDM_good": "false"}
    over = replace(MARK, over=frozenset(FIELDS))
    packet = packet_of(STYLES[style](**theirs), over)
    assert said(packet) == WANTED and all(standing(packet, which) is Standing.OURS for which in FIELDS)
    only = packet_of(STYLES[style](**theirs), replace(MARK, over=frozenset({"rating"})))
    assert (said(only)["xmp:Rating"], said(only)["xmp:Label"], said(only)["xmpDM:pick"]) == ("4", "Rot", "-1")


def test_what_a_person_has_taken_back_is_taken_out() -> None:
    nothing = Mark("a.jpg", {}, 0, "none", "none", over=frozenset(FIELDS))
    packet = packet_of(elements(xmp_Rating="2", xmp_Label="Rot", xmpDM_pick="-1"), nothing)
    assert said(packet) == {} and not packet.own()


@pytest.mark.parametrize(("flag", "stars"), [("pick", None), ("none", None), ("reject", "-1")])
def test_a_decided_flag_is_over_a_reject_by_stars(flag: str, stars: str | None) -> None:
    packet = packet_of(elements(xmp_Rating="-1"), Mark("a.jpg", {}, flag=flag, over=frozenset({"flag"})))
    assert packet.get(names.RATING) == stars
