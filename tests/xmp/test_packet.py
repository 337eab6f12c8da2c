"""Packets: everything foreign is kept, and what is no packet is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beholder.errors import BeholderError
from beholder.xmp import names
from beholder.xmp.mark import Mark
from beholder.xmp.names import OWN, PREFIXES, RDF, full
from beholder.xmp.packet import MAX_BYTES, STRUCTURE, empty_packet, parse
from beholder.xmp.rules import apply, clear
from helpers.xmp_packets import PUBLIC, STYLES, comments, elements, foreign, lightroom, texts

BIG = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b" " * MAX_BYTES + b"</x:xmpmeta>"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hello", "is not XML that can be read"),
        (lightroom()[:-300], "is not XML that can be read"),
        (b"<a/>", "not XMP"),
        (lightroom().decode().encode("utf-16"), "is in UTF-16, not in UTF-8"),
        (lightroom().decode().encode("utf-16-le"), "is in UTF-16, not in UTF-8"),
        (lightroom().decode().encode("utf-32"), "is in UTF-32, not in UTF-8"),
        (lightroom().decode().replace("\ufeff", "").encode("latin-1"), "is not in UTF-8"),
        (elements().replace(b"UTF-8", b"ISO-8859-1"), "another encoding than UTF-8"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + lightroom(), "document type or entities"),
        (lightroom().replace(b"sea", b"&a;"), "is not XML that can be read"),
        (BIG, "more than the 16,777,216"),
        (lightroom().replace(b"http://example.com/mine#", b"http://example.com/{mine}"), "a space or a brace"),
        (lightroom().replace(b"http://example.com/mine#", "http://example.com/ü".encode()), "is not a valid URI"),
        (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"<a>" * 100_000, "is not XML that can be read"),
        (lightroom().replace(b"</rdf:RDF>", b"</rdf:RDF><rdf:RDF xmlns:rdf='%s'/>" % RDF.encode()), "or more than one"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_packet_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(BeholderError) as caught:
        parse(content)
    assert says in str(caught.value) and str(caught.value).isprintable() and len(str(caught.value)) < 400


@pytest.mark.parametrize("style", STYLES)
def test_what_is_changed_and_what_is_kept(style: str) -> None:
    before = STYLES[style](xmp_Rating="3", xmp_Label="Red")
    packet = parse(before)
    assert (packet.get(names.RATING), packet.get(names.LABEL), packet.get(names.PICK)) == ("3", "Red", None)
    packet.set(names.RATING, "4")
    packet.remove(names.LABEL)
    packet.set(names.PICK, "1")
    packet.set(full("beholder:Reason"), 'sharper by 38% than "IMG_1" & <others>\n')
    after = packet.to_bytes()
    found = texts(after)
    assert found["xmp:Rating"] == "4" and found["xmpDM:pick"] == "1" and "xmp:Label" not in found
    assert found["beholder:Reason"] == 'sharper by 38% than "IMG_1" & <others>\n'
    assert foreign(after) == foreign(before) and comments(after) == comments(before)
    assert after.partition(b"<x:xmpmeta")[0] == before.partition(b"<x:xmpmeta")[0]
    assert after.rpartition(b"</x:xmpmeta>")[2] == before.rpartition(b"</x:xmpmeta>")[2]  # the padding, too


@pytest.mark.parametrize("style", STYLES)
def test_what_is_set_and_cleared_leaves_all_as_it_was(style: str) -> None:
    before = STYLES[style]()
    packet = parse(before)
    apply(packet, Mark("a.jpg", {"Overall": "5.0"}, 4, "green", "pick"), PUBLIC, (), "now")
    packet = parse(packet.to_bytes())
    clear(packet)
    assert parse(packet.to_bytes()).foreign(()) == parse(before).foreign(())
    assert OWN.encode() not in packet.to_bytes()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<rdf:Bag><rdf:li>3</rdf:li></rdf:Bag>", STRUCTURE),
        ("<rdf:Bag/>", ""),
        ("", ""),
        ("3<!-- stars -->", STRUCTURE),
        ("<![CDATA[3]]>", "3"),
    ],
)
def test_a_value_that_is_no_text(text: str, value: str) -> None:
    assert parse(elements(xmp_Rating=text)).get(names.RATING) == value


def test_a_property_that_is_there_twice() -> None:
    packet = parse(lightroom(xmp_Rating="3").replace(b"<?odd instruction?>", b"<xmp:Rating>4</xmp:Rating>"))
    assert packet.get(names.RATING) == STRUCTURE
    packet.set(names.RATING, "5")
    assert packet.to_bytes().count(b"xmp:Rating") == lightroom(xmp_Rating="3").count(b"xmp:Rating")
    assert texts(packet.to_bytes())["xmp:Rating"] == "5"


def test_a_prefix_of_ours_that_is_somebody_elses() -> None:
    before = lightroom().replace(
        b"xmlns:my=", b"xmlns:beholder='http://example.com/theirs' beholder:Overall='9' xmlns:my="
    )
    packet = parse(before)
    packet.set(full("beholder:Overall"), "5")
    packet.set(names.GOOD, "true")
    assert foreign(packet.to_bytes()) == foreign(before)
    assert dict(packet.own()) == {"Overall": "5"} and texts(packet.to_bytes())["xmpDM:good"] == "true"


def test_the_packet_that_we_make() -> None:
    packet = parse(empty_packet())
    assert packet.is_ours and packet.is_empty and packet.to_bytes() == empty_packet()
    assert not parse(lightroom()).is_ours and not parse(lightroom()).is_empty


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,6}", fullmatch=True)
ANY_TEXT = st.text(max_size=12)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\n\t"), max_size=12)
URIS = st.sampled_from(["http://example.com/a#", "urn:b", PREFIXES["xmp"], PREFIXES["digiKam"]])


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace('"', "&quot;")
        .replace("\n", "&#10;")
        .replace("\t", "&#9;")
    )


@st.composite
def packets(draw: st.DrawFn) -> bytes:
    """Packets of several Descriptions with properties in both forms, comments, structures and lists."""
    known = [(names.RATING, "xmp"), (names.LABEL, "xmp"), (names.PICK, "xmpDM"), (names.PICK_LABEL, "digiKam")]
    left = list(known)
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        attributes, children = {}, []
        for number in range(draw(st.integers(0, 4))):
            local, text, uri, form = draw(NAMES), draw(TEXTS), draw(URIS), draw(st.integers(0, 5))
            prefix = f"p{number}"
            if left and draw(st.booleans()):
                name, _ = left.pop()
                uri, _, local = name[1:].rpartition("}")
                text, form = draw(st.sampled_from(["", "0", "1", "3", "-1", "Red"])), draw(st.integers(0, 1))
            elif f"{{{uri}}}{local}" in PUBLIC:
                continue
            declared = f'xmlns:{prefix}="{uri}"'
            if form == 0:
                attributes.setdefault((uri, local), f'{declared} {prefix}:{local}="{_escaped(text)}"')
            else:
                inner = {
                    1: _escaped(text),
                    2: f"<rdf:Seq><rdf:li>{_escaped(text)}</rdf:li></rdf:Seq>",
                    3: f'<rdf:Description><q:Rating xmlns:q="{PREFIXES["xmp"]}">5</q:Rating></rdf:Description>',
                    4: f"<![CDATA[{text.replace(']]>', '')}]]><!-- {number} -->",
                    5: "",
                }[form]
                children.append(f"<{prefix}:{local} {declared}>{inner}</{prefix}:{local}>")
        space = draw(st.sampled_from(["", "\n", " <!-- between -->\n", "<?pi x?>"]))
        inside = space.join([*children, ""])
        parts.append(f'<rdf:Description rdf:about="" {" ".join(attributes.values())}>{inside}</rdf:Description>{space}')
    body = f'<rdf:RDF xmlns:rdf="{RDF}">{"".join(parts)}</rdf:RDF>'
    if draw(st.booleans()):
        body = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{body}</x:xmpmeta>'
    head, tail = draw(
        st.sampled_from(
            [("", ""), ("<?xml version='1.0'?>\n", "\n"), ("<?xpacket begin=''?> ", "\n <?xpacket end='w'?>")]
        )
    )
    return f"{head}{body}{tail}".encode()


MARKS = st.builds(
    Mark,
    st.just("a.jpg"),
    st.dictionaries(st.sampled_from(["Overall", "Decision", "Reason", "Model"]), ANY_TEXT, max_size=3),
    st.none() | st.integers(-1, 5),
    st.sampled_from([None, "none", "red", "green"]),
    st.sampled_from([None, "none", "pick", "maybe", "reject"]),
)


@settings(max_examples=100, deadline=None)
@given(packets(), MARKS, MARKS)
def test_foreign_properties_of_random_packets_are_equal(content: bytes, first: Mark, second: Mark) -> None:
    packet = parse(content)
    for mark in (first, second):
        apply(packet, mark, PUBLIC, (), "now")
        written = packet.to_bytes()
        packet = parse(written)
        assert foreign(written) == foreign(content) and comments(written) == comments(content)
        assert not apply(packet, mark, PUBLIC, (), "later").changes  # so nothing is written a second time
    clear(packet)
    assert foreign(packet.to_bytes()) == foreign(content) and not parse(packet.to_bytes()).own()


@settings(max_examples=100, deadline=None)
@given(packets(), st.data())
def test_damaged_packets_are_refused_or_well_formed(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.integers(0, 2)):
            case 0:
                damaged[at] = data.draw(st.integers(0, 255))
            case 1:
                del damaged[at : at + data.draw(st.integers(1, 9))]
            case _:
                damaged[at:at] = data.draw(
                    st.sampled_from([b"<", b">", b"&", b'"', b"-->", b"]]>", b"</rdf:RDF>", b"<a/>", b"\0"])
                )
        if not damaged:
            break
    try:
        packet = parse(bytes(damaged))
    except BeholderError as error:
        assert str(error).isprintable()
        return
    before = foreign(bytes(damaged))
    apply(packet, Mark("a.jpg", {"Overall": "5"}, 4, "green", "pick"), PUBLIC, (), "now")
    assert foreign(packet.to_bytes()) == before
