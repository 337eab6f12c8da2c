"""One XMP packet: parsed without trust, changed property by property, everything else kept.

A packet may come from anywhere, so it is read without DTD, entities and network, up to a size, and in UTF-8 only.
Properties are attributes of an ``rdf:Description`` or elements in it, and there may be several of these. What is
changed is changed where it stands; what is new goes into a Description of our own. Comments, processing instructions,
order and unknown namespaces stay, and :func:`Packet.foreign` shows it.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from beholder import __version__
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.reading import encoding_of
from beholder.text import one_line
from beholder.xmp.names import META, OWN, PREFIXES, RDF

MAX_BYTES = 16 * 1024**2  # a sidecar has some KB; with the history of an editor some 100 KB
TOOLKIT = "beholder"  # how x:xmptk begins in a packet that we made
STRUCTURE = "\0structure"  # the value of a property that is no simple text, or is there twice; nothing equals it
_DESCRIPTION, _ABOUT = f"{{{RDF}}}Description", f"{{{RDF}}}about"
_TOOLKIT = f"{{{META}}}xmptk"
_OWN = f"{{{OWN}}}"
_BEFORE_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ODD_NAMESPACE = re.compile(rb"""xmlns(?::[^\s=]+)?\s*=\s*(?:"[^"]*[\s{}][^"]*"|'[^']*[\s{}][^']*')""")
_WRITABLE = re.compile(rb"""end=["'][rw]["']""")  # which exiftool sets by the format of the file
_NEW = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="{META}" x:xmptk="{TOOLKIT} {__version__}">\n'
    f' <rdf:RDF xmlns:rdf="{RDF}">\n </rdf:RDF>\n'
    '</x:xmpmeta>\n<?xpacket end="w"?>\n'
)


@dataclass
class Packet:
    """A parsed packet. Names of properties are full ones, ``{namespace}name``.

    Attributes:
        root: its outermost element.
        rdf: the ``rdf:RDF`` element, which holds the properties.
        before: the bytes before the outermost element, kept as they are.
        after: those after it.
        added: the Description that was added for our values; None where none was.
    """

    root: Any
    rdf: Any
    before: bytes
    after: bytes
    added: Any = None

    def get(self, name: str) -> str | None:
        """The text of a property; None where there is none, :data:`STRUCTURE` for what is more than a text."""
        found = [_text(holder, name) for holder in self._holders(name)]
        if not found:
            return None
        return found[0] if len(set(found)) == 1 else STRUCTURE

    def set(self, name: str, text: str) -> None:
        """Give a property a text, where it stands or, if it is new, in the Description with our own values."""
        holder, *others = [*self._holders(name)] or [self._own_description()]
        for other in others:
            _take_out(other, name)
        if holder.tag == name:
            for child in list(holder):
                holder.remove(child)
            holder.attrib.clear()
            holder.text = text
        else:
            holder.set(name, text)

    def remove(self, name: str) -> None:
        """Take a property out; nothing happens where there is none."""
        for holder in list(self._holders(name)):
            _take_out(holder, name)

    def own(self) -> dict[str, str]:
        """Our own properties, name without namespace -> text."""
        names = {name for description in self._descriptions() for name in description.attrib if name.startswith(_OWN)}
        names |= {child.tag for child in self._children() if str(child.tag).startswith(_OWN)}
        return {name.removeprefix(_OWN): self.get(name) or "" for name in sorted(names)}

    def forget_own_namespace(self) -> None:
        """Take out declarations of our namespace that nothing uses."""
        others = {
            prefix for each in self.root.iter("{*}*") for prefix, uri in each.nsmap.items() if prefix and uri != OWN
        }
        _etree().cleanup_namespaces(self.root, keep_ns_prefixes=list(others))

    def remove_empty(self) -> None:
        """Take out Descriptions that hold nothing."""
        for description in list(self._descriptions()):
            if _is_empty(description):
                _drop(description)

    @property
    def is_empty(self) -> bool:
        """Whether it holds no property at all."""
        return all(_is_empty(each) for each in self.rdf.iterchildren("{*}*"))

    @property
    def is_ours(self) -> bool:
        """Whether we made the packet, and no other program has written it since."""
        return str(self.root.get(_TOOLKIT, "")).startswith(TOOLKIT)

    def to_bytes(self) -> bytes:
        """The packet in UTF-8."""
        written: bytes = _etree().tostring(self.root, encoding="UTF-8", xml_declaration=False, with_tail=False)
        return self.before + written + self.after

    def foreign(self, changed: Collection[str]) -> bytes:
        """All that is not ours in a form that two packets can be compared by.

        Args:
            changed: names of properties that are left out beside our own.
        """
        shown = Packet(copy.deepcopy(self.root), None, self.before, self.after)
        shown.rdf = _find_rdf(shown.root)
        for name in (*changed, *(f"{_OWN}{name}" for name in shown.own())):
            shown.remove(name)
        shown.remove_empty()
        for holder in (shown.rdf, *shown._descriptions()):
            for each in (holder, *holder):  # white space between properties says nothing
                where = "text" if each is holder else "tail"
                if not (getattr(each, where) or "").strip():
                    setattr(each, where, None)
        written: bytes = _etree().tostring(shown.root, method="c14n", exclusive=True, with_comments=True)
        return shown.before + written + _WRITABLE.sub(b"", shown.after)

    def _descriptions(self) -> Iterator[Any]:
        yield from self.rdf.iterchildren(_DESCRIPTION)

    def _children(self) -> Iterator[Any]:
        for description in self._descriptions():
            yield from description.iterchildren("{*}*")

    def _holders(self, name: str) -> Iterator[Any]:
        """Descriptions that have the property as an attribute, and elements that are it."""
        for description in self._descriptions():
            if name in description.attrib:
                yield description
            yield from description.iterchildren(name)

    def _own_description(self) -> Any:
        """The Description that has our values; a new one at the end where none has."""
        if self.added is not None:
            return self.added
        first = None
        for description in self._descriptions():
            first = description if first is None else first
            if any(name.startswith(_OWN) for name in description.attrib):
                return description
        made = _etree().SubElement(self.rdf, _DESCRIPTION, nsmap={"beholder": OWN})
        self.added = made
        made.set(_ABOUT, "" if first is None else first.get(_ABOUT, ""))
        before = made.getprevious()
        if before is None:
            made.tail, self.rdf.text = self.rdf.text, f"{self.rdf.text or ''} "
        else:
            made.tail, before.tail = before.tail, f"{(before.tail or '').rstrip(' ')}  "
        return made


def check_installed() -> None:
    """Raise BeholderError, which says what to install, where XMP cannot be read."""
    _etree()


def parse(data: bytes) -> Packet:
    """Parse a packet, with or without what XMP has around it.

    Raises:
        BeholderError: it is no packet that is read, with the reason as the end of a sentence that begins with the name
            of the file.

    >>> packet = parse(empty_packet())
    >>> packet.set("{http://ns.adobe.com/xap/1.0/}Rating", "4")
    >>> parse(packet.to_bytes()).get("{http://ns.adobe.com/xap/1.0/}Rating")
    '4'
    """
    etree = _etree()
    _check(data)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BeholderError(f"is not XML that can be read ({one_line(getattr(error, 'msg', error))})") from None
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() not in ("UTF-8", "ASCII", "US-ASCII"):
        raise BeholderError("says that it is in another encoding than UTF-8; save it as UTF-8")
    rdf = _find_rdf(root)
    if rdf is None:
        raise BeholderError("is XML, but not XMP: there is no rdf:RDF in it, or more than one")
    match = _BEFORE_ROOT.match(data)
    start, end = match.end() if match else 0, _end_of_root(data, root)
    return Packet(root, rdf, data[:start], data[end:])


def empty_packet() -> bytes:
    """A packet without properties."""
    return _NEW.encode()


def _check(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise BeholderError(f"has {len(data):,} bytes, more than the {MAX_BYTES:,} that are read of a packet of XMP")
    if not data.strip():
        raise BeholderError("is empty")
    encoding = encoding_of(data)
    if not encoding.startswith("utf-8") or b"\0" in data:
        wide = "UTF-16" if encoding == "utf-8" else encoding.upper()
        raise BeholderError(f"is in {wide}, not in UTF-8; save it as UTF-8")
    try:
        data.decode()
    except UnicodeDecodeError:
        raise BeholderError("is not in UTF-8; save it as UTF-8") from None
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise BeholderError("has a document type or entities (DTD), which are not read")
    if _ODD_NAMESPACE.search(data):
        raise BeholderError("has a namespace with a space or a brace in its name, which is not read")


def _find_rdf(root: Any) -> Any:
    """The one ``rdf:RDF``, which is the root or inside it; None where there is none, or more than one."""
    found = [root] if root.tag == f"{{{RDF}}}RDF" else list(root.iterchildren(f"{{{RDF}}}RDF"))
    return found[0] if len(found) == 1 else None


def _end_of_root(data: bytes, root: Any) -> int:
    """Where the outermost element ends."""
    tag = f"{root.prefix}:{root.tag.rpartition('}')[2]}" if root.prefix else str(root.tag).rpartition("}")[2]
    at = data.rfind(f"</{tag}".encode())
    if at >= 0:
        return data.index(b">", at) + 1
    return data.rindex(b"/>", 0, data.find(b"<?xpacket end") if b"<?xpacket end" in data else len(data)) + 2


def _text(holder: Any, name: str) -> str:
    """The text of a property that is this element, or an attribute of it."""
    if holder.tag != name:
        return str(holder.get(name))
    if len(holder):
        container = holder[0]  # of a list, which may be empty
        is_list = len(holder) == 1 and str(container.tag).startswith(f"{{{RDF}}}")
        return "" if is_list and not len(container) and not (container.text or "").strip() else STRUCTURE
    return STRUCTURE if holder.attrib else holder.text or ""


def _is_empty(description: Any) -> bool:
    if description.tag != _DESCRIPTION:
        return False
    return not len(description) and not (description.text or "").strip() and set(description.attrib) <= {_ABOUT}


def _take_out(holder: Any, name: str) -> None:
    if holder.tag == name:
        _drop(holder)
    else:
        del holder.attrib[name]


def _drop(element: Any) -> None:
    """Remove an element; the white space before the next one, or before the end, stays as it was."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if tail.strip() or element.getnext() is None:
        if before is not None:
            before.tail = (before.tail or "") + tail if tail.strip() else tail
        else:
            parent.text = (parent.text or "") + tail if tail.strip() else tail
    parent.remove(element)


@functools.cache
def _etree() -> Any:
    etree = require("lxml.etree", "xmp", "XMP")
    for prefix, uri in PREFIXES.items():
        etree.register_namespace(prefix, uri)
    return etree
