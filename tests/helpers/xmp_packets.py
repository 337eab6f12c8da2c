"""Packets of XMP as other programs write them, and what is in them by another reader of XML than ours."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from beholder.xmp import names
from beholder.xmp.names import OWN, RDF

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs the program exiftool")
needs_exiv2 = pytest.mark.skipif(shutil.which("exiv2") is None, reason="needs the program exiv2")
PUBLIC = {
    names.RATING,
    names.LABEL,
    names.LABEL_COLOUR,
    names.DIGIKAM_COLOUR,
    names.DARKTABLE_COLOURS,
    names.PICK,
    names.GOOD,
    names.PICK_LABEL,
}

# As Lightroom writes it: attributes, a history, a crop; and a namespace that nobody knows.
LIGHTROOM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000">
 <!-- kept -->
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:my="http://example.com/mine#"
   xmp:CreatorTool="Lightroom &amp; &quot;friends&quot;"
   {attributes}
   crs:Exposure2012="+0.35">
   <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>München</rdf:li></rdf:Bag></dc:subject>
   <my:thing rdf:parseType="Resource"><xmp:Rating>5</xmp:Rating><my:note xml:lang="fr">à &lt; é</my:note></my:thing>
   <?odd instruction?>
   <!-- also kept -->
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
{padding}
<?xpacket end="w"?>
"""
# As Exiv2 and older programs write it: elements, in several Descriptions.
ELEMENTS = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreateDate>2026-01-02</xmp:CreateDate>
{elements}</rdf:Description>
<rdf:Description rdf:about="uuid:1" xmlns:digiKam="http://www.digikam.org/ns/1.0/"><digiKam:ImageHistory><![CDATA[<a&b>]]>
</digiKam:ImageHistory></rdf:Description>
</rdf:RDF></x:xmpmeta>"""


def lightroom(**properties: str) -> bytes:
    """A packet of Lightroom with these properties: ``xmp_Rating="3"``."""
    prefixes = {name.partition("_")[0] for name in properties} - {"xmp"}
    declared = [f'xmlns:{prefix}="{names.PREFIXES[prefix]}"' for prefix in sorted(prefixes)]
    texts = [f'{name.replace("_", ":")}="{text}"' for name, text in properties.items()]
    return LIGHTROOM.format(attributes="\n   ".join([*declared, *texts]), padding=" " * 200).encode()


def elements(**properties: str) -> bytes:
    """A packet of elements with these properties."""
    texts = []
    for name, text in properties.items():
        prefix, _, local = name.partition("_")
        uri = names.PREFIXES[prefix]
        texts.append(f'<{prefix}:{local} xmlns:{prefix}="{uri}">{text}</{prefix}:{local}>\n')
    return ELEMENTS.format(elements="".join(texts)).encode()


STYLES = {"attributes": lightroom, "elements": elements}


def properties(packet: bytes) -> list[tuple[str, str]]:
    """Name and content of each property, by the standard library."""
    found = []
    for description in _root(packet).iter(f"{{{RDF}}}Description"):
        found += list(description.attrib.items())
        for child in description:
            if isinstance(child.tag, str):
                child.tail = None
                found.append((child.tag, ElementTree.canonicalize(ElementTree.tostring(child, "unicode"))))
    return found


def foreign(packet: bytes) -> Counter[tuple[str, str]]:
    """The properties that are neither ours nor ones that we set."""
    about = f"{{{RDF}}}about"
    return Counter(
        (name, text)
        for name, text in properties(packet)
        if not name.startswith(f"{{{OWN}}}") and name not in PUBLIC and name != about
    )


def comments(packet: bytes) -> list[str]:
    """Comments and processing instructions, in order."""
    return [str(each.text) for each in _root(packet).iter() if not isinstance(each.tag, str)]


def texts(packet: bytes) -> dict[str, str]:
    """Simple properties, by their short names: ``xmp:Rating``."""
    found = {}
    for description in _root(packet).iter(f"{{{RDF}}}Description"):
        found |= {names.short(name): text for name, text in description.attrib.items()}
        found |= {names.short(str(child.tag)): child.text or "" for child in description if isinstance(child.tag, str)}
    return found


def _root(packet: bytes) -> ElementTree.Element:
    builder = ElementTree.TreeBuilder(insert_comments=True, insert_pis=True)
    return ElementTree.fromstring(packet, ElementTree.XMLParser(target=builder))


def exiftool(path: Path, *options: str) -> dict[str, str]:
    """What exiftool finds in a file: ``XMP-xmp:Rating`` -> text."""
    said = _run("exiftool", "-s", "-G1", "-a", "-n", *options, str(path))
    found = {}
    for line in said.splitlines():
        group, _, rest = line.removeprefix("[").partition("]")
        name, _, text = rest.partition(":")
        found[f"{group.strip()}:{name.strip()}"] = text.strip()
    return found


def exiv2(path: Path) -> dict[str, str]:
    """What exiv2 finds of XMP in a file: ``Xmp.xmp.Rating`` -> text."""
    lines = (line.split(None, 3) for line in _run("exiv2", "-PXkycv", str(path)).splitlines())
    return {parts[0]: parts[3] if len(parts) > 3 else "" for parts in lines if parts}


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode(errors="replace")
