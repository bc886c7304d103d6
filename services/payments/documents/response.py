"""Answering with a printed document."""

from datetime import datetime
from typing import Any

from fastapi.responses import Response

from services.payments.caller import Caller
from services.payments.documents.pdf import Printer, etag_of

UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The caller has these very bytes, as `If-None-Match` says"}
}


async def pdf_response(
    caller: Caller, document: dict[str, Any], issued_at: datetime, name: str, if_none_match: str | None
) -> Response:
    """The document as `application/pdf`, or 304 where the caller has these very bytes."""
    etag = etag_of(document)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if if_none_match and etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    printer = Printer.of(caller.context)
    return Response(await printer.print(document, issued_at), media_type="application/pdf", headers=headers)
