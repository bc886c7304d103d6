"""Answering with a printed document."""

from datetime import datetime
from typing import Any

from fastapi.responses import Response

from services.payments.documents.pdf import etag_of, render_pdf


async def pdf_response(
    document: dict[str, Any], issued_at: datetime, name: str, if_none_match: str | None
) -> Response:
    """The document as `application/pdf`, or 304 where the caller has these very bytes."""
    etag = etag_of(document)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if if_none_match and etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return Response(await render_pdf(document, issued_at), media_type="application/pdf", headers=headers)
