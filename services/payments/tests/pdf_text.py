"""Reads the text back out of a PDF that typst made, so that tests see what a reader would."""

import re
import zlib

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_CHARACTERS = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
_SHOWN = re.compile(rb"\[((?:\((?:\\.|[^\\)])*\)|[^\]])*)\]\s*TJ", re.DOTALL)
_STRING = re.compile(rb"\(((?:\\.|[^\\)])*)\)", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def texts(pdf: bytes) -> str:
    """Every run of text on the pages, read with each font's character map, one reading a line."""
    contents, maps = [], []
    for match in _STREAM.finditer(pdf):
        try:
            stream = zlib.decompress(match.group(1))
        except zlib.error:
            continue
        if b"begincmap" in stream:
            maps.append(_character_map(stream))
        elif b"TJ" in stream:
            contents.append(stream)
    runs = [_glyphs(run.group(1)) for stream in contents for run in _SHOWN.finditer(stream)]
    return "\n".join("".join(known.get(g, "\ufffd") for g in run) for known in maps for run in runs)


def _character_map(stream: bytes) -> dict[int, str]:
    pairs = [pair for block in _CHARACTERS.findall(stream) for pair in _PAIR.findall(block)]
    return {int(glyph, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for glyph, text in pairs}


def _glyphs(run: bytes) -> list[int]:
    raw = b"".join(_ESCAPE.sub(_unescape, text) for text in _STRING.findall(run))
    return [int.from_bytes(raw[n : n + 2]) for n in range(0, len(raw), 2)]


def _unescape(match: re.Match[bytes]) -> bytes:
    found = match.group(1)
    return bytes([int(found, 8)]) if found[:1].isdigit() else _NAMED.get(found, found)
