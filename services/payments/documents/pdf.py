"""The printed form of documents, typeset by typst from one template.

The data goes in as JSON and is only ever text to the template, so nothing a customer typed is read as markup.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from libs.common.apart import Apart
from libs.common.runtime.context import ServiceContext

PRINTER = "printer"


@lru_cache
def _template() -> bytes:
    return (Path(__file__).parent / "document.typ").read_bytes()


def render(document: dict[str, Any], issued_at: datetime) -> bytes:
    """The document as a PDF; the same data gives the same bytes."""
    # Here: it and its fonts take 30 MB, which only the copy of this process that prints is to hold.
    import typst

    pdf: bytes = typst.compile(
        _template(),
        format="pdf",
        sys_inputs={"document": orjson.dumps(document).decode()},
        timestamp=int(issued_at.timestamp()),
    )
    return pdf


class Printer:
    """Renders in another process, so that this one goes on serving and holds nothing of it."""

    def __init__(self) -> None:
        # Who prints one document often prints the next.
        self._apart = Apart(_render, keep_seconds=20)

    @classmethod
    def of(cls, context: ServiceContext) -> "Printer":
        """That of the process; where nobody opened one, as in some tests, one for this context."""
        if PRINTER not in context.resources:
            context.resources[PRINTER] = cls()
        found: Printer = context.resources[PRINTER]
        return found

    async def print(self, document: dict[str, Any], issued_at: datetime) -> bytes:
        """The document as a PDF, as `render` makes it."""
        return await self._apart.do(orjson.dumps([document, int(issued_at.timestamp())]))

    def close(self) -> None:
        """End the other process."""
        self._apart.close()


def _render(question: bytes) -> bytes:
    document, issued_at = orjson.loads(question)
    return render(document, datetime.fromtimestamp(issued_at, UTC))


@asynccontextmanager
async def open_printer(_: ServiceContext) -> AsyncIterator[Printer]:
    """The printer for the life of the process."""
    printer = Printer()
    try:
        yield printer
    finally:
        printer.close()


def etag_of(document: dict[str, Any]) -> str:
    """The ETag of the printed form: a hash of the template and of all that is printed."""
    digest = hashlib.sha256(_template() + orjson.dumps(document, option=orjson.OPT_SORT_KEYS))
    return f'"{digest.hexdigest()[:32]}"'
