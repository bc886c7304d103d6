"""An export as a file: part after part, so that its length takes no memory."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from libs.common.actor import Actor
from libs.common.runtime.context import ServiceContext
from services.identity.privacy_requests.models import PrivacyReceipt, PrivacyRequest
from services.identity.privacy_requests.repository import PrivacyReceiptRepository
from services.identity.privacy_requests.service import part_of, whole_of


async def lines(
    context: ServiceContext, actor: Actor, request: PrivacyRequest, receipts: Sequence[PrivacyReceipt]
) -> AsyncIterator[bytes]:
    """One JSON object: `services` has, by service and table, the rows that are about the person.

    Each part is read in a transaction of its own. What expires meanwhile ends the file before its end.
    """
    about = {"request_id": request.id, "email": request.email, "user_id": request.user_id}
    yield orjson.dumps(about)[:-1] + b', "services": {'
    for number, receipt in enumerate(receipts):
        yield (b",\n" if number else b"\n") + orjson.dumps(receipt.service) + b": {"
        table, rows = "", 0
        async for found, more in _pieces(context, actor, receipt):
            if found != table:
                yield (b"]," if table else b"") + b"\n" + orjson.dumps(found) + b": ["
            for at, row in enumerate(more):
                yield (b",\n" if at or found == table else b"\n") + orjson.dumps(row)
            table, rows = found, rows + len(more)
        if not receipt.sealed_part and rows != receipt.rows:
            raise RuntimeError("the export was taken away while it was fetched")
        yield b"]}" if table else b"}"
    yield b"\n}}\n"


async def _pieces(
    context: ServiceContext, actor: Actor, receipt: PrivacyReceipt
) -> AsyncIterator[tuple[str, list[Any]]]:
    """Rows of one table after another, those of a table in as many pieces as there are parts."""
    if receipt.sealed_part is not None:
        whole = context.keyring.decrypt(receipt.sealed_part, purpose=whole_of(receipt.id))
        for piece in orjson.loads(whole).items():
            yield piece
        return
    step = -1
    while True:
        async with context.unit_of_work(actor) as uow:
            part = await PrivacyReceiptRepository(uow).part_after(receipt.id, step)
            if part is None:
                return
            tables = orjson.loads(context.keyring.decrypt(part.sealed, purpose=part_of(part.id)))
            step = part.step
        for piece in tables.items():
            yield piece
