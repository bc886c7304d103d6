"""Idempotency keys: the answer is stored in the transaction of the effect, and replayed to a repeat."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BeforeValidator, Field
from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.actor import Actor
from libs.common.db.direct import Direct, Run, all_of, heard
from libs.common.errors import IdempotencyInProgress, IdempotencyKeyRequired, IdempotencyKeyReused
from libs.common.http.deps import Uow
from libs.common.http.fingerprint import Fingerprint
from libs.common.schema import OutSchema


def scope_of(request: Request, actor: Actor) -> str:
    """Within what a key names one request: the same key of somebody else, or for something else, is another."""
    token = request.headers.get("x-cart-token")
    # A cart token is a secret, so only its hash is stored.
    guest = token and hashlib.sha256(token.encode()).hexdigest()
    return f"{request.method} {request.scope['path']} {actor.user_id or actor.key_id or guest or actor.kind}"


class Idempotency:
    """The idempotency key of one request.

    Two requests with one key at the same time run one after the other: the second waits for the first one's
    commit and gets its answer. A failed request stores nothing, so it may be repeated with the same key. Where a key
    may be left out and was, nothing is stored either.
    """

    def __init__(self, uow: Uow, request: Request, key: str | None, body: bytes) -> None:
        self.key = key
        self._uow = uow
        self._scope = scope_of(request, uow.actor)
        self._fingerprint = Fingerprint.of(body)

    async def run(
        self,
        action: Callable[..., Awaitable[Any]],
        model: type[OutSchema],
        *,
        status: int = 201,
        along: Sequence[Run] = (),
    ) -> Response:
        """Run the action once for this key and answer with its result as `model`, or replay the stored answer.

        It is given the rows of the statements that go `along` with the claim of the key, and run once that is claimed.
        They may lock and read; a replay has no use for them.

        Raises:
            IdempotencyKeyReused: the key came before with another body.
        """
        if self.key is None:
            found = await all_of(self._uow, *along) if along else []
            return Response(
                model.model_validate(await action(*found)).model_dump_json(),
                status_code=status,
                media_type="application/json",
                headers=self._uow.response_headers,
            )
        statements = statements_of(self._uow.context.models.idempotency_key.__table__)
        mine = {"tenant_id": self._uow.tenant_id, "scope": self._scope, "key": self.key}
        claim = (statements.claim, {**mine, **self._fingerprint._asdict()})
        claimed, *others = await heard(self._uow, [claim, *along], self._uow.transaction.exchange)
        if not claimed.number:
            stored = await statements.find.first(self._uow, **mine)
            if stored is None or stored[2] is None:
                raise IdempotencyInProgress("The first request with this key has not finished.")
            request_hash, content_hash, stored_status, body = stored
            if not self._fingerprint.fits(Fingerprint(request_hash, content_hash)):
                raise IdempotencyKeyReused("Use a new key for a new request.")
            return Response(
                body,
                status_code=stored_status,
                media_type="application/json",
                headers={"Idempotency-Replayed": "true"},
            )
        result = await action(*(other.rows for other in others))
        body = model.model_validate(result).model_dump_json().encode()
        self._uow.write(statements.store, {**mine, "status": status, "body": body})
        return Response(
            body,
            status_code=status,
            media_type="application/json",
            headers=self._uow.response_headers,
        )


class Statements(NamedTuple):
    """What claims a key, reads what is known of it, and keeps the first answer to it."""

    claim: Direct
    find: Direct
    store: Direct


@cache
def statements_of(table: Any) -> Statements:
    """The statements of a service's table of keys; each names a key by `tenant_id`, `scope` and `key`."""
    columns = table.c

    def value(name: str) -> Any:
        return bindparam(name, type_=columns[name].type)

    mine = and_(*(columns[name] == value(name) for name in ("tenant_id", "scope", "key")))
    claimed = {name: value(name) for name in ("tenant_id", "scope", "key", *Fingerprint._fields)}
    return Statements(
        claim=Direct(insert(table).values(claimed).on_conflict_do_nothing()),
        find=Direct(
            select(columns.request_hash, columns.content_hash, columns.status, columns.body).where(mine)
        ),
        store=Direct(
            update(table)
            .where(mine, columns.status.is_(None))
            .values(status=value("status"), body=value("body"))
        ),
    )


IdempotencyKey = Annotated[
    Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")] | None,
    # Clients that fill headers in from variables send it empty where there is none.
    BeforeValidator(lambda value: value or None),
    Header(
        alias="Idempotency-Key",
        description="Any unique string; a repeat with the same key and body gets the first answer again, in whatever"
        " order its fields come. An empty one counts as none",
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


# For calls that move no money and place no order.
OptionallyIdempotent = Annotated[Idempotency, Depends(get_optional_idempotency, scope="function")]
Idempotent = Annotated[Idempotency, Depends(get_idempotency, scope="function")]
