"""Names of properties in XMP, as ``{namespace}name``, and the prefixes that they are written with."""

OWN = "http://beholder.photos/ns/1.0/"  # what beholder says; nothing else writes there
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
PREFIXES = {
    "beholder": OWN,
    "rdf": RDF,
    "x": META,
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpDM": "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "darktable": "http://darktable.sf.net/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
}
_PREFIX_OF = {uri: prefix for prefix, uri in PREFIXES.items()}


def full(short: str) -> str:
    """The full name of a property.

    >>> full("xmp:Rating")
    '{http://ns.adobe.com/xap/1.0/}Rating'
    """
    prefix, _, name = short.partition(":")
    return f"{{{PREFIXES[prefix]}}}{name}"


def short(name: str) -> str:
    """A full name as it is read aloud: the opposite of :func:`full`.

    >>> short("{http://ns.adobe.com/xap/1.0/}Rating")
    'xmp:Rating'
    """
    uri, _, local = name.removeprefix("{").rpartition("}")
    return f"{_PREFIX_OF.get(uri, uri)}:{local}"


RATING, LABEL = full("xmp:Rating"), full("xmp:Label")
LABEL_COLOUR, DIGIKAM_COLOUR = full("photoshop:LabelColor"), full("digiKam:ColorLabel")
DARKTABLE_COLOURS = full("darktable:colorlabels")
PICK, GOOD, PICK_LABEL = full("xmpDM:pick"), full("xmpDM:good"), full("digiKam:PickLabel")
EXTENSION = full("photoshop:SidecarForExtension")
EXTENDED = full("xmpNote:HasExtendedXMP")
WROTE_RATING, WROTE_LABEL, WROTE_FLAG = (full(f"beholder:Wrote{what}") for what in ("Rating", "Label", "Flag"))
SCORED = full("beholder:Scored")
