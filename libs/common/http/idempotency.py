"""Idempotency keys: the answer is stored in the transaction of the effect, and replayed to a repeat."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.errors import IdempotencyInProgress, IdempotencyKeyRequired, IdempotencyKeyReused
from libs.common.http.deps import Uow
from libs.common.schema import OutSchema


class Idempotency:
    """The idempotency key of one request.

    Two requests with one key at the same time run one after the other: the second waits for the first one's
    commit and gets its answer. A failed request stores nothing, so it may be repeated with the same key. Where a key
    may be left out and was, nothing is stored either.
    """

    def __init__(self, uow: Uow, request: Request, key: str | None, body: bytes) -> None:
        self.key = key
        self._uow = uow
        self._scope = f"{request.method} {request.url.path} {self._caller(request)}"
        self._hash = hashlib.sha256(body).digest()

    def _caller(self, request: Request) -> str:
        actor = self._uow.actor
        token = request.headers.get("x-cart-token")
        # A cart token is a secret, so only its hash is stored.
        return str(actor.user_id or (token and hashlib.sha256(token.encode()).hexdigest()) or actor.kind)

    async def run(
        self, action: Callable[[], Awaitable[Any]], model: type[OutSchema], *, status: int = 201
    ) -> Response:
        """Run the action once for this key and answer with its result as `model`, or replay the stored answer.

        Raises:
            IdempotencyKeyReused: the key came before with another body.
        """
        if self.key is None:
            return Response(
                model.model_validate(await action()).model_dump_json(),
                status_code=status,
                media_type="application/json",
            )
        table = self._uow.context.models.idempotency_key
        session = self._uow.session
        claim = (
            insert(table)
            .values(tenant_id=self._uow.tenant_id, scope=self._scope, key=self.key, request_hash=self._hash)
            .on_conflict_do_nothing()
        )
        mine = (table.tenant_id == self._uow.tenant_id, table.scope == self._scope, table.key == self.key)
        if (await session.execute(claim.returning(table.key))).first() is None:
            stored = (await session.execute(select(table).where(*mine))).scalar_one_or_none()
            if stored is None or stored.status is None:
                raise IdempotencyInProgress("The first request with this key has not finished.")
            if stored.request_hash != self._hash:
                raise IdempotencyKeyReused("Use a new key for a new request.")
            return Response(
                stored.body,
                status_code=stored.status,
                media_type="application/json",
                headers={"Idempotency-Replayed": "true"},
            )
        result = await action()
        body = model.model_validate(result).model_dump_json().encode()
        await session.execute(update(table).where(*mine).values(status=status, body=body))
        return Response(body, status_code=status, media_type="application/json")


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any unique string; a repeat with the same key and body gets the first answer again",
    ),
]


async def get_optional_idempotency(
    uow: Uow, request: Request, idempotency_key: IdempotencyKey = None
) -> Idempotency:
    """The idempotency key of a request that may come without one."""
    return Idempotency(uow, request, idempotency_key, await request.body())


async def get_idempotency(uow: Uow, request: Request, idempotency_key: IdempotencyKey = None) -> Idempotency:
    """The idempotency key of the request.

    Raises:
        IdempotencyKeyRequired: none came.
    """
    if idempotency_key is None:
        raise IdempotencyKeyRequired("Send an Idempotency-Key header, for instance a UUID.")
    return Idempotency(uow, request, idempotency_key, await request.body())


# For calls that create neither money nor orders.
OptionallyIdempotent = Annotated[Idempotency, Depends(get_optional_idempotency, scope="function")]
Idempotent = Annotated[Idempotency, Depends(get_idempotency, scope="function")]
