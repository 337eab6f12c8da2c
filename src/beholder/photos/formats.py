"""File formats, detected by their first bytes, and the suffixes of photographs."""

from __future__ import annotations

import re

_COMMON = ".avif .bmp .gif .heic .heif .hif .jfif .jpe .jpeg .jpg .mpo .png .tif .tiff .webp"
_RAW = (
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl .sr2"
    " .srf .srw .x3f"
)
RAW_SUFFIXES = frozenset(_RAW.split())
# Suffixes by which a folder is searched for photographs: lower case, with the dot.
PHOTO_SUFFIXES: frozenset[str] = RAW_SUFFIXES.union(_COMMON.split())
_UNREAD = {
    "JPEG XL": ".jxl",
    "JPEG 2000": ".jp2 .j2k .j2c .jpc .jpf .jpx .jpm",
    "JPEG XR": ".jxr .wdp .hdp",
    "Photoshop": ".psd .psb",
    "an editor's own format": ".xcf .kra .afphoto .pxd",
    "a sequence of pictures": ".heics .heifs .avifs",
    "a format of light values": ".exr .hdr",
    "this format": ".pbm .pgm .ppm .pnm .pam .pfm .tga .pcx .dpx .bpg .flif",
    "this kind of RAW": ".bay .eip .gpr .k25 .lri .rwz",
}
# Pictures that are not read, suffix -> what it is: a search of a folder says that it passed over them.
UNREAD_SUFFIXES = {suffix: kind for kind, suffixes in _UNREAD.items() for suffix in suffixes.split()}

PILLOW_PLUGINS = {
    "JPEG": "Jpeg",
    "PNG": "Png",
    "WebP": "WebP",
    "TIFF": "Tiff",
    "GIF": "Gif",
    "BMP": "Bmp",
    "AVIF": "Avif",
}
BROWSER_FORMATS = frozenset(PILLOW_PLUGINS) - {"TIFF"}  # that any browser of today shows
OTHER_PICTURES = {"JPEG XL", "JPEG 2000", "a Photoshop document"}  # that other programs can save anew
_SIGNATURES = (  # patterns for the first 256 bytes; the first match decides
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("WebP", rb"RIFF....WEBP"),
    ("RAW", rb"II\*\0....CR\x02\0|FUJIFILMCCD-RAW|IIR[OS]|MMOR|IIU\0|FOVb"),
    ("TIFF", rb"II[*+]\0|MM\0[*+]"),
    ("GIF", rb"GIF8[79]a"),
    ("BMP", rb"BM"),
    ("a video", rb"....ftyp|RIFF....AVI |\x1aE\xdf\xa3"),
    ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL "),
    ("JPEG 2000", rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  "),
    ("a Photoshop document", rb"8BPS"),
    ("PostScript", rb"%!PS|\xc5\xd0\xd3\xc6"),
    ("a PDF document", rb"%PDF"),
    ("an archive", rb"PK\x03\x04|\x1f\x8b"),
    ("a web page", rb"(?i)\s*<(!doctype )?html"),
    ("what macOS keeps beside a file (AppleDouble); the photograph has the name without ._", rb"\0\x05\x16[\0\x07]"),
    ("an empty file", rb"\Z"),
    ("a file that was never filled, as it begins with zeros", rb"\0{16}"),
    ("text", rb"[^\0-\x08\x0e-\x1f]+\Z"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"}


def detect_format(data: bytes, suffix: str) -> str:
    """The format of a file's content.

    Args:
        data: the content.
        suffix: of the file name, lower case with the dot; it tells camera RAW from TIFF.

    Returns:
        A key of `PILLOW_PLUGINS`, ``HEIC`` or ``RAW``; for anything else a description for an error message.

    >>> detect_format(b"GIF89a...", ".jpg"), detect_format(b"%PDF-1.7", ".jpg")
    ('GIF', 'a PDF document')
    """
    if data[4:8] == b"ftyp":
        length = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[8:12]} | {data[i : i + 4] for i in range(16, length, 4)}
        for kind, known in (("RAW", {b"crx "}), ("AVIF", {b"avif", b"avis"}), ("HEIC", _HEIF_BRANDS)):
            if brands & known:
                return kind
    kind = next((kind for kind, signature in _SIGNATURES if re.match(signature, data[:256], re.DOTALL)), "")
    if suffix in RAW_SUFFIXES and kind in (
        "",
        "TIFF",
    ):  # most RAW files begin as TIFF does; a JPEG named .dng is a JPEG
        return "RAW"
    return kind or f"nothing known, as it begins with {data[:8].hex(' ')}"
