"""The printed form of documents, typeset by typst from one template.

The data goes in as JSON and is only ever text to the template, so nothing a customer typed is read as markup.
"""

import asyncio
import hashlib
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson


@lru_cache
def _template() -> bytes:
    return (Path(__file__).parent / "document.typ").read_bytes()


def render(document: dict[str, Any], issued_at: datetime) -> bytes:
    """The document as a PDF; the same data gives the same bytes."""
    # Here: it holds 7 MB, and a process that prints nothing does without.
    import typst

    pdf: bytes = typst.compile(
        _template(),
        format="pdf",
        sys_inputs={"document": orjson.dumps(document).decode()},
        timestamp=int(issued_at.timestamp()),
    )
    return pdf


async def render_pdf(document: dict[str, Any], issued_at: datetime) -> bytes:
    """`render` in a thread, so that the process goes on serving."""
    return await asyncio.to_thread(render, document, issued_at)


def etag_of(document: dict[str, Any]) -> str:
    """The ETag of the printed form: a hash of the template and of all that is printed."""
    digest = hashlib.sha256(_template() + orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    return f'"{digest.hexdigest()[:32]}"'
