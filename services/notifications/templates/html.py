"""HTML from plain text, for mails whose template has no HTML part of its own."""

import re
from html import escape

_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


def html_of(text: str) -> str:
    """The text as HTML: escaped, blank lines between paragraphs, addresses as links."""
    paragraphs = [p for p in re.split(r"\n\s*\n", text.strip()) if p]
    return "\n".join(f"<p>{_linked(paragraph)}</p>" for paragraph in paragraphs)


def page_of(body: str, *, language: str, title: str) -> str:
    """A whole HTML document around a body."""
    return (
        f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>\n"
        '<body style="font-family:sans-serif;line-height:1.5;max-width:40em;margin:2em auto;padding:0 1em">\n'
        f"{body}\n</body></html>\n"
    )


def _linked(paragraph: str) -> str:
    parts, end = [], 0
    for found in _URL.finditer(paragraph):
        address = escape(found.group())
        parts += [escape(paragraph[end : found.start()]), f'<a href="{address}">{address}</a>']
        end = found.end()
    parts.append(escape(paragraph[end:]))
    return "".join(parts).replace("\n", "<br>\n")
